//! Making what the guide shows when it is given no folder: nine clips and six stills, drawn here.
//!
//! Owns: their size and length, and that the folder is there whole or not at all.
//! Refuses: to say what the pictures show (`draw::guide`), and what the folder is called.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::Builder;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::draw::guide::{CLIPS, STILLS};
use crate::draw::{Canvas, ClipSpec};
use crate::error::PipelineError;
use crate::generate::encode;

/// The moving ones. Six seconds: long enough not to look like a loop.
const CLIP: ClipSpec = ClipSpec { width: 640, height: 360, fps: 30, seconds: 6 };
/// The stills, pixels.
const STILL: (usize, usize) = (1_280, 720);
/// Pictures are drawn on so many threads; each encodes on another one besides.
const THREADS: usize = 2;

/// Makes the folder `folder` with the guide's clips and stills in it; blocks for some seconds. Tells how many of how many
/// are done. If the folder is there already, or somebody else makes it meanwhile, it stays as it is.
pub fn generate_guide(folder: &Path, mut progress: impl FnMut(usize, usize)) -> Result<(), PipelineError> {
    if folder.is_dir() {
        return Ok(());
    }
    crate::init()?;
    let write = |source| PipelineError::Write { path: folder.to_owned(), source };
    let beside = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(beside).map_err(write)?;
    // Beside its place, so that the rename is one step; removed when dropped, so that nothing is left of a failure.
    let draft = tempfile::Builder::new().prefix(".guide-").suffix(".part").tempdir_in(beside).map_err(write)?;
    draw_all(draft.path(), &mut progress)?;
    // A folder that is there is not made again: what is in it must outlive a loss of power, as its name does.
    sync_all(draft.path()).map_err(write)?;
    // Others may read it, as they may read any other folder.
    make_readable(draft.path()).map_err(write)?;
    match fs::rename(draft.path(), folder) {
        Ok(()) => drop(draft.keep()),
        Err(_) if folder.is_dir() => {}
        Err(error) => return Err(write(error)),
    }
    Ok(())
}

fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::File::open(entry?.path())?.sync_all()?;
    }
    Ok(())
}

fn make_readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

fn draw_all(folder: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<(), PipelineError> {
    let total = CLIPS.len() + STILLS.len();
    let next = AtomicUsize::new(0);
    let (done, results) = sync_channel(total);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let (done, next) = (done.clone(), &next);
            let draw = move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    // The receiver stops listening after a failure: so do we.
                    if number >= total || done.send(draw_one(folder, number)).is_err() {
                        return;
                    }
                }
            };
            Builder::new().name("guide-painter".to_owned()).spawn_scoped(scope, draw).map_err(PipelineError::Thread)?;
        }
        drop(done);
        // Owned here, so that a failure ends the listening.
        let results = results;
        for (count, result) in results.iter().enumerate() {
            result?;
            progress(count + 1, total);
        }
        Ok(())
    })
}

/// Clips come first, they take longest.
fn draw_one(folder: &Path, number: usize) -> Result<(), PipelineError> {
    match CLIPS.get(number) {
        Some((name, scene)) => {
            let path = folder.join(format!("{name}.mp4"));
            let (width, height) = (usize::from(CLIP.width), usize::from(CLIP.height));
            let (mut scene, mut canvas) = (scene(width, height), Canvas::new(width, height));
            let draw = move |number: u32, out: &mut Vec<u8>| {
                scene(number as f32 / CLIP.pictures() as f32, &mut canvas);
                canvas.write_i420(number, out);
            };
            encode(&path, &path, &CLIP, Box::new(draw), &mut |_, _| {})
        }
        None => {
            let (name, paint) = &STILLS[number - CLIPS.len()];
            let mut canvas = Canvas::new(STILL.0, STILL.1);
            paint(&mut canvas);
            write_png(&canvas, &folder.join(format!("{name}.png")))
        }
    }
}

fn write_png(canvas: &Canvas, path: &Path) -> Result<(), PipelineError> {
    let write = |source| PipelineError::Write { path: path.to_owned(), source };
    let bytes: Vec<u8> =
        canvas.pixels.iter().flatten().map(|channel| channel.clamp(0.0, 255.0).round() as u8).collect();
    let mut file = io::BufWriter::new(fs::File::create(path).map_err(write)?);
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive);
    encoder
        .write_image(&bytes, canvas.width as u32, canvas.height as u32, ExtendedColorType::Rgb8)
        .map_err(|error| write(io::Error::other(error)))?;
    io::Write::flush(&mut file).map_err(write)
}
