//! Devices that records name in different ways: which records are about the same one is told by their ids.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use api::Request;
use cli::Session;
use model::identifier::{Shape, shape};
use model::{Record, ResourceKind};
use ops::resources::path;
use pipe::Failure;
use pipe::engine::{self, Done};

use super::run::Entry;

/// Names the devices of the records by their ids, where some are named so and others are not. What cannot be looked up
/// stays as it is, and is told when it is carried out.
pub fn by_their_ids(session: &Session, entries: &mut [Entry]) {
    let mut named: BTreeMap<String, Shape> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| is_of_device(entry)) {
        named.insert(entry.effect.id.clone(), shape(&entry.effect.id));
    }
    let first = named.values().next();
    if named.values().all(|shape| Some(shape) == first) {
        return;
    }
    let others = named.into_iter().filter(|(_, shape)| *shape != Shape::Id);
    let others: Vec<String> = others.map(|(name, _)| name).collect();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    engine::ordered(
        usize::from(session.common.jobs),
        &session.stop,
        others.into_iter(),
        |name| {
            let found = session.record(&Request::get(path(ResourceKind::Device, &name)));
            (name, found)
        },
        |done: Done<String, (String, Result<Record, Failure>)>| {
            if let Done::Worked((name, Ok(found))) = done {
                ids.insert(name, cli::text(&found, "id").to_owned());
            }
            ControlFlow::Continue(())
        },
    );
    for entry in entries.iter_mut().filter(|entry| is_of_device(entry)) {
        if let Some(id) = ids.get(&entry.effect.id).filter(|id| !id.is_empty()) {
            entry.effect.id.clone_from(id);
        }
    }
}

fn is_of_device(entry: &Entry) -> bool {
    entry.is_open() && entry.effect.kind == "device"
}
