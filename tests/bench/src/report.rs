//! The table for people and the JSON for programs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::machine::{self, Facts};

/// What a figure is held against.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// The figure itself.
    AtMost(f64),
    /// The figure itself.
    AtLeast(f64),
    /// The ratio to the peer.
    RatioAtMost(f64),
    /// The ratio to the peer.
    RatioAtLeast(f64),
    /// It is printed beside the others.
    None,
}

/// One line of the table; `fusion bench` writes the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub measure: Cow<'static, str>,
    /// In what.
    pub unit: Cow<'static, str>,
    /// Fusion's figure.
    pub ours: f64,
    /// Who the peer is.
    pub peer: Option<Cow<'static, str>>,
    /// The peer's figure.
    pub theirs: Option<f64>,
    /// Ours by theirs: the median over rounds, which is not exactly the quotient of the two medians.
    pub ratio: Option<f64>,
    /// What it is held against.
    pub bar: Bar,
    /// Is it held?
    pub held: Option<bool>,
    /// Ours, round by round.
    #[serde(default)]
    pub rounds: Vec<f64>,
    /// The peer's, round by round.
    #[serde(default)]
    pub peer_rounds: Vec<f64>,
}

impl Row {
    /// A figure without a peer.
    pub fn plain(measure: &'static str, unit: &'static str, ours: f64, bar: Bar) -> Row {
        let (rounds, peer_rounds) = (Vec::new(), Vec::new());
        let (measure, unit) = (measure.into(), unit.into());
        Row { measure, unit, ours, peer: None, theirs: None, ratio: None, bar, held: None, rounds, peer_rounds }
    }

    /// A figure beside a peer's.
    pub fn against(mut self, peer: &'static str, theirs: f64, ratio: f64) -> Row {
        (self.peer, self.theirs, self.ratio) = (Some(peer.into()), Some(theirs), Some(ratio));
        self
    }

    /// How it came out in each round.
    pub fn with_rounds(mut self, rounds: &[f64], peer_rounds: &[f64]) -> Row {
        (self.rounds, self.peer_rounds) = (rounds.to_vec(), peer_rounds.to_vec());
        self
    }

    fn judge(&self) -> Option<bool> {
        match self.bar {
            Bar::AtMost(bar) => Some(self.ours <= bar),
            Bar::AtLeast(bar) => Some(self.ours >= bar),
            Bar::RatioAtMost(bar) => self.ratio.map(|ratio| ratio <= bar),
            Bar::RatioAtLeast(bar) => self.ratio.map(|ratio| ratio >= bar),
            Bar::None => None,
        }
    }

    fn cells(&self) -> [String; 6] {
        let unit = &self.unit;
        let bar = match self.bar {
            Bar::AtMost(bar) => format!("≤ {}{unit}", number(bar)),
            Bar::AtLeast(bar) => format!("≥ {}{unit}", number(bar)),
            Bar::RatioAtMost(bar) => format!("≤ {bar} ×"),
            Bar::RatioAtLeast(bar) => format!("≥ {bar} ×"),
            Bar::None => String::new(),
        };
        [
            self.measure.to_string(),
            format!("{}{unit}", number(self.ours)),
            match (&self.peer, self.theirs) {
                (Some(peer), Some(theirs)) => format!("{}{unit} ({peer})", number(theirs)),
                _ => String::new(),
            },
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} ×")),
            bar,
            match self.held {
                Some(true) => "held".to_owned(),
                Some(false) => "MISSED".to_owned(),
                None => String::new(),
            },
        ]
    }
}

/// Three digits that count, and thousands apart.
fn number(value: f64) -> String {
    if value.abs() >= 1_000.0 {
        let digits = format!("{value:.0}");
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                text.push(' ');
            }
            text.push(digit);
        }
        text
    } else if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// The figures of one run.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Facts,
    /// A first look: not to be quoted.
    quick: bool,
    seconds: f64,
    load_after: f64,
    rows: Vec<Row>,
    /// What is behind the rows of `fusion bench`.
    detail: BTreeMap<&'static str, serde_json::Value>,
}

impl Report {
    /// Nothing measured yet.
    pub fn new(machine: Facts, quick: bool) -> Report {
        Report { machine, quick, seconds: 0.0, load_after: 0.0, rows: Vec::new(), detail: BTreeMap::new() }
    }

    /// Says on what it runs, and what speaks against the figures.
    pub fn greet(&self) {
        let Facts { processor, cores, memory_mb, system, load, release } = &self.machine;
        crate::progress(&format!("{processor}, {cores} cores, {memory_mb} MB, Linux {system}, load {load}"));
        if !release {
            crate::progress("this is a debug build: the figures mean nothing; use `make bench`");
        }
        if *load > 1.0 {
            crate::progress("the machine is busy: rates are low and times long; ratios hold, roughly");
        }
    }

    /// Adds a line.
    pub fn add(&mut self, mut row: Row) {
        row.held = row.judge();
        self.rows.push(row);
    }

    /// Keeps what is behind some rows.
    pub fn detail(&mut self, of: &'static str, detail: serde_json::Value) {
        self.detail.insert(of, detail);
    }

    /// Prints the table and writes the JSON.
    pub fn finish(mut self, took: Duration, json: &Path) -> anyhow::Result<()> {
        (self.seconds, self.load_after) = (took.as_secs_f64(), machine::load());
        self.print();
        let text = serde_json::to_string_pretty(&self)?;
        std::fs::write(json, text + "\n").with_context(|| format!("{} cannot be written", json.display()))?;
        crate::progress(&format!("took {:.0} s; written to {}", self.seconds, json.display()));
        let missed: Vec<_> = self.rows.iter().filter(|row| row.held == Some(false)).map(|row| &*row.measure).collect();
        if !missed.is_empty() {
            crate::progress(&format!("MISSED {} of the bars: {}", missed.len(), missed.join("; ")));
        }
        Ok(())
    }

    fn print(&self) {
        let heads = ["measure", "ours", "peer", "ratio", "bar", ""].map(str::to_owned);
        let lines: Vec<_> = std::iter::once(heads).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        println!();
        for line in &lines {
            let cells: Vec<_> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            println!("{}", cells.join("  ").trim_end());
        }
        println!();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_judged_by_its_ratio_or_by_itself() {
        let plain = Row::plain("slots", " kB", 5.9, Bar::AtMost(6.0));
        assert_eq!(plain.judge(), Some(true));
        let row = Row::plain("asks", "/s", 400.0, Bar::RatioAtLeast(0.5)).against("bare", 1_000.0, 0.4);
        assert_eq!(row.judge(), Some(false));
        assert_eq!(Row::plain("raw", "/s", 1.0, Bar::None).judge(), None);
    }

    #[test]
    fn numbers_read_well() {
        let shown = [1_234_567.0, 20_000.0, 432.1, 15.0, 12.34, 0.517].map(number);
        assert_eq!(shown, ["1 234 567", "20 000", "432", "15", "12.3", "0.52"]);
    }
}
