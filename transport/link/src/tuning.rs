//! Every number by which QUIC is set, with its reason.

use std::sync::Arc;
use std::time::Duration;

use quinn::congestion::CubicConfig;
use quinn::{AckFrequencyConfig, IdleTimeout, TransportConfig, VarInt};

/// A quiet connection says so this often.
pub const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// Silence for so long ends a connection: three keep-alives lost in a row, and a bit.
pub const IDLE: Duration = Duration::from_secs(4);
/// A handshake that takes longer than this is given up by the side that accepts; the idle time-out would do it soon after.
pub const HANDSHAKE: Duration = Duration::from_secs(5);
/// What is assumed of a path before its first measurement. The standard's 333 ms (RFC 9002 §6.2.2) would repeat a lost first
/// packet after a second; Fusion's paths are 10 to 100 ms, and on a slower one a needless repeat does no harm.
pub const INITIAL_RTT: Duration = Duration::from_millis(100);

/// Unidirectional streams that a peer of a node may have open: a viewer has one for input. Each costs memory in advance.
pub const UNI_STREAMS_NODE: u32 = 16;
/// Unidirectional streams that a viewer permits: one for each picture under way; two seconds of 60 pictures a second.
pub const UNI_STREAMS_VIEWER: u32 = 128;
/// Bidirectional streams that a dialler may have open: control. An acceptor opens none.
pub const BI_STREAMS_DIALLER: u32 = 1;

/// Not yet acknowledged bytes per connection. A peer that stops reading costs this much memory at most; 4 MiB are 340 Mbit/s
/// at 100 ms of round trip.
pub const SEND_WINDOW_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of one stream that a peer may send ahead of the reader.
pub const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// Bytes of all streams together that a peer may send ahead of the reader.
pub const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// Datagrams carry pointer motion: what is older than this many bytes of it is worth nothing.
pub const DATAGRAM_BUFFER_BYTES: usize = 16 * 1024;

/// Packets that a peer may take in before it acknowledges them, unless one is missing or 25 ms pass
/// (draft-ietf-quic-ack-frequency §4). A picture is some ten packets in a row, and each acknowledgement costs the
/// sender a fifth of what a packet costs. Fewer than the first flight of a connection holds: that must not wait.
pub const UNACKNOWLEDGED: u32 = 9;

/// Connections of one endpoint; more are refused before they cost anything.
pub const CONNECTIONS_MAX: usize = 16_384;
/// First packets that wait to be accepted or refused, and what each may bring along.
pub const INCOMING_MAX: usize = 1_024;
/// See [`INCOMING_MAX`].
pub const INCOMING_BYTES_MAX: u64 = 16 * 1024;

/// `uni_streams` and `bi_streams`: what the peer may have open.
pub(crate) fn transport(uni_streams: u32, bi_streams: u32) -> Arc<TransportConfig> {
    let mut acknowledgements = AckFrequencyConfig::default();
    acknowledgements.ack_eliciting_threshold(VarInt::from_u32(UNACKNOWLEDGED));
    let mut config = TransportConfig::default();
    config
        .ack_frequency_config(Some(acknowledgements))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::try_from(IDLE).expect("four seconds fit")))
        .initial_rtt(INITIAL_RTT)
        .max_concurrent_uni_streams(VarInt::from_u32(uni_streams))
        .max_concurrent_bidi_streams(VarInt::from_u32(bi_streams))
        .send_window(SEND_WINDOW_BYTES)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BUFFER_BYTES)
        .enable_segmentation_offload(true)
        .congestion_controller_factory(Arc::new(CubicConfig::default()));
    Arc::new(config)
}
