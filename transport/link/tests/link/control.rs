//! Questions and answers.

use std::time::Duration;

use actors_protocol::Fault;
use tokio::time::Instant;
use transport_link::LinkError;
use transport_wire::CloseCode;
use transport_wire::limits::{CALLS_IN_FLIGHT_MAX, FRAME_BYTES_MAX};

use crate::support::{ANY, DEADLINE, Echo, Forget, Long, Park, pair, soon, until};

#[tokio::test]
async fn calls_arrive_in_the_order_in_which_they_were_asked() {
    let (_domain, server, _client, asking) = pair().await;
    let asks: Vec<_> = (0..300)
        .map(|number| asking.control.ask(&format!("echo/{number}"), ANY, &Echo(format!("{number}")), DEADLINE))
        .collect();
    for (number, ask) in asks.into_iter().enumerate().rev() {
        assert_eq!(soon("an answer", ask).await.unwrap(), number.to_string());
    }
    let expected: Vec<_> = (0..300).map(|number| format!("client echo/{number} 0x7f01")).collect();
    assert_eq!(server.calls(), expected);
    assert_eq!(asking.control.in_flight(), 0);
}

#[tokio::test]
async fn answers_may_come_in_any_order() {
    let (_domain, server, _client, asking) = pair().await;
    let asks: Vec<_> = (0..3).map(|number| asking.control.ask("park", ANY, &Park(number), DEADLINE)).collect();
    let mut parked = Vec::new();
    for _ in 0..3 {
        parked.push(server.parked().await);
    }
    for (number, reply) in parked.into_iter().rev() {
        assert!(!reply.is_abandoned());
        reply.send(Ok(&(number * 10)));
    }
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(soon("an answer", ask).await, Ok(number as u32 * 10));
    }
}

#[tokio::test]
async fn a_deadline_is_kept_and_the_peer_is_told() {
    let (_domain, server, _client, asking) = pair().await;
    let begin = Instant::now();
    let late = asking.control.ask("park", ANY, &Park(1), Duration::from_millis(80));
    assert_eq!(soon("the deadline", late).await, Err(Fault::Deadline));
    assert!(begin.elapsed() >= Duration::from_millis(80));
    let (_, reply) = server.parked().await;
    until("the cancel has come", || reply.is_abandoned()).await;
    reply.send(Ok(&1u32));

    // The place in the table is free again, and the late answer is not taken for another call's.
    assert_eq!(asking.control.in_flight(), 0);
    assert_eq!(asking.echo("after").await.unwrap(), "after");
}

#[tokio::test]
async fn an_ask_that_is_dropped_is_forgotten_and_the_peer_is_told() {
    let (_domain, server, _client, asking) = pair().await;
    let ask = asking.control.ask("park", ANY, &Park(1), DEADLINE);
    let (_, reply) = server.parked().await;
    assert!(!reply.is_abandoned());
    drop(ask);
    assert_eq!(asking.control.in_flight(), 0);
    until("the cancel has come", || reply.is_abandoned()).await;
}

#[tokio::test]
async fn a_call_that_nobody_answers_is_gone() {
    let (_domain, _server, _client, asking) = pair().await;
    let gone = soon("the fault", asking.control.ask("forget", ANY, &Forget, DEADLINE)).await;
    assert!(matches!(gone, Err(Fault::Gone(_))), "{gone:?}");
}

#[tokio::test]
async fn more_calls_than_the_bound_are_overload() {
    let (_domain, server, _client, asking) = pair().await;
    let within = Duration::from_secs(5);
    let asks: Vec<_> =
        (0..CALLS_IN_FLIGHT_MAX).map(|n| asking.control.ask("park", ANY, &Park(n as u32), within)).collect();
    let one_more = soon("the refusal", asking.control.ask("park", ANY, &Park(0), within)).await;
    assert!(matches!(one_more, Err(Fault::Overloaded(_))), "{one_more:?}");

    until("all have come", || server.server.parked.lock().len() == CALLS_IN_FLIGHT_MAX).await;
    for (number, reply) in server.server.parked.lock().drain(..) {
        reply.send(Ok(&number));
    }
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(soon("an answer", ask).await, Ok(number as u32));
    }
    assert_eq!(asking.echo("room again").await.unwrap(), "room again");
}

#[tokio::test]
async fn what_is_too_long_is_refused_on_the_side_that_made_it() {
    let (_domain, server, _client, asking) = pair().await;
    let call = Echo("x".repeat(FRAME_BYTES_MAX));
    let refused = soon("the refusal", asking.control.ask("echo", ANY, &call, DEADLINE)).await;
    assert!(matches!(&refused, Err(Fault::Malformed(words)) if words.contains("limit")), "{refused:?}");
    assert!(server.calls().is_empty(), "it was never sent");

    let refused = soon("the fault", asking.control.ask("long", ANY, &Long(FRAME_BYTES_MAX as u32), DEADLINE)).await;
    assert!(matches!(&refused, Err(Fault::Malformed(words)) if words.contains("limit")), "{refused:?}");
    let longest = (FRAME_BYTES_MAX - 100) as u32;
    let long = soon("a long answer", asking.control.ask("long", ANY, &Long(longest), DEADLINE)).await.unwrap();
    assert_eq!(long.len(), longest as usize);
    let bad_path = soon("the refusal", asking.control.ask("", ANY, &Forget, DEADLINE)).await;
    assert!(matches!(bad_path, Err(Fault::Malformed(_))), "{bad_path:?}");
}

#[tokio::test]
async fn answers_that_are_not_read_are_bounded_and_nothing_is_lost() {
    let (_domain, _server, _client, asking) = pair().await;
    // 12 MiB of answers through an outbox of 4: the server reads no further question while too many answers wait.
    let asks: Vec<_> = (0..48).map(|_| asking.control.ask("long", ANY, &Long(256 * 1024), DEADLINE)).collect();
    for ask in asks {
        assert_eq!(soon("an answer", ask).await.unwrap().len(), 256 * 1024);
    }
}

#[tokio::test]
async fn the_end_of_a_link_ends_its_calls() {
    let (_domain, server, _client, asking) = pair().await;
    let ask = asking.control.ask("park", ANY, &Park(1), DEADLINE);
    let (_, reply) = server.parked().await;
    let end = server.admitted.lock()[0].as_ref().unwrap().clone();
    end.close(CloseCode::DRAINED, "closing time");
    let gone = soon("the end", ask).await;
    assert!(matches!(&gone, Err(Fault::Gone(words)) if words.contains("closing time")), "{gone:?}");
    let ended = soon("the driver ends", asking.driver).await.unwrap();
    assert!(matches!(ended, LinkError::ClosedByPeer { code: CloseCode::DRAINED, .. }), "{ended}");
    until("the server's driver has ended", || !server.ended.lock().is_empty()).await;
    assert!(matches!(&server.ended.lock()[0], LinkError::ClosedHere { code: CloseCode::DRAINED, .. }));
    assert!(reply.is_abandoned());
    let after = soon("the refusal", asking.control.ask("echo", ANY, &Echo("x".into()), DEADLINE)).await;
    assert!(matches!(after, Err(Fault::Gone(_))), "{after:?}");
}

#[tokio::test]
async fn a_dropped_driver_ends_its_calls_and_the_peer_sees_the_stream_end() {
    let (_domain, server, _client, asking) = pair().await;
    let ask = asking.control.ask("park", ANY, &Park(1), DEADLINE);
    server.parked().await.1.fail(Fault::Panicked("the actor".into()));
    assert_eq!(soon("an answer", ask).await, Err(Fault::Panicked("the actor".into())));
    let ask = asking.control.ask("park", ANY, &Park(1), DEADLINE);
    let _parked = server.parked().await;
    asking.driver.abort();
    assert!(matches!(soon("the end", ask).await, Err(Fault::Gone(_))));
    until("the server's driver has ended", || !server.ended.lock().is_empty()).await;
    assert!(asking.connection.close_reason().is_none(), "the connection may be used for other things");
}

#[tokio::test]
async fn a_peer_that_leaves_answers_what_it_has_and_takes_no_more() {
    let (_domain, server, _client, asking) = pair().await;
    let due = asking.control.ask("park", ANY, &Park(5), DEADLINE);
    let (number, reply) = server.parked().await;
    let end = server.admitted.lock()[0].as_ref().unwrap().clone();
    end.go_away(CloseCode::SHUTDOWN, "the node stops");
    reply.send(Ok(&number));
    assert_eq!(soon("the answer that is due", due).await, Ok(5));
    let too_late = asking.control.ask("echo", ANY, &Echo("x".into()), DEADLINE);
    end.close(CloseCode::SHUTDOWN, "the node stops");
    assert!(matches!(soon("the end", too_late).await, Err(Fault::Gone(_))));
    assert_eq!(server.calls().len(), 1, "it was not sent to a peer that leaves");
}
