//! How do many updates become one message? Their structs are laid one after another, without building a document.
//!
//! A v1 update is a list of sections, one for each client: a first clock, then structs that name their neighbours by id. So
//! sections of the same client that follow each other are one section, with a skip where something lies between.

use crate::rooms::{
    lib0::put_uint,
    update::{Facts, SKIP, Section},
};

/// Joins updates (v1, checked before) into one with the same content. `None` when two of them bring the same clocks: cutting
/// those apart is not worth it here.
pub fn join(updates: &[(&[u8], &Facts)]) -> Option<Vec<u8>> {
    let size: usize = updates.iter().map(|(bytes, _)| bytes.len()).sum();
    let mut sections: Vec<(&Section, &[u8])> = Vec::with_capacity(updates.len());
    for (bytes, facts) in updates {
        let some = facts.sections.iter().filter(|section| section.structs > 0);
        sections.extend(some.map(|section| (section, &bytes[section.from..section.to])));
    }
    sections.sort_unstable_by_key(|(section, _)| (section.client, section.start));
    let mut out = Vec::with_capacity(size + 16);
    let clients: Vec<&[(&Section, &[u8])]> = sections.chunk_by(|a, b| a.0.client == b.0.client).collect();
    put_uint(&mut out, clients.len() as u64);
    for client in clients {
        put_client(&mut out, client)?;
    }
    put_deletes(&mut out, updates);
    Some(out)
}

fn put_client(out: &mut Vec<u8>, sections: &[(&Section, &[u8])]) -> Option<()> {
    let holes: Vec<u32> =
        sections.windows(2).map(|pair| pair[1].0.start.checked_sub(pair[0].0.end)).collect::<Option<_>>()?;
    let skips = holes.iter().filter(|hole| **hole > 0).count() as u64;
    let structs: u64 = sections.iter().map(|(section, _)| u64::from(section.structs)).sum();
    let first = sections.first()?.0;
    put_uint(out, structs + skips);
    put_uint(out, first.client);
    put_uint(out, u64::from(first.start));
    for (index, (_, bytes)) in sections.iter().enumerate() {
        if let Some(hole) = index.checked_sub(1).map(|before| holes[before]).filter(|hole| *hole > 0) {
            out.push(SKIP);
            put_uint(out, u64::from(hole));
        }
        out.extend_from_slice(bytes);
    }
    Some(())
}

fn put_deletes(out: &mut Vec<u8>, updates: &[(&[u8], &Facts)]) {
    let mut ranges: Vec<(u64, u32, u32)> =
        updates.iter().flat_map(|(_, facts)| facts.deletes.iter().copied()).collect();
    ranges.sort_unstable();
    ranges.dedup_by(|next, last| {
        let touches = next.0 == last.0 && next.1 <= last.2;
        if touches {
            last.2 = last.2.max(next.2);
        }
        touches
    });
    let clients: Vec<&[(u64, u32, u32)]> = ranges.chunk_by(|a, b| a.0 == b.0).collect();
    put_uint(out, clients.len() as u64);
    for client in clients {
        put_uint(out, client[0].0);
        put_uint(out, client.len() as u64);
        for (_, start, end) in client {
            put_uint(out, u64::from(*start));
            put_uint(out, u64::from(end - start));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update, updates::decoder::Decode};

    use super::*;
    use crate::rooms::update;

    /// Two people who type and delete, and see each other's work now and then: their updates in order.
    fn session(steps: &[(bool, u8, u8, bool)]) -> (Vec<Vec<u8>>, String) {
        let people = [Doc::with_client_id(1), Doc::with_client_id(2)];
        let texts = people.each_ref().map(|doc| doc.get_or_insert_text("t"));
        let mut updates: Vec<Vec<u8>> = Vec::new();
        for (second, place, length, sees) in steps {
            let (doc, text) = (&people[usize::from(*second)], &texts[usize::from(*second)]);
            let mut tx = doc.transact_mut();
            if *sees {
                for update in &updates {
                    tx.apply_update(Update::decode_v1(update).unwrap()).unwrap();
                }
            }
            let len = text.get_string(&tx).len() as u32;
            let at = u32::from(*place) % (len + 1);
            if length % 3 == 0 && len > at {
                text.remove_range(&mut tx, at, 1.max(u32::from(*length) % (len - at + 1)).min(len - at));
            } else {
                text.insert(&mut tx, at, &"x".repeat(usize::from(*length) % 5 + 1));
            }
            drop(tx);
            // What changed since the last update of this person: own structs and deletions.
            let all = doc.transact().encode_state_as_update_v1(&StateVector::default());
            updates.push(all);
        }
        let whole = Doc::new();
        let text = whole.get_or_insert_text("t");
        let mut tx = whole.transact_mut();
        for update in &updates {
            tx.apply_update(Update::decode_v1(update).unwrap()).unwrap();
        }
        let string = text.get_string(&tx);
        drop(tx);
        (updates, string)
    }

    /// The updates as a room keeps them: each brings what those before it did not.
    fn increments(updates: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let doc = Doc::new();
        let mut known = doc.transact().state_vector();
        let mut out = Vec::new();
        for bytes in updates {
            let mut tx = doc.transact_mut();
            tx.apply_update(Update::decode_v1(bytes).unwrap()).unwrap();
            let increment = tx.encode_state_as_update_v1(&known);
            known = tx.state_vector();
            out.push(increment);
        }
        out
    }

    fn read(update: &[u8]) -> String {
        let doc = Doc::new();
        let text = doc.get_or_insert_text("t");
        let mut tx = doc.transact_mut();
        tx.apply_update(Update::decode_v1(update).unwrap()).unwrap();
        text.get_string(&tx)
    }

    proptest! {
        #[test]
        fn joined_updates_say_what_the_single_ones_said(
            steps: Vec<(bool, u8, u8, bool)>, left_out in proptest::option::of(0usize..20),
        ) {
            let (updates, text) = session(&steps);
            let mut pieces = increments(&updates);
            if let Some(index) = left_out.filter(|index| *index < pieces.len()) {
                let held = pieces.remove(index);
                pieces.push(held);
            }
            let facts: Vec<Facts> = pieces.iter().map(|piece| update::check(piece).unwrap()).collect();
            let list: Vec<(&[u8], &Facts)> = pieces.iter().map(Vec::as_slice).zip(&facts).collect();
            if let Some(joined) = join(&list) {
                update::check(&joined).unwrap();
                prop_assert_eq!(read(&joined), text);
            }
        }
    }

    #[test]
    fn a_hole_between_two_updates_becomes_a_skip() {
        let doc = Doc::with_client_id(7);
        let text = doc.get_or_insert_text("t");
        let mut pieces = Vec::new();
        for word in ["one ", "two ", "three "] {
            let known = doc.transact().state_vector();
            let len = text.get_string(&doc.transact()).len() as u32;
            text.insert(&mut doc.transact_mut(), len, word);
            pieces.push(doc.transact().encode_state_as_update_v1(&known));
        }
        let facts: Vec<Facts> = pieces.iter().map(|piece| update::check(piece).unwrap()).collect();
        let joined = join(&[(&pieces[0], &facts[0]), (&pieces[2], &facts[2])]).unwrap();
        let of_joined = update::check(&joined).unwrap();
        assert_eq!((of_joined.sections[0].solid_end, of_joined.sections[0].end), (4, 14));
        let all = join(&[(&pieces[1], &facts[1]), (&joined, &of_joined)]);
        assert!(all.is_none(), "the sections overlap");
        let all = join(&[(&pieces[2], &facts[2]), (&pieces[0], &facts[0]), (&pieces[1], &facts[1])]).unwrap();
        assert_eq!(read(&all), "one two three ");
    }
}
