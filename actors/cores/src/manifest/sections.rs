//! The parts of a manifest, one function each.
//!
//! Owns: which keys there are and which must be. Refuses: judging names by their owner.

use std::collections::BTreeSet;

use actors_protocol::ServiceName;
use actors_protocol::manifest::{
    COMMAND_WORDS_MAX, CONFIGURATIONS_MAX, Configuration, EvaluatorUse, Kind, Manifest, Parameters, ResourceLimits,
    SLOTS_EACH_MAX, SLOTS_MOST_MAX, SlotPlan, TEXT_CHARS_MAX, Targets, Visibility,
};
use serde_json::Value;

use super::place::{Findings, Object, Place};
use super::values::{Keys, list, name, number, parameters, text, unread, word};
use super::{graph, version};

const KEYS: &[&str] = &[
    "$schema",
    "manifest",
    "name",
    "provider",
    "description",
    "visibility",
    "kind",
    "limits",
    "evaluator",
    "slots",
    "configurations",
    "parameters",
    "targets",
    "utility",
    "scaling",
    "graph",
];

/// The whole. None only when something was found.
pub(super) fn manifest(value: &Value, findings: &mut Findings) -> Option<Manifest> {
    let object = &Object::open(value, Place::root(), KEYS, findings)?;
    let manifest = version(object, findings)?;
    if let Some(at) = object.get("$schema") {
        text(at, 1, TEXT_CHARS_MAX, findings);
    }
    let own = object.need("name", "add a name: \"guide.example\"", findings);
    let own: Option<ServiceName> = own.and_then(|at| name(at, findings));
    let provider = object.need("provider", "add your user's name", findings).and_then(|at| name(at, findings));
    let description = object.get("description").and_then(|at| text(at, 0, TEXT_CHARS_MAX, findings));
    let visibility = visibility(object, findings);
    let kind = kind(object, findings);
    let limits = object.get("limits").and_then(|at| limits(at, findings));
    let evaluator = object.get("evaluator").and_then(|at| evaluator(at, own.as_ref(), findings));
    let slots = slots(object, findings);
    let configurations = configurations(object, own.as_ref(), slots.map(|slots| slots.each), findings);
    let parameters = given(object, "parameters", Keys::Parameters, findings);
    let targets = object.get("targets").and_then(|at| targets(at, findings)).unwrap_or_default();
    let utility = object.get("utility").and_then(|at| unread(at, findings));
    let scaling = object.get("scaling").and_then(|at| unread(at, findings));
    let graph = object.get("graph").and_then(|at| graph::graph(at, &configurations, findings));
    Some(Manifest {
        manifest,
        name: own?,
        provider: provider?,
        description,
        visibility: visibility?,
        kind: kind?,
        limits,
        evaluator,
        slots: slots?,
        configurations,
        parameters,
        targets,
        utility,
        scaling,
        graph,
    })
}

/// Parameters that may be absent.
fn given(object: &Object<'_>, key: &str, keys: Keys, findings: &mut Findings) -> Parameters {
    object.get(key).map(|at| parameters(at, keys, findings)).unwrap_or_default()
}

fn visibility(object: &Object<'_>, findings: &mut Findings) -> Option<Visibility> {
    let (value, place) = object.need("visibility", "add \"public\" or \"private\"", findings)?;
    match value.as_str() {
        Some("public") => Some(Visibility::Public),
        Some("private") => Some(Visibility::Private),
        _ => {
            findings.add(&place, format!("{} is no visibility", shown(value)), "write \"public\" or \"private\"");
            None
        }
    }
}

const KINDS: &str = "write one of {\"actor\": …}, {\"process\": …}, {\"container\": …}, {\"vm\": …}";

fn kind(object: &Object<'_>, findings: &mut Findings) -> Option<Kind> {
    let (value, place) = object.need("kind", KINDS, findings)?;
    let words = ["actor", "process", "container", "vm"];
    let object = Object::open(value, place, &words, findings)?;
    let mut members = object.members().filter(|(key, _)| words.contains(&key.as_str()));
    let (Some((word_of_kind, value)), None) = (members.next(), members.next()) else {
        findings.add(&object.place, "an instance is of exactly one kind", KINDS);
        return None;
    };
    let place = object.place.key(word_of_kind);
    let keys: &[&str] = match word_of_kind.as_str() {
        "actor" => &["builder"],
        "process" => &["command", "environment"],
        "container" => &["image", "command", "environment"],
        _ => &["image", "command"],
    };
    let of = &Object::open(value, place, keys, findings)?;
    let variables = |findings: &mut Findings| given(of, "environment", Keys::Variables, findings);
    let image = |findings: &mut Findings| {
        of.need("image", "add its name: \"fusion/epg:1\"", findings).and_then(|at| word(at, findings))
    };
    let command = |findings: &mut Findings| of.get("command").map_or(Some(Vec::new()), |at| words_of(at, findings));
    match word_of_kind.as_str() {
        "actor" => {
            let builder = of.need("builder", "add the builder's word: \"epg\"", findings)?;
            Some(Kind::Actor { builder: word(builder, findings)? })
        }
        "process" => {
            let command = of.need("command", "add the program and its arguments: [\"fusion\", \"serve\"]", findings);
            let (command, environment) = (command.and_then(|at| words_of(at, findings)), variables(findings));
            Some(Kind::Process { command: command?, environment })
        }
        "container" => {
            let (image, command, environment) = (image(findings), command(findings), variables(findings));
            Some(Kind::Container { image: image?, command: command?, environment })
        }
        _ => {
            let (image, command) = (image(findings), command(findings));
            Some(Kind::Vm { image: image?, command: command? })
        }
    }
}

fn words_of(at: (&Value, Place), findings: &mut Findings) -> Option<Vec<String>> {
    let words = list(at, 1, COMMAND_WORDS_MAX, findings)?;
    let words = words.into_iter().enumerate();
    // The program has a name; an argument may be empty.
    words.map(|(index, at)| text(at, usize::from(index == 0), TEXT_CHARS_MAX, findings)).collect()
}

fn limits((value, place): (&Value, Place), findings: &mut Findings) -> Option<ResourceLimits> {
    let object = Object::open(value, place, &["cpu_millis", "memory_mb"], findings)?;
    let cpu_millis = object.get("cpu_millis").and_then(|at| number(at, 1..=1_024_000, findings));
    let memory_mb = object.get("memory_mb").and_then(|at| number(at, 4..=16_777_216, findings));
    let limits = ResourceLimits { cpu_millis, memory_mb };
    (limits != ResourceLimits::default()).then_some(limits)
}

fn evaluator(
    (value, place): (&Value, Place),
    own: Option<&ServiceName>,
    findings: &mut Findings,
) -> Option<EvaluatorUse> {
    let object = Object::open(value, place, &["service", "parameters"], findings)?;
    let at = object.need("service", "add the evaluator's name: \"fit.fusion\"", findings)?;
    let place = at.1.clone();
    let service = name(at, findings)?;
    if own == Some(&service) {
        findings.add(&place, "a service cannot evaluate itself", "name another, or leave the evaluator out");
    }
    Some(EvaluatorUse { service, parameters: given(&object, "parameters", Keys::Parameters, findings) })
}

fn slots(object: &Object<'_>, findings: &mut Findings) -> Option<SlotPlan> {
    let (value, place) = object.need("slots", "add how many an instance has: {\"each\": 8}", findings)?;
    let object = Object::open(value, place, &["each", "most"], findings)?;
    let each = object.need("each", "add how many slots an instance has: 8", findings);
    let each = each.and_then(|at| number(at, 1..=SLOTS_EACH_MAX, findings));
    let most = object.get("most").map(|at| (at.1.clone(), number(at, 1..=SLOTS_MOST_MAX, findings)));
    if let (Some(each), Some((place, Some(most)))) = (each, &most)
        && *most < each
    {
        let what = format!("the domain may have {most}, and one instance has {each} already");
        findings.add(place, what, format!("give {each} or more, or fewer in /slots/each"));
    }
    Some(SlotPlan { each: each?, most: most.and_then(|(_, most)| most) })
}

fn configurations(
    object: &Object<'_>,
    own: Option<&ServiceName>,
    each: Option<u32>,
    findings: &mut Findings,
) -> Vec<Configuration> {
    let Some(at) = object.get("configurations") else {
        let alone = |name: &ServiceName| Configuration { name: name.clone(), cap: None, parameters: Parameters::new() };
        return own.map(alone).into_iter().collect();
    };
    let place = at.1.clone();
    let before = findings.count();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for at in list(at, 1, CONFIGURATIONS_MAX, findings).into_iter().flatten() {
        let Some(configuration) = configuration(at, each, &mut seen, findings) else { continue };
        found.push(configuration);
    }
    if let Some(own) = own
        && findings.count() == before
        && !seen.contains(own)
    {
        let remedy = format!("add {{\"name\": \"{own}\"}}, or call the service by one of the names");
        findings.add(&place, format!("none of them has the service's own name, {own}"), remedy);
    }
    found
}

fn configuration(
    (value, place): (&Value, Place),
    each: Option<u32>,
    seen: &mut BTreeSet<ServiceName>,
    findings: &mut Findings,
) -> Option<Configuration> {
    let object = Object::open(value, place, &["name", "cap", "parameters"], findings)?;
    let at = object.need("name", "add the name that viewers open: \"guide-hd.example\"", findings);
    let name: Option<ServiceName> = at.and_then(|at| name(at, findings));
    if let Some(name) = &name
        && !seen.insert(name.clone())
    {
        findings.add(&object.place.key("name"), format!("{name} is there twice"), "give each a name of its own");
    }
    let cap = object.get("cap").and_then(|at| number(at, 1..=SLOTS_EACH_MAX, findings));
    if let (Some(cap), Some(each)) = (cap, each)
        && cap > each
    {
        let what = format!("at most {cap} slots of an instance that has {each}");
        findings.add(&object.place.key("cap"), what, format!("give {each} or fewer, or leave it out"));
    }
    let parameters = given(&object, "parameters", Keys::Parameters, findings);
    Some(Configuration { name: name?, cap, parameters })
}

fn targets((value, place): (&Value, Place), findings: &mut Findings) -> Option<Targets> {
    let keys = ["frames_per_second", "input_to_picture_ms", "deploy_ms"];
    let object = Object::open(value, place, &keys, findings)?;
    let mut wish = |key: &str, most: u32| object.get(key).and_then(|at| number(at, 1..=most, findings));
    Some(Targets {
        frames_per_second: wish("frames_per_second", 1_000),
        input_to_picture_ms: wish("input_to_picture_ms", 60_000),
        deploy_ms: wish("deploy_ms", 600_000),
    })
}

/// A stranger's value, as much of it as fits into a message.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
