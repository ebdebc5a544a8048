//! Frames: however a stream is cut into chunks, the same frames come out; what is wrong is named, and no length is
//! believed before it has been compared with the limit.

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use transport_wire::envelope::{self, CallHead};
use transport_wire::limits::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};
use transport_wire::{CloseCode, FrameReader, WireError, encode, frame};

/// A stream of these bodies.
fn stream(bodies: &[Vec<u8>]) -> Bytes {
    let mut out = BytesMut::new();
    for body in bodies {
        frame::append(&mut out, |out| {
            out.put_slice(body);
            Ok(())
        })
        .expect("within the limit");
    }
    out.freeze()
}

fn drain(reader: &mut FrameReader) -> Result<Vec<Vec<u8>>, WireError> {
    let mut bodies = Vec::new();
    while let Some(body) = reader.next()? {
        bodies.push(body.to_vec());
    }
    Ok(bodies)
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        drain_each in any::<bool>(),
    ) {
        let whole = stream(&bodies);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let mut reader = FrameReader::default();
        let mut got = Vec::new();
        for pair in cuts.windows(2) {
            reader.push(whole.slice(pair[0]..pair[1]));
            if drain_each {
                got.extend(drain(&mut reader).expect("good frames"));
            }
        }
        got.extend(drain(&mut reader).expect("good frames"));
        prop_assert_eq!(got, bodies);
        prop_assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn any_bytes_are_frames_or_an_error(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
        let mut reader = FrameReader::new(64);
        let given: usize = chunks.iter().map(Vec::len).sum();
        let mut got = 0;
        for chunk in chunks {
            reader.push(chunk.into());
            match drain(&mut reader) {
                Ok(bodies) => got += bodies.iter().map(|body| body.len() + 4).sum::<usize>(),
                Err(error) => {
                    prop_assert_eq!(error.close_code(), CloseCode::OVERSIZED);
                    return Ok(());
                }
            }
        }
        prop_assert!(got <= given);
        prop_assert_eq!(reader.finish().is_ok(), got == given, "what is not a frame is a truncated one");
    }
}

#[test]
fn every_cut_of_a_short_stream_gives_the_same_frames() {
    let bodies = [b"one".to_vec(), Vec::new(), b"three".to_vec()];
    let whole = stream(&bodies);
    for first in 0..=whole.len() {
        for second in first..=whole.len() {
            let mut reader = FrameReader::default();
            let mut got = Vec::new();
            for chunk in [whole.slice(..first), whole.slice(first..second), whole.slice(second..)] {
                reader.push(chunk);
                got.extend(drain(&mut reader).expect("good frames"));
            }
            assert_eq!(got, bodies, "cut at {first} and {second}");
        }
    }
}

#[test]
fn a_frame_inside_one_chunk_is_not_copied() {
    let whole = stream(&[b"one".to_vec(), b"two".to_vec()]);
    let inside = whole.as_ptr_range();
    let mut reader = FrameReader::default();
    reader.push(whole.clone());
    for _ in 0..2 {
        let body = reader.next().expect("a good frame").expect("a whole frame");
        assert!(inside.contains(&body.as_ptr()), "the body lies elsewhere: it was copied");
    }
}

#[test]
fn a_length_over_the_limit_is_refused_at_its_fourth_byte() {
    for length in [FRAME_BYTES_MAX as u32 + 1, u32::MAX] {
        let mut reader = FrameReader::default();
        for byte in &length.to_be_bytes()[..3] {
            reader.push(Bytes::copy_from_slice(&[*byte]));
            assert_eq!(reader.next(), Ok(None));
        }
        reader.push(Bytes::copy_from_slice(&length.to_be_bytes()[3..]));
        let error = reader.next().expect_err("over the limit");
        assert_eq!(error.close_code(), CloseCode::OVERSIZED);
        assert!(error.to_string().contains("1048576"), "it names the limit: {error}");
    }
}

#[test]
fn the_greatest_frame_passes_and_the_first_one_has_a_limit_of_its_own() {
    let mut reader = FrameReader::default();
    reader.push(stream(&[vec![7; FRAME_BYTES_MAX]]));
    assert_eq!(reader.next().expect("at the limit").expect("whole").len(), FRAME_BYTES_MAX);

    let mut reader = FrameReader::new(HELLO_BYTES_MAX);
    reader.push(stream(&[vec![1; HELLO_BYTES_MAX], vec![2; HELLO_BYTES_MAX + 1]]));
    assert!(reader.next().expect("at the limit").is_some());
    reader.set_limit(FRAME_BYTES_MAX);
    assert!(reader.next().expect("the limit was raised").is_some());

    let mut reader = FrameReader::new(HELLO_BYTES_MAX);
    reader.push(stream(&[vec![1; HELLO_BYTES_MAX + 1]]));
    assert_eq!(reader.next().expect_err("too long for a hello").close_code(), CloseCode::OVERSIZED);
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_truncated() {
    let whole = stream(&[b"hello".to_vec()]);
    for end in 1..whole.len() {
        let mut reader = FrameReader::default();
        reader.push(whole.slice(..end));
        assert_eq!(reader.next(), Ok(None));
        let error = reader.finish().expect_err("it is not whole");
        assert_eq!(error.close_code(), CloseCode::TRUNCATED, "cut at {end}");
        if end >= 4 {
            assert_eq!(error, WireError::Truncated { what: "a frame", missing: (whole.len() - end) as u64 });
        }
    }
}

/// Writes a few bytes, then says that it cannot go on.
struct Unwilling;

impl Serialize for Unwilling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&[1_u8; 16])?;
        Err(S::Error::custom("not today"))
    }
}

/// Writes a few bytes, then panics.
struct Panicking;

impl Serialize for Panicking {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&[1_u8; 16])?;
        panic!("in the middle of a frame")
    }
}

#[test]
fn what_cannot_be_written_leaves_the_buffer_as_it_was() {
    let head = CallHead { id: 1, tag: 1, within_ms: 1, incarnation: 0, trace: 0, path: "a" };
    let mut out = BytesMut::new();
    envelope::write_cancel(&mut out, 5).expect("it can be written");
    let before = out.clone();

    let error = envelope::write_call(&mut out, &head, &Unwilling).expect_err("it refuses");
    assert!(matches!(&error, WireError::Unencodable { why, .. } if why.contains("not today")), "{error}");
    assert_eq!(out, before);

    let long = "x".repeat(FRAME_BYTES_MAX);
    for error in [
        envelope::write_reply(&mut out, 1, &long).expect_err("over the limit"),
        envelope::write_call(&mut out, &head, &long).expect_err("over the limit"),
    ] {
        assert_eq!(error.close_code(), CloseCode::OVERSIZED);
        assert_eq!(out, before);
    }
    let error = encode(&long).expect_err("over the limit with its length");
    assert_eq!(error.close_code(), CloseCode::OVERSIZED);

    for path in ["", "a b", "a\n", "é", &"a".repeat(201)] {
        envelope::write_call(&mut out, &CallHead { path, ..head }, "x").expect_err("no path");
        assert_eq!(out, before);
    }

    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| envelope::write_reply(&mut out, 1, &Panicking)));
    assert!(panicked.is_err());
    assert_eq!(out, before, "others write to the same buffer");
}

#[test]
fn the_bound_is_exact_however_small_the_writes() {
    // A list is written byte by byte behind a length of 5 bytes; a text in one go.
    let greatest = vec![1_u8; FRAME_BYTES_MAX - 5];
    assert_eq!(encode(&greatest).expect("at the limit").len(), FRAME_BYTES_MAX);
    let error = encode(&vec![1_u8; FRAME_BYTES_MAX - 4]).expect_err("a byte over the limit");
    let (bytes, limit) = (FRAME_BYTES_MAX as u64 + 1, FRAME_BYTES_MAX as u64);
    assert_eq!(error, WireError::Oversized { what: "a message", bytes, limit });
    encode(&"x".repeat(FRAME_BYTES_MAX - 5)).expect("at the limit");
    encode(&"x".repeat(FRAME_BYTES_MAX - 4)).expect_err("a byte over the limit");
}

#[test]
fn the_greatest_call_and_reply_pass() {
    let path = "a".repeat(200);
    let head = CallHead { id: 1, tag: 1, within_ms: 1, incarnation: 0, trace: 0, path: &path };
    let mut out = BytesMut::new();
    // A text of this length has a length of 5 bytes before it.
    envelope::write_call(&mut out, &head, &"x".repeat(FRAME_BYTES_MAX - 28 - 200 - 5)).expect("at the limit");
    envelope::write_reply(&mut out, 1, &"x".repeat(FRAME_BYTES_MAX - 5 - 5)).expect("at the limit");
    let mut reader = FrameReader::default();
    reader.push(out.freeze());
    for _ in 0..2 {
        assert_eq!(reader.next().expect("at the limit").expect("whole").len(), FRAME_BYTES_MAX);
    }
}
