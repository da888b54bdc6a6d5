//! How are many rows written at once? In statements of a few sizes, so that both engines keep them prepared.

/// Rows per statement, largest first.
const SIZES: [usize; 7] = [256, 64, 16, 8, 4, 2, 1];

/// One statement for many rows.
pub struct Statements([String; SIZES.len()]);

impl Statements {
    /// `before values ($1, $2), ($3, $4) … after`, for rows of so many columns.
    pub fn new(before: &str, columns: usize, after: &str) -> Self {
        Self(SIZES.map(|rows| format!("{before} values {} {after}", groups(rows, columns))))
    }

    /// Splits `rows` into pieces; each comes with its statement.
    pub fn pieces<'r, T>(&'static self, mut rows: &'r [T]) -> impl Iterator<Item = (&'static str, &'r [T])> {
        std::iter::from_fn(move || {
            let size = SIZES.iter().position(|size| *size <= rows.len())?;
            let (piece, rest) = rows.split_at(SIZES[size]);
            rows = rest;
            Some((self.0[size].as_str(), piece))
        })
        .filter(|(_, piece)| !piece.is_empty())
    }
}

/// `($1, $2), ($3, $4)` …
fn groups(rows: usize, columns: usize) -> String {
    let group = |row: usize| {
        let names: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", names.join(", "))
    };
    (0..rows).map(group).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static STATEMENTS: LazyLock<Statements> =
        LazyLock::new(|| Statements::new("insert into t (a, b)", 2, "returning a"));

    #[test]
    fn every_row_is_in_one_piece_and_every_piece_has_its_statement() {
        let rows: Vec<usize> = (0..351).collect();
        let pieces: Vec<_> = STATEMENTS.pieces(&rows).collect();
        assert_eq!(pieces.iter().map(|(_, piece)| piece.len()).collect::<Vec<_>>(), [256, 64, 16, 8, 4, 2, 1]);
        assert_eq!(pieces.iter().flat_map(|(_, piece)| piece.to_vec()).collect::<Vec<_>>(), rows);
        let four = pieces[4].0;
        assert_eq!(four, "insert into t (a, b) values ($1, $2), ($3, $4), ($5, $6), ($7, $8) returning a");
        assert_eq!(STATEMENTS.pieces(&rows[..0]).count(), 0);
    }
}
