//! Acting inside a network namespace: on a thread that enters it and ends there, so that no other code is moved.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::Context;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Runs `act` inside the namespace at `path`. A panic in it goes on in the caller.
pub(super) fn enter<T: Send>(path: &Path, act: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    let namespace = File::open(path).with_context(|| path.display().to_string())?;
    std::thread::scope(|scope| {
        let inside = std::thread::Builder::new().name("inside".into()).spawn_scoped(scope, || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).context("entering it")?;
            act()
        })?;
        inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
