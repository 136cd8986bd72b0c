//! What is special about devices: how they are named, and a list that may leave some out.

use model::GroupType;
use model::Record;
use std::ops::ControlFlow;
use std::thread::{self, JoinHandle};

use simulated::inherited;

use crate::list::SeenIds;
use crate::list::{self, Reading};
use crate::{Answer, Client, Error, Request};

/// The groups whose devices the plain list may leave out: it is described as a list of
/// *development* devices, and whether the others are in it is not known
/// (imp-service(7), section 5.7).
const PERHAPS_LEFT_OUT: [GroupType; 2] = [GroupType::Production, GroupType::PreProduction];

/// A list of so many devices is long: then the question for more is asked beside it, not behind it,
/// where it would wait for a slot and for two answers more.
const LONG: usize = 1000;

/// Lists devices. When no filter speaks of groups and no production device came, production devices
/// are asked for as well, so that the list is whole whatever the service means by it.
///
/// # Errors
/// As [`list::list`].
pub fn list(
    client: &Client,
    filters: &[(String, String)],
    reading: &Reading<'_>,
    seen: &mut SeenIds,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let whole = !filters.iter().any(|(name, _)| name.starts_with("filter[devicegroup."));
    let mut missing =
        if whole { PERHAPS_LEFT_OUT.map(GroupType::api_name).to_vec() } else { Vec::new() };
    let (mut count, mut asked_beside) = (0, None);
    let ended = list::list(client, "/devices", filters, reading, seen, |device| {
        let kind = device.text("devicegroup_type");
        missing.retain(|missing| kind != Some(missing));
        count += 1;
        if count == LONG && !missing.is_empty() {
            let (client, filters, missing) = (client.clone(), filters.to_vec(), missing.clone());
            #[expect(clippy::disallowed_methods, reason = "joined, or left behind when broken off")]
            let asked = thread::spawn(inherited(move || empty_ones(&client, &filters, &missing)));
            asked_beside = Some(asked);
        }
        each(device)
    })?;
    if ended.is_break() {
        return Ok(ended);
    }
    let empty = asked_beside.and_then(joined).unwrap_or_default();
    missing.retain(|kind| !empty.contains(kind));
    for kind in missing {
        if !(reading.wanted)() {
            return Ok(ControlFlow::Break(()));
        }
        let filters = with_kind(filters, kind);
        if list::list(client, "/devices", &filters, reading, seen, &mut each)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn joined<T>(asked: JoinHandle<T>) -> Option<T> {
    simulated::join(asked.thread());
    asked.join().ok()
}

fn with_kind(filters: &[(String, String)], kind: &str) -> Vec<(String, String)> {
    let mut filters = filters.to_vec();
    filters.push(("filter[devicegroup.type]".into(), kind.into()));
    filters
}

/// Those of `kinds` of which there is certainly no device.
fn empty_ones(
    client: &Client,
    filters: &[(String, String)],
    kinds: &[&'static str],
) -> Vec<&'static str> {
    let is_empty = |kind: &str| {
        let mut first = Request::get("/devices").query("page[size]", "1");
        first.query.extend(with_kind(filters, kind));
        let none = |answer: Answer| answer.body["data"].as_array().is_some_and(Vec::is_empty);
        client.send(&first).is_ok_and(none)
    };
    kinds.iter().copied().filter(|kind| is_empty(kind)).collect()
}
