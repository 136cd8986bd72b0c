//! Why a row failed: the same words in the sentence on stderr and in the file of failed rows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::one_line;

/// What sort of failure it was. The wire names are part of the contract (imp-records(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
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
    /// The sign-in is refused.
    NotSignedIn,
    /// No answer within the patience.
    Unreachable,
    /// Something here is set up wrongly, such as the trust in certificates.
    Misconfigured,
    /// It may have been done, and cannot be repeated safely.
    UnknownOutcome,
    /// The row was read, but the run ended first.
    NotAttempted,
    /// An answer that makes no sense.
    Unexpected,
}

impl Kind {
    /// Whether rows after this one cannot fare better, so that the run ends.
    pub fn ends_run(self) -> bool {
        matches!(self, Kind::NotSignedIn | Kind::Unreachable | Kind::Misconfigured)
    }
}

/// Why a row failed. The field order is that of the `error` object in the file of failed rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// The service's own code, such as `CX005`.
    pub code: Option<String>,
    /// What happened, in a few words.
    pub title: String,
    /// More about it: what to do, or the service's own text.
    pub detail: Option<String>,
    /// The sort of failure.
    pub kind: Kind,
    /// How many requests were sent for the row; 0 if it did not come so far.
    pub attempts: u32,
    /// What the service says besides, as an array: where the code does not compile, for example. Left
    /// out when there is nothing. Boxed, because failures are returned from everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<Value>>,
}

impl Failure {
    /// A failure that was found before any request was sent.
    pub fn new(kind: Kind, title: impl Into<String>) -> Failure {
        let title = title.into();
        Failure { status: None, code: None, title, detail: None, kind, attempts: 0, meta: None }
    }

    /// The same with more about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Failure {
        self.detail = Some(detail.into());
        self
    }

    /// The failure of a row that was read, but for which the run ended too soon.
    pub fn not_attempted(why: impl Into<String>) -> Failure {
        Failure::new(Kind::NotAttempted, "Not attempted").detail(why)
    }

    /// All of it on one line, for a person; without control characters.
    pub fn sentence(&self) -> String {
        let mut text = self.title.clone();
        if let Some(detail) = self.detail.as_deref().filter(|detail| !detail.is_empty()) {
            text = format!("{text}: {detail}");
        }
        let status = self.status.map(|status| format!("HTTP {status}"));
        let attempts = (self.attempts > 1).then(|| format!("{} attempts", self.attempts));
        let facts: Vec<String> =
            [status, self.code.clone(), attempts].into_iter().flatten().collect();
        if !facts.is_empty() {
            text = format!("{} ({})", text.trim_end_matches('.'), facts.join(", "));
        }
        one_line(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wire_names_are_those_of_the_contract() {
        let names = [
            (Kind::BadInput, "bad_input"),
            (Kind::WrongType, "wrong_type"),
            (Kind::NotFound, "not_found"),
            (Kind::Ambiguous, "ambiguous"),
            (Kind::Refused, "refused"),
            (Kind::Conflict, "conflict"),
            (Kind::NotSignedIn, "not_signed_in"),
            (Kind::Unreachable, "unreachable"),
            (Kind::Misconfigured, "misconfigured"),
            (Kind::UnknownOutcome, "unknown_outcome"),
            (Kind::NotAttempted, "not_attempted"),
            (Kind::Unexpected, "unexpected"),
        ];
        for (kind, name) in names {
            assert_eq!(json!(kind), json!(name));
            let ends = ["not_signed_in", "unreachable", "misconfigured"].contains(&name);
            assert_eq!(kind.ends_run(), ends, "{name}");
        }
    }

    #[test]
    fn the_sentence_says_everything_on_one_line() {
        let mut failure = Failure::new(Kind::NotFound, "Not Found").detail("no\nsuch\x1b device.");
        assert_eq!(failure.sentence(), "Not Found: no such\u{fffd} device.");
        failure.status = Some(404);
        failure.code = Some("NF001".into());
        failure.attempts = 3;
        assert_eq!(
            failure.sentence(),
            "Not Found: no such\u{fffd} device (HTTP 404, NF001, 3 attempts)"
        );
    }
}
