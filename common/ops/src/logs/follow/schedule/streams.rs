//! Streams: asked for, opened, filled with devices, lost, and tried again.

use model::{ErrorKind, Record};
use std::time::{Duration, Instant};

use pipe::Failure;
use serde_json::Value;

use super::{Action, Device, LATE, ON_A_STREAM, Place, Schedule};
use crate::logs::follow::event::Line;
use crate::logs::follow::printed_lines::time;

/// A stream that does not say that it has opened is taken for opened.
const OPENS_WITHIN: Duration = Duration::from_secs(10);
/// The wait before a stream is tried again grows from one to the other; one that lived long begins anew.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const LIVED_LONG: Duration = Duration::from_secs(20);

/// One log stream of the service, and the devices that have a place on it.
#[derive(Debug)]
pub(super) struct Stream {
    turn: u32,
    state: State,
    pub(super) capacity: usize,
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

impl Stream {
    pub(super) fn new(now: Instant) -> Self {
        Stream {
            turn: 0,
            state: State::Down { again: now },
            capacity: ON_A_STREAM,
            wait: FIRST_WAIT,
            order: Vec::new(),
        }
    }

    /// Whether it is still the stream of this turn, and not over.
    pub(super) fn is_turn(&self, turn: u32) -> bool {
        self.turn == turn && !matches!(self.state, State::Down { .. } | State::Off)
    }

    /// The service answers. Its first event may have been faster.
    pub(super) fn connected(&mut self, now: Instant) {
        if self.state == State::Opening {
            self.state = State::Connected(now);
        }
    }

    /// Notes that a device is not on it any more.
    fn leaves(&mut self, device: usize) {
        self.order.retain(|other| *other != device);
    }
}

impl Device {
    /// A line came on a stream. Where the log could not be read yet, following begins with it.
    fn arrived(&mut self, entry: Record, starts: &mut Vec<(String, Value)>) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.begun && self.printed_lines.begin_with(&entry) {
            self.begun = true;
            starts.push((self.id.clone(), self.printed_lines.kept()));
            let gap = || Action::Print(self.printed_lines.gap(&self.id, Some(time(&entry))));
            actions.extend(self.is_late.then(gap));
        }
        if self.printed_lines.arrived(&entry) {
            actions.push(Action::Print(entry));
        }
        actions
    }
}

impl Schedule {
    /// Streams that are to be opened, or taken for opened.
    pub(super) fn due_streams(&mut self, now: Instant) -> Vec<Action> {
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

    /// Whether a device is followed: a stream delivers, or stored logs can be read.
    fn is_followed(&self) -> bool {
        let is_followed = |device: &Device| {
            matches!(device.place, Place::On(_)) || matches!(device.read, Some(Ok(())))
        };
        self.devices.iter().any(|device| !device.gone && is_followed(device))
    }

    fn has_devices(&self, stream: usize) -> bool {
        self.devices.iter().any(|device| !device.gone && device.place == Place::Waiting(stream))
    }

    /// A device is followed no more. Its place on a stream, if it had one, is taken by a polled device.
    pub(super) fn leave_stream(&mut self, index: usize) -> Vec<Action> {
        let Some(stream) = self.devices[index].place.stream() else { return Vec::new() };
        self.streams[stream].leaves(index);
        let on_it = |device: &&Device| !device.gone && device.place.stream() == Some(stream);
        let free = self.devices.iter().filter(on_it).count() < self.streams[stream].capacity;
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
    pub(super) fn add(&mut self, index: usize) -> Vec<Action> {
        let device = &mut self.devices[index];
        let Place::Waiting(stream) = device.place else { return Vec::new() };
        let ready = matches!(self.streams[stream].state, State::Open(_));
        if !ready || device.gone {
            return Vec::new();
        }
        device.place = Place::Adding(stream);
        device.printed_lines.added();
        let to = &mut self.streams[stream];
        to.order.push(index);
        vec![Action::Add { stream, turn: to.turn, device: index }]
    }

    /// A stream has opened: its devices are added.
    pub(super) fn opened(&mut self, stream: usize, now: Instant) -> Vec<Action> {
        if matches!(self.streams[stream].state, State::Open(_)) {
            return Vec::new();
        }
        self.streams[stream].state = State::Open(now);
        // A log that cannot be read yet keeps no device from its stream: what arrives is new.
        let is_late = now.duration_since(self.started) >= LATE;
        (0..self.devices.len())
            .filter(|index| self.devices[*index].place == Place::Waiting(stream))
            .collect::<Vec<_>>()
            .into_iter()
            .flat_map(|index| {
                self.devices[index].is_late |= is_late;
                self.add(index)
            })
            .collect()
    }

    /// A device was added to its stream, or not.
    pub(super) fn added(
        &mut self,
        stream: usize,
        index: usize,
        result: Result<(), Failure>,
        now: Instant,
    ) -> Vec<Action> {
        let is_followed = self.is_followed();
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
            Err(failure) if failure.kind.ends_run() && !may_pass(&failure, is_followed) => {
                device.gone = true;
                vec![Action::Fail { device: index, failure }]
            }
            Err(failure) => {
                device.place = Place::Polled;
                let is_begun = device.begun;
                let text = format!(
                    "{} cannot be streamed, so its stored log is polled: {}",
                    device.id,
                    failure.sentence()
                );
                self.streams[stream].leaves(index);
                // Whether its log can be read at all is told by the first read.
                if is_begun { vec![Action::Say(text)] } else { Vec::new() }
            }
        }
    }

    /// A line came from a stream.
    pub(super) fn line(&mut self, stream: usize, line: Line, now: Instant) -> Vec<Action> {
        match line {
            Line::Entry(entry) => {
                let known = entry.get("device_id").and_then(|id| self.by_id.get(id.as_str()?));
                let starts = &mut self.starts;
                known.map_or_else(Vec::new, |index| self.devices[*index].arrived(entry, starts))
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
                    // The least recently added is dropped (imp-service(7), section 13.5).
                    None => self.streams[stream].order.first().copied(),
                };
                self.lost(stream, index, now)
            }
        }
    }

    /// A device is not on the stream any more, because there are too many: it is polled from now on.
    pub(super) fn lost(
        &mut self,
        stream: usize,
        index: Option<usize>,
        now: Instant,
    ) -> Vec<Action> {
        let Some(index) = index.filter(|index| self.streams[stream].order.contains(index)) else {
            return Vec::new();
        };
        let to = &mut self.streams[stream];
        to.leaves(index);
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

    /// A stream is over: its devices are polled until it is back.
    pub(super) fn ended(
        &mut self,
        stream: usize,
        why: &str,
        failure: Option<Failure>,
        now: Instant,
    ) -> Vec<Action> {
        let is_followed = self.is_followed();
        let for_ever = |failure: &Failure| {
            failure.kind != ErrorKind::Unexpected && !may_pass(failure, is_followed)
        };
        if let Some(failure) = failure.filter(for_ever) {
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
            return vec![Action::End(failure)];
        }
        for device in &mut self.devices {
            if device.place.stream() == Some(stream) {
                device.place = Place::Polled;
            }
        }
        vec![Action::Say(format!(
            "no log stream, so stored logs are polled: {}",
            failure.sentence()
        ))]
    }
}

/// Whether a failure is no end of the run: the service is there as long as a stream delivers, or it was when stored
/// logs were read last.
fn may_pass(failure: &Failure, is_followed: bool) -> bool {
    failure.kind == ErrorKind::Unreachable && is_followed
}
