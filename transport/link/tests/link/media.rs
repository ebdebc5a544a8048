//! Media units, streams and datagrams.

use actors_protocol::Role;
use bytes::Bytes;
use transport_link::{Connection, Endpoint, InStream, LinkError, Outcome, UnitSender, tuning};
use transport_wire::limits::UNIT_BYTES_MAX;
use transport_wire::media::MEDIA_HEADER_BYTES;
use transport_wire::{CloseCode, Codec, MediaHeader, StreamCode};

use crate::support::{Domain, Running, soon, until};

pub fn header(group: u32, unit: u16) -> MediaHeader {
    MediaHeader {
        key: unit == 0,
        repeat: false,
        codec: Codec::H264,
        group,
        unit,
        previous: 0,
        picture: u64::from(group * 100) + u64::from(unit),
        pts_us: 0,
        last_input: 0,
        width: 640,
        height: 360,
        payload_len: 0,
    }
}

/// A host's end and a viewer's end of one connection.
async fn pair() -> (Running, Endpoint, Connection, Connection) {
    let domain = Domain::new("test");
    let host = Running::start(domain.node("server", &[Role::Host]));
    let viewer = Endpoint::bind(domain.viewer()).unwrap();
    let seen = viewer.connect(&host.target("server.host.test"), crate::support::DEADLINE).await.unwrap();
    host.attempts(1).await;
    let sending = host.admitted.lock()[0].as_ref().unwrap().clone();
    (host, viewer, sending, seen)
}

pub async fn receive(stream: &mut InStream) -> (MediaHeader, usize) {
    let mut head = [0; 1 + MEDIA_HEADER_BYTES];
    stream.read_exact(&mut head).await.unwrap();
    let header = MediaHeader::decode(head[1..].first_chunk().unwrap()).unwrap();
    let mut bytes = 0;
    while let Some(chunk) = stream.read().await.unwrap() {
        bytes += chunk.len();
    }
    (header, bytes)
}

#[tokio::test]
async fn a_unit_arrives_whole_and_is_acknowledged() {
    let (_host, _viewer, sending, seen) = pair().await;
    let unit = UnitSender::send(&sending, header(3, 0), Bytes::from(vec![5; 300_000])).unwrap();
    let unit = tokio::spawn(unit.outcome());
    let mut stream = soon("the stream", seen.accept_uni()).await.unwrap();
    let (head, bytes) = soon("the unit", receive(&mut stream)).await;
    assert_eq!((head.group, head.payload_len, bytes), (3, 300_000, 300_000));
    assert_eq!(soon("the acknowledgement", unit).await.unwrap(), Outcome::Acknowledged);
}

#[tokio::test]
async fn a_repeat_is_a_header_and_arrives() {
    let (_host, _viewer, sending, seen) = pair().await;
    let repeat = MediaHeader { repeat: true, last_input: 9, ..header(3, 1) };
    let unit = tokio::spawn(UnitSender::send(&sending, repeat, Bytes::new()).unwrap().outcome());
    let mut stream = soon("the stream", seen.accept_uni()).await.unwrap();
    assert_eq!(soon("the unit", receive(&mut stream)).await, (repeat, 0));
    assert_eq!(soon("the acknowledgement", unit).await.unwrap(), Outcome::Acknowledged);

    assert!(UnitSender::send(&sending, repeat, Bytes::from_static(b"x")).is_err(), "a repeat has no payload");
    assert!(UnitSender::send(&sending, header(3, 2), Bytes::new()).is_err(), "a picture has one");
}

#[tokio::test]
async fn a_late_unit_is_reset_with_its_code() {
    let (_host, _viewer, sending, seen) = pair().await;
    // Larger than the windows, so that it is under way as long as nobody reads.
    let unit = UnitSender::send(&sending, header(1, 0), Bytes::from(vec![5; UNIT_BYTES_MAX])).unwrap();
    let reset = unit.handle();
    let unit = tokio::spawn(unit);
    let mut stream = soon("the stream", seen.accept_uni()).await.unwrap();
    soon("its beginning", stream.read()).await.unwrap();
    reset.reset();
    assert_eq!(soon("the outcome", unit).await.unwrap(), Outcome::Reset);
    let ended = soon("the reset", async {
        loop {
            if let Err(error) = stream.read().await {
                return error;
            }
        }
    })
    .await;
    assert!(matches!(ended, LinkError::StreamReset(StreamCode::LATE)), "{ended}");

    // Reset before it was polled, it never opens a stream.
    let unit = UnitSender::send(&sending, header(1, 1), Bytes::from_static(b"x")).unwrap();
    unit.reset();
    assert_eq!(soon("the outcome", unit.outcome()).await, Outcome::Reset);
}

#[tokio::test]
async fn a_unit_that_is_dropped_or_not_wanted_never_looks_whole() {
    let (_host, _viewer, sending, seen) = pair().await;
    let unit = tokio::spawn(UnitSender::send(&sending, header(1, 0), Bytes::from(vec![5; UNIT_BYTES_MAX])).unwrap());
    let mut stream = soon("the stream", seen.accept_uni()).await.unwrap();
    soon("its beginning", stream.read()).await.unwrap();
    unit.abort();
    let ended = soon("the reset", async {
        loop {
            match stream.read().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it looks whole"),
                Err(error) => return error,
            }
        }
    })
    .await;
    assert!(matches!(ended, LinkError::StreamReset(StreamCode::DROPPED)), "{ended}");

    let unit = tokio::spawn(UnitSender::send(&sending, header(1, 1), Bytes::from(vec![5; UNIT_BYTES_MAX])).unwrap());
    let mut stream = soon("the stream", seen.accept_uni()).await.unwrap();
    stream.stop(StreamCode::ENDED);
    assert_eq!(soon("the outcome", unit).await.unwrap(), Outcome::Reset);

    let unit = tokio::spawn(UnitSender::send(&sending, header(1, 2), Bytes::from(vec![5; UNIT_BYTES_MAX])).unwrap());
    soon("the stream", seen.accept_uni()).await.unwrap();
    seen.close(CloseCode::GOODBYE, "enough");
    assert_eq!(soon("the outcome", unit).await.unwrap(), Outcome::Lost);
}

#[tokio::test]
async fn a_unit_over_its_limit_is_not_sent() {
    let (_host, _viewer, sending, _seen) = pair().await;
    assert!(UnitSender::send(&sending, header(1, 0), Bytes::from(vec![0; UNIT_BYTES_MAX + 1])).is_err());
    let contradiction = MediaHeader { key: false, ..header(1, 0) };
    assert!(UnitSender::send(&sending, contradiction, Bytes::new()).is_err());
}

#[tokio::test]
async fn a_unit_that_waits_for_the_window_learns_that_it_is_not_wanted() {
    let (_host, _viewer, sending, seen) = pair().await;
    // Together they fill the window of the connection, and what the sender may buffer on top.
    let units: Vec<_> = (0..4)
        .map(|_| tokio::spawn(UnitSender::send(&sending, header(1, 0), Bytes::from(vec![0; UNIT_BYTES_MAX])).unwrap()))
        .collect();
    let mut streams = Vec::new();
    for _ in &units {
        streams.push(soon("the stream", seen.accept_uni()).await.unwrap());
    }
    let window = u64::from(tuning::CONNECTION_WINDOW_BYTES);
    until("the window is nearly full", || sending.stats().sent_bytes > window * 9 / 10).await;
    streams.iter_mut().for_each(|stream| stream.stop(StreamCode::LATE));
    for unit in units {
        assert_eq!(soon("the outcome", unit).await.unwrap(), Outcome::Reset);
    }
    let unit = tokio::spawn(UnitSender::send(&sending, header(2, 0), Bytes::from(vec![0; 100_000])).unwrap());
    let mut stream = soon("the stream", seen.accept_uni()).await.unwrap();
    assert_eq!(soon("the unit", receive(&mut stream)).await.1, 100_000, "the window is free again");
    assert_eq!(soon("the outcome", unit).await.unwrap(), Outcome::Acknowledged);
}

#[tokio::test]
async fn streams_and_datagrams_go_both_ways() {
    let (_host, _viewer, sending, seen) = pair().await;
    let mut out = soon("a stream", seen.open_uni()).await.unwrap();
    out.write(Bytes::from_static(b"input")).await.unwrap();
    out.finish();
    let mut stream = soon("the stream", sending.accept_uni()).await.unwrap();
    let mut buffer = [0; 5];
    soon("its bytes", stream.read_exact(&mut buffer)).await.unwrap();
    assert_eq!(&buffer, b"input");
    assert!(soon("its end", stream.read()).await.unwrap().is_none());
    soon("the acknowledgement", out.acknowledged()).await.unwrap();

    seen.send_datagram(Bytes::from_static(b"pointer")).unwrap();
    assert_eq!(soon("the datagram", sending.read_datagram()).await.unwrap(), "pointer");
    let too_large = seen.send_datagram(Bytes::from(vec![0; 10_000])).unwrap_err();
    assert!(matches!(too_large, LinkError::Datagram(_)), "{too_large}");

    until("the path is measured", || sending.stats().received_bytes > 0 && sending.rtt() > std::time::Duration::ZERO)
        .await;
    assert_ne!(sending.id(), seen.id());
}
