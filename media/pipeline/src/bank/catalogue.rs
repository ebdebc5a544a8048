//! Which sources there are: the files of a folder, then the live ones.
//!
//! Owns: what counts as a video or a picture (the ending of the name), the order, the titles.
//! Refuses: to open files; what a file truly holds shows when somebody attends to it.

use std::fs;
use std::path::{Path, PathBuf};

use media_share::{SourceCard, SourceId, SourceKind};

use crate::error::PipelineError;

/// The most sources of a bank.
pub const SOURCES_MAX: usize = 256;

/// Endings of video files, small letters.
pub const VIDEO_ENDINGS: &[&str] =
    &["mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "m2ts", "mpg", "mpeg", "ogv", "ogg", "flv", "wmv", "3gp"];
/// Endings of pictures, small letters.
pub const PICTURE_ENDINGS: &[&str] = &["png", "jpg", "jpeg", "webp", "gif", "bmp"];

/// Where a source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A live source's address.
    Uri(String),
}

/// The sources of a folder, by file name, then the live ones (title, address).
pub fn list(folder: Option<&Path>, live: &[(String, String)]) -> Result<Vec<(SourceCard, Origin)>, PipelineError> {
    let files = folder.map(files).transpose()?.unwrap_or_default();
    let files = files.into_iter().map(|(path, kind)| (title(&path), kind, Origin::File(path)));
    let live = live.iter().map(|(title, uri)| (title.clone(), SourceKind::Live, Origin::Uri(uri.clone())));
    let all: Vec<_> = files.chain(live).collect();
    if all.len() > SOURCES_MAX {
        return Err(PipelineError::TooManySources { found: all.len(), limit: SOURCES_MAX });
    }
    if all.is_empty() {
        let folder = folder.unwrap_or(Path::new("")).to_owned();
        return Err(PipelineError::NoMedia { folder, looked_for: looked_for() });
    }
    let card = |(index, (title, kind, origin))| (SourceCard { id: SourceId(index as u32), title, kind }, origin);
    Ok(all.into_iter().enumerate().map(card).collect())
}

fn files(folder: &Path) -> Result<Vec<(PathBuf, SourceKind)>, PipelineError> {
    let unreadable = |source| PipelineError::Folder { folder: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if let Some(kind) = kind(&path).filter(|_| !hidden && path.is_file()) {
            found.push((path, kind));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

fn kind(path: &Path) -> Option<SourceKind> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let among = |endings: &[&str]| endings.contains(&ending.as_str());
    match () {
        () if among(VIDEO_ENDINGS) => Some(SourceKind::Clip),
        () if among(PICTURE_ENDINGS) => Some(SourceKind::Still),
        () => None,
    }
}

fn looked_for() -> String {
    format!("videos (.{}) and pictures (.{})", VIDEO_ENDINGS.join(", ."), PICTURE_ENDINGS.join(", ."))
}

/// The name without ending, with spaces for `-` and `_`, the first letter large.
fn title(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let words: Vec<&str> = stem.split(['-', '_', ' ']).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_for_people() {
        let titles = ["harbour-lights.mp4", "a__b.PNG", "élan vital.mkv", "-.png"].map(|name| title(Path::new(name)));
        assert_eq!(titles, ["Harbour lights", "A b", "Élan vital", ""]);
    }

    #[test]
    fn only_media_counts_in_the_order_of_names() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.MP4", "a.png", ".hidden.png", "notes.txt", "c", "d.Jpeg"] {
            fs::write(folder.path().join(name), b"x").expect("written");
        }
        fs::create_dir(folder.path().join("e.mp4")).expect("made");
        let live = [("Camera".to_owned(), "rtsp://camera/1".to_owned())];
        let all = list(Some(folder.path()), &live).expect("some");
        let seen: Vec<_> = all.iter().map(|(card, _)| (card.id.0, card.title.as_str(), card.kind)).collect();
        assert_eq!(
            seen,
            [
                (0, "A", SourceKind::Still),
                (1, "B", SourceKind::Clip),
                (2, "D", SourceKind::Still),
                (3, "Camera", SourceKind::Live)
            ]
        );
    }

    #[test]
    fn a_folder_without_media_says_what_was_looked_for_and_where() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("notes.txt"), b"x").expect("written");
        let words = list(Some(folder.path()), &[]).expect_err("nothing").to_string();
        for part in [&folder.path().display().to_string(), ".mp4", ".webm", ".png", ".jpg"] {
            assert!(words.contains(part), "{words}");
        }
        let words = list(Some(&folder.path().join("nowhere")), &[]).expect_err("nothing").to_string();
        assert!(words.contains("nowhere"), "{words}");
    }

    #[test]
    fn too_many_are_refused_with_both_numbers() {
        let live = vec![(String::new(), "http://x".to_owned()); SOURCES_MAX + 1];
        let words = list(None, &live).expect_err("too many").to_string();
        assert!(words.contains("257") && words.contains("256"), "{words}");
    }
}
