//! `imp doctor`: does everything work here, and what to do if not. One request, sent once.

mod machine;
mod service;
mod tools;

use std::time::Duration;

use clap::Args;
use cli::{Common, Exit, Output, Page};
use model::Record;
use model::schema::Kind::{Text, Words};
use model::schema::{Field, RecordType};

/// What the record of something that was looked at holds.
pub static CHECK: RecordType = RecordType {
    name: "check",
    about: "Something that imp doctor has looked at.",
    fields: &[
        Field::new("type", Words(&["check"]), "What the record is.").required(),
        Field::new("check", Text, "What was looked at.").required(),
        Field::new("result", Words(&[OK, WARNING, FAILED]), "How it is.").required(),
        Field::new("found", Text, "What was found.").required(),
        Field::new("advice", Text, "What to do; empty if nothing.").required(),
    ],
};

const OK: &str = "ok";
const WARNING: &str = "warning";
const FAILED: &str = "failed";

/// Longer than that nobody waits for a service that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Look whether everything works here, and what to do
///
/// A record for each thing that is looked at: ok, warning or failed. Exit code 1 when one has failed.
#[derive(Args)]
pub struct Doctor {
    #[command(flatten)]
    common: Common,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, but not as it should.
    Warning,
    /// It does not work.
    Failed,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do; empty if nothing.
    pub advice: String,
}

impl Check {
    /// It is as it should be.
    pub fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Check { what, state: State::Ok, found: found.into(), advice: String::new() }
    }

    /// It works, but something should be done.
    pub fn warning(
        what: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Check { state: State::Warning, advice: advice.into(), ..Check::ok(what, found) }
    }

    /// It does not work; what to do.
    pub fn failed(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Check { state: State::Failed, advice: advice.into(), ..Check::ok(what, found) }
    }

    fn result(&self) -> &'static str {
        match self.state {
            State::Ok => OK,
            State::Warning => WARNING,
            State::Failed => FAILED,
        }
    }

    fn record(&self) -> Record {
        let mut record = Record::default();
        for (name, text) in [
            ("type", "check"),
            ("check", self.what),
            ("result", self.result()),
            ("found", &self.found),
            ("advice", &self.advice),
        ] {
            record.insert(name, text.into());
        }
        record
    }
}

impl Doctor {
    pub fn run(&self) -> cli::Result {
        let patience = self.common.patience.min(PATIENCE);
        let common = Common { patience, ..self.common.clone() };
        let output = Output::open(&common, None)?;
        output.expect_type("check");
        let checks: Vec<Check> = service::checks(&common)
            .into_iter()
            .chain(machine::checks(&common))
            .chain(tools::checks())
            .collect();
        if output.is_for_a_person() {
            output.print_page(&page(&checks))?;
        } else {
            checks.iter().try_for_each(|check| output.print(&check.record()))?;
        }
        output.finish()?;
        let has_failed = checks.iter().any(|check| check.state == State::Failed);
        Ok(if has_failed { Exit::SomeFailed } else { Exit::Done })
    }
}

/// All of it, nothing cut: what to do stands below, where there is something.
fn page(checks: &[Check]) -> Page {
    let mut page = Page::new("imp", "doctor");
    page.section("What was found");
    for check in checks {
        page.line(vec![check.result().to_owned(), check.what.to_owned(), check.found.clone()]);
    }
    page.section("What to do");
    for check in checks.iter().filter(|check| !check.advice.is_empty()) {
        page.line(vec![check.what.to_owned(), check.advice.clone()]);
    }
    page
}
