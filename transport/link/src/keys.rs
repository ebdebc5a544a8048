//! [`EndpointKeys`]: the two keys that let a peer notice at once that this node has restarted.
//!
//! A restarted endpoint gets packets of connections it knows nothing of. It can answer them with a stateless reset (RFC 9000
//! §10.3) only if it still recognises the connection ids and still derives the same reset tokens as before: both come from
//! these keys, so they are kept in the node's directory. Without them a peer waits for its idle time-out.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use quinn::EndpointConfig;
use ring::hmac;

use crate::seed::random;
use crate::{LinkError, files};

/// The file's name inside a node's directory.
pub const FILE: &str = "endpoint.key";
const RESET_BYTES: usize = 64;
const ID_BYTES: usize = 8;

/// The reset key and the key of the connection ids.
#[derive(Clone)]
pub struct EndpointKeys {
    reset: [u8; RESET_BYTES],
    connection_id: u64,
}

impl EndpointKeys {
    /// New ones, for an endpoint that nobody will miss.
    pub fn generate() -> EndpointKeys {
        EndpointKeys { reset: random(), connection_id: u64::from_le_bytes(random()) }
    }

    /// The keys in `dir`, made there when there are none.
    pub fn create_or_load(dir: &Path) -> Result<EndpointKeys, LinkError> {
        let path = dir.join(FILE);
        if path.exists() {
            let bytes = files::read_secret(&path)?;
            return EndpointKeys::from_bytes(&bytes).ok_or_else(|| LinkError::Credentials {
                what: path.display().to_string(),
                why: "it is not 72 bytes long; remove it and a new one is made".to_owned(),
            });
        }
        let keys = EndpointKeys::generate();
        files::write(&path, &keys.to_bytes(), 0o600)?;
        Ok(keys)
    }

    fn to_bytes(&self) -> Vec<u8> {
        [&self.reset[..], &self.connection_id.to_le_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<EndpointKeys> {
        if bytes.len() != RESET_BYTES + ID_BYTES {
            return None;
        }
        let (reset, connection_id) = bytes.split_first_chunk::<RESET_BYTES>()?;
        Some(EndpointKeys { reset: *reset, connection_id: u64::from_le_bytes(connection_id.try_into().ok()?) })
    }

    pub(crate) fn config(&self) -> EndpointConfig {
        let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &self.reset)));
        let key = self.connection_id;
        config.cid_generator(move || Box::new(quinn_ids(key)));
        config
    }
}

fn quinn_ids(key: u64) -> impl quinn::ConnectionIdGenerator {
    quinn_proto::HashedConnectionIdGenerator::from_key(key)
}

impl fmt::Debug for EndpointKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_the_same_after_a_restart_and_nobody_else_may_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let first = EndpointKeys::create_or_load(dir.path()).expect("made");
        let again = EndpointKeys::create_or_load(dir.path()).expect("read");
        assert_eq!(first.to_bytes(), again.to_bytes());
        assert_ne!(first.to_bytes(), EndpointKeys::generate().to_bytes());

        let path = dir.path().join(FILE);
        let permissions = |mode| std::fs::Permissions::from_mode(mode);
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, permissions(0o644)).expect("chmod");
        let refusal = EndpointKeys::create_or_load(dir.path()).expect_err("others may read it").to_string();
        assert!(refusal.contains("chmod 600"), "{refusal}");
        std::fs::set_permissions(&path, permissions(0o600)).expect("chmod");
        std::fs::write(&path, [0; 71]).expect("written");
        assert!(EndpointKeys::create_or_load(dir.path()).is_err(), "a torn file is not a key");
    }
}
