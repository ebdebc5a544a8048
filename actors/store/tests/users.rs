//! Users outlive the process: what was added is there again, what was removed is not, and no secret is in the file.
#![allow(clippy::unwrap_used, reason = "a failure shows its line")]

use actors_cores::users::{Adding, Hasher, Proving, Token, TokenId, UsersCore};
use actors_protocol::user::{Authentication, User, UserRole};
use actors_store::{Argon2Hasher, Embedded, users};

#[test]
fn a_user_is_there_after_a_restart_and_its_secret_is_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let token = Token { id: TokenId(0x77), secret: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef };
    let user = User { name: "acme".parse().unwrap(), role: UserRole::Admin, suffixes: vec![] };
    let gone = User { name: "gone".parse().unwrap(), role: UserRole::Viewer, suffixes: vec![] };
    {
        let store = Embedded::open(&path).unwrap();
        let mut core = UsersCore::restore(users::load(&store).unwrap());
        for (user, id) in [(&user, token.id), (&gone, TokenId(1))] {
            assert_eq!(core.add(user), Adding::Hash);
            let hash = Argon2Hasher.hash(token.secret, 5);
            users::save(&store, &core.hashed(user.clone(), id, Some(hash)).unwrap()).unwrap();
        }
        users::save(&store, &core.remove(&gone.name).0.unwrap()).unwrap();
    }
    let file = std::fs::read(&path).unwrap();
    let secret = format!("{:032x}", token.secret);
    assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()));
    let store = Embedded::open(&path).unwrap();
    let mut core = UsersCore::restore(users::load(&store).unwrap());
    assert_eq!(core.counts().0, 1);
    let Proving::Verify(hash) = core.authenticate(token.id, &[0; 32]) else { panic!("not known yet") };
    let right = Argon2Hasher.verify(token.secret, &hash);
    assert_eq!(core.verified(token.id, [0; 32], Some(right)), Authentication::Known(user));
}
