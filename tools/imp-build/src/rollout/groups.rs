//! The device groups that a build is rolled out to, in the order of the waves.
//!
//! Careful about a group that cannot be deployed to, because it is not there or is protected: it may be the one that
//! all others were to wait for, so that nothing is begun then.

use std::collections::HashMap;

use cli::guards::Guards;
use cli::rows::results::Results;
use cli::{CommandError, Exit, Session, failure, journal, text};
use model::{GroupType, Record, ResourceKind};
use ops::rollout::members;
use pipe::spool::Spool;
use pipe::{Failure, Item};
use serde_json::{Value, json};

/// A device group that is a wave.
pub struct Target {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub record: Record,
    /// The number of its devices when the rollout began.
    pub devices: u64,
    /// The number of rows that name it.
    pub rows: usize,
}

impl Target {
    /// Its type, id and name.
    pub fn named(&self) -> Record {
        named(&self.id, &self.name, text(&self.record, "type"))
    }

    /// Whether its devices are in production.
    pub fn is_production(&self) -> bool {
        GroupType::of_api(text(&self.record, "type")) == Some(GroupType::Production)
    }
}

/// A group as it stands in rows and in the journal, where a record without a type is none of a change.
fn named(id: &str, name: &str, kind: &str) -> Record {
    let mut record = Record::new();
    record.insert_text("type", kind);
    record.insert_text("id", id);
    record.insert_text("name", name);
    record
}

/// All of them.
pub struct Targets {
    /// A wave each.
    pub groups: Vec<Target>,
    /// The wave of each row of the input.
    pub of_each: Vec<usize>,
}

impl Targets {
    /// Those of a rollout that goes on.
    ///
    /// # Errors
    /// When its journal does not tell them.
    pub fn of_journal(began: &Record) -> Result<Self, CommandError> {
        let target = |group: &Value| {
            let text = |name: &str| Some(group[name].as_str()?.to_owned());
            Some(Target {
                id: text("id")?,
                name: text("name")?,
                record: named(
                    &text("id")?,
                    &text("name")?,
                    group["type"].as_str().unwrap_or_default(),
                ),
                devices: group["devices"].as_u64()?,
                rows: usize::try_from(group["rows"].as_u64()?).ok()?,
            })
        };
        let groups = began.get("groups").and_then(Value::as_array);
        let groups = groups.and_then(|groups| groups.iter().map(target).collect());
        let groups = groups.ok_or_else(|| {
            CommandError::usage("the journal of this rollout does not say to which groups it goes")
        })?;
        Ok(Targets { groups, of_each: Vec::new() })
    }

    /// As the journal has them.
    pub fn to_json(&self) -> Value {
        let group = |group: &Target| {
            let Target { id, name, record, devices, rows } = group;
            let kind = text(record, "type");
            json!({"id": id, "name": name, "type": kind, "devices": devices, "rows": rows})
        };
        self.groups.iter().map(group).collect()
    }

    /// Looks up the groups of the rows. `None` when one cannot be deployed to: then all rows have been reported.
    ///
    /// # Errors
    /// What keeps the run from starting.
    pub fn look_up(
        session: &Session,
        read: &Spool,
        is_dry_run: bool,
        results: &mut Results<'_>,
    ) -> Result<Option<Self>, CommandError> {
        let mut targets = Targets { groups: Vec::new(), of_each: Vec::new() };
        let mut waves = HashMap::new();
        let mut failures = HashMap::new();
        for (number, item) in read.read().enumerate() {
            let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
            match group_of(session, item, is_dry_run) {
                Ok(record) => targets.add(record, &mut waves),
                Err(failure) if failure.ends_run() => {
                    return leave_all(read, failure.into(), results).map(|()| None);
                }
                Err(failure) => _ = failures.insert(number, failure),
            }
        }
        if failures.is_empty() {
            for group in &mut targets.groups {
                match members(session, &group.id, || 0, |devices, _| *devices += 1) {
                    Ok(devices) => group.devices = devices,
                    Err(error) => return leave_all(read, error.into(), results).map(|()| None),
                }
            }
            return Ok(Some(targets));
        }
        refuse_all(read, &failures, results)?;
        Ok(None)
    }

    fn add(&mut self, record: Record, waves: &mut HashMap<String, usize>) {
        let id = text(&record, "id").to_owned();
        let wave = *waves.entry(id.clone()).or_insert(self.groups.len());
        self.of_each.push(wave);
        match self.groups.get_mut(wave) {
            Some(group) => group.rows += 1,
            None => self.groups.push(Target {
                id,
                name: text(&record, "name").to_owned(),
                record,
                devices: 0,
                rows: 1,
            }),
        }
    }
}

/// The present state of the group of a row, if it may be deployed to.
fn group_of(session: &Session, item: Item, is_dry_run: bool) -> Result<Record, Failure> {
    let row = match item {
        Item::Row(row) => row,
        Item::Bad(bad) => return Err(bad.failure),
    };
    if row.is_dry_run() && !is_dry_run {
        return Err(cli::rows::from_dry_run());
    }
    let kind = ResourceKind::DeviceGroup;
    let group = session.resource(kind, &row, &[])?;
    let group = session.present(kind, &row, &group)?;
    let product = group.text("product_id");
    match session.guards.protect_group(text(&group, "id"), product).map_err(failure)? {
        true => Err(failure(Guards::is_protected())),
        false => Ok(group),
    }
}

/// Reports all rows where one of them keeps the rollout from beginning.
fn refuse_all(
    read: &Spool,
    failures: &HashMap<usize, Failure>,
    results: &mut Results<'_>,
) -> Result<(), CommandError> {
    let other = Failure::not_attempted("another device group cannot be deployed to");
    for (number, item) in read.read().enumerate() {
        let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
        journal::note_item(&item);
        let failure = failures.get(&number).unwrap_or(&other);
        match item {
            Item::Row(row) => results.bad(failure, &row.record, &row.source),
            Item::Bad(bad) => results.bad(&bad.failure, &bad.input, &bad.source),
        }
    }
    let why = "nothing was begun: a rollout goes to all of its groups or to none";
    results.not_agreed(CommandError { exit: Exit::SomeFailed, message: Some(why.to_owned()) });
    Ok(())
}

/// Reports all rows as not attempted, because of `reason`, which is said once.
///
/// # Errors
/// When rows that waited cannot be read.
pub fn leave_all(
    read: &Spool,
    reason: CommandError,
    results: &mut Results<'_>,
) -> Result<(), CommandError> {
    results.not_agreed(reason);
    ops::rollout::leave_all(read, results)
}
