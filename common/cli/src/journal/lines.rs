//! Rows and changes as lines of a journal, secrets hidden.

use std::fmt::Write;

use model::record::write_text;
use model::{Effect, Record};
use pipe::Item;
use serde_json::Value;

/// Appends a row as it is kept: as a line of this type, with its number if it has one.
pub(super) fn write_row(
    (kind, number): (&str, Option<u64>),
    item: &Item,
    hides: bool,
    out: &mut String,
) {
    let (source, input, failure) = match item {
        Item::Row(row) => (&row.source, &row.record, None),
        Item::Bad(bad) => (&bad.source, &bad.input, Some(&bad.failure)),
    };
    out.push_str("{\"type\":\"");
    out.push_str(kind);
    out.push('"');
    if let Some(number) = number {
        write_number("row", number, out);
    }
    out.push_str(",\"source\":");
    write_text(source, out);
    out.push_str(",\"input\":");
    match hides {
        true => hidden(input).write_json(out),
        false => input.write_json(out),
    }
    if let Some(error) = failure.and_then(|failure| serde_json::to_string(failure).ok()) {
        out.push_str(",\"error\":");
        out.push_str(&error);
    }
    out.push('}');
}

/// Appends a field with a number to an object that has others.
pub(super) fn write_number(name: &str, number: u64, out: &mut String) {
    // Writing to memory cannot fail.
    let _written = write!(out, ",\"{name}\":{number}");
}

/// Of a record that is a secret, what tells it from others.
fn hidden(record: &Record) -> Record {
    let begin = |text: &str| format!("{}…", text.chars().take(4).collect::<String>());
    let hide = |value: &Value| match value {
        Value::String(text) => begin(text).into(),
        _ => Value::Null,
    };
    record.iter().map(|(name, value)| (name.to_owned(), hide(value))).collect()
}

/// The effect on a thing that is a secret.
pub(super) fn hide(effect: Effect) -> Effect {
    let id = hidden(&Record::from_iter([("id".to_owned(), effect.id.as_str().into())]));
    let without_id = |state: Option<Record>| {
        state.map(|mut state| {
            state.remove("id");
            state
        })
    };
    Effect {
        id: id["id"].as_str().unwrap_or_default().to_owned(),
        before: without_id(effect.before),
        after: without_id(effect.after),
        ..effect
    }
}
