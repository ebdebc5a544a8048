//! Decoding one picture file, within limits that hold before any of it is decoded.
//!
//! Owns: the limits; that a camera's orientation is obeyed and that what is transparent is shown over black; and that a
//! decoder that panics, as decoders of strangers' files now and then do, is an error like any other.
//! Refuses: animation; the first picture of a GIF or WebP is the picture.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gstreamer as gst;
use gstreamer_video as video;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use media_share::{I420, Size};

use super::scale::Scaler;

/// The longest side of a picture file, pixels.
pub const PICTURE_SIDE_MAX: u32 = 16_384;
/// The most pixels of a picture file: what large cameras make.
pub const PICTURE_PIXELS_MAX: u64 = 60_000_000;
/// Bytes that decoding one picture may take.
const MEMORY_MAX: u64 = 512 << 20;
/// A decoded picture is kept no wider than this, pixels,
pub const KEPT_WIDTH: u16 = 1_920;
/// and no higher than this.
pub const KEPT_HEIGHT: u16 = 1_080;

/// Decodes a picture, at most as large as it is kept. Fails in words.
pub fn decode(path: &Path) -> Result<I420, String> {
    guarded(|| decode_file(path))
}

/// Does it; a panic is an error. Nothing of what panicked is used again.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("its decoder gave up; it is broken".to_owned()))
}

fn decode_file(path: &Path) -> Result<I420, String> {
    // A pipe or a device by that name would never end.
    if !path.is_file() {
        return Err("the file is not there any more".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let mut reader = ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(words)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > PICTURE_SIDE_MAX || pixels > PICTURE_PIXELS_MAX {
        return Err(format!(
            "it is {width}×{height}; a picture may have {PICTURE_SIDE_MAX} pixels on a side and {} million in all: make it smaller",
            PICTURE_PIXELS_MAX / 1_000_000
        ));
    }
    let orientation = decoder.orientation().map_err(words)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(words)?;
    picture = shrunk(picture, orientation.swaps());
    picture.apply_orientation(orientation);
    convert(picture)
}

/// Whether an orientation turns a picture on its side.
trait Swaps {
    fn swaps(&self) -> bool;
}

impl Swaps for image::metadata::Orientation {
    fn swaps(&self) -> bool {
        use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        matches!(self, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
    }
}

/// To the size that is kept, if it is larger.
fn shrunk(picture: DynamicImage, turned: bool) -> DynamicImage {
    let (mut width, mut height) = (u32::from(KEPT_WIDTH), u32::from(KEPT_HEIGHT));
    if turned {
        (width, height) = (height, width);
    }
    match picture.width() > width || picture.height() > height {
        true => picture.thumbnail(width, height),
        false => picture,
    }
}

/// As planar 4:2:0, both sides even, no larger than it is.
fn convert(picture: DynamicImage) -> Result<I420, String> {
    let (width, height) = (picture.width(), picture.height());
    let (format, bytes, depth) = match picture.color().has_alpha() {
        true => (video::VideoFormat::Rgba, picture.into_rgba8().into_raw(), 4),
        false => (video::VideoFormat::Rgb, picture.into_rgb8().into_raw(), 3),
    };
    let form = video::VideoInfo::builder(format, width, height)
        .stride(&[(width * depth) as i32])
        .size(bytes.len())
        .build()
        .map_err(|error| error.to_string())?;
    let even = |side: u32| (side.clamp(2, u32::from(KEPT_WIDTH)) & !1) as u16;
    let size = Size::new(even(width), even(height)).map_err(|error| error.to_string())?;
    // The shape loses a column or a row to evenness; bars would be worse.
    Scaler::filling(form).tile(&gst::Buffer::from_slice(bytes), size, None)
}

/// What is wrong with a picture, for people.
fn words(error: ImageError) -> String {
    match error {
        ImageError::Limits(_) => {
            format!("decoding it would take more than {} MiB of memory: make it smaller", MEMORY_MAX >> 20)
        }
        ImageError::Unsupported(_) => "it is no picture of a known kind (PNG, JPEG, WebP, GIF, BMP)".to_owned(),
        other => format!("it is broken or cut off: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_an_error() {
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        let words = guarded::<()>(|| panic!("as a decoder does")).expect_err("it panicked");
        assert!(words.contains("broken"), "{words}");
    }
}
