//! What is in a Yjs update, and is it safe to keep? Walks the bytes of a v1 update without building anything.
//!
//! The walk is the gate for what clients send: yrs has decoders that recurse without a limit, reserve what a header
//! promises, and accept repeated client sections that corrupt memory later. Only what passed the walk reaches them. The same walk
//! knows which clocks an update covers, so that a state vector is kept and differences are cut without a document.

use std::collections::HashMap;

use yrs::updates::decoder::Decode;

use crate::rooms::lib0::{Malformed, Reader, put_uint};

/// An update without content.
pub const EMPTY: &[u8] = &[0, 0];

/// Values nested deeper than this are refused: decoders recurse.
const MAX_DEPTH: usize = 64;

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_PARENT_SUB: u8 = 0x20;
pub(super) const SKIP: u8 = 10;

/// What an update covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// One for each client that the update has structs of.
    pub sections: Vec<Section>,
    /// Deleted ranges: client, first clock, end clock.
    pub deletes: Vec<(u64, u32, u32)>,
    /// Where the delete set begins in the bytes.
    pub deletes_at: usize,
}

/// The structs of one client in an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub client: u64,
    /// First clock.
    pub start: u32,
    /// Clock after the last struct.
    pub end: u32,
    /// Clock after the last struct before the first hole; equal to `end` without holes.
    pub solid_end: u32,
    /// Number of structs.
    pub structs: u32,
    /// Where the structs lie in the bytes (after the section's header).
    pub from: usize,
    pub to: usize,
}

impl Facts {
    /// Whether the update says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.sections.iter().all(|section| section.start == section.end) && self.deletes.is_empty()
    }
}

/// Checks an update that a client sent: the walk, then yrs's own decoder. Nothing is applied.
pub fn check(bytes: &[u8]) -> Result<Facts, Malformed> {
    let facts = walk(bytes)?;
    let decoded = std::panic::catch_unwind(|| yrs::Update::decode_v1(bytes).is_ok());
    if decoded.unwrap_or(false) { Ok(facts) } else { Err("the update cannot be decoded") }
}

/// Reads the structure of an update.
pub fn walk(bytes: &[u8]) -> Result<Facts, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut facts = Facts::default();
    let sections = reader.count(3)?;
    facts.sections.reserve(sections);
    for _ in 0..sections {
        facts.sections.push(section(&mut reader)?);
    }
    refuse_repeats(&facts.sections)?;
    facts.deletes_at = reader.position();
    let clients = reader.count(2)?;
    let mut seen = Vec::with_capacity(clients);
    for _ in 0..clients {
        let client = reader.uint()?;
        seen.push(client);
        for _ in 0..reader.count(2)? {
            let clock = reader.small()?;
            let end = clock.checked_add(reader.small()?).filter(|end| *end <= i32::MAX as u32);
            facts.deletes.push((client, clock, end.ok_or("a deleted range is too long")?));
        }
    }
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("a client is named twice in the delete set");
    }
    reader.end()?;
    Ok(facts)
}

/// The hostile case of TESTBED.md: the second section of a client replaces the first while both were counted.
fn refuse_repeats(sections: &[Section]) -> Result<(), Malformed> {
    let mut clients: Vec<u64> = sections.iter().map(|section| section.client).collect();
    clients.sort_unstable();
    if clients.windows(2).any(|pair| pair[0] == pair[1]) { Err("a client has two sections") } else { Ok(()) }
}

fn section(reader: &mut Reader) -> Result<Section, Malformed> {
    let structs = reader.count(2)? as u32;
    let client = reader.uint()?;
    let start = reader.small()?;
    let from = reader.position();
    let (mut clock, mut solid_end) = (start, None);
    for _ in 0..structs {
        let (len, skip) = block(reader)?;
        if skip && solid_end.is_none() {
            solid_end = Some(clock);
        }
        clock = clock.checked_add(len).filter(|end| *end <= i32::MAX as u32).ok_or("a clock is too large")?;
    }
    let to = reader.position();
    Ok(Section { client, start, end: clock, solid_end: solid_end.unwrap_or(clock), structs, from, to })
}

/// Reads one struct: its length in clocks, and whether it is a hole.
fn block(reader: &mut Reader) -> Result<(u32, bool), Malformed> {
    let info = reader.byte()?;
    if info == 0 || info == SKIP {
        let len = reader.small()?;
        return if len == 0 { Err("a struct is empty") } else { Ok((len, info == SKIP)) };
    }
    for flag in [HAS_ORIGIN, HAS_RIGHT_ORIGIN] {
        if info & flag != 0 {
            reader.uint()?;
            reader.small()?;
        }
    }
    if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
        parent(reader, info)?;
    }
    Ok((content(reader, info & 0x1f)?, false))
}

fn parent(reader: &mut Reader, info: u8) -> Result<(), Malformed> {
    match reader.uint()? {
        1 => {
            reader.string()?;
        }
        0 => {
            reader.uint()?;
            reader.small()?;
        }
        _ => return Err("a parent is neither named nor an item"),
    }
    if info & HAS_PARENT_SUB != 0 {
        reader.string()?;
    }
    Ok(())
}

/// Reads an item's content and returns its length in clocks.
fn content(reader: &mut Reader, kind: u8) -> Result<u32, Malformed> {
    match kind {
        1 => reader.small(),
        3 => reader.buffer().map(|_| 1),
        4 => Ok(reader.string()?.chars().map(|c| c.len_utf16() as u32).sum()),
        5 => reader.string().map(|_| 1),
        6 => {
            reader.string()?;
            reader.string().map(|_| 1)
        }
        7 => {
            match reader.uint()? {
                0 | 1 | 2 | 4 | 6 => {}
                3 => {
                    reader.string()?;
                }
                _ => return Err("a shared type is not known here"),
            }
            Ok(1)
        }
        8 => {
            let count = reader.count(1)?;
            for _ in 0..count {
                value(reader, 0)?;
            }
            Ok(count as u32)
        }
        2 => Err("content of Yjs before version 13 is not supported"),
        9 => Err("subdocuments are not supported"),
        _ => Err("the content of an item is not known"),
    }
}

fn value(reader: &mut Reader, depth: usize) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err("a value is nested too deeply");
    }
    match reader.byte()? {
        120 | 121 | 126 | 127 => {}
        122 | 123 => {
            reader.take(8)?;
        }
        124 => {
            reader.take(4)?;
        }
        125 => {
            // A signed number: at most ten bytes, each but the last with the high bit.
            let mut bytes = 1;
            while reader.byte()? >= 0x80 {
                bytes += 1;
                if bytes > 9 {
                    return Err("a number is too long");
                }
            }
        }
        119 => {
            reader.string()?;
        }
        116 => {
            reader.buffer()?;
        }
        117 => {
            for _ in 0..reader.count(1)? {
                value(reader, depth + 1)?;
            }
        }
        118 => {
            for _ in 0..reader.count(2)? {
                reader.string()?;
                value(reader, depth + 1)?;
            }
        }
        _ => return Err("a value is of no known type"),
    }
    Ok(())
}

/// Which clocks and deletions a room has: what a document would say, kept without one.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    clocks: HashMap<u64, u32>,
    /// Deleted ranges of each client, sorted, without touching neighbours.
    deleted: HashMap<u64, Vec<(u32, u32)>>,
}

impl Coverage {
    /// Takes in what a durable update has.
    pub fn add(&mut self, facts: &Facts) {
        for section in &facts.sections {
            let clock = self.clocks.entry(section.client).or_default();
            // Structs beyond a hole are not claimed: clients send them once more, which does no harm.
            if section.start <= *clock && section.solid_end > *clock {
                *clock = section.solid_end;
            }
        }
        for &(client, start, end) in &facts.deletes {
            insert_range(self.deleted.entry(client).or_default(), start, end);
        }
    }

    /// Whether an update has nothing that is not covered.
    pub fn covers(&self, facts: &Facts) -> bool {
        facts.sections.iter().all(|section| section.start == section.end || section.end <= self.clock(section.client))
            && facts.deletes.iter().all(|&(client, start, end)| self.has_deleted(client, start, end))
    }

    /// Whether everything of `other` is here.
    pub fn includes(&self, other: &Coverage) -> bool {
        other.clocks.iter().all(|(client, clock)| self.clock(*client) >= *clock)
            && other.deleted.iter().all(|(client, ranges)| {
                ranges.iter().all(|&(start, end)| self.has_deleted(*client, start, end.min(other.clock(*client))))
            })
    }

    fn has_deleted(&self, client: u64, start: u32, end: u32) -> bool {
        start >= end
            || self.deleted.get(&client).is_some_and(|ranges| {
                let next = ranges.partition_point(|range| range.0 <= start);
                next > 0 && ranges[next - 1].1 >= end
            })
    }

    /// The clock after the last struct of `client` that is here.
    pub fn clock(&self, client: u64) -> u32 {
        self.clocks.get(&client).copied().unwrap_or(0)
    }

    /// The state vector as bytes of sync step 1.
    pub fn state_vector(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 + self.clocks.len() * 8);
        let known = || self.clocks.iter().filter(|(_, clock)| **clock > 0);
        put_uint(&mut out, known().count() as u64);
        for (client, clock) in known() {
            put_uint(&mut out, *client);
            put_uint(&mut out, u64::from(*clock));
        }
        out
    }
}

fn insert_range(ranges: &mut Vec<(u32, u32)>, start: u32, end: u32) {
    if start >= end {
        return;
    }
    let first = ranges.partition_point(|range| range.1 < start);
    let after = ranges.partition_point(|range| range.0 <= end);
    if first == after {
        ranges.insert(first, (start, end));
    } else {
        let joined = (start.min(ranges[first].0), end.max(ranges[after - 1].1));
        ranges.splice(first..after, [joined]);
    }
}

/// A client's state vector: what it has already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateVector(HashMap<u64, u32>);

impl StateVector {
    /// Reads the payload of sync step 1.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(2)?;
        let mut clocks = HashMap::with_capacity(count);
        for _ in 0..count {
            clocks.insert(reader.uint()?, reader.small()?);
        }
        reader.end()?;
        Ok(Self(clocks))
    }

    /// Whether the client has nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn clock(&self, client: u64) -> u32 {
        self.0.get(&client).copied().unwrap_or(0)
    }

    /// Whether the client has every struct of the update (it may lack deletions).
    pub fn has_structs(&self, facts: &Facts) -> bool {
        facts.sections.iter().all(|section| section.start == section.end || section.end <= self.clock(section.client))
    }
}

/// Cuts from an update (checked before) what a client with `has` lacks: structs beyond its clocks, and all deletions.
/// `None` when nothing is left.
pub fn difference(bytes: &[u8], facts: &Facts, has: &StateVector) -> Option<Vec<u8>> {
    let wanted = facts.sections.iter().filter(|section| section.end > has.clock(section.client));
    let wanted: Vec<&Section> = wanted.collect();
    if wanted.is_empty() && facts.deletes.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() - facts.deletes_at + 64);
    put_uint(&mut out, wanted.len() as u64);
    for section in wanted {
        let (skipped, clock, from) = first_unknown(bytes, section, has.clock(section.client));
        put_uint(&mut out, u64::from(section.structs - skipped));
        put_uint(&mut out, section.client);
        put_uint(&mut out, u64::from(clock));
        out.extend_from_slice(&bytes[from..section.to]);
    }
    out.extend_from_slice(&bytes[facts.deletes_at..]);
    Some(out)
}

/// The first struct of a section that ends beyond `known`: how many lie before it, its clock and position.
fn first_unknown(bytes: &[u8], section: &Section, known: u32) -> (u32, u32, usize) {
    let mut reader = Reader::new(&bytes[section.from..section.to]);
    let mut clock = section.start;
    for skipped in 0..section.structs {
        let at = section.from + reader.position();
        let Ok((len, _)) = block(&mut reader) else { break };
        if clock + len > known {
            return (skipped, clock, at);
        }
        clock += len;
    }
    (0, section.start, section.from)
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
