//! The measurements of the guide run, and what they print is what their readers expect. No figure is asserted: they are
//! facts of a machine.
#![allow(clippy::unwrap_used, reason = "a failure shows its line")]

use std::time::Duration;

use tests_e2e::{TempDir, fusion, json, run, say};

/// A few seconds on a machine that is free.
const WITHIN: Duration = Duration::from_secs(240);

#[test]
fn a_measurement_says_how_it_is_used() {
    for (what, words) in [("density", "--svg"), ("latency", "--beside"), ("fan-out", "--viewers")] {
        let mut command = fusion();
        command.args(["bench", what, "--help"]);
        let help = run(command, WITHIN).expect_code(0).stdout;
        assert!(help.contains(words) && help.contains("Example:"), "{help}");
    }
    let mut command = fusion();
    command.args(["bench", "latency", "--beside", "9.7"]);
    assert!(run(command, WITHIN).expect_code(2).stderr.contains("NAME=P50,P99"));
}

#[test]
fn latency_measures_every_key_and_tells_where_the_time_went() {
    let folder = TempDir::new();
    let chart = folder.join("latency.svg");
    let mut command = fusion();
    command.args(["bench", "latency", "--keys", "5", "--beside", "other=9.7,16.9", "--json", "--svg"]).arg(&chart);
    let told = run(command, WITHIN).expect_code(0).json();
    assert_eq!(json::list(&told, "/detail/samples_ms").len(), 5);
    let rows = json::list(&told, "/rows");
    let measures: Vec<_> = rows.iter().map(|row| json::text(row, "/measure")).collect();
    for step in ["p50", "p99", "queue", "compose", "encode", "send, way and receive", "decode"] {
        assert!(measures.iter().any(|measure| measure.contains(step)), "{step} is not in {measures:?}");
    }
    assert!(rows.iter().all(|row| row["ours"].as_f64().is_some_and(|ms| ms.is_finite())), "{rows:?}");
    let chart = std::fs::read_to_string(chart).unwrap();
    assert!(chart.contains("other, p50") && chart.contains("compose"), "{chart}");
}

#[test]
fn density_gives_every_session_an_encoder_of_its_own_and_compares() {
    let folder = TempDir::new();
    let chart = folder.join("density.svg");
    let mut command = fusion();
    command.args(["bench", "density", "--quick", "--json", "--svg"]).arg(&chart);
    let told = run(command, WITHIN).expect_code(0).json();
    for sample in [json::list(&told, "/detail/together"), json::list(&told, "/detail/apart")].concat() {
        assert_eq!(json::count(&sample, "/encoders"), json::count(&sample, "/sessions"), "{sample}");
        assert!(json::count(&sample, "/pictures") > 0, "{sample}");
    }
    let rows = json::list(&told, "/rows");
    rows.iter().for_each(|row| say(format!("{}: {}", row["measure"], row["ours"])));
    let compared = rows.iter().find(|row| json::text(row, "/measure") == "2 sessions: processor per picture").unwrap();
    assert!(compared["ratio"].as_f64().is_some() && compared["theirs"].as_f64().is_some(), "{compared}");
    assert!(std::fs::read_to_string(chart).unwrap().contains("one process each"));
}
