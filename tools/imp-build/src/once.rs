//! Each device group is deployed to once a run, however many rows lead to it: a list of the devices of a
//! group, for example, is one deployment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cli::each::{Acted, Acting, Outcome};
use cli::{Failure, FailureKind, Record};

/// What was created so far.
#[derive(Default)]
pub struct Once {
    groups: Mutex<HashMap<String, Build>>,
}

/// What was wanted for a group, and what became of it. The first creates, the others wait for it.
type Build = (Record, Arc<OnceLock<Acting>>);

impl Once {
    /// Does `create` if it is the first for this group. Later rows with the same attributes get the same
    /// record, as `unchanged`, or the same failure.
    ///
    /// # Errors
    /// `conflict` when an earlier row wants something else for the group.
    pub fn create(
        &self,
        group: &str,
        attributes: &Record,
        create: impl FnOnce() -> Acting,
    ) -> Acting {
        let (wanted, cell) = self
            .groups
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(group.to_owned())
            .or_insert_with(|| (attributes.clone(), Arc::default()))
            .clone();
        if wanted != *attributes {
            let title = "An earlier row has another build for this device group";
            return Err(Failure::new(FailureKind::Conflict, title)
                .detail("which of them would run last is not certain; deploy them in two runs"));
        }
        let mut first = false;
        let acted = cell.get_or_init(|| {
            first = true;
            create()
        });
        match acted {
            Ok(acted) if !first => Ok(Acted { outcome: Some(Outcome::Unchanged), ..acted.clone() }),
            acted => acted.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_deployed_to_once() {
        let once = Once::default();
        let build = |code: &str| Record::from_iter([("device_code".to_owned(), code.into())]);
        let create = |made: &str| Ok(Acted::created("deployment", build(made)));
        let first = once.create("g", &build("1"), || create("1")).unwrap();
        assert_eq!(first.outcome, Some(Outcome::Created));
        let second = once.create("g", &build("1"), || panic!("twice")).unwrap();
        assert_eq!((second.outcome, second.record), (Some(Outcome::Unchanged), first.record));
        let other = once.create("g", &build("2"), || panic!("twice"));
        assert_eq!(other.unwrap_err().kind, FailureKind::Conflict);
        assert!(once.create("h", &build("2"), || create("2")).is_ok());
    }
}
