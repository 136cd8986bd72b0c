//! Rows that were done: into the journal first, then to stdout, one by one or several together.

use model::change::{CHANGE, CONDITIONAL, PLAN, STEP};
use model::{Change, Effect, Record, Transfer};
use pipe::Failure;

use crate::command_error::CommandError;
use crate::journal::{self, Told};
use crate::rows::outcome::{Outcome, RowDone};
use crate::rows::results::Results;
use crate::terminal::stderr;

/// The fields of a change record that are not about what is changed.
const HOW: [&str; 3] = [STEP, PLAN, CONDITIONAL];

/// A device that was moved from one group to another, each told by its id and its type.
#[derive(Clone, Copy, Debug)]
pub struct MovedDevice<'a> {
    /// Its id, if it is known better than by its row.
    pub id: Option<&'a str>,
    /// The record that says what the device is called, if it is not the one that is printed.
    pub of_row: Option<&'a Record>,
    /// The group that it was in.
    pub from: Option<(&'a str, &'a str)>,
    /// The group that it is in now.
    pub to: Option<(&'a str, &'a str)>,
}

/// A row that was done and is not printed.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The record that would have been printed.
    pub record: Record,
    /// What it has changed.
    pub effects: Vec<Effect>,
    /// It has failed, and it is not known whether it has changed that.
    pub is_in_doubt: bool,
}

/// Who takes rows that were done, or may have been.
pub type Keeper = Box<dyn FnMut(&Kept)>;

/// Gives as what a row is told that a signal came before, if not as not attempted.
pub type LeftAs = Box<dyn Fn() -> Option<Failure>>;

impl Results<'_> {
    /// From now on rows that are done are given to the verb instead of being printed.
    pub fn keep(&mut self, keeper: Keeper) {
        self.kept = Some(keeper);
    }

    /// Gives to the verb what a row that fails may have changed, where rows are given to it.
    pub fn keep_doubt(&mut self, effect: Effect) {
        if let Some(kept) = &mut self.kept {
            kept(&Kept { record: Record::new(), effects: vec![effect], is_in_doubt: true });
        }
    }

    /// From now on rows that a signal came before are told as what `left_as` gives, which is asked before that is
    /// noted; as not attempted again without it.
    pub fn tell_left_as(&mut self, left_as: Option<LeftAs>) {
        self.left_as = left_as;
    }

    pub(super) fn flush_journal(&mut self) {
        if let Err(error) = journal::flush() {
            self.end_run(CommandError::usage(format!("the journal cannot be written: {error}")));
        }
    }

    /// Reports several rows with one write to the journal, and then one to stdout.
    pub fn together(&mut self, report: impl FnOnce(&mut Self)) {
        self.waiting = Some(Vec::new());
        report(self);
        // Those that are given to the verb do not wait.
        self.flush_journal();
        self.print_waiting();
        self.waiting = None;
    }

    /// Prints the records that wait. False when a reading verb should end, because nobody reads.
    pub(super) fn print_waiting(&mut self) -> bool {
        let Some(records) = self.waiting.as_mut().map(std::mem::take) else { return true };
        if records.is_empty() {
            return true;
        }
        self.flush_journal();
        self.print_all(&records)
    }

    /// A device that was moved. Many are, so that no effect is made for each where its text is enough.
    pub fn moved(
        &mut self,
        (record, outcome): (Record, Outcome),
        moved: &MovedDevice<'_>,
        source: &str,
    ) -> bool {
        let of_row = moved.of_row.unwrap_or(&record);
        let transfer = Transfer {
            id: moved.id.unwrap_or_else(|| crate::text(of_row, "id")),
            name: crate::text(of_row, "name"),
            from: moved.from,
            to: moved.to,
        };
        if self.plan || self.kept.is_some() || journal::goes_on() {
            let effect = transfer.effect();
            return self.good(RowDone::new(record, outcome).with(effect), source);
        }
        self.note_told(source, &Told::Moved { transfer: &transfer, outcome });
        self.print_good(record, Some(outcome), Vec::new(), source)
    }

    pub(super) fn print_good(
        &mut self,
        mut record: Record,
        outcome: Option<Outcome>,
        effects: Vec<Effect>,
        source: &str,
    ) -> bool {
        let changes = outcome != Some(Outcome::Unchanged);
        if changes {
            self.tally.ok();
        } else {
            self.tally.unchanged();
        }
        if let Some(kept) = &mut self.kept {
            kept(&Kept { record, effects, is_in_doubt: false });
            return true;
        }
        if self.writes && self.tally.ok + self.tally.unchanged == 1 && (changes || !self.plan) {
            self.session.output.expect_own(&self.session.inputs.own_fields());
        }
        if self.plan {
            return effects.into_iter().filter(|_| changes).all(|effect| {
                if let Some(why) = effect.no_way_back() {
                    *self.no_way_back.entry(why).or_default() += 1;
                }
                let mut planned = planned(effect, source);
                if self.noun == CHANGE {
                    // The plan of a plan keeps what tells how a record is carried out.
                    HOW.into_iter().for_each(|name| planned.copy(name, &record));
                }
                self.print(planned)
            });
        }
        if let Some(outcome) = outcome {
            record.insert_text("outcome", outcome.word());
        }
        if self.dry_run {
            record.insert_json("dry_run", "true");
        }
        self.print(record)
    }

    /// Prints a record, or keeps it until those that come with it are there. False when a reading verb should end,
    /// because nobody reads.
    fn print(&mut self, record: Record) -> bool {
        match &mut self.waiting {
            Some(waiting) => {
                waiting.push(record);
                true
            }
            None => self.print_all(&[record]),
        }
    }

    fn print_all(&mut self, records: &[Record]) -> bool {
        let output = &self.session.output;
        if let Err(error) = output.print_all(records).and_then(|()| output.flush_rows()) {
            self.end_run(error);
            return true;
        }
        if output.is_read() {
            return true;
        }
        if self.writes && !self.closed_said {
            stderr::say("stdout was closed; the remaining rows are still worked on");
            self.closed_said = true;
        }
        if !self.writes {
            self.session.inputs.note_perhaps_unread();
        }
        self.writes
    }
}

/// The change record of a row that was only looked up.
fn planned(effect: Effect, source: &str) -> Record {
    let verb = crate::invocation::verb();
    Change { verb, effect, source: source.to_owned(), ..Change::default() }.to_record()
}
