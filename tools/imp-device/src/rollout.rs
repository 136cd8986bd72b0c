//! `imp-device rollout`
//!
//! Waves are moved as `assign` moves devices, and moved back likewise; how a rollout goes from wave to wave is in
//! `common/ops/src/rollout`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use clap::{Args, ValueEnum};
use cli::rows::RowJob;
use cli::rows::results::Results;
use cli::terminal::stderr;
use cli::{CommandError, Session, text};
use model::{Record, ResourceKind};
use ops::membership::{Group, Move, TargetOf, identities, move_noted, would_move};
use ops::rollout::{
    BACK_TO, Conduct, Course, Done, Events, Layout, OF_MOVES, Rolled, Trouble, UnderWay, WaveRows,
    Work, began_with, is_offline, leave_all, members, read_rows, waves,
};
use ops::share::Share;
use pipe::spool::Spool;
use pipe::{Item, Row};

use crate::stable_hash::stable_hash;

/// Devices in one request.
const BATCH: usize = 100;

/// Move devices to another device group, wave after wave
///
/// After each wave the gate decides: a command that reads the wave's records and exits with 0 or not.
#[derive(Args)]
pub struct Rollout {
    /// The device group to go to
    #[arg(long, value_name = "GROUP", display_order = 0)]
    to: String,
    /// Where waves end, by default 1%,10%,100%
    #[arg(
        long,
        value_name = "N|N%,…",
        value_delimiter = ',',
        default_value = "1%,10%,100%",
        hide_default_value = true,
        display_order = 0
    )]
    waves: Vec<Share>,
    /// Which come first: hash (the default) or input
    #[arg(
        long,
        value_enum,
        value_name = "ORDER",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        display_order = 0
    )]
    order: Order,
    #[command(flatten)]
    conduct: Conduct,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

/// In which order devices are taken.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Order {
    /// By a number that their ids are mixed to: always the same.
    #[default]
    Hash,
    /// As they come.
    Input,
}

impl Rollout {
    pub fn run(&self) -> cli::Result {
        waves::check(&self.waves).map_err(CommandError::usage)?;
        self.conduct.check()?;
        let session = Session::open(&self.common)?;
        if matches!(self.order, Order::Hash) && cli::records_pseudonyms() {
            stderr::say(
                "with --pseudonyms the ids are others, and so is the order in which a replay takes the devices: \
                 record with --order input to have the same",
            );
        }
        let to = session.single(ResourceKind::DeviceGroup, "--to", Some(&self.to))?;
        let job = self.job();
        if !job.is_dry_run() {
            session.guards.may_change()?;
        }
        let mut results = Results::open(&session, job.args, job.changes)?;
        let began = began_with()?;
        // One that goes on knows it by its id: the name may be that of another group by now.
        let to = began.as_ref().map_or(to, |began| Some(text(began, "to").to_owned()));
        let to = session.find(ResourceKind::DeviceGroup, &to.unwrap_or_default())?;
        let moves = Moves { flags: self, session: &session, target: Group::of(&to) };
        let Some(course) = moves.course(began, &mut results)? else {
            return Ok(results.finish());
        };
        if job.is_dry_run() {
            moves.plan(&course, &mut results);
            return Ok(results.finish());
        }
        let may = moves.may_change_so_many(&course, &mut results);
        let mut under_way = UnderWay::new(&self.conduct, &session, moves, course, results);
        match may {
            Ok(()) => under_way.go(),
            Err(error) => under_way.refuse(error),
        }
        Ok(under_way.finish())
    }

    fn job(&self) -> RowJob<'_> {
        RowJob::changing(self.devices.row_args(), self.changes.into())
    }
}

/// Devices that are moved to a group.
struct Moves<'a> {
    flags: &'a Rollout,
    session: &'a Session,
    target: Group,
}

impl Moves<'_> {
    /// Reads the devices to their end, and puts them in the order of the waves. `None` when they cannot be read to
    /// their end: then all have been reported.
    fn course(
        &self,
        began: Option<Record>,
        results: &mut Results<'_>,
    ) -> Result<Option<Course>, CommandError> {
        let source = &self.flags.job().args.source;
        let Some(read) = read_rows(self.session, source, results)? else { return Ok(None) };
        let layout = match began {
            Some(began) => noted(&began, &self.flags.waves),
            None => match self.layout(&read) {
                Ok(layout) => layout,
                Err(wrong) => {
                    results.not_agreed(wrong);
                    return leave_all(&read, results).map(|()| None);
                }
            },
        };
        let mut planned = Record::new();
        planned.insert("ends", layout.ends.clone().into());
        planned.insert("devices", layout.devices.clone().into());
        planned.insert_text("to", &self.target.id);
        let done = Done::new("devicegroup_id", HashMap::new());
        Course::new(self.session, &read, layout, planned, done).map(Some)
    }

    /// Which rows are in which wave, where the rollout begins.
    fn layout(&self, read: &Spool) -> Result<Layout, CommandError> {
        let (mut named, shares) = (Named::default(), &self.flags.waves);
        identities(self.session, read, |device| named.add(device, self.flags.order))?;
        let all = named.keys.len() as u64;
        waves::check_order(shares, all).map_err(CommandError::usage)?;
        let left_out = waves::left_out(shares, all);
        if all > 0 && !left_out.is_empty() {
            stderr::say(&format!(
                "--waves: left out, since they add no device to those before:{left_out}"
            ));
        }
        Ok(named.layout(shares))
    }

    /// Says which waves there would be, and prints what they would change.
    fn plan(&self, course: &Course, results: &mut Results<'_>) {
        let waves = course.ends.len();
        for wave in 0..waves {
            let devices = cli::consent::count(course.devices_of(wave), "device");
            stderr::say(&format!("wave {} of {waves}: {devices}", wave + 1));
        }
        self.move_to_target(&mut course.rows.read(), results);
    }

    /// Whether no limit is in the way: as for `assign` rows count that would be changed.
    fn may_change_so_many(
        &self,
        course: &Course,
        results: &mut Results<'_>,
    ) -> Result<(), CommandError> {
        let changes = self.flags.job().changes;
        let own = changes.and_then(|changes| changes.max_changes);
        if course.back.is_some() || !self.session.guards.limit_changes(own) {
            return Ok(());
        }
        let to_target = |_: &Row| Ok(self.target.clone());
        let order = self.order(Some(&to_target), None);
        let open = would_move(self.session, &order, course.rows.read(), results)?;
        let open: HashSet<u64> = open.into_iter().map(|place| course.numbers()[place]).collect();
        course.may_change_so_many(changes, |number| open.contains(&number), results)
    }

    fn order<'b>(&'b self, target: Option<&'b TargetOf<'b>>, only_from: Option<Group>) -> Move<'b> {
        let job = self.flags.job();
        Move { job, target, batch: BATCH, stream: false, key: None, only_from }
    }

    fn move_to_target(&self, rows: WaveRows<'_>, results: &mut Results<'_>) {
        let to_target = |_: &Row| Ok(self.target.clone());
        move_noted(self.session, &self.order(Some(&to_target), None), rows, results);
    }

    fn move_back(&self, rows: &[Row], to_group: bool, results: &mut Results<'_>) {
        let before = |row: &Row| {
            let id = text(&row.record, BACK_TO).to_owned();
            Ok(Group { id, kind: String::new(), product: None })
        };
        let target: Option<&TargetOf<'_>> = if to_group { Some(&before) } else { None };
        let order = self.order(target, Some(self.target.clone()));
        let rows = rows.iter().cloned().map(|row| Ok(Item::Row(row)));
        move_noted(self.session, &order, rows, results);
    }
}

impl Work for Moves<'_> {
    const NOUN: &'static str = "device";
    const BEFORE: &'static str = "where they were before";
    const EVENTS: Events = OF_MOVES;
    const LAST_MAY_BE_EMPTY: bool = true;

    fn roll_out(
        &mut self,
        _wave: usize,
        rows: WaveRows<'_>,
        _done: &RefCell<Done>,
        results: &mut Results<'_>,
    ) -> Result<(), Trouble> {
        self.move_to_target(rows, results);
        Ok(())
    }

    /// The gate has the records of all rows that were moved.
    fn look(&mut self, _wave: usize, done: &mut Done, counts: bool) -> Result<u64, api::Error> {
        if !counts {
            return Ok(0);
        }
        let moved = done.each_rolled().filter(|rolled| !rolled.was_offline);
        let moved: HashSet<&str> = moved.map(|rolled| rolled.id).collect();
        members(
            self.session,
            &self.target.id,
            || 0,
            |offline, device| {
                *offline += u64::from(is_offline(&device) && moved.contains(text(&device, "id")));
            },
        )
    }

    fn row_back(&self, rolled: &Rolled<'_>) -> Record {
        let mut record = Record::new();
        record.insert_text("type", ResourceKind::Device.noun());
        record.insert_text("id", rolled.id);
        record.insert_text("devicegroup_id", &self.target.id);
        record.insert_text(BACK_TO, rolled.from);
        record
    }

    fn take_back(&mut self, rows: &[Row], _done: &RefCell<Done>, results: &mut Results<'_>) {
        let has_group = |row: &Row| !text(&row.record, BACK_TO).is_empty();
        for rows in rows.chunk_by(|one, other| has_group(one) == has_group(other)) {
            self.move_back(rows, rows.first().is_some_and(has_group), results);
        }
    }

    fn fields(&self, _wave: usize) -> Record {
        Record::new()
    }

    fn what_stays(&self) -> String {
        format!("They were moved to {}", self.flags.to)
    }
}

/// The layout of a rollout that goes on. One that began before rows were joined has a device a row.
fn noted(began: &Record, shares: &[Share]) -> Layout {
    let numbers = |name: &str| {
        let numbers = began.get(name).and_then(serde_json::Value::as_array)?;
        numbers.iter().map(serde_json::Value::as_u64).collect::<Option<Vec<u64>>>()
    };
    let rows = began.get("devices").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let ends = numbers("ends").unwrap_or_else(|| waves::ends(shares, rows));
    Layout { ends, devices: numbers("devices"), of_each: Vec::new() }
}

/// The devices that the rows name.
#[derive(Default)]
struct Named {
    /// Their numbers, by what tells them from others.
    known: HashMap<String, usize>,
    /// What puts them in order.
    keys: Vec<u64>,
    /// The number of the device of each row.
    of_each: Vec<usize>,
}

impl Named {
    /// Adds the device of the next row, if that names one.
    fn add(&mut self, device: Option<String>, order: Order) {
        let next = self.keys.len();
        let hash = stable_hash(device.as_deref().unwrap_or_default());
        let number = device.map_or(next, |device| *self.known.entry(device).or_insert(next));
        if number == next {
            self.keys.push(match order {
                Order::Hash => hash,
                Order::Input => next as u64,
            });
        }
        self.of_each.push(number);
    }

    /// All rows of a device are in the wave of its first.
    fn layout(&self, shares: &[Share]) -> Layout {
        let ends = waves::ends(shares, self.keys.len() as u64);
        let of_devices = waves::of_each(&self.keys, &ends);
        let of_each: Vec<usize> = self.of_each.iter().map(|device| of_devices[*device]).collect();
        let before = std::iter::once(0).chain(ends.iter().copied());
        let devices = ends.iter().zip(before).map(|(end, before)| end - before).collect();
        Layout { ends: waves::ends_of(&of_each, ends.len()), devices: Some(devices), of_each }
    }
}
