//! Change records as text, written at once: a million of them may go into a journal.

use super::{CHANGE, CONDITIONAL, Effect, PLAN, STEP};
use crate::Record;
use crate::record::write_text;
use crate::schema::Kind::{AnyObject, Integer, Text, Time, Truth, Words};
use crate::schema::{Field, RecordType};

/// What a change record holds.
pub static CHANGE_RECORD: RecordType = RecordType {
    name: CHANGE,
    about: "What one row does to one thing: planned, or done.",
    fields: &[
        Field::new("type", Words(&[CHANGE]), "What the record is.").required(),
        Field::new("verb", Text, "The verb that does it."),
        Field::new("kind", Text, "The `type` of the thing's own record.").required(),
        Field::new("id", Text, "The id of the thing; `new:…` of one that is still to be made."),
        Field::new("name", Text, "What people call the thing."),
        Field::new("before", AnyObject, "The fields as they were; null of a creation.")
            .required()
            .or_null(),
        Field::new("after", AnyObject, "The fields as they are then; null of a deletion.")
            .required()
            .or_null(),
        Field::new("source", Text, "The row that asks for it: `devices.csv:17`."),
        Field::new("run", Text, "The run in which it was done."),
        Field::new("outcome", Text, "What was done; none in a plan."),
        Field::new("at", Time, "When it was done."),
        Field::new("row", Integer, "The number of the row in its run."),
        Field::new("partly", Truth, "Whether it was told before the rest of its row was done."),
        Field::new("dry_run", Truth, "True where nothing was done."),
        Field::new("same_as", Text, "The row that was told what became of the same."),
        Field::new(STEP, Integer, "Its place where changes have an order of their own."),
        Field::new(PLAN, Text, "The plan that it is of, where that is carried out once."),
        Field::new(CONDITIONAL, Truth, "True of a restart that a device may put off."),
    ],
};

/// The kind of what a [`Transfer`] moves.
const DEVICE: &str = "device";

/// What a change record says besides the effect. What is empty is not said.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "they are those of a change")]
pub struct Provenance<'a> {
    pub verb: &'a str,
    pub source: &'a str,
    pub run: &'a str,
    pub outcome: &'a str,
    pub at: &'a str,
}

/// The value of a field of a change record.
pub(super) enum FieldOfChange<'a> {
    Text(&'a str),
    State(Option<&'a Record>),
}

impl Effect {
    /// Appends the change record as JSON, but for its last brace: other fields may follow.
    pub fn write(&self, provenance: &Provenance<'_>, out: &mut String) {
        let begin = out.len();
        self.each_field(provenance, |name, value| {
            write_name(name, begin, out);
            match value {
                FieldOfChange::Text(text) => write_text(text, out),
                FieldOfChange::State(Some(state)) => state.write_json(out),
                FieldOfChange::State(None) => out.push_str("null"),
            }
        });
    }

    /// Gives the fields of the change record, in their order.
    pub(super) fn each_field(
        &self,
        provenance: &Provenance<'_>,
        mut field: impl FnMut(&'static str, FieldOfChange<'_>),
    ) {
        let Provenance { verb, source, run, outcome, at } = *provenance;
        let [before, after] =
            [&self.before, &self.after].map(|state| FieldOfChange::State(state.as_ref()));
        for (name, value) in [
            ("type", FieldOfChange::Text(CHANGE)),
            ("verb", FieldOfChange::Text(verb)),
            ("kind", FieldOfChange::Text(&self.kind)),
            ("id", FieldOfChange::Text(&self.id)),
            ("name", FieldOfChange::Text(&self.name)),
            ("before", before),
            ("after", after),
            ("source", FieldOfChange::Text(source)),
            ("run", FieldOfChange::Text(run)),
            ("outcome", FieldOfChange::Text(outcome)),
            ("at", FieldOfChange::Text(at)),
        ] {
            if !matches!(value, FieldOfChange::Text("")) {
                field(name, value);
            }
        }
    }
}

/// A device goes from one group to another, each told by its id and its type: as an [`Effect`], or written without
/// one, of which a million would be made.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// The id of the device.
    pub id: &'a str,
    /// Its name, empty if it has none.
    pub name: &'a str,
    /// The group that it was in.
    pub from: Option<(&'a str, &'a str)>,
    /// The group that it is in then.
    pub to: Option<(&'a str, &'a str)>,
}

impl Transfer<'_> {
    /// The same as an effect.
    pub fn effect(&self) -> Effect {
        let side = |group| {
            let mut side = Record::new();
            self.each_field(group, |name, value| match value {
                Some(text) => side.insert_text(name, text),
                None => side.insert_json(name, "null"),
            });
            side
        };
        Effect {
            kind: DEVICE.to_owned(),
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            before: Some(side(self.from)),
            after: Some(side(self.to)),
        }
    }

    /// As [`Effect::write`].
    pub fn write(&self, provenance: &Provenance<'_>, out: &mut String) {
        let Provenance { verb, source, run, outcome, at } = *provenance;
        let begin = out.len();
        write_texts([("type", CHANGE), ("verb", verb), ("kind", DEVICE)], begin, out);
        write_texts([("id", self.id), ("name", self.name)], begin, out);
        for (side, group) in [("before", self.from), ("after", self.to)] {
            write_name(side, begin, out);
            let inner = out.len();
            self.each_field(group, |name, value| {
                write_name(name, inner, out);
                match value {
                    Some(text) => write_text(text, out),
                    None => out.push_str("null"),
                }
            });
            out.push('}');
        }
        write_texts([("source", source), ("run", run)], begin, out);
        write_texts([("outcome", outcome), ("at", at)], begin, out);
    }

    /// The fields of one side. The type of the group is told where it changes.
    fn each_field(
        &self,
        group: Option<(&str, &str)>,
        mut field: impl FnMut(&'static str, Option<&str>),
    ) {
        field("devicegroup_id", group.map(|(id, _)| id));
        if self.from.map(|(_, kind)| kind) != self.to.map(|(_, kind)| kind) {
            field("devicegroup_type", group.map(|(_, kind)| kind));
        }
    }
}

/// Appends those of the fields that are not empty to the object that begins there.
fn write_texts<const N: usize>(fields: [(&str, &str); N], begin: usize, out: &mut String) {
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        write_name(name, begin, out);
        write_text(value, out);
    }
}

/// Appends the name of the next field to the object that begins there.
fn write_name(name: &str, begin: usize, out: &mut String) {
    out.push_str(if out.len() == begin { "{\"" } else { ",\"" });
    out.push_str(name);
    out.push_str("\":");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Change;

    #[test]
    fn every_field_of_a_change_is_described() {
        let provenance = Provenance { verb: "v", source: "s", run: "r", outcome: "o", at: "a" };
        let effect =
            Effect { kind: "k".into(), id: "i".into(), name: "n".into(), ..Effect::default() };
        let described: Vec<&str> = CHANGE_RECORD.fields.iter().map(|field| field.name).collect();
        let mut written = Vec::new();
        effect.each_field(&provenance, |name, _| written.push(name));
        assert_eq!(described[..written.len()], written);
    }

    #[test]
    fn a_change_is_written_as_its_record_reads_and_a_transfer_as_its_effect() {
        let provenance =
            Provenance { verb: "assign", source: "a\"b:1", run: "r", ..Default::default() };
        let [bench, shop] = ["development_devicegroup", "production_devicegroup"];
        for (from, to) in [
            (None, Some(("g", bench))),
            (Some(("g", bench)), Some(("h", bench))),
            (Some(("g", bench)), Some(("s", shop))),
            (Some(("s", shop)), None),
        ] {
            for name in ["", "left \"oven\""] {
                let transfer = Transfer { id: "d", name, from, to };
                let [mut written, mut of_effect] = [String::from("x"), String::from("x")];
                transfer.write(&provenance, &mut written);
                transfer.effect().write(&provenance, &mut of_effect);
                assert_eq!(written, of_effect);
                let change = Change {
                    verb: "assign".into(),
                    effect: transfer.effect(),
                    source: "a\"b:1".into(),
                    run: "r".into(),
                    ..Change::default()
                };
                assert_eq!(format!("{}}}", &written[1..]), change.to_record().to_string());
            }
        }
    }
}
