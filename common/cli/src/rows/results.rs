//! What becomes of the rows: good ones to stdout, failed ones to stderr and `--failed`, all of them into
//! the summary and the exit code. The one place where a row is counted.

mod finish;
mod printed;

use model::text::one_line;
use model::{ErrorKind, Record, ResourceKind};
use printed::{Keeper, LeftAs};
pub use printed::{Kept, MovedDevice};
use std::collections::BTreeMap;
use std::path::Path;

use pipe::{FailedFile, Failure, Item, ReadError, Tally};

use crate::args::Changes;
use crate::command_error::CommandError;
use crate::journal::{self, Thing, Told};
use crate::rows::files::{cannot_write, written_to};
use crate::rows::label::sentence;
use crate::rows::outcome::{Outcome, RowDone, interrupted, run_ended};
use crate::rows::repeated::RepeatedFailures;
use crate::rows::report::Report;
use crate::rows::source::RowArgs;
use crate::session::Session;
use crate::terminal::{progress, stderr};
use crate::{Exit, Page};

/// The results of a run.
pub struct Results<'a> {
    session: &'a Session,
    /// What a row is about, for messages.
    noun: &'static str,
    failed: Option<FailedFile>,
    /// What that file is called, for the summary.
    failed_name: Option<String>,
    failures: RepeatedFailures,
    keeps_failed: bool,
    report: Option<Report>,
    /// Rows that will come; 0 if that is not known.
    expected: u64,
    /// Counts so far.
    pub tally: Tally,
    exit: Exit,
    dry_run: bool,
    /// Changes are printed instead of what would be done.
    plan: bool,
    /// Of the changes of a plan those that cannot be undone, by the reason.
    no_way_back: BTreeMap<&'static str, u64>,
    closed_said: bool,
    /// The run has ended; the reason has been said. What is in hand is still reported.
    over: bool,
    /// More is to be done than its rows, which have all been reported.
    is_open: bool,
    /// Somebody was asked and has not said yes: what that means has been said.
    not_agreed: bool,
    /// What is done from now on is no change that a limit counts.
    unlimited: bool,
    writes: bool,
    /// Rows that have been reported.
    reported: u64,
    /// What the row that is reported next was done to.
    thing: Option<Thing>,
    /// Records of rows that are reported together, to be printed once the journal has all of them.
    waiting: Option<Vec<Record>>,
    /// Who takes rows that were done, where the verb prints something else.
    kept: Option<Keeper>,
    /// As what rows are told that a signal came before, where the verb has another word for that.
    left_as: Option<LeftAs>,
    /// What the summary says of the rows that did not fail, where that they were read says nothing.
    done: Vec<(&'static str, u64)>,
}

impl<'a> Results<'a> {
    /// Opens the files of failed rows and of the report. `changes`: the flags of a verb that changes
    /// something.
    ///
    /// # Errors
    /// Exit 2 when a file cannot be made, or is an input.
    pub fn open(
        session: &'a Session,
        args: RowArgs<'_>,
        changes: Option<Changes>,
    ) -> std::result::Result<Self, CommandError> {
        let writes = changes.is_some();
        let Changes { dry_run, plan, .. } = changes.unwrap_or_default();
        expect(session, args.source.noun, changes);
        let (failed, report) = written_to(&args)?;
        let begin_failed = |path: &Path| FailedFile::create(path).map_err(cannot_write(path));
        let open_report = |path: &Path| Report::open(path).map_err(cannot_write(path));
        let results = Results {
            keeps_failed: failed.is_some(),
            session,
            noun: args.source.noun,
            failed_name: failed.map(|path| one_line(&path.display().to_string())),
            failures: RepeatedFailures::default(),
            failed: failed.map(begin_failed).transpose()?,
            report: report.map(open_report).transpose()?,
            expected: 0,
            tally: Tally::default(),
            exit: Exit::Done,
            dry_run,
            plan,
            no_way_back: BTreeMap::new(),
            closed_said: false,
            over: false,
            not_agreed: false,
            is_open: false,
            unlimited: false,
            writes,
            reported: 0,
            thing: None,
            waiting: None,
            kept: None,
            left_as: None,
            done: Vec::new(),
        };
        if writes && !dry_run {
            journal::begin(session, args.source.noun)?;
        } else {
            journal::none();
        }
        Ok(results)
    }

    /// Refuses a run that would change more of the `looked_at` things than it may; `open` are the rows that would be
    /// written, by the order in which they are reported. A plan says so, and ends as the run would.
    ///
    /// # Errors
    /// Exit 2; nothing has been done.
    pub fn may_change_so_many(
        &mut self,
        changes: Option<Changes>,
        open: impl Iterator<Item = u64>,
        looked_at: u64,
    ) -> std::result::Result<(), CommandError> {
        let changes = changes.filter(|_| !self.unlimited);
        let Some(Changes { max_changes, dry_run, .. }) = changes else { return Ok(()) };
        match self.session.guards.may_change_so_many(max_changes, open, looked_at) {
            Ok(()) => {}
            Err(why) if dry_run => {
                stderr::say(&format!("{why}: nothing would be done"));
                self.note(Exit::CouldNotRun);
            }
            Err(why) => return Err(CommandError::usage(format!("{why}: nothing was done"))),
        }
        Ok(())
    }

    /// What the summary and the report say of the rows that did not fail, as fields of the report: how many are as they
    /// should be.
    pub fn tell_done_as(&mut self, counts: &[(&'static str, u64)]) {
        self.done = counts.to_vec();
    }

    /// How many rows have been reported.
    pub fn reported(&self) -> u64 {
        self.reported
    }

    /// Notes what the row that is reported next was done to.
    pub(crate) fn note_thing(&mut self, thing: Option<Thing>) {
        self.thing = thing;
    }

    /// Puts into the journal what became of the next row.
    fn note_told(&mut self, source: &str, told: &Told<'_>) {
        let index = self.reported;
        self.reported += 1;
        journal::note_told(index, source, told, self.thing.take().as_ref());
        if self.waiting.is_none() {
            self.flush_journal();
        }
    }

    /// A row that was done. False when a reading verb should end, because nobody reads.
    pub fn good(&mut self, done: RowDone, source: &str) -> bool {
        let RowDone { record, mut outcome, mut effects, .. } = done;
        // What is so because the run that was interrupted did it is told as done.
        if let Some((planned, all)) = journal::with_planned(self.reported, &effects, &record)
            && !all.is_empty()
        {
            outcome = outcome.filter(|done| *done != Outcome::Unchanged).or(Some(planned));
            effects = all;
        }
        if let Some(outcome) = outcome {
            self.note_told(source, &Told::Done { record: &record, effects: &effects, outcome });
        }
        self.print_good(record, outcome, effects, source)
    }

    /// A row of a reading verb whose record is shown as a page. False when nobody reads.
    pub fn shown(&mut self, page: &Page) -> bool {
        self.tally.ok();
        let output = &self.session.output;
        if let Err(error) = output.print_page(page).and_then(|()| output.flush()) {
            self.end_run(error);
            return true;
        }
        output.is_read()
    }

    /// A row that failed.
    pub fn bad(&mut self, failure: &Failure, input: &Record, source: &str) {
        // What ends the run is said once, of the first row that met it, and of rows that were half done.
        let said = self.over && failure.kind.ends_run() && !failure.partly;
        let not_attempted = run_ended();
        let failure = if said { &not_attempted } else { failure };
        let left_by_signal = failure.kind == ErrorKind::NotAttempted && !self.over;
        let left = self.left_as.as_ref().filter(|_| left_by_signal && !failure.partly);
        let left = left.and_then(|left_as| left_as());
        let failure = left.as_ref().unwrap_or(failure);
        self.print_waiting();
        self.note_told(source, &Told::Failed(failure));
        if self.waiting.is_some() {
            // Its words and its line in the file of failed rows do not wait.
            self.flush_journal();
        }
        self.over |= failure.ends_run();
        // The reason why the run ended has been said once; thousands of rows after it say nothing new.
        if failure.kind != ErrorKind::NotAttempted || failure.partly {
            if self.is_told(failure) {
                stderr::say_failure(&sentence(failure, input, self.noun, source));
            }
            self.exit = self.exit.and(Exit::of_failure(failure));
        }
        self.tally.failed(failure.kind);
        if let Some(file) = &mut self.failed
            && let Err(error) = file.write(failure, input, source)
        {
            self.failed = None;
            self.keeps_failed = false;
            self.end_run(CommandError::usage(format!(
                "cannot write the failed record of {source}, nor any after it: {error}"
            )));
        }
    }

    /// Whether a failure is told by itself. What may have been done is, unless a file has it.
    fn is_told(&mut self, failure: &Failure) -> bool {
        let may_be_done = failure.partly || failure.kind == ErrorKind::UnknownOutcome;
        let always = self.session.common.verbose || (may_be_done && self.failed.is_none());
        self.failures.is_told(failure, always)
    }

    /// Says once what cannot be done with the devices of a whole group. The rows that fail with this `title` are
    /// not told one by one then.
    pub fn say_of_group(&mut self, title: &str, group: &str, sentence: &str) {
        if self.failures.is_told_of_group(title, group) {
            stderr::say(sentence);
        }
    }

    /// An item that was not worked on: a bad row, one that the end of the run came before, or a source that
    /// cannot be read to its end.
    pub fn not_attempted(&mut self, item: std::result::Result<Item, ReadError>) {
        let why = if self.over { run_ended() } else { interrupted() };
        match item {
            Ok(Item::Row(row)) => self.bad(&why, &row.record, &row.source),
            Ok(Item::Bad(bad)) => self.bad(&bad.failure, &bad.input, &bad.source),
            Err(error) => self.end_run(error.into()),
        }
    }

    /// The row that an item is; of anything else is reported what it is.
    pub fn row(&mut self, item: std::result::Result<Item, ReadError>) -> Option<pipe::Row> {
        match item {
            Ok(Item::Row(row)) => Some(row),
            other => {
                self.not_attempted(other);
                None
            }
        }
    }

    /// Notes what keeps the run from going on: nothing new is begun, and what is in hand is reported.
    pub fn end_run(&mut self, reason: CommandError) {
        self.note(reason.exit);
        if let (Some(message), false) = (reason.message, self.over) {
            stderr::say_failure(&message);
        }
        self.over = true;
    }

    /// Notes that there is no consent. That is one line, whatever the number of rows.
    pub fn not_agreed(&mut self, reason: CommandError) {
        self.end_run(reason);
        self.not_agreed = true;
    }

    /// All input has been read, and the file of failed rows is that of this run from now on, whatever ends it.
    pub fn begin_failed(&mut self) {
        if let Some(Err(error)) = self.failed.as_mut().map(FailedFile::forget_old) {
            self.end_run(CommandError::usage(format!(
                "the file of failed records cannot be begun: {error}"
            )));
        }
    }

    /// Notes that the run ends before all is done, whatever its rows have become: it can be resumed.
    pub fn leave_open(&mut self) {
        self.is_open = true;
    }

    /// From now on what was done is taken back, which no limit counts.
    pub fn limit_no_more(&mut self) {
        self.unlimited = true;
    }

    /// True when nothing new is to be begun.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Says how many rows will come, if that is known.
    pub fn expect_rows(&mut self, total: Option<u64>) {
        self.expected = total.unwrap_or_default();
    }

    /// Rows that will come; 0 if that is not known.
    pub(crate) fn expected(&self) -> u64 {
        self.expected
    }

    /// Shows how far it has come.
    pub fn show_progress(&self) {
        if self.tally.rows > 0 || self.expected > 0 {
            progress::count(self.tally.rows, self.expected, self.noun);
        }
    }

    /// Notes a reason that concerns the whole run.
    pub fn note(&mut self, exit: Exit) {
        self.exit = self.exit.and(exit);
    }
}

/// Prepares the output for records of `noun`s, and says that nothing will be changed where that is so.
fn expect(session: &Session, noun: &str, changes: Option<Changes>) {
    let Changes { dry_run, plan, .. } = changes.unwrap_or_default();
    if plan {
        session.output.expect_type(model::change::CHANGE);
    } else if let Some(kind) = ResourceKind::called(noun) {
        session.output.expect(kind);
    }
    match changes {
        None => session.inputs.end_with_the_reader_of_stdout(),
        Some(_) if plan => {}
        Some(_) => session.output.expect_marks(dry_run),
    }
    if dry_run {
        let what = if plan { "plan" } else { "dry run" };
        let account = session.account_and_endpoint();
        stderr::say(&format!("{what}, nothing will be changed: {account}"));
    }
}
