//! The fixtures, the published schema and the reader agree.

use std::path::PathBuf;

use actors_cores::manifest::{SCHEMA, read, write};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is one of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("the schema is sound")
}

fn fixtures() -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/manifests");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "json") && !path.ends_with("schema.json"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).expect("a text")))
        .collect();
    found.sort();
    found
}

#[test]
fn every_fixture_is_good_for_both_and_comes_back_the_same() {
    let validator = validator();
    for (path, text) in fixtures() {
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let complaints: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(complaints.is_empty(), "{}: {complaints:?}", path.display());
        let manifest = read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let written = write(&manifest);
        assert!(validator.is_valid(&written), "{written}");
        assert_eq!(read(&written.to_string()).expect("what was written"), manifest, "{}", path.display());
    }
}

#[test]
fn there_is_one_of_each_kind() {
    let kinds: std::collections::BTreeSet<_> =
        fixtures().iter().map(|(_, text)| read(text).expect("a fixture").kind.word()).collect();
    assert_eq!(Vec::from_iter(kinds), ["actor", "container", "process", "vm"]);
}

/// Every place of a value.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in members {
        places(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
    }
    found.push(at);
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!({})),
        Just(json!([])),
        Just(json!([""])),
        Just(json!({ "a b": "c" })),
        Just(json!({ "a": "c" })),
        Just(json!({ "A": "c" })),
        Just(json!({ "name": "x.example" })),
        Just(json!({ "service": "x.example", "uses": ["x"] })),
        Just(json!({ "image": "x", "command": [""] })),
        Just(json!(4.0)),
        Just(json!(1.5)),
        Just(json!(-1)),
        (0..5_000u32).prop_map(|number| json!(number)),
        any::<u64>().prop_map(|number| json!(number)),
        "[a-z.A-Z0-9\n -]{0,12}".prop_map(Value::from),
        (0..70usize).prop_map(|length| Value::from("a".repeat(length))),
        (250..260usize).prop_map(|length| Value::from("ü".repeat(length))),
        "[a-z]{1,63}\\.[a-z]{1,64}".prop_map(Value::from),
        (62..70usize).prop_map(|length| json!(vec!["x"; length])),
        (62..70usize).prop_map(|length| (0..length).map(|key| (format!("k{key}"), json!("x"))).collect()),
    ]
}

/// What the reader refuses and a schema cannot express.
const BEYOND: &[&str] = &[
    "there is no component",
    "uses itself",
    "component of itself",
    "evaluate itself",
    "is there twice",
    "own name",
    "slots of an instance that has",
    "one instance has",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Any part replaced, removed or added: the schema and the reader say the same, save for what a schema cannot say.
    #[test]
    fn reader_and_schema_agree_on_damaged_manifests(
        fixture in any::<Index>(), place in any::<Index>(), junk in junk(), way in 0..3, key in "[a-zA-Z_ ]{0,8}",
    ) {
        thread_local! { static VALIDATOR: Validator = validator(); }
        let all = fixtures();
        let mut value: Value = serde_json::from_str(&fixture.get(&all).1).expect("JSON");
        let mut found = Vec::new();
        places(&value, String::new(), &mut found);
        let place = place.get(&found);
        match (way, place.rsplit_once('/')) {
            (0, Some((parent, key))) => match value.pointer_mut(parent).expect("a place") {
                Value::Object(map) => drop(map.remove(key)),
                Value::Array(list) => drop(list.remove(key.parse().expect("an index"))),
                _ => {}
            },
            (1, _) => match value.pointer_mut(place).expect("a place") {
                Value::Object(map) => drop(map.insert(key, junk)),
                Value::Array(list) => list.push(junk),
                other => *other = junk,
            },
            _ => *value.pointer_mut(place).expect("a place") = junk,
        }
        let by_schema = VALIDATOR.with(|validator| validator.is_valid(&value));
        match read(&value.to_string()) {
            Ok(manifest) => {
                prop_assert!(by_schema, "the reader takes what the schema refuses: {value}");
                prop_assert_eq!(read(&write(&manifest).to_string()), Ok(manifest));
            }
            Err(problems) => {
                let beyond = problems.0.iter().any(|problem| BEYOND.iter().any(|words| problem.what.contains(words)));
                prop_assert!(!by_schema || beyond, "the schema takes what the reader refuses: {problems}");
                prop_assert!(problems.0.iter().all(|problem| !problem.remedy.is_empty()));
            }
        }
    }
}
