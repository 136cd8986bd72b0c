//! Rows that are moved together: collected, looked up, decided, sent.

use std::collections::{BTreeMap, HashMap};

use api::devices;
use pipe::spool::Spool;
use pipe::{Failure, Form, Identifier, Item, Row, Target};

use super::Move;
use super::places::{Places, Within};
use super::plan::{self, Fate, Wish};
use super::print::Printer;
use super::send;
use crate::results::Results;
use crate::session::Session;
use crate::stop::{Stop, failure};
use crate::{Exit, console};

/// Rows that are moved together: all of the input, or what has come of a live source.
pub(super) struct Chunk<'a> {
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
    pub fn new(session: &'a Session, order: &'a Move<'a>) -> Self {
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

    pub fn add(&mut self, item: &Item, listed: bool) -> Result<(), Stop> {
        let number = u32::try_from(self.wishes.len())
            .map_err(|_| Stop::usage("more than 4 billion rows"))?;
        let (mut wish, mut form) = (None, Form::Any);
        if let Item::Row(row) = item {
            match self.wish(row) {
                Ok((identifier, target)) => {
                    form = identifier.form;
                    wish = Some(Wish { device: identifier.text, target });
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
        self.spool.push(item).map_err(|error| Stop::usage(format!("cannot keep the rows: {error}")))
    }

    fn wish(&mut self, row: &Row) -> Result<(Identifier, Option<u32>), Failure> {
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

    pub fn carry_out(mut self, results: &mut Results<'_>) -> Result<(), Stop> {
        let looked_up = self.look_up();
        let mut fates = self.decide(looked_up);
        self.consent(&fates)?;
        if self.order.work.is_dry_run() {
            let open = fates.iter_mut().filter(|fate| matches!(fate, Fate::Open(_)));
            open.for_each(|fate| *fate = Fate::Moved);
        }
        let (session, order, reader) = (self.session, self.order, self.spool.read());
        let mut printer = Printer::new(session, order, results, reader, &self.forms, &self.wishes);
        let total = self.wishes.len() as u64;
        let mut settled = |fates: &[Fate], places: &Places| {
            printer.print_settled(fates, places)?;
            console::progress(printer.printed(), total, "device");
            Ok(())
        };
        settled(&fates, &self.places)?;
        let ended = send::Sending {
            session,
            wishes: &self.wishes,
            places: &self.places,
            fates: &mut fates,
            key: order.key.as_ref(),
            size: order.batch,
            settled: &mut settled,
            ids: HashMap::new(),
            perhaps_names: BTreeMap::new(),
            size_refusal: None,
            sizes: HashMap::new(),
            ended: None,
        }
        .all()?;
        settled(&fates, &self.places)?;
        if let Some(error) = ended {
            results.note(Exit::of_failure(failure(error).kind));
        }
        Ok(())
    }

    /// What is to become of every row, as far as it is known before anything is sent.
    fn decide(&self, looked_up: Result<(), api::Error>) -> Vec<Fate> {
        let mut fates = plan::decide(&self.wishes, &self.places, self.order.key.is_some());
        for (row, failure) in &self.refused {
            fates[*row as usize] = Fate::Failed(Box::new(failure.clone()));
        }
        if let Err(error) = looked_up {
            not_looked_up(&mut fates, &self.wishes, &error);
        }
        fates
    }

    /// Finds out where the devices are now, for the least requests.
    fn look_up(&mut self) -> Result<(), api::Error> {
        if self.listed {
            return Ok(());
        }
        let mut by_target: HashMap<Option<u32>, Vec<&str>> = HashMap::new();
        for wish in self.wishes.iter().flatten() {
            by_target.entry(wish.target).or_default().push(&wish.device);
        }
        // A dry run cannot leave it to the service to say which devices there are. And only the service
        // knows whether an id and a MAC address are one device, which must not be written twice.
        let all_at_once =
            self.order.target.is_none() || self.order.work.is_dry_run() || self.has_several_forms();
        if all_at_once || by_target.len() > 20 {
            let texts: Vec<&str> =
                self.wishes.iter().flatten().map(|wish| wish.device.as_str()).collect();
            return self.session.look_up(&mut self.places, &texts, Within::Account, None);
        }
        let mut targets: Vec<_> = by_target.into_iter().collect();
        targets.sort_unstable_by_key(|(target, _)| *target);
        for (target, texts) in targets {
            let Some(target) = target else { continue };
            let id = self.places.groups[target as usize].id.clone();
            self.session.look_up(&mut self.places, &texts, Within::Group(&id), None)?;
        }
        Ok(())
    }

    /// Whether devices are named now by id, now by MAC address or agent id.
    fn has_several_forms(&self) -> bool {
        let mut forms = self.wishes.iter().flatten().map(|wish| devices::form(&wish.device));
        let first = forms.next();
        forms.any(|form| Some(form) != first)
    }

    /// Unblessing is asked for, with the number and the first of the devices.
    fn consent(&self, fates: &[Fate]) -> Result<(), Stop> {
        let Some(ask) = self.order.work.ask.filter(|_| !self.order.work.is_dry_run()) else {
            return Ok(());
        };
        let production =
            |group: &u32| self.places.groups[*group as usize].kind == "production_devicegroup";
        let unblessed = fates.iter().zip(&self.wishes).filter(|(fate, wish)| {
            matches!(fate, Fate::Open(group) if production(group))
                && wish.as_ref().is_some_and(|wish| wish.target.is_none())
        });
        let devices: Vec<&str> =
            unblessed.filter_map(|(_, wish)| Some(wish.as_ref()?.device.as_str())).collect();
        if devices.is_empty() {
            return Ok(());
        }
        let first: Vec<String> =
            devices.iter().take(20).map(|device| (*device).to_owned()).collect();
        self.session.ask_or_stop(&ask, "production device", devices.len() as u64, &first)
    }
}

/// The look-up ended the run: nothing was written.
fn not_looked_up(fates: &mut [Fate], wishes: &[Option<Wish>], error: &api::Error) {
    let mut reason = (error.kind != api::Kind::NotAttempted).then(|| failure(error.clone()));
    for (fate, _) in fates.iter_mut().zip(wishes).filter(|(_, wish)| wish.is_some()) {
        if !matches!(fate, Fate::Failed(failure) if failure.kind != pipe::Kind::NotFound) {
            *fate = Fate::Failed(Box::new(reason.take().unwrap_or_else(crate::each::run_ended)));
        }
    }
}
