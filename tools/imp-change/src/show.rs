//! `imp-change show`

use std::collections::BTreeMap;

use clap::Args;
use cli::journal::recorded::{RowState, each_line};
use cli::{CommandError, Output, journal};
use model::Record;
use model::schema::Kind::{AnyObject, Integer, Object, Text, Truth, Words};
use model::schema::{Field, RecordType};
use pipe::failure::FAILURE;
use serde_json::Value;

use crate::records::Steps;
use crate::runs;

/// What --all prints besides changes.
pub static OF_ALL: [&RecordType; 2] = [&ROW, &FAILED];

const UNDER_WAY: &str = "under_way";
const ANSWERED: &str = "answered";
const NOT_DONE: &str = "not_done";

static ROW: RecordType = RecordType {
    name: "row",
    about: "A row of a run of which it is not told what became of it.",
    fields: &[
        Field::new("type", Words(&["row"]), "What the record is.").required(),
        Field::new("row", Integer, "Its number, counted from 1.").required(),
        Field::new("source", Text, "The place that it came from.").required(),
        Field::new("input", AnyObject, "The row as it was read.").required(),
        Field::new("error", Object(FAILURE), "Why it could not be read."),
        Field::new("state", Words(&[UNDER_WAY, ANSWERED, NOT_DONE]), "What is known of it.")
            .required(),
    ],
};

static FAILED: RecordType = RecordType {
    name: "failed",
    about: "A row of a run that failed.",
    fields: &[
        Field::new("type", Words(&["failed"]), "What the record is.").required(),
        Field::new("row", Integer, "Its number, counted from 1.").required(),
        Field::new("error", Object(FAILURE), "Why.").required(),
        Field::new("partly", Truth, "Whether a part of it was done.").required(),
        Field::new("source", Text, "The place that it came from."),
        Field::new("input", AnyObject, "The row as it was read."),
    ],
};

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
        let mut steps = Steps::default();
        let take = |line: Option<Record>| {
            let Some(mut line) = line else { return };
            steps.tell(&mut line);
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
                    line.insert("state", word_for(recorded.state(row)).into());
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

/// The word for a row that was not reported.
fn word_for(state: RowState) -> &'static str {
    match state {
        RowState::UnderWay => UNDER_WAY,
        RowState::Answered => ANSWERED,
        _ => NOT_DONE,
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
