//! Rows and changes as lines of a journal, secrets hidden.

use model::{Effect, Record};
use pipe::Item;
use serde_json::Value;

/// A row as it is kept.
pub(super) fn as_line(item: &Item, hides: bool) -> Record {
    let (source, input, failure) = match item {
        Item::Row(row) => (&row.source, &row.record, None),
        Item::Bad(bad) => (&bad.source, &bad.input, Some(&bad.failure)),
    };
    let mut line = Record::new();
    line.insert_text("source", source);
    if hides {
        line.insert_record("input", &hidden(input));
    } else {
        line.insert_record("input", input);
    }
    if let Some(error) = failure.and_then(|failure| serde_json::to_value(failure).ok()) {
        line.insert("error", error);
    }
    line
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
