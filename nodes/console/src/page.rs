//! Pages of lists: `limit` and `cursor` in, `items` and `next` out.
//!
//! A cursor is the key of the last entry that was seen; to callers it is opaque. An entry that is added or removed meanwhile
//! moves no other one from page to page.
//!
//! Owns: the bounds and the shape. Refuses: knowing what is listed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::problem::{Kind, Problem};

/// Entries of a page if nothing is said.
pub const LIMIT_DEFAULT: u32 = 50;
/// Entries of a page at most.
pub const LIMIT_MAX: u32 = 200;
/// Longest cursor: zone, slash, instance; or a service name.
pub const CURSOR_CHARS_MAX: usize = 256;

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many entries at most.
    pub limit: u32,
    /// Only after this key.
    pub after: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor`.
    pub fn read(query: &BTreeMap<&'static str, String>) -> Result<Page, Problem> {
        let bad = |words: String| Problem::new(Kind::Malformed, words);
        let limit = match query.get("limit") {
            None => LIMIT_DEFAULT,
            Some(text) => match text.parse::<u32>() {
                Ok(limit @ 1..=LIMIT_MAX) if text.bytes().all(|byte| byte.is_ascii_digit()) => limit,
                _ => return Err(bad(format!("'limit' is a whole number from 1 to {LIMIT_MAX}"))),
            },
        };
        let after = query.get("cursor").cloned();
        if after.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > CURSOR_CHARS_MAX) {
            return Err(bad("'cursor' is what `next` of the page before was".to_owned()));
        }
        Ok(Page { limit, after })
    }

    /// Cuts the page out of all entries, which come with their keys.
    pub fn cut(&self, entries: impl IntoIterator<Item = (String, Value)>) -> Value {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        let from = self.after.as_ref().map_or(0, |after| entries.partition_point(|(key, _)| key <= after));
        let rest = entries.len() - from;
        let mut page: Vec<_> = entries.into_iter().skip(from).take(self.limit as usize).collect();
        let next = if rest > page.len() { page.last().map(|(key, _)| key.clone()) } else { None };
        let items: Vec<_> = page.drain(..).map(|(_, value)| value).collect();
        of(items, next)
    }
}

/// A page as JSON.
pub fn of(items: Vec<Value>, next: Option<String>) -> Value {
    json!({ "items": items, "next": next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: &str, cursor: Option<&str>) -> Result<Page, Problem> {
        let mut query = BTreeMap::from([("limit", limit.to_owned())]);
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        Page::read(&query)
    }

    #[test]
    fn pages_put_together_are_the_list() {
        let entries = || (0..7).rev().map(|n| (format!("k{n}"), json!(n)));
        let (mut seen, mut cursor) = (vec![], None::<String>);
        loop {
            let page = read("3", cursor.as_deref()).expect("reads").cut(entries());
            seen.extend(page["items"].as_array().expect("a list").clone());
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, (0..7).map(|n| json!(n)).collect::<Vec<_>>());
    }

    #[test]
    fn a_bad_limit_or_cursor_is_refused() {
        for bad in ["0", "201", "-1", "+5", "five", ""] {
            assert_eq!(read(bad, None).expect_err("refused").status(), 400, "{bad}");
        }
        assert!(read("5", Some("")).is_err());
    }
}
