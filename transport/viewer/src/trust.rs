//! What a viewer must know of a domain before it can trust a word from it: its name, its authority, where its resolvers are.
//!
//! Owns: reading `domain.json`, which `fusion init` writes and which can be handed to anybody: it holds no secret.
//! Refuses: keys and certificates of this side. A viewer has none; it makes a key per session, and forgets it.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actors_protocol::{DomainName, SiteName};
use serde::{Deserialize, Serialize};

/// The file's name in a domain's directory.
pub const DOMAIN_FILE: &str = "domain.json";
/// Nobody has a reason to list more.
const RESOLVERS_MAX: usize = 16;
/// A certificate is under a kilobyte; a chain of authorities with room to spare.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Where a resolver listens, and the name in its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverAddress {
    /// UDP.
    pub address: SocketAddr,
    /// `node.resolver.domain`.
    pub server_name: String,
}

/// What a viewer knows of a domain. Unknown fields of the file are ignored: other programs keep theirs there too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainTrust {
    /// The domain's name.
    pub domain: DomainName,
    /// The certificate of its authority, PEM.
    pub authority: String,
    /// Its resolvers, in the order in which they are asked.
    pub resolvers: Vec<ResolverAddress>,
    /// Where the viewer is, when it does not say otherwise.
    #[serde(default)]
    pub site: Option<SiteName>,
}

/// Why a domain's description is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error(
        "cannot read {}; give the directory of a domain, as `fusion init` or `fusion dev` makes it",
        path.display()
    )]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no description of a domain.
    #[error("{} is not the description of a domain: {why}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is nobody to ask.
    #[error("domain {domain} names no resolver; add one under `resolvers` in its domain.json")]
    NoResolver {
        /// Which.
        domain: DomainName,
    },
    /// The socket, or the authority's certificate, is of no use.
    #[error("the viewer cannot be set up: {0}")]
    Endpoint(#[from] transport_link::LinkError),
}

impl DomainTrust {
    /// Reads the description of a domain: `path` is the file, or the directory it is in.
    pub fn load(path: &Path) -> Result<DomainTrust, TrustError> {
        let path = if path.is_dir() { path.join(DOMAIN_FILE) } else { path.to_owned() };
        let malformed = |why: String| TrustError::Malformed { path: path.clone(), why };
        let read = |source| TrustError::Read { path: path.clone(), source };
        if std::fs::metadata(&path).map_err(read)?.len() > FILE_BYTES_MAX {
            return Err(malformed(format!("it is larger than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::fs::read_to_string(&path).map_err(read)?;
        let trust: DomainTrust = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        trust.check().map_err(|error| match error {
            TrustError::Malformed { why, .. } => malformed(why),
            other => other,
        })?;
        Ok(trust)
    }

    pub(crate) fn check(&self) -> Result<(), TrustError> {
        let malformed = |why: String| Err(TrustError::Malformed { path: DOMAIN_FILE.into(), why });
        if !self.authority.contains("-----BEGIN CERTIFICATE-----") {
            return malformed("`authority` is not a certificate in PEM".to_owned());
        }
        match self.resolvers.len() {
            0 => Err(TrustError::NoResolver { domain: self.domain.clone() }),
            1..=RESOLVERS_MAX => Ok(()),
            many => malformed(format!("it names {many} resolvers; at most {RESOLVERS_MAX} are asked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
        "domain": "demo",
        "authority": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
        "resolvers": [{"address": "127.0.0.1:4433", "server_name": "r.resolver.demo", "since": 3}],
        "orchestrator": {"address": "127.0.0.1:4434", "server_name": "o.orchestrator.demo"},
        "site": null
    }"#;

    fn load(text: &str) -> Result<DomainTrust, TrustError> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(DOMAIN_FILE), text).expect("written");
        DomainTrust::load(dir.path())
    }

    #[test]
    fn a_description_is_read_and_unknown_fields_are_other_peoples() {
        let trust = load(GOOD).expect("good");
        assert_eq!(trust.domain.as_str(), "demo");
        assert_eq!(trust.resolvers[0].server_name, "r.resolver.demo");
        assert_eq!(trust.site, None);
        let at_home = load(&GOOD.replace("null", "\"home\"")).expect("good");
        assert_eq!(at_home.site.expect("a site").as_str(), "home");
    }

    #[test]
    fn a_useless_description_says_what_is_wrong_with_it() {
        for (text, word) in [
            ("{".to_owned(), "EOF"),
            (GOOD.replace("BEGIN", "BEGONE"), "PEM"),
            (GOOD.replace("\"demo\"", "\"De mo\""), "only a-z"),
            (GOOD.replace("127.0.0.1:4433", "localhost"), "address"),
            (GOOD.replace("[{", "[], \"x\": [{"), "names no resolver"),
        ] {
            let words = load(&text).expect_err("bad").to_string();
            assert!(words.contains(word) && words.contains("domain.json"), "{words}");
        }
        let missing = DomainTrust::load(Path::new("/nowhere/at/all")).expect_err("missing").to_string();
        assert!(missing.contains("/nowhere/at/all") && missing.contains("fusion init"), "{missing}");
    }
}
