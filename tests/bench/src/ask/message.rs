//! The message that is sent to and fro: 100 bytes, for us and for bare quinn as bincode, for tonic as protobuf.

use actors_protocol::actor_protocol;
use serde::{Deserialize, Serialize};

/// Two numbers and two texts, as a report or a reservation has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// Told apart by it.
    pub number: u64,
    /// A large number, as times are.
    pub at_us: u64,
    /// A name.
    pub service: String,
    /// Something said.
    pub words: String,
}

actor_protocol! {
    /// What the echoing actor understands.
    pub protocol Echo("echo") {
        0x7f01 => Ping -> Ping;
    }
}

/// The same for tonic. The tags are the fields' numbers.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GrpcPing {
    /// See [`Ping::number`].
    #[prost(uint64, tag = "1")]
    pub number: u64,
    /// See [`Ping::at_us`].
    #[prost(uint64, tag = "2")]
    pub at_us: u64,
    /// See [`Ping::service`].
    #[prost(string, tag = "3")]
    pub service: String,
    /// See [`Ping::words`].
    #[prost(string, tag = "4")]
    pub words: String,
}

/// The message.
pub fn ping() -> Ping {
    Ping {
        number: 0x1234_5678_9abc,
        at_us: 1_700_000_000_000_000,
        service: "echo-bench.demo1".to_owned(),
        words: "a report of one node to another, or a reservation: 64 bytes long".to_owned(),
    }
}

/// The same for tonic.
pub fn grpc_ping() -> GrpcPing {
    let Ping { number, at_us, service, words } = ping();
    GrpcPing { number, at_us, service, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    #[test]
    fn it_has_a_hundred_bytes() {
        assert_eq!(transport_wire::encode(&ping()).expect("encodes").len(), 100);
        let grpc = grpc_ping().encoded_len();
        assert!((90..=110).contains(&grpc), "{grpc}");
    }
}
