//! What to do next when following logs: which devices are on a stream, which are polled, when to fill a
//! gap and when to try again. Pure: it is told what happened and when, and says what to do.
//!
//! Careful about lines: a device is never without one of the two, stream or poll; each line goes through
//! the device's [`Ledger`]; and where the stored log does not reach back to what is known, a `gap` says so.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use pipe::{Failure, Kind, Record};

use super::ledger::{Ledger, time};
use super::line::Line;

/// Devices on one stream to begin with (reference 4.8: five, later eight); the service may take fewer.
const ON_A_STREAM: usize = 8;
/// A polled device is asked for at least so long after its last answer …
const POLL: Duration = Duration::from_secs(3);
/// … and all of them together take this many requests a second, a quarter of the known limit.
const POLLS_A_SECOND: u32 = 10;
/// The stored log of a streamed device is compared now and then, because a stream may lose a device
/// without a word.
const VERIFY: Duration = Duration::from_secs(60);
/// A line that is stored should have arrived on the stream after so long.
const OVERDUE: Duration = Duration::from_secs(5);
/// A stream that does not say that it has opened is taken for opened.
const OPENS_WITHIN: Duration = Duration::from_secs(10);
/// The wait before a stream is tried again grows from one to the other; one that lived long begins anew.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const LIVED_LONG: Duration = Duration::from_secs(20);

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
    /// Tell the person.
    Say(String),
    /// A device cannot be followed.
    Fail { device: usize, failure: Failure },
}

/// What has happened.
#[derive(Clone, Debug)]
pub enum Happened {
    /// A stored log, newest first, was read; `more`: there are older entries.
    Fetched { device: usize, why: Why, result: Result<(Vec<Record>, bool), Failure> },
    /// A device was added, or not.
    Added { stream: usize, turn: u32, device: usize, result: Result<(), Failure> },
    /// The service has begun to answer.
    Connected { stream: usize, turn: u32 },
    /// A line came.
    Line { stream: usize, turn: u32, line: Line },
    /// The stream is over; a failure if it could not even be had.
    Ended { stream: usize, turn: u32, why: String, failure: Option<Failure> },
}

impl Happened {
    fn is_interrupted(&self) -> bool {
        let failure = match self {
            Happened::Fetched { result: Err(failure), .. }
            | Happened::Added { result: Err(failure), .. }
            | Happened::Ended { failure: Some(failure), .. } => failure,
            _ => return false,
        };
        failure.kind == Kind::NotAttempted
    }
}

/// The state of following.
#[derive(Debug)]
pub struct Plan {
    devices: Vec<Device>,
    by_id: HashMap<String, usize>,
    streams: Vec<Stream>,
    told: Option<(usize, usize)>,
}

#[derive(Debug)]
struct Device {
    id: String,
    ledger: Ledger,
    place: Place,
    /// What was there before is known.
    begun: bool,
    /// Its stored log is being read.
    busy: bool,
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

#[derive(Debug)]
struct Stream {
    turn: u32,
    state: State,
    capacity: usize,
    wait: Duration,
    /// The devices on it or being added, the first added first.
    order: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Down {
        again: Instant,
    },
    /// Asked for, since.
    Opening,
    /// Answering, since; devices are added only after it says that it is open.
    Connected(Instant),
    Open(Instant),
    /// The service gives none.
    Off,
}

impl Plan {
    /// A plan for these devices, with what is known of their logs already, on so many streams.
    pub fn new(devices: Vec<(String, Option<Ledger>)>, streams: usize, now: Instant) -> Self {
        let place = |index: usize| {
            let stream = index / ON_A_STREAM;
            if stream < streams { Place::Waiting(stream) } else { Place::Polled }
        };
        let device = |(index, (id, ledger)): (usize, (String, Option<Ledger>))| Device {
            id,
            begun: ledger.is_some(),
            ledger: ledger.unwrap_or_default(),
            place: place(index),
            busy: false,
            gone: false,
            due: now,
            filled: false,
            awaited: Vec::new(),
        };
        let devices: Vec<Device> = devices.into_iter().enumerate().map(device).collect();
        let by_id =
            devices.iter().enumerate().map(|(index, device)| (device.id.clone(), index)).collect();
        let stream = || Stream {
            turn: 0,
            state: State::Down { again: now },
            capacity: ON_A_STREAM,
            wait: FIRST_WAIT,
            order: Vec::new(),
        };
        Plan { devices, by_id, streams: (0..streams).map(|_| stream()).collect(), told: None }
    }

    /// The id of a device.
    pub fn id(&self, device: usize) -> &str {
        &self.devices[device].id
    }

    /// True when no device is left to follow.
    pub fn is_over(&self) -> bool {
        self.devices.iter().all(|device| device.gone)
    }

    /// What is due at `now`.
    pub fn due(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = self.due_streams(now);
        for index in 0..self.devices.len() {
            let device = &self.devices[index];
            if device.busy || device.gone || device.due > now {
                continue;
            }
            let why = match (device.begun, device.place) {
                (false, _) => Why::Begin,
                (true, Place::On(_)) if device.filled => Why::Verify,
                (true, _) => Why::Poll,
            };
            actions.push(self.fetch(index, why));
        }
        actions.extend(self.tell());
        actions
    }

    fn due_streams(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        for index in 0..self.streams.len() {
            match self.streams[index].state {
                State::Down { again } if again <= now && self.has_devices(index) => {
                    let stream = &mut self.streams[index];
                    stream.turn += 1;
                    stream.state = State::Opening;
                    actions.push(Action::Open { stream: index, turn: stream.turn });
                }
                State::Connected(since) if now.duration_since(since) >= OPENS_WITHIN => {
                    actions.extend(self.opened(index, now));
                }
                _ => {}
            }
        }
        actions
    }

    fn has_devices(&self, stream: usize) -> bool {
        self.devices.iter().any(|device| !device.gone && device.place == Place::Waiting(stream))
    }

    fn fetch(&mut self, index: usize, why: Why) -> Action {
        let device = &mut self.devices[index];
        device.busy = true;
        device.filled |= matches!(device.place, Place::On(_));
        Action::Fetch { device: index, why, until: device.ledger.until() }
    }

    /// Takes in what has happened.
    pub fn happened(&mut self, what: Happened, now: Instant) -> Vec<Action> {
        match what {
            // A signal: the loop is about to end.
            what if what.is_interrupted() => Vec::new(),
            Happened::Fetched { device, why, result } => {
                self.devices[device].busy = false;
                match result {
                    Ok((entries, more)) => self.fetched(device, why, &entries, more, now),
                    Err(failure) => self.not_fetched(device, failure, now),
                }
            }
            Happened::Added { stream, turn, device, result } if self.is_turn(stream, turn) => {
                self.added(stream, device, result, now)
            }
            Happened::Connected { stream, turn } if self.is_turn(stream, turn) => {
                // Its first event may have been faster.
                if self.streams[stream].state == State::Opening {
                    self.streams[stream].state = State::Connected(now);
                }
                Vec::new()
            }
            Happened::Line { stream, turn, line } if self.is_turn(stream, turn) => {
                self.line(stream, line, now)
            }
            Happened::Ended { stream, turn, why, failure } if self.is_turn(stream, turn) => {
                self.ended(stream, &why, failure, now)
            }
            // Of a stream that is over.
            _ => Vec::new(),
        }
    }

    fn is_turn(&self, stream: usize, turn: u32) -> bool {
        let stream = &self.streams[stream];
        stream.turn == turn && !matches!(stream.state, State::Down { .. } | State::Off)
    }

    fn fetched(
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
        if why == Why::Begin {
            device.ledger.begin(entries, more);
            device.begun = true;
            return self.add(index);
        }
        let mut actions = Vec::new();
        if !device.ledger.is_reached_by(entries) {
            actions.push(Action::Print(gap(device, entries.iter().map(time).min())));
        }
        let fresh: Vec<Record> = device.ledger.stored(entries).into_iter().cloned().collect();
        let print =
            |entry: &Record| Action::Print(crate::stored_logs::with_device(entry, &device.id));
        actions.extend(fresh.iter().map(print));
        if let Place::On(stream) = device.place {
            // One that was asked for before the device was on the stream may end before that.
            device.due = if device.filled { now + VERIFY } else { now };
            let awaited = std::mem::take(&mut device.awaited);
            if awaited.iter().any(|entry| device.ledger.is_overdue(entry)) {
                actions.extend(self.lost(stream, Some(index), now));
            } else if why == Why::Verify && !fresh.is_empty() {
                let device = &mut self.devices[index];
                device.awaited = fresh;
                device.due = now + OVERDUE;
            }
        }
        actions
    }

    fn not_fetched(&mut self, index: usize, failure: Failure, now: Instant) -> Vec<Action> {
        let every = self.poll_interval();
        let device = &mut self.devices[index];
        if device.gone {
            return Vec::new();
        }
        let for_ever =
            failure.kind.ends_run() || matches!(failure.kind, Kind::Refused | Kind::NotFound);
        if !for_ever {
            device.due = now + every + OVERDUE;
            return vec![Action::Say(format!("{}: {}", device.id, failure.sentence()))];
        }
        device.gone = true;
        let place = device.place;
        let mut actions = Vec::new();
        if device.begun {
            actions.push(Action::Print(gap(device, None)));
        }
        actions.push(Action::Fail { device: index, failure });
        if let Place::Waiting(stream) | Place::Adding(stream) | Place::On(stream) = place {
            self.streams[stream].order.retain(|other| *other != index);
            actions.extend(self.promote(stream));
        }
        actions
    }

    /// A place on a stream has become free: a polled device takes it.
    fn promote(&mut self, stream: usize) -> Vec<Action> {
        let on_it = |device: &Device| {
            !device.gone
                && [Place::Waiting(stream), Place::Adding(stream), Place::On(stream)]
                    .contains(&device.place)
        };
        let free = self.devices.iter().filter(|device| on_it(device)).count()
            < self.streams[stream].capacity;
        let polled = |device: &Device| !device.gone && device.place == Place::Polled;
        match self.devices.iter().position(polled) {
            Some(next) if free && self.streams[stream].state != State::Off => {
                self.devices[next].place = Place::Waiting(stream);
                self.add(next)
            }
            _ => Vec::new(),
        }
    }

    /// Adds a device to its stream, if both are ready.
    fn add(&mut self, index: usize) -> Vec<Action> {
        let device = &mut self.devices[index];
        let Place::Waiting(stream) = device.place else { return Vec::new() };
        let ready = matches!(self.streams[stream].state, State::Open(_));
        if !ready || !device.begun || device.gone {
            return Vec::new();
        }
        device.place = Place::Adding(stream);
        device.ledger.added();
        let to = &mut self.streams[stream];
        to.order.push(index);
        vec![Action::Add { stream, turn: to.turn, device: index }]
    }

    fn opened(&mut self, stream: usize, now: Instant) -> Vec<Action> {
        if matches!(self.streams[stream].state, State::Open(_)) {
            return Vec::new();
        }
        self.streams[stream].state = State::Open(now);
        (0..self.devices.len())
            .filter(|index| self.devices[*index].place == Place::Waiting(stream))
            .collect::<Vec<_>>()
            .into_iter()
            .flat_map(|index| self.add(index))
            .collect()
    }

    fn added(
        &mut self,
        stream: usize,
        index: usize,
        result: Result<(), Failure>,
        now: Instant,
    ) -> Vec<Action> {
        let device = &mut self.devices[index];
        if device.place != Place::Adding(stream) || device.gone {
            return Vec::new();
        }
        // Whatever came of it: the stored log tells what was missed until now.
        device.due = now;
        match result {
            Ok(()) => {
                device.place = Place::On(stream);
                device.filled = false;
                Vec::new()
            }
            Err(failure) if failure.kind.ends_run() => {
                device.gone = true;
                vec![Action::Fail { device: index, failure }]
            }
            Err(failure) => {
                device.place = Place::Polled;
                let text = format!(
                    "{} cannot be streamed, so its stored log is polled: {}",
                    device.id,
                    failure.sentence()
                );
                self.streams[stream].order.retain(|other| *other != index);
                vec![Action::Say(text)]
            }
        }
    }

    fn line(&mut self, stream: usize, line: Line, now: Instant) -> Vec<Action> {
        match line {
            Line::Entry(entry) => {
                let known = entry.get("device_id").and_then(|id| self.by_id.get(id.as_str()?));
                match known {
                    Some(index) if self.devices[*index].ledger.arrived(&entry) => {
                        vec![Action::Print(entry)]
                    }
                    _ => Vec::new(),
                }
            }
            Line::Opened => self.opened(stream, now),
            Line::Closed => self.ended(
                stream,
                "the service closed it; another stream of this account may have taken its place",
                None,
                now,
            ),
            Line::Subscribed(_) => Vec::new(),
            Line::Unsubscribed(device) => {
                let index = match device {
                    Some(id) => self.by_id.get(&id).copied(),
                    // The least recently added is dropped (reference 4.8).
                    None => self.streams[stream].order.first().copied(),
                };
                self.lost(stream, index, now)
            }
        }
    }

    /// A device is not on the stream any more, because there are too many: it is polled from now on.
    fn lost(&mut self, stream: usize, index: Option<usize>, now: Instant) -> Vec<Action> {
        let Some(index) = index.filter(|index| self.streams[stream].order.contains(index)) else {
            return Vec::new();
        };
        let to = &mut self.streams[stream];
        to.order.retain(|other| *other != index);
        to.capacity = to.capacity.min(to.order.len().max(1));
        let device = &mut self.devices[index];
        device.place = Place::Polled;
        device.due = now;
        device.awaited.clear();
        vec![Action::Say(format!(
            "{} was dropped from the stream, so its stored log is polled",
            device.id
        ))]
    }

    fn ended(
        &mut self,
        stream: usize,
        why: &str,
        failure: Option<Failure>,
        now: Instant,
    ) -> Vec<Action> {
        if let Some(failure) = failure.filter(|failure| failure.kind != Kind::Unexpected) {
            return self.never(stream, failure);
        }
        let ended = &mut self.streams[stream];
        let lived = match ended.state {
            State::Open(since) => now.duration_since(since),
            _ => Duration::ZERO,
        };
        let wait = if lived >= LIVED_LONG { FIRST_WAIT } else { ended.wait };
        ended.wait = (wait * 2).min(LONGEST_WAIT);
        ended.state = State::Down { again: now + wait };
        ended.order.clear();
        for device in &mut self.devices {
            if matches!(device.place, Place::Adding(own) | Place::On(own) if own == stream) {
                device.place = Place::Waiting(stream);
                device.awaited.clear();
                // Polled until it is back.
                device.due = now;
            }
        }
        vec![Action::Say(format!(
            "the log stream ended: {why}; next try in {} s",
            wait.as_secs_f32()
        ))]
    }

    /// The service gives no stream at all.
    fn never(&mut self, stream: usize, failure: Failure) -> Vec<Action> {
        self.streams[stream].state = State::Off;
        if failure.kind.ends_run() {
            return vec![Action::Fail { device: 0, failure }];
        }
        for device in &mut self.devices {
            if matches!(device.place, Place::Waiting(own) | Place::Adding(own) | Place::On(own) if own == stream)
            {
                device.place = Place::Polled;
            }
        }
        vec![Action::Say(format!(
            "no log stream, so stored logs are polled: {}",
            failure.sentence()
        ))]
    }

    fn polled(&self) -> usize {
        self.devices.iter().filter(|device| !device.gone && device.place == Place::Polled).count()
    }

    fn poll_interval(&self) -> Duration {
        let without_stream = self
            .devices
            .iter()
            .filter(|device| !device.gone && !matches!(device.place, Place::On(_)));
        let count = u32::try_from(without_stream.count()).unwrap_or(u32::MAX);
        POLL.max(Duration::from_secs(1) * count / POLLS_A_SECOND)
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
        Some(Action::Say(format!(
            "{streamed} devices are on log streams; the stored logs of {polled} are polled every {every:.0} s"
        )))
    }
}

/// A line for lines that may be missing: those after `from`, up to `to` if that is known.
fn gap(device: &Device, to: Option<&str>) -> Record {
    let mut gap = Record::from_iter([
        ("type".to_owned(), "gap".into()),
        ("device_id".to_owned(), device.id.as_str().into()),
        ("from".to_owned(), device.ledger.newest().into()),
    ]);
    gap.extend(to.map(|to| ("to".to_owned(), to.into())));
    gap
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
