//! `fusion doctor`: what this machine can do, what is missing, and which package has it.

use std::process::ExitCode;

use nodes_services::media_report;

use crate::home::Home;
use crate::operator::Operator;
use crate::output;

struct Finding {
    what: &'static str,
    good: bool,
    words: String,
}

/// Looks around.
pub async fn run(home: &Home, json: bool) -> anyhow::Result<ExitCode> {
    let mut findings = vec![cores(), memory(), files(), udp(), namespaces()];
    let media = tokio::task::spawn_blocking(media_report).await?;
    findings.push(Finding { what: "media", good: media.is_ok(), words: media.unwrap_or_else(|words| words) });
    findings.push(domain(home).await);
    let good = findings.iter().all(|finding| finding.good);
    if json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| serde_json::json!({ "what": finding.what, "good": finding.good, "words": finding.words }))
            .collect();
        output::json(&serde_json::json!({ "good": good, "findings": list }))?;
    } else {
        let rows = findings.iter().map(|finding| {
            vec![if finding.good { "ok" } else { "missing" }.to_owned(), finding.what.to_owned(), finding.words.clone()]
        });
        output::line(output::table(&rows.collect::<Vec<_>>()).trim_end());
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cores() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Finding { what: "cores", good: true, words: cores.to_string() }
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let words = match (kib("MemAvailable:"), kib("MemTotal:")) {
        (Some(free), Some(all)) => format!("{} of {} MB available", free / 1024, all / 1024),
        _ => "not known (no /proc/meminfo)".to_owned(),
    };
    Finding { what: "memory", good: true, words }
}

/// Connections of a node share one socket; files are for stores, logs and clips.
fn files() -> Finding {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit =
        text.lines().find(|line| line.starts_with("Max open files")).and_then(|line| line.split_whitespace().nth(3));
    let limit = limit.and_then(|limit| limit.parse::<u64>().ok());
    match limit {
        Some(limit) if limit < 256 => {
            Finding { what: "open files", good: false, words: format!("only {limit}; raise it with `ulimit -n 1024`") }
        }
        Some(limit) => Finding { what: "open files", good: true, words: limit.to_string() },
        None => Finding { what: "open files", good: true, words: "not known".into() },
    }
}

fn udp() -> Finding {
    match std::net::UdpSocket::bind(("127.0.0.1", 0)) {
        Ok(_) => Finding { what: "UDP", good: true, words: "sockets can be opened".into() },
        Err(error) => Finding { what: "UDP", good: false, words: format!("no socket can be opened: {error}") },
    }
}

fn namespaces() -> Finding {
    let tun = std::path::Path::new("/dev/net/tun").exists();
    let words = if tun {
        "/dev/net/tun is there (tests across namespaces run)"
    } else {
        "no /dev/net/tun: tests across namespaces are skipped"
    };
    Finding { what: "network", good: true, words: words.into() }
}

async fn domain(home: &Home) -> Finding {
    let dir = home.dir().display().to_string();
    if !home.has_domain() {
        return Finding {
            what: "domain",
            good: true,
            words: format!("none in {dir}; `fusion dev` makes one and runs it"),
        };
    }
    let asked = async { Operator::new(home)?.nodes().await };
    match asked.await {
        Ok(list) => {
            let up = list.directory.nodes.iter().filter(|record| record.alive).count();
            let words = format!("{} in {dir}: {up} of {} nodes up", list.domain, list.directory.nodes.len());
            Finding { what: "domain", good: true, words }
        }
        Err(error) => {
            Finding { what: "domain", good: true, words: format!("in {dir}, and does not answer: {error:#}") }
        }
    }
}
