//! What comes in, checked: percent-encoding, the query, JSON objects with known keys.
//!
//! Owns: reading what strangers send. Refuses: keys that nobody knows, keys that stand twice.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::problem::{Kind, Problem};
use crate::routes::Query;

/// Decodes percent-encoding (RFC 3986 §2.1); in a query a plus is a space. None: it is no UTF-8, or an escape is torn.
pub fn decoded(text: &str, in_query: bool) -> Option<String> {
    let (mut bytes, mut decoded) = (text.bytes(), Vec::with_capacity(text.len()));
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                (digit(bytes.next()?)? * 16 + digit(bytes.next()?)?) as u8
            }
            b'+' if in_query => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

/// Reads a query; only `known` may stand in it, each once.
pub fn query(text: &str, known: &[Query]) -> Result<BTreeMap<&'static str, String>, Problem> {
    let bad = |words: String| Problem::new(Kind::Malformed, words);
    let mut values = BTreeMap::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (Some(key), Some(value)) = (decoded(key, true), decoded(value, true)) else {
            return Err(bad("the query is not percent-encoded UTF-8".to_owned()));
        };
        let Some(name) = known.iter().map(|query| query.name()).find(|name| *name == key) else {
            let names: Vec<_> = known.iter().map(|query| query.name()).collect();
            let key: String = key.chars().take(80).collect();
            return Err(bad(match names.is_empty() {
                true => format!("'{key}' stands in the query, and nothing may"),
                false => format!("'{key}' is no parameter here; there are {}", names.join(", ")),
            }));
        };
        if values.insert(name, value).is_some() {
            return Err(bad(format!("'{name}' stands in the query twice")));
        }
    }
    Ok(values)
}

/// Reads a body of a known shape. No JSON is 400; JSON of another shape is 422, with what is wrong with it.
pub fn body<T: DeserializeOwned>(body: &str) -> Result<T, Problem> {
    let bad = |kind, what, error| Problem::new(kind, format!("the body is {what}: {error}"));
    serde_json::from_str::<IgnoredAny>(body).map_err(|error| bad(Kind::Malformed, "no JSON", error))?;
    // A list would do for a struct, to serde.
    if !body.trim_start().starts_with('{') {
        return Err(Problem::new(
            Kind::Refused,
            "the body is JSON and no object; send one, as /openapi.json describes it",
        ));
    }
    serde_json::from_str(body).map_err(|error| bad(Kind::Refused, "not what it should be", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_read_or_refused() {
        assert_eq!(decoded("a%2Fb+c", false).as_deref(), Some("a/b+c"));
        assert_eq!(decoded("a%2fb+c", true).as_deref(), Some("a/b c"));
        for torn in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(decoded(torn, true), None, "{torn}");
        }
    }

    #[test]
    fn a_query_has_known_keys_once() {
        let known = [Query::Limit, Query::Cursor];
        assert_eq!(query("limit=5&cursor=a%20b", &known).expect("reads")["cursor"], "a b");
        for bad in ["limit=1&limit=2", "limits=1", "limit=%", "%66oo=1"] {
            assert_eq!(query(bad, &known).expect_err("refused").status(), 400, "{bad}");
        }
        assert!(query("", &[]).expect("empty").is_empty());
    }
}
