//! Which fields that an option asks for no record of the run had. A misspelled one would be an empty column
//! that nobody notices.

use std::collections::BTreeSet;

use model::Record;

use super::columns::{MARKS, csv, kind};
use super::names::named_by;

/// Names of fields that are kept for the message, at most.
const KEPT: usize = 1000;
/// How alike two names have to be, by the measure of Jaro and Winkler.
const ALIKE: f64 = 0.8;

/// The fields that were asked for and have not been in a record yet.
#[derive(Debug, Default)]
pub struct AskedFields {
    option: &'static str,
    missing: Vec<String>,
    known: BTreeSet<String>,
}

impl AskedFields {
    /// The fields that `option` asks for: `--fields`.
    pub fn new(option: &'static str, fields: &[String]) -> AskedFields {
        AskedFields { option, missing: fields.to_vec(), known: BTreeSet::new() }
    }

    /// Takes note of the fields of a record, whose type is the `expected` one if it says none. Those
    /// that its type may have count too, also where none has a value: devices in no group have no
    /// `devicegroup_id`.
    pub fn see(&mut self, record: &Record, expected: Option<&str>) {
        if self.missing.is_empty() {
            return;
        }
        let stated = kind(record).and_then(csv).or_else(|| expected.and_then(csv));
        let stated = stated.unwrap_or_default();
        let has = |name: &str| record.contains_key(name) || stated.contains(&name);
        let acts = record.contains_key(MARKS[0]);
        self.missing.retain(|name| {
            let refers = name.strip_suffix("_type").is_some_and(|base| has(&format!("{base}_id")));
            let is_name = named_by(name).is_some_and(|id| has(&id));
            let is_mark = acts && MARKS.contains(&name.as_str());
            !(has(name) || refers || is_name || is_mark)
        });
        let names = record.keys().chain(stated.iter().copied());
        for name in names {
            if self.known.len() < KEPT && !self.known.contains(name) {
                self.known.insert(name.to_owned());
            }
        }
    }

    /// A sentence for each field that no record had. Without any record nothing is known of them.
    pub fn complaints(&self) -> Vec<String> {
        let missing = if self.known.is_empty() { &[][..] } else { &self.missing };
        let complaint = |name: &String| {
            let quoted = model::text::quoted(name);
            format!("{}: no record has {quoted}; {}", self.option, self.advice(name))
        };
        missing.iter().map(complaint).collect()
    }

    fn advice(&self, asked: &str) -> String {
        let alike = |name: &&String| {
            let parts = name.split('_').any(|part| part.eq_ignore_ascii_case(asked));
            strsim::jaro_winkler(asked, name) + if parts { 1.0 } else { 0.0 }
        };
        let best = self.known.iter().max_by(|one, other| alike(one).total_cmp(&alike(other)));
        match best.filter(|name| alike(name) >= ALIKE) {
            Some(name) => format!("did you mean {}?", model::text::quoted(name)),
            None => {
                let names: Vec<&str> = self.known.iter().map(String::as_str).take(40).collect();
                format!("there are: {}", model::text::one_line(&names.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn complaints(fields: &[&str], records: Value) -> Vec<String> {
        let fields: Vec<String> = fields.iter().map(|name| (*name).to_owned()).collect();
        let mut asked = AskedFields::new("--fields", &fields);
        let records: Vec<Record> = serde_json::from_value(records).expect("records");
        records.iter().for_each(|record| asked.see(record, None));
        asked.complaints()
    }

    #[test]
    fn a_field_that_no_record_has_is_told_with_the_nearest_name() {
        let device = json!({"type": "device", "id": "d", "order": 1});
        for (asked, advice) in [
            ("mac_adress", "did you mean `mac_address`?"),
            ("online", "did you mean `device_online`?"),
            ("ordre", "did you mean `order`?"),
        ] {
            let said = complaints(&["id", asked], json!([device]));
            assert_eq!(said, [format!("--fields: no record has `{asked}`; {advice}")]);
        }
        let said = complaints(&["zzz"], json!([{"a": 1, "b": null}]));
        assert_eq!(said, ["--fields: no record has `zzz`; there are: a, b"]);
    }

    #[test]
    fn what_a_type_may_have_or_one_record_had_is_no_mistake() {
        let device = json!({"type": "device", "id": "d", "outcome": "assigned"});
        let fields =
            ["devicegroup_id", "product_type", "devicegroup_name", "dry_run", "outcome", "late"];
        assert!(complaints(&fields, json!([device, {"late": null}])).is_empty());
        assert!(complaints(&["anything"], json!([])).is_empty(), "an empty list has no fields");
        let said = complaints(&["outcome"], json!([{"type": "device", "id": "d"}]));
        assert_eq!(said.len(), 1, "a list has no outcome");
    }
}
