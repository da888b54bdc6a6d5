//! Table `secrets`: which random keys does this installation have? All nodes have the same.

use crate::{
    db::Db,
    error::{Error, Result},
};

/// The key of a name: 32 bytes, made by whoever asks for it first.
pub async fn find_or_make(db: &Db, name: &str) -> Result<[u8; 32]> {
    if let Some(key) = find(db, name).await? {
        return Ok(key);
    }
    let mut tx = db.begin().await?;
    sqlx::query("insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing")
        .bind(name)
        .bind(hex::encode(rand::random::<[u8; 32]>()))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    find(db, name).await?.ok_or_else(|| Error::internal(anyhow::anyhow!("the key {name} is not kept")))
}

async fn find(db: &Db, name: &str) -> Result<Option<[u8; 32]>> {
    let found: Option<String> =
        sqlx::query_scalar("select value from secrets where name = $1").bind(name).fetch_optional(db.read()).await?;
    let parse = |text: String| -> anyhow::Result<[u8; 32]> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key)?;
        Ok(key)
    };
    found.map(parse).transpose().map_err(Error::internal)
}
