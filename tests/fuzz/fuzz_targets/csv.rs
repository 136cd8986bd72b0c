//! CSV and lists of identifiers: rows are the same however the bytes come and when they are printed and read
//! again, and a bad row swallows no good one after it.
#![no_main]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use fuzz::{rows, rows_however_they_come};
use libfuzzer_sys::fuzz_target;
use model::Record;
use pipe::{Format, Item, Sink};

const COLUMNS: [&str; 3] = ["id", "name", "mac_address"];

fuzz_target!(|bytes: &[u8]| {
    let _bare_or_with_a_header_of_its_own = rows_however_they_come(bytes);
    let separator = if bytes.len().is_multiple_of(2) { "," } else { ";" };
    let header = COLUMNS.join(separator);
    let last = ["the last one", "n", "m"].join(separator);
    let text = [header.as_bytes(), b"\n", bytes, b"\n", last.as_bytes(), b"\n"].concat();
    let records = good(&rows(&text, usize::MAX));
    let last = records.last().expect("a good row after whatever was there");
    assert_eq!((&last["id"], &last["name"]), (&"the last one".into(), &"n".into()));
    is_printed(records);
});

fn good(items: &[Result<Item, pipe::ReadError>]) -> Vec<Record> {
    let rows = items.iter().filter_map(|item| match item {
        Ok(Item::Row(row)) => Some(row.record.clone()),
        _ => None,
    });
    rows.collect()
}

/// As CSV, and read again.
fn is_printed(mut records: Vec<Record>) {
    // What begins like the formula of a spreadsheet is the text that it gives.
    let is_formula = |record: &Record| {
        record.iter().any(|(_, value)| value.as_str().is_some_and(|text| text.starts_with('=')))
    };
    records.retain(|record| !is_formula(record));
    let out = Out::default();
    let fields = COLUMNS.map(str::to_owned).to_vec();
    let mut sink = Sink::new(Format::Csv, Some(fields), Box::new(out.clone()), None);
    for record in &records {
        sink.write(record).expect("memory");
    }
    sink.finish().expect("memory");
    let text = out.0.lock().expect("nobody has panicked").clone();
    assert_eq!(good(&rows(&text, usize::MAX)), records, "{}", String::from_utf8_lossy(&text));
}

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody has panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
