//! Devices into groups and out of them, in bulk: `assign`, `unassign`, `reassign`.
//!
//! Rows are read to their end (or, with `--stream`, as far as they have come) into a [`job`], the devices are
//! located ([`locate`]), what has to be written is decided ([`decide`]) and sent ([`send`]), what is unknown
//! then is read back, and the rows are printed in their order as soon as it is known
//! what became of them ([`print`]).

mod batch_size;
mod decide;
mod devices;
mod groups;
mod job;
mod locate;
mod named;
mod names;
mod noted;
mod of_groups;
mod print;
mod protected;
mod read_back;
mod row;
mod search;
mod send;
mod transfers;

use model::identifier::Shape;
use model::{ErrorKind, ResourceKind, Secret};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use api::SeenIds;
use api::list::{self, Reading};
use api::send::clock;
use pipe::spool::Spool;
use pipe::{Failure, Item, NamedBy, ReadError, Row};

use cli::rows::results::Results;
use cli::rows::source::Rows;
use cli::rows::{Ask, RowJob};
use cli::{Changes, CommandError};
use cli::{Exit, Result};
use cli::{Session, journal};
use devices::{Devices, Requested};
use job::MoveJob;
use row::{MoveRows, RowState};
use send::MoveRun;

pub use groups::Group;
use locate::{Within, locate};

pub use locate::account_list_is_less;
pub use transfers::{Transfer, Transfers, transfer};

/// A live source that gives nothing for so long is waited for no longer: what came is sent.
const IDLE: Duration = Duration::from_millis(200);

/// A run that is over reads what a live source still gives for no longer.
const REST: Duration = Duration::from_secs(10);

/// Devices in one request, where nobody says how many.
const BATCH: usize = 100;

/// Gives the group that a row's device goes to.
pub type TargetOf<'a> = dyn Fn(&Row) -> std::result::Result<Group, Failure> + Sync + 'a;

/// What a bulk move is to do.
pub struct Move<'a> {
    /// Rows, flags, consent. `ask` applies to unassigning from production groups.
    pub job: RowJob<'a>,
    /// The group that a row's device goes to; `None` takes it out of its group.
    pub target: Option<&'a TargetOf<'a>>,
    /// Devices in one request, at most.
    pub batch: usize,
    /// Begin before the input has ended.
    pub stream: bool,
    /// The unblessing key.
    pub key: Option<Secret>,
    /// Only devices that are in this group are moved.
    pub only_from: Option<Group>,
}

/// Moves the devices of the rows.
///
/// # Errors
/// What keeps the run from starting; a failed row is no error.
pub fn move_devices(session: &Session, order: &Move<'_>) -> Result {
    // Devices that come later may be in production, and what came before is done by then.
    if order.stream && order.key.is_some() {
        order.job.can_be_asked()?;
    }
    may_change(session, order)?;
    let mut results = Results::open(session, order.job.args, order.job.changes)?;
    let mut rows = order.job.args.source.rows(&session.inputs)?;
    if order.stream {
        move_as_they_come(session, order, rows, &mut results);
    } else {
        move_together(session, order, &mut rows, &mut results);
    }
    Ok(results.finish())
}

/// Ends a run that cannot begin, for example because the group is not there: the reason is said, and
/// the rows go to the file of failed records, so that nothing is in it that an earlier run left.
///
/// # Errors
/// The reason itself, when the rows are kept nowhere or the command was used wrongly.
pub fn not_begun(session: &Session, order: &Move<'_>, reason: Failure) -> Result {
    let error = CommandError::from(reason);
    let args = order.job.args;
    if args.reports.failed.is_none() || error.exit == Exit::CouldNotRun {
        return Err(error);
    }
    journal::none();
    let mut results = Results::open(session, args, Some(Changes::default()))?;
    let rows = args.source.rows(&session.inputs)?;
    results.end_run(error);
    if order.stream {
        move_as_they_come(session, order, rows, &mut results);
    } else {
        rows.for_each(|item| results.not_attempted(item));
    }
    Ok(results.finish())
}

/// Moves the devices of rows that the journal has already: a part of a run that decides by itself what comes next.
pub fn move_noted(
    session: &Session,
    order: &Move<'_>,
    rows: impl IntoIterator<Item = std::io::Result<Item>>,
    results: &mut Results<'_>,
) {
    let mut job = MoveJob::new(session, order).of_noted_rows();
    for item in rows {
        let item = item.map_err(|error| ReadError::new("rows that waited", &error));
        if !job.add(item, false, results) {
            break;
        }
    }
    job.carry_out(results);
}

/// Which of the rows that the journal has already would be moved, by their places, as the devices are now.
///
/// # Errors
/// When rows that waited cannot be read, or it cannot be found out where the devices are.
pub fn would_move(
    session: &Session,
    order: &Move<'_>,
    rows: impl IntoIterator<Item = std::io::Result<Item>>,
    results: &mut Results<'_>,
) -> std::result::Result<Vec<usize>, CommandError> {
    let mut job = MoveJob::new(session, order).of_noted_rows();
    for item in rows {
        let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
        job.add(Ok(item), false, results);
    }
    Ok(job.foreseen()?)
}

/// Moves the members of `groups`, as the service lists them now.
///
/// # Errors
/// As [`move_devices`].
pub fn move_members(session: &Session, order: &Move<'_>, groups: &[String]) -> Result {
    may_change(session, order)?;
    let mut results = Results::open(session, order.job.args, order.job.changes)?;
    // The groups may have others in them by now, and those that have left them are to be told.
    if let Some(rows) = journal::rows_taken_up() {
        move_together(session, order, rows?, &mut results);
        return Ok(results.finish());
    }
    let mut job = MoveJob::new(session, order);
    let mut seen = SeenIds::default();
    let reading = Reading::whole(usize::from(session.common.jobs));
    for group in groups {
        let source = format!("{} {group}", order.job.args.source.option);
        let filters = [("filter[devicegroup.id]".to_owned(), group.clone())];
        let add = |record| {
            let item = Item::Row(Row { record, source: source.clone() });
            match job.add(Ok(item), true, &mut results) {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        let listed = list::list(&session.client, "/devices", &filters, &reading, &mut seen, add);
        if let Err(error) = listed {
            results.end_run(error.into());
        }
        if results.is_over() {
            break;
        }
    }
    if !results.is_over() {
        journal::note_end_of_input(&session.inputs);
    }
    job.carry_out(&mut results);
    Ok(results.finish())
}

/// Ends a run that is not to be one where nothing may be changed.
fn may_change(session: &Session, order: &Move<'_>) -> std::result::Result<(), CommandError> {
    if order.job.is_dry_run() { Ok(()) } else { session.guards.may_change() }
}

/// A device is out of its group.
#[derive(Clone, Copy, Debug)]
pub enum Left {
    /// By this run.
    Now,
    /// It was not there any more.
    Before,
}

/// Takes devices out of the groups that they are known to be in, with the care of a bulk move. Gives for each
/// group, and for each of its devices in their order, whether it is out.
pub fn take_out(
    session: &Session,
    groups: &[(Group, Vec<String>)],
    key: Option<&Secret>,
) -> Vec<Vec<std::result::Result<Left, Failure>>> {
    let mut rows = MoveRows::with(Devices::default());
    for (group, devices) in groups {
        let number = rows.devices_mut().groups.number(group);
        for device in devices {
            let row = rows.len();
            rows.push(Some(Requested::new(device, NamedBy::Id, None)));
            rows.set(row, RowState::Open(number));
        }
    }
    let mut on_answer = |_: &MoveRows| true;
    // The reason stands at the devices.
    let _ended = MoveRun::new(session, &mut rows, (BATCH, key), &mut on_answer).carry_out();
    let mut outcomes = rows.states().map(|(row, state)| match rows.failure(row, state) {
        _ if state == RowState::Moved => Ok(Left::Now),
        Some(failure) if failure.kind != ErrorKind::NotFound => Err(failure),
        _ => Ok(Left::Before),
    });
    groups.iter().map(|(_, devices)| outcomes.by_ref().take(devices.len()).collect()).collect()
}

/// Gives for each row what tells its device from others; nothing for one that names none. Devices that rows name in
/// several ways are looked up for that.
///
/// # Errors
/// What keeps the rows from being read, or the devices from being looked up.
pub fn identities(
    session: &Session,
    rows: &Spool,
    mut each: impl FnMut(Option<String>),
) -> std::result::Result<(), CommandError> {
    let mut devices = Devices::default();
    for item in rows.read() {
        let named = match item.map_err(|error| CommandError::cannot_keep(&error))? {
            Item::Row(row) => row.identifier(ResourceKind::Device, &[]).ok(),
            Item::Bad(_) => None,
        };
        devices.push(named.as_ref().map(|named| Requested::new(&named.text, named.named_by, None)));
    }
    if devices.are_of_several_shapes() {
        let others = devices.asking().filter(|row| devices.shape(*row) != Shape::Id).collect();
        locate(session, &mut devices, others, Within::Account, None)?;
    }
    let identity = |row| devices.is_asking(row).then(|| devices.identity(row).text());
    (0..devices.len() as u32).map(identity).for_each(&mut each);
    Ok(())
}

fn move_together(
    session: &Session,
    order: &Move<'_>,
    rows: impl IntoIterator<Item = std::result::Result<Item, ReadError>>,
    results: &mut Results<'_>,
) {
    let mut job = MoveJob::new(session, order);
    for item in rows {
        if !job.add(item, false, results) {
            break;
        }
    }
    if !order.stream && !results.is_over() {
        journal::note_end_of_input(&session.inputs);
    }
    job.carry_out(results);
}

fn move_as_they_come(session: &Session, order: &Move<'_>, rows: Rows, results: &mut Results<'_>) {
    let mut over_since = None;
    let results = RefCell::new(results);
    let each = |items: Vec<_>| {
        let results = &mut **results.borrow_mut();
        let mut items = items.into_iter();
        if !results.is_over() {
            move_together(session, order, &mut items, results);
        }
        items.for_each(|item| results.not_attempted(item));
        if results.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let left = |item| {
        results.borrow_mut().not_attempted(item);
        let since = *over_since.get_or_insert_with(clock::monotonic);
        let too_long = session.inputs.are_live() && clock::monotonic().duration_since(since) > REST;
        if too_long { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    if pipe::batch::chunks(rows, order.batch, IDLE, each, left) {
        journal::note_end_of_input(&session.inputs);
    } else {
        session.inputs.cut_short();
    }
}

/// Consent for unblessing.
pub fn unblessing(confirmed: bool) -> Ask {
    Ask::about_rows("unbless", confirmed).also(
        "They leave their production group and become development devices; only blessing brings them back.",
    )
}
