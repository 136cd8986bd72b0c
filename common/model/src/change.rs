//! A change: what one row does to one thing, as a record that can be stored, cut with `jq`, and carried out.

mod written;

use serde_json::Value;

use crate::{GroupType, Record, ResourceKind};
use written::FieldOfChange;
pub use written::{CHANGE_RECORD, Provenance, Transfer};

/// The `type` of the records.
pub const CHANGE: &str = "change";

/// How ids of things begin that are still to be made.
pub const PLANNED: &str = "new:";

/// The field of a change of [`CURRENT`] that tells what the deployment is made of, its sha first.
pub const BUILD: &str = "current_deployment";

/// The field of a change that tells its place where changes have an order of their own.
pub const STEP: &str = "step";

/// The field of a change that tells of which plan it is, where that is carried out once.
pub const PLAN: &str = "plan";

/// The field of a change that tells whether a restart is one that a device may put off.
pub const CONDITIONAL: &str = "conditional";

/// The field of a device group that changes when code is deployed to it.
pub const CURRENT: &str = "current_deployment_id";

/// The field of a production group that says whether devices load their code once they are blessed. It can only be set
/// afterwards (imp-service(7), section 7.3), and is true at first.
pub const LOADS_CODE: &str = "load_code_after_blessing";

/// The field of a device group that names its minimum supported deployment.
pub const MINIMUM: &str = "min_supported_deployment_id";

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

    /// The thing of `record`, its whole state, is deleted.
    pub fn deletion(record: &Record) -> Self {
        Effect { before: Some(needed_to_make(record)), ..Effect::of(record) }
    }

    /// The thing of `record`, its state, gets the fields of `wanted`, as far as it has not got them.
    pub fn update(record: &Record, wanted: Record) -> Self {
        let mut after = wanted;
        let same: Vec<bool> =
            after.iter().map(|(name, value)| is_same(record.get(name), Some(value))).collect();
        let mut same = same.into_iter();
        after.retain(|_| same.next() == Some(false));
        let mut before = Record::new();
        for name in after.keys() {
            before.insert_json(name, record.json(name).unwrap_or("null"));
        }
        Effect { before: Some(before), after: Some(after), ..Effect::of(record) }
    }

    /// The device of `record` goes from one group to another, each told by its id and its type.
    pub fn transfer(record: &Record, from: Option<(&str, &str)>, to: Option<(&str, &str)>) -> Self {
        Transfer { id: &text(record, "id"), name: &text(record, "name"), from, to }.effect()
    }

    /// Something that is done to the thing of `record` and leaves no other state: a restart.
    pub fn action(record: &Record) -> Self {
        Effect::update(record, Record::new())
    }

    /// The same with the id that the thing has. Of what is a secret only the beginning is kept.
    #[must_use]
    pub fn called(self, id: &str) -> Self {
        let id = match ResourceKind::of_type(&self.kind).is_some_and(ResourceKind::is_secret) {
            true => format!("{}…", id.chars().take(4).collect::<String>()),
            false => id.to_owned(),
        };
        Effect { id, ..self }
    }

    fn of(record: &Record) -> Self {
        let (kind, name) = (text(record, "type"), text(record, "name"));
        Effect { kind, name, ..Effect::default() }.called(record.text("id").unwrap_or_default())
    }

    /// Whether it is something done that leaves no other state.
    pub fn is_action(&self) -> bool {
        let is_empty = |side: &Option<Record>| side.as_ref().is_some_and(Record::is_empty);
        is_empty(&self.before) && is_empty(&self.after)
    }

    /// Whether it takes a device out of production, as far as it tells the types of the groups.
    pub fn unblesses(&self) -> bool {
        let is_blessed = |side: &Record| {
            let kind = GroupType::of_api(&text(side, "devicegroup_type"));
            kind.is_some_and(GroupType::is_blessed)
        };
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return false };
        self.kind == "device" && is_blessed(before) && !is_blessed(after)
    }

    /// Why it cannot be undone, if it cannot.
    pub fn no_way_back(&self) -> Option<&'static str> {
        let is_group = ResourceKind::DeviceGroup.types().contains(&&*self.kind);
        match (self.kind.as_str(), &self.before, &self.after) {
            _ if self.is_action() => Some("a restart is over"),
            ("login_key" | "refresh_token", ..) => {
                Some("login keys and tokens are secrets, which records do not hold")
            }
            ("device", Some(_), None) => Some("only BlinkUp brings a removed device back"),
            _ if self.unblesses() => Some("only blessing makes a production device again"),
            ("deployment", Some(_), None) => Some("the code of a deleted build is gone"),
            (_, _, Some(after)) if is_group && after.contains_key(MINIMUM) => {
                Some("a minimum supported deployment can only rise")
            }
            (_, Some(before), Some(after))
                if is_group && after.contains_key(CURRENT) && text(before, CURRENT).is_empty() =>
            {
                Some("a group that has code cannot be without again")
            }
            _ => None,
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
    /// Its place where changes have an order of their own; those of one request share it.
    pub step: Option<u64>,
}

impl Change {
    /// As one record.
    pub fn to_record(&self) -> Record {
        let mut record = Record::new();
        self.effect.each_field(&self.provenance(), |name, value| match value {
            FieldOfChange::Text(text) => record.insert_text(name, text),
            FieldOfChange::State(Some(state)) => record.insert_record(name, state),
            FieldOfChange::State(None) => record.insert_json(name, "null"),
        });
        if let Some(step) = self.step {
            record.insert(STEP, step.into());
        }
        record
    }

    fn provenance(&self) -> Provenance<'_> {
        let Change { verb, source, run, outcome, at, .. } = self;
        Provenance { verb, source, run, outcome, at }
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of_record(record: &Record) -> Result<Self, String> {
        if text(record, "type") != CHANGE {
            return Err("it is no change record: its `type` is not `change`".into());
        }
        // One that was lost would make a creation or a deletion of an update.
        let lost = |name: &str| format!("its `{name}` is missing: null stands for nothing");
        let state = |name: &str| match record.json(name) {
            None => Err(lost(name)),
            Some("null") => Ok(None),
            Some(_) if let Some(fields) = record.record(name) => Ok(Some(fields)),
            Some(_) => Err(format!("its `{name}` is neither an object nor null")),
        };
        let has = |name: &str| record.json(name).is_some_and(|side| side != "null");
        if !has("before") && !has("after") {
            return Err("it has neither `before` nor `after`".into());
        }
        let (before, after) = (state("before")?, state("after")?);
        let kind = text(record, "kind");
        if kind.is_empty() {
            return Err("it has no `kind`".into());
        }
        let step = match record.get(STEP) {
            None | Some(Value::Null) => None,
            Some(step) => Some(step.as_u64().ok_or("its `step` is no whole number")?),
        };
        let effect =
            Effect { kind, id: text(record, "id"), name: text(record, "name"), before, after };
        Ok(Change {
            verb: text(record, "verb"),
            effect,
            source: text(record, "source"),
            run: text(record, "run"),
            outcome: text(record, "outcome"),
            at: text(record, "at"),
            step,
        })
    }
}

/// The id in a plan of what is still to be made, under this name in these places: `new:{Ovens}{Bench}`.
pub fn planned_id(places_and_name: &[&str]) -> String {
    let parts = places_and_name.iter().map(|part| match part.strip_prefix(PLANNED) {
        Some(planned) => planned.to_owned(),
        None => format!("{{{part}}}"),
    });
    format!("{PLANNED}{}", parts.collect::<String>())
}

/// Whether two values of a field mean the same. An empty text, list or object means the same as none.
pub fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    one == other || (is_empty(one) && is_empty(other))
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// Of the record of a thing what is needed to make it again; code is left out but for its sha.
pub fn needed_to_make(record: &Record) -> Record {
    let fields: &[&str] = match ResourceKind::of_type(&text(record, "type")) {
        Some(ResourceKind::Product) => &["name", "description", "owner_id"],
        Some(ResourceKind::DeviceGroup) => &[
            "name",
            "description",
            "product_id",
            "production_target_id",
            "dut_target_id",
            "region",
            LOADS_CODE,
            "env_vars",
            CURRENT,
        ],
        Some(ResourceKind::Webhook) => &["devicegroup_id", "event", "url", "content_type"],
        Some(ResourceKind::Deployment) => {
            &["devicegroup_id", "sha", "description", "origin", "tags", "flagged"]
        }
        Some(ResourceKind::Device) => &["name", "mac_address"],
        Some(ResourceKind::LoginKey) => &["description"],
        _ => &[],
    };
    let mut needed = Record::new();
    for name in fields.iter().filter(|name| !is_empty(record.get(name))) {
        needed.copy(name, record);
    }
    needed
}

fn text(record: &Record, name: &str) -> String {
    record.text(name).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: &Value) -> Record {
        value.as_object().cloned().unwrap().into()
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
        let placed = Change { step: Some(7), ..change.clone() };
        assert_eq!(Change::of_record(&placed.to_record()), Ok(placed));
        let record = change.to_record();
        let keys: Vec<&str> = record.keys().collect();
        assert_eq!(keys, ["type", "verb", "kind", "id", "name", "before", "after", "source"]);
        let back = change.effect.clone().reversed();
        assert_eq!((&back.before, &back.after), (&change.effect.after, &change.effect.before));
    }

    #[test]
    fn creations_and_deletions_have_one_side() {
        let made = Effect::creation("product", record(&json!({"name": "P"})));
        assert_eq!((made.name.as_str(), made.before.is_none()), ("P", true));
        let group = json!({"type": "dut_devicegroup", "id": "g", "name": "D", "product_id": "p",
            "description": "", "created_at": "t"});
        let gone = Effect::deletion(&record(&group));
        assert_eq!(gone.before, Some(record(&json!({"name": "D", "product_id": "p"}))));
        for bad in [
            json!({"type": "device"}),
            json!({"type": "change", "kind": "device"}),
            json!({"type": "change", "kind": "device", "before": 1, "after": {}}),
            json!({"type": "change", "after": {}}),
            json!({"type": "change", "kind": "device", "after": {}, "step": "first"}),
        ] {
            assert!(Change::of_record(&record(&bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_changes_is_told_and_a_secret_is_not() {
        let state =
            json!({"type": "login_key", "id": "7d8e6670aa285e9d", "description": "a", "x": null});
        let wanted = record(&json!({"description": "b", "x": "", "y": []}));
        let effect = Effect::update(&record(&state), wanted);
        assert_eq!(
            (effect.id.as_str(), effect.after),
            ("7d8e…", Some(record(&json!({"description": "b"}))))
        );
    }

    #[test]
    fn what_has_no_way_back_says_why() {
        let effect = |kind: &str, before: Value, after: Value| Effect {
            kind: kind.into(),
            before: before.as_object().cloned().map(Record::from),
            after: after.as_object().cloned().map(Record::from),
            ..Effect::default()
        };
        let [shop, bench] = ["production_devicegroup", "development_devicegroup"]
            .map(|kind| json!({"devicegroup_id": "g", "devicegroup_type": kind}));
        for (effect, has_none) in [
            (effect("device", json!({}), json!({})), true),
            (effect("device", json!({}), Value::Null), true),
            (effect("device", shop.clone(), bench.clone()), true),
            (effect("device", bench, shop), false),
            (effect("deployment", json!({}), Value::Null), true),
            (effect("deployment", json!({"tags": []}), json!({"tags": ["a"]})), false),
            (effect("dut_devicegroup", json!({}), json!({MINIMUM: "x"})), true),
            (effect("dut_devicegroup", json!({CURRENT: null}), json!({CURRENT: "x"})), true),
            (effect("dut_devicegroup", json!({CURRENT: "w"}), json!({CURRENT: "x"})), false),
            (effect("product", json!({"name": "P"}), Value::Null), false),
            (effect("login_key", Value::Null, json!({})), true),
        ] {
            assert_eq!(effect.no_way_back().is_some(), has_none, "{effect:?}");
        }
    }
}
