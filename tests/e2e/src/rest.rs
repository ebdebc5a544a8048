//! A stranger's HTTP client: it knows a URL, a bearer token and JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, Uri};

/// No request takes longer by itself; a starved machine makes everything slow.
const TAKES_MAX: Duration = Duration::from_secs(30);

/// Somebody with a token, or without one.
#[derive(Clone, Debug)]
pub struct Rest {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// What was asked.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub text: String,
}

impl Rest {
    /// Without a token.
    pub fn new(url: &str) -> Rest {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(TAKES_MAX));
        Rest { agent: config.build().into(), url: url.to_owned(), token: None }
    }

    /// The same place with a token.
    pub fn with(&self, token: &str) -> Rest {
        Rest { token: Some(token.trim().to_owned()), ..self.clone() }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks, with a body of this media type or without one.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Answer {
        let asked = format!("{method} {path}");
        let uri: Uri = format!("{}{path}", self.url).parse().unwrap_or_else(|error| panic!("{asked}: {error}"));
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some((media, _)) = body {
            request = request.header("Content-Type", media);
        }
        let answer = match body {
            Some((_, body)) => self.agent.run(request.body(body.to_owned()).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{asked}: {error}"));
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        let text = answer.body_mut().read_to_string().unwrap_or_else(|error| panic!("{asked}: {error}"));
        Answer { asked, status, headers, text }
    }

    /// GET
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// DELETE
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// POST or PUT of JSON
    #[track_caller]
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some(("application/json", &body.to_string())))
    }
}

impl Answer {
    /// It has this status; its body as JSON, null where there is none.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        if status >= 400 {
            assert_eq!(
                self.headers.get("content-type").map(String::as_str),
                Some("application/problem+json"),
                "{self:?}"
            );
            let problem = crate::json::parse(&self.text);
            assert_eq!(problem["status"], status, "{self:?}");
            assert!(problem["detail"].as_str().is_some_and(|words| !words.is_empty()), "{self:?}");
            return problem;
        }
        if self.text.is_empty() { Value::Null } else { crate::json::parse(&self.text) }
    }

    /// A header, which must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{}: no {name} in {:?}", self.asked, self.headers))
    }
}
