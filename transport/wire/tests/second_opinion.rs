//! A second opinion on the codec: `wincode`, written by others, reads and writes the same bytes. It is also the way out,
//! should bincode have to go (`docs/adr/0003-bincode.md`), so this test keeps that door open.
//!
//! wincode has derives of its own, so each shape is declared here once more, field for field.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wincode::config::{Configuration, DEFAULT_PREALLOCATION_SIZE_LIMIT};
use wincode::int_encoding::{LittleEndian, VarInt};
use wincode::len::BincodeLen;
use wincode::{SchemaRead, SchemaWrite};

/// The values of [`actors_protocol::gateway::Reserve`].
#[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
struct Reserve {
    request: u128,
    service: String,
    viewer: [u8; 32],
    origin: IpAddr,
}

#[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
enum IpAddr {
    V4([u8; 4]),
    V6([u8; 16]),
}

#[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
struct Counts {
    warming: u32,
    free: u32,
    reserved: u32,
    active: u32,
    draining: u32,
}

/// The values of [`actors_protocol::resolver::Opening`] that are easily made up.
#[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
enum Opening {
    Granted(()),
    Full { counts: Counts, waited: u64, note: Option<String> },
    Unknown { near: Vec<String> },
    UnknownSite { sites: Vec<String> },
    TooManyLeases { limit: u32 },
}

/// The values of [`actors_protocol::host::CreateInstance`].
#[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
struct CreateInstance {
    instance: String,
    zone: String,
    gateway: String,
    builder: String,
    offerings: Vec<(String, Option<u32>, BTreeMap<String, String>)>,
    slots: u32,
    parameters: BTreeMap<String, String>,
    provisional: Option<u64>,
}

/// `ours` through our codec and `mirror` through wincode are the same bytes, and each reads the other's.
fn agree<T, M>(ours: &T, mirror: &M)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
    M: PartialEq + Debug,
    M: SchemaWrite<Varint, Src = M> + for<'de> SchemaRead<'de, Varint, Dst = M>,
{
    let bytes = transport_wire::encode(ours).expect("it can be written");
    let theirs = wincode::config::serialize(mirror, VARINT).expect("it can be written");
    assert_eq!(bytes, theirs);
    assert_eq!(&wincode::config::deserialize_exact::<M, _>(&bytes, VARINT).expect("wincode reads ours"), mirror);
    assert_eq!(&transport_wire::decode::<T>(&theirs).expect("we read wincode's"), ours);
}

type Varint = Configuration<true, DEFAULT_PREALLOCATION_SIZE_LIMIT, BincodeLen, LittleEndian, VarInt>;
const VARINT: Varint = Configuration::default().with_varint_encoding();

proptest! {
    #[test]
    fn on_numbers(a in any::<u16>(), b in any::<u32>(), c in any::<u64>(), d in any::<u128>(), e in any::<i64>(), f in any::<bool>()) {
        agree(&(a, b, c, d, e, f), &(a, b, c, d, e, f));
        // Where the length of a number changes.
        for number in [250, 251, 252, 65_535, 65_536, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX] {
            agree(&number, &number);
        }
    }

    #[test]
    fn on_a_request(request in any::<u128>(), key in any::<[u8; 32]>(), v4 in any::<[u8; 4]>(), v6 in any::<[u8; 16]>(), six in any::<bool>()) {
        use actors_protocol::gateway;
        let ours = gateway::Reserve {
            request: actors_protocol::RequestId(request),
            service: "clip.demo".parse().expect("a name"),
            viewer: actors_protocol::ViewerKey(key),
            origin: if six { v6.into() } else { v4.into() },
        };
        let origin = if six { IpAddr::V6(v6) } else { IpAddr::V4(v4) };
        agree(&ours, &Reserve { request, service: "clip.demo".into(), viewer: key, origin });
    }

    #[test]
    fn on_a_reply(numbers in any::<[u32; 5]>(), waited in any::<u64>()) {
        use actors_protocol::resolver;
        let [warming, free, reserved, active, draining] = numbers;
        let counts = actors_protocol::SlotCounts { warming, free, reserved, active, draining };
        agree(
            &resolver::Opening::Full { counts, waited: actors_protocol::Millis(waited), note: Some("late".into()) },
            &Opening::Full {
                counts: Counts { warming, free, reserved, active, draining },
                waited,
                note: Some("late".into()),
            },
        );
        let near = vec!["clip.demo".parse().expect("a name"), "echo.demo".parse().expect("a name")];
        agree(
            &resolver::Opening::Unknown { near },
            &Opening::Unknown { near: vec!["clip.demo".into(), "echo.demo".into()] },
        );
        agree(&resolver::Opening::UnknownSite { sites: vec![] }, &Opening::UnknownSite { sites: vec![] });
        agree(&resolver::Opening::TooManyLeases { limit: free }, &Opening::TooManyLeases { limit: free });
    }

    #[test]
    fn on_maps_and_options(slots in any::<u32>(), cap in any::<Option<u32>>(), provisional in any::<Option<u64>>(), parameters in prop::collection::btree_map(".{0,12}", ".{0,300}", 0..5)) {
        use actors_protocol::{Millis, host};
        let ours = host::CreateInstance {
            instance: "clip-a".parse().expect("a name"),
            zone: "zone-a".parse().expect("a name"),
            gateway: "gate-a".parse().expect("a name"),
            builder: "clip".into(),
            offerings: vec![host::Offering {
                service: "clip.demo".parse().expect("a name"),
                cap,
                parameters: parameters.clone(),
            }],
            slots,
            parameters: parameters.clone(),
            provisional: provisional.map(Millis),
        };
        let mirror = CreateInstance {
            instance: "clip-a".into(),
            zone: "zone-a".into(),
            gateway: "gate-a".into(),
            builder: "clip".into(),
            offerings: vec![("clip.demo".into(), cap, parameters.clone())],
            slots,
            parameters,
            provisional,
        };
        agree(&ours, &mirror);
    }
}
