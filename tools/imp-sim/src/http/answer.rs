//! Answers: status, body, and how resources and errors are written.

use std::fmt::Display;

use serde::Serialize;
use serde_json::{Value, json};

use super::Call;
use super::request::JSON_API;
use crate::state::State;
use crate::state::ids::Id;
use crate::state::refusal::{Reason, Refusal};
use crate::state::streams::Feed;
use crate::variants::Variants;

/// An answer before the headers that all have in common.
#[derive(Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Empty: no body.
    pub body: Vec<u8>,
    /// Its media type.
    pub media_type: &'static str,
    /// Devices that the request named, for the log.
    pub devices: usize,
    /// Instead of a body: events as they come.
    pub stream: Option<Box<Reading>>,
}

impl Answer {
    /// 204 without a body.
    pub fn empty() -> Self {
        Self { status: 204, ..Self::default() }
    }

    /// A JSON body.
    pub fn json(status: u16, media_type: &'static str, body: &impl Serialize) -> Self {
        // Nothing that is written here can fail: no maps with keys that are not text, no I/O.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { status, body, media_type, ..Self::default() }
    }

    /// `{"data":…}`.
    pub fn data(status: u16, data: &impl Serialize) -> Self {
        Self::json(status, JSON_API, &Document { data })
    }

    /// One error.
    pub fn refusal(refusal: &Refusal, variants: &Variants) -> Self {
        Self::errors(refusal.reason.status(variants), std::slice::from_ref(refusal), variants)
    }

    /// Several errors under one status.
    pub fn errors(status: u16, refusals: &[Refusal], variants: &Variants) -> Self {
        let errors = refusals.iter().map(|refusal| Error::of(refusal, variants)).collect();
        Self::json(status, JSON_API, &Errors { errors })
    }
}

#[derive(Serialize)]
struct Document<'a, T> {
    data: &'a T,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: Vec<Error<'a>>,
}

#[derive(Serialize)]
struct Error<'a> {
    status: Value,
    code: &'static str,
    title: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: &'a Option<Box<Value>>,
}

impl<'a> Error<'a> {
    fn of(refusal: &'a Refusal, variants: &Variants) -> Self {
        let Refusal { reason, code, title, detail, meta } = refusal;
        let status = reason.status(variants);
        let status = if variants.error_status_number {
            Value::from(status)
        } else {
            Value::from(status.to_string())
        };
        Self { status, code, title, detail, meta }
    }
}

impl Reason {
    /// The HTTP status; some are open questions.
    pub fn status(self, variants: &Variants) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Credentials => 401,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::MediaType => 415,
            Self::BodyTooLarge => 413,
            Self::TooMany => 429,
            Self::Conflict => variants.conflict_status,
            Self::UnknownToken => variants.unknown_token_status,
            Self::Password => variants.password_status,
            Self::UnblessingKey => variants.unblessing_key_status,
            Self::BatchTooLarge => variants.batch_cap_status,
            Self::Fault(status) => status,
        }
    }
}

/// One resource, in the service's order of keys. Relationships that are null are left out.
pub fn resource(
    call: &Call<'_>,
    kind: &str,
    collection: &str,
    id: impl Display,
    attributes: Value,
    relationships: Value,
) -> Value {
    let link = call.link_to(collection, &id);
    let mut resource = json!({"type": kind, "id": id.to_string(), "links": {"self": link}});
    resource["attributes"] = attributes;
    if let Value::Object(mut relationships) = relationships {
        relationships.retain(|_, related| !related.is_null());
        resource["relationships"] = relationships.into();
    }
    resource
}

/// Attributes without some that are not shown.
pub fn without(mut attributes: Value, names: &[&str]) -> Value {
    if let Value::Object(attributes) = &mut attributes {
        attributes.retain(|name, _| !names.contains(&name.as_str()));
    }
    attributes
}

/// A relationship to one resource.
#[derive(Clone, Copy, Serialize)]
pub struct Related {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Id,
}

impl Related {
    /// To a resource of that type.
    pub fn new(kind: &'static str, id: Id) -> Self {
        Self { kind, id }
    }

    /// To an account.
    pub fn account(id: Id) -> Self {
        Self::new("account", id)
    }

    /// To a product.
    pub fn product(id: Id) -> Self {
        Self::new("product", id)
    }

    /// To a deployment.
    pub fn deployment(id: Id) -> Self {
        Self::new("deployment", id)
    }
}

/// A stream as its reader asked for it.
#[derive(Debug)]
pub struct Reading {
    /// The events.
    pub feed: Feed,
    /// Events as JSON, not as text.
    pub json: bool,
}

/// A relationship to a group, with its specific type.
pub fn related_group(state: &State, id: Id) -> Option<Related> {
    state.groups.get(&id).map(|group| Related::new(group.kind.name(), id))
}
