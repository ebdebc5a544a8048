//! Problems: what every error looks like (RFC 9457).
//!
//! Owns: the kinds of problems with their statuses. Refuses: HTML, and errors without a remedy.

use actors_cores::manifest;
use serde_json::{Value, json};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 400: the query or the body cannot be read.
    Malformed,
    /// 401: no token, or one that is nobody's.
    Unauthenticated,
    /// 403: this user may not.
    Forbidden,
    /// 404: there is no such thing, or not for this user.
    NotFound,
    /// 405: not with this method.
    Method,
    /// 408: the body did not come in time.
    Slow,
    /// 409: it is in the way of something that is there.
    Conflict,
    /// 413: the body is too long.
    TooLarge,
    /// 415: the body is no JSON by its own account.
    MediaType,
    /// 422: it can be read, and cannot be done.
    Refused,
    /// 503: ask again.
    Busy,
    /// 504: no answer in time.
    Late,
}

impl Kind {
    /// (status, word of its type, title).
    pub const fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Kind::Malformed => (400, "malformed", "The request cannot be read"),
            Kind::Unauthenticated => (401, "unauthenticated", "A valid bearer token is needed"),
            Kind::Forbidden => (403, "forbidden", "This user may not do this"),
            Kind::NotFound => (404, "not-found", "There is no such thing"),
            Kind::Method => (405, "method", "Not with this method"),
            Kind::Slow => (408, "slow", "The request did not come in time"),
            Kind::Conflict => (409, "conflict", "Something is in the way"),
            Kind::TooLarge => (413, "too-large", "The body is too long"),
            Kind::MediaType => (415, "media-type", "The body has to be JSON"),
            Kind::Refused => (422, "refused", "It cannot be done like this"),
            Kind::Busy => (503, "busy", "Ask again"),
            Kind::Late => (504, "late", "No answer in time"),
        }
    }
}

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Of which kind.
    pub kind: Kind,
    /// In words, with the remedy.
    pub detail: String,
    /// Each thing that is wrong with a manifest, with its place.
    pub errors: Vec<Value>,
    /// Response headers that belong to it.
    pub headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem in words.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        let headers = match kind {
            Kind::Busy => vec![("Retry-After", "1".to_owned())],
            _ => vec![],
        };
        Problem { kind, detail: detail.into(), errors: vec![], headers }
    }

    /// No such thing; names that look like it.
    pub fn unknown<N: ToString>(what: &str, name: &str, near: &[N]) -> Problem {
        let near: Vec<_> = near.iter().map(ToString::to_string).collect();
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        let name: String = name.chars().take(80).collect();
        Problem::new(Kind::NotFound, format!("there is no {what} '{name}'{hint}"))
    }

    /// No token, or one that is nobody's (RFC 6750 §3).
    pub fn unauthenticated(given: bool) -> Problem {
        let (challenge, words) = if given {
            (
                "Bearer realm=\"fusion\", error=\"invalid_token\"",
                "the bearer token is nobody's: mistyped, removed, or of another domain",
            )
        } else {
            (
                "Bearer realm=\"fusion\"",
                "send a bearer token: `Authorization: Bearer fusion-user-1.…`; `fusion user add` prints one",
            )
        };
        let headers = vec![("WWW-Authenticate", challenge.to_owned())];
        Problem { headers, ..Problem::new(Kind::Unauthenticated, words) }
    }

    /// The user's role may not (RFC 6750 §3.1).
    pub fn forbidden(words: impl Into<String>) -> Problem {
        let challenge = "Bearer realm=\"fusion\", error=\"insufficient_scope\"".to_owned();
        Problem { headers: vec![("WWW-Authenticate", challenge)], ..Problem::new(Kind::Forbidden, words) }
    }

    /// What is wrong with a manifest.
    pub fn manifest(kind: Kind, problems: &manifest::Problems) -> Problem {
        let one = |problem: &manifest::Problem| json!({ "place": problem.place, "what": problem.what, "remedy": problem.remedy });
        Problem { errors: problems.0.iter().map(one).collect(), ..Problem::new(kind, problems.to_string()) }
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.kind.row().0
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let (status, word, title) = self.kind.row();
        let mut value = json!({
            "type": format!("urn:fusion:problem:{word}"), "title": title, "status": status, "detail": self.detail,
        });
        if !self.errors.is_empty() {
            value["errors"] = Value::Array(self.errors.clone());
        }
        value
    }
}
