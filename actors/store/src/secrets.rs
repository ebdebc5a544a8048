//! Argon2id (RFC 9106) for the secrets of bearer tokens: what is stored is no use to whoever reads the store.
//!
//! Owns: the algorithm and its cost. Refuses: deciding when to pay it; it takes some ten milliseconds of a processor, so it
//! is called where nobody waits in line behind it.

use actors_cores::users::Hasher;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

/// 19 MiB, two passes, one lane: the parameters that OWASP recommends for Argon2id, and the crate's defaults; written out,
/// so that a release of the crate does not change them. A hash carries its own, so old ones stay readable.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Argon2Hasher;

impl Hasher for Argon2Hasher {
    fn hash(&self, secret: u128, salt: u128) -> String {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constant parameters are within their bounds");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon2.hash_password_with_salt(&secret.to_be_bytes(), &salt.to_be_bytes());
        hash.expect("16 bytes are long enough for a salt").to_string()
    }

    fn verify(&self, secret: u128, hash: &str) -> bool {
        // Algorithm and parameters are the hash's own.
        PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(&secret.to_be_bytes(), &hash).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_its_hash_and_no_other() {
        let hash = Argon2Hasher.hash(7, 9);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(Argon2Hasher.verify(7, &hash) && !Argon2Hasher.verify(8, &hash));
        assert_ne!(Argon2Hasher.hash(7, 10), hash, "salted");
        assert!(!Argon2Hasher.verify(7, "torn") && !Argon2Hasher.verify(7, &hash[..hash.len() - 4]));
    }
}
