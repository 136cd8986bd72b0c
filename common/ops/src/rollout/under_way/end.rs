//! The end of a rollout that does not go on: nothing more is rolled out, and what was is taken back, if that is wanted.
//!
//! Careful about the order: that it is taken back is noted before anything is waited for, since another signal ends the
//! run at once.

use cli::consent::count;
use cli::terminal::stderr;
use cli::{CommandError, Exit, text};
use model::ErrorKind;
use pipe::{Failure, Item};

use super::super::done::Back;
use super::{Halt, INTERRUPTED, UNTOLD, UnderWay, Work, event};

/// What became of a rollout that goes back.
pub(super) const TAKEN_BACK: &str = "was taken back";

impl<W: Work> UnderWay<'_, W> {
    /// Nothing more is rolled out; what was is taken back, if that is wanted.
    pub(super) fn end_early(&mut self, halt: &Halt) {
        self.begin_end(halt);
        match self.course.back.clone() {
            Some(reason) if self.conduct.back => {
                let session = self.session;
                session.run_despite_signal(|| self.go_back(&reason));
            }
            _ => {
                // Nothing is taken back: they are left as by any run that ends.
                self.results.tell_left_as(None);
                self.results.leave_open();
                self.leave_rest();
            }
        }
    }

    /// Notes and says, once, that nothing more is rolled out, and what becomes of what was.
    pub(super) fn begin_end(&mut self, halt: &Halt) {
        if std::mem::replace(&mut self.is_ending, true) {
            return;
        }
        let reason = match halt {
            Halt::Bad(reason) => {
                self.results.note(Exit::TimedOut);
                reason
            }
            Halt::Interrupted => INTERRUPTED,
            Halt::Untold => UNTOLD,
            Halt::Over => return self.say_what_stays(),
        };
        let is_new = self.course.back.is_none();
        // Where nothing was done there is no way back, unless rows were told that there is.
        let has_way_back = !matches!(halt, Halt::Interrupted)
            || self.back_noted.is_noted()
            || self.course.left_to_take_back() > 0;
        if is_new && self.conduct.back && has_way_back {
            self.course.turn_back(reason);
        }
        let (wave, waves) = (self.progress.passed, self.course.ends.len());
        stderr::say_failure(&format!("stopped in wave {} of {waves}: {reason}", wave + 1));
        if self.conduct.back {
            self.say_what_goes_back();
        } else {
            self.say_what_stays();
        }
        match halt {
            Halt::Interrupted if is_new => self.tell(event::INTERRUPTED, Some(wave), None, None),
            Halt::Bad(_) if is_new => {
                self.tell(event::GATE_FAILED, Some(wave), None, Some(reason));
            }
            _ => {}
        }
    }

    fn say_what_goes_back(&self) {
        let left = self.course.left_to_take_back();
        if left > 0 {
            let things = count(left, W::NOUN);
            let before = W::BEFORE;
            stderr::say_failure(&format!(
                "still to be taken back to {before}: {things}; if this run is cut off, imp-change resume does it"
            ));
        }
    }

    /// What was done stays for the run that resumes this one.
    fn say_what_stays(&self) {
        let (before, not_judged) = self.course.done.borrow().numbers(self.progress.passed);
        let of = |number: u64, what: &str| {
            (number > 0).then(|| format!("{} {what}", count(number, W::NOUN)))
        };
        let good = if self.conduct.judges() { "whose waves passed" } else { "of waves before" };
        let parts = [of(before, good), of(not_judged, "not judged")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            stderr::say_failure(&format!(
                "{} and not taken back: {}; imp-change resume goes on",
                W::EVENTS.done,
                parts.join(", ")
            ));
        }
    }

    /// What is left is not begun.
    pub(super) fn leave_rest(&mut self) {
        let why = format!("the rollout stopped before this {}", W::NOUN);
        self.fail_rest(&Failure::not_attempted(&why));
    }

    fn fail_rest(&mut self, failure: &Failure) {
        for item in self.reader.by_ref() {
            match item {
                Ok(Item::Row(row)) => self.results.bad(failure, &row.record, &row.source),
                Ok(item) => self.results.not_attempted(Ok(item)),
                Err(error) => self.results.end_run(CommandError::cannot_keep(&error)),
            }
        }
    }

    fn go_back(&mut self, reason: &str) {
        // In the journal before it is told there of a row that may have been done that it was not.
        let rows = self.course.rows_back(|rolled| self.work.row_back(rolled));
        let nothing = self.course.done.borrow().numbers(0) == (0, 0);
        let what = if nothing { "stopped" } else { TAKEN_BACK };
        self.fail_rest(&not_rolled_out(W::NOUN, what, reason));
        // What another signal keeps from going back is left for the run that resumes this one.
        self.results.tell_left_as(None);
        if nothing {
            return;
        }
        self.results.limit_no_more();
        self.course.done.borrow_mut().turn_back();
        let done = self.course.done.clone();
        let of_input = self.results.tally;
        self.work.take_back(&rows, &done, &mut self.results);
        let of_back = std::mem::replace(&mut self.results.tally, of_input);
        let open = of_back.not_attempted - of_input.not_attempted;
        let failed = of_back.failed - of_input.failed - open;
        let back = self.course.done.borrow().back();
        // Rows are those of the input: what failed as it may have been done is counted already.
        let doubtful = rows.iter().filter(|row| done.borrow().is_doubtful(text(&row.record, "id")));
        let doubtful = doubtful.count() as u64;
        let doubtful_left = doubtful - back.doubtful - back.never_changed;
        let known = back.rows - back.doubtful;
        self.results.tally.took_back(known, failed.saturating_sub(doubtful_left));
        if self.results.is_over() || open > 0 {
            self.results.leave_open();
        }
        self.tell_back(&back, failed, open);
    }

    /// Tells what has come back, and what has not.
    fn tell_back(&mut self, back: &Back, failed: u64, open: u64) {
        let said = format!("taken back to {}: {}", W::BEFORE, count(back.rows, W::NOUN));
        let failed = (failed > 0)
            .then(|| format!("{} not taken back, see why above", count(failed, W::NOUN)));
        let open = (open > 0).then(|| {
            let done = W::EVENTS.done;
            format!(
                "{} {done} and still to be taken back: imp-change resume goes on",
                count(open, W::NOUN)
            )
        });
        let left: Vec<String> = failed.into_iter().chain(open).collect();
        if left.is_empty() {
            self.tell(event::BACK, None, Some(back.devices), None);
            return stderr::say(&said);
        }
        self.results.note(Exit::SomeFailed);
        let reason = left.join("; ");
        self.tell(event::BACK, None, Some(back.devices), Some(&reason));
        stderr::say_failure(&format!("{said}; {reason}. {}", self.work.what_stays()));
    }
}

/// Why a row was not rolled out.
pub(super) fn not_rolled_out(noun: &str, what: &str, reason: &str) -> Failure {
    let title = format!("The rollout {what} before this {noun}");
    Failure::new(ErrorKind::NotMet, title).detail(reason.to_owned())
}
