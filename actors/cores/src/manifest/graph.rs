//! The graph of a composite service: its references lead somewhere, and never in a circle.
//!
//! Owns: that check. Refuses: acting on a graph; nothing does yet.

use std::collections::BTreeMap;

use actors_protocol::ServiceName;
use actors_protocol::manifest::{COMPONENTS_MAX, Component, Configuration, Graph};
use actors_protocol::name::LABEL_BYTES_MAX;
use serde_json::Value;

use super::place::{Findings, Object, Place};
use super::values::{list, name, object, text};
use crate::near::near;

/// The graph of a service that is opened by the names of `own`.
pub(super) fn graph((value, place): (&Value, Place), own: &[Configuration], findings: &mut Findings) -> Option<Graph> {
    let outer = Object::open(value, place, &["components"], findings)?;
    let at = outer.need("components", "add the parts by name: {\"renderer\": {\"service\": …}}", findings)?;
    let place = at.1.clone();
    let mut components = BTreeMap::new();
    for (key, value) in object(at, COMPONENTS_MAX, findings)? {
        let place = place.key(key);
        if !is_label(key) {
            findings.add(&place, "this is no name of a component", "1 to 63 of a-z, 0-9 and '-', not '-' at an end");
        } else if let Some(component) = component(value, place, own, findings) {
            components.insert(key.clone(), component);
        }
    }
    if findings.is_empty() {
        leads_somewhere(&components, &place, findings);
        if let Some(circle) = circle(&components) {
            let place = place.key(&circle[0]).key("uses");
            let what = format!("it uses itself: {} → {}", circle.join(" → "), circle[0]);
            findings.add(&place, what, "take one of these uses out");
        }
    }
    Some(Graph { components })
}

fn is_label(key: &str) -> bool {
    // The rule is that of every one-label name; which of them does not matter.
    actors_protocol::NodeName::new(key).is_ok()
}

fn component(value: &Value, place: Place, own: &[Configuration], findings: &mut Findings) -> Option<Component> {
    let object = Object::open(value, place, &["service", "uses"], findings)?;
    let at = object.need("service", "add the service that it is: \"renderer.example\"", findings)?;
    let place = at.1.clone();
    let service: ServiceName = name(at, findings)?;
    if own.iter().any(|configuration| configuration.name == service) {
        findings.add(&place, "a service cannot be a component of itself", "name another service");
    }
    let uses = object.get("uses").map(|at| list(at, 0, COMPONENTS_MAX, findings)).unwrap_or_default();
    let uses = uses.into_iter().flatten();
    let uses = uses.map(|at| text(at, 1, LABEL_BYTES_MAX, findings)).collect::<Option<Vec<_>>>()?;
    Some(Component { service, uses })
}

fn leads_somewhere(components: &BTreeMap<String, Component>, place: &Place, findings: &mut Findings) {
    for (key, component) in components {
        for (index, used) in component.uses.iter().enumerate().filter(|(_, used)| !components.contains_key(*used)) {
            let remedy = match near(used, components.keys()).first() {
                Some(meant) => format!("is '{meant}' meant?"),
                None => "add it to the components".to_owned(),
            };
            let place = place.key(key).key("uses").index(index);
            findings.add(&place, format!("there is no component '{used}'"), remedy);
        }
    }
}

/// The first circle, if there is one: each uses the next, the last one uses the first.
fn circle(components: &BTreeMap<String, Component>) -> Option<Vec<String>> {
    // What is known to lead to no circle.
    let mut clear = Vec::new();
    // The way from a component down to the one looked at, each with how many of its uses have been followed.
    let mut way: Vec<(&str, usize)> = Vec::new();
    for start in components.keys() {
        way.push((start, 0));
        while let Some((at, followed)) = way.last_mut() {
            let at: &str = at;
            let next = components.get(at).and_then(|component| component.uses.get(*followed));
            *followed += 1;
            let Some(next) = next else {
                clear.push(at);
                way.pop();
                continue;
            };
            if let Some(begin) = way.iter().position(|(on_way, _)| on_way == next) {
                return Some(way[begin..].iter().map(|(on_way, _)| (*on_way).to_owned()).collect());
            }
            if !clear.contains(&next.as_str()) {
                way.push((next, 0));
            }
        }
    }
    None
}
