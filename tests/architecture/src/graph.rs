//! The dependency graph, as cargo resolves it for this machine. Cargo fetches what it has not got yet, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To run.
    Normal,
    /// To build.
    Build,
    /// To test.
    Dev,
}

impl Kind {
    fn of(value: &Value) -> Kind {
        match value.as_str() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        }
    }
}

/// One of our crates.
#[derive(Debug)]
pub struct Member {
    /// Its folder, from the root.
    pub folder: PathBuf,
    /// What its manifest names, optional dependencies included, under their own names.
    pub names: Vec<(String, Kind)>,
    id: String,
}

/// All of it.
#[derive(Debug)]
pub struct Graph {
    /// Our crates, by name.
    pub members: BTreeMap<String, Member>,
    crate_names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    /// Asks cargo.
    pub fn load(root: &Path) -> Graph {
        let host = host_triple();
        let text = cargo(root, &["metadata", "--format-version", "1", "--filter-platform", &host]);
        Graph::read(&serde_json::from_str(&text).expect("cargo metadata prints JSON"), root)
    }

    fn read(metadata: &Value, root: &Path) -> Graph {
        let ours: BTreeSet<_> = list(&metadata["workspace_members"]).iter().map(text).collect();
        let mut graph = Graph { members: BTreeMap::new(), crate_names: BTreeMap::new(), edges: BTreeMap::new() };
        for package in list(&metadata["packages"]) {
            let (id, name) = (text(&package["id"]), text(&package["name"]));
            if ours.contains(&id) {
                let manifest = PathBuf::from(text(&package["manifest_path"]));
                let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root).ok());
                let folder = folder.expect("a member lies below the root").to_path_buf();
                let names = list(&package["dependencies"]);
                let names = names.iter().map(|it| (text(&it["name"]), Kind::of(&it["kind"]))).collect();
                graph.members.insert(name.clone(), Member { folder, names, id: id.clone() });
            }
            graph.crate_names.insert(id, name);
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let needed = list(&node["deps"])
                .iter()
                .filter(|edge| list(&edge["dep_kinds"]).iter().any(|reason| Kind::of(&reason["kind"]) != Kind::Dev));
            graph.edges.insert(text(&node["id"]), needed.map(|edge| text(&edge["pkg"])).collect());
        }
        graph
    }

    /// Every crate that `member` needs to build and to run, directly or through others, and for each the way to it.
    pub fn reaches(&self, member: &str) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        let start = self.members[member].id.clone();
        let mut seen = BTreeSet::from([start.clone()]);
        let mut ahead = vec![(start, vec![member.to_string()])];
        while let Some((id, way)) = ahead.pop() {
            for next in self.edges.get(&id).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    let name = self.crate_names[next].clone();
                    let mut way = way.clone();
                    way.push(name.clone());
                    found.insert(name, way.clone());
                    ahead.push((next.clone(), way));
                }
            }
        }
        found
    }
}

/// What `cargo ARGUMENTS` prints, run in `root`.
pub fn cargo(root: &Path, arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    output(Command::new(program).args(arguments).current_dir(root))
}

fn host_triple() -> String {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output(Command::new(program).arg("-vV"));
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc -vV names the host").to_string()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}
