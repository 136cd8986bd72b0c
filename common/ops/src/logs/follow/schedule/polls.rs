//! Stored logs: read to begin, to poll, and to compare with what a stream brought.

use model::schema::Kind::{Text, Time, Words};
use model::schema::{Field, RecordType};
use model::{ErrorKind, Record};
use std::time::{Duration, Instant};

use pipe::Failure;

use super::{Action, Device, LATE, Place, Schedule, Why};
use crate::logs::follow::printed_lines::time;
use crate::logs::print::with_device;

/// A polled device is asked for at least so long after its last answer …
const POLL: Duration = Duration::from_secs(3);
/// … and all of them together take this many requests a second, a quarter of the known limit.
const POLLS_A_SECOND: u32 = 10;
/// The stored log of a streamed device is compared now and then, because a stream may lose a device
/// without a word.
const VERIFY: Duration = Duration::from_secs(60);
/// A line that is stored should have arrived on the stream after so long.
const OVERDUE: Duration = Duration::from_secs(5);

impl Device {
    /// The patience with its stored log is over, and streams live or are tried. Where lines may be missing is told once, as long
    /// as it lasts; what is stored is printed when it can be read again.
    fn out_of_reach(&mut self, failure: Failure) -> Vec<Action> {
        let stream = match self.place {
            Place::On(_) => "the log stream goes on",
            _ => "it is on no log stream yet",
        };
        let is_told = matches!(&self.read, Some(Err(before)) if before.kind == failure.kind);
        let said = format!(
            "{}: its stored log is tried again later, {stream}: {}",
            self.id,
            failure.sentence()
        );
        self.read = Some(Err(failure));
        let gap = self.begun.then(|| Action::Note(self.printed_lines.gap_in_unread(&self.id)));
        if is_told { Vec::new() } else { gap.into_iter().chain([Action::Say(said)]).collect() }
    }
}

impl Schedule {
    /// Reads the stored log of a device.
    pub(super) fn fetch(&mut self, index: usize, why: Why, now: Instant) -> Action {
        let device = &mut self.devices[index];
        device.asked = Some((why, now));
        device.filled |= matches!(device.place, Place::On(_));
        Action::Fetch { device: index, why, until: device.printed_lines.until() }
    }

    /// The newest page of a stored log, which was read to begin: all of it is known, if following has not begun by a
    /// line that arrived.
    pub(super) fn begun(
        &mut self,
        index: usize,
        entries: &[Record],
        more: bool,
        took: Duration,
        now: Instant,
    ) -> Vec<Action> {
        let every = self.poll_interval();
        let device = &mut self.devices[index];
        if device.gone || device.begun {
            // What was stored since that line is to be read yet.
            device.due = now;
            return Vec::new();
        }
        let is_late = match device.place {
            Place::Adding(_) | Place::On(_) => device.is_late,
            _ => took >= LATE || matches!(device.read, Some(Err(_))),
        };
        let newest = entries.iter().map(time).max().filter(|_| is_late);
        let gap = newest.map(|to| Action::Print(device.printed_lines.gap(&device.id, Some(to))));
        device.printed_lines.begin(entries, more);
        device.begun = true;
        self.starts.push((device.id.clone(), device.printed_lines.kept()));
        device.read = Some(Ok(()));
        device.due = if matches!(device.place, Place::On(_)) { now } else { now + every };
        gap.into_iter().chain(self.add(index)).collect()
    }

    /// A stored log has been read.
    pub(super) fn fetched(
        &mut self,
        index: usize,
        why: Why,
        entries: &[Record],
        more: bool,
        now: Instant,
    ) -> Vec<Action> {
        let every = self.poll_interval();
        let device = &mut self.devices[index];
        if device.gone {
            return Vec::new();
        }
        device.due = now + every;
        device.read = Some(Ok(()));
        let mut actions = Vec::new();
        if !device.printed_lines.is_reached_by(entries, more) {
            let gap = device.printed_lines.gap_before(&device.id, entries);
            actions.push(Action::Print(gap));
        }
        let fresh: Vec<Record> =
            device.printed_lines.stored(entries).into_iter().cloned().collect();
        let print = |entry: &Record| Action::Print(with_device(entry, &device.id));
        actions.extend(fresh.iter().map(print));
        if let Place::On(stream) = device.place {
            // One that was asked for before the device was on the stream may end before that.
            device.due = if device.filled { now + VERIFY } else { now };
            let awaited = std::mem::take(&mut device.awaited);
            if awaited.iter().any(|entry| device.printed_lines.is_overdue(entry)) {
                actions.extend(self.lost(stream, Some(index), now));
            } else if why == Why::Verify && !fresh.is_empty() {
                let device = &mut self.devices[index];
                device.awaited = fresh;
                device.due = now + OVERDUE;
            }
        }
        actions
    }

    /// A stored log could not be read: for now, or for ever.
    pub(super) fn not_fetched(
        &mut self,
        index: usize,
        why: Why,
        failure: Failure,
        now: Instant,
    ) -> Vec<Action> {
        let every = self.poll_interval();
        // What has a stream lives, or ends with its stream: when a new one cannot be had.
        let is_streamed = self.devices.iter().any(|own| !own.gone && own.place.stream().is_some());
        let device = &mut self.devices[index];
        if device.gone {
            return Vec::new();
        }
        if failure.kind == ErrorKind::Unreachable && is_streamed {
            device.due = now + every + OVERDUE;
            return device.out_of_reach(failure);
        }
        let for_ever = failure.kind.ends_run()
            || matches!(failure.kind, ErrorKind::Refused | ErrorKind::NotFound);
        if !for_ever {
            device.due = now + every + OVERDUE;
            let said = format!("{}: {}", device.id, failure.sentence());
            if why != Why::Verify {
                device.read = Some(Err(failure));
            }
            return vec![Action::Say(said)];
        }
        device.gone = true;
        let mut actions = Vec::new();
        if device.begun {
            actions.push(Action::Print(device.printed_lines.gap(&device.id, None)));
        }
        actions.push(Action::Fail { device: index, failure });
        actions.extend(self.leave_stream(index));
        actions
    }

    /// The time between two looks at a device that is not on a stream.
    pub(super) fn poll_interval(&self) -> Duration {
        let without_stream = self
            .devices
            .iter()
            .filter(|device| !device.gone && !matches!(device.place, Place::On(_)));
        let count = u32::try_from(without_stream.count()).unwrap_or(u32::MAX);
        POLL.max(Duration::from_secs(1) * count / POLLS_A_SECOND)
    }
}

/// What such a line holds.
pub static GAP: RecordType = RecordType {
    name: "gap",
    about: "Between entries of a followed log: some may be missing here.",
    fields: &[
        Field::new("type", Words(&["gap"]), "What the record is.").required(),
        Field::new("device_id", Text, "The device whose entries may be missing.").required(),
        Field::new("from", Time, "The newest entry before; null if none is known.")
            .required()
            .or_null(),
        Field::new("to", Time, "The oldest entry after it, if that is known."),
    ],
};
