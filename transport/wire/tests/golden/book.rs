//! The book of golden bytes: lines of `name: hex`, in the order in which the test asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;

use actors_protocol::{Request, Tag};
use serde::Serialize;
use serde::de::DeserializeOwned;

const HEADER: &str = "\
# What version 1 of the wire looks like, byte by byte. Written by transport/wire/tests/golden; a line that is here
# does not change any more. Envelopes are whole frames with their length; messages are payloads.
";

/// Checks what it is shown against the file; complains about all differences at once.
pub struct Book {
    promised: BTreeMap<String, String>,
    seen: Vec<(String, String)>,
    tags: BTreeSet<Tag>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/wire-1.txt")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Book {
    pub fn open() -> Book {
        let text = std::fs::read_to_string(path()).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
        let promised = lines.map(|(name, bytes)| (name.to_owned(), bytes.to_owned())).collect();
        Book { promised, seen: Vec::new(), tags: BTreeSet::new() }
    }

    /// These bytes are what `name` looks like.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) {
        assert!(self.seen.iter().all(|(seen, _)| seen != name), "'{name}' is written twice");
        self.seen.push((name.to_owned(), hex(bytes)));
    }

    /// `value` looks as promised, and reads back.
    pub fn value<T: Serialize + DeserializeOwned + PartialEq + Debug>(&mut self, name: &str, value: &T) {
        let bytes = transport_wire::encode(value).expect("it can be encoded");
        assert_eq!(&transport_wire::decode::<T>(&bytes).expect("it reads back"), value, "{name}");
        self.bytes(name, &bytes);
    }

    /// A call and what may come back. Every variant of a reply is shown, in the order of declaration: an older peer
    /// knows them by their place.
    pub fn call<M>(&mut self, request: &M, replies: &[M::Reply])
    where
        M: Request + PartialEq + Debug,
        M::Reply: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        self.tags.insert(M::TAG);
        let name = format!("{:#06x} {}", M::TAG, M::NAME);
        self.value(&name, request);
        for (index, reply) in replies.iter().enumerate() {
            self.value(&format!("{name}, reply {index}"), reply);
        }
    }

    pub fn tags(&self) -> &BTreeSet<Tag> {
        &self.tags
    }

    /// Compares, or writes when it is told to.
    pub fn close(self) {
        if std::env::var_os("FUSION_GOLDEN").is_some_and(|word| word == "write") {
            let lines: String = self.seen.iter().map(|(name, bytes)| format!("{name}: {bytes}\n")).collect();
            std::fs::create_dir_all(path().parent().expect("a file has a folder")).expect("the folder can be made");
            std::fs::write(path(), format!("{HEADER}{lines}")).expect("the book can be written");
            return;
        }
        let seen: BTreeMap<_, _> = self.seen.iter().cloned().collect();
        let mut differences: Vec<String> = Vec::new();
        for (name, bytes) in &self.seen {
            match self.promised.get(name) {
                Some(promised) if promised == bytes => {}
                Some(promised) => differences.push(format!("{name}: promised {promised}, is {bytes}")),
                None => differences.push(format!("{name}: not in the book yet, is {bytes}")),
            }
        }
        let gone = self.promised.keys().filter(|name| !seen.contains_key(*name));
        differences.extend(gone.map(|name| format!("{name}: promised, and nothing writes it any more")));
        assert!(differences.is_empty(), "the wire has changed:\n{}", differences.join("\n"));
    }
}
