//! The rows of a comparison, read to their end, and where the device of each should be.

use std::collections::HashMap;
use std::sync::Arc;

use cli::rows::results::Results;
use cli::{CommandError, RowArgs, Session, text};
use model::ResourceKind;
use ops::membership::Group;
use pipe::spool::Spool;
use pipe::{Failure, Item, ReadError, Row};

use crate::groups::is_group_known;

use super::blessings::Blessings;
use super::expected::Expected;
use super::state::Place;

/// The rows, and what is known of them.
pub struct Compared {
    pub rows: Spool,
    pub expected: Expected,
    pub blessings: Blessings,
    /// Devices in no row.
    pub unexpected: Spool,
}

/// The groups and products that rows ask for, by how they are called there.
type Places = HashMap<(ResourceKind, String), Arc<Place>>;

impl Compared {
    /// Reads the rows to their end.
    pub fn read(
        &mut self,
        session: &Session,
        args: RowArgs<'_>,
        place: &Arc<Place>,
        results: &mut Results<'_>,
    ) -> cli::Result<()> {
        let mut places = HashMap::new();
        for item in args.source.rows(&session.inputs)? {
            let Some(row) = results.row(item) else { continue };
            let read = row.identifier(ResourceKind::Device, &[]).and_then(|device| {
                let place = self.place_of(session, &row, place, &mut places);
                self.expected.add(&device.text, place)
            });
            match read {
                Ok(()) => {
                    let kept = self.rows.push(&Item::Row(row));
                    kept.map_err(|error| CommandError::cannot_keep(&error))?;
                }
                Err(failure) => results.bad(&failure, &row.record, &row.source),
            }
        }
        Ok(())
    }

    /// Where the device of a row should be: in the group or the product that the row asks for, in the place for all,
    /// or where the row's record of it says that it was.
    fn place_of(
        &mut self,
        session: &Session,
        row: &Row,
        place: &Arc<Place>,
        places: &mut Places,
    ) -> Result<Arc<Place>, Failure> {
        let asked = |columns: &[&str]| {
            let asked = cli::text_option(row, columns)?;
            Ok::<_, Failure>(asked.filter(|text| !text.trim().is_empty()))
        };
        let mut group = asked(&["dg", "devicegroup", "device_group"])?;
        if group.is_none()
            && let Some(product) = asked(&["product"])?
        {
            return product_of(session, product, places);
        }
        if group.is_none() && **place == Place::Account {
            group = asked(&["devicegroup_id"])?;
        }
        let Some(group) = group else { return Ok(place.clone()) };
        let key = (ResourceKind::DeviceGroup, group);
        if let Some(known) = places.get(&key) {
            return Ok(known.clone());
        }
        let group = &key.1;
        let is_told = text(&row.record, "devicegroup_id") == *group && is_group_known(&row.record);
        let told = if is_told { self.expected.groups.of(&row.record) } else { None };
        let found = match told {
            Some(group) => group,
            None => Arc::new(Group::of(&session.find(ResourceKind::DeviceGroup, group)?)),
        };
        let found = Arc::new(Place::Group(found));
        places.insert(key, found.clone());
        Ok(found)
    }

    /// The rows when the run is over before anything was told.
    pub fn give_back(&self, results: &mut Results<'_>) {
        for item in self.rows.read() {
            results.not_attempted(item.map_err(|error| ReadError::new("rows that waited", &error)));
        }
    }
}

/// The product that a row asks for.
fn product_of(
    session: &Session,
    product: String,
    places: &mut Places,
) -> Result<Arc<Place>, Failure> {
    let key = (ResourceKind::Product, product);
    if let Some(known) = places.get(&key) {
        return Ok(known.clone());
    }
    let found = session.find(ResourceKind::Product, &key.1)?;
    let found = Arc::new(Place::Product(text(&found, "id").to_owned()));
    places.insert(key, found.clone());
    Ok(found)
}
