//! How many of the devices that were rolled out are offline, by the list of the group that they are in.

use std::collections::HashSet;
use std::ops::ControlFlow;

use api::list::{self, Reading};
use api::{Error, SeenIds};
use cli::{Session, text};

/// Counts them.
///
/// # Errors
/// Those of reading the list.
pub fn count(session: &Session, group: &str, rolled_out: &HashSet<&str>) -> Result<u64, Error> {
    let filters = [("filter[devicegroup.id]".to_owned(), group.to_owned())];
    let reading = Reading::whole(usize::from(session.common.jobs));
    let (mut seen, mut offline) = (SeenIds::default(), 0);
    let _all = list::list(&session.client, "/devices", &filters, &reading, &mut seen, |device| {
        let is_offline = device.get("device_online") == Some(&false.into());
        offline += u64::from(is_offline && rolled_out.contains(text(&device, "id")));
        ControlFlow::Continue(())
    })?;
    Ok(offline)
}
