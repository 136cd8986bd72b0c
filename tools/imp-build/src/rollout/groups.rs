//! The device groups that a build is rolled out to, in the order of the waves.
//!
//! Careful about a group that cannot be deployed to, because it is not there or is protected: it may be the one that
//! all others were to wait for, so that nothing is begun then.

use std::collections::{HashMap, HashSet};

use cli::guards::Guards;
use cli::rows::results::Results;
use cli::terminal::stderr;
use cli::{CommandError, Exit, Session, failure, journal, text};
use model::change::CURRENT;
use model::{ErrorKind, GroupType, Record, ResourceKind};
use ops::rollout::{is_offline, members};
use pipe::spool::Spool;
use pipe::{Failure, Item};
use serde_json::{Value, json};

use crate::code::Code;
use crate::current::is_same;
use crate::original::Original;

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
    /// Those of its devices that were offline then, where that has to be known.
    pub offline: HashSet<String>,
    /// It had the code of the build when the rollout began.
    pub has_it: bool,
}

impl Target {
    /// Its type, id and name.
    pub fn named(&self) -> Record {
        named(&self.id, &self.name, text(&self.record, "type"))
    }

    /// Looks whether it has this code already, and says where the build that it has could not be deployed again.
    ///
    /// # Errors
    /// What ends the run.
    pub fn look_at_build(&mut self, session: &Session, code: &Code) -> Result<(), Failure> {
        match build_of(session, &self.record) {
            Ok(current) => {
                self.has_it = current.is_some_and(|build| is_same(&self.record, &build.0, code));
            }
            Err(failure) if failure.ends_run() => return Err(failure),
            Err(failure) => stderr::say(&format!(
                "{} could not be given the build again that it has: {}",
                self.name, failure.title
            )),
        }
        Ok(())
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
                offline: serde_json::from_value(group["offline"].clone()).unwrap_or_default(),
                has_it: group["has_it"] == true,
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
            let Target { id, name, record, devices, rows, offline, has_it } = group;
            let kind = text(record, "type");
            json!({
                "id": id, "name": name, "type": kind, "devices": devices, "rows": rows,
                "offline": offline, "has_it": has_it,
            })
        };
        self.groups.iter().map(group).collect()
    }

    /// Looks up the groups of the rows. `None` when one cannot be deployed to, or not be taken back if that is wanted:
    /// then all rows have been reported.
    ///
    /// # Errors
    /// What keeps the run from starting.
    pub fn look_up(
        session: &Session,
        read: &Spool,
        wanted: Wanted,
        results: &mut Results<'_>,
    ) -> Result<Option<Self>, CommandError> {
        let mut targets = Targets { groups: Vec::new(), of_each: Vec::new() };
        let mut waves = HashMap::new();
        let mut failures = HashMap::new();
        for (number, item) in read.read().enumerate() {
            let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
            match group_of(session, item, wanted) {
                Ok(record) => targets.add(record, &mut waves),
                Err(failure) if failure.ends_run() => {
                    return leave_all(read, failure.into(), results).map(|()| None);
                }
                Err(failure) => _ = failures.insert(number, failure),
            }
        }
        if failures.is_empty() {
            for group in &mut targets.groups {
                let seen = members(session, &group.id, Default::default, |seen, device| {
                    let (devices, offline): &mut (u64, HashSet<String>) = seen;
                    *devices += 1;
                    if wanted.counts_offline && is_offline(&device) {
                        offline.insert(text(&device, "id").to_owned());
                    }
                });
                match seen {
                    Ok(seen) => (group.devices, group.offline) = seen,
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
                offline: HashSet::new(),
                has_it: false,
            }),
        }
    }
}

/// What the groups of a rollout are looked up for.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Nothing is changed.
    pub is_dry_run: bool,
    /// The build that a group has must be one that it can be given again.
    pub goes_back: bool,
    /// It has to be known which devices are offline before.
    pub counts_offline: bool,
}

/// The present state of the group of a row, if it may be deployed to.
fn group_of(session: &Session, item: Item, wanted: Wanted) -> Result<Record, Failure> {
    let row = match item {
        Item::Row(row) => row,
        Item::Bad(bad) => return Err(bad.failure),
    };
    if row.is_dry_run() && !wanted.is_dry_run {
        return Err(cli::rows::from_dry_run());
    }
    let kind = ResourceKind::DeviceGroup;
    let group = session.resource(kind, &row, &[])?;
    let group = session.present(kind, &row, &group)?;
    let product = group.text("product_id");
    match session.guards.protect_group(text(&group, "id"), product).map_err(failure)? {
        true => Err(failure(Guards::is_protected())),
        false if wanted.goes_back => has_way_back(session, &group).map(|()| group),
        false => Ok(group),
    }
}

/// Whether a group can be given again what it has now. That one without a build cannot be is told elsewhere.
fn has_way_back(session: &Session, group: &Record) -> Result<(), Failure> {
    let Err(failure) = build_of(session, group) else { return Ok(()) };
    if !matches!(failure.kind, ErrorKind::Refused | ErrorKind::NotFound) {
        return Err(failure);
    }
    let detail = format!("{}; without --back it can be rolled out", failure.title);
    Err(Failure::new(failure.kind, "--back could not deploy the build again that the group has")
        .detail(detail))
}

/// The build that a group has, code and all, if it has one. It is fetched once a run.
///
/// # Errors
/// `refused` where its code is not told.
pub fn build_of(session: &Session, group: &Record) -> Result<Option<Original>, Failure> {
    match text(group, CURRENT) {
        "" => Ok(None),
        current => Original::find(session, current).map(Some),
    }
}

/// Whether none of the groups that are still to be deployed to is protected, as one may be since the rollout began.
///
/// # Errors
/// Why it does not go on.
pub fn are_open(session: &Session, groups: &[Target]) -> Result<(), CommandError> {
    for group in groups {
        if session.guards.protect_group(&group.id, None).map_err(failure)? {
            let why = failure(Guards::is_protected()).sentence();
            let message = format!("nothing more was begun: {} is protected now: {why}", group.name);
            return Err(CommandError { exit: Exit::SomeFailed, message: Some(message) });
        }
    }
    Ok(())
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
