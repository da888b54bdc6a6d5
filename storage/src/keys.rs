//! Where do the keys of an encrypted store come from, and how are they changed without losing anything?
//!
//! The installation has a key file; the bucket has the objects `keys/<number>`. Each holds the id key and one data key, encrypted
//! by the key file's key, once for each key file that opens it (its slots). Bucket and key file together are enough to read
//! everything. The newest data key seals what is written from now on; the others stay for what is there.
//!
//! A rotation is a list of writes ([`rotation`]). Until the last object has a slot for the new key file, the old one opens all of
//! them; only then slots of the old one are taken away. So whenever it is killed, one of the two files opens everything, and
//! the same command goes on with both.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, is_unreadable};
use crate::seal::{DataKey, Keys, Secret, unwrap, wrap};

const PREFIX: &str = "keys";

/// What a key file begins with.
const FILE_MARK: &str = "wenshu-key-1";

const VERSION: u32 = 1;

/// How long a new key object may be replaced by another node's, on servers that ignore conditional puts.
const SETTLING: Duration = Duration::from_secs(1);

/// The secret of an installation, kept in a file outside the storage.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile(Secret);

/// What the object `keys/<number>` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyObject {
    version: u32,
    number: u32,
    slots: Vec<Slot>,
}

/// The id key and the data key, for one key file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    /// Tells key files apart; tells nothing about their secrets.
    key_file: String,
    salt: String,
    keys: String,
}

/// The secrets of a key object.
#[derive(Clone, PartialEq, Eq)]
struct Opened {
    id: Secret,
    data: Secret,
}

impl KeyFile {
    /// Makes a new secret.
    pub fn generate() -> Result<Self> {
        Ok(Self(random()?))
    }

    /// Makes a new secret and writes it into a new file that only its owner may read, durably.
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let key = Self::generate()?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        writeln!(file, "{FILE_MARK} {}", hex::encode(key.0.0)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(key)
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let mut secret = [0; 32];
        let digits = text.trim().strip_prefix(FILE_MARK).unwrap_or_default().trim();
        match hex::decode_to_slice(digits, &mut secret) {
            Ok(()) => Ok(Self(Secret(secret))),
            Err(_) => Err(Error::KeyFileInvalid { path: path.to_owned() }),
        }
    }

    fn name(&self) -> String {
        hex::encode(&blake3::derive_key("wenshu key file name v1", &self.0.0)[..8])
    }

    fn wrapping_key(&self, salt: &[u8; 32]) -> [u8; 32] {
        let key = blake3::derive_key("wenshu key file wrap v1", &self.0.0);
        *blake3::keyed_hash(&key, salt).as_bytes()
    }
}

/// Shows which file it is, and never the secret.
impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFile({})", self.name())
    }
}

fn random() -> Result<Secret> {
    let mut secret = [0; 32];
    match aws_lc_rs::rand::fill(&mut secret) {
        Ok(()) => Ok(Secret(secret)),
        Err(_) => Err(Error::object(PREFIX, "the system gives no random bytes")),
    }
}

fn context(number: u32) -> Vec<u8> {
    format!("wenshu storage key {number}").into_bytes()
}

fn object_key(number: u32) -> Key {
    Key::from_iter([PREFIX, &number.to_string()])
}

impl Opened {
    /// Encrypts the secrets for a key file. The salt makes each wrapping key new, so that the fixed nonce is used once.
    fn slot(&self, number: u32, file: &KeyFile) -> Result<Slot> {
        let salt = random()?.0;
        let keys = wrap(&file.wrapping_key(&salt), &context(number), &[self.id.0, self.data.0].concat());
        Ok(Slot { key_file: file.name(), salt: hex::encode(salt), keys: hex::encode(keys) })
    }

    fn object(&self, number: u32, files: &[&KeyFile]) -> Result<KeyObject> {
        let slots = files.iter().map(|file| self.slot(number, file)).collect::<Result<_>>()?;
        Ok(KeyObject { version: VERSION, number, slots })
    }
}

impl KeyObject {
    fn key(&self) -> Key {
        object_key(self.number)
    }

    fn to_bytes(&self) -> Bytes {
        serde_json::to_vec_pretty(self).expect("a key object is plain data").into()
    }

    fn parse(key: &Key, bytes: &[u8]) -> Result<Self> {
        let object: Option<Self> = serde_json::from_slice(bytes).ok();
        let object = object.filter(|object| object.version == VERSION && object.key() == *key);
        object.ok_or_else(|| Error::ObjectDamaged { key: key.to_string() })
    }

    /// Tells whether these bytes are exactly what was written; reading is more tolerant, where nothing depends on it.
    fn is_exact(key: &Key, bytes: &[u8]) -> bool {
        let lower = |text: &str| !text.bytes().any(|byte| byte.is_ascii_uppercase());
        Self::parse(key, bytes).is_ok_and(|object| {
            object.to_bytes() == bytes && object.slots.iter().all(|slot| lower(&slot.salt) && lower(&slot.keys))
        })
    }

    fn has_slot(&self, file: &KeyFile) -> bool {
        self.slots.iter().any(|slot| slot.key_file == file.name())
    }

    /// Opens the slot of one of `files`.
    fn open(&self, files: &[&KeyFile]) -> Result<Opened> {
        let damaged = || Error::ObjectDamaged { key: self.key().to_string() };
        for file in files {
            if let Some(slot) = self.slots.iter().find(|slot| slot.key_file == file.name()) {
                return self.open_slot(slot, file).ok_or_else(damaged);
            }
        }
        Err(Error::KeyWrong)
    }

    fn open_slot(&self, slot: &Slot, file: &KeyFile) -> Option<Opened> {
        let salt: [u8; 32] = hex::decode(&slot.salt).ok()?.try_into().ok()?;
        let keys = unwrap(&file.wrapping_key(&salt), &context(self.number), &hex::decode(&slot.keys).ok()?)?;
        let (id, data) = keys.split_first_chunk::<32>()?;
        Some(Opened { id: Secret(*id), data: Secret(data.try_into().ok()?) })
    }
}

/// Tells whether this is where keys are.
pub(crate) fn is_key(key: &Key) -> bool {
    key.prefix_matches(&Key::from(PREFIX))
}

/// Tells whether a store is encrypted.
pub(crate) async fn exist(store: &dyn ObjectStore) -> Result<bool> {
    let key = object_key(1);
    // Not `head`: its answer has no body, which says why a bucket refuses.
    match store.get(&key).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(source) => Err(Error::object(&key, source)),
    }
}

/// Reads the keys of an encrypted store, or makes the first ones of an empty store.
pub(crate) async fn open_or_create(store: &dyn ObjectStore, file: &KeyFile) -> Result<Keys> {
    if !exist(store).await? {
        refuse_plain_content(store).await?;
        create(store, file).await?;
    }
    load(store, file).await
}

/// Tells whether the bytes of a key object are what was written, as far as one can see without the key files of all its slots.
/// A file without a slot has been replaced meanwhile.
fn is_sound(key: &Key, bytes: &[u8], file: Option<&KeyFile>) -> bool {
    let opens = |object: &KeyObject| file.is_none_or(|file| !object.has_slot(file) || object.open(&[file]).is_ok());
    KeyObject::is_exact(key, bytes) && KeyObject::parse(key, bytes).is_ok_and(|object| opens(&object))
}

/// Returns what to write in the place of a damaged key object, made of one that `file` opens and that has the keys which are
/// in use; `None` when these bytes are none. Slots of other files are left out: a copy may be older than the last rotation.
pub(crate) fn renewed(key: &Key, bytes: &[u8], file: &KeyFile, keys: &Keys) -> Option<Bytes> {
    let mut object = KeyObject::parse(key, bytes).ok()?;
    let opened = object.open(&[file]).ok()?;
    let is_in_use = opened.id == keys.id && keys.data.get(&object.number) == Some(&DataKey::new(&opened.data));
    object.slots.retain(|slot| slot.key_file == file.name());
    for slot in &mut object.slots {
        slot.salt.make_ascii_lowercase();
        slot.keys.make_ascii_lowercase();
    }
    is_in_use.then(|| object.to_bytes())
}

/// Tells whether a key object is not for `file` any more.
pub(crate) fn is_replaced(key: &Key, bytes: &[u8], file: &KeyFile) -> bool {
    KeyObject::parse(key, bytes).is_ok_and(|object| !object.has_slot(file))
}

/// Lists the keys of key objects that have changed since they were written, even where they still open.
pub(crate) async fn damaged(store: &dyn ObjectStore, file: Option<&KeyFile>) -> Result<Vec<String>> {
    let prefix = Key::from(PREFIX);
    let failed = |source| Error::object(&prefix, source);
    let found: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(failed)?;
    let mut damaged = Vec::new();
    for meta in found {
        let found = match store.get(&meta.location).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let is_sound = match found {
            Ok(bytes) => is_sound(&meta.location, &bytes, file),
            Err(error) if is_unreadable(&error) => false,
            Err(error) => return Err(failed(error)),
        };
        if !is_sound {
            damaged.push(meta.location.to_string());
        }
    }
    Ok(damaged)
}

/// Reads the keys of an encrypted store.
pub(crate) async fn load(store: &dyn ObjectStore, file: &KeyFile) -> Result<Keys> {
    let objects = list(store).await?;
    let first = objects.first().ok_or(Error::KeyMissing)?.open(&[file])?;
    let mut keys = Keys { id: first.id, data: Default::default(), envelopes: Default::default() };
    for object in objects {
        let opened = object.open(&[file])?;
        if opened.id != keys.id {
            return Err(Error::ObjectDamaged { key: object.key().to_string() });
        }
        keys.data.insert(object.number, DataKey::new(&opened.data));
    }
    Ok(keys)
}

/// Lets `new` open the store in place of `old`, and seals with a new data key from now on if that is wanted.
pub(crate) async fn rotate(store: &dyn ObjectStore, old: &KeyFile, new: &KeyFile, new_data_key: bool) -> Result<()> {
    let objects = list(store).await?;
    if objects.is_empty() {
        return Err(Error::NotEncrypted);
    }
    for object in rotation(objects, old, new, new_data_key)? {
        put(store, &object, PutMode::Overwrite).await.map_err(|source| Error::object(object.key(), source))?;
    }
    Ok(())
}

/// The writes of a rotation, in order.
fn rotation(mut objects: Vec<KeyObject>, old: &KeyFile, new: &KeyFile, new_data_key: bool) -> Result<Vec<KeyObject>> {
    let mut writes = Vec::new();
    // First every object gets a slot for the new file, and keeps what it has.
    for object in &mut objects {
        let opened = object.open(&[old, new])?;
        if !object.has_slot(new) {
            object.slots.push(opened.slot(object.number, new)?);
            writes.push(object.clone());
        }
    }
    if new_data_key {
        let last = objects.last().expect("there is at least one key object");
        let opened = Opened { id: last.open(&[new])?.id, data: random()? };
        let files: &[&KeyFile] = if old == new { &[new] } else { &[old, new] };
        let object = opened.object(last.number + 1, files)?;
        writes.push(object.clone());
        objects.push(object);
    }
    for object in &mut objects {
        if object.slots.len() > 1 {
            object.slots.retain(|slot| slot.key_file == new.name());
            writes.push(object.clone());
        }
    }
    Ok(writes)
}

async fn list(store: &dyn ObjectStore) -> Result<Vec<KeyObject>> {
    let prefix = Key::from(PREFIX);
    let failed = |source| Error::object(&prefix, source);
    let found: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(failed)?;
    let mut objects = Vec::new();
    for meta in found {
        let bytes = store.get(&meta.location).await.map_err(failed)?.bytes().await.map_err(failed)?;
        objects.push(KeyObject::parse(&meta.location, &bytes)?);
    }
    objects.sort_by_key(|object| object.number);
    // A data key that is gone would make content unreadable later; that is told now.
    if objects.iter().enumerate().any(|(index, object)| object.number != index as u32 + 1) {
        return Err(Error::ObjectDamaged { key: prefix.to_string() });
    }
    Ok(objects)
}

async fn refuse_plain_content(store: &dyn ObjectStore) -> Result<()> {
    for family in ["chunks", "contents", "uploads", "derived"] {
        let prefix = Key::from(family);
        let first = store.list(Some(&prefix)).try_next().await;
        if first.map_err(|source| Error::object(&prefix, source))?.is_some() {
            return Err(Error::NotEncrypted);
        }
    }
    Ok(())
}

/// Makes the first keys, unless another node does at the same moment. Which ones are in force is read afterwards.
async fn create(store: &dyn ObjectStore, file: &KeyFile) -> Result<()> {
    let object = Opened { id: random()?, data: random()? }.object(1, &[file])?;
    match put(store, &object, PutMode::Create).await {
        Ok(()) | Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {}
        Err(source) => return Err(Error::object(object.key(), source)),
    }
    tokio::time::sleep(SETTLING).await;
    Ok(())
}

async fn put(store: &dyn ObjectStore, object: &KeyObject, mode: PutMode) -> object_store::Result<()> {
    let options = PutOptions { mode, ..PutOptions::default() };
    store.put_opts(&object.key(), PutPayload::from(object.to_bytes()), options).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    async fn write(store: &InMemory, object: &KeyObject) {
        put(store, object, PutMode::Overwrite).await.unwrap();
    }

    #[tokio::test]
    async fn a_rotation_may_be_killed_after_any_write() {
        let (old, new) = (KeyFile::generate().unwrap(), KeyFile::generate().unwrap());
        let store = InMemory::new();
        for number in 1..=3 {
            let data = random().unwrap();
            write(&store, &Opened { id: Secret([7; 32]), data }.object(number, &[&old]).unwrap()).await;
        }
        let before = list(&store).await.unwrap();
        let data_of = |object: &KeyObject| object.open(&[&old, &new]).unwrap().data.0;
        let data: Vec<_> = before.iter().map(data_of).collect();
        for new_data_key in [false, true] {
            let writes = rotation(before.clone(), &old, &new, new_data_key).unwrap();
            assert_eq!(writes.len(), if new_data_key { 8 } else { 6 });
            for killed_after in 0..=writes.len() {
                let store = InMemory::new();
                for object in before.iter().chain(&writes[..killed_after]) {
                    write(&store, object).await;
                }
                let opens = (load(&store, &old).await.is_ok(), load(&store, &new).await.is_ok());
                assert!(opens.0 || opens.1, "nothing opens after {killed_after} writes");
                // The same command brings it to its end.
                rotate(&store, &old, &new, false).await.unwrap();
                assert!(load(&store, &new).await.is_ok());
                assert!(matches!(load(&store, &old).await, Err(Error::KeyWrong)));
                let after = list(&store).await.unwrap();
                assert_eq!(after[..3].iter().map(data_of).collect::<Vec<_>>(), data);
            }
        }
    }

    #[tokio::test]
    async fn a_damaged_or_lost_key_object_is_told() {
        let file = KeyFile::generate().unwrap();
        let store = InMemory::new();
        rotate(&store, &file, &file, true).await.unwrap_err();
        open_or_create(&store, &file).await.unwrap();
        rotate(&store, &file, &file, true).await.unwrap();
        assert_eq!(load(&store, &file).await.unwrap().data.len(), 2);
        let whole = store.get(&object_key(2)).await.unwrap().bytes().await.unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1;
            store.put(&object_key(2), PutPayload::from(damaged)).await.unwrap();
            if let Ok(keys) = load(&store, &file).await {
                // Blanks between the parts may change, and it is told.
                assert!(whole[at].is_ascii_whitespace() && keys.data.len() == 2, "byte {at}");
                assert_eq!(super::damaged(&store, None).await.unwrap(), ["keys/2"], "byte {at}");
            }
        }
        let upper = String::from_utf8(whole.to_vec()).unwrap().replacen('f', "F", 1);
        store.put(&object_key(2), PutPayload::from(upper)).await.unwrap();
        assert_eq!(super::damaged(&store, None).await.unwrap(), ["keys/2"]);
        store.put(&object_key(2), PutPayload::from(whole)).await.unwrap();
        assert!(super::damaged(&store, None).await.unwrap().is_empty());
        store.delete(&object_key(1)).await.unwrap();
        assert!(matches!(load(&store, &file).await, Err(Error::ObjectDamaged { .. })));
    }

    #[test]
    fn a_key_file_is_read_back_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("storage.key");
        let key = KeyFile::create(&path).unwrap();
        assert_eq!(KeyFile::read(&path).unwrap(), key);
        assert!(matches!(KeyFile::create(&path), Err(Error::File { .. })));
        assert_eq!(KeyFile::read(&path).unwrap(), key);
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{key:?}").contains(&hex::encode(key.0.0)));
        for text in ["", "wenshu-key-1", "wenshu-key-1 00", &"0".repeat(64)] {
            fs::write(&path, text).unwrap();
            assert!(matches!(KeyFile::read(&path), Err(Error::KeyFileInvalid { .. })), "{text}");
        }
    }
}
