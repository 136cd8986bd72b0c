//! A list in the order of one field. All of it is read before anything is printed, so a list that could
//! not be read to its end is not printed at all: its first records might not be the first.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use cli::terminal::progress;
use cli::{CommandError, Session};
use model::Record;
use pipe::AskedFields;
use serde_json::Value;

use super::{Query, read};

/// Prints the records in the order of `field`, before which `-` turns the order round; gives their number.
pub(super) fn print(
    session: &Session,
    query: &Query<'_>,
    field: &str,
    noun: &'static str,
) -> Result<u64, CommandError> {
    let (name, falls) = field.strip_prefix('-').map_or((field, false), |name| (name, true));
    let mut asked = AskedFields::new("--sort", &[name.to_owned()]);
    let mut records: Vec<(Value, Record)> = Vec::new();
    let ended = read(session, query, |mut record| {
        record.retain(|name| !query.without.contains(&name));
        asked.see(&record, None);
        records.push((Value::Null, record));
        progress::count(records.len() as u64, 0, noun);
        ControlFlow::Continue(())
    })?;
    if ended.is_break() {
        return Ok(0);
    }
    if let Some(complaint) = asked.complaints().into_iter().next() {
        return Err(CommandError::usage(complaint));
    }
    for (key, record) in &mut records {
        *key = session.output.value(record, name);
    }
    records.sort_by(|(one, _), (other, _)| order(one, other, falls));
    let limit = query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    records.truncate(limit);
    records.iter().try_for_each(|(_, record)| session.output.print(record))?;
    Ok(records.len() as u64)
}

/// The order of two values; what has none comes last, whichever way the others are ordered.
fn order(one: &Value, other: &Value, falls: bool) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (false, false) if falls => compare(other, one),
        (false, false) => compare(one, other),
        (one_is_null, other_is_null) => one_is_null.cmp(&other_is_null),
    }
}

/// Numbers by their size and before texts, texts without regard to case.
fn compare(one: &Value, other: &Value) -> Ordering {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (None, None) => {
            let (one, other) = (text(one), text(other));
            one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(&other))
        }
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_sorted_by_size_and_what_is_missing_comes_last() {
        let sorted = |falls: bool| {
            let mut values =
                vec![json!(null), json!(-9), json!("b"), json!(-60), json!("C"), json!("a")];
            values.sort_by(|one, other| order(one, other, falls));
            json!(values)
        };
        assert_eq!(sorted(false), json!([-60, -9, "a", "b", "C", null]));
        assert_eq!(sorted(true), json!(["C", "b", "a", -9, -60, null]));
    }
}
