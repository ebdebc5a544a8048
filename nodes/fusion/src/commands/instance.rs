//! `fusion instance drain` and `fusion instance slots`: what can be done to a running instance, with how far it is.

use std::process::ExitCode;
use std::time::Duration;

use actors_kernel::Fault;
use actors_protocol::factory::{DrainInstance, ResizeInstance, Resizing, SizeState};
use actors_protocol::{Millis, Request};
use anyhow::bail;
use tokio::time::{Instant, sleep};

use crate::cli::{Instance, NodePath};
use crate::home::Home;
use crate::operator::{Dialled, Operator};
use crate::output;

/// While something goes on, it is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// When the deadline has ended the last sessions: how long their slots may take to go.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A slot that is not warm by then has died while it warmed, perhaps again and again.
const WARMS_WITHIN: Duration = Duration::from_secs(30);

/// Drains or resizes.
pub async fn run(home: &Home, instance: Instance, json: bool) -> anyhow::Result<ExitCode> {
    let operator = Operator::new(home)?;
    match instance {
        Instance::Drain { path, deadline, cancel } => drain(&operator, &path, deadline, cancel, json).await,
        Instance::Slots { path, slots, deadline } => resize(&operator, &path, slots, deadline, json).await,
    }
}

/// Asks the factory at `path`; if nobody there understands, it says where instances are found.
async fn ask<M: Request>(node: &Dialled, path: &NodePath, message: M) -> anyhow::Result<M::Reply> {
    node.ask(path.path.as_str(), message).await.map_err(|error| match error.downcast_ref::<Fault>() {
        Some(Fault::Gone(_) | Fault::Version(_)) => error.context(format!(
            "{}/{} is no running instance; `fusion actors {}/instance` lists those of its node",
            path.node, path.path, path.node
        )),
        _ => error,
    })
}

/// Drains an instance, or takes a drain back.
async fn drain(
    operator: &Operator,
    path: &NodePath,
    deadline: Duration,
    cancel: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let node = operator.find(&path.node).await?;
    let mut state = ask(&node, path, DrainInstance { deadline: Millis::from(deadline), cancel }).await?;
    if cancel {
        let words = format!("{}/{} takes viewers again", path.node, path.path);
        if json {
            output::json(&state)?
        } else {
            output::line(&words)
        }
        return Ok(ExitCode::SUCCESS);
    }
    let until = Instant::now() + deadline;
    let mut told = None;
    while state.counts.capacity() > 0 {
        if told != Some(state.sessions) {
            let plural = if state.sessions == 1 { " still runs" } else { "s still run" };
            output::progress(&format!("{} session{plural}", state.sessions));
            told = Some(state.sessions);
        }
        if Instant::now() > until + ENDS_WITHIN {
            bail!("{} slots of {} have not ended in time", state.counts.capacity(), path.path);
        }
        sleep(LOOK_EVERY).await;
        // Asking again with what is left of the time changes nothing but tells how far it is.
        let left = until.saturating_duration_since(Instant::now());
        state = ask(&node, path, DrainInstance { deadline: Millis::from(left), cancel: false }).await?;
    }
    if json {
        output::json(&state)?
    } else {
        output::line(&format!("{}/{} is drained", path.node, path.path))
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives an instance another number of slots.
async fn resize(
    operator: &Operator,
    path: &NodePath,
    slots: u32,
    deadline: Option<Duration>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let node = operator.find(&path.node).await?;
    let begun = Instant::now();
    let call = ResizeInstance { slots: Some(slots), deadline: deadline.map(Millis::from) };
    let first = size(ask(&node, path, call).await?)?;
    let (mut state, mut told) = (first.clone(), None);
    loop {
        if state.to != slots {
            bail!("somebody has asked for {} slots of {} meanwhile", state.to, path.path);
        }
        let missing = missing(&state);
        // Without a deadline the surplus may take for ever: nobody is kept waiting for it.
        let surplus = if deadline.is_some() { state.surplus } else { 0 };
        if missing == 0 && surplus == 0 {
            break;
        }
        if told != Some((missing, surplus)) {
            tell(missing, surplus, slots);
            told = Some((missing, surplus));
        }
        if missing > 0 && begun.elapsed() > WARMS_WITHIN + deadline.unwrap_or_default() {
            bail!(
                "{missing} slots are not warm; `fusion actors {}/{}` tells what becomes of them",
                path.node,
                path.path
            );
        }
        if surplus > 0 && deadline.is_some_and(|deadline| begun.elapsed() > deadline + ENDS_WITHIN) {
            bail!("{surplus} sessions of {} have not ended in time", path.path);
        }
        sleep(LOOK_EVERY).await;
        state = size(ask(&node, path, ResizeInstance { slots: None, deadline: None }).await?)?;
    }
    let state = SizeState { from: first.from, ended: first.ended, ..state };
    if json {
        output::json(&state)?;
    } else {
        output::line(&format!("{}/{} {}", path.node, path.path, outcome(&state)));
    }
    Ok(ExitCode::SUCCESS)
}

fn size(answer: Resizing) -> anyhow::Result<SizeState> {
    match answer {
        Resizing::Sized(state) => Ok(state),
        Resizing::Refused { cause } => bail!("{cause}"),
    }
}

/// Slots that are wanted and do not serve yet; none of a pool that is withdrawn: it warms nothing.
fn missing(state: &SizeState) -> u32 {
    let serve = state.counts.free + state.counts.reserved + state.counts.active;
    if state.note.is_some() { 0 } else { state.to.saturating_sub(serve) }
}

fn tell(missing: u32, surplus: u32, slots: u32) {
    if missing > 0 {
        output::progress(&format!("{missing} of {slots} slots warm"));
    }
    if surplus > 0 {
        output::progress(&format!("{} beyond {slots}", sessions(surplus, "still runs", "still run")));
    }
}

fn sessions(number: u32, one: &str, many: &str) -> String {
    if number == 1 { format!("1 session {one}") } else { format!("{number} sessions {many}") }
}

fn outcome(state: &SizeState) -> String {
    let SizeState { from, to, surplus, note, .. } = state;
    let mut words = format!("has {to} slots (before: {from})");
    if *surplus > 0 {
        let still = sessions(*surplus, "plays on", "play on");
        words.push_str(&format!("; {still} beyond that, and whoever leaves first is not replaced"));
    }
    if let Some(note) = note {
        words.push_str(&format!("; its free slots are withdrawn: {note}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use actors_protocol::SlotCounts;

    use super::*;

    fn state(to: u32, active: u32, surplus: u32, note: Option<&str>) -> SizeState {
        let counts = SlotCounts { active, ..SlotCounts::default() };
        SizeState { from: 4, to, ended: 0, surplus, counts, note: note.map(str::to_owned) }
    }

    #[test]
    fn the_outcome_says_who_plays_on_and_why_nothing_is_free() {
        assert_eq!(outcome(&state(6, 0, 0, None)), "has 6 slots (before: 4)");
        assert!(outcome(&state(2, 3, 1, None)).contains("1 session plays on beyond that"));
        assert!(outcome(&state(2, 4, 2, None)).contains("2 sessions play on"));
        assert!(outcome(&state(6, 1, 0, Some("late"))).ends_with("withdrawn: late"));
    }

    #[test]
    fn a_withdrawn_pool_is_not_waited_for() {
        assert_eq!(missing(&state(6, 2, 0, None)), 4);
        assert_eq!(missing(&state(6, 2, 0, Some("late"))), 0);
        assert_eq!(missing(&state(1, 2, 1, None)), 0);
    }
}
