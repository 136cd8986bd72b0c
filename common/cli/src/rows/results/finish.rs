//! The end of a run: what is said when all rows have become something, and the files that are put in place.

use crate::Exit;
use crate::command_error::CommandError;
use crate::consent::count;
use crate::journal::{self, Ended};
use crate::rows::results::Results;
use crate::terminal::{progress, stderr};

impl Results<'_> {
    /// Ends the output, writes the summary, gives the exit code.
    pub fn finish(mut self) -> Exit {
        progress::end();
        if let Err(error) = self.session.output.finish() {
            self.end_run(error);
        }
        self.note(crate::terminal::signals::exit());
        self.say_fields_left_out();
        self.say_untold();
        self.finish_plan();
        if self.tally.rows == 0 && self.exit == Exit::Done && !self.over {
            stderr::hint(&format!("there was no {} to work on; nothing was done", self.noun));
        }
        self.say_unread();
        self.finish_failed();
        if self.tally.not_attempted > 0 {
            if !self.not_agreed {
                let kept = if self.keeps_failed { "; see the file of failed records" } else { "" };
                let rows = count(self.tally.not_attempted, "row");
                stderr::say(&format!("read but not attempted: {rows}{kept}"));
            }
            self.note(Exit::SomeFailed);
        }
        let requests = self.session.client.requests_sent();
        let for_a_person = stderr::is_terminal() && self.tally.rows > 1 && !self.not_agreed;
        if self.session.common.verbose || for_a_person {
            self.say_summary(requests);
        }
        if let Some(report) = self.report.take()
            && let Err(error) = report.write(&self.tally, &self.done, requests, self.exit)
        {
            self.end_run(CommandError::usage(format!("cannot write the report: {error}")));
        }
        let ended = match self.tally.not_attempted {
            _ if self.not_agreed => Ended::Refused,
            0 if self.is_open => Ended::Open,
            0 => Ended::Whole,
            _ => Ended::Early,
        };
        journal::end(self.session.known_account(), self.exit, ended);
        self.exit
    }

    /// Says that there were more rows than were read.
    fn say_unread(&mut self) {
        if self.session.inputs.were_cut_short() {
            let read = count(self.tally.rows, "row");
            stderr::say(&format!(
                "the input was not read to its end: {read} came before; what came after is in no file"
            ));
        }
        if journal::lacks_rows() {
            stderr::say(
                "the input had not been read to its end when the run was interrupted: what came after \
                 these rows is in no journal",
            );
            self.note(Exit::SomeFailed);
        }
        if let Some(damage) = journal::damage() {
            stderr::say_failure(&damage);
            self.note(Exit::SomeFailed);
        }
        // The run ends as it would have ended in one piece.
        let failed = journal::failed_before();
        if failed > 0 {
            let rows = count(failed, "row");
            stderr::say(&format!(
                "{rows} failed before the run was interrupted; --failed-too tries again"
            ));
            self.note(Exit::SomeFailed);
        }
    }

    /// Says whether anything would change, and what of it could not be undone.
    fn finish_plan(&mut self) {
        if self.plan && self.tally.ok > 0 {
            self.note(Exit::WouldChange);
        }
        for (why, changes) in &self.no_way_back {
            stderr::say(&format!("no way back from {}: {why}", count(*changes, "change")));
        }
    }

    /// Puts the failed rows in the place of what was in the file, where that is certain to be of no use.
    fn finish_failed(&mut self) {
        let Some(failed) = self.failed.take() else { return };
        let and_old = self.session.inputs.may_have_more();
        if and_old && failed.has_old_rows() {
            stderr::say(
                "there may have been more input than was read: the file of failed records also keeps \
                 what was in it before",
            );
        }
        if let Err(error) = failed.finish(and_old) {
            self.keeps_failed = false;
            self.end_run(CommandError::usage(format!("cannot write the failed records: {error}")));
        }
    }

    /// CSV has a header, and a field that came after it has no place.
    fn say_fields_left_out(&self) {
        let prints_rows = self.writes && self.kept.is_none();
        if !prints_rows || self.tally.ok + self.tally.unchanged == 0 {
            return;
        }
        let left_out = self.session.output.expect_own(&self.session.inputs.own_fields());
        if !left_out.is_empty() {
            let names = model::text::one_line(&left_out.join(", "));
            stderr::say(&format!(
                "not in the CSV, because the header was printed before they came: {names}; \
                 choose the columns with --fields, or use -z ndjson"
            ));
        }
    }

    /// How many failures were not told one by one, and where they are.
    fn say_untold(&self) {
        let untold = self.failures.untold();
        untold.iter().for_each(|line| stderr::say_failure(line));
        if !untold.is_empty() && self.failed_name.is_none() {
            stderr::say("--failed FILE keeps the rows that fail, --verbose tells each of them");
        }
    }

    /// The summary: counts, and of what failed the kinds and the file.
    fn say_summary(&self, requests: u64) {
        let in_words =
            |(name, number): &(&str, u64)| format!("{number} {}", name.replace('_', " "));
        let done: Vec<String> = self.done.iter().map(in_words).collect();
        let done = Some(done.join(", ")).filter(|done| !done.is_empty());
        let counts = self.tally.sentence(done.as_deref());
        stderr::say(&format!("{counts}, {}", count(requests, "request")));
        let kinds = self.failures.sentence();
        if !kinds.is_empty() {
            let kept = self.failed_name.as_ref().filter(|_| self.keeps_failed);
            let kept = kept.map_or(String::new(), |name| format!("; the rows are in {name}"));
            stderr::say_failure(&format!("failed: {kinds}{kept}"));
        }
    }
}
