//! Where a session's pictures go: a file, a pipe, a window, all of them or none.
//!
//! Owns: that no more is asked of the session than all of them take. Refuses: the pictures themselves.

use std::ops::ControlFlow;

use tokio::sync::oneshot;
use transport_viewer::{InputSender, Picture, Recorded, SessionInfo, Stats};

use super::decode::{Decoding, Frame};
use super::pipe::Pipe;
use super::recording::Recording;
use crate::cli::View;

/// Takes a picture to where it is seen; breaks when it is seen no more.
pub type Show = Box<dyn FnMut(Frame) -> anyhow::Result<ControlFlow<()>> + Send>;
/// Hears that the session is open, and how to send inputs to it.
pub type Opened = Box<dyn FnOnce(&SessionInfo, InputSender) + Send>;
/// Hears what has been measured so far.
pub type Measured = Box<dyn Fn(Stats) + Send>;

/// A window, seen from the session.
pub struct Screen {
    /// The session is open.
    pub opened: Opened,
    /// A picture is to be shown.
    pub show: Show,
    /// What has been measured so far.
    pub measured: Measured,
    /// Somebody has closed it.
    pub closed: oneshot::Receiver<()>,
}

/// See the module.
#[derive(Default)]
pub struct Outputs {
    recording: Option<Recording>,
    pipe: Option<Pipe>,
    window: Option<Decoding>,
}

/// What went out.
#[derive(Default)]
pub struct Written {
    /// Into the recording.
    pub recorded: Option<Recorded>,
    /// Pictures, as YUV4MPEG2.
    pub piped: Option<u64>,
}

impl Outputs {
    /// Opens what the command line asks for. `show` is the window's.
    pub fn open(args: &View, info: &SessionInfo, show: Option<Show>) -> anyhow::Result<Outputs> {
        Ok(Outputs {
            recording: args.record.as_deref().map(|path| Recording::create(path, info)).transpose()?,
            pipe: args.y4m.as_deref().map(|path| Pipe::open(path, info)).transpose()?,
            window: show.map(|show| Decoding::start(info, "the window", show)).transpose()?,
        })
    }

    /// Waits until all of them can take a picture. False = one of them takes no more. Cancel safe.
    pub async fn ready(&self) -> bool {
        for decoding in self.pipe.iter().map(Pipe::decoding).chain(&self.window) {
            if !decoding.ready().await {
                return false;
            }
        }
        true
    }

    /// Hands on a picture, when they were ready. True if it counts as one that was asked for: where there is a recording,
    /// one that is in the file.
    pub fn picture(&mut self, picture: &Picture) -> anyhow::Result<bool> {
        for decoding in self.pipe.iter().map(Pipe::decoding).chain(&self.window) {
            decoding.put(picture);
        }
        self.recording.as_mut().map_or(Ok(true), |recording| recording.picture(picture))
    }

    /// Waits for the last pictures. Everything is closed, and the first error told.
    pub async fn finish(self) -> anyhow::Result<Written> {
        let piped = match self.pipe {
            Some(pipe) => pipe.finish().await.map(Some),
            None => Ok(None),
        };
        let shown = match self.window {
            Some(window) => window.finish().await,
            None => Ok(()),
        };
        let recorded = self.recording.map(Recording::finish).transpose();
        shown?;
        Ok(Written { recorded: recorded?, piped: piped? })
    }
}
