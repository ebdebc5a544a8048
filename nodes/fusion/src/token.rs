//! What `fusion token` prints and `fusion join` takes: one word with all that a node needs to find and trust a domain.

use actors_protocol::DomainName;
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::home::{DomainFile, Found};

/// Says what it is, and which version of it.
const PREFIX: &str = "fusion-token-1.";

/// The contents. The secret works once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The domain.
    pub domain: DomainName,
    /// The authority's certificate, PEM: from here on the node trusts nobody else.
    pub authority: String,
    /// Whom to ask for admission.
    pub orchestrator: Found,
    /// Where viewers find resolvers.
    pub resolvers: Vec<Found>,
    /// 128 bits, hexadecimal.
    pub secret: String,
}

impl Token {
    /// A token for the domain.
    pub fn new(domain: &DomainFile, secret: u128) -> Token {
        Token {
            domain: domain.domain.clone(),
            authority: domain.authority.clone(),
            orchestrator: domain.orchestrator.clone(),
            resolvers: domain.resolvers.clone(),
            secret: format!("{secret:032x}"),
        }
    }

    /// As one word.
    pub fn text(&self) -> String {
        let json = serde_json::to_vec(self).expect("plain data");
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads the word.
    pub fn parse(text: &str) -> anyhow::Result<Token> {
        let Some(body) = text.trim().strip_prefix(PREFIX) else {
            bail!("this is no token: it does not begin with '{PREFIX}'; `fusion token NODE --roles …` prints one");
        };
        let torn = "the token is torn: copy all of it, in one piece";
        let json = URL_SAFE_NO_PAD.decode(body).context(torn)?;
        serde_json::from_slice(&json).context(torn)
    }

    /// The secret as the orchestrator knows it.
    pub fn secret(&self) -> anyhow::Result<u128> {
        u128::from_str_radix(&self.secret, 16).context("the token's secret is no number")
    }

    /// The description of the domain for the joining node's directory.
    pub fn domain_file(&self) -> DomainFile {
        DomainFile {
            domain: self.domain.clone(),
            authority: self.authority.clone(),
            orchestrator: self.orchestrator.clone(),
            resolvers: self.resolvers.clone(),
            site: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actors_protocol::Role;

    #[test]
    fn a_token_reads_back_and_a_torn_one_says_so() {
        let domain: DomainName = "demo".parse().expect("name");
        let at = "127.0.0.1:7100".parse().expect("address");
        let orchestrator = Found::new("orchestrator".parse().expect("name"), Role::Orchestrator, &domain, at);
        let file = DomainFile { domain, authority: "PEM".into(), orchestrator, resolvers: vec![], site: None };
        let token = Token::new(&file, 7);
        let text = token.text();
        assert_eq!(Token::parse(&format!(" {text}\n")).expect("reads"), token);
        assert_eq!(token.secret().expect("a number"), 7);
        assert!(Token::parse(&text[..text.len() - 9]).expect_err("torn").to_string().contains("torn"));
        assert!(Token::parse("hello").expect_err("no token").to_string().contains("fusion token"));
    }
}
