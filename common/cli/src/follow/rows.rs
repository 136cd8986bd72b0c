//! From rows and groups to the devices to follow.

use std::collections::HashSet;

use api::identify::Thing;
use api::{Request, resource};
use pipe::{Failure, Identifier, Item, Row, Target};

use super::Followed;
use crate::input::Given;
use crate::results::Results;
use crate::session::{Session, text};
use crate::{Result, each};

/// What to follow.
#[derive(Clone, Copy, Debug)]
pub struct FollowRows<'a> {
    /// Devices; rows that are device groups mean their devices.
    pub given: Given<'a>,
    /// Device groups given as options.
    pub groups: &'a [String],
    /// Log streams to use.
    pub streams: usize,
}

impl Session {
    /// Prints what these devices log from now on. The rows are read to their end first.
    ///
    /// # Errors
    /// When the run is over: not signed in, or the service out of reach.
    pub fn follow_rows(&self, what: &FollowRows<'_>) -> Result {
        let mut results = Results::open(self, what.given, false, false)?;
        let mut ids = Vec::new();
        for group in self.one_id_of_each(Thing::DeviceGroup, "--dg", what.groups)? {
            ids.extend(self.members(&group)?);
        }
        if what.groups.is_empty() || !what.given.is_default() {
            for item in what.given.rows(&self.stop)? {
                match item {
                    Ok(Item::Row(row)) if !results.is_over() => match self.devices_of(&row) {
                        Ok(found) => ids.extend(found),
                        Err(failure) => results.bad(&failure, &row.record, &row.source),
                    },
                    other => results.not_attempted(other),
                }
            }
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        if !results.is_over() {
            let devices = ids.into_iter().map(Followed::from_now).collect();
            let ended = self.follow(&self.output, devices, what.streams, |id, failure| {
                seen.remove(id);
                results.bad(failure, &Row::bare(id, "").record, "stream");
            });
            match ended {
                Ok(exit) => results.note(exit),
                Err(stop) => results.end_run(stop),
            }
            seen.iter().for_each(|_| results.tally.ok());
        }
        Ok(results.finish())
    }

    /// The ids of a row's device, or of the devices of its group.
    fn devices_of(&self, row: &Row) -> std::result::Result<Vec<String>, Failure> {
        if self.is_stopped() {
            return Err(each::interrupted());
        }
        let kind = text(&row.record, "type");
        if Target::DEVICE_GROUP.types.contains(&kind) {
            return self.members(text(&row.record, "id"));
        }
        let device = row.identifier(&Target::DEVICE, &[])?;
        self.device_id_of(&device).map(|id| vec![id])
    }

    /// The id of a device. One that is an id is good as it is: whether there is such a device shows when
    /// its log is read.
    pub(super) fn device_id_of(&self, device: &Identifier) -> std::result::Result<String, Failure> {
        if api::devices::form(&device.text) == api::devices::Form::Id {
            return Ok(device.text.to_ascii_lowercase());
        }
        let answer = self.with_device(device, Request::get)?;
        Ok(text(&resource::lift_data(&answer.body), "id").to_owned())
    }
}
