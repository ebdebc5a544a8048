//! The gate: who may call what (invariant I9), and what becomes of those who send what is no part of the protocol.

use std::time::Duration;

use actors_kernel::{Fault, Message, Node, Request, Spec};
use actors_protocol::node::{EndActor, Ending, InspectActor, ListActors};
use actors_protocol::{Incarnation, Role, Tag};
use serde::{Deserialize, Serialize};
use transport_link::{Control, Endpoint, LinkError, Target, Versions};
use transport_wire::CloseCode;

use crate::probe::{Newer, Note, Probing, Say, Secret};
use crate::world::{LONG, World, path, probe, really};

#[test]
fn the_role_table_decides_before_the_actor_does() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let zone = world.node("zone", &[Role::Zone]);
        world.link(&zone, &server);
        let (_, diary) = probe(&server, "probe", Spec::default());
        let secret = |node: &Node| node.far::<Probing>(server.name(), path("probe")).ask(Secret, LONG);

        let fault = secret(&client).await.expect_err("a resolver may not");
        assert!(
            matches!(&fault, Fault::Denied(words) if words.contains("0x7f07") && words.contains("resolver")),
            "{fault}"
        );
        assert_eq!(server.census().denied, 1, "counted");
        assert!(!diary.read().contains(&"secret".to_owned()), "and never seen by the actor");
        assert_eq!(secret(&zone).await, Ok(()));
        assert_eq!(diary.read(), ["secret"]);
        assert_eq!(server.near::<Probing>(path("probe")).ask(Secret, LONG).await, Ok(()), "no network was crossed");
        assert_eq!(server.census().denied, 1);
        assert_eq!(
            client.far::<Probing>(server.name(), path("probe")).ask(Note(1), LONG).await,
            Ok(1),
            "the link lives"
        );
        world.close().await;
    });
}

#[test]
fn the_actors_of_a_node_are_for_operators() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        let person = world.node("person", &[Role::Operator]);
        world.link(&person, &server);
        probe(&server, "probe", Spec::default());
        let inspector = |node: &Node| node.far::<actors_protocol::node::Node>(server.name(), path("node"));
        let end = EndActor { path: path("probe"), kill: true };
        for fault in [
            inspector(&client).ask(ListActors { below: String::new() }, LONG).await.expect_err("denied"),
            inspector(&client).ask(InspectActor { path: path("probe") }, LONG).await.expect_err("denied"),
            inspector(&client).ask(end.clone(), LONG).await.expect_err("denied"),
        ] {
            assert!(matches!(fault, Fault::Denied(_)), "{fault}");
        }
        assert_eq!(server.census().denied, 3);
        let ended = inspector(&person).ask(end, LONG).await;
        assert!(matches!(ended, Ok(Ending::Ended { .. })), "{ended:?}");
        world.close().await;
    });
}

#[test]
fn without_a_certificate_one_is_a_viewer_and_nothing_else() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        probe(&server, "probe", Spec::default());
        let viewer = world.viewer();
        let (answer, end) = converse::<Note>(&viewer, &server, Note(1), Linger::Close).await;
        assert!(matches!(&answer, Err(Fault::Denied(words)) if words.contains("viewer")), "{answer:?}");
        assert!(matches!(end, LinkError::ClosedHere { .. }), "a denial ends no connection: {end}");
        assert_eq!(client.far::<Probing>(server.name(), path("probe")).ask(Note(1), LONG).await, Ok(1));
        world.close().await;
    });
}

/// What a program of other people's making might send under our tags.
macro_rules! foreign {
    ($($name:ident($($field:ty),*) as $tag:literal;)*) => {$(
        #[derive(Serialize, Deserialize)]
        struct $name($($field),*);
        impl Message for $name {
            type Reply = ();
        }
        impl Request for $name {
            const TAG: Tag = $tag;
            const SINCE: u16 = 0;
            const NAME: &'static str = stringify!($name);
        }
    )*};
}

foreign! {
    NoSuchTag(u64) as 0x7fee;
    TwoNotes(u64, u64) as 0x7f02;
    HalfASaying(u8) as 0x7f01;
    NoText(u8, [u8; 3]) as 0x7f01;
    Terabyte(u64) as 0x7f01;
}

enum Linger {
    /// Waits until the peer ends the connection.
    Wait,
    /// Closes the connection after the answer.
    Close,
}

/// One call over a connection of its own: the answer, and how the connection ended.
async fn converse<M: Request>(
    from: &Endpoint,
    to: &Node,
    message: M,
    linger: Linger,
) -> (Result<M::Reply, Fault>, LinkError) {
    let target = Target {
        endpoint: to.endpoint().local_addr().expect("an address"),
        server_name: format!("{}.host.{}", to.name(), to.domain()),
    };
    let connection = from.connect(&target, LONG).await.expect("connected");
    let (control, driver) = Control::open(&connection, Versions::CURRENT);
    let asking = async {
        let answer = control.ask("probe", Incarnation::ANY, &message, LONG).await;
        if let Linger::Close = linger {
            connection.close(CloseCode::GOODBYE, "enough");
        }
        answer
    };
    tokio::time::timeout(LONG, async { tokio::join!(asking, driver) }).await.expect("both come to an end")
}

async fn ends_with<M: Request>(world: &World, server: &Node, message: M, code: CloseCode)
where
    M::Reply: std::fmt::Debug,
{
    let stranger = world.endpoint("stranger", &[Role::Resolver], 0);
    let (answer, end) = converse(&stranger, server, message, Linger::Wait).await;
    assert!(answer.is_err(), "{} was answered: {answer:?}", M::NAME);
    match end {
        LinkError::ClosedByPeer { code: told, words } => {
            assert_eq!(told, code, "{}: {words}", M::NAME);
            assert!(!words.is_empty(), "{}: no words", M::NAME);
        }
        other => panic!("{}: {other}", M::NAME),
    }
}

#[test]
fn what_is_no_message_ends_its_connection_with_a_named_code_and_the_node_lives() {
    really(async {
        let world = World::new();
        let (client, server) = world.pair();
        probe(&server, "probe", Spec::default());
        let address = client.far::<Probing>(server.name(), path("probe"));
        assert_eq!(address.ask(Note(1), LONG).await, Ok(1));

        ends_with(&world, &server, NoSuchTag(1), CloseCode::UNKNOWN_TAG).await;
        ends_with(&world, &server, TwoNotes(1, 2), CloseCode::TRAILING).await;
        ends_with(&world, &server, HalfASaying(40), CloseCode::TRUNCATED).await;
        ends_with(&world, &server, NoText(3, [0xff, 0xfe, 0xfd]), CloseCode::MALFORMED).await;
        ends_with(&world, &server, Terabyte(1 << 40), CloseCode::OVERSIZED).await;

        assert_eq!(address.ask(Note(2), LONG).await, Ok(2), "neither the actor nor another connection noticed");
        assert_eq!(address.ask(Say("still here".into()), Duration::from_secs(5)).await, Ok("still here".into()));
        world.close().await;
    });
}

#[test]
fn two_neighbouring_versions_work_together_up_to_the_lower_one() {
    really(async {
        let world = World::new();
        let old = world.node("old", &[Role::Host]);
        world.versions.set(Versions::new(1, 1));
        let (new, other) = (world.node("new", &[Role::Host]), world.node("other", &[Role::Host]));
        for (from, to, agreed) in [(&new, &old, 0), (&old, &new, 0), (&new, &other, 1)] {
            if to.living(&path("probe")).is_none() {
                probe(to, "probe", Spec::default());
            }
            world.link(from, to);
            let far = from.far::<Probing>(to.name(), path("probe"));
            assert!(far.ask(Note(1), LONG).await.is_ok(), "what both know works");
            let newer = far.ask(Newer(7), LONG).await;
            match agreed {
                0 => assert!(matches!(&newer, Err(Fault::Version(words)) if words.contains("Newer")), "{newer:?}"),
                _ => assert_eq!(newer, Ok(7)),
            }
            assert!(far.ask(Note(1), LONG).await.is_ok(), "and the link lives");
        }
        world.versions.set(Versions { major: 2, minor: 0, minor_min: 0 });
        let stranger = world.node("stranger", &[Role::Host]);
        world.link(&stranger, &old);
        let fault =
            stranger.far::<Probing>(old.name(), path("probe")).ask(Note(1), LONG).await.expect_err("another major");
        assert!(matches!(&fault, Fault::Version(words) if words.contains("update")), "{fault}");
        world.close().await;
    });
}
