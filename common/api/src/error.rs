//! Why a request did not do what it should, in the words of the service where there are any.

use model::ErrorKind;
use std::fmt;

use serde_json::Value;

/// A failed request. `title` and `detail` are for people; branch on `kind`.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// HTTP status of the last answer, if there was one.
    pub status: Option<u16>,
    /// The service's code, as `PX100`.
    pub code: Option<String>,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub detail: Option<String>,
    /// How often the request was sent.
    pub attempts: u32,
    /// What has ended the run, where `kind` is about this request alone: it may have been carried out.
    pub ended_by: Option<ErrorKind>,
    /// The service's `errors`, as they came; one for each failed device in a bulk request.
    pub errors: Vec<Value>,
}

impl Error {
    /// A failure of our own finding, without an answer behind it.
    pub fn new(kind: ErrorKind, title: impl Into<String>) -> Self {
        Error {
            kind,
            status: None,
            code: None,
            title: title.into(),
            detail: None,
            attempts: 0,
            ended_by: None,
            errors: Vec::new(),
        }
    }

    /// Adds the sentence that says more, or what to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Reads an error answer. The body may be the service's `{"errors":[…]}`, an old
    /// `{"message":…}`, a gateway's HTML or nothing (imp-service(7), section 6.1 and 6.3).
    pub fn from_answer(status: u16, body: &Value) -> Self {
        let errors: Vec<Value> = body["errors"].as_array().cloned().unwrap_or_default();
        let first = errors.first().unwrap_or(&Value::Null);
        let text =
            |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let title = text(&first["title"])
            .or_else(|| text(&body["message"]))
            .or_else(|| text(&first["detail"]))
            .unwrap_or_else(|| plain_title(status).to_owned());
        Error {
            kind: kind_of(status, &errors),
            status: Some(status),
            code: text(&first["code"]),
            detail: text(&first["detail"]).filter(|detail| *detail != title),
            title,
            attempts: 1,
            ended_by: None,
            errors,
        }
    }

    /// The same with all that the service said changed by `edit`.
    pub(crate) fn reworded(mut self, edit: impl Fn(&str) -> String) -> Self {
        let (detail, code) = (self.detail.as_deref().map(&edit), self.code.as_deref().map(&edit));
        self.errors.iter_mut().for_each(|said| reword(said, &edit));
        Error { title: edit(&self.title), detail, code, ..self }
    }

    /// True when the run is over: nothing that follows could succeed.
    pub fn ends_run(&self) -> bool {
        self.ended_by.unwrap_or(self.kind).ends_run()
    }
}

fn reword(said: &mut Value, edit: &impl Fn(&str) -> String) {
    match said {
        Value::String(text) => *text = edit(text),
        Value::Array(values) => values.iter_mut().for_each(|value| reword(value, edit)),
        Value::Object(members) => members.values_mut().for_each(|value| reword(value, edit)),
        _ => {}
    }
}

/// The HTTP status of one entry of `errors`; it comes as text or as a number.
pub(crate) fn status_of(error: &Value) -> Option<u64> {
    error["status"].as_u64().or_else(|| error["status"].as_str()?.parse().ok())
}

fn kind_of(status: u16, errors: &[Value]) -> ErrorKind {
    // A request for many devices of which none is known answers 400 with errors of status 404.
    let all_unknown =
        !errors.is_empty() && errors.iter().all(|error| status_of(error) == Some(404));
    match status {
        401 => ErrorKind::NotSignedIn,
        404 => ErrorKind::NotFound,
        400 if all_unknown => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        400..=499 => ErrorKind::Refused,
        _ => ErrorKind::Unexpected,
    }
}

fn plain_title(status: u16) -> &'static str {
    match status {
        401 => "Not signed in",
        403 => "Not permitted",
        404 => "Not found",
        409 => "Conflict",
        413 => "Request too large",
        429 => "Too many requests",
        300..=399 => "Unexpected redirect",
        400..=499 => "Refused",
        500..=599 => "The service failed",
        _ => "Unexpected answer",
    }
}

impl Error {
    /// Title and detail, without the numbers that stand in fields of their own.
    pub fn words(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.title),
            None => self.title.clone(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words())?;
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(formatter, " ({status} {code})"),
            (Some(status), None) => write!(formatter, " ({status})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_every_shape_of_body() {
        let api = json!({"errors":[{"status":"403","code":"PX200","title":"T","detail":"D"}]});
        assert_eq!(Error::from_answer(403, &api).to_string(), "T: D (403 PX200)");
        assert_eq!(Error::from_answer(500, &json!({"message":"old"})).to_string(), "old (500)");
        assert_eq!(Error::from_answer(502, &Value::Null).to_string(), "The service failed (502)");
        let bare = json!({"errors":[{"detail":"only a detail"}]});
        assert_eq!(Error::from_answer(409, &bare).to_string(), "only a detail (409)");
    }

    #[test]
    fn no_secret_of_the_request_is_in_what_is_told() {
        let text = |secret: &str| {
            json!({"errors":[{"code":secret,"title":secret,"detail":secret}]}).to_string()
        };
        let error = crate::reading::refusal(403, &text("PX2swordfish"), "swordfish").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
        assert!(error.code.is_some_and(|code| code.starts_with("PX2")));
    }

    #[test]
    fn a_batch_of_unknown_devices_is_not_found() {
        let text = json!({"errors":[{"status":"404","title":"x"},{"status":"404","title":"x"}]});
        let number = json!({"errors":[{"status":404,"title":"x"}]});
        let mixed = json!({"errors":[{"status":"404","title":"x"},{"status":"403","title":"x"}]});
        assert_eq!(Error::from_answer(400, &text).kind, ErrorKind::NotFound);
        assert_eq!(Error::from_answer(400, &number).kind, ErrorKind::NotFound);
        assert_eq!(Error::from_answer(400, &mixed).kind, ErrorKind::Refused);
        assert_eq!(Error::from_answer(409, &Value::Null).kind, ErrorKind::Conflict);
    }
}
