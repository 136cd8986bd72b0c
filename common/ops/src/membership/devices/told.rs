//! What is told of a device: by its row, and by a look-up.

use std::num::NonZeroU64;

use pipe::NamedBy;

use super::super::groups::GroupNumber;

/// What a row asks for.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Requested<'a> {
    /// The device, as the row names it.
    pub device: &'a str,
    /// What the row says that this is.
    pub named_by: NamedBy,
    /// The group to go to; `None` = out of its group.
    pub target: Option<GroupNumber>,
    /// The row says that the device is an imp001.
    pub is_imp001: bool,
}

impl<'a> Requested<'a> {
    /// A device that goes somewhere, wherever it is.
    pub fn new(device: &'a str, named_by: NamedBy, target: Option<GroupNumber>) -> Self {
        Requested { device, named_by, target, is_imp001: false }
    }
}

/// Where a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Location {
    /// Its id, which is 64 bits in hex; `None` when the service gave something else.
    pub id: Option<NonZeroU64>,
    /// The group; `None` while unassigned.
    pub group: Option<GroupNumber>,
    /// What it was looked for by is its name.
    pub by_name: bool,
    /// It is an imp001.
    pub is_imp001: bool,
}

/// What a look-up gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Found {
    /// It was not looked for where it may be.
    Unknown,
    /// There is none in the account.
    Nowhere,
    /// It is there.
    At(Location),
    /// So many devices have this name.
    Several(u32),
    /// It could not be looked up.
    Trouble,
}
