//! A session's facts and pictures, for the tests of this module's parts.

use actors_protocol::{Millis, SessionId, SlotId};
use bytes::Bytes;
use tokio::time::Instant;
use transport_viewer::{Codec, Picture, SessionInfo};

/// A session of 4×4 pixels, thirty pictures a second.
pub fn info(codec: Codec) -> SessionInfo {
    SessionInfo {
        service: "echo.demo".parse().expect("valid"),
        instance: "echo-a".parse().expect("valid"),
        zone: "zone-a".parse().expect("valid"),
        session: SessionId(1),
        slot: SlotId(1),
        codec: codec.as_str().to_owned(),
        width: 4,
        height: 4,
        rate_millihertz: 30_000,
        resume_window: Millis(6_000),
    }
}

/// A raw picture of 4×4 pixels; without data, a repeat.
pub fn picture(number: u64, data: &[u8]) -> Picture {
    Picture {
        number,
        group: 1,
        unit: number as u16,
        key: number == 0,
        repeat: data.is_empty(),
        codec: Codec::I420,
        width: 4,
        height: 4,
        pts_us: number * 1_000_000 / 30,
        last_input: 0,
        late_before: 0,
        dropped_before: 0,
        complete_at: Instant::now(),
        data: Bytes::copy_from_slice(data),
    }
}
