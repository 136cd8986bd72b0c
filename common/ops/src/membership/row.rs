//! One row of a bulk move: what it asks for, and what is known of it so far. A million of them may be held at
//! once, so they are small.

use std::num::NonZeroU64;

use pipe::{Failure, NamedBy};

use super::locations::{GroupNumber, Locations};
use api::Error;
use cli::failure;
use model::identifier::{Shape, shape};

/// What a row asks for.
#[derive(Clone, Debug)]
pub(super) struct Requested {
    /// The device, as the row names it.
    pub device: Box<str>,
    /// What the row says that this is.
    pub named_by: NamedBy,
    /// The group to go to; `None` = out of its group.
    pub target: Option<GroupNumber>,
    /// The condition that it is in this group, or in none, if there is one.
    pub expected: Option<Option<GroupNumber>>,
}

impl Requested {
    /// A device that goes somewhere, wherever it is.
    pub fn new(device: Box<str>, named_by: NamedBy, target: Option<GroupNumber>) -> Self {
        Requested { device, named_by, target, expected: None }
    }
}

/// What has become of a row.
#[derive(Clone, Debug)]
pub(super) enum RowState {
    /// The row names no device; its own failure is printed.
    Bad,
    /// To be written; the group that the request goes to.
    Open(GroupNumber),
    /// The service knows no agent of this id, but the text may be a name. Only the list of devices tells.
    PerhapsName(Box<Error>),
    /// Written.
    Moved,
    /// It was where it should be.
    Unchanged,
    /// As the row with this number, which has the same device.
    As(usize),
    /// To fail: the row with this number sends the device elsewhere.
    Against(usize),
    /// Failed.
    Failed(Box<Failure>),
}

impl RowState {
    /// Failed with an error of the service.
    pub fn failed(error: Error) -> Self {
        RowState::Failed(Box::new(failure(error)))
    }

    /// Not attempted, because the run is over.
    pub fn run_ended() -> Self {
        RowState::Failed(Box::new(cli::rows::run_ended()))
    }
}

/// A row of the move.
#[derive(Clone, Debug)]
pub(super) struct MoveRow {
    /// What it asks for; `None` when it names no device.
    pub requested: Option<Requested>,
    /// What has become of it.
    pub state: RowState,
    /// The id that was found for a text that looked like an agent id and is a name.
    pub id_of_name: Option<NonZeroU64>,
    /// Times that it was sent and the service gave no usable answer.
    pub attempts: u8,
    /// It goes in a request of its own from now on.
    pub alone: bool,
}

impl MoveRow {
    /// A row that names no device.
    pub fn bad() -> Self {
        MoveRow {
            requested: None,
            state: RowState::Bad,
            id_of_name: None,
            attempts: 0,
            alone: false,
        }
    }

    /// A row that asks for something.
    pub fn asking(requested: Requested) -> Self {
        MoveRow { requested: Some(requested), ..MoveRow::bad() }
    }

    /// The device, as the row names it.
    pub fn device(&self) -> &str {
        self.requested.as_ref().map_or("", |requested| &requested.device)
    }

    /// The group to go to.
    pub fn target(&self) -> Option<GroupNumber> {
        self.requested.as_ref()?.target
    }

    /// Whether the device is to leave its group for none.
    pub fn leaves(&self) -> bool {
        self.requested.as_ref().is_some_and(|requested| requested.target.is_none())
    }

    /// The group of the request, while the row is to be written.
    pub fn open(&self) -> Option<GroupNumber> {
        if let RowState::Open(group) = self.state { Some(group) } else { None }
    }

    /// The number of the row that has the same device and was first.
    pub fn first(&self) -> Option<usize> {
        if let RowState::As(first) = self.state { Some(first) } else { None }
    }

    /// The device as a request names it. Unassigned devices have no agent id any more, so devices that are
    /// taken out go by their own id; names are nothing to the service.
    pub fn on_the_wire(&self, locations: &Locations) -> String {
        let device = self.device();
        let by_location = || locations.of(device).ok()??.id;
        let needs_id = self.leaves() || shape(device) == Shape::Name;
        let id = self.id_of_name.or_else(|| if needs_id { by_location() } else { None });
        id.map_or_else(|| device.to_owned(), |id| format!("{id:016x}"))
    }
}
