//! Decoded pictures as YUV4MPEG2, into a file or into another program.
//!
//! Owns: the file, the header, the steady rate. Refuses: to be the end of anything when its reader has seen enough.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use media_share::I420;
use media_share::y4m::{Beat, header, write_picture};
use transport_viewer::SessionInfo;

use super::decode::{Decoding, Frame};

/// Names standard output.
const STANDARD_OUTPUT: &str = "-";

/// Do the pictures go where reports go otherwise?
pub fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == STANDARD_OUTPUT
}

/// A file or a pipe that is written by a thread of its own.
pub struct Pipe {
    decoding: Decoding,
    written: Arc<AtomicU64>,
}

impl Pipe {
    /// Opens what `path` names, `-` being standard output, for this session.
    pub fn open(path: &Path, info: &SessionInfo) -> anyhow::Result<Pipe> {
        let (out, name) = match is_standard_output(path) {
            true => (standard_output(info.service.as_ref())?, PathBuf::from("standard output")),
            false => {
                let file = File::create(path)
                    .with_context(|| format!("cannot write to {}; is the folder there?", path.display()))?;
                (file, path.to_owned())
            }
        };
        let written = Arc::new(AtomicU64::new(0));
        let mut stream = Stream::new(out, info.rate_millihertz, written.clone());
        let show = move |frame: Frame| match stream.take(frame) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error)
                if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
            {
                Ok(ControlFlow::Break(()))
            }
            Err(error) => Err(error.context(format!("writing {}", name.display()))),
        };
        Ok(Pipe { decoding: Decoding::start(info, "--y4m", show)?, written })
    }

    /// The thread.
    pub fn decoding(&self) -> &Decoding {
        &self.decoding
    }

    /// Waits for the last picture; tells how many were written.
    pub async fn finish(self) -> anyhow::Result<u64> {
        self.decoding.finish().await?;
        Ok(self.written.load(Ordering::Relaxed))
    }
}

/// Unbuffered: a picture is one large write, and whoever reads wants it now.
fn standard_output(service: &str) -> anyhow::Result<File> {
    let out = io::stdout();
    if out.is_terminal() {
        bail!("--y4m - would write pictures to the terminal; pipe them: fusion view {service} --y4m - | ffplay -");
    }
    Ok(File::from(out.as_fd().try_clone_to_owned().context("standard output cannot be used")?))
}

/// The stream itself.
struct Stream<W> {
    out: W,
    rate_millihertz: u32,
    beat: Beat,
    last: Option<I420>,
    written: Arc<AtomicU64>,
}

impl<W: Write> Stream<W> {
    fn new(out: W, rate_millihertz: u32, written: Arc<AtomicU64>) -> Stream<W> {
        Stream { out, rate_millihertz, beat: Beat::new(rate_millihertz), last: None, written }
    }

    fn take(&mut self, frame: Frame) -> anyhow::Result<()> {
        match (&self.last, &frame.picture) {
            (None, None) => return Ok(()),
            (None, Some(first)) => self.out.write_all(header(first.size(), self.rate_millihertz).as_bytes())?,
            (Some(last), Some(next)) if last.size() != next.size() => {
                bail!("the pictures' size changes, which YUV4MPEG2 cannot say; --record FILE.h264 can keep them")
            }
            (Some(_), _) => {}
        }
        let places = self.beat.at(frame.pts_us);
        for _ in 0..places.before {
            self.write_last()?;
        }
        if let Some(picture) = frame.picture {
            self.last = Some(picture);
        }
        if places.this {
            self.write_last()?;
        }
        Ok(())
    }

    fn write_last(&mut self) -> io::Result<()> {
        if let Some(last) = &self.last {
            write_picture(&mut self.out, last)?;
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use media_share::Size;

    use super::*;

    fn frame(luma: Option<u8>, pts_us: u64) -> Frame {
        let picture = luma.map(|luma| {
            let mut picture = I420::black(Size::new(2, 2).expect("even"));
            picture.bytes_mut().fill(luma);
            picture
        });
        Frame { picture, pts_us }
    }

    fn streamed(frames: impl IntoIterator<Item = Frame>) -> (Vec<u8>, u64) {
        let written = Arc::new(AtomicU64::new(0));
        let mut stream = Stream::new(Vec::new(), 25_000, written.clone());
        for frame in frames {
            stream.take(frame).expect("memory");
        }
        (stream.out, written.load(Ordering::Relaxed))
    }

    #[test]
    fn a_steady_stream_repeats_what_lasts_and_shows_nothing_before_the_first_picture() {
        let frames = [(None, 0), (Some(b'a'), 40_000), (Some(b'b'), 80_000), (None, 120_000), (Some(b'c'), 240_000)];
        let (out, written) = streamed(frames.map(|(luma, pts)| frame(luma, pts)));
        let text = String::from_utf8(out).expect("letters");
        let (head, body) = text.split_once('\n').expect("a header");
        assert!(head.starts_with("YUV4MPEG2 W2 H2 F25:1 "), "{head}");
        let wanted: String = "abbbbc".chars().map(|c| format!("FRAME\n{}", c.to_string().repeat(6))).collect();
        assert_eq!((body, written), (wanted.as_str(), 6));
    }

    #[test]
    fn another_size_is_refused_with_what_can_keep_it() {
        let mut stream = Stream::new(Vec::new(), 25_000, Arc::default());
        stream.take(frame(Some(1), 0)).expect("memory");
        let larger = Frame { picture: Some(I420::black(Size::new(4, 4).expect("even"))), pts_us: 40_000 };
        let refused = stream.take(larger).expect_err("another size").to_string();
        assert!(refused.contains("--record"), "{refused}");
    }
}
