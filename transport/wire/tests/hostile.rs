//! Bytes that no friend sent. Nothing panics; every refusal has the close code that names it; what is accepted is exactly
//! what this version would write.

use actors_protocol::fault::Fault;
use actors_protocol::input::{Input, InputEvent};
use actors_protocol::{factory, gateway, host, membership, node, resolver, zone};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport_wire::envelope::{self, CallHead, Envelope};
use transport_wire::input::{self, InputReader};
use transport_wire::media::{self, MEDIA_HEADER_BYTES};
use transport_wire::notes::{self, NotesReader};
use transport_wire::{CloseCode, FrameReader, MediaHeader, Note, Versions, WireError, decode, encode, limits};

/// The body of the one frame that `write` writes.
fn body(write: impl FnOnce(&mut BytesMut) -> Result<(), WireError>) -> Bytes {
    let mut out = BytesMut::new();
    write(&mut out).expect("it can be written");
    let mut reader = FrameReader::default();
    reader.push(out.freeze());
    reader.next().expect("a good frame").expect("a whole frame")
}

/// One body of each kind.
fn bodies() -> Vec<Bytes> {
    let head = CallHead { id: 9, tag: 0x0301, within_ms: 5, incarnation: 3, trace: 4, path: "instance/clip-a" };
    vec![
        body(|out| envelope::write_hello(out, Versions::CURRENT, "host-a")),
        body(|out| envelope::write_call(out, &head, &(1_u8, 2_u8))),
        body(|out| envelope::write_reply(out, 9, &(1_u8, 2_u8))),
        body(|out| envelope::write_failed(out, 9, &Fault::Gone("host-a".into()))),
        body(|out| envelope::write_cancel(out, 9)),
        body(|out| envelope::write_go_away(out, CloseCode::DRAINED, "bye")),
    ]
}

/// Writes what was read; the bytes must be the ones that were read.
fn rewritten(envelope: &Envelope<'_>) -> Option<Bytes> {
    let with = |head: Bytes, payload: &Bytes| [&head[..], payload].concat().into();
    Some(match envelope {
        Envelope::Hello(hello) if hello.versions.major != 1 => return None, // read as far as it can be, not further
        Envelope::Hello(hello) => body(|out| envelope::write_hello(out, hello.versions, hello.words)),
        Envelope::Call { head, payload } => with(body(|out| envelope::write_call(out, head, &())), payload),
        Envelope::Reply { id, payload } => with(body(|out| envelope::write_reply(out, *id, &())), payload),
        Envelope::Failed { id, fault } => body(|out| envelope::write_failed(out, *id, fault)),
        Envelope::Cancel { id } => body(|out| envelope::write_cancel(out, *id)),
        Envelope::GoAway { code, words } => body(|out| envelope::write_go_away(out, *code, words)),
    })
}

fn refusal_is_named(error: &WireError) -> bool {
    use CloseCode as Code;
    [Code::OVERSIZED, Code::TRUNCATED, Code::TRAILING, Code::MALFORMED].contains(&error.close_code())
}

/// Any bytes as a message of type T.
fn as_message<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    match decode::<T>(bytes) {
        Ok(value) => drop(encode(&value).expect("what was read can be written")),
        Err(error) => assert!(refusal_is_named(&error), "{error}"),
    }
}

fn as_every_message(bytes: &[u8]) {
    as_message::<membership::Join>(bytes);
    as_message::<membership::Admission>(bytes);
    as_message::<membership::Heartbeat>(bytes);
    as_message::<membership::HeartbeatReply>(bytes);
    as_message::<membership::InstanceList>(bytes);
    as_message::<zone::ZoneState>(bytes);
    as_message::<gateway::Reserve>(bytes);
    as_message::<gateway::Reservation>(bytes);
    as_message::<gateway::ZoneReport>(bytes);
    as_message::<resolver::Open>(bytes);
    as_message::<resolver::Opening>(bytes);
    as_message::<resolver::Explanation>(bytes);
    as_message::<host::CreateInstance>(bytes);
    as_message::<factory::Redeem>(bytes);
    as_message::<factory::Redemption>(bytes);
    as_message::<node::ActorList>(bytes);
}

proptest! {
    #[test]
    fn any_bytes_as_an_envelope(bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0_u8..8) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        let frame = Bytes::from(bytes);
        match Envelope::decode(&frame) {
            Ok(envelope) => if let Some(again) = rewritten(&envelope) { prop_assert_eq!(again, frame) },
            Err(error) => prop_assert!(refusal_is_named(&error), "{}", error),
        }
    }

    #[test]
    fn a_good_envelope_with_a_byte_changed(which in 0_usize..6, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = bodies()[which].to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let frame = Bytes::from(bytes);
        match Envelope::decode(&frame) {
            Ok(envelope) => if let Some(again) = rewritten(&envelope) { prop_assert_eq!(again, frame) },
            Err(error) => prop_assert!(refusal_is_named(&error), "{}", error),
        }
    }

    #[test]
    fn any_bytes_as_a_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        as_every_message(&bytes);
    }

    #[test]
    fn any_small_numbers_as_a_message(bytes in prop::collection::vec(0_u8..8, 0..200)) {
        // Few of the bytes above are a variant or a length that is believed; most of these are.
        as_every_message(&bytes);
    }

    #[test]
    fn any_bytes_as_a_media_header(bytes in any::<[u8; MEDIA_HEADER_BYTES]>(), tame in any::<bool>()) {
        let mut bytes = bytes;
        if tame {
            let codec = 1 + bytes[2] % 2;
            bytes[..4].copy_from_slice(&[1, 1, codec, 0]);
            bytes[8..10].fill(0);
            bytes[36] = 0;
        }
        match MediaHeader::decode(&bytes) {
            Ok(header) => {
                prop_assert_eq!(header.repeat, header.payload_len == 0, "a repeat, and it alone, has no payload");
                prop_assert_eq!(&header.encode().expect("it was read")[1..], &bytes[..]);
            }
            Err(error) => prop_assert!(refusal_is_named(&error), "{}", error),
        }
    }

    #[test]
    fn any_bytes_as_input(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6)) {
        let mut reader = InputReader::new();
        'all: for chunk in &chunks {
            let _ = input::from_datagram(chunk);
            reader.push(chunk);
            loop {
                match reader.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => {
                        prop_assert!(refusal_is_named(&error), "{}", error);
                        break 'all;
                    }
                }
            }
        }
    }

    #[test]
    fn input_comes_out_as_it_went_in(numbers in prop::collection::vec((any::<u32>(), any::<u32>(), any::<bool>()), 0..20), cut in any::<prop::sample::Index>()) {
        let inputs: Vec<Input> =
            numbers.iter().map(|&(number, keysym, down)| Input { number, event: InputEvent::Key { keysym, down } }).collect();
        let mut out = BytesMut::new();
        for given in &inputs {
            input::write(&mut out, given).expect("an input is small");
        }
        let cut = cut.index(out.len() + 1);
        let mut reader = InputReader::new();
        let mut got = Vec::new();
        for chunk in [&out[..cut], &out[cut..]] {
            reader.push(chunk);
            while let Some(next) = reader.next().expect("a good input") {
                got.push(next);
            }
        }
        prop_assert_eq!(got, inputs);
        prop_assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn any_bytes_as_notes(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6), tame in any::<bool>()) {
        let mut chunks = chunks;
        if let (true, Some([first, second, ..])) = (tame, chunks.first_mut().map(Vec::as_mut_slice)) {
            (*first, *second) = (0, *second % 8); // most random lengths are too long or never come to their end
        }
        let mut reader = NotesReader::new();
        let mut again = BytesMut::new();
        for chunk in &chunks {
            reader.push(chunk);
            loop {
                match reader.next() {
                    Ok(Some(note)) => notes::write(&mut again, note.picture, &note.text),
                    Ok(None) => break,
                    Err(error) => {
                        prop_assert!(refusal_is_named(&error), "{}", error);
                        return Ok(());
                    }
                }
            }
        }
        let all = chunks.concat();
        prop_assert_eq!(&again[..], &all[..again.len()], "what was read is what would be written");
        match reader.finish() {
            Ok(()) => prop_assert_eq!(again.len(), all.len()),
            Err(error) => prop_assert_eq!(error.close_code(), CloseCode::TRUNCATED),
        }
    }

    #[test]
    fn notes_come_out_as_they_went_in(
        given in prop::collection::vec((any::<u64>(), ".{0,40}"), 0..12),
        pieces in prop::collection::vec(1_usize..30, 1..20),
    ) {
        let given: Vec<_> = given.into_iter().map(|(picture, text)| Note { picture, text }).collect();
        let mut out = BytesMut::new();
        for note in &given {
            notes::write(&mut out, note.picture, &note.text);
        }
        let (mut reader, mut got, mut rest) = (NotesReader::new(), Vec::new(), &out[..]);
        for piece in pieces.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*piece));
            reader.push(now);
            while let Some(note) = reader.next().expect("a good note") {
                got.push(note);
            }
            prop_assert_eq!(reader.finish().is_ok(), got == given[..got.len()] && later.len() + written(&got) == out.len());
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(got, given);
    }

    #[test]
    fn the_newest_group_goes_first_and_in_it_the_units_in_order(
        group in 0_u32..(1 << 19) - 1, unit in 0_u16..4_096, later in 1_u16..4_096,
    ) {
        prop_assert!(media::priority(group + 1, 4_095) > media::priority(group, 0));
        if let Some(next) = unit.checked_add(later).filter(|next| *next < 4_096) {
            prop_assert!(media::priority(group, unit) > media::priority(group, next));
        }
        prop_assert!(media::priority(group, unit) < 0, "control and input have priority 0 and go first");
        prop_assert_eq!(media::priority(group, unit), media::priority(group + (1 << 19), unit));
    }
}

/// Bytes of these notes on the stream.
fn written(notes: &[Note]) -> usize {
    notes.iter().map(|note| 10 + note.text.len()).sum()
}

#[test]
fn a_note_over_its_limit_is_cut_by_its_writer_and_refused_by_its_reader() {
    let long = format!("{}ä", "a".repeat(limits::NOTE_BYTES_MAX - 1));
    let mut out = BytesMut::new();
    notes::write(&mut out, 7, &long);
    let mut reader = NotesReader::new();
    reader.push(&out);
    let note = reader.next().expect("within the limit").expect("whole");
    assert_eq!((note.picture, note.text.as_str()), (7, &long[..limits::NOTE_BYTES_MAX - 1]), "no half of a letter");

    for (bytes, code) in [
        (&[4, 1][..], CloseCode::OVERSIZED), // 1,025 bytes: refused before any of them has come
        (&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff][..], CloseCode::MALFORMED),
    ] {
        let mut reader = NotesReader::new();
        reader.push(bytes);
        assert_eq!(reader.next().expect_err("no note").close_code(), code);
    }
    reader.push(&[0, 3, 0, 0]);
    assert_eq!(reader.next(), Ok(None));
    assert_eq!(reader.finish(), Err(WireError::Truncated { what: "a note", missing: 9 }));
}

#[test]
fn a_picture_without_payload_and_a_repeat_with_one_are_told_apart() {
    let key = MediaHeader {
        key: true,
        repeat: false,
        codec: transport_wire::Codec::H264,
        group: 1,
        unit: 0,
        previous: 0,
        picture: 0,
        pts_us: 0,
        last_input: 0,
        width: 64,
        height: 36,
        payload_len: 1,
    };
    let later = MediaHeader { key: false, unit: 1, ..key };
    for (bad, words) in [
        (MediaHeader { payload_len: 0, ..key }, "a picture that is no repeat has a payload"),
        (MediaHeader { payload_len: 0, ..later }, "a picture that is no repeat has a payload"),
        (MediaHeader { repeat: true, ..later }, "a repeat has no payload"),
        (MediaHeader { repeat: true, payload_len: 0, ..key }, "a repeat is no key picture"),
    ] {
        let error = bad.encode().expect_err(words);
        assert!(error.to_string().ends_with(words), "{error}");
        assert_eq!(error.close_code(), CloseCode::MALFORMED);
    }
}

#[test]
fn every_envelope_cut_short_is_refused_or_shorter() {
    for whole in bodies() {
        for end in 0..whole.len() {
            let cut = whole.slice(..end);
            match Envelope::decode(&cut) {
                Ok(envelope) => {
                    assert_eq!(rewritten(&envelope), Some(cut.clone()), "only words and payloads get shorter")
                }
                Err(error) => assert_eq!(error.close_code(), CloseCode::TRUNCATED, "{error}"),
            }
        }
    }
}

#[test]
fn each_kind_of_bad_bytes_has_its_code() {
    let cases: [(&[u8], CloseCode); 11] = [
        (b"", CloseCode::TRUNCATED),
        (b"\x00", CloseCode::MALFORMED),
        (b"\x07", CloseCode::MALFORMED),
        (b"\x01HTTP\x00\x01", CloseCode::MALFORMED),
        (b"\x01FUSN\x00\x01\x00", CloseCode::TRUNCATED),
        (b"\x01FUSN\x00\x01\x00\x01\x00\x02", CloseCode::MALFORMED),
        (b"\x01FUSN\x00\x01\x00\x01\x00\x01\xff", CloseCode::MALFORMED),
        (b"\x04\x00\x00\x00\x01\x08", CloseCode::MALFORMED),
        (b"\x04\x00\x00\x00\x01\x01words", CloseCode::TRAILING),
        (b"\x05\x00\x00\x00\x01\x00", CloseCode::TRAILING),
        (&[6; limits::WORDS_BYTES_MAX + 6], CloseCode::OVERSIZED),
    ];
    for (bytes, code) in cases {
        let frame = Bytes::copy_from_slice(bytes);
        let error = Envelope::decode(&frame).expect_err("bad bytes");
        assert_eq!(error.close_code(), code, "{error}");
    }
}

#[test]
fn a_hello_of_another_major_version_can_be_read_far_enough_to_refuse_it() {
    let frame = Bytes::from_static(b"\x01FUSN\x00\x02\x00\x07 and whatever that version says\xff");
    let Ok(Envelope::Hello(hello)) = Envelope::decode(&frame) else { panic!("it must be readable") };
    assert_eq!((hello.versions.major, hello.versions.minor, hello.words), (2, 7, ""));
    let words = transport_wire::version::negotiate(Versions::CURRENT, hello.versions).expect_err("another major");
    assert!(words.to_string().contains("1.0") && words.to_string().contains("2.7"), "{words}");
}

#[test]
fn a_message_has_no_bytes_to_spare_and_none_missing() {
    let message =
        gateway::Release { request: actors_protocol::RequestId(5), instance: "clip-a".parse().expect("a name") };
    let mut bytes = encode(&message).expect("it can be written");
    for end in 0..bytes.len() {
        let error = decode::<gateway::Release>(&bytes[..end]).expect_err("it is cut short");
        assert_eq!(error.close_code(), CloseCode::TRUNCATED, "{error}");
    }
    bytes.push(0);
    let error = decode::<gateway::Release>(&bytes).expect_err("a byte is left over");
    assert_eq!(error.close_code(), CloseCode::TRAILING);
    assert_eq!(Fault::from(error), Fault::Malformed("1 bytes are left over behind a message".into()));
}

#[test]
fn a_length_that_would_allocate_a_terabyte_is_refused() {
    // 253 introduces a 64-bit number: 2^40, as the length of a text, of bytes, and of a list.
    let tebi = [253, 0, 0, 0, 0, 0, 1, 0, 0];
    for error in [
        decode::<String>(&tebi).expect_err("a text of 1 TiB"),
        decode::<Vec<u8>>(&tebi).expect_err("bytes of 1 TiB"),
        decode::<Vec<String>>(&tebi).expect_err("2^40 texts"),
        decode::<membership::Deny>(&tebi).expect_err("a name of 1 TiB"),
    ] {
        assert!([CloseCode::OVERSIZED, CloseCode::TRUNCATED].contains(&error.close_code()), "{error}");
    }
    assert_eq!(decode::<String>(&tebi).expect_err("over the limit").close_code(), CloseCode::OVERSIZED);
}

#[test]
fn a_name_that_is_none_does_not_get_in() {
    let error = decode::<zone::InstanceFailure>(&encode(&("<b>", "clip.demo", "")).expect("it can be written"))
        .expect_err("the name is bad");
    assert_eq!(error.close_code(), CloseCode::MALFORMED);
    assert!(error.to_string().contains("instance name"), "it says what is wrong: {error}");
}

#[test]
fn the_limit_refuses_nothing_that_was_written() {
    // The dearest honest content: one byte on the wire for sixteen in memory.
    let numbers = vec![1_u128; limits::FRAME_BYTES_MAX - 16];
    let bytes = encode(&numbers).expect("within a frame");
    assert_eq!(decode::<Vec<u128>>(&bytes).expect("what was written can be read"), numbers);
}
