//! What a provider gets told who writes a manifest: each mistake with its place and its remedy.

use serde_json::{Value, json};

use super::{Owner, PROBLEMS_MAX, Problems, belongs, read, write};

const EPG: &str = include_str!("../../../../fixtures/manifests/epg.json");
const COMPOSITE: &str = include_str!("../../../../fixtures/manifests/composite.json");

/// The guide's manifest with one part changed.
fn with(pointer: &str, value: Value) -> String {
    changed(EPG, pointer, value)
}

fn changed(text: &str, pointer: &str, value: Value) -> String {
    let mut whole: Value = serde_json::from_str(text).expect("a fixture");
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match whole.pointer_mut(parent).expect("a parent that exists") {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
        other => panic!("{other} has no members"),
    }
    whole.to_string()
}

/// Exactly one problem, at `place`, that says these words.
fn refused(text: &str, place: &str, words: &[&str]) {
    let Problems(problems) = read(text).expect_err("it should be refused");
    let [problem] = problems.as_slice() else { panic!("not one problem: {problems:?}") };
    assert_eq!(problem.place, place, "{problem}");
    assert!(!problem.remedy.is_empty());
    for word in words {
        assert!(problem.to_string().contains(word), "'{word}' is not in: {problem}");
    }
}

#[test]
fn an_unknown_key_is_refused_and_the_one_that_was_meant_is_named() {
    refused(&with("/visibilty", json!("public")), "/visibilty", &["not known", "'visibility' meant"]);
    refused(&with("/slots/number", json!(4)), "/slots/number", &["not known", "each, most"]);
    refused(&with("/configurations/1/a~b~1c", json!(1)), "/configurations/1/a~0b~01c", &["remove it"]);
}

#[test]
fn a_wrong_type_is_refused_with_the_right_one() {
    refused(&with("/slots/each", json!("8")), "/slots/each", &["a text", "whole number"]);
    refused(&with("/parameters/rate", json!(30)), "/parameters/rate", &["a number", "\"30\""]);
    refused(&with("/kind", json!("actor")), "/kind", &["a text", "an object"]);
    refused(&with("/evaluator", Value::Null), "/evaluator", &["null", "leave the key out"]);
    refused(&with("/configurations/0", json!([])), "/configurations/0", &["a list", "an object"]);
    refused("[]", "", &["the manifest", "a list"]);
}

#[test]
fn what_is_missing_is_named_with_an_example() {
    refused(&with("/slots", json!({})), "/slots/each", &["missing", "8"]);
    refused(&with("/kind", json!({ "actor": {} })), "/kind/actor/builder", &["missing", "epg"]);
    let Problems(problems) = read(r#"{"manifest": 1}"#).expect_err("nearly nothing");
    let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["/name", "/provider", "/visibility", "/kind", "/slots"]);
}

#[test]
fn impossible_slots_are_refused() {
    refused(&with("/slots/each", json!(0)), "/slots/each", &["0 is not possible", "1 to 4096"]);
    refused(&with("/slots/each", json!(-3)), "/slots/each", &["-3"]);
    refused(&with("/slots/each", json!(12.5)), "/slots/each", &["12.5"]);
    refused(&with("/slots/most", json!(11)), "/slots/most", &["11", "12"]);
    refused(&with("/configurations/1/cap", json!(13)), "/configurations/1/cap", &["13", "12"]);
    refused(&with("/configurations/1/cap", json!(0)), "/configurations/1/cap", &["0 is not possible"]);
}

#[test]
fn an_instance_is_of_exactly_one_kind() {
    refused(&with("/kind", json!({})), "/kind", &["exactly one kind", "container"]);
    refused(&with("/kind/vm", json!({ "image": "x" })), "/kind", &["exactly one kind"]);
    refused(&with("/kind", json!({ "process": { "command": [] } })), "/kind/process/command", &["0 elements"]);
    refused(&with("/kind", json!({ "vm": { "image": "" } })), "/kind/vm/image", &["0 characters"]);
    let spaced = json!({ "process": { "command": ["x"], "environment": { "A B": "" } } });
    refused(&with("/kind", spaced), "/kind/process/environment/A B", &["no key", "letters"]);
}

#[test]
fn a_graph_that_uses_itself_is_refused_and_the_circle_is_shown() {
    let circle = changed(COMPOSITE, "/graph/components/assets/uses", json!(["renderer"]));
    refused(&circle, "/graph/components/assets/uses", &["assets → renderer → world → assets", "take one"]);
    let alone = changed(COMPOSITE, "/graph/components/assets/uses", json!(["assets"]));
    refused(&alone, "/graph/components/assets/uses", &["assets → assets"]);
    let whole = changed(COMPOSITE, "/graph/components/assets/service", json!("game.example"));
    refused(&whole, "/graph/components/assets/service", &["component of itself"]);
    refused(&with("/evaluator/service", json!("epg.example")), "/evaluator/service", &["evaluate itself"]);
}

#[test]
fn a_graph_that_leads_nowhere_is_refused_and_what_was_meant_is_named() {
    let astray = changed(COMPOSITE, "/graph/components/world/uses", json!(["asets"]));
    refused(&astray, "/graph/components/world/uses/0", &["no component 'asets'", "'assets' meant"]);
}

#[test]
fn names_are_checked_and_stand_once() {
    refused(&with("/name", json!("EPG.example")), "/name", &["EPG.example", "a-z"]);
    refused(&with("/configurations/1/name", json!("epg.example")), "/configurations/1/name", &["twice"]);
    refused(&with("/configurations/0/name", json!("epg-sd.example")), "/configurations", &["own name", "epg.example"]);
}

#[test]
fn somebody_elses_name_is_refused_with_one_that_may_be_taken() {
    let owner = Owner { name: "example".parse().expect("a name"), suffixes: vec!["example".parse().expect("a name")] };
    let epg = read(EPG).expect("the fixture");
    belongs(&epg, &owner).expect("it is theirs");
    let other = Owner { name: "other".parse().expect("a name"), suffixes: vec!["ample".parse().expect("a name")] };
    let Problems(problems) = belongs(&epg, &other).expect_err("it is not theirs, although the letters end alike");
    let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["/provider", "/name", "/configurations/1/name"]);
    assert!(problems[1].to_string().contains("somebody else's") && problems[1].remedy.contains("epg.ample"));
    let bare = Owner { suffixes: Vec::new(), ..other };
    let Problems(problems) = belongs(&epg, &bare).expect_err("no suffix at all");
    assert!(problems[1].remedy.contains("administrator"));
}

#[test]
fn another_version_is_not_judged_by_the_rules_of_this_one() {
    let text = r#"{"manifest": 2, "name": 5}"#;
    refused(text, "/manifest", &["version 2", "reads 1"]);
}

#[test]
fn what_is_no_json_is_refused_with_line_and_column() {
    let Problems(problems) = read("{\n  \"manifest\": 1,\n}").expect_err("a comma too many");
    assert!(problems[0].place.starts_with("line 3, column"), "{}", problems[0]);
    let Problems(problems) = read(&format!("\"{}\"", "x".repeat(40_000))).expect_err("too long");
    assert!(problems[0].what.contains("40002") && problems[0].remedy.contains("32768"));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(read(&deep).is_err(), "depth is bounded, the stack is safe");
}

#[test]
fn a_key_that_stands_twice_is_refused_and_not_lost() {
    let twice = EPG.replacen("\"slots\":", "\"slots\": {\"each\": 1},\n  \"slots\":", 1);
    let Problems(problems) = read(&twice).expect_err("two plans");
    assert!(
        problems[0].place.starts_with("line 11") && problems[0].what.contains("'slots' is there twice"),
        "{}",
        problems[0]
    );
    assert!(problems[0].remedy.contains("keep one"));
}

#[test]
fn many_mistakes_are_told_at_once_and_no_more_than_a_screen_of_them() {
    let mut whole: Value = serde_json::from_str(EPG).expect("the fixture");
    for key in 0..40 {
        whole[format!("wrong-{key}")] = json!(key);
    }
    let Problems(problems) = read(&whole.to_string()).expect_err("forty wrong keys");
    assert_eq!(problems.len(), PROBLEMS_MAX);
}

#[test]
fn what_is_kept_unread_comes_back_as_it_was() {
    let written = write(&read(COMPOSITE).expect("the fixture"));
    let given: Value = serde_json::from_str(COMPOSITE).expect("the fixture");
    for part in ["utility", "scaling", "graph"] {
        assert_eq!(written[part], given[part]);
    }
    let long = changed(COMPOSITE, "/utility", json!({ "x": "x".repeat(5_000) }));
    refused(&long, "/utility", &["bytes", "4096"]);
}
