//! How is raw history kept? Journal entries that a snapshot covers, one after another, compressed.

use crate::{
    clock::Millis,
    db::room_updates::UpdateRow,
    error::{Error, Result},
    ids::UserId,
    rooms::lib0::{Reader, put_buffer, put_uint},
};

const LEVEL: i32 = 9;
/// A segment may unpack to this size.
const MAX_BYTES: usize = 256 << 20;

/// Packs journal entries.
pub fn pack(rows: &[UpdateRow]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for row in rows {
        put_uint(&mut out, row.seq as u64);
        put_uint(&mut out, row.at as u64);
        put_buffer(&mut out, row.author_id.as_str().as_bytes());
        put_buffer(&mut out, &row.payload);
    }
    zstd::bulk::compress(&out, LEVEL).map_err(Error::internal)
}

/// Unpacks what [`pack`] made.
pub fn unpack(packed: &[u8]) -> Result<Vec<UpdateRow>> {
    let bytes = zstd::bulk::decompress(packed, MAX_BYTES).map_err(Error::internal)?;
    let mut reader = Reader::new(&bytes);
    let mut rows = Vec::new();
    while reader.remaining() > 0 {
        rows.push(read(&mut reader).map_err(|why| Error::internal(anyhow::anyhow!("a history segment: {why}")))?);
    }
    Ok(rows)
}

fn read(reader: &mut Reader) -> Result<UpdateRow, &'static str> {
    let (seq, at) = (reader.uint()? as i64, reader.uint()? as Millis);
    let author_id: UserId = reader.string()?.parse().map_err(|_| "an author is no id")?;
    Ok(UpdateRow { seq, at, author_id, payload: reader.buffer()?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_survives_packing() {
        let row = |seq| UpdateRow { seq, at: 1_767_600_000_000 + seq, author_id: UserId::new(), payload: vec![0; 70] };
        let rows: Vec<UpdateRow> = (1..=300).map(row).collect();
        let packed = pack(&rows).unwrap();
        assert!(packed.len() < 300 * 60);
        let back = unpack(&packed).unwrap();
        assert_eq!(back.len(), 300);
        assert!(rows.iter().zip(&back).all(|(a, b)| (a.seq, a.at, &a.author_id) == (b.seq, b.at, &b.author_id)));
    }
}
