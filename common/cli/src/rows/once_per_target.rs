//! The same thing twice in one run: the second time nothing is done, and what contradicts fails.
//!
//! A list of the devices of a group, for example, leads to that group as often as it has devices; and of two
//! rows that give a device two names it would be chance which one it has in the end.

use model::{ErrorKind, Record};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pipe::Failure;

/// What has been done so far, by the id of the thing. `Done` is what became of it.
pub struct OncePerTarget<Done> {
    things: Mutex<HashMap<String, Wanted<Done>>>,
}

/// What was wanted of a thing, and what became of it. The first does it, the others wait for it.
type Wanted<Done> = (Record, Arc<OnceLock<Result<Done, Failure>>>, Reported);

/// Whether what became of a thing has been reported. Rows are worked on in any order and reported in their
/// own: it is then that the first is told from the others.
#[derive(Clone, Debug, Default)]
pub struct Reported(Arc<AtomicBool>);

impl Reported {
    /// True the first time that it is asked.
    pub(crate) fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

impl<Done> Default for OncePerTarget<Done> {
    fn default() -> Self {
        OncePerTarget { things: Mutex::default() }
    }
}

impl<Done: Clone> OncePerTarget<Done> {
    /// Does `act` if no row has asked for it yet. Other rows that want the same get the same, or the same
    /// failure; all but one of them will be reported as `unchanged`.
    ///
    /// # Errors
    /// `conflict` when another row wants something else of the thing.
    pub fn act(
        &self,
        thing: &str,
        wanted: &Record,
        act: impl FnOnce() -> Result<Done, Failure>,
    ) -> Result<(Done, Reported), Failure> {
        let (first_wanted, cell, reported) = self
            .things
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(thing.to_owned())
            .or_insert_with(|| (wanted.clone(), Arc::default(), Reported::default()))
            .clone();
        if first_wanted != *wanted {
            let title = "Another row of this input wants something else of the same thing";
            return Err(Failure::new(ErrorKind::Conflict, title)
                .detail("which of them came last would be chance; leave one of the rows out"));
        }
        cell.get_or_init(act).clone().map(|done| (done, reported))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_worked_on_once() {
        let once = OncePerTarget::default();
        let wanted = |name: &str| Record::from_iter([("name".to_owned(), name.into())]);
        let (done, first) = once.act("g", &wanted("a"), || Ok(1)).unwrap();
        assert!(done == 1 && first.is_first());
        let (done, second) = once.act("g", &wanted("a"), || panic!("twice")).unwrap();
        assert!(done == 1 && !second.is_first());
        let other = once.act("g", &wanted("b"), || panic!("twice"));
        assert_eq!(other.unwrap_err().kind, ErrorKind::Conflict);
        assert!(once.act("h", &wanted("b"), || Ok(2)).unwrap().1.is_first());
    }
}
