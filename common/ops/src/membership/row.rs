//! The rows of a bulk move: what they ask for, and what has become of them so far. A million of them may be held at
//! once, so they are small.

use std::collections::HashMap;
use std::sync::Arc;

use api::Error;
use cli::failure;
use model::ErrorKind;
use pipe::Failure;

use super::devices::{Devices, Requested};
use super::groups::GroupNumber;

/// What has become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowState {
    /// The row names no device; its own failure is printed.
    Bad,
    /// To be written; the group that the request goes to.
    Open(GroupNumber),
    /// The service knows no agent of this id, but the text may be a name. Only the list of devices tells. The number
    /// of the failure if it is none.
    PerhapsName(u32),
    /// Written.
    Moved,
    /// It was where it should be.
    Unchanged,
    /// As the row with this number, which has the same device.
    As(u32),
    /// To fail: the row with this number sends the device elsewhere.
    Against(u32),
    /// Failed: it was not attempted, because the run is over.
    NotAttempted,
    /// Failed: there is no such device.
    NoDevice,
    /// Failed, with the failure of this number.
    Failed(u32),
}

/// A [`RowState`], and how the row is sent.
#[derive(Clone, Copy, Debug)]
struct State {
    number: u32,
    kind: u8,
    /// Times that it was sent and the service gave no usable answer.
    attempts: u8,
    /// It goes in a request of its own from now on.
    alone: bool,
}

const _: () = assert!(size_of::<State>() == 8);

impl State {
    fn set(&mut self, state: RowState) {
        (self.kind, self.number) = match state {
            RowState::Bad => (0, 0),
            RowState::Open(group) => (1, group.get()),
            RowState::PerhapsName(failure) => (2, failure),
            RowState::Moved => (3, 0),
            RowState::Unchanged => (4, 0),
            RowState::As(row) => (5, row),
            RowState::Against(row) => (6, row),
            RowState::NotAttempted => (7, 0),
            RowState::NoDevice => (8, 0),
            RowState::Failed(failure) => (9, failure),
        };
    }

    fn get(self) -> RowState {
        match (self.kind, GroupNumber::of(self.number)) {
            (1, Some(group)) => RowState::Open(group),
            (2, _) => RowState::PerhapsName(self.number),
            (3, _) => RowState::Moved,
            (4, _) => RowState::Unchanged,
            (5, _) => RowState::As(self.number),
            (6, _) => RowState::Against(self.number),
            (7, _) => RowState::NotAttempted,
            (8, _) => RowState::NoDevice,
            (9, _) => RowState::Failed(self.number),
            _ => RowState::Bad,
        }
    }
}

/// The rows of a move.
#[derive(Default)]
pub(super) struct MoveRows {
    /// What they ask for, and where their devices are.
    pub devices: Arc<Devices>,
    states: Vec<State>,
    /// Failures, each once where rows that follow one another fail alike.
    failures: Vec<Failure>,
}

impl MoveRows {
    /// No rows yet, and these groups.
    pub fn with(devices: Devices) -> MoveRows {
        MoveRows { devices: Arc::new(devices), ..MoveRows::default() }
    }

    /// What the rows ask for, to be changed. While requests are under way nobody does.
    pub fn devices_mut(&mut self) -> &mut Devices {
        Arc::make_mut(&mut self.devices)
    }

    /// Adds a row, which names no device where `requested` is nothing.
    pub fn push(&mut self, requested: Option<Requested<'_>>) {
        self.devices_mut().push(requested);
        self.states.push(State { number: 0, kind: 0, attempts: 0, alone: false });
    }

    /// No rows are added any more.
    pub fn shrink(&mut self) {
        self.states.shrink_to_fit();
        self.devices_mut().shrink();
    }

    /// The number of rows.
    pub fn len(&self) -> u32 {
        u32::try_from(self.states.len()).expect("fewer than 2^32 rows")
    }

    /// What has become of a row.
    pub fn state(&self, row: u32) -> RowState {
        self.states[row as usize].get()
    }

    /// What has become of each.
    pub fn states(&self) -> impl Iterator<Item = (u32, RowState)> {
        (0..).zip(self.states.iter().map(|state| state.get()))
    }

    /// Notes what has become of a row.
    pub fn set(&mut self, row: u32, state: RowState) {
        self.states[row as usize].set(state);
    }

    /// The number of a failure.
    pub fn failure_number(&mut self, failure: Failure) -> u32 {
        if self.failures.last() != Some(&failure) {
            self.failures.push(failure);
        }
        u32::try_from(self.failures.len() - 1).expect("fewer than 2^32 failures")
    }

    /// The row failed.
    pub fn fail(&mut self, row: u32, failure: Failure) {
        let number = self.failure_number(failure);
        self.set(row, RowState::Failed(number));
    }

    /// The row failed with an error of the service.
    pub fn fail_with(&mut self, row: u32, error: Error) {
        self.fail(row, failure(error));
    }

    /// The failure of a row in this state, if it is one that failed.
    pub fn failure(&self, row: u32, state: RowState) -> Option<Failure> {
        match state {
            RowState::NotAttempted => Some(cli::rows::run_ended()),
            RowState::NoDevice => Some(failure(self.devices.no_device(row))),
            RowState::Failed(number) => self.failures.get(number as usize).cloned(),
            _ => None,
        }
    }

    /// The title of the failure with this number.
    pub fn title(&self, failure: u32) -> &str {
        self.failures.get(failure as usize).map_or("", |failure| &failure.title)
    }

    /// The kind of the failure of a row in this state, if it is one that failed.
    pub fn failure_kind(&self, state: RowState) -> Option<ErrorKind> {
        match state {
            RowState::NotAttempted => Some(ErrorKind::NotAttempted),
            RowState::NoDevice => Some(ErrorKind::NotFound),
            RowState::Failed(number) => Some(self.failures.get(number as usize)?.kind),
            _ => None,
        }
    }

    /// The group of the request, while the row is to be written.
    pub fn open(&self, row: u32) -> Option<GroupNumber> {
        match self.state(row) {
            RowState::Open(group) => Some(group),
            _ => None,
        }
    }

    /// The rows that are to be written, with the group of the request.
    pub fn all_open(&self) -> impl Iterator<Item = (u32, GroupNumber)> {
        self.states().filter_map(|(row, state)| match state {
            RowState::Open(group) => Some((row, group)),
            _ => None,
        })
    }

    /// Does this with each row that is to be written.
    pub fn each_open(&mut self, mut each: impl FnMut(&mut Self, u32)) {
        for row in 0..self.len() {
            if self.open(row).is_some() {
                each(self, row);
            }
        }
    }

    /// Rows that later ones repeat.
    pub fn repeated<T: Default>(&self) -> HashMap<u32, T> {
        let first = |(_, state)| match state {
            RowState::As(first) => Some((first, T::default())),
            _ => None,
        };
        self.states().filter_map(first).collect()
    }

    /// Counts a sending that had no usable answer; gives how many there were.
    pub fn count_attempt(&mut self, row: u32) -> u8 {
        let attempts = &mut self.states[row as usize].attempts;
        *attempts += 1;
        *attempts
    }

    /// The row goes in a request of its own from now on.
    pub fn send_alone(&mut self, row: u32) {
        self.states[row as usize].alone = true;
    }

    /// Whether it does.
    pub fn is_sent_alone(&self, row: u32) -> bool {
        self.states[row as usize].alone
    }

    /// The run is over: `which` rows were not attempted. The reason goes to the first of them.
    pub fn give_up(&mut self, reason: &Error, which: impl Fn(&Self, u32) -> bool) {
        let is_reason = reason.kind != ErrorKind::NotAttempted;
        let mut reason = is_reason.then(|| reason.clone());
        for row in 0..self.len() {
            if !which(self, row) {
                continue;
            }
            match reason.take() {
                Some(reason) => self.fail_with(row, reason),
                None => self.set(row, RowState::NotAttempted),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipe::NamedBy;

    #[test]
    fn a_state_is_read_as_it_was_set_and_failures_alike_are_kept_once() {
        let mut rows = MoveRows::default();
        rows.push(None);
        rows.push(Some(Requested::new("Left", NamedBy::Any, None)));
        let group = GroupNumber::of(7).expect("not 0");
        for state in [
            RowState::Bad,
            RowState::Open(group),
            RowState::PerhapsName(0),
            RowState::Moved,
            RowState::Unchanged,
            RowState::As(0),
            RowState::Against(u32::MAX),
            RowState::NotAttempted,
            RowState::NoDevice,
            RowState::Failed(3),
        ] {
            rows.set(1, state);
            assert_eq!(rows.state(1), state);
        }
        rows.set(1, RowState::NoDevice);
        let failure = rows.failure(1, rows.state(1)).expect("it failed");
        assert_eq!(failure.title, "No device `Left`");
        for title in ["a", "a", "b"] {
            rows.fail(0, Failure::new(ErrorKind::Refused, title));
        }
        assert_eq!(rows.state(0), RowState::Failed(1));
    }
}
