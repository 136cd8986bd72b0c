//! Change records: what is read is written the same, twice the other way round is the same, and however many
//! there are of one thing, each is related to an earlier one.
#![no_main]

use fuzz::rows;
use libfuzzer_sys::fuzz_target;
use model::{Change, Effect};
use pipe::{Item, Row};

#[path = "../../../tools/imp-change/src/apply/follows.rs"]
mod follows;
#[path = "../../../tools/imp-change/src/apply/order.rs"]
#[allow(dead_code)]
mod order;
#[path = "../../../tools/imp-change/src/records.rs"]
mod records;

use follows::Relation;

fuzz_target!(|bytes: &[u8]| {
    let items: Vec<Item> = rows(bytes, usize::MAX).into_iter().flatten().collect();
    let effects: Vec<Option<Effect>> = items.iter().map(effect).collect();
    let effects: Vec<Option<&Effect>> = effects.iter().map(Option::as_ref).collect();
    let relations = follows::relations(&effects);
    assert_eq!(relations.len(), effects.len());
    for (number, relation) in relations.iter().enumerate() {
        let (Relation::Same(other) | Relation::After(other) | Relation::Against(other)) = relation
        else {
            continue;
        };
        assert!(*other < number);
    }
    for (item, failure) in records::reversed(items) {
        let (Item::Row(row), None) = (item, failure) else { continue };
        assert!(records::of_row(&row).is_ok());
    }
});

fn effect(item: &Item) -> Option<Effect> {
    let Item::Row(row) = item else { return None };
    let change = records::of_row(row).ok()?;
    let record = change.to_record();
    assert_eq!(Change::of_record(&record).as_ref(), Ok(&change));
    let row = Row { record, source: row.source.clone() };
    assert_eq!(records::of_row(&row).as_ref(), Ok(&change));
    let effect = change.effect;
    assert_eq!(effect.clone().reversed().reversed(), effect);
    let _stage = (order::Stage::of(&effect), effect.no_way_back());
    Some(effect)
}
