//! The arrows between our crates and the fences around outside ones, against what cargo resolves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use tests_architecture::graph::{Graph, Kind, cargo};
use tests_architecture::rules::{ARROWS, BLIND, FENCES, IMPURE, PURE, fits};
use tests_architecture::{Findings, root, sources};

fn graph() -> &'static Graph {
    static GRAPH: OnceLock<Graph> = OnceLock::new();
    GRAPH.get_or_init(|| Graph::load(&root()))
}

#[test]
fn every_crate_has_a_row_and_every_row_a_crate() {
    let mut findings = Findings::new();
    for (name, member) in &graph().members {
        if !ARROWS.iter().any(|row| row.of == name) {
            findings.add(
                format!("{name} has no row in ARROWS"),
                "add it to tests/architecture/src/rules.rs and to ARCHITECTURE.md",
            );
        }
        let path = member.folder.to_string_lossy().replace('/', "-");
        if *name != path {
            findings.add(format!("{name} lies in {}", member.folder.display()), "a crate's name is its path");
        }
    }
    for row in ARROWS {
        for name in [row.of].iter().chain(row.may).chain(row.tests_may) {
            if !graph().members.contains_key(*name) {
                findings.add(format!("ARROWS names {name}, which is no crate of ours"), "remove it from the table");
            }
        }
    }
    let rows: BTreeSet<_> = ARROWS.iter().map(|row| row.of).collect();
    assert_eq!(rows.len(), ARROWS.len(), "a crate has two rows in ARROWS");
    findings.settle("The table of arrows is complete.");
}

#[test]
fn arrows_point_down() {
    let mut findings = Findings::new();
    for (place, row) in ARROWS.iter().enumerate() {
        for below in row.may {
            if !ARROWS[..place].iter().any(|earlier| earlier.of == *below) {
                findings.add(format!("ARROWS lets {} depend on {below}, which stands below it", row.of), "reorder");
            }
        }
    }
    for (name, member) in &graph().members {
        let Some(row) = ARROWS.iter().find(|row| row.of == name) else { continue };
        for (named, kind) in &member.names {
            let ours = graph().members.contains_key(named);
            let allowed = row.may.contains(&named.as_str())
                || *kind == Kind::Dev && (row.tests_may.contains(&named.as_str()) || named == name);
            if ours && !allowed {
                findings.add(
                    format!("{name} depends on {named} ({kind:?})"),
                    format!("{name} may name {:?}: go through one of these, or change the architecture", row.may),
                );
            }
        }
    }
    findings
        .settle("Our crates depend on each other as the architecture says (tests/architecture/src/rules.rs, ARROWS).");
}

#[test]
fn outside_crates_stay_behind_their_fences() {
    let mut findings = Findings::new();
    for (name, member) in &graph().members {
        for (named, kind) in &member.names {
            for fence in FENCES.iter().filter(|fence| fits(named, fence.outside)) {
                let allowed =
                    fence.by.contains(&name.as_str()) || *kind == Kind::Dev && fence.tests_by.contains(&name.as_str());
                if !allowed {
                    findings.add(
                        format!("{name} names {named} ({kind:?}); only {:?} may", fence.by),
                        format!("remove it from {}/Cargo.toml: {}", member.folder.display(), fence.why),
                    );
                }
            }
        }
    }
    findings.settle("Outside crates stay behind their fences (tests/architecture/src/rules.rs, FENCES).");
}

#[test]
fn pure_crates_reach_nothing_impure() {
    let mut findings = Findings::new();
    for name in PURE {
        for (reached, way) in graph().reaches(name) {
            if IMPURE.iter().any(|pattern| fits(&reached, pattern)) {
                findings.add(
                    format!("{name} reaches {reached}: {}", way.join(" → ")),
                    "move what needs it into a shell, or turn off the feature that brings it",
                );
            }
        }
    }
    findings.settle("A pure crate decides: no runtime, socket, media library or randomness can be reached from it.");
}

#[test]
fn crates_do_not_see_what_they_must_not() {
    let mut findings = Findings::new();
    for (name, patterns, why) in BLIND {
        for (reached, way) in graph().reaches(name) {
            if patterns.iter().any(|pattern| fits(&reached, pattern)) {
                findings.add(format!("{name} reaches {reached}: {}", way.join(" → ")), format!("cut the way: {why}"));
            }
        }
    }
    findings.settle("Some crates stay blind to others (tests/architecture/src/rules.rs, BLIND).");
}

#[test]
fn a_control_only_binary_needs_no_gstreamer() {
    let tree = tree_of_the_binary(&["--no-default-features"]);
    let mut findings = Findings::new();
    let needed: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for name in needed.iter().filter(|name| fits(name, "gstreamer*") || **name == "media-pipeline") {
        findings.add(
            format!("nodes-fusion --no-default-features needs {name}"),
            "make the dependency optional, behind the feature `media`, all the way up",
        );
    }
    findings.settle("Cargo feature `media` can be off.");
}

#[test]
fn the_binary_has_no_deliberate_flaws_and_nothing_of_the_tests() {
    let tree = tree_of_the_binary(&["--format", "{p} features={f}"]);
    let mut findings = Findings::new();
    for line in tree.lines() {
        let (name, features) = line.split_once(" features=").unwrap_or((line, ""));
        if features.split(',').any(|feature| feature.trim() == "flaws") {
            findings.add(format!("{name} is built with feature `flaws`"), "only tests/harness may turn it on");
        }
        if name.starts_with("tests-") {
            findings.add(format!("nodes-fusion needs {name}"), "what a program needs does not live in tests/");
        }
    }
    assert!(tree.contains("actors-cores"), "the list of what the binary needs is not what it was: {tree}");
    findings.settle("What is shipped is whole.");
}

fn tree_of_the_binary(more: &[&str]) -> String {
    let arguments = ["tree", "--package", "nodes-fusion", "--edges", "normal,build", "--prefix", "none"];
    cargo(&root(), &[&arguments, more].concat())
}

#[test]
fn cargo_deny_is_told_the_same_fences() {
    let text = sources::read(&root(), ".deny.toml".as_ref());
    let deny: toml::Table = text.parse().expect(".deny.toml is TOML");
    let list = |value: Option<&toml::Value>| -> BTreeSet<String> {
        let items = value.and_then(toml::Value::as_array).into_iter().flatten();
        items.filter_map(toml::Value::as_str).map(str::to_string).collect()
    };
    let banned: BTreeMap<String, BTreeSet<String>> = deny["bans"]["deny"]
        .as_array()
        .expect("bans.deny is a list")
        .iter()
        .map(|entry| (entry["crate"].as_str().unwrap_or_default().to_string(), list(entry.get("wrappers"))))
        .collect();
    let mut findings = Findings::new();
    for (outside, wrappers) in banned.iter().filter(|(_, wrappers)| !wrappers.is_empty()) {
        let ours: BTreeSet<_> = wrappers.iter().filter(|name| graph().members.contains_key(*name)).cloned().collect();
        let fence = FENCES.iter().find(|fence| fits(outside, fence.outside));
        let by: BTreeSet<_> = fence.into_iter().flat_map(|fence| fence.by).map(|name| name.to_string()).collect();
        if ours != by {
            findings.add(
                format!(".deny.toml lets {ours:?} name {outside}, FENCES lets {by:?}"),
                "make .deny.toml and tests/architecture/src/rules.rs say the same",
            );
        }
    }
    for outside in ["actix", "bincode", "dashmap", "gstreamer", "quinn", "redb"] {
        if !banned.contains_key(outside) {
            findings.add(format!(".deny.toml does not fence {outside}"), "add a line to bans.deny, with its wrappers");
        }
    }
    findings.settle("cargo-deny checks the same fences.");
}
