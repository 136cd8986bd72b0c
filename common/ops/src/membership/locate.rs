//! Finding out where devices are, for the least requests: one list, or one GET a device.

use model::identifier::shape;
use model::{ErrorKind, Record};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use api::devices;
use api::list::{self, Reading};
use api::{Error, Request, SeenIds, segment};
use pipe::engine::{self, Done};

use super::locations::{Locations, key};
use cli::Session;

/// Which devices may be anywhere in the answer.
#[derive(Clone, Copy, Debug)]
pub enum Within<'a> {
    /// All devices of the account are of interest.
    Account,
    /// Only whether they are in this group.
    Group(&'a str),
}

/// Finds out where the devices `texts` are. `size` is the size of the list if it is known.
///
/// # Errors
/// What ends the run; what concerns one device is kept in [`Locations`].
pub(super) fn locate(
    session: &Session,
    locations: &mut Locations,
    texts: &[&str],
    within: Within<'_>,
    size: Option<usize>,
) -> Result<(), Error> {
    if texts.is_empty() {
        return Ok(());
    }
    let named = texts.iter().any(|text| shape(text).is_name());
    if named || list_is_less(session, texts.len(), within, size)? {
        return locate_in_list(
            session,
            locations,
            texts,
            if named { Within::Account } else { within },
        );
    }
    locate_one_by_one(session, locations, texts)
}

/// Is the list shorter, in pages, than there are devices to ask for? One request can tell: the page
/// with that number is there or not.
fn list_is_less(
    session: &Session,
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
    match session.client.send(&probe) {
        Ok(answer) => Ok(answer.body["data"].as_array().is_none_or(Vec::is_empty)),
        Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => Err(error),
        // Past the end.
        Err(_) => Ok(true),
    }
}

pub(super) fn locate_in_list(
    session: &Session,
    locations: &mut Locations,
    texts: &[&str],
    within: Within<'_>,
) -> Result<(), Error> {
    let reading = Reading {
        jobs: usize::from(session.common.jobs),
        wanted: &|| true,
        likely: Some(texts.len()),
        only: None,
    };
    let mut seen = SeenIds::default();
    match within {
        Within::Account => {
            // Whatever does not come is nowhere; a list that breaks off is an error of all.
            locations.look_for(texts);
            let note = |device: Record| {
                locations.note(&device, |_, is_looked_for| is_looked_for);
                ControlFlow::Continue(())
            };
            devices::list(&session.client, &[], &reading, &mut seen, note).map(|_| ())
        }
        Within::Group(_) => {
            let wanted: HashSet<u64> = texts.iter().map(|text| key(text)).collect();
            let note = |device: Record| {
                locations.note(&device, |key, _| wanted.contains(&key));
                ControlFlow::Continue(())
            };
            let filters = filters(within);
            list::list(&session.client, "/devices", &filters, &reading, &mut seen, note).map(|_| ())
        }
    }
}

fn locate_one_by_one(
    session: &Session,
    locations: &mut Locations,
    texts: &[&str],
) -> Result<(), Error> {
    let mut ended = None;
    let mut perhaps_names = Vec::new();
    engine::ordered(
        usize::from(session.common.jobs),
        &AtomicBool::new(false),
        texts.iter(),
        |text| (*text, session.client.send(&Request::get(format!("/devices/{}", segment(text))))),
        |done| {
            if let Done::Worked((text, answer)) = done {
                match answer {
                    Ok(answer) => match answer.record() {
                        Ok(device) => locations.note(&device, |_, _| true),
                        Err(error) => locations.cannot_tell(text, error),
                    },
                    Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => {
                        ended = Some(error);
                        return ControlFlow::Break(());
                    }
                    Err(error)
                        if error.kind == ErrorKind::NotFound
                            && shape(text).may_be_a_name_when_not_found() =>
                    {
                        perhaps_names.push(text);
                    }
                    Err(error) => {
                        locations.cannot_tell(text, error);
                    }
                }
            }
            ControlFlow::Continue(())
        },
    );
    match ended {
        Some(error) => Err(error),
        None if perhaps_names.is_empty() => Ok(()),
        None => locate_names(session, locations, &perhaps_names),
    }
}

/// Looks for what is perhaps names. A list that cannot be read concerns these alone, unless it ends the run.
fn locate_names(session: &Session, locations: &mut Locations, names: &[&str]) -> Result<(), Error> {
    match locate_in_list(session, locations, names, Within::Account) {
        Err(error) if !error.ends_run() && error.kind != ErrorKind::NotAttempted => {
            names.iter().for_each(|name| locations.cannot_tell(name, error.clone()));
            Ok(())
        }
        located => located,
    }
}

fn filters(within: Within<'_>) -> Vec<(String, String)> {
    match within {
        Within::Account => Vec::new(),
        Within::Group(id) => vec![("filter[devicegroup.id]".into(), id.to_owned())],
    }
}
