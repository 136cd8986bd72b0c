//! A line of the table: what was measured beside what it must reach.

use std::io::Write;
use std::time::Duration;

/// One round trip to the simulator.
pub const ROUND_TRIP: Duration = Duration::from_millis(50);

/// How the simulator is started where nothing else is said, after `--devices`.
pub const USUAL: [&str; 4] = ["--rate-limit", "40", "--latency", "50ms"];

/// The seconds that the best client would need for so many requests at 40 a second.
pub fn floor(requests: u64) -> f64 {
    requests.saturating_sub(1) as f64 / 40.0 + ROUND_TRIP.as_secs_f64()
}

/// A line of the table.
pub struct Figure {
    what: String,
    measured: String,
    bound: String,
    holds: Option<bool>,
}

impl Figure {
    /// Something worth knowing that nothing is demanded of.
    pub fn told(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Figure { what: what.into(), measured: measured.into(), bound: String::new(), holds: None }
    }

    /// A number in `unit` that must not be greater than `bound`.
    pub fn at_most(what: impl Into<String>, number: f64, bound: f64, unit: &str) -> Self {
        Figure {
            bound: format!("≤ {}", shown(bound, unit)),
            holds: Some(number <= bound),
            ..Figure::told(what, shown(number, unit))
        }
    }

    /// A number in `unit` that must not be less than `bound`.
    pub fn at_least(what: impl Into<String>, number: f64, bound: f64, unit: &str) -> Self {
        Figure {
            bound: format!("≥ {}", shown(bound, unit)),
            holds: Some(number >= bound),
            ..Figure::told(what, shown(number, unit))
        }
    }

    /// A count that must be met.
    pub fn exactly(what: impl Into<String>, count: u64, bound: u64) -> Self {
        Figure {
            bound: bound.to_string(),
            holds: Some(count == bound),
            ..Figure::told(what, count.to_string())
        }
    }

    /// Adds something to what was measured.
    pub fn with(mut self, note: &str) -> Self {
        self.measured = format!("{} ({note})", self.measured);
        self
    }

    /// False if a bound was missed.
    pub fn holds(&self) -> bool {
        self.holds != Some(false)
    }

    /// As it stands in the table.
    pub fn line(&self) -> String {
        let verdict = match self.holds {
            Some(true) => "ok",
            Some(false) => "MISSED",
            None => "",
        };
        row(&self.what, &self.measured, &self.bound, verdict)
    }
}

fn row(what: &str, measured: &str, bound: &str, verdict: &str) -> String {
    format!("{what:<68}{measured:<44}{bound:<20}{verdict}").trim_end().to_owned()
}

fn shown(number: f64, unit: &str) -> String {
    match unit {
        "" => format!("{number}"),
        "s" | "ms" | "%" | "×" => format!("{number:.2} {unit}"),
        _ => format!("{number:.0} {unit}"),
    }
}

/// The line above the table.
pub fn print_head() {
    print(&row("what", "measured", "must reach", ""));
}

/// Prints a line at once; the next may take a minute.
#[expect(clippy::disallowed_methods, reason = "the one place that prints")]
pub fn print(line: &str) {
    // Who has stopped reading the table does not want the rest.
    let _nobody_reads = writeln!(std::io::stdout(), "{line}");
}
