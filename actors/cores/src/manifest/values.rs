//! The values that manifests are made of: numbers, texts, names, lists, parameters.
//!
//! Owns: their limits, in numbers and characters. Refuses: knowing where they stand.

use core::ops::RangeInclusive;
use core::str::FromStr;

use actors_protocol::NameError;
use actors_protocol::manifest::{PARAMETERS_MAX, Parameters, TEXT_CHARS_MAX, UNREAD_BYTES_MAX, Unread, WORD_CHARS_MAX};
use serde_json::{Map, Value};

use super::place::{Findings, Place, wrong_type};

/// A whole number within a range.
pub(super) fn number(
    (value, place): (&Value, Place),
    range: RangeInclusive<u32>,
    findings: &mut Findings,
) -> Option<u32> {
    let within = format!("give {} to {}", range.start(), range.end());
    let Some(given) = value.as_number() else {
        wrong_type(value, &place, "a whole number", findings);
        return None;
    };
    // A schema's integer may be written 4.0 as well.
    let whole =
        given.as_u64().or_else(|| given.as_f64().filter(|it| it.fract() == 0.0 && *it >= 0.0).map(|it| it as u64));
    let number = whole.and_then(|whole| u32::try_from(whole).ok()).filter(|number| range.contains(number));
    if number.is_none() {
        findings.add(&place, format!("{given} is not possible"), within);
    }
    number
}

/// A text of `least` to `most` characters.
pub(super) fn text(
    (value, place): (&Value, Place),
    least: usize,
    most: usize,
    findings: &mut Findings,
) -> Option<String> {
    let Some(text) = value.as_str() else {
        wrong_type(value, &place, "a text", findings);
        return None;
    };
    let chars = text.chars().count();
    if !(least..=most).contains(&chars) {
        findings.add(&place, format!("it has {chars} characters"), format!("give {least} to {most}"));
        return None;
    }
    Some(text.to_owned())
}

/// A text of at least one character and no more than a word's.
pub(super) fn word(at: (&Value, Place), findings: &mut Findings) -> Option<String> {
    text(at, 1, WORD_CHARS_MAX, findings)
}

/// A name; the complaint is the name's own.
pub(super) fn name<N: FromStr<Err = NameError>>((value, place): (&Value, Place), findings: &mut Findings) -> Option<N> {
    let Some(text) = value.as_str() else {
        wrong_type(value, &place, "a text", findings);
        return None;
    };
    text.parse().map_err(|error: NameError| findings.add(&place, error.to_string(), "give it another name")).ok()
}

/// The elements of a list of `least` to `most`, each with its place.
pub(super) fn list<'a>(
    (value, place): (&'a Value, Place),
    least: usize,
    most: usize,
    findings: &mut Findings,
) -> Option<Vec<(&'a Value, Place)>> {
    let Some(list) = value.as_array() else {
        wrong_type(value, &place, "a list", findings);
        return None;
    };
    if !(least..=most).contains(&list.len()) {
        findings.add(&place, format!("it has {} elements", list.len()), format!("give {least} to {most}"));
        return None;
    }
    Some(list.iter().enumerate().map(|(index, value)| (value, place.index(index))).collect())
}

/// The members of an object of at most `most`.
pub(super) fn object<'a>(
    (value, place): (&'a Value, Place),
    most: usize,
    findings: &mut Findings,
) -> Option<&'a Map<String, Value>> {
    let Some(map) = value.as_object() else {
        wrong_type(value, &place, "an object", findings);
        return None;
    };
    if map.len() > most {
        findings.add(&place, format!("it has {} members", map.len()), format!("{most} is the most"));
        return None;
    }
    Some(map)
}

/// What a key of parameters may be.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    /// `raw_port`: for a builder, an evaluator, a configuration.
    Parameters,
    /// `RUST_LOG`: for a program.
    Variables,
}

impl Keys {
    fn are(self, key: &str) -> bool {
        let short = (1..=WORD_CHARS_MAX).contains(&key.len());
        let first = key.bytes().next();
        short
            && match self {
                Keys::Parameters => {
                    first.is_some_and(|it| it.is_ascii_lowercase())
                        && key.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-".contains(&it))
                }
                Keys::Variables => {
                    first.is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
                        && key.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
                }
            }
    }

    fn remedy(self) -> &'static str {
        match self {
            Keys::Parameters => "begin with a-z, go on with a-z, 0-9, '_' and '-'",
            Keys::Variables => "begin with a letter or '_', go on with letters, digits and '_'",
        }
    }
}

/// Keys and texts.
pub(super) fn parameters(at: (&Value, Place), keys: Keys, findings: &mut Findings) -> Parameters {
    let place = at.1.clone();
    let mut parameters = Parameters::new();
    for (key, value) in object(at, PARAMETERS_MAX, findings).into_iter().flatten() {
        let place = place.key(key);
        if !keys.are(key) {
            findings.add(&place, "this is no key", keys.remedy());
        } else if let Some(value) = text((value, place), 0, TEXT_CHARS_MAX, findings) {
            parameters.insert(key.clone(), value);
        }
    }
    parameters
}

/// An object that is kept as it is.
pub(super) fn unread((value, place): (&Value, Place), findings: &mut Findings) -> Option<Unread> {
    if !value.is_object() {
        wrong_type(value, &place, "an object", findings);
        return None;
    }
    let text = value.to_string();
    if text.len() > UNREAD_BYTES_MAX {
        findings.add(&place, format!("it has {} bytes", text.len()), format!("{UNREAD_BYTES_MAX} is the most"));
        return None;
    }
    Some(Unread(text))
}
