//! What every kind of store keeps to. A new kind is one more line in `every_store`.

#![allow(clippy::unwrap_used, reason = "a test")]

use actors_store::{Change, Embedded, KEY_BYTES_MAX, Memory, Store, StoreError, Table, VALUE_BYTES_MAX};

/// Opens the same store again each time it is called.
type Open<'a> = &'a dyn Fn() -> Box<dyn Store>;

fn every_store(contract: fn(Open<'_>)) {
    let memory = Memory::new();
    contract(&|| Box::new(memory.clone()));
    let directory = tempfile::tempdir().expect("a directory for the test");
    let path = directory.path().join("store");
    contract(&|| Box::new(Embedded::open(&path).expect("it opens")));
}

fn put(table: Table, key: &str, value: &str) -> Change {
    Change::Put { table, key: key.into(), value: value.into() }
}

fn delete(table: Table, key: &str) -> Change {
    Change::Delete { table, key: key.into() }
}

fn text(store: &dyn Store, table: Table) -> Vec<(String, String)> {
    let rows = store.scan(table).unwrap();
    rows.into_iter().map(|(key, value)| (key, String::from_utf8(value).unwrap())).collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_put_is_there_until_it_is_deleted() {
    every_store(|open| {
        let store = open();
        assert_eq!(store.get(Table::Nodes, "a").unwrap(), None);
        store.put(Table::Nodes, "a", b"1").unwrap();
        assert_eq!(store.get(Table::Nodes, "a").unwrap(), Some(b"1".to_vec()));
        store.put(Table::Nodes, "a", b"2").unwrap();
        assert_eq!(store.get(Table::Nodes, "a").unwrap(), Some(b"2".to_vec()));
        store.delete(Table::Nodes, "a").unwrap();
        store.delete(Table::Nodes, "a").unwrap();
        assert_eq!(store.get(Table::Nodes, "a").unwrap(), None);
        store.put(Table::Nodes, "", b"").unwrap();
        assert_eq!(store.get(Table::Nodes, "").unwrap(), Some(vec![]), "the empty value is a value");
    });
}

#[test]
fn a_scan_gives_one_table_by_key() {
    every_store(|open| {
        let store = open();
        for table in Table::ALL {
            assert!(store.scan(table).unwrap().is_empty(), "{}", table.name());
            for key in ["b", "a", "c.d", "ä", "c"] {
                store.put(table, key, table.name().as_bytes()).unwrap();
            }
        }
        for table in Table::ALL {
            let expected = ["a", "b", "c", "c.d", "ä"].map(|key| (key, table.name()));
            assert_eq!(text(&*store, table), pairs(&expected));
        }
    });
}

#[test]
fn changes_are_made_in_their_order() {
    every_store(|open| {
        let store = open();
        let (hosts, zones) = (Table::Hosts, Table::Zones);
        store.commit(&[put(hosts, "a", "1"), delete(hosts, "a"), put(hosts, "b", "1"), put(hosts, "b", "2")]).unwrap();
        store.commit(&[delete(zones, "x"), put(zones, "x", "1")]).unwrap();
        store.commit(&[]).unwrap();
        assert_eq!(text(&*store, hosts), pairs(&[("b", "2")]));
        assert_eq!(text(&*store, zones), pairs(&[("x", "1")]));
    });
}

#[test]
fn a_commit_is_made_as_a_whole_or_not_at_all() {
    every_store(|open| {
        let store = open();
        let long = "k".repeat(KEY_BYTES_MAX + 1);
        let refused = store.commit(&[put(Table::Nodes, "a", "1"), put(Table::Tokens, &long, "1")]).unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { table: "tokens", .. }), "{refused}");
        let large = "v".repeat(VALUE_BYTES_MAX + 1);
        assert!(store.commit(&[put(Table::Nodes, "a", "1"), put(Table::Nodes, "b", &large)]).is_err());
        assert!(text(&*store, Table::Nodes).is_empty());
        let (longest, largest) = ("k".repeat(KEY_BYTES_MAX), "v".repeat(VALUE_BYTES_MAX));
        store.commit(&[put(Table::Nodes, &longest, &largest)]).unwrap();
        assert_eq!(text(&*store, Table::Nodes), pairs(&[(&longest, &largest)]));
    });
}

#[test]
fn a_store_that_is_opened_again_has_what_it_had() {
    every_store(|open| {
        for round in 0..3 {
            let store = open();
            assert_eq!(store.scan(Table::Services).unwrap().len(), round);
            store.put(Table::Services, &format!("service-{round}.demo"), b"x").unwrap();
        }
    });
}
