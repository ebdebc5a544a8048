//! What is generated for the builders, made once and kept: the clip of `clip`, and the folder of `epg`.
//!
//! Owns: the names of what is generated. Refuses: sessions; GStreamer itself is behind `media/pipeline`. Everything here
//! blocks and is called where blocking is allowed.

use std::path::{Path, PathBuf};

use media_pipeline::{ClipSpec, PipelineError, generate_clip, generate_guide, load_clip, probe};
use media_share::ClipTrack;

/// The file of the generated clip; the number grows when the picture changes, so that an old one is not played.
const GENERATED: &str = "clip-1.mp4";

/// The folder of the generated guide; the number grows when its pictures change.
const GUIDE: &str = "guide-1";

/// Loads the clip at `given`, or the generated one.
pub fn load(given: Option<&Path>, media_dir: &Path) -> Result<ClipTrack, PipelineError> {
    match given {
        Some(path) => load_clip(path),
        None => load_clip(&generated(media_dir, |_| {})?),
    }
}

/// The generated clip, made if it is not there. Tells `progress` when that takes a moment.
pub fn generated(media_dir: &Path, progress: impl Fn(&str)) -> Result<PathBuf, PipelineError> {
    let path = media_dir.join(GENERATED);
    if !path.exists() {
        progress("making the demo's clip (once)");
        generate_clip(&path, &ClipSpec::default())?;
    }
    Ok(path)
}

/// The folder of the generated guide, made if it is not there. Tells `progress` when that takes a moment.
pub fn guide(media_dir: &Path, progress: impl Fn(&str)) -> Result<PathBuf, PipelineError> {
    let folder = media_dir.join(GUIDE);
    if !folder.exists() {
        let tell = |done, of| progress(&format!("making the guide's clips and pictures (once): {done} of {of}"));
        generate_guide(&folder, tell)?;
    }
    Ok(folder)
}

/// What this machine can do with media; an error says what is missing and which package has it.
pub fn report() -> Result<String, String> {
    let report = probe().map_err(|error| crate::words(&error))?;
    if report.complete() { Ok(report.to_string()) } else { Err(report.to_string()) }
}
