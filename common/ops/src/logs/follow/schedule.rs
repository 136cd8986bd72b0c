//! What to do next when following logs: which devices are on a stream, which are polled, when to fill a
//! gap and when to try again. Pure: it is told what happened and when, and says what to do.
//!
//! Careful about lines: a device is never without one of the two, stream or poll; each line goes through
//! the device's [`PrintedLines`]; and where the stored log does not reach back to what is known, a `gap` says so.

mod polls;
mod streams;

use model::{ErrorKind, Record};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use pipe::Failure;
use serde_json::Value;

use super::event::Line;
use super::printed_lines::PrintedLines;
pub use polls::GAP;
use streams::Stream;

/// Devices on one stream to begin with: five or eight (imp-service(7), section 13.5), so the
/// service may take fewer.
const ON_A_STREAM: usize = 8;

/// Following should begin within this time: what is logged before is nobody's loss. A read that takes longer goes wrong.
const LATE: Duration = Duration::from_secs(2);

/// Why a stored log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// To know what was there before.
    Begin,
    /// To print what is new.
    Poll,
    /// To compare with what arrived on the stream.
    Verify,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Read the stored log of a device back to a time, or its newest page.
    Fetch { device: usize, why: Why, until: Option<String> },
    /// Ask for a stream and read it.
    Open { stream: usize, turn: u32 },
    /// Add a device to a stream.
    Add { stream: usize, turn: u32, device: usize },
    /// Print a line.
    Print(Record),
    /// Print where lines may be missing that may yet be read: no verdict depends on it.
    Note(Record),
    /// Tell the person.
    Say(String),
    /// A device cannot be followed.
    Fail { device: usize, failure: Failure },
    /// The run is over.
    End(Failure),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A stored log, newest first, was read; `more`: there are older entries.
    Fetched {
        device: usize,
        why: Why,
        took: Duration,
        result: Result<(Vec<Record>, bool), Failure>,
    },
    /// A device was added, or not.
    Added { stream: usize, turn: u32, device: usize, result: Result<(), Failure> },
    /// The service has begun to answer.
    Connected { stream: usize, turn: u32 },
    /// A line came.
    Line { stream: usize, turn: u32, line: Line },
    /// The stream is over; a failure if it could not even be had.
    Ended { stream: usize, turn: u32, why: String, failure: Option<Failure> },
}

impl Event {
    fn is_interrupted(&self) -> bool {
        let failure = match self {
            Event::Fetched { result: Err(failure), .. }
            | Event::Added { result: Err(failure), .. }
            | Event::Ended { failure: Some(failure), .. } => failure,
            _ => return false,
        };
        failure.kind == ErrorKind::NotAttempted
    }
}

/// The state of following.
#[derive(Debug)]
pub struct Schedule {
    devices: Vec<Device>,
    by_id: HashMap<String, usize>,
    streams: Vec<Stream>,
    told: Option<(usize, usize)>,
    started: Instant,
    /// Devices whose following has begun, and what was known of their logs then, as it is kept.
    starts: Vec<(String, Value)>,
}

#[derive(Debug)]
struct Device {
    id: String,
    printed_lines: PrintedLines,
    place: Place,
    /// What was there before is known.
    begun: bool,
    /// It was put on its stream so late that lines may have come before.
    is_late: bool,
    /// Its stored log is being read, since.
    asked: Option<(Why, Instant)>,
    /// What came of the last read of its stored log that was to print something.
    read: Option<Result<(), Failure>>,
    /// It cannot be followed.
    gone: bool,
    due: Instant,
    /// The stored log has been asked for since it came onto the stream.
    filled: bool,
    /// Stored lines that had not arrived at the last comparison.
    awaited: Vec<Record>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Polled,
    /// Its place is on this stream, on which it is not yet.
    Waiting(usize),
    /// It is being added.
    Adding(usize),
    On(usize),
}

impl Place {
    /// The stream on which it has a place.
    fn stream(self) -> Option<usize> {
        match self {
            Place::Polled => None,
            Place::Waiting(stream) | Place::Adding(stream) | Place::On(stream) => Some(stream),
        }
    }
}

impl Device {
    fn unread(
        &self,
        now: Instant,
        is_over: bool,
        says: impl Fn(&str) -> Option<String>,
    ) -> Option<Failure> {
        let since = self.asked.filter(|(why, _)| *why != Why::Verify).map(|(_, since)| since);
        let is_stuck = since.is_some_and(|since| now.duration_since(since) >= LATE);
        let why = match &self.read {
            Some(Err(failure)) => failure.sentence(),
            Some(Ok(())) if !is_stuck => return None,
            None if !(is_over || is_stuck) => return None,
            None | Some(Ok(())) => {
                says(&self.id).unwrap_or_else(|| "the service has not answered".to_owned())
            }
        };
        let title = "Lines of its log may be missing: what is stored could not be read";
        Some(Failure::new(ErrorKind::Unexpected, title).detail(why))
    }
}

impl Schedule {
    /// A schedule for these devices, with what is known of their logs already, on so many streams.
    pub fn new(devices: Vec<(String, Option<PrintedLines>)>, streams: usize, now: Instant) -> Self {
        let place = |index: usize| {
            let stream = index / ON_A_STREAM;
            if stream < streams { Place::Waiting(stream) } else { Place::Polled }
        };
        let device =
            |(index, (id, printed_lines)): (usize, (String, Option<PrintedLines>))| Device {
                id,
                begun: printed_lines.is_some(),
                printed_lines: printed_lines.unwrap_or_default(),
                place: place(index),
                is_late: false,
                asked: None,
                read: None,
                gone: false,
                due: now,
                filled: false,
                awaited: Vec::new(),
            };
        let devices: Vec<Device> = devices.into_iter().enumerate().map(device).collect();
        let begun = devices.iter().filter(|device| device.begun);
        let starts = begun.map(|device| (device.id.clone(), device.printed_lines.kept())).collect();
        let by_id =
            devices.iter().enumerate().map(|(index, device)| (device.id.clone(), index)).collect();
        let streams = (0..streams).map(|_| Stream::new(now)).collect();
        Schedule { devices, by_id, streams, told: None, started: now, starts }
    }

    /// The id of a device.
    pub fn id(&self, device: usize) -> &str {
        &self.devices[device].id
    }

    /// What is known of the log of a device, if following has begun.
    pub fn lines_of(&self, id: &str) -> Option<&PrintedLines> {
        let device = &self.devices[*self.by_id.get(id)?];
        device.begun.then_some(&device.printed_lines)
    }

    /// The devices whose following has begun since the last call, and where it did.
    pub fn take_starts(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.starts)
    }

    /// True when no device is left to follow.
    pub fn is_over(&self) -> bool {
        self.devices.iter().all(|device| device.gone)
    }

    /// The devices whose lines may be missing at the end, and why: what is stored cannot be read, or, when the time
    /// `is_over`, has not been. `says`: what the service answers to a read that is still under way.
    pub fn unread(
        &self,
        now: Instant,
        is_over: bool,
        says: impl Fn(&str) -> Option<String>,
    ) -> Vec<(&str, Failure)> {
        let unread = |device| Device::unread(device, now, is_over, &says);
        let followed = self.devices.iter().filter(|device| !device.gone);
        followed.filter_map(|device| Some((device.id.as_str(), unread(device)?))).collect()
    }

    /// What is due at `now`.
    pub fn due(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = self.due_streams(now);
        for index in 0..self.devices.len() {
            let device = &self.devices[index];
            if device.asked.is_some() || device.gone || device.due > now {
                continue;
            }
            let why = match (device.begun, device.place) {
                (false, _) => Why::Begin,
                (true, Place::On(_)) if device.filled => Why::Verify,
                (true, _) => Why::Poll,
            };
            actions.push(self.fetch(index, why, now));
        }
        actions.extend(self.tell());
        actions
    }

    /// Takes in what happened.
    pub fn handle(&mut self, what: Event, now: Instant) -> Vec<Action> {
        match what {
            // A signal: the loop is about to end.
            what if what.is_interrupted() => Vec::new(),
            Event::Fetched { device, why, took, result } => {
                self.devices[device].asked = None;
                match result {
                    Ok((entries, more)) if why == Why::Begin => {
                        self.begun(device, &entries, more, took, now)
                    }
                    Ok((entries, more)) => self.fetched(device, why, &entries, more, now),
                    Err(failure) => self.not_fetched(device, why, failure, now),
                }
            }
            Event::Added { stream, turn, device, result } if self.streams[stream].is_turn(turn) => {
                self.added(stream, device, result, now)
            }
            Event::Connected { stream, turn } if self.streams[stream].is_turn(turn) => {
                self.streams[stream].connected(now);
                Vec::new()
            }
            Event::Line { stream, turn, line } if self.streams[stream].is_turn(turn) => {
                self.line(stream, line, now)
            }
            Event::Ended { stream, turn, why, failure } if self.streams[stream].is_turn(turn) => {
                self.ended(stream, &why, failure, now)
            }
            // Of a stream that is over.
            _ => Vec::new(),
        }
    }

    fn polled(&self) -> usize {
        self.devices.iter().filter(|device| !device.gone && device.place == Place::Polled).count()
    }

    /// Says once, and when it has changed, how the devices are followed.
    fn tell(&mut self) -> Option<Action> {
        let polled = self.polled();
        let streamed = self.devices.iter().filter(|device| !device.gone).count() - polled;
        if self.devices.iter().any(|device| !device.begun && !device.gone)
            || (self.told.is_none() && polled == 0)
            || self.told == Some((streamed, polled))
        {
            return None;
        }
        self.told = Some((streamed, polled));
        let every = self.poll_interval().as_secs_f32();
        let streamed = match streamed {
            1 => "1 device is on a log stream".to_owned(),
            _ => format!("{streamed} devices are on log streams"),
        };
        Some(Action::Say(format!(
            "{streamed}; the stored logs of {polled} are polled every {every:.0} s"
        )))
    }
}

#[cfg(test)]
mod tests;
