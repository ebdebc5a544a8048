//! The builder of `epg`, the programme guide: sources, painter, encoders and studio of an instance.
//!
//! Owns: its parameters, and the clock on the wall. Refuses: what the guide looks like ([`crate::epg`]), sharing and slots
//! (`media/session`).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use actors_dca::{BuildError, Builder, Building, Site};
use actors_protocol::host::{CreateInstance, Offering};
use actors_protocol::{Millis, ServiceName};
use media_pipeline::{BankOptions, SourceBank, X264Encoders};
use media_session::{Production, Staging, StudioSetup};
use media_share::{Codec, Format, Size, Tiles};
use parking_lot::Mutex;

use super::{BuilderOptions, RAW, build, raw_ports};
use crate::epg::{Guide, GuidePainter, WallTime};

/// Worker threads of an instance: beyond this, pictures wait for the memory and not for a core.
const THREADS_MAX: usize = 16;
/// Pictures a second.
const RATES: std::ops::RangeInclusive<u32> = 1..=120;
/// Kilobits per second.
const BIT_RATES: std::ops::RangeInclusive<u32> = 50..=100_000;

pub(super) struct EpgBuilder(pub(super) BuilderOptions);

impl Builder for EpgBuilder {
    fn word(&self) -> &'static str {
        "epg"
    }

    fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("media", "a folder of videos and pictures; without it, some are generated"),
            ("live", "live sources as TITLE=URI, one a line (http:, rtsp:, file:)"),
            ("threads", "worker threads that draw and encode; without it, as many as there are cores"),
            ("title", "what stands on top of the guide"),
        ]
    }

    fn configuration_parameters(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("width", "pixels, even; 640 without it"),
            ("height", "pixels, even; 360 without it"),
            ("rate", "pictures a second, 1 to 120; 30 without it"),
            (
                "bit_rate",
                "kbit/s, 50 to 100000, the same for every viewer; as much as each one's line carries without it",
            ),
            RAW,
        ]
    }

    fn build(&self, site: Site, create: CreateInstance) -> Building {
        let options = self.0.clone();
        Box::pin(async move {
            let formats = formats(&create)?;
            let threads = threads(&create)?;
            let bank = open_bank(&create, &options).await?;
            let raw = raw_ports(&create).await?;
            let title = create.parameters.get("title").map_or("Fusion Guide", String::as_str);
            let painter = GuidePainter::new(title, bank.clone(), wall_clock(site.node.now()));
            let cards: Arc<[_]> = bank.cards().into();
            let interactions = move |_: Millis, format: Format| -> Box<dyn media_share::Interaction<View = _>> {
                // The formats were checked before.
                let size = Size::new(format.width, format.height).unwrap_or(SIZE);
                Box::new(Guide::new(cards.clone(), size))
            };
            let setup = StudioSetup {
                painter: Arc::new(painter),
                encoders: Arc::new(X264Encoders),
                threads,
                formats,
                interactions: Rc::new(interactions),
                sources: Rc::new(move || serde_json::to_value(bank.state()).unwrap_or_default()),
            };
            let staging = Staging::new(setup).map_err(|error| BuildError(error.to_string()))?;
            build(&options, site, create, Production::Staged(Rc::new(staging)), raw)
        })
    }
}

const SIZE: Size = match Size::new(640, 360) {
    Ok(size) => size,
    Err(_) => unreachable!(),
};

fn formats(create: &CreateInstance) -> Result<BTreeMap<ServiceName, Format>, BuildError> {
    create.offerings.iter().map(|offering| Ok((offering.service.clone(), format(offering)?))).collect()
}

fn format(offering: &Offering) -> Result<Format, BuildError> {
    let number = |key: &str, without: u32| match offering.parameters.get(key) {
        None => Ok(without),
        Some(text) => text.parse::<u32>().map_err(|_| refuse(offering, key, text, "a whole number")),
    };
    let (width, height, rate) = (number("width", 640)?, number("height", 360)?, number("rate", 30)?);
    let narrow = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let size = Size::new(narrow(width), narrow(height));
    let size = size.map_err(|error| BuildError(format!("{}: {error}", offering.service)))?;
    if !RATES.contains(&rate) {
        return Err(refuse(offering, "rate", &rate.to_string(), "1 to 120 pictures a second"));
    }
    let (width, height) = (narrow(size.width() as u32), narrow(size.height() as u32));
    let bit_rate = match offering.parameters.get("bit_rate") {
        None => None,
        Some(text) => match text.parse::<u32>() {
            Ok(kilobits) if BIT_RATES.contains(&kilobits) => NonZeroU32::new(kilobits * 1_000),
            _ => return Err(refuse(offering, "bit_rate", text, "50 to 100000 kbit/s")),
        },
    };
    Ok(Format { codec: Codec::H264, width, height, rate_millihertz: rate * 1_000, bit_rate })
}

fn refuse(offering: &Offering, key: &str, text: &str, wanted: &str) -> BuildError {
    BuildError(format!("{}: {key} = {text} is not {wanted}", offering.service))
}

fn threads(create: &CreateInstance) -> Result<usize, BuildError> {
    let Some(text) = create.parameters.get("threads") else {
        return Ok(std::thread::available_parallelism().map_or(2, usize::from).min(THREADS_MAX));
    };
    match text.parse() {
        Ok(threads @ 1..=THREADS_MAX) => Ok(threads),
        _ => Err(BuildError(format!("threads = {text} is not 1 to {THREADS_MAX}"))),
    }
}

async fn open_bank(create: &CreateInstance, options: &BuilderOptions) -> Result<Arc<SourceBank>, BuildError> {
    let given = create.parameters.get("media").map(PathBuf::from);
    let live = live(create)?;
    let media_dir = options.media_dir.clone();
    // Looking through a folder, or making the fixture, blocks.
    let opening = tokio::task::spawn_blocking(move || {
        let folder = match given {
            Some(folder) => Some(folder),
            None if live.is_empty() => Some(crate::media::guide(&media_dir, |_| {})?),
            None => None,
        };
        SourceBank::open(BankOptions { folder, live, linger: LINGER })
    });
    let bank = opening.await.map_err(|error| BuildError(format!("opening the sources broke: {error}")))?;
    bank.map_err(|error| BuildError(crate::words(&error)))
}

/// Whoever pages back within this finds the tiles still there.
const LINGER: Millis = Millis::from_secs(5);

fn live(create: &CreateInstance) -> Result<Vec<(String, String)>, BuildError> {
    let lines = create.parameters.get("live").map_or("", String::as_str).lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((title, uri)) if uri.contains(':') => Ok((title.trim().to_owned(), uri.trim().to_owned())),
            _ => Err(BuildError(format!("live: '{line}' is not TITLE=URI; an example: Harbour=rtsp://10.0.0.7/cam"))),
        })
        .collect()
}

/// The local time of day, as a function of the node's clock. The system is asked once a minute, so that a change of the
/// clock, or to summer time, is seen then.
fn wall_clock(begun: Millis) -> impl Fn(Millis) -> WallTime + Send + Sync + 'static {
    let known = Mutex::new((begun, WallTime::new(0, 0)));
    move |now| {
        let mut known = known.lock();
        if now >= known.0 {
            let wall = jiff::ZonedDateTime::now();
            let (hour, minute, second) = (wall.hour(), wall.minute(), wall.second());
            let small = |value: i8| u16::try_from(value).unwrap_or(0);
            *known = (
                now + Millis::from_secs(60 - u64::from(small(second).min(59))),
                WallTime::new(small(hour), small(minute)),
            );
        }
        known.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(parameters: &[(&str, &str)], configuration: &[(&str, &str)]) -> CreateInstance {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        CreateInstance {
            instance: "epg-a".parse().expect("a name"),
            zone: "zone-a".parse().expect("a name"),
            gateway: "zone-a".parse().expect("a name"),
            builder: "epg".to_owned(),
            offerings: vec![Offering {
                service: "epg.demo".parse().expect("a name"),
                cap: None,
                parameters: map(configuration),
            }],
            slots: 1,
            parameters: map(parameters),
            provisional: None,
        }
    }

    #[test]
    fn a_service_has_its_own_format() {
        let format = |pairs: &[(&str, &str)]| formats(&create(&[], pairs)).map(|formats| formats.into_values().next());
        let of = |width, height, rate_millihertz| Format {
            codec: Codec::H264,
            width,
            height,
            rate_millihertz,
            bit_rate: None,
        };
        assert_eq!(format(&[]), Ok(Some(of(640, 360, 30_000))));
        assert_eq!(format(&[("width", "1280"), ("height", "720"), ("rate", "25")]), Ok(Some(of(1_280, 720, 25_000))));
        let fixed = Format { bit_rate: NonZeroU32::new(900_000), ..of(640, 360, 30_000) };
        assert_eq!(format(&[("bit_rate", "900")]), Ok(Some(fixed)));
        for (key, value, words) in [
            ("width", "641", "even"),
            ("rate", "0", "1 to 120"),
            ("height", "big", "whole number"),
            ("bit_rate", "49", "50 to 100000 kbit/s"),
        ] {
            let error = format(&[(key, value)]).expect_err("no format").0;
            assert!(error.starts_with("epg.demo: ") && error.contains(words), "{error}");
        }
    }

    #[test]
    fn live_sources_and_threads_are_read_and_what_is_wrong_is_named() {
        let good = create(&[("live", "Harbour=rtsp://10.0.0.7/cam\n\nSky = http://sky/a?b=c\n")], &[]);
        let pair = |title: &str, uri: &str| (title.to_owned(), uri.to_owned());
        assert_eq!(live(&good), Ok(vec![pair("Harbour", "rtsp://10.0.0.7/cam"), pair("Sky", "http://sky/a?b=c")]));
        assert!(live(&create(&[("live", "Harbour")], &[])).expect_err("no URI").0.contains("TITLE=URI"));
        assert_eq!(threads(&create(&[("threads", "3")], &[])), Ok(3));
        assert!(threads(&create(&[("threads", "0")], &[])).expect_err("none").0.contains("1 to 16"));
    }
}
