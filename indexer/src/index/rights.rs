//! Which documents of a segment may the caller see?
//!
//! Every document passes here before it is counted, shown or suggested, so nothing that is derived from it can tell of what
//! is hidden. Chunks have no level and are never allowed.

use std::collections::HashSet;

use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, SegmentReader};

use super::schema::{LEVEL, SCOPE};
use super::types::{Access, Scopes};

pub struct Rights {
    scopes: Option<StrColumn>,
    /// By scope ordinal; `None` allows all.
    allowed: Option<Vec<bool>>,
    levels: Column<i64>,
    max_level: i64,
}

impl Rights {
    /// Applies `access` to the documents of a segment.
    pub fn open(access: &Access, reader: &SegmentReader) -> tantivy::Result<Rights> {
        let columns = reader.fast_fields();
        let scopes = columns.str(SCOPE)?;
        let allowed = match (&access.scopes, &scopes) {
            (Scopes::All, _) => None,
            (Scopes::Only(allowed), Some(scopes)) => Some(allowed_ordinals(allowed, scopes)?),
            (Scopes::Only(_), None) => Some(Vec::new()),
        };
        let levels = columns.column_opt(LEVEL)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc()));
        Ok(Rights { scopes, allowed, levels, max_level: access.max_level })
    }

    /// Says whether the caller may read `doc`.
    pub fn allows(&self, doc: DocId) -> bool {
        if self.levels.first(doc).is_none_or(|level| level > self.max_level) {
            return false;
        }
        let Some(allowed) = &self.allowed else {
            return true;
        };
        let scope = self.scopes.as_ref().and_then(|scopes| scopes.ords().first(doc));
        scope.is_some_and(|scope| allowed.get(scope as usize) == Some(&true))
    }
}

/// Marks the scopes of a segment that the caller may read, by ordinal.
fn allowed_ordinals(allowed: &[String], scopes: &StrColumn) -> tantivy::Result<Vec<bool>> {
    let dictionary = scopes.dictionary();
    let mut ordinals = vec![false; dictionary.num_terms()];
    if dictionary.num_terms() < allowed.len() * 4 {
        let allowed: HashSet<&[u8]> = allowed.iter().map(String::as_bytes).collect();
        let mut stream = dictionary.stream()?;
        while stream.advance() {
            ordinals[stream.term_ord() as usize] = allowed.contains(stream.key());
        }
        return Ok(ordinals);
    }
    for scope in allowed {
        if let Some(ordinal) = dictionary.term_ord(scope.as_bytes())? {
            ordinals[ordinal as usize] = true;
        }
    }
    Ok(ordinals)
}
