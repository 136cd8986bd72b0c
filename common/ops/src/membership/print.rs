//! Prints the rows of a bulk move in their order, with what is known to have changed.

use model::{Effect, ErrorKind, Record};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use pipe::engine::{self, Done};
use pipe::spool::Reader;
use pipe::{Failure, Identifier, Item, NamedBy, Row};
use serde_json::Value;

use super::Move;
use super::devices::Devices;
use super::groups::Group;
use super::row::{MoveRows, RowState};
use cli::CommandError;
use cli::rows::naming::name_device;
use cli::rows::results::Results;
use cli::rows::{Outcome, RowDone, SAME_AS};
use cli::{Session, journal};

/// Rows that are read back and printed together.
const AT_ONCE: usize = 256;

/// A row that is settled, as it is printed.
enum Ready {
    /// What to print; the device and the row for when it cannot be read back.
    Good(RowDone, String, Row),
    /// What to print of a row that was done; why the run was over before it was read back.
    NotReadBack(RowDone, Row, Failure),
    Bad(Failure, Record, String),
    /// What was done of a row that failed afterwards.
    DoneAndBad(RowDone, Failure, Row),
}

/// Prints rows in their order, up to the first that is not settled.
pub(super) struct Printer<'a, 'b> {
    pub session: &'a Session,
    pub order: &'a Move<'a>,
    pub results: &'a mut Results<'b>,
    pub reader: Reader<Item>,
    pub next: u32,
    /// Rows that later ones repeat, and where they came from once that has been read.
    pub repeated: HashMap<u32, Option<String>>,
}

impl Printer<'_, '_> {
    /// False when nothing new is to be begun, because results cannot be written any more.
    pub fn print_settled(&mut self, rows: &MoveRows) -> bool {
        loop {
            let mut ready = Vec::new();
            while ready.len() < AT_ONCE
                && let Some(state) = settled(rows, self.next)
            {
                match self.reader.next() {
                    Some(Ok(item)) => {
                        self.note_repeated(&item);
                        let mut one = self::ready(item, rows, (self.next, state));
                        self.tell_first(rows.state(self.next), &mut one);
                        ready.push(one);
                    }
                    Some(Err(error)) => self.results.end_run(CommandError::cannot_keep(&error)),
                    None => {}
                }
                self.next += 1;
            }
            if ready.is_empty() {
                return !self.results.is_over();
            }
            self.print(ready);
        }
    }

    /// Remembers where a row came from that later ones repeat.
    fn note_repeated(&mut self, item: &Item) {
        if let (Item::Row(row), Some(source)) = (item, self.repeated.get_mut(&self.next)) {
            *source = Some(row.source.clone());
        }
    }

    /// Tells of a row that repeats another where that one came from.
    fn tell_first(&self, state: RowState, one: &mut Ready) {
        let RowState::As(first) = state else { return };
        let first = self.repeated.get(&first).cloned().flatten();
        if let (Ready::Good(done, ..), Some(source)) = (one, first) {
            done.record.insert(SAME_AS, source.into());
        }
    }

    fn print(&mut self, ready: Vec<Ready>) {
        let changes = self.order.job.changes.unwrap_or_default();
        if !changes.read_back || changes.dry_run {
            ready.into_iter().for_each(|ready| report(self.results, ready));
            return;
        }
        let (session, results) = (self.session, &mut *self.results);
        engine::ordered(
            usize::from(session.common.jobs),
            &AtomicBool::new(false),
            ready.into_iter(),
            |ready| read_back(session, ready),
            |done| {
                if let Done::Worked(ready) = done {
                    report(results, ready);
                }
                ControlFlow::Continue(())
            },
        );
    }
}

fn ready(item: Item, rows: &MoveRows, (number, state): (u32, RowState)) -> Ready {
    let row = match item {
        Item::Bad(bad) => return Ready::Bad(bad.failure, bad.input, bad.source),
        Item::Row(row) => row,
    };
    let devices = &rows.devices;
    let outcome = match (state, devices.target(number)) {
        (RowState::Unchanged, _) => Outcome::Unchanged,
        (RowState::Moved, Some(_)) => Outcome::Assigned,
        (RowState::Moved, None) => Outcome::Unassigned,
        _ => {
            let failure = rows.failure(number, state).unwrap_or_else(cli::rows::run_ended);
            return Ready::Bad(failure, row.record, row.source);
        }
    };
    Ready::Good(acted(&row, devices, number, outcome), devices.text(number), row)
}

/// The row's record with what is known now.
fn acted(row: &Row, devices: &Devices, number: u32, outcome: Outcome) -> RowDone {
    let mut row = row.clone();
    let location = devices.location(number);
    let id = location.and_then(|location| location.id);
    let is_name = location.is_some_and(|location| location.by_name);
    let named_by = if is_name { NamedBy::Name } else { devices.named_by(number) };
    let device = Identifier { named_by, text: devices.text(number) };
    name_device(&mut row.record, &device, id.map(|id| format!("{id:016x}")));
    let moved_to = devices.target(number).map(|target| devices.group(target));
    let transfer = location.filter(|_| outcome != Outcome::Unchanged).map(|location| {
        let from = location.group.map(|group| devices.group(group));
        transferred(&row.record, location.id, from, moved_to)
    });
    let mut changes = Record::new();
    if let Some(group) = moved_to {
        changes.insert("devicegroup_id", group.id.clone().into());
        changes.insert("devicegroup_type", group.kind.clone().into());
        if let Some(product) = &group.product {
            changes.insert("product_id", product.clone().into());
            changes.insert("product_type", "product".into());
        }
    } else {
        row.record
            .retain(|name| !name.starts_with("devicegroup_") && !name.starts_with("product_"));
        // An unassigned device has no agent (imp-service(7), section 8.6).
        for name in ["agent_id", "agent_url", "agent_state_changed_at"] {
            if row.record.contains_key(name) {
                changes.insert(name, Value::Null);
            }
        }
        if row.record.contains_key("agent_running") {
            changes.insert("agent_running", false.into());
        }
    }
    transfer.into_iter().fold(RowDone::changed(&row, changes, outcome), RowDone::with)
}

/// The device of a row goes from one group to another.
fn transferred(
    row: &Record,
    id: Option<NonZeroU64>,
    from: Option<&Group>,
    to: Option<&Group>,
) -> Effect {
    let mut device = Record::new();
    device.copy("id", row);
    device.copy("name", row);
    device.insert("type", "device".into());
    if let Some(id) = id {
        device.insert("id", format!("{id:016x}").into());
    }
    let [from, to] = [from, to].map(|group| Some((group?.id.as_str(), group?.kind.as_str())));
    Effect::transfer(&device, from, to)
}

/// The state of a row, if it will not change any more.
fn settled(rows: &MoveRows, number: u32) -> Option<RowState> {
    if number >= rows.len() {
        return None;
    }
    match rows.state(number) {
        RowState::Open(_) | RowState::PerhapsName(_) | RowState::Against(_) => None,
        RowState::As(first) => match settled(rows, first)? {
            RowState::Moved => Some(RowState::Unchanged),
            other => Some(other),
        },
        other => Some(other),
    }
}

fn report(results: &mut Results<'_>, ready: Ready) {
    match ready {
        Ready::Good(acted, _, row) => {
            results.good(acted, &row.source);
        }
        Ready::NotReadBack(acted, row, why) => {
            let words =
                "what was done last could not be read back, and is told as far as it is known";
            let ended = CommandError { message: None, ..CommandError::from(why.clone()) };
            let message = format!("{words}: {}", why.sentence());
            results.end_run(CommandError { message: Some(message), ..ended });
            results.good(acted, &row.source);
        }
        Ready::Bad(failure, input, source) => results.bad(&failure, &input, &source),
        Ready::DoneAndBad(acted, failure, row) => {
            if let Some(outcome) = acted.outcome.filter(|outcome| *outcome != Outcome::Unchanged) {
                let note = |effect| journal::note_part_of(results.reported(), outcome, effect);
                acted.effects.iter().for_each(note);
            }
            results.bad(&failure, &row.record, &row.source);
        }
    }
}

/// The whole state, read back. The move itself has been made: a device that cannot be read is reported
/// with that failure, unless it is the run that has ended.
fn read_back(session: &Session, ready: Ready) -> Ready {
    let Ready::Good(acted, device, row) = ready else { return ready };
    let id = acted.record.get("id").and_then(Value::as_str).unwrap_or(&device).to_owned();
    match session.get("devices", &id) {
        Ok(record) => Ready::Good(RowDone { record, ..acted }, device, row),
        Err(why) if why.kind.ends_run() || why.kind == ErrorKind::NotAttempted => {
            Ready::NotReadBack(acted, row, why)
        }
        Err(why) => {
            let done = acted.outcome.map_or("done", Outcome::word);
            let title = format!("It was {done}, but its state could not be read back");
            let words = [Some(why.title.as_str()), why.detail.as_deref()];
            let detail = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
            let detail = Some(detail).filter(|detail| !detail.is_empty());
            Ready::DoneAndBad(acted, Failure { title, detail, ..why.clone() }, row)
        }
    }
}
