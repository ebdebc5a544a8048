//! `fusion resolve`: what a viewer would get, and why.

use std::process::ExitCode;

use actors_protocol::resolver::{Candidate, Explain};
use anyhow::bail;

use crate::cli::Resolve;
use crate::home::Home;
use crate::operator::{Operator, did_you_mean};
use crate::output;

/// Explains.
pub async fn run(home: &Home, args: Resolve, json: bool) -> anyhow::Result<ExitCode> {
    let explain = Explain { service: args.service.clone(), site: args.from };
    let answer = Operator::new(home)?.resolver().await?.ask("resolver", explain).await?;
    // For a viewer it would be an error, so it is one here; "full" is none, that is how things are now.
    let refused = answer.verdict.starts_with("refused");
    let code = if refused || answer.candidates.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    if json {
        output::json(&serde_json::json!({
            "service": args.service, "site": answer.site, "verdict": answer.verdict,
            "candidates": answer.candidates, "near": answer.near, "queued": answer.queued,
        }))?;
        return Ok(code);
    }
    if refused || answer.candidates.is_empty() {
        bail!("{}{}", answer.verdict, did_you_mean(&answer.near));
    }
    output::line(&format!("{} from {}: {}", args.service, answer.site, answer.verdict));
    if args.explain {
        let heading = ["rank", "zone", "instance", "ms", "free", "active", "capacity", "age ms", "why"];
        let rows = answer.candidates.iter().map(row);
        let rows: Vec<_> = std::iter::once(heading.map(str::to_owned).to_vec()).chain(rows).collect();
        output::line(output::table(&rows).trim_end());
        if answer.queued > 0 {
            output::line(&format!("{} viewers wait in the queue", answer.queued));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(candidate: &Candidate) -> Vec<String> {
    let Candidate { zone, instance, latency_us, free, counts, age, rank, why } = candidate;
    vec![
        rank.to_string(),
        zone.to_string(),
        instance.to_string(),
        latency_us.map_or_else(|| "?".into(), |us| format!("{:.1}", us as f64 / 1_000.0)),
        free.to_string(),
        counts.active.to_string(),
        counts.capacity().to_string(),
        age.0.to_string(),
        why.clone(),
    ]
}
