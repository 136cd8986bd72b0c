//! `imp-device rollout`
//!
//! Which device is in which wave is decided in [`waves`], what comes next in [`schedule`], both without a clock; what
//! is known of the rollout is in [`course`], also of one that goes on. Here it is done: waves are moved as `assign`
//! moves devices, the [`gate`] is asked, and what was moved goes back. Careful about its end: whatever brings it
//! about, either the rest can be resumed, or the devices are back and each row says so.

mod course;
mod done;
pub mod event;
mod gate;
mod offline;
mod schedule;
mod under_way;
mod waves;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cli::rows::RowJob;
use cli::rows::results::Results;
use cli::terminal::stderr;
use cli::{CommandError, Session};
use model::ResourceKind;
use ops::membership::{Group, Move, move_noted};

use crate::share::Share;
use crate::stable_hash::stable_hash;
use course::Course;
use schedule::Hours;
use under_way::UnderWay;

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
    /// Leave a wave alone for so long before the gate
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = cli::duration, hide_default_value = true, display_order = 0)]
    soak: Duration,
    /// Begin the next wave only if this exits with 0
    #[arg(long, value_name = "COMMAND", overrides_with = "gate", display_order = 0)]
    gate: Option<String>,
    /// End as a gate that fails does if more are offline
    #[arg(long, value_name = "N|N%", display_order = 0)]
    max_unavailable: Option<Share>,
    /// Return what was moved, if it does not go on
    #[arg(long, display_order = 0)]
    back: bool,
    /// Begin waves in these hours only, as 02:00-05:00
    #[arg(long, value_name = "HOURS", display_order = 0)]
    between: Option<Hours>,
    /// Begin no wave as long as this file is there
    #[arg(long, value_name = "FILE", display_order = 0)]
    pause_file: Option<PathBuf>,
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
        self.check()?;
        let session = Session::open(&self.common)?;
        let to = session.single(ResourceKind::DeviceGroup, "--to", Some(&self.to))?;
        let to = session.find(ResourceKind::DeviceGroup, &to.unwrap_or_default())?;
        let target = Group::of(&to);
        let job = RowJob::changing(self.devices.row_args(), self.changes.into());
        let order = Move {
            job,
            target: Some(&|_| Ok(target.clone())),
            batch: BATCH,
            stream: false,
            key: None,
            only_from: None,
        };
        if !job.is_dry_run() {
            session.guards.may_change()?;
        }
        let mut results = Results::open(&session, job.args, job.changes)?;
        let rows = job.args.source.rows(&session.inputs)?;
        let key = |number: u64, name: &str| match self.order {
            Order::Hash => stable_hash(name),
            Order::Input => number,
        };
        let how = (|all| waves::ends(&self.waves, all), key);
        let Some(course) = Course::read(&session, &target.id, rows, how, &mut results)? else {
            return Ok(results.finish());
        };
        if job.is_dry_run() {
            plan(&session, &course, &order, &mut results);
            return Ok(results.finish());
        }
        let open = 0..course.numbers.len() as u64;
        let may = results.may_change_so_many(job.changes, open, course.all());
        session.output.expect_type(event::ROLLOUT_EVENT.name);
        let mut under_way = UnderWay::new(self, &session, &target, course, results);
        match may {
            Ok(()) => under_way.go(&order),
            Err(error) => under_way.refuse(error),
        }
        Ok(under_way.finish())
    }

    /// Whether it says something that can be meant.
    fn check(&self) -> Result<(), CommandError> {
        waves::check(&self.waves).map_err(CommandError::usage)?;
        match &self.gate {
            Some(gate) if gate.trim().is_empty() => {
                Err(CommandError::usage("--gate is empty: give a command, or leave it out"))
            }
            _ => Ok(()),
        }
    }
}

/// Says which waves there would be, and prints what they would change.
fn plan(session: &Session, course: &Course, order: &Move<'_>, results: &mut Results<'_>) {
    let waves = course.ends.len();
    for wave in 0..waves {
        let devices = cli::consent::count(course.size_of(wave), "device");
        stderr::say(&format!("wave {} of {waves}: {devices}", wave + 1));
    }
    move_noted(session, order, course.rows.read(), results);
}
