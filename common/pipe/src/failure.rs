//! Why a row failed: the same words in the sentence on stderr and in the file of failed rows.

use model::ErrorKind;
use model::schema::Field;
use model::schema::Kind::{AnyList, Integer, Text, WordsOf};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use model::text::one_line;

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
    pub kind: ErrorKind,
    /// How many requests were sent for the row; 0 if none was.
    pub attempts: u32,
    /// More from the service, as an array: where the code does not compile, for example. Left out
    /// if there is nothing. Boxed to keep `Result`s small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<Value>>,
    /// What has ended the run, where `kind` is about the row alone: it may have been done.
    #[serde(skip)]
    pub ended_by: Option<ErrorKind>,
    /// Part of what the row asks for was done: this is reported whatever else ends the run.
    #[serde(skip)]
    pub partly: bool,
}

/// The fields of a failure in records.
pub const FAILURE: &[Field] = &[
    Field::new("status", Integer, "The HTTP status of the answer, if there was one.")
        .required()
        .or_null(),
    Field::new("code", Text, "The service's own code.").required().or_null(),
    Field::new("title", Text, "What happened, in a few words.").required(),
    Field::new("detail", Text, "More about it: what to do, or the service's own text.")
        .required()
        .or_null(),
    Field::new("kind", WordsOf(ErrorKind::words), "The sort of failure.").required(),
    Field::new("attempts", Integer, "How many requests were sent for the row.").required(),
    Field::new("meta", AnyList, "More from the service: where code does not compile."),
];

impl Failure {
    /// A failure that was found before any request was sent.
    pub fn new(kind: ErrorKind, title: impl Into<String>) -> Failure {
        let title = title.into();
        Failure {
            status: None,
            code: None,
            title,
            detail: None,
            kind,
            attempts: 0,
            meta: None,
            ended_by: None,
            partly: false,
        }
    }

    /// Whether rows after this one cannot fare better, so that the run ends.
    pub fn ends_run(&self) -> bool {
        self.ended_by.unwrap_or(self.kind).ends_run()
    }

    /// The same with more about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Failure {
        self.detail = Some(detail.into());
        self
    }

    /// The failure of a row that was read, but for which the run ended too soon.
    pub fn not_attempted(why: impl Into<String>) -> Failure {
        Failure::new(ErrorKind::NotAttempted, "Not attempted").detail(why)
    }

    /// The same for a row that was done in part. `done` says what, `advice` what to do now. The kind
    /// is never `not_attempted`: such rows may be fed back in without looking.
    #[must_use]
    pub fn after(self, done: impl Into<String>, advice: &str) -> Failure {
        let why = match self.detail.as_deref().filter(|detail| !detail.is_empty()) {
            Some(detail) => format!("{}: {detail}", self.title),
            None => self.title.clone(),
        };
        let kind = match self.kind {
            ErrorKind::NotAttempted => ErrorKind::UnknownOutcome,
            kind => kind,
        };
        let detail = Some(with_advice(&why, advice));
        Failure { title: done.into(), detail, kind, partly: true, ..self }
    }

    /// Everything on one line, for a person; without control characters.
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
            text = format!("{} ({})", without_full_stop(&text), facts.join(", "));
        }
        one_line(&text)
    }
}

/// A sentence from the service, and what to do about it.
pub fn with_advice(why: &str, advice: &str) -> String {
    format!("{}; {advice}", without_full_stop(why))
}

/// The text without the full stop of a sentence; one that stands by itself stays.
fn without_full_stop(text: &str) -> &str {
    text.strip_suffix('.').filter(|rest| !rest.ends_with([' ', '.'])).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_done_before_is_told() {
        let why = Failure::not_attempted("the run was interrupted.");
        let partly = why.after("The build x was created", "do not deploy again");
        assert_eq!((partly.kind, partly.partly), (ErrorKind::UnknownOutcome, true));
        let sentence =
            "The build x was created: Not attempted: the run was interrupted; do not deploy again";
        assert_eq!(partly.sentence(), sentence);
        let over =
            Failure::new(ErrorKind::NotSignedIn, "Invalid Credentials").after("Done", "look");
        assert_eq!(over.kind, ErrorKind::NotSignedIn, "it still ends the run");
    }

    #[test]
    fn a_full_stop_before_the_facts_goes_unless_it_is_a_character_of_its_own() {
        let said = |detail: &str| {
            let failure = Failure::new(ErrorKind::Refused, "No").detail(detail);
            Failure { status: Some(400), ..failure }.sentence()
        };
        assert_eq!(said("Not now."), "No: Not now (HTTP 400)");
        assert_eq!(said("use a-z, * and ."), "No: use a-z, * and . (HTTP 400)");
    }

    #[test]
    fn wire_names_are_those_of_the_contract() {
        let names = [
            (ErrorKind::BadInput, "bad_input"),
            (ErrorKind::WrongType, "wrong_type"),
            (ErrorKind::NotFound, "not_found"),
            (ErrorKind::Ambiguous, "ambiguous"),
            (ErrorKind::Refused, "refused"),
            (ErrorKind::Conflict, "conflict"),
            (ErrorKind::NotSignedIn, "not_signed_in"),
            (ErrorKind::Unreachable, "unreachable"),
            (ErrorKind::Misconfigured, "misconfigured"),
            (ErrorKind::UnknownOutcome, "unknown_outcome"),
            (ErrorKind::NotAttempted, "not_attempted"),
            (ErrorKind::NotMet, "not_met"),
            (ErrorKind::Incomplete, "incomplete"),
            (ErrorKind::Unexpected, "unexpected"),
        ];
        for (kind, name) in names {
            assert_eq!(json!(kind), json!(name));
            let ends = ["not_signed_in", "unreachable", "misconfigured"].contains(&name);
            assert_eq!(kind.ends_run(), ends, "{name}");
        }
    }

    #[test]
    fn the_sentence_says_everything_on_one_line() {
        let mut failure =
            Failure::new(ErrorKind::NotFound, "Not Found").detail("no\nsuch\x1b device.");
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
