//! Finding out where devices are, for the least requests: one list, or one GET a device.

use model::{ErrorKind, Record};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use api::devices;
use api::list::{self, Reading};
use api::{Client, Error, Request, SeenIds, segment};
use pipe::engine::{self, Done};

use super::devices::{Devices, Found};
use super::search::{FIELDS, Search};
use cli::Session;

/// Which devices may be anywhere in the answer.
#[derive(Clone, Copy, Debug)]
pub enum Within<'a> {
    /// All devices of the account are of interest.
    Account,
    /// Only whether they are in this group.
    Group(&'a str),
}

/// Finds out where the devices of these rows are. `size` is the size of the list if it is known.
///
/// # Errors
/// What ends the run; what concerns one device is kept in [`Devices`].
pub(super) fn locate(
    session: &Session,
    devices: &mut Devices,
    rows: Vec<u32>,
    within: Within<'_>,
    size: Option<usize>,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let named = rows.iter().any(|row| devices.shape(*row).is_name());
    if named || list_is_less(&session.client, rows.len(), within, size)? {
        let within = if named { Within::Account } else { within };
        let missed = locate_in_list(session, devices, rows, within)?;
        if missed.len() > MOST_MISSED {
            return Ok(());
        }
        return locate_one_by_one(session, devices, missed, WhenNotFound::Nowhere);
    }
    locate_one_by_one(session, devices, rows, WhenNotFound::PerhapsName)
}

/// So many are asked for by themselves after a list that has not shown them.
const MOST_MISSED: usize = 20;

/// Whether the list has not shown the device although it may be there: when another one is taken away while pages
/// are read, all that follow move up, and one of them is on no page.
fn may_be_missed(devices: &Devices, row: u32) -> bool {
    devices.found(row) == Found::Nowhere
        && !devices.shape(row).is_name()
        && !devices.shape(row).may_be_a_name_when_not_found()
}

/// What a device is that the service does not know when it is asked for it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenNotFound {
    /// As before: nowhere.
    Nowhere,
    /// Its text may be a name, which only a list tells.
    PerhapsName,
}

/// Whether the list of the account takes fewer requests than to ask for so many devices one by one. It is one
/// request that tells.
///
/// # Errors
/// As [`api::Client::send`].
pub fn account_list_is_less(client: &Client, devices: usize) -> Result<bool, Error> {
    list_is_less(client, devices, Within::Account, None)
}

/// Is the list shorter, in pages, than there are devices to ask for? One request can tell: the page
/// with that number is there or not.
fn list_is_less(
    client: &Client,
    devices: usize,
    within: Within<'_>,
    size: Option<usize>,
) -> Result<bool, Error> {
    if let Some(size) = size {
        return Ok(size / 100 + 1 < devices);
    }
    if devices <= 1 {
        return Ok(false);
    }
    let mut probe = Request::get("/devices")
        .query("page[number]", devices.to_string())
        .query("page[size]", "100");
    probe.query.extend(filters(within));
    match client.send(&probe) {
        Ok(answer) => Ok(answer.body["data"].as_array().is_none_or(Vec::is_empty)),
        Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => Err(error),
        // Past the end.
        Err(_) => Ok(true),
    }
}

/// Reads where the devices of these rows are from a list; gives the rows that it may have missed, unless they are more
/// than are asked for by themselves: then one more than those.
pub(super) fn locate_in_list(
    session: &Session,
    devices: &mut Devices,
    rows: Vec<u32>,
    within: Within<'_>,
) -> Result<Vec<u32>, Error> {
    let reading = Reading {
        jobs: usize::from(session.common.jobs),
        wanted: &|| true,
        likely: Some(rows.len()),
        only: Some(FIELDS),
        // A group is small, and what is not in it is told from its list alone.
        whole: matches!(within, Within::Group(_)),
    };
    let mut seen = SeenIds::default();
    let search = Search::new(devices, rows);
    if let Within::Account = within {
        // Whatever does not come is nowhere; a list that breaks off is an error of all.
        search.among_all(devices);
    }
    let note = |device: Record| {
        search.note(devices, &device);
        ControlFlow::Continue(())
    };
    let _all = match within {
        Within::Account => devices::list(&session.client, &[], &reading, &mut seen, note),
        Within::Group(_) => {
            let filters = filters(within);
            list::list(&session.client, "/devices", &filters, &reading, &mut seen, note)
        }
    }?;
    let missed = search.rows().filter(|row| may_be_missed(devices, *row));
    let mut missed: Vec<u32> = missed.take(MOST_MISSED + 1).collect();
    missed.sort_unstable();
    Ok(missed)
}

fn locate_one_by_one(
    session: &Session,
    devices: &mut Devices,
    rows: Vec<u32>,
    when_not_found: WhenNotFound,
) -> Result<(), Error> {
    let mut ended = None;
    let mut perhaps_names = Vec::new();
    let texts: Vec<(u32, String)> = rows.iter().map(|row| (*row, devices.text(*row))).collect();
    let search = Search::new(devices, rows);
    engine::ordered(
        usize::from(session.common.jobs),
        &AtomicBool::new(false),
        texts.into_iter(),
        |(row, text)| {
            let request = Request::get(format!("/devices/{}", segment(&text)));
            (row, session.client.send(&request))
        },
        |done| {
            let Done::Worked((row, answer)) = done else { return ControlFlow::Continue(()) };
            match answer.and_then(|answer| answer.record()) {
                Ok(device) => search.note(devices, &device),
                Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => {
                    ended = Some(error);
                    return ControlFlow::Break(());
                }
                Err(error)
                    if error.kind == ErrorKind::NotFound
                        && when_not_found == WhenNotFound::Nowhere => {}
                Err(error)
                    if error.kind == ErrorKind::NotFound
                        && devices.shape(row).may_be_a_name_when_not_found() =>
                {
                    perhaps_names.push(row);
                }
                Err(error) => devices.cannot_tell(row, error),
            }
            ControlFlow::Continue(())
        },
    );
    match ended {
        Some(error) => Err(error),
        None if perhaps_names.is_empty() => Ok(()),
        None => locate_names(session, devices, &perhaps_names),
    }
}

/// Looks for what is perhaps names. A list that cannot be read concerns these alone, unless it ends the run.
fn locate_names(session: &Session, devices: &mut Devices, rows: &[u32]) -> Result<(), Error> {
    match locate_in_list(session, devices, rows.to_vec(), Within::Account) {
        Err(error) if !error.ends_run() && error.kind != ErrorKind::NotAttempted => {
            rows.iter().for_each(|row| devices.cannot_tell(*row, error.clone()));
            Ok(())
        }
        located => located.map(|_| ()),
    }
}

fn filters(within: Within<'_>) -> Vec<(String, String)> {
    match within {
        Within::Account => Vec::new(),
        Within::Group(id) => vec![("filter[devicegroup.id]".into(), id.to_owned())],
    }
}
