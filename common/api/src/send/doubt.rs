//! A request that changes something and got no good answer at any try: was it carried out?
//!
//! Careful about what nobody saw: where the thing can be looked at, its state decides; otherwise the failure says
//! that it may have been done, whatever else ended the run.

use model::ErrorKind;
use serde_json::Value;

use super::SendLoop;
use super::failure::clause;
use crate::Error;
use crate::request::{Answer, Method, Repeat, Request};

/// What the thing itself shows.
enum Look {
    /// It is as the request wanted it.
    Done(Answer),
    /// It is not.
    NotDone,
    /// It cannot be told; why the run is over, if the look has shown that.
    Unclear(Option<ErrorKind>),
}

impl SendLoop<'_> {
    /// What comes of a request that was given up with `why`, and may have been carried out.
    ///
    /// # Errors
    /// `why` when it was not carried out, `unknown_outcome` when that cannot be told.
    pub(super) fn in_doubt(&self, why: Error) -> Result<Answer, Error> {
        let ended_by = Some(why.kind).filter(|kind| kind.ends_run());
        if !changes_one_thing(self.request) {
            return Err(why);
        }
        // After a signal nothing new is sent, and without a sign-in nothing is answered.
        let look = match why.kind {
            ErrorKind::Unexpected | ErrorKind::Unreachable => self.look(),
            _ => Look::Unclear(None),
        };
        match look {
            Look::Done(answer) => Ok(answer),
            Look::NotDone => {
                let detail = format!("{}; it was not done", clause(&detail_of(&why)));
                Err(Error { detail: Some(detail), ..why })
            }
            Look::Unclear(over) => Err(self.may_be_done(why, over.or(ended_by))),
        }
    }

    fn look(&self) -> Look {
        let request = self.request;
        let Some(path) = readable(&request.path) else { return Look::Unclear(None) };
        // One more request for each failed one would double the traffic of a service in trouble.
        if !self.client.within_budget().unwrap_or(false) {
            return Look::Unclear(None);
        }
        let found = self.client.send(&Request::get(path));
        match (request.method, found) {
            (Method::Delete, Err(error)) if error.kind == ErrorKind::NotFound => {
                Look::Done(Answer::default())
            }
            (_, Err(error)) => Look::Unclear(Some(error.kind).filter(|kind| kind.ends_run())),
            (Method::Delete, Ok(_)) => Look::NotDone,
            (_, Ok(answer)) => match is_so(&answer.body["data"], request) {
                Some(true) => Look::Done(answer),
                Some(false) => Look::NotDone,
                None => Look::Unclear(None),
            },
        }
    }

    fn may_be_done(&self, why: Error, ended_by: Option<ErrorKind>) -> Error {
        let reason = match why.kind {
            ErrorKind::NotAttempted => "the run was interrupted before an answer came".to_owned(),
            ErrorKind::Unexpected | ErrorKind::Unreachable => why.title.clone(),
            _ => clause(&why),
        };
        Error {
            kind: ErrorKind::UnknownOutcome,
            ended_by,
            attempts: self.attempts,
            title: "It is not known whether this was done".into(),
            detail: Some(format!("{reason}; look, or give the row again")),
            ..why
        }
    }
}

/// The detail alone, to be gone on with.
fn detail_of(why: &Error) -> Error {
    Error { title: why.detail.clone().unwrap_or_default(), detail: None, ..why.clone() }
}

/// Whether it changes one thing and may be repeated; what moves devices is looked after by the bulk moves.
fn changes_one_thing(request: &Request) -> bool {
    let writes = matches!(request.method, Method::Patch | Method::Put | Method::Delete);
    writes && request.repeat == Repeat::Idempotent && !request.path.starts_with("/logstream")
}

/// The path of the thing that a request changes, if the service shows such things.
fn readable(path: &str) -> Option<&str> {
    let shown =
        ["/devices/", "/devicegroups/", "/products/", "/deployments/", "/webhooks/", LOGIN_KEYS];
    let thing = path.split("/relationships/").next()?;
    shown.iter().any(|start| thing.starts_with(start)).then_some(thing)
}

const LOGIN_KEYS: &str = "/accounts/me/login_keys/";

/// Whether a thing is as a request wants it; `None` if it does not show that.
fn is_so(thing: &Value, request: &Request) -> Option<bool> {
    let wanted = &request.body.as_ref()?["data"];
    let target = |value: &Value| {
        let value = value.get("data").unwrap_or(value);
        value["id"].as_str().map(str::to_owned)
    };
    if let Some((_, name)) = request.path.split_once("/relationships/") {
        return Some(target(wanted)? == target(&thing["relationships"][name]).unwrap_or_default());
    }
    let mut is_so = true;
    for (name, value) in wanted["attributes"].as_object().into_iter().flatten() {
        let own = thing["attributes"].get(name);
        if own.is_none() && !is_empty(value) {
            return None;
        }
        is_so &= own.is_none_or(|own| own == value || (is_empty(own) && is_empty(value)));
    }
    for (name, value) in wanted["relationships"].as_object().into_iter().flatten() {
        is_so &= target(value)? == target(&thing["relationships"][name]).unwrap_or_default();
    }
    Some(is_so)
}

/// An empty text, list or object means the same as none.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_thing_shows_whether_it_was_changed() {
        let thing = json!({"attributes": {"name": "A", "description": null}, "relationships":
            {"dut_target": {"type": "dut_devicegroup", "id": "d"}, "product": {"id": "p"}}});
        let patch = |data: Value| Request::patch("/devicegroups/g").body(json!({ "data": data }));
        for (data, expected) in [
            (json!({"attributes": {"name": "A", "description": ""}}), Some(true)),
            (json!({"attributes": {"name": "B"}}), Some(false)),
            (json!({"attributes": {"password": "B"}}), None),
            (json!({"relationships": {"dut_target": {"id": "d"}}}), Some(true)),
            (json!({"relationships": {"dut_target": {"id": "e"}}}), Some(false)),
            (json!({"relationships": {"production_target": {"id": "e"}}}), Some(false)),
        ] {
            assert_eq!(is_so(&thing, &patch(data.clone())), expected, "{data}");
        }
        let put = Request::put("/devicegroups/g/relationships/product")
            .body(json!({"data": {"type": "product", "id": "p"}}));
        assert_eq!(is_so(&thing, &put), Some(true));
    }

    #[test]
    fn only_what_the_service_shows_is_looked_at() {
        assert_eq!(readable("/devicegroups/g/relationships/x"), Some("/devicegroups/g"));
        assert_eq!(readable("/accounts/me/login_keys/k"), Some("/accounts/me/login_keys/k"));
        assert_eq!(readable("/auth/refresh_tokens/t"), None);
        assert!(!changes_one_thing(&Request::put("/logstream/s/d")));
        assert!(!changes_one_thing(&Request::post("/products").repeat(Repeat::Idempotent)));
        let members = Request::delete("/devicegroups/g/relationships/devices");
        assert!(!changes_one_thing(&members.repeat(Repeat::NotIdempotent)));
    }
}
