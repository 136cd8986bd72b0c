//! A change: what one row does to one thing, as a record that can be stored, cut with `jq`, and carried out.

use serde_json::Value;

use crate::Record;

/// The `type` of the records.
pub const CHANGE: &str = "change";

/// The state of a thing before and after: just the fields that change, under their API names. A thing that
/// is created has no `before`, one that is deleted no `after`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// The type of the thing, as in its records: `device`, `production_devicegroup`.
    pub kind: String,
    /// Its id; empty as long as there is none.
    pub id: String,
    /// What people call it, if it has a name.
    pub name: String,
    /// The fields as they were.
    pub before: Option<Record>,
    /// The fields as they are then.
    pub after: Option<Record>,
}

impl Effect {
    /// A thing that is created with these fields.
    pub fn creation(kind: &str, after: Record) -> Self {
        let name = text(&after, "name");
        Effect { kind: kind.to_owned(), name, after: Some(after), ..Effect::default() }
    }

    /// The thing of `record` is deleted; `before` is all that is needed to make it again.
    pub fn deletion(record: &Record, before: Record) -> Self {
        Effect { before: Some(before), ..Effect::of(record) }
    }

    /// The thing of `record`, its state, gets the fields of `after`.
    pub fn update(record: &Record, after: Record) -> Self {
        let value = |name: &String| record.get(name).cloned().unwrap_or_default();
        let before = after.keys().map(|name| (name.clone(), value(name))).collect();
        Effect { before: Some(before), after: Some(after), ..Effect::of(record) }
    }

    /// Something that is done to the thing of `record` and leaves no other state: a restart.
    pub fn action(record: &Record) -> Self {
        Effect::update(record, Record::new())
    }

    fn of(record: &Record) -> Self {
        Effect {
            kind: text(record, "type"),
            id: text(record, "id"),
            name: text(record, "name"),
            ..Effect::default()
        }
    }

    /// The same, the other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        Effect { before: self.after, after: self.before, ..self }
    }
}

/// A change record (imp-records(7)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What the command calls it: `assign`.
    pub verb: String,
    /// What it is done to, and what that changes.
    pub effect: Effect,
    /// Where the row came from.
    pub source: String,
    /// The run that it belongs to; empty in a plan.
    pub run: String,
    /// The word for what was done; empty in a plan.
    pub outcome: String,
    /// When it was known to be done, RFC 3339; empty in a plan.
    pub at: String,
}

impl Change {
    /// As one record.
    pub fn to_record(&self) -> Record {
        let Effect { kind, id, name, before, after } = &self.effect;
        let mut record = Record::from_iter([("type".to_owned(), CHANGE.into())]);
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                record.insert(name.to_owned(), value.into());
            }
        };
        put("verb", &self.verb);
        put("kind", kind);
        put("id", id);
        put("name", name);
        record.insert("before".into(), before.clone().map_or(Value::Null, Value::Object));
        record.insert("after".into(), after.clone().map_or(Value::Null, Value::Object));
        for (name, value) in [
            ("source", &self.source),
            ("run", &self.run),
            ("outcome", &self.outcome),
            ("at", &self.at),
        ] {
            if !value.is_empty() {
                record.insert(name.to_owned(), value.as_str().into());
            }
        }
        record
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of_record(record: &Record) -> Result<Self, String> {
        if text(record, "type") != CHANGE {
            return Err("it is no change record: its `type` is not `change`".into());
        }
        let state = |name: &str| match record.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields.clone())),
            Some(_) => Err(format!("its `{name}` is neither an object nor null")),
        };
        let (before, after) = (state("before")?, state("after")?);
        if before.is_none() && after.is_none() {
            return Err("it has neither `before` nor `after`".into());
        }
        let kind = text(record, "kind");
        if kind.is_empty() {
            return Err("it has no `kind`".into());
        }
        let effect =
            Effect { kind, id: text(record, "id"), name: text(record, "name"), before, after };
        Ok(Change {
            verb: text(record, "verb"),
            effect,
            source: text(record, "source"),
            run: text(record, "run"),
            outcome: text(record, "outcome"),
            at: text(record, "at"),
        })
    }
}

fn text(record: &Record, name: &str) -> String {
    record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: &Value) -> Record {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_change_is_read_as_it_is_written() {
        let device =
            record(&json!({"type": "device", "id": "d", "name": "n", "devicegroup_id": "g"}));
        let after = record(&json!({"devicegroup_id": "h"}));
        let effect = Effect::update(&device, after);
        assert_eq!(effect.before, Some(record(&json!({"devicegroup_id": "g"}))));
        let change =
            Change { verb: "assign".into(), effect, source: "x:1".into(), ..Change::default() };
        assert_eq!(Change::of_record(&change.to_record()), Ok(change.clone()));
        let keys: Vec<String> = change.to_record().keys().cloned().collect();
        assert_eq!(keys, ["type", "verb", "kind", "id", "name", "before", "after", "source"]);
        let back = change.effect.clone().reversed();
        assert_eq!((&back.before, &back.after), (&change.effect.after, &change.effect.before));
    }

    #[test]
    fn creations_and_deletions_have_one_side() {
        let made = Effect::creation("product", record(&json!({"name": "P"})));
        assert_eq!((made.name.as_str(), made.before.is_none()), ("P", true));
        for bad in [
            json!({"type": "device"}),
            json!({"type": "change", "kind": "device"}),
            json!({"type": "change", "kind": "device", "before": 1, "after": {}}),
            json!({"type": "change", "after": {}}),
        ] {
            assert!(Change::of_record(&record(&bad)).is_err(), "{bad}");
        }
    }
}
