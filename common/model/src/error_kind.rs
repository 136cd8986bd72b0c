//! What kind of failure something is, the same in requests, rows and exit codes.

use serde::{Deserialize, Serialize};

/// What sort of failure it was. The wire names are part of the contract (imp-records(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The row cannot be read, or it names nothing.
    BadInput,
    /// A record of another kind than the verb works on.
    WrongType,
    /// Nothing has that identifier.
    NotFound,
    /// More than one thing has it.
    Ambiguous,
    /// The service says no.
    Refused,
    /// It contradicts the present state, or another row.
    Conflict,
    /// It is not any more as the change record says that it was.
    Drifted,
    /// A guard forbids it, and nothing was sent.
    Protected,
    /// The sign-in is refused.
    NotSignedIn,
    /// No answer within the patience.
    Unreachable,
    /// Something here is set up wrongly, such as the trust in certificates.
    Misconfigured,
    /// It may have been done, and nobody knows.
    UnknownOutcome,
    /// The row was read, but the run ended first.
    NotAttempted,
    /// What was waited for is not so.
    NotMet,
    /// A list that changed so much while it was read that something may be missing in it.
    Incomplete,
    /// An answer that makes no sense.
    Unexpected,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [ErrorKind; 16] = [
        ErrorKind::BadInput,
        ErrorKind::WrongType,
        ErrorKind::NotFound,
        ErrorKind::Ambiguous,
        ErrorKind::Refused,
        ErrorKind::Conflict,
        ErrorKind::Drifted,
        ErrorKind::Protected,
        ErrorKind::NotSignedIn,
        ErrorKind::Unreachable,
        ErrorKind::Misconfigured,
        ErrorKind::UnknownOutcome,
        ErrorKind::NotAttempted,
        ErrorKind::NotMet,
        ErrorKind::Incomplete,
        ErrorKind::Unexpected,
    ];

    /// Their words in records.
    pub fn words() -> Vec<String> {
        let word = |kind| serde_json::to_value(kind).ok()?.as_str().map(str::to_owned);
        Self::ALL.into_iter().filter_map(word).collect()
    }

    /// Whether rows after this one cannot fare better, so that the run ends.
    pub fn ends_run(self) -> bool {
        matches!(self, ErrorKind::NotSignedIn | ErrorKind::Unreachable | ErrorKind::Misconfigured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word() {
        let last = ErrorKind::Unexpected as usize;
        assert_eq!((ErrorKind::ALL.len(), ErrorKind::words().len()), (last + 1, last + 1));
        assert_eq!(ErrorKind::words()[0], "bad_input");
    }
}
