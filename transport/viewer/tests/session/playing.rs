//! Pictures and inputs of an open session.

use std::time::Duration;

use actors_protocol::input::Input;
use bytes::Bytes;
use tokio::time::{Instant, timeout};
use transport_viewer::limits::PICTURES_QUEUED_MAX;
use transport_viewer::{CloseCode, Event, InputError, InputEvent};
use transport_wire::media::MEDIA_HEADER_BYTES;

use crate::fake::{self, GROUP};
use crate::{DELAY, next, open, picture, stage};

const RIGHT: InputEvent = InputEvent::Key { keysym: 0xff53, down: true };

#[tokio::test(start_paused = true)]
async fn an_input_comes_back_as_a_picture() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    let connection = fake.session(0).await;

    let sent = Instant::now();
    assert_eq!(session.send(RIGHT), Ok(1));
    let inputs = fake.until(|log| (!log.inputs.is_empty()).then(|| log.inputs.clone())).await;
    assert_eq!(inputs, [Input { number: 1, event: RIGHT }]);
    fake::send(&connection, 1, 1).await;
    let echo = picture(&mut session).await;
    assert_eq!((echo.number, echo.last_input), (1, 1));
    let told = session.stats().input_to_picture_ms.unwrap();
    let measured = echo.complete_at.duration_since(sent).as_secs_f64() * 1e3;
    assert!((told.p50 - measured).abs() < 1.0 && (measured - 40.0).abs() < 5.0, "{told:?} {measured}");

    // Motion travels by datagram, and a button is pressed where the pointer is.
    let hand = session.input_sender();
    assert_eq!(hand.send(InputEvent::Pointer { x: 1, y: 2 }), Ok(2));
    fake.until(|log| (log.inputs.len() == 2).then_some(())).await;
    assert_eq!(hand.send(InputEvent::Button { button: 1, down: true }), Ok(4));
    let inputs = fake.until(|log| (log.inputs.len() == 4).then(|| log.inputs.clone())).await;
    assert_eq!(inputs.iter().map(|input| input.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(inputs[2].event, InputEvent::Pointer { x: 1, y: 2 });

    let ended = session.close().await;
    assert_eq!(ended.code, Some(CloseCode::GOODBYE));
    assert_eq!(fake.until(|log| (log.goodbyes > 0).then_some(log.goodbyes)).await, 1);
    assert_eq!(hand.send(RIGHT), Err(InputError::Ended));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_session_says_goodbye_too() {
    let (_net, fake, viewer) = stage();
    let session = open(&viewer).await;
    drop(session);
    let close = fake.until(|log| log.closes.first().copied()).await;
    assert_eq!(close, Some(CloseCode::GOODBYE));
}

#[tokio::test(start_paused = true)]
async fn late_pictures_are_counted_and_what_is_shown_is_decodable() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let connection = fake.session(0).await;
    for number in 1..4 {
        fake::send(&connection, number, 0).await;
    }
    // Picture 4 is reset in the middle, as a server does with what is late: its group is over.
    let mut stream = connection.open_uni().await.unwrap();
    let header = transport_wire::MediaHeader { payload_len: 9_000, ..fake::header(4, 0) };
    stream.write(Bytes::copy_from_slice(&header.encode().unwrap())).await.unwrap();
    stream.write(Bytes::from_static(&[1; 500])).await.unwrap();
    tokio::time::sleep(2 * DELAY).await;
    stream.reset(transport_wire::StreamCode::LATE);
    tokio::time::sleep(2 * DELAY).await;
    let skipped = transport_wire::MediaHeader { previous: 5, ..fake::header(2 * GROUP, 0) };
    let skipped = transport_wire::MediaHeader { group: 1, ..skipped };
    transport_link::UnitSender::send(&connection, skipped, fake::payload(20)).unwrap().outcome().await;

    let mut shown = Vec::new();
    for _ in 0..5 {
        let picture = picture(&mut session).await;
        shown.push((picture.number, picture.late_before));
    }
    assert_eq!(shown, [(0, 0), (1, 0), (2, 0), (3, 0), (20, 16)]);
    let stats = session.stats();
    assert_eq!((stats.late, stats.resets, stats.frames, stats.key_frames), (16, 1, 5, 2));
}

#[tokio::test(start_paused = true)]
async fn streams_that_are_no_pictures_do_no_harm() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    let connection = fake.session(0).await;
    let good = transport_wire::MediaHeader { payload_len: 100, ..fake::header(1, 0) }.encode().unwrap();
    let mut terabyte = good;
    terabyte[37..41].copy_from_slice(&u32::MAX.to_be_bytes());
    let streams: [(&str, Vec<u8>); 6] = [
        ("a kind that does not exist", vec![77, 1, 2, 3]),
        ("input towards the viewer", vec![2, 0, 0]),
        ("half a header", good[..MEDIA_HEADER_BYTES / 2].to_vec()),
        ("a header that claims four gigabytes", terabyte.to_vec()),
        ("a payload that ends early", [&good[..], &[0; 99]].concat()),
        ("a payload that goes on", [&good[..], &[0; 101]].concat()),
    ];
    for (index, (what, bytes)) in streams.into_iter().enumerate() {
        let mut stream = connection.open_uni().await.unwrap();
        stream.write(Bytes::from(bytes)).await.unwrap();
        stream.finish();
        tokio::time::sleep(3 * DELAY).await;
        assert_eq!(session.stats().malformed, index as u64 + 1, "{what}");
    }
    fake::send(&connection, GROUP, 0).await;
    assert_eq!(picture(&mut session).await.number, GROUP, "the session lives");
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_read_holds_nobody_up() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let connection = fake.session(0).await;
    let total = 5 * PICTURES_QUEUED_MAX as u64;
    for number in 1..total {
        let outcome = timeout(Duration::from_secs(1), fake::send(&connection, number, 0)).await;
        assert_eq!(outcome, Ok(transport_link::Outcome::Acknowledged), "picture {number} is taken at once");
    }
    let (mut expected, mut taken) = (0, 0);
    while expected < total {
        let picture = picture(&mut session).await;
        assert_eq!(picture.number, expected + picture.dropped_before + picture.late_before);
        assert!(picture.key || picture.dropped_before == 0, "after a drop comes a key picture");
        expected = picture.number + 1;
        taken += 1;
    }
    let stats = session.stats();
    assert_eq!((stats.frames, stats.late), (total, 0));
    assert_eq!(stats.dropped + taken, total);
    assert!(taken <= PICTURES_QUEUED_MAX as u64);
}

#[tokio::test(start_paused = true)]
async fn next_may_be_dropped_at_any_time() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let connection = fake.session(0).await;
    let sends = async {
        for number in 1..60 {
            fake::send(&connection, number, 0).await;
        }
    };
    let takes = async {
        let mut numbers = Vec::new();
        while numbers.len() < 60 {
            if let Ok(event) = timeout(Duration::from_millis(1), session.next()).await {
                let Event::Picture(picture) = event else { panic!("{event:?}") };
                numbers.push(picture.number);
            }
        }
        numbers
    };
    let ((), numbers) = tokio::join!(sends, takes);
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_other_side_ends_it_with_a_code() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let connection = fake.session(0).await;
    fake::send(&connection, 1, 0).await;
    connection.close(CloseCode::KILLED, "slot-3 was killed by the operator");
    assert_eq!(picture(&mut session).await.number, 0);
    assert_eq!(picture(&mut session).await.number, 1, "what had come before is still shown");
    for _ in 0..2 {
        let Event::Ended(ended) = next(&mut session).await else { panic!("it has ended") };
        assert_eq!(ended.code, Some(CloseCode::KILLED));
        assert!(ended.to_string().contains("killed by the operator"), "{ended}");
    }
    assert_eq!(session.send(RIGHT), Err(InputError::Ended));
    assert_eq!(session.close().await.code, Some(CloseCode::KILLED));
}
