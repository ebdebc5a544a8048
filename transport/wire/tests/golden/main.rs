//! Golden bytes: what this version writes is byte for byte what `fixtures/golden/wire-1.txt` says, and reads back as the
//! same value. A message is frozen once released; a test that fails here says that a change broke the wire.
//!
//! A *new* line is added by running with `FUSION_GOLDEN=write` and looking at the difference. An old line that changed is
//! not to be written: it wants a new tag, or a new major version.

mod book;
mod envelopes;
mod messages;
mod services;

use std::collections::BTreeSet;

use book::Book;

#[test]
fn bytes_are_as_they_were_promised() {
    let mut book = Book::open();
    envelopes::all(&mut book);
    messages::all(&mut book);
    book.close();
}

#[test]
fn every_call_of_the_table_has_golden_bytes() {
    let mut book = Book::open();
    messages::all(&mut book);
    let table: BTreeSet<_> = actors_protocol::table::TABLE.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(book.tags(), &table);
}
