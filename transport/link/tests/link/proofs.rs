//! Identities on disk, and proofs over one connection.

use std::os::unix::fs::PermissionsExt;

use actors_protocol::{DomainName, NodeName, Role, Roles};
use transport_link::{Authority, AuthorityCertificate, Endpoint, Identity, LinkError, SigningKey};

use crate::support::{Domain, Running, dial};

#[tokio::test]
async fn a_proof_holds_on_its_own_connection_with_its_own_key_only() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let viewer = Endpoint::bind(domain.viewer()).unwrap();
    let (one, two) = (
        dial(&viewer, &server.target("server.host.test")).await.connection,
        dial(&viewer, &server.target("server.host.test")).await.connection,
    );
    server.attempts(2).await;
    let ends: Vec<_> = server.admitted.lock().iter().map(|end| end.as_ref().unwrap().clone()).collect();

    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let proof = one.prove(&key);
    assert_eq!(proof.len(), 64);
    assert!(ends[0].proves(&key.public_key(), &proof));
    assert!(!ends[1].proves(&key.public_key(), &proof), "stolen, it is worth nothing");
    assert!(!ends[0].proves(&other.public_key(), &proof));
    assert!(!ends[0].proves(&key.public_key(), &proof[..63]) && !ends[0].proves(&[0; 32], &[]));
    assert!(ends[1].proves(&key.public_key(), &two.prove(&key)));

    let identity = domain.identity("node", &[Role::Host]);
    assert!(ends[0].proves(&identity.key().public_key(), &one.prove(&identity)), "a node proves with its identity");
}

#[test]
fn identities_and_authorities_are_the_same_when_they_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let domain = DomainName::new("lab.example").unwrap();
    let authority = Authority::create(&domain).unwrap();
    authority.save(dir.path()).unwrap();
    let again = Authority::load(dir.path()).unwrap();
    assert_eq!((again.certificate(), again.domain()), (authority.certificate(), &domain));
    assert_eq!(AuthorityCertificate::from_pem(authority.certificate().pem()).unwrap(), *authority.certificate());

    let key = Identity::generate_key();
    let node = NodeName::new("host-a").unwrap();
    let roles = Roles::of(&[Role::Host, Role::Zone]);
    let identity = Identity::new(&again.issue(&node, roles, &key.public_key()).unwrap(), key).unwrap();
    identity.save(dir.path(), "node").unwrap();
    let read = Identity::load(dir.path(), "node").unwrap();
    assert_eq!((read.pem(), read.key().public_key()), (identity.pem(), identity.key().public_key()));
    let subject = read.subject();
    assert_eq!((&subject.domain, &subject.node, subject.roles), (&domain, &node, roles));
    assert_eq!(subject.server_name(Role::Zone), "host-a.zone.lab.example");

    let life = read.valid_until().duration_since(read.valid_from()).unwrap();
    assert_eq!(life.as_secs(), 30 * 24 * 3600 + 3600, "30 days, and an hour for clocks that differ");
    assert!(read.valid_from() < read.renew_at() && read.renew_at() < read.valid_until());

    for name in ["authority.key", "node.key"] {
        let path = dir.path().join(name);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    let refused = Identity::load(dir.path(), "node").unwrap_err().to_string();
    assert!(refused.contains("node.key") && refused.contains("chmod 600"), "{refused}");
    assert!(Authority::load(dir.path()).is_err());
    let missing = Identity::load(dir.path(), "nobody").unwrap_err();
    assert!(matches!(missing, LinkError::File { .. }) && missing.to_string().contains("nobody.pem"), "{missing}");
}

#[test]
fn certificates_that_do_not_fit_are_refused_in_words() {
    let domain = Domain::new("test");
    let identity = domain.identity("node", &[Role::Host]);
    let refused = |pem: &str, key: SigningKey| Identity::new(pem, key).unwrap_err().to_string();
    assert!(refused(identity.pem(), SigningKey::generate()).contains("another key"));
    assert!(refused("no certificate at all", SigningKey::generate()).contains("none in the text"));
    assert!(refused(domain.authority.certificate().pem(), SigningKey::generate()).contains("not a node's URI"));
    let error = AuthorityCertificate::from_pem(identity.pem()).unwrap_err().to_string();
    assert!(error.contains("authority"), "a node is no authority: {error}");

    let node = NodeName::new("node").unwrap();
    for roles in [Roles::NONE, Roles::of(&[Role::Viewer]), Roles::of(&[Role::Host, Role::Viewer])] {
        assert!(domain.authority.issue(&node, roles, &[1; 32]).is_err(), "{roles:?}");
    }
}

#[test]
fn a_seed_is_always_the_same_key_and_pem_reads_back() {
    // RFC 8032 §7.1, test 1.
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    let key = SigningKey::from_seed(seed);
    assert_eq!(key.public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
    assert_eq!(key.sign(b"")[..4], [0xe5, 0x56, 0x43, 0x00]);
    let read = SigningKey::from_pem(key.to_pem().as_bytes()).unwrap();
    assert_eq!(read.public_key(), key.public_key());
    assert!(!format!("{key:?}").contains("9d61"), "a log never shows the secret");
}
