//! A call that is alone on its link is written by whoever makes it.

use actors_protocol::Role;
use bytes::BytesMut;
use tokio::sync::oneshot;
use transport_link::{Control, Endpoint, Target, Versions};
use transport_wire::{Envelope, FrameReader, decode, envelope};

use crate::hostile::raw_server;
use crate::support::{ANY, DEADLINE, Domain, Echo, Running, dial, soon, until};

#[tokio::test]
async fn a_lone_call_leaves_without_a_turn_of_the_driver() {
    let domain = Domain::new("test");
    let server = Running::start(domain.node("server", &[Role::Host]));
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let connection = client.connect(&server.target("server.host.test"), DEADLINE).await.unwrap();
    let (control, mut driver) = Control::open(&connection, Versions::CURRENT);
    let first = control.ask("echo/1", ANY, &Echo("one".into()), DEADLINE);
    tokio::select! {
        answer = soon("an answer", first) => assert_eq!(answer.unwrap(), "one"),
        end = &mut driver => panic!("{end}"),
    }

    // Nobody polls the driver now, and the call arrives all the same.
    let second = control.ask("echo/2", ANY, &Echo("two".into()), DEADLINE);
    until("the second call has come", || server.calls().len() == 2).await;

    // It is not alone any more: the third one waits for the driver, and order is kept.
    let third = control.ask("echo/3", ANY, &Echo("three".into()), DEADLINE);
    tokio::select! {
        answers = async { (soon("an answer", third).await, soon("an answer", second).await) } => {
            assert_eq!((answers.0.unwrap(), answers.1.unwrap()), ("three".to_owned(), "two".to_owned()));
        }
        end = &mut driver => panic!("{end}"),
    }
    let asked: Vec<_> = (1..=3).map(|number| format!("client echo/{number} 0x7f01")).collect();
    assert_eq!(server.calls(), asked);
}

#[tokio::test]
async fn lone_calls_into_a_full_stream_stay_whole_and_in_order() {
    /// More than the peer lets us send ahead of its reading.
    const CALLS: usize = 12;
    const BYTES: usize = 300_000;

    let domain = Domain::new("test");
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let (server, address) = raw_server(&domain);
    let (go_on, told) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let connection = server.accept().await.unwrap().await.unwrap();
        let (mut send, mut receive) = connection.accept_bi().await.unwrap();
        let mut out = BytesMut::new();
        envelope::write_hello(&mut out, Versions::CURRENT, "a test").unwrap();
        let (mut frames, mut calls, mut told) = (FrameReader::default(), Vec::new(), Some(told));
        while calls.len() <= CALLS {
            frames.push(receive.read_chunk(usize::MAX, true).await.unwrap().unwrap().bytes);
            while let Some(frame) = frames.next().unwrap() {
                match Envelope::decode(&frame).unwrap() {
                    Envelope::Call { head, payload } => {
                        calls.push(decode::<Echo>(&payload).unwrap().0);
                        envelope::write_reply(&mut out, head.id, "heard").unwrap();
                    }
                    Envelope::Hello(_) | Envelope::Cancel { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
            send.write_chunk(std::mem::take(&mut out).freeze()).await.unwrap();
            if let Some(told) = (!calls.is_empty()).then(|| told.take()).flatten() {
                told.await.unwrap();
            }
        }
        calls
    });
    let asking = dial(&client, &Target { endpoint: address, server_name: "raw.host.test".into() }).await;
    assert_eq!(asking.echo("first").await.unwrap(), "heard");

    // Each is alone: the one before it is forgotten at once. The peer reads nothing meanwhile.
    for number in 0..CALLS {
        drop(asking.control.ask("echo", ANY, &Echo(number.to_string().repeat(BYTES)), DEADLINE));
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    let calls = soon("all calls", serving).await.unwrap();
    assert_eq!(calls[0], "first");
    for (number, call) in calls[1..].iter().enumerate() {
        assert!(*call == number.to_string().repeat(BYTES), "call {number} has {} bytes", call.len());
    }
}
