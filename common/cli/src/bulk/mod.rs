//! Devices into groups and out of them, in bulk: `assign`, `unassign`, `reassign`.
//!
//! Rows are read to their end (or, with `--stream`, as far as they have come), the places of the devices
//! are looked up ([`places`]), what has to be written is decided ([`plan`]) and sent ([`send`]), and the
//! rows are printed in their order as soon as their fate is known.

mod places;
mod plan;
mod send;

use std::collections::HashMap;
use std::time::Duration;

use api::{Request, Secret, devices, resource, segment};
use pipe::spool::{Reader, Spool};
use pipe::{Failure, Form, Identifier, Item, Record, Row, Target};
use serde_json::Value;

use crate::each::{Acted, Ask, Outcome, Work};
use crate::results::Results;
use crate::session::Session;
use crate::stop::{Stop, failure};
use crate::{Result, console};

pub use places::Group;
use places::{Places, Within};
use plan::{Fate, Wish};

/// A live source that gives nothing for so long is waited for no longer: what came is sent.
const IDLE: Duration = Duration::from_millis(200);

/// What a bulk move is to do.
pub struct Move<'a> {
    /// Rows, flags, consent. `ask` applies to unassigning from production groups.
    pub work: Work<'a>,
    /// The group that a row's device goes to; `None` takes it out of its group.
    pub target: Option<&'a (dyn Fn(&Row) -> std::result::Result<Group, Failure> + Sync)>,
    /// Devices in one request, at most.
    pub batch: usize,
    /// Begin before the input has ended.
    pub stream: bool,
    /// The unblessing key.
    pub key: Option<Secret>,
}

impl Session {
    /// Moves the devices of the rows.
    ///
    /// # Errors
    /// What keeps the run from starting or its results from being written; a failed row is no error.
    pub fn move_devices(&self, order: &Move<'_>) -> Result {
        let mut results = Results::open(self, order.work.given, true, order.work.is_dry_run())?;
        let rows = order.work.given.rows(&self.stop)?;
        let moved = if order.stream {
            self.move_as_they_come(order, rows, &mut results)
        } else {
            self.move_all(order, rows, false, &mut results)
        };
        self.end(results, moved.err())
    }

    /// Moves devices whose records the service has just listed.
    ///
    /// # Errors
    /// As [`Session::move_devices`].
    pub fn move_listed(&self, order: &Move<'_>, listed: impl Iterator<Item = Row>) -> Result {
        let mut results = Results::open(self, order.work.given, true, order.work.is_dry_run())?;
        let rows = listed.map(|row| Ok(Item::Row(row)));
        let moved = self.move_all(order, rows, true, &mut results);
        self.end(results, moved.err())
    }

    fn move_all(
        &self,
        order: &Move<'_>,
        rows: impl Iterator<Item = std::result::Result<Item, pipe::ReadError>>,
        listed: bool,
        results: &mut Results<'_>,
    ) -> std::result::Result<(), Stop> {
        let mut chunk = Chunk::new(self, order);
        for item in rows {
            chunk.add(item?, listed)?;
        }
        chunk.carry_out(results)
    }

    fn move_as_they_come(
        &self,
        order: &Move<'_>,
        rows: crate::input::Rows,
        results: &mut Results<'_>,
    ) -> std::result::Result<(), Stop> {
        pipe::batch::chunks(rows, order.batch, IDLE, |items| {
            let mut chunk = Chunk::new(self, order);
            for item in items {
                chunk.add(item?, false)?;
            }
            chunk.carry_out(results)
        })
    }
}

/// Rows that are moved together: all of the input, or what has come of a live source.
struct Chunk<'a> {
    session: &'a Session,
    order: &'a Move<'a>,
    /// The rows themselves wait here; what follows is short, and in the same order.
    spool: Spool<Item>,
    wishes: Vec<Option<Wish>>,
    forms: Vec<Form>,
    refused: HashMap<u32, Failure>,
    places: Places,
    listed: bool,
}

impl<'a> Chunk<'a> {
    fn new(session: &'a Session, order: &'a Move<'a>) -> Self {
        Chunk {
            session,
            order,
            spool: Spool::new(),
            wishes: Vec::new(),
            forms: Vec::new(),
            refused: HashMap::new(),
            places: Places::default(),
            listed: false,
        }
    }

    fn add(&mut self, item: Item, listed: bool) -> std::result::Result<(), Stop> {
        let number = u32::try_from(self.wishes.len())
            .map_err(|_| Stop::usage("more than 4 billion rows"))?;
        let (mut wish, mut form) = (None, Form::Any);
        if let Item::Row(row) = &item {
            match self.wish(row) {
                Ok((identifier, target)) => {
                    form = identifier.form;
                    wish = Some(Wish {
                        device: identifier.text,
                        target,
                    });
                }
                Err(failure) => {
                    self.refused.insert(number, failure);
                }
            }
            if listed {
                self.listed = true;
                self.places.note(&row.record, |_| true);
            }
        }
        self.wishes.push(wish);
        self.forms.push(form);
        self.spool
            .push(&item)
            .map_err(|error| Stop::usage(format!("cannot keep the rows: {error}")))
    }

    fn wish(&mut self, row: &Row) -> std::result::Result<(Identifier, Option<u32>), Failure> {
        if row.is_dry_run() && !self.order.work.is_dry_run() {
            return Err(crate::each::from_dry_run());
        }
        let identifier = row.identifier(&Target::DEVICE, &[])?;
        let target = match self.order.target {
            Some(target) => Some(self.places.number(&target(row)?)),
            None => None,
        };
        Ok((identifier, target))
    }

    fn carry_out(mut self, results: &mut Results<'_>) -> std::result::Result<(), Stop> {
        let order = self.order;
        let looked_up = self.look_up();
        let mut fates = plan::decide(&self.wishes, &self.places, order.key.is_some());
        for (row, failure) in &self.refused {
            fates[*row as usize] = Fate::Failed(Box::new(failure.clone()));
        }
        if let Err(error) = looked_up {
            not_looked_up(&mut fates, &self.wishes, &error);
        }
        self.consent(&fates)?;
        if order.work.is_dry_run() {
            let open = |fate: &mut Fate| {
                if matches!(fate, Fate::Open(_)) {
                    *fate = Fate::Moved
                }
            };
            fates.iter_mut().for_each(open);
        }
        let spool = std::mem::take(&mut self.spool);
        let reader = spool.read();
        let total = self.wishes.len() as u64;
        let mut printer = Printer {
            session: self.session,
            order,
            results,
            reader,
            next: 0,
            forms: &self.forms,
            wishes: &self.wishes,
        };
        let mut settled = |fates: &[Fate], places: &Places| {
            printer.print_settled(fates, places)?;
            console::progress(printer.next as u64, total, "device");
            Ok(())
        };
        settled(&fates, &self.places)?;
        let sizes = HashMap::new();
        let mut places = std::mem::take(&mut self.places);
        send::Sending {
            session: self.session,
            wishes: &self.wishes,
            places: &mut places,
            fates: &mut fates,
            key: order.key.as_ref(),
            size: order.batch,
            settled: &mut settled,
            sizes,
            size_refusal: None,
        }
        .all()?;
        settled(&fates, &places)
    }

    /// Finds out where the devices are now, for the least requests.
    fn look_up(&mut self) -> std::result::Result<(), api::Error> {
        if self.listed {
            return Ok(());
        }
        let mut by_target: HashMap<Option<u32>, Vec<&str>> = HashMap::new();
        for wish in self.wishes.iter().flatten() {
            by_target.entry(wish.target).or_default().push(&wish.device);
        }
        // A dry run cannot leave it to the service to say which devices there are.
        let all_at_once = self.order.target.is_none() || self.order.work.is_dry_run();
        if all_at_once || by_target.len() > 20 {
            let texts: Vec<&str> = self
                .wishes
                .iter()
                .flatten()
                .map(|wish| wish.device.as_str())
                .collect();
            return self
                .session
                .look_up(&mut self.places, &texts, Within::Account, None);
        }
        let mut targets: Vec<_> = by_target.into_iter().collect();
        targets.sort_unstable_by_key(|(target, _)| *target);
        for (target, texts) in targets {
            let Some(target) = target else { continue };
            let id = self.places.groups[target as usize].id.clone();
            self.session
                .look_up(&mut self.places, &texts, Within::Group(&id), None)?;
        }
        Ok(())
    }

    /// Unblessing is asked for, with the number and the first of the devices.
    fn consent(&self, fates: &[Fate]) -> std::result::Result<(), Stop> {
        let Some(ask) = self
            .order
            .work
            .ask
            .filter(|_| !self.order.work.is_dry_run())
        else {
            return Ok(());
        };
        let production =
            |group: &u32| self.places.groups[*group as usize].kind == "production_devicegroup";
        let unblessed = fates.iter().zip(&self.wishes).filter(|(fate, wish)| {
            matches!(fate, Fate::Open(group) if production(group))
                && wish.as_ref().is_some_and(|wish| wish.target.is_none())
        });
        let devices: Vec<&str> = unblessed
            .filter_map(|(_, wish)| Some(wish.as_ref()?.device.as_str()))
            .collect();
        if devices.is_empty() {
            return Ok(());
        }
        let first: Vec<String> = devices
            .iter()
            .take(20)
            .map(|device| (*device).to_owned())
            .collect();
        self.session
            .ask(&ask, "production device", devices.len() as u64, &first)
    }
}

/// The look-up ended the run: nothing was written.
fn not_looked_up(fates: &mut [Fate], wishes: &[Option<Wish>], error: &api::Error) {
    let mut reason = (error.kind != api::Kind::NotAttempted).then(|| failure(error.clone()));
    for (fate, _) in fates
        .iter_mut()
        .zip(wishes)
        .filter(|(_, wish)| wish.is_some())
    {
        if !matches!(fate, Fate::Failed(failure) if failure.kind != pipe::Kind::NotFound) {
            *fate = Fate::Failed(Box::new(
                reason.take().unwrap_or_else(crate::each::run_ended),
            ));
        }
    }
}

/// Prints rows in their order, up to the first whose fate is open.
struct Printer<'a, 'b> {
    session: &'a Session,
    order: &'a Move<'a>,
    results: &'a mut Results<'b>,
    reader: Reader<Item>,
    next: usize,
    forms: &'a [Form],
    wishes: &'a [Option<Wish>],
}

impl Printer<'_, '_> {
    fn print_settled(&mut self, fates: &[Fate], places: &Places) -> std::result::Result<(), Stop> {
        while let Some(fate) = fates.get(self.next) {
            let fate = match fate {
                Fate::Open(_) => return Ok(()),
                Fate::As(first) => match &fates[*first as usize] {
                    Fate::Moved | Fate::Unchanged => &Fate::Unchanged,
                    other => other,
                },
                other => other,
            };
            let item = self
                .reader
                .next()
                .ok_or_else(|| Stop::usage("rows that waited are gone"))?
                .map_err(|error| Stop::usage(format!("cannot read the rows again: {error}")))?;
            match item {
                Item::Bad(bad) => self.results.bad(&bad.failure, &bad.input, &bad.source)?,
                Item::Row(row) => self.print(&row, fate, places)?,
            }
            self.next += 1;
        }
        Ok(())
    }

    fn print(&mut self, row: &Row, fate: &Fate, places: &Places) -> std::result::Result<(), Stop> {
        let (Some(wish), Fate::Moved | Fate::Unchanged) = (&self.wishes[self.next], fate) else {
            let Fate::Failed(failure) = fate else {
                return Ok(());
            };
            return self.results.bad(failure, &row.record, &row.source);
        };
        let outcome = match (fate, wish.target) {
            (Fate::Unchanged, _) => Outcome::Unchanged,
            (_, Some(_)) => Outcome::Assigned,
            (_, None) => Outcome::Unassigned,
        };
        let acted = self.acted(row, wish, outcome, places);
        match self.read_back(&acted.record, wish) {
            Ok(record) => self.results.good(record, Some(outcome)).map(|_| ()),
            Err(failure) => self.results.bad(&failure, &row.record, &row.source),
        }
    }

    /// The row's record with what is known now.
    fn acted(&self, row: &Row, wish: &Wish, outcome: Outcome, places: &Places) -> Acted {
        let mut row = row.clone();
        name_properly(&mut row.record, wish, self.forms[self.next], places);
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

    fn read_back(&self, record: &Record, wish: &Wish) -> std::result::Result<Record, Failure> {
        let changes = self.order.work.changes.unwrap_or_default();
        if !changes.read_back || changes.dry_run {
            return Ok(record.clone());
        }
        let device = record
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or(&wish.device);
        let answer = self
            .session
            .client
            .send(&Request::get(format!("/devices/{}", segment(device))));
        answer
            .map(|answer| resource::lift_data(&answer.body))
            .map_err(failure)
    }
}

/// A bare identifier becomes the field that it is, so that the next command can read the record.
fn name_properly(record: &mut Record, wish: &Wish, form: Form, places: &Places) {
    let id = places
        .of(&wish.device)
        .ok()
        .flatten()
        .map(|place| format!("{:016x}", place.id));
    let bare = record.len() == 1 && record.contains_key("id");
    if bare {
        let field = match (form, devices::form(&wish.device)) {
            (Form::Mac, _) | (_, devices::Form::Mac) => "mac_address",
            (_, devices::Form::Agent) => "agent_id",
            (_, devices::Form::Id) => "id",
            _ => "name",
        };
        record.clear();
        record.insert(field.into(), wish.device.clone().into());
    }
    if !record.contains_key("type") {
        record.shift_insert(0, "type".into(), "device".into());
    }
    if let (Some(id), false) = (id, record.get("id").is_some_and(|id| !id.is_null())) {
        record.shift_insert(1, "id".into(), id.into());
    }
}

/// Consent for unblessing.
pub fn unblessing(confirmed: bool) -> Ask {
    Ask {
        verb: "unbless",
        confirmed,
    }
}
