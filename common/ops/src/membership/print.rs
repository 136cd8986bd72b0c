//! Prints the rows of a bulk move in their order, with what is known to have changed.

use model::{Effect, ErrorKind, Record, Transfer};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use pipe::engine::{self, Done};
use pipe::spool::Reader;
use pipe::{Failure, Item, NamedBy, Row};

use super::Move;
use super::devices::Devices;
use super::groups::{Group, GroupNumber};
use super::row::{MoveRows, RowState};
use cli::CommandError;
use cli::rows::naming::name_device;
use cli::rows::results::{MovedDevice, Results};
use cli::rows::{Outcome, RowDone, SAME_AS};
use cli::{Session, journal};

/// Rows that are read back and printed together.
const AT_ONCE: usize = 256;

/// A row that is settled, as it is printed, and where it came from.
enum Ready {
    Good(Acted, String),
    /// Its whole state is to be read back; what is known, and the device and the row for when that fails.
    ToRead(Acted, String, Row),
    /// What to print of a row that was done; why the run was over before it was read back.
    NotReadBack(Acted, String, Failure),
    /// With the move that may have been made.
    Bad(Failure, Record, String, Option<Moved>),
    /// What was done of a row that failed afterwards.
    DoneAndBad(Acted, Failure, Row),
}

/// What was done to a row.
struct Acted {
    /// The row's record with what is known now.
    record: Record,
    outcome: Outcome,
    moved: Option<Moved>,
    /// The row's record, once `record` is that of the service.
    of_row: Option<Record>,
}

/// A device that was moved, and its id, if that is known.
#[derive(Clone, Copy)]
struct Moved {
    id: Option<NonZeroU64>,
    from: Option<GroupNumber>,
    to: Option<GroupNumber>,
}

/// Prints rows in their order, up to the first that is not settled.
pub(super) struct Printer<'a, 'b> {
    pub session: &'a Session,
    pub order: &'a Move<'a>,
    pub results: &'a mut Results<'b>,
    pub reader: Reader,
    pub next: u32,
    /// Rows that later ones repeat, and where they came from once that has been read.
    pub repeated: HashMap<u32, Option<String>>,
}

impl Printer<'_, '_> {
    /// False when nothing new is to be begun, because results cannot be written any more.
    pub fn print_settled(&mut self, rows: &MoveRows) -> bool {
        loop {
            let mut all = Vec::new();
            while all.len() < AT_ONCE
                && let Some(state) = settled(rows, self.next)
            {
                match self.reader.next() {
                    Some(Ok(item)) => {
                        self.note_repeated(&item);
                        let mut one = ready(item, rows, (self.next, state), self.reads_back());
                        self.tell_first(rows.state(self.next), &mut one);
                        all.push(one);
                    }
                    Some(Err(error)) => self.results.end_run(CommandError::cannot_keep(&error)),
                    None => {}
                }
                self.next += 1;
            }
            if all.is_empty() {
                return !self.results.is_over();
            }
            self.print(all, &rows.devices);
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
        if let (Ready::Good(acted, _) | Ready::ToRead(acted, ..), Some(source)) = (one, first) {
            acted.record.insert_text(SAME_AS, &source);
        }
    }

    fn reads_back(&self) -> bool {
        let changes = self.order.job.changes.unwrap_or_default();
        changes.read_back && !changes.dry_run
    }

    fn print(&mut self, ready: Vec<Ready>, devices: &Devices) {
        if !self.reads_back() {
            self.results.together(|results| {
                ready.into_iter().for_each(|ready| report(results, ready, devices));
            });
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
                    report(results, ready, devices);
                }
                ControlFlow::Continue(())
            },
        );
    }
}

fn ready(item: Item, rows: &MoveRows, (number, state): (u32, RowState), reads_back: bool) -> Ready {
    let row = match item {
        Item::Bad(bad) => return Ready::Bad(bad.failure, bad.input, bad.source, None),
        Item::Row(row) => row,
    };
    let devices = &rows.devices;
    let outcome = match (state, devices.target(number)) {
        (RowState::Unchanged, _) => Outcome::Unchanged,
        (RowState::Moved, Some(_)) => Outcome::Assigned,
        (RowState::Moved, None) => Outcome::Unassigned,
        _ => {
            let failure = rows.failure(number, state).unwrap_or_else(cli::rows::run_ended);
            let perhaps = moved(devices, number);
            let perhaps = perhaps.filter(|_| failure.kind == ErrorKind::UnknownOutcome);
            return Ready::Bad(failure, row.record, row.source, perhaps);
        }
    };
    if reads_back {
        let done = acted(row.record.clone(), devices, number, outcome);
        return Ready::ToRead(done, devices.text(number), row);
    }
    Ready::Good(acted(row.record, devices, number, outcome), row.source)
}

fn acted(mut record: Record, devices: &Devices, number: u32, outcome: Outcome) -> Acted {
    let location = devices.location(number);
    let id = location.and_then(|location| location.id);
    let is_name = location.is_some_and(|location| location.by_name);
    let named_by = if is_name { NamedBy::Name } else { devices.named_by(number) };
    let in_hex = || id.map(|id| format!("{id:016x}"));
    name_device(&mut record, (named_by, &devices.text(number)), in_hex);
    RowDone::take_off_marks(&mut record);
    match devices.target(number) {
        Some(target) => tell_group(&mut record, devices.group(target)),
        None => tell_none(&mut record),
    }
    let moved = moved(devices, number).filter(|_| outcome != Outcome::Unchanged);
    Acted { record, outcome, moved, of_row: None }
}

/// The move of a device, if it is known where that was before.
fn moved(devices: &Devices, number: u32) -> Option<Moved> {
    let from = devices.location(number)?;
    Some(Moved { id: from.id, from: from.group, to: devices.target(number) })
}

/// Tells in the record of a device which group it is in.
fn tell_group(record: &mut Record, group: &Group) {
    record.insert_text("devicegroup_id", &group.id);
    record.insert_text("devicegroup_type", &group.kind);
    if let Some(product) = &group.product {
        record.insert_text("product_id", product);
        record.insert_text("product_type", "product");
    }
}

/// Tells in the record of a device that it is in no group.
fn tell_none(record: &mut Record) {
    record.retain(|name| !name.starts_with("devicegroup_") && !name.starts_with("product_"));
    // An unassigned device has no agent (imp-service(7), section 8.6).
    for name in ["agent_id", "agent_url", "agent_state_changed_at"] {
        if record.contains_key(name) {
            record.insert_json(name, "null");
        }
    }
    if record.contains_key("agent_running") {
        record.insert_json("agent_running", "false");
    }
}

/// The device of a row goes from one group to another.
fn transferred(row: &Record, moved: Moved, devices: &Devices) -> Effect {
    let known = moved.id.map(|id| format!("{id:016x}"));
    let id = known.as_deref().unwrap_or_else(|| cli::text(row, "id"));
    let [from, to] = [moved.from, moved.to].map(|group| Some(id_and_kind(devices.group(group?))));
    Transfer { id, name: cli::text(row, "name"), from, to }.effect()
}

/// What tells a group in changes.
fn id_and_kind(group: &Group) -> (&str, &str) {
    (&group.id, &group.kind)
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

fn report(results: &mut Results<'_>, ready: Ready, devices: &Devices) {
    match ready {
        Ready::Good(acted, source) | Ready::ToRead(acted, _, Row { source, .. }) => {
            report_good(results, acted, &source, devices);
        }
        Ready::NotReadBack(acted, source, why) => {
            let words =
                "what was done last could not be read back, and is told as far as it is known";
            let ended = CommandError { message: None, ..CommandError::from(why.clone()) };
            let message = format!("{words}: {}", why.sentence());
            results.end_run(CommandError { message: Some(message), ..ended });
            report_good(results, acted, &source, devices);
        }
        Ready::Bad(failure, input, source, perhaps) => {
            if let Some(moved) = perhaps {
                results.keep_doubt(transferred(&input, moved, devices));
            }
            results.bad(&failure, &input, &source);
        }
        Ready::DoneAndBad(acted, failure, row) => {
            if let Some(moved) = acted.moved {
                let effect = transferred(&acted.record, moved, devices);
                journal::note_part_of(results.reported(), acted.outcome, &effect);
            }
            results.bad(&failure, &row.record, &row.source);
        }
    }
}

fn report_good(results: &mut Results<'_>, acted: Acted, source: &str, devices: &Devices) {
    let Acted { record, outcome, moved, of_row } = acted;
    let Some(Moved { id, from, to }) = moved else {
        results.good(RowDone::new(record, outcome), source);
        return;
    };
    let id = id.map(|id| format!("{id:016x}"));
    let [from, to] = [from, to].map(|group| Some(id_and_kind(devices.group(group?))));
    let moved = MovedDevice { id: id.as_deref(), of_row: of_row.as_ref(), from, to };
    results.moved((record, outcome), &moved, source);
}

/// The whole state, read back. The move itself has been made: a device that cannot be read is reported
/// with that failure, unless it is the run that has ended.
fn read_back(session: &Session, ready: Ready) -> Ready {
    let Ready::ToRead(acted, device, row) = ready else { return ready };
    let id = acted.record.text("id").unwrap_or(&device).to_owned();
    match session.get("devices", &id) {
        Ok(record) => {
            let of_row = Some(acted.record);
            Ready::Good(Acted { record, of_row, ..acted }, row.source)
        }
        Err(why) if why.kind.ends_run() || why.kind == ErrorKind::NotAttempted => {
            Ready::NotReadBack(acted, row.source, why)
        }
        Err(why) => {
            let title =
                format!("It was {}, but its state could not be read back", acted.outcome.word());
            let words = [Some(why.title.as_str()), why.detail.as_deref()];
            let detail = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
            let detail = Some(detail).filter(|detail| !detail.is_empty());
            Ready::DoneAndBad(acted, Failure { title, detail, ..why.clone() }, row)
        }
    }
}
