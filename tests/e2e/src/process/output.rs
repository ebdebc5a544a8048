//! What a process writes, kept line by line by a thread of its own, so that it never waits for a reader.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The newest lines are kept; a test that lets this many pass unread does not want the first.
const LINES_MAX: usize = 50_000;
/// A longer line is cut into pieces.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How many lines a failure shows.
const TAIL_LINES: usize = 200;
/// How long a dropped output waits for its thread. It ends with the pipe, which a grandchild may hold.
const JOIN_TAKES_MAX: Duration = Duration::from_secs(2);

/// The deadline has passed.
pub(super) struct TooLate;

#[derive(Debug)]
pub(super) struct Output {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    /// The number of the oldest line that is kept.
    first: u64,
    ended: bool,
}

impl Output {
    pub(super) fn keep(pipe: impl Read + Send + 'static) -> Output {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let reader = std::thread::Builder::new().name("output".into()).spawn(move || read(pipe, &theirs));
        Output { shared, reader: Some(reader.expect("a thread can be started, or no test can run")) }
    }

    /// Line number `wanted`, or the oldest one kept after it, with its number. `None` when there will be none.
    pub(super) fn line(&self, wanted: u64, deadline: Instant) -> Result<Option<(u64, String)>, TooLate> {
        let mut kept = self.shared.lock();
        loop {
            let number = wanted.max(kept.first);
            let index = usize::try_from(number - kept.first).unwrap_or(usize::MAX);
            if let Some(line) = kept.lines.get(index) {
                return Ok(Some((number, line.clone())));
            }
            if kept.ended {
                return Ok(None);
            }
            kept = self.shared.wait(kept, deadline)?;
        }
    }

    pub(super) fn wait_for_end(&self, deadline: Instant) {
        let mut kept = self.shared.lock();
        while !kept.ended {
            match self.shared.wait(kept, deadline) {
                Ok(again) => kept = again,
                Err(TooLate) => return,
            }
        }
    }

    pub(super) fn text(&self) -> String {
        self.last(usize::MAX)
    }

    pub(super) fn tail(&self) -> String {
        self.last(TAIL_LINES)
    }

    fn last(&self, lines: usize) -> String {
        let kept = self.shared.lock();
        let skipped = kept.lines.len().saturating_sub(lines);
        kept.lines.iter().skip(skipped).flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.wait_for_end(Instant::now() + JOIN_TAKES_MAX);
        if self.shared.lock().ended
            && let Some(reader) = self.reader.take()
        {
            let _ = reader.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, kept: MutexGuard<'a, Kept>, deadline: Instant) -> Result<MutexGuard<'a, Kept>, TooLate> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TooLate);
        }
        Ok(self.changed.wait_timeout(kept, left).unwrap_or_else(PoisonError::into_inner).0)
    }
}

fn read(pipe: impl Read, shared: &Shared) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = pipe.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        let ended = !matches!(read, Ok(read) if read > 0);
        let mut kept = shared.lock();
        if ended {
            kept.ended = true;
        } else {
            let text = String::from_utf8_lossy(&line);
            kept.lines.push_back(text.strip_suffix('\n').unwrap_or(&text).to_owned());
            if kept.lines.len() > LINES_MAX {
                kept.lines.pop_front();
                kept.first += 1;
            }
        }
        drop(kept);
        shared.changed.notify_all();
        if ended {
            return;
        }
    }
}
