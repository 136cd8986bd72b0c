//! What the service shows: one list, and single requests for what it cannot tell.
//!
//! Careful about what is not in a list: only one that was read whole tells that a device is not there. Pages begin on
//! the ones before them, and when the list moves too much for that, what it has not shown is asked for by itself.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use api::list::Reading;
use api::{Error, Request, SeenIds, devices, segment};
use cli::terminal::progress;
use cli::{CommandError, Exit, Session, failure};
use model::identifier::shape;
use model::{ErrorKind, Record};
use pipe::engine::{self, Done};
use pipe::spool::Spool;
use pipe::{Failure, Item, Row};

use crate::fewer_requests::list_is_less;

use super::expected::Expected;
use super::state::Place;

/// Looks for the devices that are expected, and puts those that are in the place and in no row into `unexpected`.
/// False when that list could not be read whole.
///
/// # Errors
/// What ends the run.
pub fn look(
    session: &Session,
    place: &Place,
    expected: &mut Expected,
    mut unexpected: Option<&mut Spool>,
) -> Result<bool, CommandError> {
    let filter = |name: &str, id: &str| vec![(format!("filter[{name}.id]"), id.to_owned())];
    let filters = match place {
        Place::Account => Vec::new(),
        Place::Product(id) => filter("product", id),
        Place::Group(group) => filter("devicegroup", &group.id),
    };
    let likely = usize::try_from(expected.len()).ok();
    let is_whole = list(session, &filters, likely, |device| match &mut unexpected {
        _ if expected.note(&device) => Ok(()),
        None => Ok(()),
        Some(others) => others.push(&Item::Row(Row { record: device, source: String::new() })),
    })?;
    let open = expected.open();
    if open.is_empty() || (is_whole && *place == Place::Account) {
        return Ok(is_whole);
    }
    if *place != Place::Account && list_is_less(session, open.iter().map(|(_, device)| &**device))?
    {
        let is_known = list(session, &[], None, |device| {
            expected.note(&device);
            Ok(())
        })?;
        if is_known {
            return Ok(is_whole);
        }
    }
    let open = expected.open();
    ask_for_each(session, expected, open)?;
    Ok(is_whole)
}

/// Reads a list, of perhaps so many devices. False when it moved too much to be read whole.
fn list(
    session: &Session,
    filters: &[(String, String)],
    likely: Option<usize>,
    mut each: impl FnMut(Record) -> std::io::Result<()>,
) -> Result<bool, CommandError> {
    let reading = Reading {
        wanted: &|| {
            session.learn_account();
            true
        },
        likely,
        ..Reading::whole(usize::from(session.common.jobs))
    };
    let (mut number, mut cannot_keep) = (0, None);
    let listed =
        devices::list(&session.client, filters, &reading, &mut SeenIds::default(), |device| {
            number += 1;
            progress::count(number, 0, "device");
            cannot_keep = each(device).err();
            if cannot_keep.is_none() && !session.is_stopped() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    if let Some(error) = cannot_keep {
        return Err(CommandError::cannot_keep(&error));
    }
    match listed {
        Ok(ControlFlow::Continue(())) => Ok(true),
        Ok(ControlFlow::Break(())) => Err(CommandError::silent(Exit::Interrupted)),
        Err(error) if error.kind == ErrorKind::Incomplete => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Asks for each of these devices by itself.
fn ask_for_each(
    session: &Session,
    expected: &mut Expected,
    open: Vec<(u32, String)>,
) -> Result<(), Error> {
    let mut ended = None;
    engine::ordered(
        usize::from(session.common.jobs),
        &AtomicBool::new(false),
        open.into_iter(),
        |(row, device)| {
            let name = shape(&device);
            let answer = if name.is_name() {
                Err(Error::new(ErrorKind::NotFound, "A name is only in the list"))
            } else {
                let request = Request::get(format!("/devices/{}", segment(&device)));
                session.client.send(&request).and_then(|answer| answer.record())
            };
            (row, name.is_name() || name.may_be_a_name_when_not_found(), answer)
        },
        |done| {
            let Done::Worked((row, may_be_name, answer)) = done else {
                return ControlFlow::Continue(());
            };
            match answer {
                Ok(device) => _ = expected.note(&device),
                Err(error) if error.kind == ErrorKind::NotFound && may_be_name => {
                    expected.fail(row, moved_too_much());
                }
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => {
                    ended = Some(error);
                    return ControlFlow::Break(());
                }
                Err(error) => expected.fail(row, failure(error)),
            }
            ControlFlow::Continue(())
        },
    );
    ended.map_or(Ok(()), Err)
}

/// Why it is not known whether a name is in a list that could not be read whole.
fn moved_too_much() -> Failure {
    Failure::new(ErrorKind::Incomplete, "The list of devices changed while it was read")
        .detail("run it again, or name the device by its id or MAC address")
}
