//! What a verb did to a row: the record to print and the word for it.

use model::schema::Kind::{Anything, Text, Truth, WordsOf};
use model::schema::{Field, RecordType};
use model::{Effect, ErrorKind, Record};
use pipe::{Failure, Row};

use crate::{Page, Reported, journal};

/// What was done to a record; the word in its `outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Outcome {
    Created,
    Updated,
    Deleted,
    Assigned,
    Unassigned,
    Restarted,
    Removed,
    Unchanged,
}

impl Outcome {
    const ALL: [Outcome; 8] = [
        Outcome::Created,
        Outcome::Updated,
        Outcome::Deleted,
        Outcome::Assigned,
        Outcome::Unassigned,
        Outcome::Restarted,
        Outcome::Removed,
        Outcome::Unchanged,
    ];

    /// The outcome of a word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Deleted => "deleted",
            Outcome::Assigned => "assigned",
            Outcome::Unassigned => "unassigned",
            Outcome::Restarted => "restarted",
            Outcome::Removed => "removed",
            Outcome::Unchanged => "unchanged",
        }
    }
}

/// The field of a row that asks for what another row has asked for: where that one came from.
pub const SAME_AS: &str = "same_as";

/// The record of a row to which something was done. All but its marks are the row's own, so nothing can be said of
/// them: of a row of CSV, every value is text.
pub static RESULT: RecordType = RecordType {
    name: "result",
    about: "What a verb did to a row: the row's own record, with what is known to have changed.",
    fields: &[
        Field::new("type", Anything, "What the thing is, as far as the row tells."),
        Field::new("id", Anything, "The id of the thing, as far as the row tells."),
        Field::new("outcome", WordsOf(words), "What was done.").required(),
        Field::new("dry_run", Truth, "True where nothing was done: --dry-run."),
        Field::new(SAME_AS, Text, "The row that was told what became of the same."),
    ],
};

fn words() -> Vec<String> {
    Outcome::ALL.map(|outcome| outcome.word().to_owned()).into()
}

/// A row that was worked on.
#[derive(Clone, Debug)]
pub struct RowDone {
    /// The record to print.
    pub record: Record,
    /// What was done; `None` for verbs that only read.
    pub outcome: Option<Outcome>,
    /// For what is done once whatever the number of rows: `unchanged` when another row has been told.
    pub reported: Option<Reported>,
    /// What a terminal shows instead of the record.
    pub page: Option<Page>,
    /// What it changes, for plans and the journal, in the order in which that is done; none where nothing is
    /// changed.
    pub effects: Vec<Effect>,
}

impl RowDone {
    /// A record after something was done to it.
    pub fn new(record: Record, outcome: Outcome) -> Self {
        RowDone { record, outcome: Some(outcome), reported: None, page: None, effects: Vec::new() }
    }

    /// The same, for what several rows may ask for.
    #[must_use]
    pub fn once(self, reported: Reported) -> Self {
        RowDone { reported: Some(reported), ..self }
    }

    /// With something that it changes, after what it was known to change before.
    #[must_use]
    pub fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// As it is to be reported for the row from `source`, asked once a row in their order.
    #[must_use]
    pub fn told(mut self, source: &str) -> Self {
        let first = self.reported.as_ref().and_then(|reported| reported.same_as(source));
        if let Some(first) = first {
            self.record.insert_text(SAME_AS, first);
            self.outcome = Some(Outcome::Unchanged);
        }
        if self.outcome == Some(Outcome::Unchanged) {
            self.effects.clear();
        }
        self
    }

    /// For a dry run: what would have been created.
    pub fn created(kind: &str, attributes: &Record) -> Self {
        let mut record = Record::new();
        record.insert_text("type", kind);
        record.add(attributes);
        RowDone::new(record, Outcome::Created)
    }

    /// For verbs that only read.
    pub fn read(record: Record) -> Self {
        RowDone { record, outcome: None, reported: None, page: None, effects: Vec::new() }
    }

    /// For verbs that only read, with the page to show instead of the record, if it is to be one.
    pub fn shown(record: Record, page: Option<Page>) -> Self {
        RowDone { page, ..RowDone::read(record) }
    }

    /// Takes the marks of earlier runs off a record.
    pub fn take_off_marks(record: &mut Record) {
        const MARKS: [&str; 3] = ["outcome", "dry_run", SAME_AS];
        if MARKS.iter().any(|mark| record.contains_key(mark)) {
            record.retain(|name| !MARKS.contains(&name));
        }
    }

    /// The row's record with what is known to have changed, marks of earlier runs taken off.
    pub fn changed(row: &Row, changes: Record, outcome: Outcome) -> Self {
        let mut record = row.record.clone();
        RowDone::take_off_marks(&mut record);
        // A record that begins as nothing but an identifier gets the order of the service's.
        let record = if record.contains_key("type") || !changes.contains_key("type") {
            record.add(&changes);
            record
        } else {
            let mut begun = changes;
            for name in record.keys() {
                if !begun.contains_key(name) {
                    begun.copy(name, &record);
                }
            }
            begun
        };
        RowDone::new(record, outcome)
    }
}

/// What became of one row.
pub type RowResult = std::result::Result<RowDone, Failure>;

/// Why a record that a dry run printed is not worked on.
pub fn from_dry_run() -> Failure {
    Failure::new(ErrorKind::BadInput, "This record comes from a dry run")
        .detail("nothing was done to it; run the command before without --dry-run")
}

/// A row that the end of the run came before.
pub fn run_ended() -> Failure {
    Failure::not_attempted("the run ended before this row")
}

/// A restart that was under way when the run was interrupted, or was not answered, and must not be done twice.
pub fn perhaps_done() -> Failure {
    Failure::new(ErrorKind::UnknownOutcome, "It is not known whether this was done")
        .detail("it cannot be found out whether a restart was; leave it out, or restart once more where that does no harm")
}

/// Fails a row that was under way when the run was interrupted, for what must not be done twice.
///
/// # Errors
/// [`perhaps_done`].
pub fn certainly_not_done() -> Result<(), Failure> {
    if journal::was_under_way() { Err(perhaps_done()) } else { Ok(()) }
}

/// A row that a signal came before.
pub fn interrupted() -> Failure {
    Failure::not_attempted("the run was interrupted before this row")
}
