//! The same thing twice in one run: the second time nothing is done, and what contradicts fails.
//!
//! A list of the devices of a group, for example, leads to that group as often as it has devices; and of two
//! rows that give a device two names it would be chance which one it has in the end.

use model::{ErrorKind, Record};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pipe::Failure;

use crate::journal::{self, Thing};
use crate::rows::outcome::run_ended;

/// What has been done so far, by the id of the thing. `Done` is what became of it.
pub struct OncePerTarget<Done> {
    things: Mutex<HashMap<String, Arc<Wanted<Done>>>>,
}

/// What was wanted of a thing, by which row, and what became of it. The first does it, the others wait for it.
struct Wanted<Done> {
    wanted: Record,
    source: String,
    done: OnceLock<Result<Done, Failure>>,
    reported: Reported,
}

/// The row that was told what became of a thing. Rows are worked on in any order and reported in their own: it
/// is then that the first is told from the others.
#[derive(Clone, Debug, Default)]
pub struct Reported(Arc<OnceLock<String>>);

impl Reported {
    /// The source of the row that was told before; `None` the first time that it is asked.
    pub(crate) fn same_as(&self, source: &str) -> Option<&str> {
        let mut is_first = false;
        let first = self.0.get_or_init(|| {
            is_first = true;
            source.to_owned()
        });
        (!is_first).then_some(first)
    }
}

impl<Done> Default for OncePerTarget<Done> {
    fn default() -> Self {
        OncePerTarget { things: Mutex::default() }
    }
}

impl<Done: Clone> OncePerTarget<Done> {
    /// Does `act` if no row has asked for it yet. Other rows that want the same get the same, or the same
    /// failure; all but one of them will be reported as `unchanged`. `source` is that of the row.
    ///
    /// # Errors
    /// `conflict` when another row wants something else of the thing.
    pub fn act(
        &self,
        source: &str,
        thing: &str,
        wanted: &Record,
        act: impl FnOnce() -> Result<Done, Failure>,
    ) -> Result<(Done, Reported), Failure> {
        self.act_any(source, &[thing], wanted, act)
    }

    /// The same for a thing that is called by any of `names`.
    ///
    /// # Errors
    /// As [`OncePerTarget::act`].
    pub fn act_any(
        &self,
        source: &str,
        names: &[&str],
        wanted: &Record,
        act: impl FnOnce() -> Result<Done, Failure>,
    ) -> Result<(Done, Reported), Failure> {
        if journal::notes_things()
            && let Some(earlier) = journal::earlier(&Thing::new(names, wanted))
        {
            if earlier.wanted != Thing::new(names, wanted).wanted {
                return Err(wants_something_else(&earlier.source));
            }
            if !earlier.is_under_way {
                journal::repeats(&earlier.source);
                return Err(run_ended());
            }
        }
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.iter().find_map(|name| things.get(*name).cloned());
        let thing = known.unwrap_or_else(|| {
            Arc::new(Wanted {
                wanted: wanted.clone(),
                source: source.to_owned(),
                done: OnceLock::new(),
                reported: Reported::default(),
            })
        });
        for name in names {
            things.entry((*name).to_owned()).or_insert_with(|| thing.clone());
        }
        drop(things);
        if thing.wanted != *wanted {
            return Err(wants_something_else(&thing.source));
        }
        simulated::once(&thing.done, act).clone().map(|done| (done, thing.reported.clone()))
    }
}

/// `source` is that of the other row.
fn wants_something_else(source: &str) -> Failure {
    let title = "Another row of this input wants something else of the same thing";
    Failure::new(ErrorKind::Conflict, title).detail(format!(
        "{source}: which of them came last would be chance; leave one of the rows out"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_worked_on_once() {
        let once = OncePerTarget::default();
        let wanted = |name: &str| Record::from_iter([("name".to_owned(), name.into())]);
        let (done, first) = once.act("in:1", "g", &wanted("a"), || Ok(1)).unwrap();
        assert_eq!((done, first.same_as("in:1")), (1, None));
        let (done, second) = once.act("in:2", "g", &wanted("a"), || panic!("twice")).unwrap();
        assert_eq!((done, second.same_as("in:2")), (1, Some("in:1")));
        let other = once.act("in:3", "g", &wanted("b"), || panic!("twice")).unwrap_err();
        assert!(other.kind == ErrorKind::Conflict && other.sentence().contains("in:1"));
        let (_, first) = once.act("in:4", "h", &wanted("b"), || Ok(2)).unwrap();
        assert_eq!(first.same_as("in:4"), None);
    }

    #[test]
    fn a_thing_of_several_names_is_one() {
        let once = OncePerTarget::default();
        let nothing = Record::new();
        once.act("in:1", "mac", &nothing, || Ok(1)).unwrap();
        let act = |names: &[&str]| once.act_any("in:2", names, &nothing, || Ok(2)).unwrap().0;
        assert_eq!(act(&["id", "mac", "name"]), 1);
        assert_eq!((act(&["name"]), act(&["other"])), (1, 2));
    }
}
