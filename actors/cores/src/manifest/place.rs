//! Places in a JSON text, what was found at them, and objects whose keys are all known.
//!
//! Owns: JSON pointers and the words for what every part can get wrong. Refuses: knowing the parts.

use serde_json::{Map, Value};

use super::{PROBLEMS_MAX, Problem, Problems};
use crate::near::near;

/// A place, as a JSON pointer (RFC 6901).
#[derive(Clone, Debug)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn root() -> Place {
        Place(String::new())
    }

    /// The member `key` of the object that is here.
    pub(super) fn key(&self, key: &str) -> Place {
        // RFC 6901 section 3: `~` before `/`. A key is the stranger's: what is shown of it is bounded.
        let key: String = key.chars().take(80).collect();
        Place(format!("{}/{}", self.0, key.replace('~', "~0").replace('/', "~1")))
    }

    /// The element of the array that is here.
    pub(super) fn index(&self, index: usize) -> Place {
        Place(format!("{}/{index}", self.0))
    }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings(Vec<Problem>);

impl Findings {
    pub(super) fn add(&mut self, place: &Place, what: impl Into<String>, remedy: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(Problem { place: place.0.clone(), what: what.into(), remedy: remedy.into() });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn into_problems(self) -> Problems {
        Problems(self.0)
    }
}

/// An object whose keys are all known.
pub(super) struct Object<'a> {
    /// Where it is.
    pub(super) place: Place,
    map: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// Complains of what is no object, and of each key that is not among `known`.
    pub(super) fn open(value: &'a Value, place: Place, known: &[&str], findings: &mut Findings) -> Option<Object<'a>> {
        let Some(map) = value.as_object() else {
            wrong_type(value, &place, "an object", findings);
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let remedy = match near(key, known.iter().copied()).first() {
                Some(meant) => format!("is '{meant}' meant? Otherwise remove it"),
                None => format!("remove it; known here: {}", known.join(", ")),
            };
            findings.add(&place.key(key), "this key is not known", remedy);
        }
        Some(Object { place, map })
    }

    /// A member that may be absent.
    pub(super) fn get(&self, key: &str) -> Option<(&'a Value, Place)> {
        self.map.get(key).map(|value| (value, self.place.key(key)))
    }

    /// A member that must be there; `remedy` says what to add.
    pub(super) fn need(&self, key: &str, remedy: &str, findings: &mut Findings) -> Option<(&'a Value, Place)> {
        let found = self.get(key);
        if found.is_none() {
            findings.add(&self.place.key(key), "it is missing", remedy);
        }
        found
    }

    /// The members, by key.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.iter()
    }
}

/// Complains that `value` is not `wanted`.
pub(super) fn wrong_type(value: &Value, place: &Place, wanted: &str, findings: &mut Findings) {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let remedy = match value {
        Value::Null => "leave the key out".to_owned(),
        Value::Number(number) if wanted == "a text" => format!("put it between quotes: \"{number}\""),
        _ => format!("write {wanted}"),
    };
    findings.add(place, format!("it is {is}, not {wanted}"), remedy);
}
