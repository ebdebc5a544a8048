//! Keys and who they belong to: [`SigningKey`] (Ed25519, RFC 8032) and [`Identity`], a key with a node's certificate.
//!
//! The same key serves TLS and signs the exporter of a connection (`Connection::prove`). The two cannot be mistaken for each
//! other: what TLS signs begins with 64 spaces (RFC 8446 §4.4.3), an exporter is 32 bytes that both sides derive.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::seed::random;
use crate::{LinkError, Subject, files};

/// PKCS #8 of an Ed25519 key is this and the 32 bytes of the seed (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A private Ed25519 key: a node's, an authority's or a viewer's.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pkcs8: Vec<u8>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key from the system's randomness.
    pub fn generate() -> SigningKey {
        SigningKey::from_seed(random())
    }

    /// The key of a seed: the same seed, the same key, so that a run can be repeated.
    pub fn from_seed(seed: [u8; 32]) -> SigningKey {
        let pkcs8 = [&PKCS8_PREFIX[..], &seed].concat();
        SigningKey::from_pkcs8(pkcs8).expect("any 32 bytes are the seed of an Ed25519 key")
    }

    fn from_pkcs8(pkcs8: Vec<u8>) -> Option<SigningKey> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).ok()?;
        Some(SigningKey(Arc::new(Inner { pkcs8, pair })))
    }

    /// Reads a key from PEM, as [`SigningKey::to_pem`] and `openssl genpkey -algorithm ed25519` write it.
    pub fn from_pem(pem: &[u8]) -> Result<SigningKey, LinkError> {
        let refused = |why: String| LinkError::Credentials { what: "a private key".to_owned(), why };
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|error| refused(error.to_string()))?;
        SigningKey::from_pkcs8(der.secret_pkcs8_der().to_vec())
            .ok_or_else(|| refused("it is not an Ed25519 key".to_owned()))
    }

    /// The key as PEM: a secret.
    pub fn to_pem(&self) -> String {
        self.pair().serialize_pem()
    }

    /// The public half.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    /// Signs; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.pair.sign(message).as_ref().to_vec()
    }

    /// For the certificate library, which wants its own type.
    pub(crate) fn pair(&self) -> rcgen::KeyPair {
        rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&self.der(), &rcgen::PKCS_ED25519)
            .expect("ring has read these bytes before")
    }

    pub(crate) fn der(&self) -> PrivatePkcs8KeyDer<'static> {
        self.0.pkcs8.clone().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.public_key();
        write!(f, "SigningKey(of {a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

impl AsRef<SigningKey> for SigningKey {
    fn as_ref(&self) -> &SigningKey {
        self
    }
}

/// A node's certificate and the key it is for.
#[derive(Clone)]
pub struct Identity {
    pem: Arc<str>,
    chain: Arc<[CertificateDer<'static>]>,
    key: SigningKey,
    subject: Subject,
    valid_from: SystemTime,
    valid_until: SystemTime,
}

impl Identity {
    /// A key for a node to be; [`Identity::new`] when its certificate has come.
    pub fn generate_key() -> SigningKey {
        SigningKey::generate()
    }

    /// The identity of `certificate` (PEM, the node's first) and its key. Checks that they belong together and that the names
    /// are a node's; who issued it is for the other side to judge.
    pub fn new(certificate: &str, key: SigningKey) -> Result<Identity, LinkError> {
        let refused = |why: String| LinkError::Credentials { what: "a node's certificate".to_owned(), why };
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refused(error.to_string()))?;
        let first = chain.first().ok_or_else(|| refused("there is none in the text".to_owned()))?;
        let subject = Subject::of(first).map_err(refused)?;
        let (_, parsed) = X509Certificate::from_der(first).map_err(|error| refused(error.to_string()))?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key() {
            return Err(refused("it is for another key".to_owned()));
        }
        let at = |seconds: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let valid_from = at(parsed.validity().not_before.timestamp());
        let valid_until = at(parsed.validity().not_after.timestamp());
        drop(parsed);
        Ok(Identity { pem: certificate.into(), chain: chain.into(), key, subject, valid_from, valid_until })
    }

    /// Reads `name.pem` and `name.key` in `dir`.
    pub fn load(dir: &Path, name: &str) -> Result<Identity, LinkError> {
        let (certificate, key) = paths(dir, name);
        let named = |path: &Path, error: LinkError| match error {
            LinkError::Credentials { why, .. } => LinkError::Credentials { what: path.display().to_string(), why },
            other => other,
        };
        let pem = String::from_utf8_lossy(&files::read(&certificate)?).into_owned();
        let secret = files::read_secret(&key)?;
        let key = SigningKey::from_pem(&secret).map_err(|error| named(&key, error))?;
        Identity::new(&pem, key).map_err(|error| named(&certificate, error))
    }

    /// Writes `name.pem` and `name.key` to `dir`; the key for its owner only.
    pub fn save(&self, dir: &Path, name: &str) -> Result<(), LinkError> {
        let (certificate, key) = paths(dir, name);
        // The key first: a certificate without its key is worth nothing, and a crash in between leaves the old pair torn
        // either way; whoever starts then is told so by `load`.
        files::write(&key, self.key.to_pem().as_bytes(), 0o600)?;
        files::write(&certificate, self.pem.as_bytes(), 0o644)
    }

    /// Whom it names.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Its key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificate as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The beginning of its validity.
    pub fn valid_from(&self) -> SystemTime {
        self.valid_from
    }

    /// The end of its validity.
    pub fn valid_until(&self) -> SystemTime {
        self.valid_until
    }

    /// When it is time to renew: at half life.
    pub fn renew_at(&self) -> SystemTime {
        let life = self.valid_until.duration_since(self.valid_from).unwrap_or_default();
        self.valid_from + life / 2
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.to_vec()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} of {}, {})", self.subject.node, self.subject.domain, self.subject.roles)
    }
}

impl AsRef<SigningKey> for Identity {
    fn as_ref(&self) -> &SigningKey {
        &self.key
    }
}

pub(crate) fn paths(dir: &Path, name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")))
}
