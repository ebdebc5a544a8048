//! Every hand-written layout, once with all its fields set to something recognisable.

use actors_protocol::Fault;
use actors_protocol::input::{Input, InputEvent};
use bytes::{Bytes, BytesMut};
use transport_wire::envelope::{self, CallHead, Envelope, Hello};
use transport_wire::media::MEDIA_HEADER_BYTES;
use transport_wire::{CloseCode, Codec, FrameReader, MediaHeader, Note, Versions, input, notes};

use crate::book::Book;

pub fn all(book: &mut Book) {
    let versions = Versions { major: 1, minor: 3, minor_min: 2 };
    frame(
        book,
        "hello",
        |out| envelope::write_hello(out, versions, "fusion 0.1.0 host-a"),
        &Envelope::Hello(Hello { versions, words: "fusion 0.1.0 host-a" }),
    );

    let head = CallHead {
        id: 0x0102_0304,
        tag: 0x0601,
        within_ms: 2_000,
        incarnation: 0x1112_1314_1516_1718,
        trace: 0x2122_2324_2526_2728,
        path: "instance/clip-a",
    };
    let payload = Bytes::from_static(b"\x05hello");
    frame(
        book,
        "call",
        |out| envelope::write_call(out, &head, "hello"),
        &Envelope::Call { head, payload: payload.clone() },
    );
    frame(book, "reply", |out| envelope::write_reply(out, 7, "hello"), &Envelope::Reply { id: 7, payload });
    let faults = [
        Fault::Deadline,
        Fault::Gone("resolver".into()),
        Fault::Overloaded("gateway".into()),
        Fault::Panicked("slot-3".into()),
        Fault::Version("1.0 and 2.0".into()),
        Fault::Denied("viewer".into()),
        Fault::Malformed("é".into()),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let name = format!("failed, fault {}", index + 1);
        frame(
            book,
            &name,
            |out| envelope::write_failed(out, 7, &fault),
            &Envelope::Failed { id: 7, fault: fault.clone() },
        );
    }
    frame(book, "cancel", |out| envelope::write_cancel(out, 0xfffe_fdfc), &Envelope::Cancel { id: 0xfffe_fdfc });
    frame(
        book,
        "go-away",
        |out| envelope::write_go_away(out, CloseCode::DRAINED, "updating"),
        &Envelope::GoAway { code: CloseCode::DRAINED, words: "updating" },
    );
    media(book);
    inputs(book);
    notes(book);
    for code in CloseCode::ALL {
        book.bytes(&format!("close code {}", code.name()), &code.0.to_be_bytes());
    }
    for code in transport_wire::StreamCode::ALL {
        book.bytes(&format!("stream code {}", code.name()), &code.0.to_be_bytes());
    }
}

fn frame(
    book: &mut Book,
    name: &str,
    write: impl Fn(&mut BytesMut) -> Result<(), transport_wire::WireError>,
    envelope: &Envelope<'_>,
) {
    let mut out = BytesMut::new();
    write(&mut out).expect("it can be written");
    book.bytes(name, &out);
    let mut reader = FrameReader::default();
    reader.push(out.freeze());
    let body = reader.next().expect("a good frame").expect("a whole frame");
    assert_eq!(&Envelope::decode(&body).expect("it reads back"), envelope, "{name}");
    reader.finish().expect("nothing is left over");
}

fn media(book: &mut Book) {
    let key = MediaHeader {
        key: true,
        repeat: false,
        codec: Codec::H264,
        group: 0x0102_0304,
        unit: 0,
        previous: 30,
        picture: 0x1112_1314_1516_1718,
        pts_us: 0x2122_2324_2526_2728,
        last_input: 0x3132_3334,
        width: 640,
        height: 360,
        payload_len: 20_000,
    };
    let raw = MediaHeader { codec: Codec::I420, width: 64, height: 36, payload_len: 3_456, ..key };
    let later = MediaHeader { key: false, unit: 29, ..key };
    let repeat = MediaHeader { repeat: true, payload_len: 0, ..later };
    let all = [("media, key", key), ("media, raw", raw), ("media, later unit", later), ("media, repeat", repeat)];
    for (name, header) in all {
        let bytes = header.encode().expect("within its limits");
        book.bytes(name, &bytes);
        let rest: &[u8; MEDIA_HEADER_BYTES] = bytes[1..].try_into().expect("40 bytes after the kind");
        assert_eq!(MediaHeader::decode(rest).expect("it reads back"), header, "{name}");
    }
}

fn notes(book: &mut Book) {
    let note = Note { picture: 258, text: "Häfen".to_owned() };
    let mut out = BytesMut::new();
    notes::write(&mut out, note.picture, &note.text);
    book.bytes("note", &out);
    let mut reader = notes::NotesReader::new();
    reader.push(&out);
    assert_eq!(reader.next(), Ok(Some(note)));
}

fn inputs(book: &mut Book) {
    let events = [
        ("key", InputEvent::Key { keysym: 0xff53, down: true }),
        ("button", InputEvent::Button { button: 1, down: false }),
        ("pointer", InputEvent::Pointer { x: 0x1234, y: 0xfedc }),
    ];
    for (number, (name, event)) in (1..).zip(events) {
        let given = Input { number, event };
        let mut out = BytesMut::new();
        input::write(&mut out, &given).expect("it can be written");
        book.bytes(&format!("input, {name}"), &out);
        let mut reader = input::InputReader::new();
        reader.push(&out);
        assert_eq!(reader.next().expect("a good input"), Some(given));
        let datagram = input::datagram(&given).expect("it can be written");
        book.bytes(&format!("input datagram, {name}"), &datagram);
        assert_eq!(input::from_datagram(&datagram).expect("it reads back"), given);
    }
}
