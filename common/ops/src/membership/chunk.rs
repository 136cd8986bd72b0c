//! Rows that are moved together: collected, looked up, decided, sent.

use model::identifier::shape;
use model::{ErrorKind, ResourceKind};
use std::collections::{HashMap, HashSet};

use api::Error;
use pipe::spool::Spool;
use pipe::{Failure, Form, Identifier, Item, ReadError, Row};

use super::Move;
use super::look_up::{Within, look_up};
use super::places::Places;
use super::plan::{self, Fate, Wish};
use super::print::Printer;
use super::send::{Names, Sending};
use super::size::Size;
use cli::Session;
use cli::rows::results::Results;
use cli::rows::run_ended;
use cli::{Exit, terminal::stderr};
use cli::{Stop, failure};

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

    /// Takes one more; `listed`: the service has just said where it is. False when no more can be taken,
    /// and the run is over.
    pub fn add(
        &mut self,
        item: Result<Item, ReadError>,
        listed: bool,
        results: &mut Results<'_>,
    ) -> bool {
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                results.end_run(error.into());
                return false;
            }
        };
        let kept = self.spool.push(&item);
        self.note(&item, listed);
        kept.map_err(|error| results.end_run(Stop::cannot_keep(&error))).is_ok()
    }

    fn note(&mut self, item: &Item, listed: bool) {
        let number = self.wishes.len() as u32;
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
    }

    fn wish(&mut self, row: &Row) -> Result<(Identifier, Option<u32>), Failure> {
        if row.is_dry_run() && !self.order.work.is_dry_run() {
            return Err(cli::rows::from_dry_run());
        }
        let identifier = row.identifier(ResourceKind::Device, &[])?;
        let target = match self.order.target {
            Some(target) => Some(self.places.number(&target(row)?)),
            None => None,
        };
        Ok((identifier, target))
    }

    /// Looks up, decides, sends and reports; when the run is over, only reports.
    pub fn carry_out(mut self, results: &mut Results<'_>) {
        let looked_up = if results.is_over() {
            Err(Error::new(ErrorKind::NotAttempted, "The run is over"))
        } else {
            self.look_up()
        };
        let mut fates = self.decide(looked_up);
        if let Err(stop) = self.consent(&fates) {
            results.end_run(stop);
            settle(&mut fates, || Fate::Failed(Box::new(run_ended())));
        }
        self.tell_contradicted(&mut fates);
        if self.order.work.is_dry_run() {
            settle(&mut fates, || Fate::Moved);
        }
        if let Some(error) = self.send(&mut fates, results) {
            results.note(Exit::of_failure(failure(error).kind));
        }
    }

    /// Sends what is open and prints what is settled; gives why the run was over before all was settled.
    fn send(&self, fates: &mut [Fate], results: &mut Results<'_>) -> Option<Error> {
        let total = self.wishes.len() as u64;
        let mut printer = Printer {
            session: self.session,
            order: self.order,
            results,
            reader: self.spool.read(),
            next: 0,
            forms: &self.forms,
            wishes: &self.wishes,
        };
        let mut settled = |fates: &[Fate], places: &Places, names: &Names| {
            let go_on = printer.print_settled(fates, places, names);
            stderr::progress(printer.next as u64, total, "device");
            go_on
        };
        settled(fates, &self.places, &HashMap::new());
        let size = Size::new(self.order.batch);
        let mut sending =
            Sending::new(self.session, &self.wishes, &self.places, fates, size, &mut settled);
        sending.key = self.order.key.as_ref();
        sending.all()
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

    /// Rows that want something else for a device than an earlier row: tells where that one stands.
    fn tell_contradicted(&self, fates: &mut [Fate]) {
        let against = |fate: &Fate| match fate {
            Fate::Against(earlier) => Some(*earlier),
            _ => None,
        };
        let earlier: HashSet<u32> = fates.iter().filter_map(against).collect();
        if earlier.is_empty() {
            return;
        }
        let rows = self.spool.read().zip(0u32..).filter(|(_, row)| earlier.contains(row));
        let sources: HashMap<u32, String> = rows
            .filter_map(|(item, row)| match item {
                Ok(Item::Row(found)) => Some((row, found.source)),
                _ => None,
            })
            .collect();
        for fate in fates.iter_mut() {
            if let Some(earlier) = against(fate) {
                let source = sources.get(&earlier).map_or("an earlier row", String::as_str);
                *fate = Fate::Failed(Box::new(plan::contradicts(source)));
            }
        }
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
            return look_up(self.session, &mut self.places, &texts, Within::Account, None);
        }
        let mut targets: Vec<_> = by_target.into_iter().collect();
        targets.sort_unstable_by_key(|(target, _)| *target);
        for (target, texts) in targets {
            let Some(target) = target else { continue };
            let id = self.places.groups[target as usize].id.clone();
            look_up(self.session, &mut self.places, &texts, Within::Group(&id), None)?;
        }
        Ok(())
    }

    /// Whether devices are named now by id, now by MAC address or agent id.
    fn has_several_forms(&self) -> bool {
        let mut forms = self.wishes.iter().flatten().map(|wish| shape(&wish.device));
        let first = forms.next();
        forms.any(|form| Some(form) != first)
    }

    /// Unblessing is asked for, with the number and the first of the devices.
    fn consent(&self, fates: &[Fate]) -> Result<(), Stop> {
        let Some(ask) = self.order.work.ask.filter(|_| !self.order.work.is_dry_run()) else {
            return Ok(());
        };
        let production = |group: &u32| self.places.groups[*group as usize].is_production();
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
        self.session.consent(&ask, "production device", devices.len() as u64, &first)
    }
}

/// Gives the rows that are still to be written another fate.
fn settle(fates: &mut [Fate], fate: impl Fn() -> Fate) {
    fates.iter_mut().filter(|own| matches!(own, Fate::Open(_))).for_each(|own| *own = fate());
}

/// The look-up ended the run: nothing was written.
fn not_looked_up(fates: &mut [Fate], wishes: &[Option<Wish>], error: &api::Error) {
    let mut reason = (error.kind != ErrorKind::NotAttempted).then(|| failure(error.clone()));
    for (fate, _) in fates.iter_mut().zip(wishes).filter(|(_, wish)| wish.is_some()) {
        if !matches!(fate, Fate::Failed(failure) if failure.kind != ErrorKind::NotFound) {
            *fate = Fate::Failed(Box::new(reason.take().unwrap_or_else(run_ended)));
        }
    }
}
