//! A thread that decodes a session's pictures and hands them to whoever shows or writes them.
//!
//! Owns: the thread, its decoder, and the queue before it, which is short: when it is full, the session is not asked for
//! more, and skips as it does for every slow reader.
//! Refuses: to know what becomes of a picture.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use media_share::{I420, Size};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use transport_viewer::{Codec, Picture, SessionInfo};

use crate::output;

/// Pictures that may wait for the decoder: a quarter of a second.
const WAITING_MAX: usize = 8;
/// How long the last pictures may take when the session is over. A reader that does not read is left alone then.
const FINISH_WITHIN: Duration = Duration::from_secs(3);

/// What became of a picture.
pub struct Frame {
    /// It, decoded; none if the picture before it is still what is to be shown.
    pub picture: Option<I420>,
    /// Its media time in microseconds.
    pub pts_us: u64,
}

/// See the module.
pub struct Decoding {
    pictures: mpsc::Sender<Picture>,
    done: oneshot::Receiver<anyhow::Result<()>>,
    what: &'static str,
}

impl Decoding {
    /// Starts the thread. `show` gets each picture; it may end the matter. `what` names it in errors.
    pub fn start(
        info: &SessionInfo,
        what: &'static str,
        mut show: impl FnMut(Frame) -> anyhow::Result<ControlFlow<()>> + Send + 'static,
    ) -> anyhow::Result<Decoding> {
        let mut decoder = Decoder::new(&info.codec, what)?;
        let (pictures, mut waiting) = mpsc::channel::<Picture>(WAITING_MAX);
        let (tell, done) = oneshot::channel();
        let work = move || {
            let mut work = || -> anyhow::Result<()> {
                while let Some(picture) = waiting.blocking_recv() {
                    let Some(frame) = decoder.frame(&picture)? else { continue };
                    if show(frame)?.is_break() {
                        break;
                    }
                }
                Ok(())
            };
            let worked = work();
            drop(show);
            // Whoever started it may have given up waiting.
            let _ = tell.send(worked);
        };
        // Not joined: it ends when the sender is dropped, and `finish` bounds how long that is waited for.
        thread::Builder::new().name(what.to_owned()).spawn(work).with_context(|| format!("no thread for {what}"))?;
        Ok(Decoding { pictures, done, what })
    }

    /// Waits until it can take a picture. False = it takes none any more. Cancel safe.
    pub async fn ready(&self) -> bool {
        self.pictures.reserve().await.is_ok()
    }

    /// Hands it a picture, when it was ready.
    pub fn put(&self, picture: &Picture) {
        // Full it is not; and if it has ended, `finish` says why.
        let _ = self.pictures.try_send(picture.clone());
    }

    /// Waits for the last picture. The error is the thread's.
    pub async fn finish(self) -> anyhow::Result<()> {
        let Decoding { pictures, done, what } = self;
        drop(pictures);
        match timeout(FINISH_WITHIN, done).await {
            Ok(Ok(worked)) => worked.context(what),
            Ok(Err(_)) => Err(anyhow!("{what}: its thread has panicked")),
            Err(_) => bail!("{what}: nobody has read the last pictures for {} s", FINISH_WITHIN.as_secs()),
        }
    }
}

/// Makes a decoder and drops it: the first one of a process takes a hundred times as long as the others.
pub fn prepare() -> anyhow::Result<()> {
    #[cfg(feature = "media")]
    media_pipeline::H264Decoder::new()?;
    Ok(())
}

/// What makes pictures of a session's bytes.
struct Decoder {
    kind: Kind,
    faults: u64,
}

enum Kind {
    #[cfg(feature = "media")]
    H264(Box<media_pipeline::H264Decoder>),
    Raw,
}

impl Decoder {
    fn new(codec: &str, what: &str) -> anyhow::Result<Decoder> {
        let kind = match codec {
            #[cfg(feature = "media")]
            "h264" => Kind::H264(Box::new(media_pipeline::H264Decoder::new()?)),
            #[cfg(not(feature = "media"))]
            "h264" => bail!("{what}: this binary was built without the feature `media` and cannot decode h264"),
            "i420" => Kind::Raw,
            other => bail!("{what}: pictures of codec {other} cannot be decoded; --record writes them as they come"),
        };
        Ok(Decoder { kind, faults: 0 })
    }

    /// None = there is nothing to be shown for it.
    fn frame(&mut self, picture: &Picture) -> anyhow::Result<Option<Frame>> {
        let pts_us = picture.pts_us;
        if picture.repeat || picture.data.is_empty() {
            return Ok(Some(Frame { picture: None, pts_us }));
        }
        let decoded: anyhow::Result<Option<I420>> = match (&mut self.kind, picture.codec) {
            #[cfg(feature = "media")]
            (Kind::H264(decoder), Codec::H264) => decoder.decode(&picture.data).map_err(anyhow::Error::from),
            (Kind::Raw, Codec::I420) => Ok(Some(raw(picture)?)),
            (_, codec) => bail!("picture {} is {}, unlike those before it", picture.number, codec.as_str()),
        };
        match decoded {
            Ok(decoded) => Ok(decoded.map(|decoded| Frame { picture: Some(decoded), pts_us })),
            Err(fault) => {
                // The next key picture mends it; one word is enough, however long that takes.
                self.faults += 1;
                if self.faults == 1 {
                    output::progress(&format!("picture {}: {fault:#}", picture.number));
                }
                Ok(None)
            }
        }
    }
}

fn raw(picture: &Picture) -> anyhow::Result<I420> {
    let size = Size::new(picture.width, picture.height)?;
    I420::from_bytes(size, picture.data.to_vec()).with_context(|| {
        format!(
            "picture {} has {} bytes, and {} are {}×{}",
            picture.number,
            picture.data.len(),
            size.bytes(),
            picture.width,
            picture.height
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use super::*;
    use crate::commands::view::samples::{info, picture};

    #[tokio::test]
    async fn pictures_come_out_in_order_and_a_repeat_has_none() {
        let (tell, told) = std_mpsc::sync_channel(8);
        let decoding = Decoding::start(&info(Codec::I420), "a test", move |frame| {
            tell.send((frame.picture.map(|picture| picture.bytes()[0]), frame.pts_us))?;
            Ok(ControlFlow::Continue(()))
        })
        .expect("started");
        for picture in [picture(0, &[7; 24]), picture(1, &[]), picture(2, &[9; 24])] {
            assert!(decoding.ready().await);
            decoding.put(&picture);
        }
        decoding.finish().await.expect("all were shown");
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told, [(Some(7), 0), (None, 33_333), (Some(9), 66_666)]);
    }

    #[tokio::test]
    async fn whoever_has_seen_enough_is_no_error_and_whoever_fails_is_one() {
        let enough = Decoding::start(&info(Codec::I420), "a test", |_| Ok(ControlFlow::Break(()))).expect("started");
        enough.put(&picture(0, &[7; 24]));
        while enough.ready().await {
            tokio::task::yield_now().await;
        }
        enough.finish().await.expect("no error");

        let failing = Decoding::start(&info(Codec::I420), "a test", |_| bail!("no room")).expect("started");
        failing.put(&picture(0, &[7; 24]));
        let error = failing.finish().await.expect_err("it failed");
        assert_eq!(format!("{error:#}"), "a test: no room");
    }

    #[tokio::test]
    async fn a_picture_of_the_wrong_length_ends_it() {
        let decoding =
            Decoding::start(&info(Codec::I420), "a test", |_| Ok(ControlFlow::Continue(()))).expect("started");
        decoding.put(&picture(3, &[7; 23]));
        let error = format!("{:#}", decoding.finish().await.expect_err("too short"));
        assert!(error.contains("picture 3 has 23 bytes, and 24 are 4×4"), "{error}");
    }

    #[test]
    fn an_unknown_codec_is_refused_by_name() {
        let info = SessionInfo { codec: "av1".to_owned(), ..info(Codec::H264) };
        let refused = Decoding::start(&info, "a test", |_| Ok(ControlFlow::Break(()))).err().expect("refused");
        assert!(refused.to_string().contains("av1"), "{refused}");
    }
}
