//! `imp-change show`

use std::collections::BTreeMap;

use clap::Args;
use cli::journal::recorded::{RowState, each_line};
use cli::{CommandError, Output, journal};
use model::Record;
use serde_json::Value;

use crate::runs;

/// Print the changes that a run has made, in the order of its rows
#[derive(Args)]
pub struct Show {
    /// The run, as `imp-change list` names it, a part of that which no other has, or `last`
    #[arg(value_name = "RUN")]
    run: String,
    /// Print something of every row: also what was so already, failed, was not done, or may have been done
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: cli::Common,
}

impl Show {
    pub fn run(&self) -> cli::Result {
        let path = journal::find(&self.run)?;
        let recorded = runs::read(&path)?;
        let mut rows: BTreeMap<u64, Vec<Record>> = BTreeMap::new();
        let take = |line: Option<Record>| {
            let Some(mut line) = line else { return };
            let Some(row) = line.get("row").and_then(Value::as_u64) else { return };
            if line["type"] == "answered" {
                return;
            }
            line.remove("thing");
            let lines = rows.entry(row).or_default();
            inherit(&mut line, lines.first());
            if !is_part(&line) {
                // What became of the row takes the place of what was known of it, also of an earlier failure; one
                // row may have made several changes, and what was done of it stands.
                lines.retain(|line| line["type"] == "change");
            }
            lines.push(line);
        };
        each_line(&path, recorded.length, take).map_err(|error| {
            CommandError::usage(format!("cannot read {}: {error}", path.display()))
        })?;
        let output = Output::open(&self.common, None)?;
        output.expect_type(model::change::CHANGE);
        for (row, lines) in rows {
            for mut line in lines {
                let changes = line["type"] == "change" && line["outcome"] != "unchanged";
                if line["type"] == "row" {
                    let state = match recorded.state(row) {
                        RowState::UnderWay => "under_way",
                        RowState::Answered => "answered",
                        _ => "not_done",
                    };
                    line.insert("state", state.into());
                }
                if self.all || changes {
                    output.print(&line)?;
                }
            }
        }
        output.finish()?;
        Ok(runs::say_damage(&recorded))
    }
}

/// Whether it is a change that was told before the rest of its row.
fn is_part(line: &Record) -> bool {
    line.get("partly") == Some(&true.into()) && line["type"] == "change"
}

/// A line of a failed row says only why, and one of a part only what: the row itself is known from the line before.
fn inherit(line: &mut Record, before: Option<&Record>) {
    let names: &[&str] = match line["type"].as_str() {
        Some("failed") => &["source", "input"],
        _ if is_part(line) => &["source"],
        _ => return,
    };
    for name in names {
        if let Some(value) = before.and_then(|before| before.get(name)) {
            line.insert(name, value.clone());
        }
    }
}
