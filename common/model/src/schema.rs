//! What records look like, for programs that read them: JSON Schema 2020-12 of each type of record.
//!
//! What a record of ours holds is described beside the code that makes it, from the same words. Careful about what
//! nobody knows yet: every object may have more members than are described, because the service may send more and a
//! later version may print more.

mod cells;
pub mod resources;

use serde_json::{Map, Value, json};

use crate::Record;

/// The version of all schemas. It is raised by a change that a program which reads the records may not survive: a
/// field that is gone or may be missing, another type, other words.
pub const VERSION: u32 = 1;

/// The dialect that the schemas are written in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A type of records.
#[derive(Debug)]
pub struct RecordType {
    /// What it is called in the schema: `device`.
    pub name: &'static str,
    /// What such a record is, in one line.
    pub about: &'static str,
    /// What is known of its fields.
    pub fields: &'static [Field],
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    kind: Kind,
    about: &'static str,
    may_be_null: bool,
    is_required: bool,
}

/// What the value of a field is, if it is not null.
#[derive(Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A time, RFC 3339.
    Time,
    /// One of these words.
    Words(&'static [&'static str]),
    /// The same where the words are those of an enumeration.
    WordsOf(fn() -> Vec<String>),
    /// A number without a fraction.
    Integer,
    /// A number that may have a fraction.
    Number,
    /// True or false.
    Truth,
    /// A list of texts.
    Texts,
    /// Other records.
    Records(&'static RecordType),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of such objects.
    Objects(&'static [Field]),
    /// An object of whatever fields.
    AnyObject,
    /// A list of whatever.
    AnyList,
    /// Whatever JSON can say.
    Anything,
}

impl Field {
    /// A field that a record may have.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Field { name, kind, about, may_be_null: false, is_required: false }
    }

    /// The same of one that each record has.
    #[must_use]
    pub const fn required(self) -> Self {
        Field { is_required: true, ..self }
    }

    /// The same of one that may be null.
    #[must_use]
    pub const fn or_null(self) -> Self {
        Field { may_be_null: true, ..self }
    }

    fn definition(&self) -> Value {
        let mut schema = self.kind.definition();
        if self.may_be_null {
            or_null(&mut schema);
        }
        schema["description"] = self.about.into();
        schema
    }
}

impl Kind {
    fn definition(&self) -> Value {
        match self {
            Kind::Text => json!({"type": "string"}),
            Kind::Time => json!({"type": "string", "format": "date-time"}),
            Kind::Words(words) => json!({"type": "string", "enum": words}),
            Kind::WordsOf(words) => json!({"type": "string", "enum": words()}),
            Kind::Integer => json!({"type": "integer"}),
            Kind::Number => json!({"type": "number"}),
            Kind::Truth => json!({"type": "boolean"}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Records(of) => {
                json!({"type": "array", "items": {"$ref": format!("#/$defs/{}", of.name)}})
            }
            Kind::Object(fields) => object(fields),
            Kind::Objects(fields) => json!({"type": "array", "items": object(fields)}),
            Kind::AnyObject => json!({"type": "object"}),
            Kind::AnyList => json!({"type": "array"}),
            Kind::Anything => json!({}),
        }
    }
}

/// The schema with null as one more value.
fn or_null(schema: &mut Value) {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), field.definition())).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": true,
    })
}

impl RecordType {
    /// The schema of a record.
    fn definition(&self) -> Value {
        let mut schema = json!({"title": self.name, "description": self.about});
        if let (Some(schema), Value::Object(object)) = (schema.as_object_mut(), object(self.fields))
        {
            schema.extend(object);
        }
        schema
    }

    /// The words that the field `type` of such a record may have; none where it tells something else.
    pub fn words_of_type(&self) -> &'static [&'static str] {
        match self.fields.iter().find(|field| field.name == "type").map(|field| &field.kind) {
            Some(Kind::Words(words)) => words,
            _ => &[],
        }
    }

    /// The type of a record of the service.
    pub fn of(record: &Record) -> Option<&'static RecordType> {
        let kind = record.text("type")?;
        resources::ALL.into_iter().find(|of| of.words_of_type().contains(&kind))
    }

    /// The types of the records within such a record.
    fn within(&self) -> impl Iterator<Item = &'static RecordType> {
        self.fields.iter().filter_map(|field| match field.kind {
            Kind::Records(of) => Some(of),
            _ => None,
        })
    }

    /// The document of this type alone.
    pub fn document(&self) -> Value {
        let mut document = head(self.name);
        document.extend(match self.definition() {
            Value::Object(definition) => definition,
            _ => Map::new(),
        });
        let within: Vec<&RecordType> = self.within().collect();
        if !within.is_empty() {
            document.insert("$defs".into(), definitions(&within));
        }
        document.into()
    }
}

/// The document of all records that a tool prints: a record is one of them.
pub fn document(tool: &str, printed: &[&'static RecordType]) -> Value {
    let references: Vec<Value> =
        printed.iter().map(|of| json!({"$ref": format!("#/$defs/{}", of.name)})).collect();
    let mut document = head(tool);
    document.insert("title".into(), tool.into());
    document.insert("description".into(), format!("A record that {tool} prints.").into());
    document.insert("anyOf".into(), references.into());
    document.insert("$defs".into(), definitions(printed));
    document.into()
}

/// How a document begins.
fn head(name: &str) -> Map<String, Value> {
    let id = format!("urn:imp-tools:schema:{VERSION}:{name}");
    [("$schema", DIALECT.into()), ("$id", id.into()), ("version", VERSION.into())]
        .map(|(name, value): (&str, Value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// The schemas of these types, and of those that they refer to.
fn definitions(types: &[&RecordType]) -> Value {
    let mut all = Map::new();
    types.iter().for_each(|of| define(of, &mut all));
    all.into()
}

fn define(of: &RecordType, all: &mut Map<String, Value>) {
    if !all.contains_key(of.name) {
        all.insert(of.name.to_owned(), of.definition());
        of.within().for_each(|within| define(within, all));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PART: RecordType = RecordType {
        name: "part",
        about: "A part.",
        fields: &[Field::new("id", Kind::Text, "Its id.").required()],
    };
    static WHOLE: RecordType = RecordType {
        name: "whole",
        about: "A whole.",
        fields: &[
            Field::new("type", Kind::Words(&["whole"]), "What it is.").required(),
            Field::new("state", Kind::WordsOf(|| vec!["on".into(), "off".into()]), "How it is.")
                .or_null(),
            Field::new("parts", Kind::Records(&PART), "What it is made of."),
        ],
    };

    #[test]
    fn a_type_becomes_a_document_with_all_that_it_refers_to() {
        let expected = json!({
            "$schema": DIALECT, "$id": format!("urn:imp-tools:schema:{VERSION}:whole"),
            "version": VERSION, "title": "whole", "description": "A whole.", "type": "object",
            "properties": {
                "type": {"type": "string", "enum": ["whole"], "description": "What it is."},
                "state": {"type": ["string", "null"], "enum": ["on", "off", null],
                    "description": "How it is."},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/part"},
                    "description": "What it is made of."},
            },
            "required": ["type"], "additionalProperties": true,
            "$defs": {"part": {"title": "part", "description": "A part.", "type": "object",
                "properties": {"id": {"type": "string", "description": "Its id."}},
                "required": ["id"], "additionalProperties": true}},
        });
        assert_eq!(WHOLE.document(), expected);
        assert_eq!((WHOLE.words_of_type(), PART.words_of_type()), (&["whole"][..], &[][..]));
    }

    #[test]
    fn the_document_of_a_tool_is_any_of_what_it_prints() {
        let document = document("imp-x", &[&WHOLE]);
        assert_eq!(document["anyOf"], json!([{"$ref": "#/$defs/whole"}]));
        let names: Vec<&String> = document["$defs"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["whole", "part"], "a part is not printed alone");
    }
}
