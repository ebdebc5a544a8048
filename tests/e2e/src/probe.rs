//! What a decoder that is not ours makes of a recording: ffprobe decodes every picture and tells what it met.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::run;

/// Decoding 640×360 runs at hundreds of pictures a second; a recording of a test has a few hundred.
const DECODING_TAKES_MAX: Duration = Duration::from_secs(120);

/// A decoded recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// ffprobe's name of the codec, such as `h264`.
    pub codec: String,
    /// Width in pixels.
    pub width: u64,
    /// Height in pixels.
    pub height: u64,
    /// Pictures that came out of the decoder.
    pub frames: usize,
    /// How many of them are key frames.
    pub key_frames: usize,
    /// Whether the first picture is a key frame.
    pub begins_with_key_frame: bool,
    /// Each line the decoder complained with. A clean recording has none.
    pub errors: Vec<String>,
}

impl Probe {
    /// Decodes a file to its end.
    ///
    /// # Errors
    ///
    /// When ffprobe is missing or cannot read the file at all. What a decoder can get over is in [`Probe::errors`].
    pub fn decode(path: impl AsRef<Path>) -> anyhow::Result<Probe> {
        let path = path.as_ref();
        if !path.is_file() {
            bail!("no file {}", path.display());
        }
        let mut command = Command::new("ffprobe");
        // One thread: with several, the order of complaints is chance, and some are lost.
        command.args(["-v", "error", "-threads", "1", "-err_detect", "crccheck+bitstream+buffer", "-of", "json"]);
        command.args(["-select_streams", "v:0", "-show_frames", "-show_streams"]);
        command.args(["-show_entries", "stream=codec_name,width,height:frame=key_frame"]).arg(path);
        let ran = run(command, DECODING_TAKES_MAX);
        let errors: Vec<String> = ran.stderr.lines().map(str::to_owned).collect();
        if ran.code() != Some(0) {
            bail!("ffprobe {}: {}: {}", path.display(), ran.status, errors.join("; "));
        }
        let told: Value = serde_json::from_str(&ran.stdout).context("ffprobe's JSON")?;
        let stream = told.pointer("/streams/0").with_context(|| format!("no video in {}", path.display()))?;
        let keys: Vec<bool> =
            told["frames"].as_array().into_iter().flatten().map(|frame| frame["key_frame"] == 1).collect();
        Ok(Probe {
            codec: stream["codec_name"].as_str().unwrap_or_default().to_owned(),
            width: stream["width"].as_u64().unwrap_or_default(),
            height: stream["height"].as_u64().unwrap_or_default(),
            frames: keys.len(),
            key_frames: keys.iter().filter(|key| **key).count(),
            begins_with_key_frame: keys.first() == Some(&true),
            errors,
        })
    }
}
