//! Reading request bodies strictly: the shape of JSON:API as this service has it (relationships are
//! bare identifiers, without `data`), then one attribute after the other. What nobody asked for is
//! refused by name.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::request::{JSON_API, Request};
use crate::state::refusal::Refusal;

/// `{"type":…,"id":…}`.
pub struct Identifier {
    /// The `type`.
    pub kind: String,
    /// The `id`.
    pub id: String,
}

/// The `data` of a create or update.
pub struct Resource {
    /// The `type`.
    pub kind: String,
    /// The `id`; updates must have one.
    pub id: Option<String>,
    attributes: Map<String, Value>,
    relationships: Map<String, Value>,
}

/// The body as JSON.
pub fn json(request: &Request, media_type: &str) -> Result<Value, Refusal> {
    let body = request.body_of_type(media_type)?;
    serde_json::from_slice(body)
        .map_err(|error| Refusal::not_json(&format!("The body is not JSON: {error}.")))
}

/// The member `data` of the body.
pub fn data(request: &Request) -> Result<Value, Refusal> {
    match json(request, JSON_API)? {
        Value::Object(mut document) => document
            .remove("data")
            .ok_or_else(|| Refusal::shape("The document has no member `data`.")),
        _ => Err(Refusal::shape("The document must be an object.")),
    }
}

/// An identifier in a request.
pub fn identifier(value: &Value, what: &str) -> Result<Identifier, Refusal> {
    let wrong = || Refusal::shape(format!("`{what}` must be an object with `type` and `id`."));
    let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if value.get("data").is_some() {
        let detail = format!("`{what}` must hold `type` and `id` themselves, not in `data`.");
        return Err(Refusal::shape(detail));
    }
    Ok(Identifier { kind: text("type").ok_or_else(wrong)?, id: text("id").ok_or_else(wrong)? })
}

impl Resource {
    /// The resource of a create.
    pub fn to_create(request: &Request) -> Result<Self, Refusal> {
        Self::read(data(request)?)
    }

    /// The resource of an update, which must name itself: its type and its id.
    pub fn to_update(
        request: &Request,
        kind: &str,
        is_id: impl Fn(&str) -> bool,
    ) -> Result<Self, Refusal> {
        let resource = Self::read(data(request)?)?;
        resource.expect_type(&[kind])?;
        match &resource.id {
            None => Err(Refusal::shape("`data.id` is required.")),
            Some(id) if !is_id(id) => {
                Err(Refusal::shape(format!("`data.id` is {id}, which the address does not name.")))
            }
            Some(_) => Ok(resource),
        }
    }

    fn read(data: Value) -> Result<Self, Refusal> {
        let Value::Object(mut data) = data else {
            return Err(Refusal::shape("`data` must be an object."));
        };
        let Some(Value::String(kind)) = data.remove("type") else {
            return Err(Refusal::shape("`data.type` must be a string."));
        };
        let id = match data.remove("id") {
            None => None,
            Some(Value::String(id)) => Some(id),
            Some(_) => return Err(Refusal::shape("`data.id` must be a string.")),
        };
        let attributes = object(&mut data, "attributes")?;
        let relationships = object(&mut data, "relationships")?;
        Ok(Self { kind, id, attributes, relationships })
    }

    /// Refuses other types.
    pub fn expect_type(&self, kinds: &[&str]) -> Result<(), Refusal> {
        if kinds.contains(&self.kind.as_str()) {
            return Ok(());
        }
        let wanted = kinds.join(" or ");
        Err(Refusal::shape(format!("`data.type` must be {wanted}, not {}.", self.kind)))
    }

    /// Takes an attribute, whatever it is.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.attributes.remove(name)
    }

    /// Takes a text of so many characters (not bytes). Null is as good as absent.
    pub fn text(
        &mut self,
        name: &str,
        least: usize,
        most: usize,
    ) -> Result<Option<String>, Refusal> {
        let text = match self.take(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(Refusal::attribute(format!("`{name}` must be a string."))),
        };
        let length = text.chars().count();
        if length < least || length > most {
            let detail = format!("`{name}` must have {least} to {most} characters, not {length}.");
            return Err(Refusal::attribute(detail));
        }
        Ok(Some(text))
    }

    /// The same, of a create that must have it.
    pub fn required_text(
        &mut self,
        name: &str,
        least: usize,
        most: usize,
    ) -> Result<String, Refusal> {
        self.text(name, least, most)?.ok_or_else(|| Refusal::required(name))
    }

    /// Takes one of a few words, which are named in the refusal of others.
    pub fn word<T: DeserializeOwned>(
        &mut self,
        name: &str,
        most: usize,
        words: &str,
    ) -> Result<Option<T>, Refusal> {
        let word = self.text(name, 0, most)?.map(|word| serde_json::from_value(word.into()));
        let wrong = |_| Refusal::attribute(format!("`{name}` must be {words}."));
        word.transpose().map_err(wrong)
    }

    /// Takes a boolean.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(Refusal::attribute(format!("`{name}` must be true or false."))),
        }
    }

    /// Takes a relationship to one resource.
    pub fn relationship(&mut self, name: &str) -> Result<Option<Identifier>, Refusal> {
        let value = self.relationships.remove(name);
        value.map(|value| identifier(&value, &format!("relationships.{name}"))).transpose()
    }

    /// The same, of a create that must have it.
    pub fn required_relationship(&mut self, name: &str) -> Result<Identifier, Refusal> {
        let required = || Refusal::required(&format!("relationships.{name}"));
        self.relationship(name)?.ok_or_else(required)
    }

    /// Refuses what was not taken.
    pub fn nothing_else(&self) -> Result<(), Refusal> {
        if let Some(name) = self.attributes.keys().next() {
            return Err(Refusal::attribute(format!("`{name}` cannot be set.")));
        }
        match self.relationships.keys().next() {
            None => Ok(()),
            Some(name) => {
                Err(Refusal::attribute(format!("The relationship `{name}` cannot be set.")))
            }
        }
    }
}

fn object(data: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Refusal> {
    match data.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Refusal::shape(format!("`data.{name}` must be an object."))),
    }
}
