//! A folder of videos and pictures of somebody's own, as `--media` takes it: made with ffmpeg, not with Fusion.
//!
//! Owns: the files' kinds and names. Refuses: to say what Fusion makes of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::run;

/// A few pictures take a fraction of a second.
const MAKING_TAKES_MAX: Duration = Duration::from_secs(60);

/// Makes `count` stills of 640×360, each another: `still-1.png` and so on.
#[track_caller]
pub fn stills(folder: &Path, count: usize) {
    let source = "mandelbrot=s=640x360:r=1:maxiter=200:start_scale=2:end_scale=0.05:end_pts=12";
    ffmpeg(folder, &["-f", "lavfi", "-i", source, "-frames:v", &count.to_string()], "still-%d.png");
}

/// Makes a clip of 640×360 that moves in every picture, in H.264 at 30 pictures a second.
#[track_caller]
pub fn clip(folder: &Path, name: &str, seconds: u32) -> PathBuf {
    let source = format!("testsrc2=s=640x360:r=30:d={seconds}");
    let coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p"];
    ffmpeg(folder, &[&["-f", "lavfi", "-i", &source][..], &coding].concat(), name)
}

#[track_caller]
fn ffmpeg(folder: &Path, words: &[&str], name: &str) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]).args(words).arg(&path);
    run(command, MAKING_TAKES_MAX).expect_code(0);
    path
}
