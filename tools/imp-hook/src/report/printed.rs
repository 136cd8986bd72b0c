//! The records of a report.

use std::time::Duration;

use model::Record;
use model::schema::Kind::{Integer, Number, Text, Time, Words};
use model::schema::{Field, RecordType};
use serde_json::{Value, json};

use super::books::{Books, By, Sums, rfc3339};

/// What is printed.
pub static PRINTED: [&RecordType; 2] = [&SHIFT, &SHIFT_GAP];

/// The figures of a shift, or of a part of it.
pub static SHIFT: RecordType = RecordType {
    name: "shift",
    about: "What a journal shows of a shift: all of it, or one fixture, hour or group.",
    fields: &[
        Field::new("type", Words(&["shift"]), "What the record is.").required(),
        Field::new("by", Words(&["all", "fixture", "hour", "group"]), "What it is about.")
            .required(),
        Field::new("name", Text, "The fixture, the beginning of the hour, or the group.")
            .required()
            .or_null(),
        Field::new("from", Time, "The first blessing or activation.").required().or_null(),
        Field::new("to", Time, "The last one.").required().or_null(),
        Field::new("blessed", Integer, "Devices that were blessed.").required(),
        Field::new("first_pass", Integer, "Those that were blessed once.").required(),
        Field::new("doubled", Integer, "Those that were blessed more than once.").required(),
        Field::new("activated", Integer, "Devices that end users activated.").required(),
        Field::new("rejected", Integer, "Under test and never blessed; null without --duts.")
            .required()
            .or_null(),
        Field::new("missing", Integer, "Expected, but neither blessed nor under test.")
            .required()
            .or_null(),
        Field::new("unexpected", Integer, "Blessed, but not expected.").required().or_null(),
        Field::new("first_pass_percent", Number, "Of all that is known to have been tested.")
            .required()
            .or_null(),
        Field::new("per_hour", Number, "Devices an hour, from the first blessing to the last.")
            .required()
            .or_null(),
        Field::new("repeated_calls", Integer, "Of all: calls that were delivered again."),
    ],
};

/// A time without a blessing.
pub static SHIFT_GAP: RecordType = RecordType {
    name: "shift_gap",
    about: "A long time without a blessing.",
    fields: &[
        Field::new("type", Words(&["shift_gap"]), "What the record is.").required(),
        Field::new("from", Time, "The last blessing before it.").required(),
        Field::new("to", Time, "The first one after it.").required(),
        Field::new("minutes", Number, "How long it was.").required(),
    ],
};

/// All records: all together, the parts, the gaps.
pub fn records(books: &Books, by: Option<By>, gap: Duration) -> Vec<Record> {
    let mut total = record("all", &books.total(), true);
    total.insert("repeated_calls", books.repeated_calls().into());
    let mut records = vec![total];
    if let Some(by) = by {
        let word = match by {
            By::Fixture => "fixture",
            By::Hour => "hour",
            By::Group => "group",
        };
        let parts = books.parts(by);
        records.extend(parts.iter().map(|sums| record(word, sums, by != By::Hour)));
    }
    records.extend(books.gaps(gap).into_iter().map(|gap| {
        fields(json!({"type": SHIFT_GAP.name, "from": rfc3339(gap.from), "to": rfc3339(gap.to),
            "minutes": rounded(gap.length().as_secs_f64() / 60.0)}))
    }));
    records
}

/// A part of an hour has no rate.
fn record(by: &str, sums: &Sums, has_rate: bool) -> Record {
    fields(json!({
        "type": SHIFT.name,
        "by": by,
        "name": sums.name,
        "from": sums.from.map(rfc3339),
        "to": sums.to.map(rfc3339),
        "blessed": sums.blessed,
        "first_pass": sums.first_pass,
        "doubled": sums.doubled,
        "activated": sums.activated,
        "rejected": sums.rejected,
        "missing": sums.missing,
        "unexpected": sums.unexpected,
        "first_pass_percent": sums.first_pass_yield().map(|share| rounded(share * 100.0)),
        "per_hour": sums.an_hour().filter(|_| has_rate).map(rounded),
    }))
}

/// To a tenth.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn fields(value: Value) -> Record {
    match value {
        Value::Object(fields) => fields.into(),
        _ => Record::new(),
    }
}
