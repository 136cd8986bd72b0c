//! The events of a rollout, one record each on stdout.

use cli::{CommandError, Session, journal};
use model::Record;
use model::schema::Kind::{Integer, Text, Time, Words};
use model::schema::{Field, RecordType};

/// A wave begins to be moved.
pub const WAVE_BEGUN: &str = "wave_begun";
/// It is moved.
pub const WAVE_MOVED: &str = "wave_moved";
/// The next one may begin.
pub const GATE_PASSED: &str = "gate_passed";
/// It may not.
pub const GATE_FAILED: &str = "gate_failed";
/// The next wave waits for the file of `--pause-file` to go.
pub const PAUSED: &str = "paused";
/// The next wave waits for its time of day.
pub const WAITING: &str = "waiting";
/// A signal came.
pub const INTERRUPTED: &str = "interrupted";
/// The devices that were moved are where they were before, but for those of which the reason tells.
pub const BACK: &str = "back";
/// All waves are moved and found good.
pub const DONE: &str = "done";

const ALL: &[&str] =
    &[WAVE_BEGUN, WAVE_MOVED, GATE_PASSED, GATE_FAILED, PAUSED, WAITING, INTERRUPTED, BACK, DONE];

/// What an event holds.
pub static ROLLOUT_EVENT: RecordType = RecordType {
    name: "rollout_event",
    about: "Something that happened in a rollout.",
    fields: &[
        Field::new("type", Words(&["rollout_event"]), "What the record is.").required(),
        Field::new("event", Words(ALL), "What happened.").required(),
        Field::new("at", Time, "When.").required(),
        Field::new("wave", Integer, "The wave that it is about, counted from 1."),
        Field::new("waves", Integer, "The number of waves.").required(),
        Field::new("devices", Integer, "Devices of the wave, or of the whole.").required(),
        Field::new("moved", Integer, "Those of them that were moved, there or back."),
        Field::new("reason", Text, "Why the next wave does not begin, or devices are not back."),
    ],
};

/// An event of a rollout that has so many waves; the wave, if it is about one.
pub struct Event {
    /// What happened.
    pub event: &'static str,
    /// The wave, counted from 0.
    pub wave: Option<usize>,
    /// The number of waves.
    pub waves: usize,
    /// Devices of the wave, or of the whole.
    pub devices: u64,
    /// Those that were moved.
    pub moved: Option<u64>,
    /// Why the gate did not let the next wave begin.
    pub reason: Option<String>,
}

impl Event {
    /// The line for a person, of a wave that is moved or waits, and of the end: the rest is said where it happens.
    pub fn in_words(&self) -> Option<String> {
        let (wave, waves) = (self.wave.unwrap_or_default() + 1, self.waves);
        let devices = cli::consent::count(self.devices, "device");
        let moved = self.moved.unwrap_or_default();
        Some(match self.event {
            WAVE_MOVED => format!("wave {wave} of {waves}: {devices}, {moved} moved"),
            PAUSED => {
                format!("wave {wave} of {waves} waits until the file of --pause-file is gone")
            }
            WAITING => format!("wave {wave} of {waves} waits for the hours of --between"),
            DONE => format!("rolled out: {devices}, {moved} moved"),
            _ => return None,
        })
    }

    /// Prints it.
    ///
    /// # Errors
    /// When stdout fails.
    pub fn print(&self, session: &Session) -> Result<(), CommandError> {
        let mut record = Record::new();
        record.insert_text("type", ROLLOUT_EVENT.name);
        record.insert_text("event", self.event);
        record.insert_text("at", &journal::time_stamp());
        if let Some(wave) = self.wave {
            record.insert("wave", (wave + 1).into());
        }
        record.insert("waves", self.waves.into());
        record.insert("devices", self.devices.into());
        if let Some(moved) = self.moved {
            record.insert("moved", moved.into());
        }
        if let Some(reason) = &self.reason {
            record.insert_text("reason", reason);
        }
        session.output.print(&record)?;
        session.output.flush()
    }
}
