//! Opens a session of an H.264 service, decodes it with OpenH264, presses a key, and prints what it saw.
//!
//! ```text
//! cargo run -- [--dir DIR] [--frames N] [--key NAME] [--wait SECONDS] [SERVICE]
//! ```
//!
//! The domain is found through `--dir` or `FUSION_DIR`; without a service it is `clip.demo`, which `fusion dev` has.
//!
//! Everything that a viewer needs is here: to find the domain, open, decode, send, survive a lost connection, and leave.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use transport_viewer::{
    Codec, DomainTrust, Event, InputEvent, OpenOptions, Options, Picture, ServiceName, Session, Viewer, keysym,
};

const USAGE: &str = "usage: fusion-viewer-example [--dir DIR] [--frames N] [--key NAME] [--wait SECONDS] [SERVICE]
The domain's directory can be given as FUSION_DIR too; SERVICE is clip.demo if it is not given.";
/// A stream that stays silent for this long is no stream.
const SILENCE_MAX: Duration = Duration::from_secs(15);

struct Arguments {
    dir: PathBuf,
    service: ServiceName,
    frames: u64,
    key: String,
    wait: Duration,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let (mut dir, mut service, mut frames, mut key, mut wait) = (None, None, 60, "Right".to_owned(), 0);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} wants a value\n{USAGE}"));
        match word.as_str() {
            "--dir" => dir = Some(PathBuf::from(value()?)),
            "--frames" => frames = value()?.parse()?,
            "--key" => key = value()?,
            "--wait" => wait = value()?.parse()?,
            flag if flag.starts_with('-') => return Err(format!("{flag} is not a flag\n{USAGE}").into()),
            name => service = Some(name.parse()?),
        }
    }
    let dir = dir.or_else(|| std::env::var_os("FUSION_DIR").map(PathBuf::from)).ok_or(USAGE)?;
    let service = service.map_or_else(|| "clip.demo".parse(), Ok)?;
    Ok(Arguments { dir, service, frames, key, wait: Duration::from_secs(wait) })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let Arguments { dir, service, frames, key, wait } = arguments()?;
    let viewer = Viewer::new(DomainTrust::load(&dir)?, Options::default())?;
    let mut session = viewer.open(&service, OpenOptions { site: None, wait }).await?;
    let info = session.info();
    println!("{} by {} in {}, {} {}×{}", info.service, info.instance, info.zone, info.codec, info.width, info.height);

    let seen = watch(&mut session, frames, &key).await;
    let stats = session.stats();
    let ended = session.close().await;
    viewer.close().await;
    let seen = seen?;

    println!("{} pictures came, {} were decoded, {}×{}", seen.pictures, seen.decoded, seen.width, seen.height);
    println!(
        "average luma {:.1}, from {:.1} to {:.1}",
        seen.luma_sum / seen.decoded as f64,
        seen.darkest,
        seen.brightest
    );
    match seen.echo {
        Some(number) => println!("the key {key} shows in picture {number}"),
        None => println!("no picture echoed the key {key}"),
    }
    if let Some(focused) = seen.focused {
        println!("there, {focused} has the focus");
    }
    println!("{stats:#?}");
    println!("{ended}");
    Ok(())
}

/// What was seen of a session.
struct Seen {
    pictures: u64,
    decoded: u64,
    width: usize,
    height: usize,
    luma_sum: f64,
    darkest: f64,
    brightest: f64,
    echo: Option<u64>,
    /// What has the focus in that picture, if the service says so.
    focused: Option<Arc<str>>,
}

async fn watch(session: &mut Session, frames: u64, key: &str) -> Result<Seen, Box<dyn Error>> {
    let mut decoder = Decoder::new()?;
    let mut seen = Seen {
        pictures: 0,
        decoded: 0,
        width: 0,
        height: 0,
        luma_sum: 0.0,
        darkest: f64::MAX,
        brightest: f64::MIN,
        echo: None,
        focused: None,
    };
    let keysym = keysym(key)?;
    session.send(InputEvent::Key { keysym, down: true })?;
    let released = session.send(InputEvent::Key { keysym, down: false })?;
    while seen.pictures < frames {
        match tokio::time::timeout(SILENCE_MAX, session.next()).await? {
            Event::Picture(picture) => {
                seen.pictures += 1;
                if seen.echo.is_none() && picture.last_input >= released {
                    seen.echo = Some(picture.number);
                    seen.focused = session.note_at(picture.number);
                }
                if !picture.repeat {
                    decode(&mut decoder, &picture, &mut seen)?;
                }
            }
            Event::Lost { words } => eprintln!("the connection is lost ({words}); it may come back"),
            Event::Resumed => eprintln!("the session goes on"),
            Event::Ended(ended) => return Err(ended.into()),
        }
    }
    if seen.decoded == 0 { Err("no picture could be decoded".into()) } else { Ok(seen) }
}

/// Pictures come in decoding order, each one complete, and after a gap with a key picture: as a decoder wants them.
fn decode(decoder: &mut Decoder, picture: &Picture, seen: &mut Seen) -> Result<(), Box<dyn Error>> {
    if picture.codec != Codec::H264 {
        return Err(format!("this example decodes h264, and the service sends {}", picture.codec.as_str()).into());
    }
    // None: the decoder wants more before it shows the first one.
    let Some(yuv) = decoder.decode(&picture.data)? else { return Ok(()) };
    let ((width, height), (stride, ..)) = (yuv.dimensions(), yuv.strides());
    let rows = yuv.y().chunks(stride).take(height).map(|row| &row[..width]);
    let sum: u64 = rows.flatten().map(|luma| u64::from(*luma)).sum();
    let luma = sum as f64 / (width * height) as f64;
    seen.decoded += 1;
    (seen.width, seen.height) = (width, height);
    seen.luma_sum += luma;
    seen.darkest = seen.darkest.min(luma);
    seen.brightest = seen.brightest.max(luma);
    Ok(())
}
