//! Twelve characters may be an agent id or a name: they go to the service as an agent id, and only when
//! there is no such agent the devices are listed once and looked through for the name.

use api::Error;
use model::ErrorKind;
use model::identifier::{Shape, shape};

use super::look_up::{Within, look_up_in_list};
use super::places::Place;
use super::plan::Fate;
use super::send::{Sending, failed};

impl Sending<'_> {
    /// Notes that the service refused the device of `row`, or keeps it for another look.
    pub(super) fn fail(&mut self, row: u32, error: Error) {
        let wish = self.wishes[row as usize].as_ref();
        let to_go_in = wish.filter(|wish| wish.target.is_some());
        let form = to_go_in.map(|wish| shape(&wish.device));
        let may_be_name = form == Some(Shape::Agent) && !self.ids.contains_key(&row);
        if may_be_name && error.kind == ErrorKind::NotFound {
            self.perhaps_names.insert(row, error);
        } else {
            self.fates[row as usize] = failed(error);
        }
    }

    /// Looks for devices of which the service knows no agent by their names.
    pub(super) fn try_as_names(&mut self) {
        let rows = std::mem::take(&mut self.perhaps_names);
        let wishes = self.wishes;
        let name =
            |row: &u32| wishes[*row as usize].as_ref().map_or("", |wish| wish.device.as_str());
        let names: Vec<&str> = rows.keys().map(name).collect();
        let mut places = self.places.with_groups_only();
        let looked = if names.is_empty() {
            Ok(())
        } else {
            look_up_in_list(self.session, &mut places, &names, Within::Account)
        };
        if let Err(why) = looked {
            self.not_looked_for(rows.into_keys(), &why);
            return;
        }
        for (row, error) in rows {
            let place = places.of(name(&row));
            let target = wishes[row as usize].as_ref().and_then(|wish| wish.target);
            self.fates[row as usize] = match (place, target) {
                (Ok(Some(Place { id, group, .. })), Some(target)) => {
                    self.ids.insert(row, id);
                    if group == Some(target) { Fate::Unchanged } else { Fate::Open(target) }
                }
                (Err(ambiguous), _) if ambiguous.kind == ErrorKind::Ambiguous => failed(ambiguous),
                _ => failed(error),
            };
        }
    }

    /// The list could not be read: whether there are devices of these names is not known.
    fn not_looked_for(&mut self, rows: impl Iterator<Item = u32>, why: &Error) {
        let ends = why.ends_run() || why.kind == ErrorKind::NotAttempted;
        let mut reason = (why.kind != ErrorKind::NotAttempted).then(|| failed(why.clone()));
        for row in rows {
            let told = if ends { reason.take() } else { reason.clone() };
            self.fates[row as usize] =
                told.unwrap_or_else(|| Fate::Failed(Box::new(cli::rows::run_ended())));
        }
        if ends {
            self.ended = self.ended.take().or(Some(why.clone()));
        }
    }
}
