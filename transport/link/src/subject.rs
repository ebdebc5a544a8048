//! [`Subject`]: whom a certificate names. Read from its names only after TLS has verified the chain.
//!
//! A node's certificate carries `node.role.domain` as a DNS name for each role, so that the stock verifier checks node, role
//! and domain of whoever is dialled, and one URI `spiffe://domain/node/NAME`. They must say the same.

use actors_protocol::{DomainName, NodeName, Role, Roles};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Whom a node's certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The domain.
    pub domain: DomainName,
    /// The node; for a person, the name under which the certificate was made.
    pub node: NodeName,
    /// What it may be.
    pub roles: Roles,
}

impl Subject {
    /// The DNS name to dial the node by in one of its roles.
    pub fn server_name(&self, role: Role) -> String {
        server_name(&self.node, role, &self.domain)
    }

    pub(crate) fn uri(&self) -> String {
        format!("spiffe://{}/node/{}", self.domain, self.node)
    }

    /// Reads the names of an end entity's certificate. What is wrong with it, in words, if they are not a node's.
    pub(crate) fn of(der: &[u8]) -> Result<Subject, String> {
        let names = Names::of(der)?;
        let [uri] = &names.uris[..] else {
            return Err(format!("it has {} URIs, where a node's has one", names.uris.len()));
        };
        let (domain, node) = parse_uri(uri).ok_or_else(|| format!("'{uri}' is not a node's URI"))?;
        let mut roles = Roles::NONE;
        for name in &names.dns {
            let role = parse_dns(name, &node, &domain)
                .ok_or_else(|| format!("'{name}' is not a name of node '{node}' of domain '{domain}'"))?;
            roles = roles.iter().chain([role]).collect();
        }
        if roles == Roles::NONE {
            return Err("it names no role".to_owned());
        }
        Ok(Subject { domain, node, roles })
    }

    /// The domain of an authority's certificate: its URI is `spiffe://domain`.
    pub(crate) fn domain_of_authority(der: &[u8]) -> Result<DomainName, String> {
        let names = Names::of(der)?;
        let domain = match &names.uris[..] {
            [uri] => uri.strip_prefix("spiffe://").and_then(|domain| DomainName::new(domain).ok()),
            _ => None,
        };
        domain.ok_or_else(|| "it is not the certificate of a Fusion domain's authority".to_owned())
    }
}

/// `node.role.domain`.
pub fn server_name(node: &NodeName, role: Role, domain: &DomainName) -> String {
    format!("{node}.{role}.{domain}")
}

fn parse_uri(uri: &str) -> Option<(DomainName, NodeName)> {
    let (domain, node) = uri.strip_prefix("spiffe://")?.split_once("/node/")?;
    Some((DomainName::new(domain).ok()?, NodeName::new(node).ok()?))
}

fn parse_dns(name: &str, node: &NodeName, domain: &DomainName) -> Option<Role> {
    let rest = name.strip_prefix(node.as_str())?.strip_prefix('.')?;
    let (role, rest) = rest.split_once('.')?;
    // Anybody is a viewer; a certificate that says so would only blur who is who.
    let role = role.parse().ok().filter(|role| *role != Role::Viewer)?;
    (rest == domain.as_str()).then_some(role)
}

struct Names {
    uris: Vec<String>,
    dns: Vec<String>,
}

impl Names {
    fn of(der: &[u8]) -> Result<Names, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| format!("it cannot be read: {error}"))?;
        let mut names = Names { uris: Vec::new(), dns: Vec::new() };
        let extension = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
        for name in extension.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::DNSName(dns) => names.dns.push((*dns).to_owned()),
                other => return Err(format!("it has a name of a kind that no node has: {other}")),
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_exactly() {
        let node = NodeName::new("n1").expect("name");
        let domain = DomainName::new("lab.example").expect("name");
        assert_eq!(parse_dns("n1.zone.lab.example", &node, &domain), Some(Role::Zone));
        for other in [
            "n1.zone.lab.example.org",
            "n1.zone.example",
            "n11.zone.lab.example",
            "n1.king.lab.example",
            "n1.viewer.lab.example",
            "n1.lab.example",
            "*.zone.lab.example",
        ] {
            assert_eq!(parse_dns(other, &node, &domain), None, "{other}");
        }
        assert_eq!(parse_uri("spiffe://lab.example/node/n1"), Some((domain, node)));
        for other in ["spiffe://lab.example/n1", "https://lab.example/node/n1", "spiffe:///node/n1", "spiffe://d/node/"]
        {
            assert_eq!(parse_uri(other), None, "{other}");
        }
    }
}
