//! [`Authority`]: the certificate authority of a domain. Made once, by `fusion init`; kept by the orchestrator.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use actors_protocol::{DomainName, NodeName, Role, Roles};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;

use crate::identity::paths;
use crate::seed::random;
use crate::{LinkError, SigningKey, Subject, files};

/// How long a node's certificate is valid. It is renewed at half of it.
pub const NODE_VALIDITY: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long the authority's own is valid: longer than a domain lives with one key.
pub const AUTHORITY_VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// Certificates are valid from a little before they are made: clocks of two machines differ.
pub const BACKDATED: Duration = Duration::from_secs(3600);
/// The files are `authority.pem` and `authority.key`.
pub const FILE: &str = "authority";

/// A domain's authority, able to issue.
pub struct Authority {
    certificate: AuthorityCertificate,
    key: SigningKey,
}

/// The public half: what a node or a viewer needs to know a domain.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorityCertificate {
    domain: DomainName,
    der: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    /// A new authority for `domain`.
    pub fn create(domain: &DomainName) -> Result<Authority, LinkError> {
        Authority::create_with(domain, SigningKey::generate())
    }

    /// A new authority with a key of the caller's.
    pub fn create_with(domain: &DomainName, key: SigningKey) -> Result<Authority, LinkError> {
        let mut params = params_of(domain)?;
        (params.not_before, params.not_after) = span(AUTHORITY_VALIDITY);
        params.subject_alt_names = vec![SanType::URI(ia5(&format!("spiffe://{domain}"))?)];
        let certificate = params.self_signed(&key.pair()).map_err(refused)?;
        Ok(Authority { certificate: AuthorityCertificate::from_pem(&certificate.pem())?, key })
    }

    /// Reads the authority in `dir`.
    pub fn load(dir: &Path) -> Result<Authority, LinkError> {
        let (certificate, key) = paths(dir, FILE);
        let certificate = AuthorityCertificate::load(&certificate)?;
        let key = SigningKey::from_pem(&files::read_secret(&key)?)?;
        Ok(Authority { certificate, key })
    }

    /// Writes the authority to `dir`; the key for its owner only.
    pub fn save(&self, dir: &Path) -> Result<(), LinkError> {
        let (certificate, key) = paths(dir, FILE);
        files::write(&key, self.key.to_pem().as_bytes(), 0o600)?;
        self.certificate.save(&certificate)
    }

    /// The public half.
    pub fn certificate(&self) -> &AuthorityCertificate {
        &self.certificate
    }

    /// The domain.
    pub fn domain(&self) -> &DomainName {
        &self.certificate.domain
    }

    /// A certificate (PEM) for `node` in `roles`, for the Ed25519 key whose public half is given.
    pub fn issue(&self, node: &NodeName, roles: Roles, public_key: &[u8; 32]) -> Result<String, LinkError> {
        self.issue_for(node, roles, public_key, NODE_VALIDITY)
    }

    /// [`Authority::issue`] with another validity.
    pub fn issue_for(
        &self,
        node: &NodeName,
        roles: Roles,
        public_key: &[u8; 32],
        validity: Duration,
    ) -> Result<String, LinkError> {
        if roles == Roles::NONE || roles.has(Role::Viewer) {
            return Err(refused(format!("a certificate is for roles of a node, not for '{roles}'")));
        }
        let subject = Subject { domain: self.domain().clone(), node: node.clone(), roles };
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = span(validity);
        params.serial_number = Some(serial());
        params.distinguished_name = name(node.as_str());
        params.subject_alt_names = vec![SanType::URI(ia5(&subject.uri())?)];
        for role in roles.iter() {
            params.subject_alt_names.push(SanType::DnsName(ia5(&subject.server_name(role))?));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::new(params_of(self.domain())?, self.key.pair());
        let certificate = params.signed_by(&Foreign(*public_key), &issuer).map_err(refused)?;
        Ok(certificate.pem())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority(of {})", self.certificate.domain)
    }
}

impl AuthorityCertificate {
    /// Reads it from PEM, and the domain from it.
    pub fn from_pem(pem: &str) -> Result<AuthorityCertificate, LinkError> {
        let credentials = |why: String| LinkError::Credentials { what: "an authority's certificate".to_owned(), why };
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| credentials(error.to_string()))?;
        let domain = Subject::domain_of_authority(&der).map_err(credentials)?;
        Ok(AuthorityCertificate { domain, der, pem: pem.to_owned() })
    }

    /// Reads it from a file.
    pub fn load(path: &Path) -> Result<AuthorityCertificate, LinkError> {
        let bytes = files::read(path)?;
        AuthorityCertificate::from_pem(&String::from_utf8_lossy(&bytes)).map_err(|error| match error {
            LinkError::Credentials { why, .. } => LinkError::Credentials { what: path.display().to_string(), why },
            other => other,
        })
    }

    /// Writes it to a file.
    pub fn save(&self, path: &Path) -> Result<(), LinkError> {
        files::write(path, self.pem.as_bytes(), 0o644)
    }

    /// As PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The domain whose authority it is.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }
}

impl fmt::Debug for AuthorityCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorityCertificate(of {})", self.domain)
    }
}

/// A public key whose private half is somewhere else.
struct Foreign([u8; 32]);

impl PublicKeyData for Foreign {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

/// What makes an issuer: the same from the domain's name each time, so that only the key must be kept.
fn params_of(domain: &DomainName) -> Result<CertificateParams, LinkError> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial());
    params.distinguished_name = name(&format!("Fusion domain {domain}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// RFC 5280 §4.1.2.2: positive, unique, at most 20 octets.
fn serial() -> SerialNumber {
    let mut bytes: [u8; 16] = random();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn span(validity: Duration) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now - BACKDATED, now + validity)
}

fn ia5(text: &str) -> Result<rcgen::string::Ia5String, LinkError> {
    text.try_into().map_err(refused)
}

fn refused(why: impl fmt::Display) -> LinkError {
    LinkError::Credentials { what: "a certificate to be issued".to_owned(), why: why.to_string() }
}
