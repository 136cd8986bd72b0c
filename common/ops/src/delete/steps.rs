//! Carries the deletion out, stage by stage; within a stage several requests at once.
//!
//! Careful about failures: a row whose way could not be cleared is left alone from there on, the others go
//! on. Taking devices out is not atomic: after a doubtful answer the group is listed again, and only who is
//! still in it is sent once more.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use api::identify::Thing;
use api::membership::{self, Fate};
use api::{Request, segment};
use pipe::engine::{self, Done};
use pipe::{Failure, Kind};

use super::look::zombies_of;
use super::subject::{Doomed, Subject};
use crate::delete::Clearing;
use crate::deployments::{delete_deployment, unflag};
use cli::failure;
use cli::rows::{interrupted, run_ended};
use cli::{Session, text};

/// Devices in one request.
const BATCH: usize = 100;
/// How often the devices of a group are sent again after doubtful answers.
const TRIES: u32 = 3;

/// The rows on their way to deletion.
pub struct Steps<'a> {
    pub session: &'a Session,
    pub order: &'a Clearing<'a>,
    pub subjects: Vec<Subject>,
    /// The run has ended: nothing more is sent.
    over: AtomicBool,
}

/// A row's number, and the number of one of its groups.
pub type Place = (usize, usize);

/// One request to take devices out of a group.
struct Batch {
    group: Doomed,
    devices: Vec<String>,
}

/// What became of a batch.
enum Left {
    Gone,
    /// Some may still be there. `smaller`: the request may have been too large.
    Perhaps {
        failure: Failure,
        smaller: bool,
    },
}

impl<'a> Steps<'a> {
    pub fn new(session: &'a Session, order: &'a Clearing<'a>, subjects: Vec<Subject>) -> Self {
        Steps { session, order, subjects, over: AtomicBool::new(false) }
    }

    /// Something of each row that is still to be deleted.
    pub fn each_open<T>(&self, give: impl Fn(&Subject) -> T) -> Vec<(Place, T)> {
        let open = self.subjects.iter().enumerate().filter(|(_, subject)| subject.is_open());
        open.map(|(index, subject)| ((index, 0), give(subject))).collect()
    }

    /// Something of each group that is to be deleted.
    pub fn each_group<T>(&self, give: impl Fn(&Doomed) -> Option<T>) -> Vec<(Place, T)> {
        let open = self.subjects.iter().enumerate().filter(|(_, subject)| subject.is_open());
        let groups = open.flat_map(|(index, subject)| {
            subject.groups.iter().enumerate().map(move |(number, group)| ((index, number), group))
        });
        groups.filter_map(|(place, group)| Some((place, give(group)?))).collect()
    }

    /// Does `act` to each, several at once; a row in which one fails has failed. Gives what came out.
    pub fn ask<T: Send, R: Send>(
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
                if done.as_ref().is_err_and(|failure| failure.kind.ends_run()) {
                    self.over.store(true, Ordering::Relaxed);
                }
                (place, done)
            },
            |done| {
                self.session.keep_company();
                match done {
                    Done::Worked((place, Ok(result))) => good.push((place, result)),
                    Done::Worked((place, Err(failure))) => bad.push((place.0, failure)),
                    Done::NotAttempted((place, _)) => bad.push((place.0, interrupted())),
                }
                ControlFlow::Continue(())
            },
        );
        for (index, failure) in bad {
            self.subjects[index].failure.get_or_insert(failure);
        }
        good
    }

    /// [`Steps::ask`] for what changes something: the rows remember that a part was done.
    fn change<T: Send, R: Send>(
        &mut self,
        items: Vec<(Place, T)>,
        act: impl Fn(&T) -> Result<R, Failure> + Sync,
    ) -> Vec<(Place, R)> {
        let good = self.ask(items, act);
        for ((index, _), _) in &good {
            self.subjects[*index].is_begun = true;
        }
        good
    }

    /// Clears the way and deletes.
    pub fn carry_out(&mut self, thing: Thing) {
        let session = self.session;
        if self.order.force {
            // A refused key ends a row before anything else of it is touched.
            self.empty_groups(true);
            self.empty_groups(false);
            let flagged = self.each_group(|group| Some(group.clone()));
            let flagged = flagged.into_iter().flat_map(|(place, group)| {
                group.flagged.into_iter().map(move |deployment| (place, deployment))
            });
            self.change(flagged.collect(), |id| gone_or(unflag(session, id).map(|_| ())));
        }
        for fixtures in [true, false] {
            let groups =
                self.each_group(|group| (group.is_fixture() == fixtures).then(|| group.clone()));
            self.change(groups, |group| {
                let path = format!("/devicegroups/{}", segment(&group.id));
                let deleted = session.send(&Request::delete(path)).map(|_| ());
                match thing {
                    Thing::Product => gone_or(deleted).map_err(|why| of_group(group, why)),
                    _ => deleted,
                }
            });
        }
        if thing == Thing::Product {
            self.delete_products();
        }
    }

    fn delete_products(&mut self) {
        let (session, force) = (self.session, self.order.force);
        let products = self.each_open(|subject| text(&subject.record, "id").to_owned());
        if self.order.builds {
            // Listed again: a service that lets deployments outlive their groups has made more of them.
            let zombies = self.ask(products, |product| zombies_of(session, product));
            let zombies = zombies.into_iter().flat_map(|(place, zombies)| {
                zombies.into_iter().map(move |zombie| (place, text(&zombie, "id").to_owned()))
            });
            self.change(zombies.collect(), |id| gone_or(delete_deployment(session, id, force)));
        }
        let products = self.each_open(|subject| text(&subject.record, "id").to_owned());
        self.ask(products, |id| {
            session.send(&Request::delete(format!("/products/{}", segment(id)))).map(|_| ())
        });
    }

    /// Takes the devices out of the groups that are (`blessed`) or are not production groups.
    fn empty_groups(&mut self, blessed: bool) {
        let session = self.session;
        let key = self.order.key.clone();
        let (mut size, mut tries) = (BATCH, 0);
        loop {
            let batches = self.batches(size, blessed);
            if batches.is_empty() {
                return;
            }
            tries += 1;
            let answers = self.ask(batches, |batch| {
                let key = key.as_ref().filter(|_| blessed);
                let request = membership::unassign(&batch.group.id, &batch.devices, key);
                left(membership::judge(session.client.send(&request), &batch.devices))
                    .map_err(|why| of_group(&batch.group, why))
            });
            let mut doubtful: Vec<(Place, Failure)> = Vec::new();
            let mut smaller = false;
            for (place, answer) in answers {
                match answer {
                    Left::Gone => self.subjects[place.0].is_begun = true,
                    Left::Perhaps { failure, smaller: too_large } => {
                        smaller |= too_large;
                        doubtful.push((place, failure));
                    }
                }
            }
            if smaller && size > 1 {
                (size, tries) = (size / 2, 0);
            }
            self.look_again(blessed, &doubtful, tries >= TRIES);
        }
    }

    fn batches(&self, size: usize, blessed: bool) -> Vec<(Place, Batch)> {
        let groups =
            self.each_group(|group| (group.is_production() == blessed).then(|| group.clone()));
        let batches = groups.into_iter().flat_map(|(place, group)| {
            let batch = |devices: &[String]| {
                (
                    place,
                    Batch {
                        group: Doomed { devices: Vec::new(), ..group.clone() },
                        devices: devices.to_vec(),
                    },
                )
            };
            group.devices.chunks(size).map(batch).collect::<Vec<_>>()
        });
        batches.collect()
    }

    /// Lists the doubtful groups again; all others of this kind are empty now. `last`: who is there now
    /// stays there.
    fn look_again(&mut self, blessed: bool, doubtful: &[(Place, Failure)], last: bool) {
        let session = self.session;
        let is_doubtful = |place| doubtful.iter().any(|(one, _)| *one == place);
        let groups =
            self.each_group(|group| (group.is_production() == blessed).then(|| group.id.clone()));
        let (again, empty): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(place, _)| is_doubtful(*place));
        for ((subject, number), _) in empty {
            self.subjects[subject].groups[number].devices.clear();
        }
        for (place, devices) in self.ask(again, |id| session.members(id)) {
            let (subject, number) = place;
            let why = doubtful.iter().find(|(one, _)| *one == place).map(|(_, why)| why.clone());
            if last && !devices.is_empty() {
                self.subjects[subject].failure = why;
            }
            self.subjects[subject].groups[number].devices = devices;
        }
    }
}

fn left(fate: Fate) -> Result<Left, Failure> {
    match fate {
        Fate::Done => Ok(Left::Gone),
        Fate::Failed(errors) => match errors.into_iter().next() {
            Some(error) => Err(failure(error)),
            None => Ok(Left::Gone),
        },
        Fate::Refused(error) | Fate::RunOver(error) => Err(failure(error)),
        Fate::Doubtful { named, general, about_request } => {
            let error = named.into_iter().flatten().next().unwrap_or(general);
            Ok(Left::Perhaps { failure: failure(error), smaller: about_request })
        }
    }
}

/// What is gone already needs no deleting.
fn gone_or(done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(failure) if failure.kind == Kind::NotFound => Ok(()),
        done => done,
    }
}

/// A failure that concerns one group of several.
fn of_group(group: &Doomed, failure: Failure) -> Failure {
    let called = if group.name.is_empty() { &group.id } else { &group.name };
    Failure { title: format!("Device group {called}: {}", failure.title), ..failure }
}
