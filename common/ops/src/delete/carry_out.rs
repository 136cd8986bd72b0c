//! Carries the deletion out, stage by stage; within a stage several requests at once.
//!
//! Careful about failures: a row whose way could not be cleared is left alone from there on, the others go
//! on. Devices leave as in a bulk move, which finds out what became of each.

use model::{Effect, ErrorKind, ResourceKind};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use api::{Request, segment};
use pipe::Failure;
use pipe::engine::{self, Done};

use super::plan::{DeleteRow, GroupToDelete};
use crate::delete::Deletion;
use crate::deployments::{delete_deployment, gone, is_flagged, unflag, unflagged, zombies_of};
use crate::membership::{Left, take_out};
use cli::rows::{interrupted, run_ended};
use cli::{Session, text};

/// The rows on their way to deletion.
pub struct DeletionRun<'a> {
    pub session: &'a Session,
    pub order: &'a Deletion<'a>,
    pub rows: Vec<DeleteRow>,
    /// The run has ended: nothing more is sent.
    over: AtomicBool,
}

/// Maximum passes over the devices of a group. In each of them a device is sent up to six times.
const PASSES: usize = 3;

/// A row's number, and the number of one of its groups.
pub type Place = (usize, usize);

impl<'a> DeletionRun<'a> {
    pub fn new(session: &'a Session, order: &'a Deletion<'a>, rows: Vec<DeleteRow>) -> Self {
        DeletionRun { session, order, rows, over: AtomicBool::new(false) }
    }

    /// Something of each row that is still to be deleted.
    pub fn each_open<T>(&self, give: impl Fn(&DeleteRow) -> T) -> Vec<(Place, T)> {
        let open = self.rows.iter().enumerate().filter(|(_, row)| row.is_open());
        open.map(|(index, row)| ((index, 0), give(row))).collect()
    }

    /// Something of each group that is to be deleted.
    pub fn each_group<T>(&self, give: impl Fn(&GroupToDelete) -> Option<T>) -> Vec<(Place, T)> {
        let open = self.rows.iter().enumerate().filter(|(_, row)| row.is_open());
        let groups = open.flat_map(|(index, row)| {
            row.groups.iter().enumerate().map(move |(number, group)| ((index, number), group))
        });
        groups.filter_map(|(place, group)| Some((place, give(group)?))).collect()
    }

    /// Does `act` to each, several at once; a row in which one fails has failed. Gives what came out.
    pub fn for_each<T: Send, R: Send>(
        &mut self,
        items: Vec<(Place, T)>,
        act: impl Fn(&T) -> Result<R, Failure> + Sync,
    ) -> Vec<(Place, R)> {
        let mut good = Vec::new();
        let mut bad: Vec<(usize, Failure)> = Vec::new();
        engine::ordered(
            usize::from(self.session.common.jobs),
            &self.session.stop,
            items.into_iter(),
            |(place, item)| {
                let done =
                    if self.over.load(Ordering::Relaxed) { Err(run_ended()) } else { act(&item) };
                if done.as_ref().is_err_and(|failure| failure.ends_run()) {
                    self.over.store(true, Ordering::Relaxed);
                }
                (place, done)
            },
            |done| {
                self.session.learn_account();
                match done {
                    Done::Worked((place, Ok(result))) => good.push((place, result)),
                    Done::Worked((place, Err(failure))) => bad.push((place.0, failure)),
                    Done::NotAttempted((place, _)) => bad.push((place.0, interrupted())),
                }
                ControlFlow::Continue(())
            },
        );
        for (index, failure) in bad {
            self.rows[index].failure.get_or_insert(failure);
        }
        good
    }

    /// [`DeletionRun::for_each`] for what changes something: the rows remember which part was done. `act` gives
    /// what it has changed.
    fn change_each<T: Send>(
        &mut self,
        items: Vec<(Place, T)>,
        act: impl Fn(&T) -> Result<Vec<Effect>, Failure> + Sync,
    ) {
        for ((index, _), effects) in self.for_each(items, act) {
            let row = &mut self.rows[index];
            row.is_begun = true;
            let new: Vec<Effect> =
                effects.into_iter().filter(|effect| !row.done.contains(effect)).collect();
            row.done.extend(new);
        }
    }

    /// Clears the way and deletes.
    pub fn carry_out(&mut self, kind: ResourceKind) {
        let session = self.session;
        if self.order.force {
            // A refused key ends a row before anything else of it is touched.
            self.empty_groups(GroupToDelete::is_production);
            self.empty_groups(|group| !group.is_production());
            let flagged = self.each_group(|group| Some(group.clone()));
            let flagged = flagged.into_iter().flat_map(|(place, group)| {
                let flagged = group.deployments.into_iter().filter(is_flagged);
                flagged.map(move |deployment| (place, deployment))
            });
            self.change_each(flagged.collect(), |deployment| {
                gone_or(unflag(session, text(deployment, "id")).map(|_| ()))?;
                Ok(unflagged(deployment).into_iter().collect())
            });
        }
        // Fixture groups first: a group that is named as a target cannot be deleted.
        for fixtures in [true, false] {
            let groups =
                self.each_group(|group| (group.is_fixture() == fixtures).then(|| group.clone()));
            self.change_each(groups, |group| {
                let path = format!("/devicegroups/{}", segment(&group.id));
                let deleted = session.send(&Request::delete(path)).map(|_| ());
                match kind {
                    ResourceKind::Product => {
                        gone_or(deleted).map_err(|why| of_group(&group.name, &group.id, why))?;
                    }
                    _ => deleted?,
                }
                Ok(group.gone().collect())
            });
        }
        if kind == ResourceKind::Product {
            self.delete_products();
        }
    }

    fn delete_products(&mut self) {
        let (session, force) = (self.session, self.order.force);
        let products = self.each_open(|row| text(&row.record, "id").to_owned());
        if self.order.builds {
            // Listed again: a service that lets deployments outlive their groups has made more of them.
            let zombies = self.for_each(products, |product| zombies_of(session, product));
            let zombies = zombies.into_iter().flat_map(|(place, zombies)| {
                zombies.into_iter().map(move |zombie| (place, zombie))
            });
            self.change_each(zombies.collect(), |zombie| {
                gone_or(delete_deployment(session, text(zombie, "id"), force))?;
                Ok(gone(zombie).collect())
            });
        }
        let products = self.each_open(|row| text(&row.record, "id").to_owned());
        self.for_each(products, |id| {
            session.send(&Request::delete(format!("/products/{}", segment(id)))).map(|_| ())
        });
    }

    /// Takes the devices out of the groups that are meant, by the batches of a bulk move. Those that a service
    /// refused beside others are tried again as long as that gets any of them out; a row that does not get on
    /// fails, which ends the loop.
    fn empty_groups(&mut self, is_meant: impl Fn(&GroupToDelete) -> bool) {
        for pass in 1.. {
            let groups = self.each_group(|group| {
                let has_any = is_meant(group) && !group.devices.is_empty();
                has_any.then(|| (group.as_group(), group.devices.clone()))
            });
            if groups.is_empty() || self.over.load(Ordering::Relaxed) {
                return;
            }
            let (places, groups): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
            let outcomes = take_out(self.session, &groups, self.order.key.as_ref());
            for (place, outcomes) in places.into_iter().zip(outcomes) {
                self.note_left(place, outcomes, pass < PASSES);
            }
        }
    }

    /// Notes which devices of a group have left it.
    fn note_left(
        &mut self,
        (row, number): Place,
        outcomes: Vec<Result<Left, Failure>>,
        may_repeat: bool,
    ) {
        let row = &mut self.rows[row];
        let group = &mut row.groups[number];
        let some_left = outcomes.iter().any(Result::is_ok);
        let left = group.devices.iter().zip(&outcomes);
        let left = left.filter(|(_, outcome)| matches!(outcome, Ok(Left::Now)));
        let before = row.done.len();
        row.done.extend(left.map(|(device, _)| group.left_by(device)));
        row.is_begun |= row.done.len() > before;
        let mut still_there = Vec::new();
        for (device, outcome) in group.devices.drain(..).zip(outcomes) {
            let Err(failure) = outcome else { continue };
            self.over.fetch_or(failure.ends_run(), Ordering::Relaxed);
            // A wrong key, for one, is as wrong the next time.
            let again = may_repeat
                && some_left
                && matches!(failure.kind, ErrorKind::Conflict | ErrorKind::Unexpected);
            if !again {
                row.failure.get_or_insert(match failure.kind {
                    ErrorKind::NotAttempted if self.session.is_stopped() => interrupted(),
                    ErrorKind::NotAttempted => failure,
                    _ => of_group(&group.name, &group.id, failure),
                });
            }
            still_there.push(device);
        }
        group.devices = still_there;
    }
}

/// What is gone already needs no deleting.
fn gone_or(done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(failure) if failure.kind == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A failure that concerns one group of several.
fn of_group(name: &str, id: &str, failure: Failure) -> Failure {
    let called = if name.is_empty() { id } else { name };
    Failure { title: format!("Device group {called}: {}", failure.title), ..failure }
}
