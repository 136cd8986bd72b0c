//! What becomes of the rows: good ones to stdout, failed ones to stderr and `--failed`, all of them into
//! the summary and the exit code. The one place where a row is counted.

use std::fs;

use pipe::{FailedFile, Failure, Kind, Record, Tally, Target};
use serde_json::Value;

use crate::each::Outcome;
use crate::input::Given;
use crate::session::Session;
use crate::stop::Stop;
use crate::{Exit, Result, console};

/// The results of a run.
pub struct Results<'a> {
    session: &'a Session,
    given: Given<'a>,
    failed: Option<FailedFile>,
    /// Counts so far.
    pub tally: Tally,
    exit: Exit,
    dry_run: bool,
    closed_said: bool,
    /// The run has ended; the reason has been said.
    over: bool,
    writes: bool,
}

impl<'a> Results<'a> {
    /// Opens the file of failed rows. `writes`: the verb changes something.
    ///
    /// # Errors
    /// Exit 2 when the file cannot be made, or is an input.
    pub fn open(
        session: &'a Session,
        given: Given<'a>,
        writes: bool,
        dry_run: bool,
    ) -> std::result::Result<Self, Stop> {
        if let Some(target) = Target::ALL.iter().find(|target| target.noun == given.noun) {
            session.output.expect(target);
        }
        if dry_run {
            console::say(&format!("dry run, nothing will be changed: {}", session.whereabouts()));
        }
        let failed = match &given.input.failed {
            Some(path) => {
                given.refuse_as_input(path)?;
                let cannot =
                    |error| Stop::usage(format!("cannot write {}: {error}", path.display()));
                Some(FailedFile::create(path).map_err(cannot)?)
            }
            None => None,
        };
        Ok(Results {
            session,
            given,
            failed,
            tally: Tally::default(),
            exit: Exit::Done,
            dry_run,
            closed_said: false,
            over: false,
            writes,
        })
    }

    /// A row that was done. False when a reading verb should end, because nobody reads.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn good(
        &mut self,
        mut record: Record,
        outcome: Option<Outcome>,
    ) -> std::result::Result<bool, Stop> {
        if let Some(outcome) = outcome {
            record.insert("outcome".into(), outcome.word().into());
        }
        if self.dry_run {
            record.insert("dry_run".into(), true.into());
        }
        if outcome == Some(Outcome::Unchanged) {
            self.tally.unchanged();
        } else {
            self.tally.ok();
        }
        self.session.output.print(&record)?;
        self.session.output.flush_rows()?;
        if self.session.output.is_read() {
            return Ok(true);
        }
        if self.writes && !self.closed_said {
            console::say("stdout was closed; the remaining rows are still worked on");
            self.closed_said = true;
        }
        Ok(self.writes)
    }

    /// A row that failed.
    ///
    /// # Errors
    /// When the file of failed rows cannot be written to.
    pub fn bad(
        &mut self,
        failure: &Failure,
        input: &Record,
        source: &str,
    ) -> std::result::Result<(), Stop> {
        // What ends the run is said once, of the first row that met it.
        let over = self.over && failure.kind.ends_run();
        self.over |= failure.kind.ends_run();
        if over {
            return self.bad(&crate::each::run_ended(), input, source);
        }
        // The reason why the run ended has been said once; thousands of rows after it say nothing new.
        if failure.kind != Kind::NotAttempted {
            console::say(&sentence(failure, input, self.given.noun, source));
            self.exit = self.exit.and(Exit::of_failure(failure.kind));
        }
        self.tally.failed(failure.kind);
        if let Some(file) = &mut self.failed {
            let cannot =
                |error| Stop::usage(format!("cannot write the failed record of {source}: {error}"));
            file.write(failure, input, source).map_err(cannot)?;
        }
        Ok(())
    }

    /// Shows how far it has come.
    pub fn show_progress(&self) {
        if self.tally.rows > 1 {
            console::progress(self.tally.rows, 0, self.given.noun);
        }
    }

    /// Notes a reason that concerns the whole run.
    pub fn note(&mut self, exit: Exit) {
        self.exit = self.exit.and(exit);
    }

    /// Ends the output, writes the summary, gives the exit code.
    ///
    /// # Errors
    /// When the output or the report cannot be written.
    pub fn finish(self) -> Result {
        console::end_progress();
        self.session.output.finish()?;
        let mut exit = self.exit.and(crate::signals::exit());
        if self.tally.not_attempted > 0 {
            let kept =
                if self.failed.is_some() { "; they are in the file of failed records" } else { "" };
            console::say(&format!(
                "{} rows were read but not attempted{kept}",
                self.tally.not_attempted
            ));
            exit = exit.and(Exit::SomeFailed);
        }
        if self.session.common.verbose || (console::is_terminal() && self.tally.rows > 1) {
            console::say(&format!(
                "{}, {} requests",
                self.tally.sentence(),
                self.session.client.requests_sent()
            ));
        }
        if let Some(path) = &self.given.input.report {
            let mut report = self.tally.to_record();
            report.insert("requests".into(), self.session.client.requests_sent().into());
            report.insert("exit".into(), exit.code().into());
            let line = format!("{}\n", Value::Object(report));
            fs::write(path, line).map_err(|error| {
                Stop::usage(format!("cannot write {}: {error}", path.display()))
            })?;
        }
        Ok(exit)
    }
}

/// `devices.csv:17: 0c:2a:69:00:00:01: Not found …`
fn sentence(failure: &Failure, input: &Record, noun: &str, source: &str) -> String {
    let text = failure.sentence();
    let label = label(input, noun);
    match label {
        Some(label) if label.len() < 6 || !text.contains(&label) => {
            format!("{source}: {label}: {text}")
        }
        _ => format!("{source}: {text}"),
    }
}

/// What a person would call the record, of which the verb takes it for a `noun`. A login key is a secret:
/// only its beginning is told.
pub fn label(record: &Record, noun: &str) -> Option<String> {
    let named = ["id", "device", "mac_address", "agent_id", "name", "text"]
        .iter()
        .find_map(|name| record.get(*name)?.as_str().filter(|text| !text.is_empty()))?;
    let kind = record.get("type").and_then(Value::as_str);
    let key = Target::LOGIN_KEY;
    if noun == key.noun || kind.is_some_and(|kind| key.types.contains(&kind)) {
        return Some(format!(
            "{}…",
            pipe::text::one_line(&named.chars().take(4).collect::<String>())
        ));
    }
    Some(pipe::text::one_line(&named.chars().take(60).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_login_key_is_never_told_whole() {
        let record = |value: Value| value.as_object().cloned().unwrap();
        let key = "7d8e6670aa285e9d";
        for (noun, row) in [
            ("login key", record(json!({ "id": key }))),
            ("device", record(json!({"type": "login_key", "id": key}))),
        ] {
            assert_eq!(label(&row, noun).as_deref(), Some("7d8e…"));
            let failure = Failure::new(Kind::NotFound, "Not Found");
            assert_eq!(sentence(&failure, &row, noun, "stdin:1"), "stdin:1: 7d8e…: Not Found");
        }
        assert_eq!(label(&record(json!({ "id": key })), "device").as_deref(), Some(key));
    }
}
