//! What comes beside the pictures and instead of them: notes, and repeats.

use actors_protocol::input::Input;
use bytes::{BufMut, Bytes, BytesMut};
use transport_link::{Connection, LinkError, OutStream, Outcome, UnitSender};
use transport_viewer::limits::NOTES_MAX;
use transport_viewer::{InputEvent, Session};
use transport_wire::{MediaHeader, StreamCode, StreamKind, notes};

use crate::fake::{self, GROUP};
use crate::{DELAY, open, picture, stage};

async fn open_notes(connection: &Connection) -> OutStream {
    let mut stream = connection.open_uni().await.unwrap();
    stream.write(Bytes::from_static(&[StreamKind::Notes as u8])).await.unwrap();
    stream
}

/// Sends notes and waits until they have arrived.
async fn note(stream: &mut OutStream, of: &[(u64, &str)]) {
    let mut out = BytesMut::new();
    for (picture, text) in of {
        notes::write(&mut out, *picture, text);
    }
    stream.write(out.freeze()).await.unwrap();
    tokio::time::sleep(2 * DELAY).await;
}

fn told(session: &Session, number: u64) -> Option<String> {
    session.note_at(number).map(|text| text.to_string())
}

/// Sends a repeat and waits until the viewer has it.
async fn repeat(connection: &Connection, number: u64, last_input: u32) -> Outcome {
    let header = MediaHeader { repeat: true, ..fake::header(number, last_input) };
    UnitSender::send(connection, header, Bytes::new()).unwrap().outcome().await
}

#[tokio::test(start_paused = true)]
async fn a_repeat_is_handed_out_in_its_place_and_acknowledges() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let connection = fake.session(0).await;
    let key = InputEvent::Key { keysym: 0xff52, down: true };
    assert_eq!(session.send(key), Ok(1));
    let inputs = fake.until(|log| (!log.inputs.is_empty()).then(|| log.inputs.clone())).await;
    assert_eq!(inputs, [Input { number: 1, event: key }]);

    // Picture 1 is later than the repeat that follows it: the repeat waits for its turn.
    assert_eq!(repeat(&connection, 2, 1).await, Outcome::Acknowledged);
    fake::send(&connection, 1, 0).await;
    fake::send(&connection, 3, 1).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let one = picture(&mut session).await;
        assert_eq!(one.data.is_empty(), one.repeat);
        seen.push((one.number, one.repeat, one.last_input, one.late_before));
    }
    assert_eq!(seen, [(0, false, 0, 0), (1, false, 0, 0), (2, true, 1, 0), (3, false, 1, 0)]);
    let stats = session.stats();
    assert_eq!((stats.frames, stats.repeats, stats.late, stats.malformed), (4, 1, 0, 0));
    assert_eq!(stats.input_to_picture_ms.map(|measured| measured.samples), Some(1), "the repeat is the answer");
}

#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_group_that_is_broken_is_not_handed_out() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let connection = fake.session(0).await;
    repeat(&connection, 2, 0).await; // picture 1 never comes
    fake::send(&connection, GROUP, 0).await;
    assert_eq!(picture(&mut session).await.number, 0);
    let next = picture(&mut session).await;
    assert_eq!((next.number, next.repeat, next.late_before), (GROUP, false, GROUP - 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_a_picture_without_payload_or_a_repeat_with_one() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    let connection = fake.session(0).await;
    let good = MediaHeader { payload_len: 1, ..fake::header(1, 0) }.encode().unwrap();
    let (mut empty, mut full) = (good, good);
    empty[40] = 0;
    full[2] |= 2;
    for (index, bytes) in [&empty[..], &[&full[..], &[7]].concat()].into_iter().enumerate() {
        let mut stream = connection.open_uni().await.unwrap();
        stream.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        stream.finish();
        tokio::time::sleep(3 * DELAY).await;
        assert_eq!(session.stats().malformed, index as u64 + 1);
    }
    fake::send(&connection, 1, 0).await;
    assert_eq!(picture(&mut session).await.number, 1, "the session lives");
}

#[tokio::test(start_paused = true)]
async fn a_note_is_in_force_from_its_picture_to_the_next_note() {
    let (_net, fake, viewer) = stage();
    let session = open(&viewer).await;
    let connection = fake.session(0).await;
    assert_eq!(told(&session, 0), None, "nothing has been said");
    let mut stream = open_notes(&connection).await;
    note(&mut stream, &[(1, "News at Six"), (4, "Häfen")]).await;
    let said = [0, 1, 3, 4, 1_000].map(|number| told(&session, number));
    let wanted = [None, Some("News at Six"), Some("News at Six"), Some("Häfen"), Some("Häfen")];
    assert_eq!(said.each_ref().map(Option::as_deref), wanted);
    note(&mut stream, &[(4, "Harbours")]).await;
    assert_eq!(told(&session, 4).as_deref(), Some("Harbours"), "the last word on a picture counts");

    // A service that never stops talking costs no more than this.
    let many = 3 * NOTES_MAX as u64;
    for number in 10..10 + many {
        note(&mut stream, &[(number, "more")]).await;
    }
    assert_eq!(told(&session, 9 + many - NOTES_MAX as u64), None, "what is old is forgotten");
    assert_eq!(told(&session, 10 + many - NOTES_MAX as u64).as_deref(), Some("more"));
}

#[tokio::test(start_paused = true)]
async fn notes_outlast_a_connection_and_go_on_over_the_next() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    let first = fake.session(0).await;
    let mut stream = open_notes(&first).await;
    note(&mut stream, &[(0, "News at Six")]).await;
    first.close(transport_viewer::CloseCode::DROPPED, "");
    let second = fake.session(1).await;
    let mut stream = open_notes(&second).await;
    note(&mut stream, &[(GROUP, "Harbours")]).await;
    fake::send(&second, GROUP, 0).await;
    while session.next_picture().await.unwrap().number < GROUP {}
    assert_eq!(told(&session, GROUP - 1).as_deref(), Some("News at Six"));
    assert_eq!(told(&session, GROUP).as_deref(), Some("Harbours"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_no_notes_is_stopped_and_does_no_harm() {
    let (_net, fake, viewer) = stage();
    let mut session = open(&viewer).await;
    picture(&mut session).await;
    let connection = fake.session(0).await;
    for (index, bytes) in [&[0xff, 0xff][..], &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]].into_iter().enumerate() {
        let mut stream = open_notes(&connection).await;
        stream.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        let refused = stream.acknowledged().await.expect_err("no notes");
        assert!(matches!(refused, LinkError::StreamReset(StreamCode::DROPPED)), "{refused}");
        assert_eq!(session.stats().malformed, index as u64 + 1);
    }
    let mut half = open_notes(&connection).await;
    let mut out = BytesMut::new();
    notes::write(&mut out, 0, "one");
    out.put_u8(0);
    half.write(out.freeze()).await.unwrap();
    half.finish();
    tokio::time::sleep(3 * DELAY).await;
    assert_eq!(session.stats().malformed, 3, "it ends within a note");
    assert_eq!(told(&session, 0).as_deref(), Some("one"), "what was whole is good");
    fake::send(&connection, 1, 0).await;
    assert_eq!(picture(&mut session).await.number, 1, "the session lives");
}
