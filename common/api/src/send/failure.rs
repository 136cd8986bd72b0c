//! Why a request did not get through, in the words of its error.

use std::time::Duration;

use model::ErrorKind;

use crate::Error;
use crate::http::transport::{Exchange, Raw};

pub(super) const NOT_JSON: &str = "the answer is not JSON; is the endpoint an impCentral API?";
pub(super) const CUT: &str = "the answer ended in the middle";

/// What an exchange says that is not good.
pub(crate) fn error_of(exchange: &Exchange) -> Error {
    match exchange {
        Exchange::Answered(raw) => Error::from_answer(raw.status, &raw.body),
        Exchange::NotSent(why) => Error::new(ErrorKind::Unreachable, "No connection").detail(why),
        Exchange::Lost(why) => Error::new(ErrorKind::Unreachable, "No answer").detail(why),
        Exchange::Untrusted(why) => {
            Error::new(ErrorKind::Misconfigured, "The service's certificate is not trusted")
                .detail(why)
        }
    }
}

/// A good answer of which nothing can be read.
pub(super) fn unreadable(attempts: u32, raw: &Raw) -> Error {
    Error {
        status: Some(raw.status),
        attempts,
        ..Error::new(ErrorKind::Unexpected, "Unexpected answer").detail(NOT_JSON)
    }
}

/// It may have been done, and must not be done twice.
pub(super) fn unknown(attempts: u32, exchange: &Exchange) -> Error {
    let why = error_of(exchange);
    Error {
        kind: ErrorKind::UnknownOutcome,
        attempts,
        title: "It is not known whether this was done".into(),
        detail: Some(format!("{}; look before you repeat it", clause(&why))),
        ..why
    }
}

/// The retry budget is spent.
pub(super) fn not_again(attempts: u32, exchange: &Exchange) -> Error {
    let why = error_of(exchange);
    let detail = format!("{}; too many requests fail to send them again", clause(&why));
    Error {
        kind: ErrorKind::Unexpected,
        attempts,
        title: "The service failed".into(),
        detail: Some(detail),
        ..why
    }
}

/// It was tried often enough.
pub(super) fn gave_up(attempts: u32, exchange: &Exchange) -> Error {
    let why = error_of(exchange);
    let title = format!("The service failed {attempts} times");
    let detail = Some(why.words());
    Error { kind: ErrorKind::Unexpected, attempts, title, detail, ..why }
}

/// A service may say it itself.
const LATER: &str = "try again later";

/// It was tried long enough.
pub(super) fn unreachable(attempts: u32, exchange: &Exchange, patience: Duration) -> Error {
    let why = error_of(exchange);
    let patience = humantime::format_duration(patience);
    let title = format!("The service could not be reached for {patience}");
    let why_so = clause(&why);
    let advice = if why_so.ends_with(LATER) { "" } else { "; try again later" };
    let detail = Some(format!("{why_so}{advice}"));
    Error { kind: ErrorKind::Unreachable, attempts, title, detail, ..why }
}

/// The time was over before the service stopped failing.
pub(super) fn out_of_time(attempts: u32, exchange: &Exchange) -> Error {
    Error { kind: ErrorKind::Unreachable, attempts, ..error_of(exchange) }
}

/// Harmless requests are answered, but none that changes something.
pub(super) fn nothing_changes(patience: Duration) -> Error {
    let patience = humantime::format_duration(patience);
    Error::new(
        ErrorKind::Unreachable,
        format!("The service has carried nothing out for {patience}"),
    )
    .detail("it answers, but not to requests that change something; try again later")
}

/// The words of an error, for a sentence that goes on.
pub(super) fn clause(why: &Error) -> String {
    why.words().trim_end_matches('.').to_owned()
}
