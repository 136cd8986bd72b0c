//! Prints the rows of a bulk move in their order, with what is known to have changed.

use model::Record;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use api::{Request, resource, segment};
use pipe::engine::{self, Done};
use pipe::spool::Reader;
use pipe::{Failure, Form, Identifier, Item, Row};
use serde_json::Value;

use super::Move;
use super::places::Places;
use super::plan::{Fate, Wish};
use super::send::Names;
use cli::Session;
use cli::rows::naming::name_device;
use cli::rows::results::Results;
use cli::rows::{Acted, Outcome};
use cli::{Stop, failure};

/// So many rows are read back and printed together.
const AT_ONCE: usize = 256;

/// A row whose fate is known.
enum Ready {
    /// What to print; the device and the row for when it cannot be read back.
    Good(Acted, String, Row),
    Bad(Failure, Record, String),
}

/// Prints rows in their order, up to the first whose fate is open.
pub(super) struct Printer<'a, 'b> {
    pub session: &'a Session,
    pub order: &'a Move<'a>,
    pub results: &'a mut Results<'b>,
    pub reader: Reader<Item>,
    pub next: usize,
    pub forms: &'a [Form],
    pub wishes: &'a [Option<Wish>],
}

impl Printer<'_, '_> {
    /// False when nothing new is to be begun, because results cannot be written any more.
    pub fn print_settled(&mut self, fates: &[Fate], places: &Places, names: &Names) -> bool {
        loop {
            let mut ready = Vec::new();
            while ready.len() < AT_ONCE
                && let Some(fate) = settled(fates, self.next)
            {
                match self.reader.next() {
                    Some(Ok(item)) => ready.push(self.ready(item, fate, places, names)),
                    Some(Err(error)) => self.results.end_run(Stop::cannot_keep(&error)),
                    None => {}
                }
                self.next += 1;
            }
            if ready.is_empty() {
                return !self.results.is_over();
            }
            self.print(ready);
        }
    }

    fn ready(&self, item: Item, fate: &Fate, places: &Places, names: &Names) -> Ready {
        let row = match item {
            Item::Bad(bad) => return Ready::Bad(bad.failure, bad.input, bad.source),
            Item::Row(row) => row,
        };
        let (Some(wish), Fate::Moved | Fate::Unchanged) = (&self.wishes[self.next], fate) else {
            let failure = match fate {
                Fate::Failed(failure) => (**failure).clone(),
                _ => cli::rows::run_ended(),
            };
            return Ready::Bad(failure, row.record, row.source);
        };
        let outcome = match (fate, wish.target) {
            (Fate::Unchanged, _) => Outcome::Unchanged,
            (_, Some(_)) => Outcome::Assigned,
            (_, None) => Outcome::Unassigned,
        };
        let acted = self.acted(&row, wish, outcome, (places, names));
        Ready::Good(acted, wish.device.clone(), row)
    }

    fn print(&mut self, ready: Vec<Ready>) {
        let changes = self.order.work.changes.unwrap_or_default();
        if !changes.read_back || changes.dry_run {
            ready.into_iter().for_each(|ready| report(self.results, ready));
            return;
        }
        let (session, results) = (self.session, &mut *self.results);
        engine::ordered(
            usize::from(session.common.jobs),
            &AtomicBool::new(false),
            ready.into_iter(),
            |ready| read_back(session, ready),
            |done| {
                if let Done::Worked(ready) = done {
                    report(results, ready);
                }
                ControlFlow::Continue(())
            },
        );
    }

    /// The row's record with what is known now.
    fn acted(
        &self,
        row: &Row,
        wish: &Wish,
        outcome: Outcome,
        (places, names): (&Places, &Names),
    ) -> Acted {
        let mut row = row.clone();
        let place = places.of(&wish.device).ok().flatten();
        let by_name = u32::try_from(self.next).ok().and_then(|row| names.get(&row)).copied();
        let id = by_name.or(place.map(|place| place.id)).map(|id| format!("{id:016x}"));
        let is_name = by_name.is_some() || place.is_some_and(|place| place.by_name);
        let form = if is_name { Form::Name } else { self.forms[self.next] };
        let device = Identifier { form, text: wish.device.clone() };
        name_device(&mut row.record, &device, id);
        let mut changes = Record::new();
        if let Some(target) = wish.target {
            let group = &places.groups[target as usize];
            changes.insert("devicegroup_id".into(), group.id.clone().into());
            changes.insert("devicegroup_type".into(), group.kind.clone().into());
            if let Some(product) = &group.product {
                changes.insert("product_id".into(), product.clone().into());
                changes.insert("product_type".into(), "product".into());
            }
        } else {
            row.record.retain(|name, _| {
                !name.starts_with("devicegroup_") && !name.starts_with("product_")
            });
            // Reference 4.4: an unassigned device has no agent.
            for name in ["agent_id", "agent_url", "agent_state_changed_at"] {
                if row.record.contains_key(name) {
                    changes.insert(name.into(), Value::Null);
                }
            }
            if row.record.contains_key("agent_running") {
                changes.insert("agent_running".into(), false.into());
            }
        }
        Acted::changed(&row, changes, outcome)
    }
}

/// The fate of a row, if it is known.
fn settled(fates: &[Fate], row: usize) -> Option<&Fate> {
    match fates.get(row)? {
        Fate::Open(_) | Fate::Against(_) => None,
        Fate::As(first) => match &fates[*first as usize] {
            Fate::Moved | Fate::Unchanged => Some(&Fate::Unchanged),
            other => Some(other),
        },
        other => Some(other),
    }
}

fn report(results: &mut Results<'_>, ready: Ready) {
    match ready {
        Ready::Good(acted, ..) => {
            results.good(acted.record, acted.outcome);
        }
        Ready::Bad(failure, input, source) => results.bad(&failure, &input, &source),
    }
}

/// The whole state, read back. The move itself has been made: a device that cannot be read is reported
/// with that failure.
fn read_back(session: &Session, ready: Ready) -> Ready {
    let Ready::Good(acted, device, row) = ready else { return ready };
    let id = acted.record.get("id").and_then(Value::as_str).unwrap_or(&device).to_owned();
    match session.client.send(&Request::get(format!("/devices/{}", segment(&id)))) {
        Ok(answer) => {
            let record = resource::lift_data(&answer.body);
            Ready::Good(Acted { record, ..acted }, device, row)
        }
        Err(error) => {
            let done = acted.outcome.map_or("done", Outcome::word);
            let title = format!("It was {done}, but its state could not be read back");
            let why = failure(error);
            let words = [Some(why.title.as_str()), why.detail.as_deref()];
            let detail = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
            let detail = Some(detail).filter(|detail| !detail.is_empty());
            Ready::Bad(Failure { title, detail, ..why.clone() }, row.record, row.source)
        }
    }
}
