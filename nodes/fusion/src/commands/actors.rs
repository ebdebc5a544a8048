//! `fusion actors`: the tree of the whole domain, one actor's state, stop and kill.

use std::process::ExitCode;
use std::time::Duration;

use actors_protocol::node::{ActorInfo, ActorList, EndActor, Ending, InspectActor, Inspection, ListActors};
use anyhow::bail;

use crate::cli::{ActorAction, Actors, NodePath};
use crate::home::Home;
use crate::operator::{Operator, did_you_mean};
use crate::output;

const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Shows, stops or kills.
pub async fn run(home: &Home, args: Actors, json: bool) -> anyhow::Result<ExitCode> {
    let operator = Operator::new(home)?;
    match args.action {
        Some(ActorAction::Stop { path }) => return end(&operator, &path, false, json).await,
        Some(ActorAction::Kill { path }) => return end(&operator, &path, true, json).await,
        None => {}
    }
    loop {
        show(&operator, args.path.as_deref(), json).await?;
        if !args.watch {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

async fn show(operator: &Operator, path: Option<&str>, json: bool) -> anyhow::Result<()> {
    let (node, below) = match path {
        Some(path) => path.split_once('/').unwrap_or((path, "")),
        None => ("", ""),
    };
    if let Ok(one) = path.unwrap_or_default().parse::<NodePath>() {
        return state(operator, &one, json).await;
    }
    let nodes = operator.nodes().await?;
    let mut lists = Vec::new();
    let mut silent = Vec::new();
    for record in nodes.directory.nodes.iter().filter(|record| node.is_empty() || record.node.as_str() == node) {
        let listed = async {
            let dialled = operator.node(record).await?;
            dialled.ask("node", ListActors { below: below.to_owned() }).await
        };
        match listed.await {
            Ok(list) => lists.push(list),
            Err(error) => silent.push(format!("{}: {error:#}", record.node)),
        }
    }
    if lists.is_empty() && silent.is_empty() {
        let names: Vec<_> = nodes.directory.nodes.iter().map(|record| record.node.as_str()).collect();
        bail!("domain {} has no node '{node}'; it has {}", nodes.domain, names.join(", "));
    }
    if json {
        let actors: Vec<_> = lists.iter().flat_map(|list| list.actors.iter().map(|info| flat(list, info))).collect();
        output::json(&serde_json::json!({ "domain": nodes.domain, "actors": actors, "silent": silent }))?;
    } else {
        lists.iter().for_each(tree);
        silent.iter().for_each(|words| output::line(&format!("{words} (silent)")));
    }
    Ok(())
}

fn flat(list: &ActorList, info: &ActorInfo) -> serde_json::Value {
    serde_json::json!({
        "node": list.node, "path": format!("{}/{}", list.node, info.path), "kind": info.kind,
        "incarnation": info.incarnation, "parent": info.parent, "depth": info.depth, "bound": info.bound,
        "oldest_ms": info.oldest, "handled": info.handled, "p50_us": info.p50_us, "p99_us": info.p99_us,
        "restarts": info.restarts, "up_ms": info.up,
    })
}

fn tree(list: &ActorList) {
    output::line(&format!("{} ({}), up {}", list.node, list.roles, list.up));
    let heading = ["  actor", "kind", "mailbox", "handled", "p50 µs", "p99 µs", "restarts", "up"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    let mut actors: Vec<_> = list.actors.iter().collect();
    actors.sort_by_cached_key(|info| natural(info.path.as_str()));
    for info in actors {
        // An actor with a parent stands below it; the path's own depth is not always the tree's.
        let name = match &info.parent {
            Some(parent) => {
                let last = info.path.as_str().strip_prefix(parent.as_str()).unwrap_or(info.path.as_str());
                format!("  └ {}", last.trim_start_matches('/'))
            }
            None => format!("  {}", info.path),
        };
        rows.push(vec![
            name,
            info.kind.clone(),
            format!("{}/{}", info.depth, info.bound),
            info.handled.to_string(),
            info.p50_us.to_string(),
            info.p99_us.to_string(),
            info.restarts.to_string(),
            info.up.to_string(),
        ]);
    }
    output::line(output::table(&rows).trim_end());
}

/// A key that sorts `slot-9` before `slot-10`: digits compare as the number they are.
fn natural(path: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0_u64)];
    let mut in_number = false;
    for c in path.chars() {
        match (c.to_digit(10), parts.last_mut()) {
            (Some(digit), Some((_, number))) => {
                *number = number.saturating_mul(10).saturating_add(u64::from(digit));
                in_number = true;
            }
            (None, Some((text, _))) if !in_number => text.push(c),
            _ => {
                parts.push((c.to_string(), 0));
                in_number = false;
            }
        }
    }
    parts
}

async fn state(operator: &Operator, at: &NodePath, json: bool) -> anyhow::Result<()> {
    let node = operator.find(&at.node).await?;
    match node.ask("node", InspectActor { path: at.path.clone() }).await? {
        Inspection::State { info, state } => {
            let state: serde_json::Value = serde_json::from_str(&state)?;
            let value = serde_json::json!({ "node": at.node, "info": info, "state": state });
            if json {
                output::json(&value)?
            } else {
                output::line(&serde_json::to_string_pretty(&value)?)
            }
            Ok(())
        }
        Inspection::Unknown { near } => {
            // A path that is no actor may still be a branch.
            let list = node.ask("node", ListActors { below: at.path.to_string() }).await?;
            if list.actors.is_empty() {
                bail!("no actor lives at {}/{}{}", at.node, at.path, did_you_mean(&near));
            }
            if json {
                let actors: Vec<_> = list.actors.iter().map(|info| flat(&list, info)).collect();
                output::json(&serde_json::json!({ "actors": actors }))?;
            } else {
                tree(&list);
            }
            Ok(())
        }
    }
}

async fn end(operator: &Operator, at: &NodePath, kill: bool, json: bool) -> anyhow::Result<ExitCode> {
    let node = operator.find(&at.node).await?;
    match node.ask("node", EndActor { path: at.path.clone(), kill }).await? {
        Ending::Ended { incarnation } if json => {
            output::json(&serde_json::json!({ "node": at.node, "path": at.path, "incarnation": incarnation }))?;
        }
        Ending::Ended { .. } => {
            output::line(&format!("{}/{} {}", at.node, at.path, if kill { "killed" } else { "told to stop" }));
        }
        Ending::Unknown { near } => bail!("no actor lives at {}/{}{}", at.node, at.path, did_you_mean(&near)),
        Ending::Refused => bail!("{}/{} holds up its node; stop the node instead", at.node, at.path),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn slots_sort_by_number() {
        let mut paths = ["instance/a/slot-10", "instance/a", "node", "instance/a/slot-9", "instance/b"];
        paths.sort_by_cached_key(|path| natural(path));
        assert_eq!(paths, ["instance/a", "instance/a/slot-9", "instance/a/slot-10", "instance/b", "node"]);
    }
}
