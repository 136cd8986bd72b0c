//! What a run takes back itself, as a rollout does: rows that are none of the input.

use model::Record;

use super::{Recorded, RowState};

/// Where rows come from that take back what the run has done itself.
pub const TAKES_BACK: &str = "--back";
/// Their field that says what the thing was before.
pub const BACK_TO: &str = "back_to";
/// Their field that says that it is not known whether the thing was changed.
pub const IN_DOUBT: &str = "in_doubt";

/// The step of a run that takes back what it has done.
pub const BACK: &str = "back";

/// Whether the line of a row is that of one that takes something back.
pub fn takes_back(line: &Record) -> bool {
    line.text("source") == Some(TAKES_BACK)
        && line.record("input").is_some_and(|input| input.contains_key(BACK_TO))
}

/// What a row takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// What a row of the input did.
    Done,
    /// What a row that failed has perhaps done.
    Doubtful,
}

impl Back {
    pub(super) fn of(line: &Record) -> Back {
        let is_doubtful = line.record("input").is_some_and(|input| input.contains_key(IN_DOUBT));
        if is_doubtful { Back::Doubtful } else { Back::Done }
    }
}

impl Recorded {
    /// How many of the rows that take something back, of this kind, are in one of these states.
    pub fn count_back(&self, kind: Back, states: &[RowState]) -> u64 {
        let rows = self.rows_back.iter().filter(|(_, own)| **own == kind);
        rows.filter(|(row, _)| states.contains(&self.state(**row))).count() as u64
    }

    /// The number of rows that take something back.
    pub fn rows_back(&self) -> u64 {
        self.rows_back.len() as u64
    }

    /// Whether it has taken back what it has done, as far as that can be: nothing of it is left to try again.
    pub fn is_taken_back(&self) -> bool {
        let failed = [RowState::Failed, RowState::Unknown];
        let not_back: u64 =
            [Back::Done, Back::Doubtful].iter().map(|kind| self.count_back(*kind, &failed)).sum();
        let is_over = !self.is_left() && self.to_do(false).is_empty();
        self.turned_back && is_over && not_back == 0
    }
}
