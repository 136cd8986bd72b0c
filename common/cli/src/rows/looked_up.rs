//! What the rows of a deletion mean, looked up before the first of them is worked on: a row may call by another
//! identifier what is gone by then, and a name or a tag may mean another thing then.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use model::ResourceKind;
use pipe::engine::{self, Done};
use pipe::{Failure, Identifier, Item, Row};

use crate::command_error::CommandError;
use crate::rows::outcome::interrupted;
use crate::rows::source::{RowSource, Rows};
use crate::session::Session;

/// The things of all rows, by what the rows call them. Clones share everything.
pub struct LookedUp<Thing>(Arc<State<Thing>>);

struct State<Thing> {
    named: Mutex<Vec<Identifier>>,
    found: OnceLock<HashMap<String, Result<Thing, Failure>>>,
}

impl<Thing> Clone for LookedUp<Thing> {
    fn clone(&self) -> Self {
        LookedUp(self.0.clone())
    }
}

impl<Thing> Default for LookedUp<Thing> {
    fn default() -> Self {
        LookedUp(Arc::new(State { named: Mutex::default(), found: OnceLock::new() }))
    }
}

impl<Thing: Clone + Send + Sync + 'static> LookedUp<Thing> {
    /// The rows of a verb that reads them all before it begins. Takes note of what they name, where `note` says
    /// that it has to be looked up.
    ///
    /// # Errors
    /// As [`RowSource::rows`].
    pub fn rows(
        &self,
        session: &Session,
        source: &RowSource<'_>,
        kind: ResourceKind,
        note: impl Fn(&Row, &Identifier) -> bool + Send + 'static,
    ) -> Result<Rows, CommandError> {
        let own = self.clone();
        Ok(Box::new(source.rows(&session.inputs)?.inspect(move |item| {
            if let Ok(Item::Row(row)) = item
                && let Ok(identifier) = row.identifier(kind, &[])
                && note(row, &identifier)
            {
                own.0.named.lock().unwrap_or_else(PoisonError::into_inner).push(identifier);
            }
        })))
    }

    /// The thing that a row means. The first that asks has all of them looked up.
    ///
    /// # Errors
    /// As `look_up`; `not_attempted` if the run was interrupted before.
    pub fn thing(
        &self,
        session: &Session,
        identifier: &Identifier,
        look_up: impl Fn(&Identifier) -> Result<Thing, Failure> + Sync,
    ) -> Result<Thing, Failure> {
        let found = simulated::once(&self.0.found, || self.look_up_all(session, look_up));
        found.get(&identifier.text).cloned().unwrap_or_else(|| Err(interrupted()))
    }

    fn look_up_all(
        &self,
        session: &Session,
        look_up: impl Fn(&Identifier) -> Result<Thing, Failure> + Sync,
    ) -> HashMap<String, Result<Thing, Failure>> {
        let mut named = self.0.named.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = HashMap::new();
        engine::ordered(
            usize::from(session.common.jobs),
            &session.stop,
            std::mem::take(&mut *named).into_iter(),
            |identifier| {
                let thing = look_up(&identifier);
                (identifier.text, thing)
            },
            |done| {
                if let Done::Worked((text, thing)) = done {
                    found.entry(text).or_insert(thing);
                }
                ControlFlow::Continue(())
            },
        );
        found
    }
}
