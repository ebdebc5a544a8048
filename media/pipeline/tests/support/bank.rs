//! What the tests of the bank share: files to put into one, and waiting for what it shows.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media_pipeline::{SourceBank, SourceReport};
use media_share::{I420, Plane, Size, SourceId, Tile, Tiles};

/// The tile of a guide.
pub const TILE: Size = match Size::new(160, 90) {
    Ok(size) => size,
    Err(_) => panic!("both sides are even"),
};

/// How long anything may take on a machine that does other things besides.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn size(width: u16, height: u16) -> Size {
    Size::new(width, height).expect("even")
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A clip of 320×180 with 30 pictures a second of a test pattern.
pub fn clip(path: &Path, pictures: u32, pattern: &str) {
    super::launch(&format!(
        "videotestsrc num-buffers={pictures} pattern={pattern} ! video/x-raw,format=I420,width=320,height=180,framerate=30/1 \
         ! x264enc speed-preset=ultrafast threads=1 key-int-max=15 bframes=0 ! h264parse ! mp4mux ! filesink location={}",
        path.display()
    ));
}

/// Waits until it is true.
#[allow(clippy::disallowed_methods, reason = "a test waits in real time")]
pub fn until(what: impl Fn() -> String, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "in vain: {}", what());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The next picture of a tile.
pub fn picture(bank: &SourceBank, id: SourceId, size: Size) -> Arc<I420> {
    let mut found = None;
    until(
        || format!("a picture of source {}: {:?} {:?}", id.0, bank.tile(id, size), bank.state()),
        || match bank.tile(id, size) {
            Tile::Picture(picture) => {
                found = Some(picture);
                true
            }
            _ => false,
        },
    );
    found.expect("waited for")
}

/// What is wrong with a source, when it is.
pub fn cause(bank: &SourceBank, id: SourceId) -> String {
    let mut words = None;
    until(
        || format!("source {} breaks: {:?}", id.0, bank.state()),
        || match bank.tile(id, TILE) {
            Tile::Broken(cause) => {
                words = Some(cause.to_string());
                true
            }
            _ => false,
        },
    );
    words.expect("waited for")
}

pub fn report(bank: &SourceBank, index: usize) -> SourceReport {
    bank.state().swap_remove(index)
}

/// The brightness in the middle.
pub fn middle(picture: &I420) -> u8 {
    at(picture, 0.5, 0.5)
}

/// The brightness somewhere, both 0 to 1.
pub fn at(picture: &I420, x: f64, y: f64) -> u8 {
    let (luma, stride) = picture.plane(Plane::Y);
    let (width, height) = (picture.size().width() as f64, picture.size().height() as f64);
    luma[(y * height) as usize * stride + (x * width) as usize]
}

/// The names of this process's threads.
pub fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    // One that ends while it is looked at does not count.
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}
