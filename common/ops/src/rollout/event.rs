//! The events of a rollout, one record each on stdout.

use cli::{CommandError, Session, journal};
use model::Record;
use model::schema::Kind::{Integer, Text, Time, Words};
use model::schema::{Field, RecordType};

/// A wave begins.
pub const WAVE_BEGUN: &str = "wave_begun";
/// Its devices are moved to the group.
pub const WAVE_MOVED: &str = "wave_moved";
/// Its group has the build.
pub const WAVE_DEPLOYED: &str = "wave_deployed";
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
/// What was done is taken back, but for that of which the reason tells.
pub const BACK: &str = "back";
/// All waves are done, and none was found bad.
pub const DONE: &str = "done";

static OF_MOVED: [&str; 9] = all(WAVE_MOVED);
static OF_DEPLOYED: [&str; 9] = all(WAVE_DEPLOYED);

/// All events where that of a wave that is rolled out is this one.
const fn all(rolled: &'static str) -> [&'static str; 9] {
    [WAVE_BEGUN, rolled, GATE_PASSED, GATE_FAILED, PAUSED, WAITING, INTERRUPTED, BACK, DONE]
}

/// The name of the group of a wave, in the events of builds.
const GROUP_NAME: &str = "devicegroup_name";

/// What the events of a kind of rollout are called.
pub struct Events {
    /// Their type.
    pub of_type: &'static RecordType,
    /// The event of a wave that is rolled out.
    pub rolled: &'static str,
    /// The field that counts devices to which it was done.
    pub number: &'static str,
    /// What was done to them.
    pub done: &'static str,
}

/// Those of devices that are moved.
pub const OF_MOVES: Events =
    Events { of_type: &ROLLOUT_EVENT, rolled: WAVE_MOVED, number: "moved", done: "moved" };

/// Those of builds that are deployed.
pub const OF_BUILDS: Events = Events {
    of_type: &BUILD_ROLLOUT_EVENT,
    rolled: WAVE_DEPLOYED,
    number: "deployed",
    done: "deployed to",
};

/// What an event of devices that are moved holds.
pub static ROLLOUT_EVENT: RecordType = RecordType {
    name: "rollout_event",
    about: "Something that happened in a rollout.",
    fields: &[
        Field::new("type", Words(&["rollout_event"]), "What the record is.").required(),
        Field::new("event", Words(&OF_MOVED), "What happened.").required(),
        Field::new("at", Time, "When.").required(),
        Field::new("wave", Integer, "The wave that it is about, counted from 1."),
        Field::new("waves", Integer, "The number of waves.").required(),
        Field::new("devices", Integer, "Devices of the wave, or of the whole.").required(),
        Field::new("moved", Integer, "Those of them that were moved, there or back."),
        Field::new("reason", Text, "Why the next wave does not begin, or devices are not back."),
    ],
};

/// What an event of builds that are deployed holds.
pub static BUILD_ROLLOUT_EVENT: RecordType = RecordType {
    name: "build_rollout_event",
    about: "Something that happened in the rollout of a build.",
    fields: &[
        Field::new("type", Words(&["build_rollout_event"]), "What the record is.").required(),
        Field::new("event", Words(&OF_DEPLOYED), "What happened.").required(),
        Field::new("at", Time, "When.").required(),
        Field::new("wave", Integer, "The wave that it is about, counted from 1."),
        Field::new("waves", Integer, "The number of waves: of device groups.").required(),
        Field::new("devicegroup_id", Text, "The device group that is the wave."),
        Field::new(GROUP_NAME, Text, "Its name."),
        Field::new("devices", Integer, "Devices of the group, or of all the groups.").required(),
        Field::new(
            "deployed",
            Integer,
            "Those whose group got the build, or that before it again.",
        ),
        Field::new("reason", Text, "Why the next wave does not begin, or groups are not back."),
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
    /// Those to which something was done.
    pub done: Option<u64>,
    /// Why the gate did not let the next wave begin.
    pub reason: Option<String>,
    /// What else is told of the wave.
    pub fields: Record,
}

impl Event {
    /// The line for a person, of a wave that is rolled out or waits, and of the end: the rest is said where it happens.
    pub fn in_words(&self, events: &Events) -> Option<String> {
        let mut wave = format!("wave {} of {}", self.wave.unwrap_or_default() + 1, self.waves);
        if let Some(name) = self.fields.text(GROUP_NAME) {
            wave.push_str(&format!(", {}", model::text::one_line(name)));
        }
        let devices = cli::consent::count(self.devices, "device");
        let done = format!("{} {}", self.done.unwrap_or_default(), events.done);
        Some(match self.event {
            event if event == events.rolled => format!("{wave}: {devices}, {done}"),
            PAUSED => format!("{wave} waits until the file of --pause-file is gone"),
            WAITING => format!("{wave} waits for the hours of --between"),
            DONE => format!("rolled out: {devices}, {done}"),
            _ => return None,
        })
    }

    /// Prints it.
    ///
    /// # Errors
    /// When stdout fails.
    pub fn print(&self, session: &Session, events: &Events) -> Result<(), CommandError> {
        let mut record = Record::new();
        record.insert_text("type", events.of_type.name);
        record.insert_text("event", self.event);
        record.insert_text("at", &journal::time_stamp());
        if let Some(wave) = self.wave {
            record.insert("wave", (wave + 1).into());
        }
        record.insert("waves", self.waves.into());
        record.add(&self.fields);
        record.insert("devices", self.devices.into());
        if let Some(done) = self.done {
            record.insert(events.number, done.into());
        }
        if let Some(reason) = &self.reason {
            record.insert_text("reason", reason);
        }
        session.output.print(&record)?;
        session.output.flush()
    }
}
