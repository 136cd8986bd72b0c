//! JSON rows: what is read is written and read again the same, in every place where a row is kept, and a bad
//! row swallows no good one after it.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use fuzz::{remove_old, rows, rows_however_they_come, scratch};
use libfuzzer_sys::fuzz_target;
use model::{ErrorKind, Record};
use pipe::{FailedFile, Failure, Item, ReadError};
use serde_json::Value;

static FAILED: LazyLock<PathBuf> = LazyLock::new(|| {
    remove_old("failed");
    scratch("failed")
});

/// So many rows of an input are looked at closely.
const CLOSELY: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let all = rows_however_they_come(bytes);
    let good = all.iter().filter_map(|item| match item {
        Ok(Item::Row(row)) => Some(&row.record),
        _ => None,
    });
    for record in good.take(CLOSELY) {
        is_what_it_says(record);
        is_kept(record);
    }
    nothing_is_swallowed(bytes);
});

/// Fields, values and text tell the same.
fn is_what_it_says(record: &Record) {
    let text = record.to_string();
    assert!(!text.contains(['\n', '\r']), "one line: {text}");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value, Value::from(record), "the same as a reader of JSON takes it");
    let again = Record::read(&text).expect("a record");
    assert_eq!((&again, again.to_string()), (record, text.clone()));
    assert_eq!(serde_json::to_string(record).expect("JSON"), text);
    let mut copy = Record::new();
    for (name, value) in record.iter() {
        copy.insert(name, value.clone());
        assert_eq!(record.text(name).as_deref(), value.as_str());
        assert_eq!(
            record.record(name).map(Value::from),
            Some(value.clone()).filter(Value::is_object)
        );
    }
    assert_eq!(&copy, record);
    let names: Vec<String> = record.keys().map(str::to_owned).collect();
    assert_eq!(copy.keys().collect::<Vec<_>>(), names);
    // Taken out and put in again, and with every other field.
    if let Some(first) = names.first() {
        let value = copy.remove(first).expect("it is there");
        assert!(!copy.contains_key(first));
        copy.insert(first, value);
        assert_eq!((&copy, copy.keys().last()), (record, Some(first.as_str())));
        assert_eq!(&Record::read(&copy.to_string()).expect("a record"), record);
    }
    let mut number = 0;
    copy.retain(|_| {
        number += 1;
        number % 2 == 0
    });
    assert_eq!(copy.len(), record.len() / 2);
    assert_eq!(Record::read(&copy.to_string()).expect("a record"), copy);
}

/// It comes back from a journal and from the file of failed rows.
fn is_kept(record: &Record) {
    let mut line = Record::new();
    line.insert_text("source", "in:1");
    line.insert_record("input", record);
    let read: Record = serde_json::from_str(&line.to_string()).expect("a line of a journal");
    assert_eq!(read.record("input").as_ref(), Some(record));
    fs::write(&*FAILED, "").expect("memory");
    let failure = Failure::new(ErrorKind::Refused, "no");
    let mut file = FailedFile::create(&FAILED).expect("it is there");
    file.write(&failure, record, "in:1").expect("memory");
    let read = rows(&fs::read(&*FAILED).expect("it is there"), usize::MAX);
    match &read[..] {
        [Ok(Item::Row(row))] => assert_eq!((&row.record, row.source.as_str()), (record, "in:1")),
        // What stands there of a row that could not be read.
        [Ok(Item::Bad(_))] if record.len() == 1 && record.contains_key("unparsed") => {}
        other => panic!("{other:?}"),
    }
}

/// A good row after the bytes is read.
fn nothing_is_swallowed(bytes: &[u8]) {
    let begin = bytes.trim_ascii_start();
    if !begin.starts_with(b"{\"") && !begin.starts_with(b"[") {
        return;
    }
    let with_more = [bytes, b"\n{\"id\":\"the last one\"}\n"].concat();
    let is_last = |item: &Result<Item, ReadError>| match item {
        Ok(Item::Row(row)) => row.record.len() == 1 && row.record["id"] == "the last one",
        _ => false,
    };
    assert!(rows(&with_more, usize::MAX).iter().rev().take(2).any(is_last));
}
