//! What a number of seeds came to.

use std::collections::BTreeMap;

/// Counts, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Seeds that were run.
    pub seeds: u64,
    /// Commands by verb.
    pub commands: BTreeMap<String, u64>,
    /// Rows of input.
    pub rows: u64,
    /// Of these, such that have failed.
    pub failed: u64,
    /// Requests.
    pub requests: u64,
    /// What went wrong, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Runs that were killed.
    pub kills: u64,
    /// Runs that were resumed, and undone.
    pub resumed: u64,
    /// Runs that were undone.
    pub undone: u64,
    /// Virtual time, in seconds.
    pub seconds: u64,
    /// Seeds that break a law, and how.
    pub broken: Vec<(u64, String)>,
}

impl Figures {
    /// Takes up those of others.
    pub fn add(&mut self, other: Figures) {
        self.seeds += other.seeds;
        self.rows += other.rows;
        self.failed += other.failed;
        self.requests += other.requests;
        self.kills += other.kills;
        self.resumed += other.resumed;
        self.undone += other.undone;
        self.seconds += other.seconds;
        for (name, number) in other.commands {
            *self.commands.entry(name).or_default() += number;
        }
        for (name, number) in other.faults {
            *self.faults.entry(name).or_default() += number;
        }
        self.broken.extend(other.broken);
    }

    /// As a table for people.
    pub fn table(&self) -> String {
        let commands: u64 = self.commands.values().sum();
        let mut lines = vec![
            format!("{:<24}{:>12}", "seeds", self.seeds),
            format!("{:<24}{:>12}", "commands", commands),
        ];
        lines
            .extend(self.commands.iter().map(|(name, number)| format!("  {name:<22}{number:>12}")));
        for (name, number) in [
            ("rows", self.rows),
            ("  failed", self.failed),
            ("requests", self.requests),
            ("runs killed", self.kills),
            ("runs resumed", self.resumed),
            ("runs undone", self.undone),
            ("hours that passed", self.seconds / 3600),
        ] {
            lines.push(format!("{name:<24}{number:>12}"));
        }
        lines.push(format!("{:<24}{:>12}", "faults", self.faults.values().sum::<u64>()));
        lines.extend(self.faults.iter().map(|(name, number)| format!("  {name:<22}{number:>12}")));
        lines.push(format!("{:<24}{:>12}", "seeds that break a law", self.broken.len()));
        lines.extend(self.broken.iter().map(|(seed, why)| format!("  seed {seed}: {why}")));
        lines.join("\n")
    }
}
