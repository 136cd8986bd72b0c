//! One look at the devices that are watched: by lists, or by one request for each where rows name few.
//!
//! Careful about what a list does not show: a device is gone only when the list was read whole. And several lists are
//! read one after the other, so that a device which moves between two of them meanwhile may be in neither: those that
//! are missing are looked for by themselves.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use api::list::Reading;
use api::send::clock;
use api::{Error, Request, SeenIds, devices, segment};
use cli::consent::count;
use cli::terminal::progress;
use cli::{Session, text};
use model::identifier::usual_spelling;
use model::{ErrorKind, Record};
use pipe::engine::{self, Done};

use crate::fewer_requests::list_is_less;
use crate::stable_hash::stable_hash;

use super::fleet::Fleet;
use super::pace::{LimitShare, Pace};

/// A filter of a list, and its value.
pub type Filter = (String, String);

/// What is watched.
pub enum Scope {
    /// All devices of these lists.
    Lists(Vec<Vec<Filter>>),
    /// The devices that rows name.
    Rows(HashSet<Box<str>>),
}

impl Scope {
    /// What rows are called whose devices are watched: otherwise for other rows.
    pub fn called_of_rows(keys: &HashSet<Box<str>>) -> String {
        let all = keys.iter().fold(0_u64, |all, key| all.wrapping_add(stable_hash(key)));
        format!("{} that rows name ({all:016x})", count(keys.len() as u64, "device"))
    }
}

/// What a look has shown.
pub struct Looked {
    pub fleet: Fleet,
    /// Whether it is all that there is.
    pub is_whole: bool,
    /// What rows call the devices that it has shown.
    pub shown: HashSet<Box<str>>,
}

impl Looked {
    fn nothing_yet() -> Self {
        Looked { fleet: Fleet::default(), is_whole: true, shown: HashSet::new() }
    }

    /// Whether the device that a row calls so is there, or was not seen only because the list moved.
    pub fn may_be_there(&self, key: &str) -> bool {
        !self.is_whole || self.shown.contains(key)
    }
}

/// Looks at the devices.
pub struct Looker<'a> {
    pub session: &'a Session,
    pub scope: &'a Scope,
    pub share: LimitShare,
}

impl Looker<'_> {
    /// Looks, after a look that has shown `before`; nothing when a signal came meanwhile.
    ///
    /// # Errors
    /// What kept the service from showing them.
    pub fn look(&self, before: &Fleet) -> Result<Option<Looked>, Error> {
        let pace = Mutex::new(Pace::new(self.share, clock::monotonic()));
        let wait = || {
            let limit = self.session.client.settings().rate_limiter.told_limit();
            let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
            let next = pace.next(clock::monotonic(), limit);
            drop(pace);
            clock::wait_unless(&self.session.stop, next)
        };
        let looked = match self.scope {
            Scope::Lists(lists) => match self.lists(lists, |_| true, &wait)? {
                Some(looked) if lists.len() > 1 && looked.is_whole => {
                    self.with_missing(looked, before, lists, &wait)
                }
                looked => Ok(looked),
            },
            Scope::Rows(keys) => self.named(keys, &wait),
        };
        if self.session.is_stopped() { Ok(None) } else { looked }
    }

    /// Looks at the devices that are called by these keys.
    fn named(
        &self,
        keys: &HashSet<Box<str>>,
        wait: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Looked>, Error> {
        match list_is_less(self.session, keys.iter().map(|key| &**key))? {
            true => {
                let mut shown = HashSet::new();
                let is_watched = |device: &Record| is_named(device, keys, &mut shown);
                let looked = self.lists(&[Vec::new()], is_watched, wait)?;
                Ok(looked.map(|looked| Looked { shown, ..looked }))
            }
            false => self.one_by_one(keys, wait),
        }
    }

    /// With those devices of the look before that no list has shown and that are in one of them all the same.
    fn with_missing(
        &self,
        mut looked: Looked,
        before: &Fleet,
        lists: &[Vec<Filter>],
        wait: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Looked>, Error> {
        let missing: HashSet<Box<str>> = looked.fleet.lacks(before).map(Box::from).collect();
        if missing.is_empty() {
            return Ok(Some(looked));
        }
        let Some(found) = self.named(&missing, wait)? else { return Ok(None) };
        looked.is_whole = found.is_whole;
        let ids: HashSet<&str> = lists.iter().flatten().map(|(_, id)| id.as_str()).collect();
        looked.fleet.add_those_in(found.fleet, &ids);
        Ok(Some(looked))
    }

    fn lists(
        &self,
        lists: &[Vec<Filter>],
        mut is_watched: impl FnMut(&Record) -> bool,
        wait: &dyn Fn() -> bool,
    ) -> Result<Option<Looked>, Error> {
        let wanted = || {
            self.session.learn_account();
            wait()
        };
        let reading =
            Reading { wanted: &wanted, ..Reading::whole(usize::from(self.session.common.jobs)) };
        let mut looked = Looked::nothing_yet();
        let mut seen = SeenIds::default();
        let mut number = 0;
        for filters in lists {
            let listed =
                devices::list(&self.session.client, filters, &reading, &mut seen, |device| {
                    number += 1;
                    progress::count(number, 0, "device");
                    if is_watched(&device) {
                        looked.fleet.see(&device);
                    }
                    if self.session.is_stopped() {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
            match listed {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(None),
                Err(error) if error.kind == ErrorKind::Incomplete => looked.is_whole = false,
                Err(error) => return Err(error),
            }
        }
        Ok(Some(looked))
    }

    fn one_by_one(
        &self,
        keys: &HashSet<Box<str>>,
        wait: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Looked>, Error> {
        let looked = RefCell::new(Looked::nothing_yet());
        let mut ended = None;
        let asked = keys.iter().map(|key| key.to_string()).collect::<Vec<_>>().into_iter();
        engine::ordered(
            usize::from(self.session.common.jobs),
            &AtomicBool::new(false),
            asked,
            |device| {
                wait();
                let request = Request::get(format!("/devices/{}", segment(&device)));
                let answer = self.session.client.send(&request).and_then(|answer| answer.record());
                (device, answer)
            },
            |done| {
                let Done::Worked((key, answer)) = done else { return ControlFlow::Continue(()) };
                match answer {
                    Ok(device) => {
                        let mut looked = looked.borrow_mut();
                        looked.fleet.see(&device);
                        looked.shown.insert(key.into());
                    }
                    Err(error) if error.kind == ErrorKind::NotFound => {}
                    Err(error) => {
                        ended = Some(error);
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            },
        );
        match ended {
            Some(error) => Err(error),
            None => Ok(Some(looked.into_inner())),
        }
    }
}

/// Whether a row means the device; notes what rows call it.
fn is_named(device: &Record, keys: &HashSet<Box<str>>, shown: &mut HashSet<Box<str>>) -> bool {
    let mut is_named = false;
    for field in ["id", "mac_address", "agent_id", "name"] {
        if let Some(key) = keys.get(&*usual_spelling(text(device, field))) {
            shown.insert(key.clone());
            is_named = true;
        }
    }
    is_named
}
