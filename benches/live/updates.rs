//! What do writers write? One character per update, typed by one client after its last: small, valid, and the same for every server.
//! Servers may join updates on the way, so readers count the characters that a frame brings, not frames.

use wenshu::rooms::lib0::{Malformed, Reader, put_buffer, put_uint};

/// An update without content.
pub const EMPTY: &[u8] = &[0, 0];

const GC: u8 = 0;
const SKIP: u8 = 10;
const STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;

/// The update with which `client` types its character number `clock`.
pub fn keystroke(client: u64, clock: u64) -> Vec<u8> {
    let mut out = vec![1, 1];
    put_uint(&mut out, client);
    put_uint(&mut out, clock);
    if clock == 0 {
        // The first one names the shared text that it begins.
        out.extend_from_slice(&[STRING, 1]);
        put_buffer(&mut out, b"t");
    } else {
        out.push(HAS_ORIGIN | STRING);
        put_uint(&mut out, client);
        put_uint(&mut out, clock - 1);
    }
    put_buffer(&mut out, b"x");
    out.push(0);
    out
}

/// Tells for each client what an update made of keystrokes brings: client, first clock, clock after the last.
pub fn brings(update: &[u8], mut tell: impl FnMut(u64, u64, u64)) -> Result<(), Malformed> {
    let mut reader = Reader::new(update);
    for _ in 0..reader.uint()? {
        let structs = reader.uint()?;
        let client = reader.uint()?;
        let start = reader.uint()?;
        let mut clock = start;
        for _ in 0..structs {
            clock += block(&mut reader)?;
        }
        tell(client, start, clock);
    }
    Ok(())
}

/// The length of one struct.
fn block(reader: &mut Reader) -> Result<u64, Malformed> {
    let info = reader.byte()?;
    if info == GC || info == SKIP {
        return reader.uint();
    }
    for flag in [HAS_ORIGIN, HAS_RIGHT_ORIGIN] {
        if info & flag != 0 {
            reader.uint()?;
            reader.uint()?;
        }
    }
    if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
        if reader.uint()? == 1 {
            reader.buffer()?;
        } else {
            reader.uint()?;
            reader.uint()?;
        }
    }
    if info & 0x1f != STRING { Err("not a keystroke") } else { Ok(reader.buffer()?.len() as u64) }
}

/// A state vector: client and the clock after its last struct.
pub fn state_vector(clocks: &[(u64, u64)]) -> Vec<u8> {
    let mut out = Vec::new();
    put_uint(&mut out, clocks.len() as u64);
    for (client, clock) in clocks {
        put_uint(&mut out, *client);
        put_uint(&mut out, *clock);
    }
    out
}
