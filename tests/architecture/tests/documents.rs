//! What the documents must hold: the code map, the links, the page of the role table, the top of the repository.

use std::collections::BTreeSet;
use std::path::Path;

use actors_protocol::table;
use tests_architecture::graph::Graph;
use tests_architecture::rules::TOP_LEVEL;
use tests_architecture::sources::{files, read, with_extension};
use tests_architecture::{Findings, root};

#[test]
fn the_code_map_names_every_crate_with_its_invariant_and_boundary() {
    let root = root();
    let text = read(&root, "ARCHITECTURE.md".as_ref());
    let mut findings = Findings::new();
    for member in Graph::load(&root).members.values() {
        let folder = member.folder.display();
        // Its section: from the heading that names its folder to the next heading.
        let mut lines =
            text.lines().skip_while(|line| !(line.starts_with('#') && line.contains(&format!("`{folder}`"))));
        let Some(_) = lines.next() else {
            findings.add(
                format!("ARCHITECTURE.md has no section for {folder}"),
                format!("add '### `{folder}`' to the code map: what it is, **Invariant**, **Boundary**"),
            );
            continue;
        };
        let section: Vec<_> = lines.take_while(|line| !line.starts_with('#')).collect();
        for word in ["**Invariant**", "**Boundary**"] {
            if !section.iter().any(|line| line.contains(word)) {
                findings.add(
                    format!("ARCHITECTURE.md: the section of {folder} has no {word}"),
                    "say what is always true of it (mostly what is absent), and what its callers may rely on",
                );
            }
        }
    }
    findings.settle("ARCHITECTURE.md holds a code map of the whole workspace.");
}

#[test]
fn nothing_else_stands_at_the_top() {
    let mut findings = Findings::new();
    let files = files(&root());
    let tops: BTreeSet<_> = files.iter().filter_map(|path| path.iter().next()?.to_str()).collect();
    for top in tops.iter().filter(|top| !top.starts_with('.') && !TOP_LEVEL.contains(top)) {
        findings
            .add(format!("{top} stands at the top of the repository"), format!("move it into one of {TOP_LEVEL:?}"));
    }
    findings.settle("The top of the repository is what ARCHITECTURE.md shows.");
}

#[test]
fn links_lead_somewhere_and_every_decision_record_is_linked() {
    let root = root();
    let all = files(&root);
    let mut findings = Findings::new();
    let mut linked = BTreeSet::new();
    for page in with_extension(&all, "md") {
        for target in links(&read(&root, page)) {
            let file = target.split('#').next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") || file.is_empty() {
                continue;
            }
            let path = tidy(&page.parent().unwrap_or(Path::new("")).join(file));
            if !root.join(&path).exists() {
                findings.add(format!("{} links to {target}, which is not there", page.display()), "mend the link");
            }
            linked.insert(path);
        }
    }
    for record in with_extension(&all, "md").filter(|path| path.starts_with("docs/adr")) {
        if !linked.contains(record.to_string_lossy().as_ref()) {
            findings.add(
                format!("nothing links to {}", record.display()),
                "link it where its decision is told: ARCHITECTURE.md, or the page it concerns",
            );
        }
    }
    findings.settle("A reader finds every page, and every link works.");
}

/// The targets of the links of a page: what stands in `](…)`.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.trim())
}

/// `path` without `.` and `..`.
fn tidy(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().filter_map(|part| part.to_str()) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The page that shows who may call what. Generated: the table in `actors/protocol` is the only original.
const ROLES_PAGE: &str = "docs/roles.md";

#[test]
fn the_page_of_the_role_table_is_the_table() {
    let page = root().join(ROLES_PAGE);
    if std::env::var_os("FUSION_BLESS").is_some_and(|it| it == "1") {
        std::fs::write(&page, roles_page()).expect("the page can be written");
    }
    match std::fs::read_to_string(&page) {
        Ok(text) => assert!(
            text == roles_page(),
            "{ROLES_PAGE} is not the table of actors/protocol\n      remedy: FUSION_BLESS=1 cargo test -p tests-architecture"
        ),
        Err(_) => println!("skipped: there is no {ROLES_PAGE}; FUSION_BLESS=1 writes it"),
    }
}

fn roles_page() -> String {
    let mut page = String::from(
        "# Who may call what\n\n\
         Generated from the table in `actors/protocol/src/table.rs`, the one that every call is checked against; whatever is\n\
         not in it, nobody may. Rewrite it with `FUSION_BLESS=1 cargo test -p tests-architecture`.\n",
    );
    for (word, calls) in table::PROTOCOLS {
        page.push_str(&format!("\n## {word}\n\n| tag | call | since minor | who |\n|---|---|---|---|\n"));
        for call in *calls {
            let who: Vec<_> = table::callers(call.tag).iter().map(|role| role.to_string()).collect();
            page.push_str(&format!("| {:#06x} | {} | {} | {} |\n", call.tag, call.name, call.since, who.join(", ")));
        }
    }
    page
}
