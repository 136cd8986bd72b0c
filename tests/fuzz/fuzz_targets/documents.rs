//! JSON:API documents: the records of a page are those of its resources one by one, in the same order.
#![no_main]

use api::{logs, reading, resource};
use libfuzzer_sys::fuzz_target;
use model::Record;

fuzz_target!(|text: &str| {
    let Ok(answer) = reading::answer(200, text) else { return };
    let _of_one = (answer.record(), answer.created());
    is_written(&answer.record_if_any());
    let page = reading::page(text);
    if let Ok(log) = logs::read(&answer.body, 100) {
        log.entries.iter().for_each(is_written);
        let mut known = logs::ReadEntries::default();
        let (mut first, mut again) = (log.clone(), log.clone());
        known.take_out_of(&mut first);
        assert_eq!(first.entries, log.entries);
        known.take_out_of(&mut again);
        assert!(again.entries.is_empty());
    }
    let (Some(resources), Ok(records)) = (answer.body["data"].as_array(), page) else { return };
    assert_eq!(resources.len(), records.len());
    for (resource, record) in resources.iter().zip(&records) {
        is_written(record);
        match resource::to_record(resource) {
            Ok(one) => {
                assert_eq!(&one, record);
                assert_eq!(one.keys().collect::<Vec<_>>(), record.keys().collect::<Vec<_>>());
            }
            Err(_) => assert!(record.text("id").is_none_or(|id| id.is_empty())),
        }
    }
});

/// It is printed as what it is.
fn is_written(record: &Record) {
    assert_eq!(&Record::read(&record.to_string()).expect("a record"), record);
}
