//! N against N − 1, in both directions, and another major version.

use actors_protocol::{Fault, Role};
use transport_link::{Endpoint, LinkError, Versions};

use crate::support::{ANY, Asking, DEADLINE, Domain, Echo, Newer, Running, Server, dial_with, soon};

const OLD: Versions = Versions::new(1, 0);
const NEW: Versions = Versions::new(1, 1);

async fn pair(client: Versions, server: Versions) -> (Running, Asking) {
    let domain = Domain::new("test");
    let running = Running::start_with(domain.node("server", &[Role::Host]), server, Server::default());
    let endpoint = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let asking = dial_with(&endpoint, &running.target("server.host.test"), client).await;
    (running, asking)
}

#[tokio::test]
async fn both_new_use_what_is_new_and_order_is_kept_around_it() {
    let (server, asking) = pair(NEW, NEW).await;
    // Asked before the server's hello can be here: the newer call waits for it, and the next one behind it.
    let first = asking.control.ask("a", ANY, &Echo("1".into()), DEADLINE);
    let newer = asking.control.ask("b", ANY, &Newer(2), DEADLINE);
    let last = asking.control.ask("c", ANY, &Echo("3".into()), DEADLINE);
    assert_eq!(soon("the last", last).await.unwrap(), "3");
    assert_eq!(soon("the newer", newer).await, Ok(2));
    assert_eq!(soon("the first", first).await.unwrap(), "1");
    assert_eq!(server.calls(), ["client a 0x7f01", "client b 0x7f04", "client c 0x7f01"]);
}

#[tokio::test]
async fn a_new_dialler_does_not_ask_an_old_server_what_is_new() {
    let (server, asking) = pair(NEW, OLD).await;
    let before_hello = asking.control.ask("b", ANY, &Newer(2), DEADLINE);
    let behind_it = asking.control.ask("c", ANY, &Echo("3".into()), DEADLINE);
    let refused = soon("the refusal", before_hello).await;
    let Err(Fault::Version(words)) = &refused else { panic!("{refused:?}") };
    assert!(words.contains("'Newer'") && words.contains("1.1") && words.contains("1.0"), "{words}");
    assert_eq!(soon("the call behind it", behind_it).await.unwrap(), "3");
    let after_hello = soon("the refusal", asking.control.ask("b", ANY, &Newer(2), DEADLINE)).await;
    assert!(matches!(after_hello, Err(Fault::Version(_))), "{after_hello:?}");
    assert_eq!(server.calls(), ["client c 0x7f01"], "the server never saw it");
    assert_eq!(asking.control.in_flight(), 0);
}

#[tokio::test]
async fn an_old_dialler_and_a_new_server_use_what_is_old() {
    let (_server, asking) = pair(OLD, NEW).await;
    assert_eq!(asking.echo("old").await.unwrap(), "old");
    let refused = soon("the refusal", asking.control.ask("b", ANY, &Newer(2), DEADLINE)).await;
    assert!(matches!(refused, Err(Fault::Version(_))), "{refused:?}");
}

#[tokio::test]
async fn sides_without_a_common_version_refuse_each_other_in_words() {
    let only_new = Versions { major: 1, minor: 3, minor_min: 2 };
    let (_server, asking) = pair(OLD, only_new).await;
    let refused = asking.echo("x").await;
    let Err(Fault::Version(words)) = &refused else { panic!("{refused:?}") };
    assert!(words.contains("1.2 to 1.3") && words.contains("1.0") && words.contains("update"), "{words}");
    let ended = soon("the driver ends", asking.driver).await.unwrap();
    assert!(matches!(&ended, LinkError::ClosedByPeer { .. } | LinkError::Version(_)) && ended.is_refusal(), "{ended}");
}
