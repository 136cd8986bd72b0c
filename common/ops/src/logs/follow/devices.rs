//! From rows and groups to the devices to follow.

use model::{ErrorKind, GroupType, Record, ResourceKind};
use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use pipe::{Failure, Identifier, Item, ReadError, Row};

use super::{Followed, Following, LogChecks, PrintedLines, mark_log};
use crate::logs::cursor::Cursor;
use cli::consent::count;
use cli::rows::results::Results;
use cli::rows::source::{RowArgs, RowSource};
use cli::{Exit, Result, rows::interrupted, terminal::stderr};
use cli::{Session, text};

/// What to follow.
#[derive(Clone, Copy, Debug)]
pub struct FollowRows<'a> {
    /// Devices; rows that are device groups mean their devices.
    pub args: RowArgs<'a>,
    /// Device groups given as options.
    pub groups: &'a [String],
    /// Log streams to use.
    pub streams: usize,
    /// Begin with what was stored from this time on.
    pub since: Option<SystemTime>,
    /// Go on where this file says, and keep there where it ended.
    pub cursor: Option<&'a Path>,
    /// What the lines are watched for.
    pub checks: &'a LogChecks,
}

/// The devices to follow, in their order, and the rows that mean each of them.
#[derive(Default)]
struct Wanted {
    ids: Vec<String>,
    rows: HashMap<String, Vec<Row>>,
    /// Something was named, though it may be a group without devices.
    any: bool,
}

/// A device's id, and the row to report it by.
type Meant = (String, Row);

impl Wanted {
    fn add(&mut self, (id, row): Meant) {
        let rows = self.rows.entry(id.clone()).or_default();
        if rows.is_empty() {
            self.ids.push(id);
        }
        rows.push(row);
    }

    /// Takes in what a row means, or reports it.
    fn take(
        &mut self,
        item: std::result::Result<Item, ReadError>,
        results: &mut Results<'_>,
        meant: impl FnOnce(&Row) -> std::result::Result<Vec<Meant>, Failure>,
    ) {
        self.any = true;
        match item {
            Ok(Item::Row(row)) if !results.is_over() => match meant(&row) {
                Ok(found) => found.into_iter().for_each(|one| self.add(one)),
                Err(failure) => results.bad(&failure, &row.record, &row.source),
            },
            other => results.not_attempted(other),
        }
    }
}

/// Prints what these devices log from now on. The rows are read to their end first.
///
/// # Errors
/// What keeps the run from starting; a failed row is no error.
pub fn follow_rows(session: &Session, what: &FollowRows<'_>) -> Result {
    let mut results = Results::open(session, what.args, None)?;
    if what.checks.have_a_verdict() {
        session.inputs.go_on_without_a_reader();
    }
    let cursor = what.cursor.map(Cursor::open).transpose()?;
    let noun = ResourceKind::DeviceGroup.noun();
    let groups = RowSource::identified(noun, "--dg", what.groups);
    let mut wanted = Wanted::default();
    if !what.groups.is_empty() {
        for item in groups.rows(&session.inputs)? {
            wanted.take(item, &mut results, |row| devices_of_group(session, row));
        }
    }
    if what.groups.is_empty() || !what.args.source.is_default() {
        for item in what.args.source.rows(&session.inputs)? {
            wanted.take(item, &mut results, |row| devices_of(session, row));
        }
    }
    if results.is_over() {
        let rows = wanted.rows.into_values().flatten();
        rows.for_each(|row| results.not_attempted(Ok(Item::Row(row))));
    } else if wanted.ids.is_empty() {
        // An empty pipe is nothing to do; a group without devices is not what was meant.
        if wanted.any {
            stderr::say("there is no device to follow");
            results.note(Exit::SomeFailed);
        }
    } else {
        follow_wanted(session, wanted, what, cursor, &mut results);
    }
    Ok(results.finish())
}

fn follow_wanted(
    session: &Session,
    wanted: Wanted,
    what: &FollowRows<'_>,
    cursor: Option<Cursor>,
    results: &mut Results<'_>,
) {
    let Wanted { ids, mut rows, .. } = wanted;
    let followed = |id: String| {
        let noted = cursor.as_ref().and_then(|cursor| cursor.places().of(&id));
        let printed_lines = noted.or_else(|| what.since.map(PrintedLines::before));
        Followed { id, printed_lines }
    };
    let devices = ids.into_iter().map(followed).collect();
    let FollowRows { streams, checks, .. } = *what;
    let following = Following { session, output: &session.output, streams, checks, cursor };
    let ended = following.follow(devices, |id, failure| {
        for row in rows.remove(id).into_iter().flatten() {
            results.bad(failure, &row.record, &row.source);
        }
    });
    match ended {
        Ok(exit) => results.note(exit),
        Err(error) => results.end_run(error),
    }
    rows.values().flatten().for_each(|_| results.tally.ok());
}

/// A row's device, or the devices of its group.
fn devices_of(session: &Session, row: &Row) -> std::result::Result<Vec<Meant>, Failure> {
    if ResourceKind::DeviceGroup.types().contains(&text(&row.record, "type")) {
        return devices_of_group(session, row);
    }
    if session.is_stopped() {
        return Err(interrupted());
    }
    let device = row.identifier(ResourceKind::Device, &[])?;
    device_id_of(session, &device).map(|id| vec![(id, row.clone())])
}

/// The devices of the group that a row means, each as a row of its own.
fn devices_of_group(session: &Session, row: &Row) -> std::result::Result<Vec<Meant>, Failure> {
    if session.is_stopped() {
        return Err(interrupted());
    }
    let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
    let members = session.members(text(&group, "id"))?;
    if members.is_empty() {
        // A group that is not there has an empty list, too.
        session.get("devicegroups", text(&group, "id"))?;
    }
    has_logs(session, &group, &members)?;
    let source = match row.source.as_str() {
        "--dg" => format!("--dg {}", text(&row.record, "id")),
        of_input => of_input.to_owned(),
    };
    let meant = |id: String| (id.clone(), Row::bare(&id, &source));
    Ok(members.into_iter().map(meant).collect())
}

/// Asks for the log of the first device of a production group: when that is refused, so are the others, and it is
/// said once for the group.
fn has_logs(
    session: &Session,
    group: &Record,
    members: &[String],
) -> std::result::Result<(), Failure> {
    let is_production = GroupType::of_api(text(group, "type")) == Some(GroupType::Production);
    let Some(first) = members.first().filter(|_| is_production) else { return Ok(()) };
    match mark_log(session, first) {
        Err(failure) if failure.kind == ErrorKind::Refused => {
            let why = failure.detail.clone().unwrap_or_default();
            let devices = count(members.len() as u64, "device");
            Err(failure.detail(format!("the same of all {devices} of the group: {why}")))
        }
        _ => Ok(()),
    }
}

/// The id of a device. One that is an id is good as it is: whether there is such a device shows when
/// its log is read.
pub(in crate::logs) fn device_id_of(
    session: &Session,
    device: &Identifier,
) -> std::result::Result<String, Failure> {
    if model::identifier::shape(&device.text) == model::identifier::Shape::Id {
        return Ok(device.text.to_ascii_lowercase());
    }
    Ok(text(&session.device(device)?, "id").to_owned())
}
