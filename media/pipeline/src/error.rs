//! What can go wrong with media, each with what to do about it.
//!
//! Owns: the words. Refuses: to be handled twice; whoever gets one either passes it on or says it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gstreamer::glib;
use media_share::ClipFault;

/// How to turn any video into one that is taken.
const REMEDY: &str = "make one that will do with: ffmpeg -i IN -an -c:v libx264 -bf 0 -g 30 -pix_fmt yuv420p OUT.mp4";

/// A clip could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The library does not start.
    #[error("GStreamer does not start")]
    Init(#[source] glib::Error),
    /// An element is not installed.
    #[error("GStreamer has no element '{element}'; install the Debian package {package}")]
    Element {
        /// Its name.
        element: &'static str,
        /// Where Debian has it.
        package: &'static str,
    },
    /// A pipeline could not be put together, which is a fault in this program or its installation.
    #[error("a GStreamer pipeline does not hold together: {0}")]
    Assembly(String),

    /// A clip that cannot be made like that.
    #[error("no clip can be made like that: {0}")]
    Spec(String),
    /// The clip could not be made.
    #[error("making the clip {} failed: {cause}", path.display())]
    Generate {
        /// Where it was to be.
        path: PathBuf,
        /// What GStreamer says.
        cause: String,
    },
    /// The clip could not be made in time.
    #[error("making the clip {} took longer than {} s; the machine is overloaded", path.display(), limit.as_secs())]
    GenerateTooSlow {
        /// Where it was to be.
        path: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
    /// The clip could not be written.
    #[error("the clip {} cannot be written", path.display())]
    Write {
        /// Where it was to be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// There is no such file.
    #[error(
        "there is no clip at {}; name a file with H.264 in it, or name none: fusion then makes one of its own",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// There is something, but it cannot be read as a file.
    #[error("the clip {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of no known kind.
    #[error("{} is not a video ({}); {REMEDY}", path.display(), cause)]
    NotVideo {
        /// The file.
        path: PathBuf,
        /// What GStreamer says.
        cause: String,
    },
    /// A media file without H.264.
    #[error("{} has no H.264 in it, but {}; {REMEDY}", path.display(), found)]
    NoH264 {
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// Pictures that must be shown in another order than they come; a clip is passed through in the order it is stored.
    #[error("{} has B-frames (picture {} is one); {REMEDY}", path.display(), picture)]
    BFrames {
        /// The file.
        path: PathBuf,
        /// The first one.
        picture: usize,
    },
    /// Nothing that a session could begin with.
    #[error("{} has no key picture (IDR) among its {} pictures; {REMEDY}", path.display(), pictures)]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// How many pictures there are.
        pictures: usize,
    },
    /// The file ends too early, or makes no sense from some place on.
    #[error("{} is broken or cut off after {pictures} pictures ({cause}); copy it again, or {REMEDY}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Whole pictures before that.
        pictures: usize,
        /// What GStreamer says, or what is missing.
        cause: String,
    },
    /// The picture's size or rate changes, or it has none.
    #[error("the pictures of {} have no constant size and rate ({}); {REMEDY}", path.display(), cause)]
    Unsteady {
        /// The file.
        path: PathBuf,
        /// What was found.
        cause: String,
    },
    /// More than a process should keep in memory.
    #[error("{} has more than {limit} bytes of pictures; a clip is kept in memory whole: make it shorter", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most.
        limit: usize,
    },
    /// Reading it took too long.
    #[error("reading {} took longer than {} s; is it on a slow disk?", path.display(), limit.as_secs())]
    TooSlow {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
    /// It loads, but is no clip.
    #[error("{} cannot be played", path.display())]
    Unsuitable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ClipFault,
    },

    /// A folder that cannot be listed.
    #[error("the folder of media {} cannot be read", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder with nothing to show.
    #[error("there is nothing to show in {}: looked for {looked_for}; hidden files do not count, nor do folders in it", folder.display())]
    NoMedia {
        /// The folder.
        folder: PathBuf,
        /// The kinds and their endings.
        looked_for: String,
    },
    /// More sources than a bank takes.
    #[error("there are {found} sources; a bank takes {limit} at most: divide them among several folders")]
    TooManySources {
        /// How many there are.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// A thread could not be started.
    #[error("the system starts no further thread")]
    Thread(#[source] io::Error),
}
