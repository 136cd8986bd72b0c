//! The devices that a reading verb works on: those of groups, and those that are named themselves.

use cli::rows::expand;
use cli::{CommandError, RowArgs, RowSource, Rows, Session, text};
use model::ResourceKind;

/// Rows for the devices of the `groups` that stand behind `--dg`, as they are now, then those of `args`. With
/// groups, stdin is read only where it is named.
///
/// # Errors
/// As [`RowSource::rows`]; a group that is not there is a failed row.
pub fn devices_of(
    session: &Session,
    args: RowArgs<'_>,
    groups: &[String],
) -> Result<Rows, CommandError> {
    if groups.is_empty() {
        return args.source.rows(&session.inputs);
    }
    let groups = RowSource::identified(ResourceKind::DeviceGroup.noun(), "--dg", groups);
    let of_groups = expand(session, groups, |row| {
        let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
        let id = text(&group, "id");
        let devices = session.collect("/devices", &[("filter[devicegroup.id]", id)])?;
        if devices.is_empty() {
            // A group that is not there has an empty list, too.
            session.get("devicegroups", id)?;
        }
        Ok(devices)
    })?;
    if args.source.is_default() {
        return Ok(of_groups.rows);
    }
    Ok(Box::new(of_groups.rows.chain(args.source.rows(&session.inputs)?)))
}
