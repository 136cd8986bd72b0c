//! Rollouts: something is done wave after wave, a gate judges each, and what was done is taken back if one is bad.
//!
//! Which row is in which wave is decided in [`waves`], what comes next in [`schedule`], both without a clock; what
//! is known of the rollout is in [`Course`], also of one that goes on. What is done in a wave, and how it is taken
//! back, is a [`Work`] of the verb. Careful about the end: whatever brings it about, either the rest can be resumed,
//! or what was done is taken back and each row says so.

mod course;
mod done;
mod event;
mod gate;
mod members;
mod rows;
mod schedule;
mod under_way;
pub mod waves;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use cli::CommandError;
use cli::rows::results::Results;
use model::Record;
use pipe::{Item, Row};

use crate::share::Share;
pub use course::{BACK_TO, Course, Layout, began_with, was_turned_back};
pub use done::{Done, Rolled};
pub use event::{BUILD_ROLLOUT_EVENT, Events, OF_BUILDS, OF_MOVES, ROLLOUT_EVENT};
pub use members::{is_offline, members};
pub use rows::{leave_all, read_rows};
use schedule::Hours;
pub use under_way::UnderWay;

/// How a rollout goes from wave to wave.
#[derive(clap::Args)]
pub struct Conduct {
    /// Leave a wave alone for so long before the gate
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = cli::duration, hide_default_value = true, overrides_with = "soak", display_order = 0)]
    soak: Duration,
    /// Begin the next wave only if this exits with 0
    #[arg(long, value_name = "COMMAND", overrides_with = "gate", display_order = 0)]
    gate: Option<String>,
    /// End as a gate that fails does if more go offline
    #[arg(long, value_name = "N|N%", display_order = 0)]
    max_unavailable: Option<Share>,
    /// Take back what was done, if it does not go on
    #[arg(long, display_order = 0)]
    back: bool,
    /// Begin waves in these hours only, as 02:00-05:00
    #[arg(long, value_name = "HOURS", display_order = 0)]
    between: Option<Hours>,
    /// Begin no wave as long as this file is there
    #[arg(long, value_name = "FILE", display_order = 0)]
    pause_file: Option<PathBuf>,
}

impl Conduct {
    /// Whether it says something that can be meant.
    ///
    /// # Errors
    /// Exit 2.
    pub fn check(&self) -> Result<(), CommandError> {
        match &self.gate {
            Some(gate) if gate.trim().is_empty() => {
                Err(CommandError::usage("--gate is empty: give a command, or leave it out"))
            }
            _ => Ok(()),
        }
    }

    /// Whether what was done is taken back when it does not go on.
    pub fn goes_back(&self) -> bool {
        self.back
    }

    /// Whether devices are counted that go offline.
    pub fn counts_offline(&self) -> bool {
        self.max_unavailable.is_some()
    }

    /// Whether anything can find a wave bad.
    fn judges(&self) -> bool {
        self.gate.is_some() || self.max_unavailable.is_some()
    }
}

/// Why a wave cannot be gone on from, apart from what a gate says.
pub enum Trouble {
    /// The wave is bad, for this reason.
    Bad(String),
    /// The run cannot go on.
    Over(CommandError),
}

/// The rows of a wave.
pub type WaveRows<'a> = &'a mut dyn Iterator<Item = std::io::Result<Item>>;

/// What is rolled out.
pub trait Work {
    /// What a row is about.
    const NOUN: &'static str;
    /// Where things are once they are taken back.
    const BEFORE: &'static str;
    /// What its events are called.
    const EVENTS: Events;
    /// Whether the last wave is good where nothing could be done of it.
    const LAST_MAY_BE_EMPTY: bool;

    /// Does it to the next rows, which are those of a wave that are left.
    ///
    /// # Errors
    /// Why the wave cannot be gone on from.
    fn roll_out(
        &mut self,
        wave: usize,
        rows: WaveRows<'_>,
        done: &RefCell<Done>,
        results: &mut Results<'_>,
    ) -> Result<(), Trouble>;

    /// Looks at a wave before it is judged: adds what the gate reads and has not been given yet, and counts the
    /// devices rolled out that are offline, if that is wanted.
    ///
    /// # Errors
    /// Those of reading lists.
    fn look(&mut self, wave: usize, done: &mut Done, counts: bool) -> Result<u64, api::Error>;

    /// The record of the row that takes a thing back. It has `id`, and [`BACK_TO`].
    fn row_back(&self, rolled: &Rolled<'_>) -> Record;

    /// Takes back what these rows say.
    fn take_back(&mut self, rows: &[Row], done: &RefCell<Done>, results: &mut Results<'_>);

    /// What the events of a wave tell besides.
    fn fields(&self, wave: usize) -> Record;

    /// A sentence without its full stop about things that are not taken back, as "They were moved to Next".
    fn what_stays(&self) -> String;
}
