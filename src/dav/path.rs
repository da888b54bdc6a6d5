//! What does a request name? `/dav/<library>/<folder>/<file>`, percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    error::{Error, Result},
    names,
};

/// Where the drive begins.
pub const ROOT: &str = "/dav";
/// Deepest path that is looked at.
const MAX_DEPTH: usize = 100;
/// What every client leaves unescaped in a path.
const UNESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The names on the way down from the root of the drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DavPath {
    pub names: Vec<String>,
    /// Whether it ended with a slash: the client means a folder.
    pub is_folder: bool,
}

impl DavPath {
    /// Parses the path of a request.
    pub fn parse(path: &str) -> Result<Self> {
        let below = path.strip_prefix(ROOT).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let below = below.ok_or_else(|| Error::invalid("path_invalid", "this address is not on the drive"))?;
        let mut names = Vec::new();
        for part in below.split('/').filter(|part| !part.is_empty()) {
            let name = percent_decode_str(part).decode_utf8().map_err(|_| invalid())?;
            // What a program wrote under a name with blanks around it has to be found under that name.
            let name = names::trimmed(&name);
            if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
                return Err(invalid());
            }
            names.push(name);
        }
        if names.len() > MAX_DEPTH {
            return Err(invalid());
        }
        Ok(Self { names, is_folder: below.ends_with('/') })
    }

    /// Parses an address of a header: absolute, or a path alone. Its host is not compared: proxies change it on the way.
    pub fn parse_address(address: &str) -> Result<Self> {
        let address = address.trim();
        let path = match address.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/').unwrap_or(rest.len())..],
            None => address,
        };
        Self::parse(path.split(['?', '#']).next().unwrap_or_default())
    }
}

/// The address of something by the names on the way to it.
pub fn href(names: &[String], is_folder: bool) -> String {
    let mut href = ROOT.to_owned();
    for name in names {
        href.push('/');
        href.push_str(&encoded(name));
    }
    if is_folder {
        href.push('/');
    }
    href
}

/// One name as part of an address.
pub fn encoded(name: &str) -> String {
    utf8_percent_encode(name, &UNESCAPED).to_string()
}

fn invalid() -> Error {
    Error::invalid("path_invalid", "this address cannot be read")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read_as_clients_write_them() {
        let names = |path: &str| DavPath::parse(path).map(|path| (path.names, path.is_folder)).ok();
        assert_eq!(names("/dav"), Some((vec![], false)));
        assert_eq!(names("/dav/"), Some((vec![], true)));
        assert_eq!(names("/dav//%E5%BA%93/a%20b.txt"), Some((vec!["库".into(), "a b.txt".into()], false)));
        assert_eq!(names("/dav/%20a%09b.txt%20/%E3%80%80c"), Some((vec!["a b.txt".into(), "c".into()], false)));
        for refused in
            ["/david", "/dav/%20", "/dav/%20..", "/dav/..", "/dav/a/%2e%2e/b", "/dav/a%2Fb", "/dav/%ff", "/dav/%00"]
        {
            assert_eq!(names(refused), None, "{refused}");
        }
        let one = DavPath::parse_address("https://host:8080/dav/a?x#y").unwrap();
        assert_eq!(one, DavPath::parse_address("/dav/a").unwrap());
        assert!(DavPath::parse_address("https://host").is_err());
    }

    proptest! {
        #[test]
        fn an_address_leads_back_to_its_names(parts in prop::collection::vec("[^/\\x00]{1,20}", 0..5), folder: bool) {
            let is_kept = |name: &String| name != "." && name != ".." && !name.is_empty() && *name == names::trimmed(name);
            prop_assume!(parts.iter().all(is_kept));
            let path = DavPath { is_folder: folder, names: parts };
            prop_assert_eq!(DavPath::parse(&href(&path.names, path.is_folder)).unwrap(), path);
        }
    }
}
