//! Guards: what must not be changed by this process, whatever it is told to do.
//!
//! They stand where requests are sent, so that no verb can forget them. Careful about doubt: a guard that
//! cannot be understood or looked up lets nothing pass. Those of the sign-in file and those of the
//! environment count together, so that neither widens what the other forbids.

mod affected;
mod max_changes;
mod protected;

use std::cell::Cell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use api::resolve::Resolver;
use api::{Client, Error, Request, WriteGate};
use model::{Effect, ErrorKind};

use crate::command_error::CommandError;
use crate::journal;
use crate::terminal::environment;
pub use max_changes::MaxChanges;
use protected::Protected;
pub(crate) use protected::entries as protected_entries;

thread_local! {
    /// Whether the row that this thread works on has changed something already.
    static ROW_IS_COUNTED: Cell<bool> = const { Cell::new(false) };
}

/// The guards of a run.
#[derive(Default)]
pub struct Guards {
    /// Who says that nothing may be changed.
    read_only: Option<&'static str>,
    /// The products and groups in which nothing may be changed, as they were typed.
    protect: Vec<String>,
    /// The most changes, by the environment and the sign-in file.
    limits: Vec<MaxChanges>,
    look_up: OnceLock<(Weak<Resolver>, Client)>,
    protected: OnceLock<Result<Protected, Error>>,
    /// Rows that may still change something, where rows are counted one by one.
    left: Mutex<Option<u64>>,
}

impl Guards {
    /// The guards of the environment and of the sign-in file.
    ///
    /// # Errors
    /// Exit 2 for one that makes no sense.
    pub fn new(file: &auth::FileGuards) -> Result<Self, CommandError> {
        let read_only = match environment::is_on("IMP_READ_ONLY") {
            true => Some("IMP_READ_ONLY"),
            false => file.read_only.then_some("the sign-in file"),
        };
        let mut limits = Vec::new();
        for (name, text) in [
            ("IMP_MAX_CHANGES", environment::text("IMP_MAX_CHANGES")),
            ("maxChanges of the sign-in file", file.max_changes.clone()),
        ] {
            let Some(text) = text else { continue };
            let limit =
                text.parse().map_err(|why| CommandError::usage(format!("{name}: {why}")))?;
            limits.push(limit);
        }
        let listed = environment::text("IMP_PROTECT").unwrap_or_default();
        let protect = protected::entries(&listed).into_iter().chain(file.protect.clone()).collect();
        Ok(Guards { read_only, protect, limits, ..Guards::default() })
    }

    /// With what things are looked up from now on.
    pub(crate) fn look_up_with(&self, resolver: &Arc<Resolver>, client: &Client) {
        let _set_before = self.look_up.set((Arc::downgrade(resolver), client.clone()));
    }

    /// The gate in front of each request that changes something.
    pub(crate) fn gate(self: &Arc<Self>) -> WriteGate {
        let guards = Arc::downgrade(self);
        WriteGate::new(move |request| match guards.upgrade() {
            Some(guards) => guards.may_leave(request),
            None => Err(refused("The run is over", "nothing is changed any more")),
        })
    }

    fn may_leave(&self, request: &Request) -> Result<(), Error> {
        if let Some(who) = self.read_only {
            return Err(refused(&format!("{who} forbids all changes"), "nothing was sent"));
        }
        if !self.protect.is_empty() {
            self.protected()?.check(request)?;
        }
        self.count()?;
        journal::before_writing()
    }

    /// Ends a run that changes something where nothing may be changed.
    ///
    /// # Errors
    /// Exit 2; nothing has been sent.
    pub fn may_change(&self) -> Result<(), CommandError> {
        match self.read_only {
            Some(who) => Err(CommandError::usage(format!(
                "{who} forbids all changes: nothing was done; --dry-run says what would be"
            ))),
            None => Ok(()),
        }
    }

    /// Whether there are products or groups in which nothing may be changed.
    pub fn protect_something(&self) -> bool {
        !self.protect.is_empty()
    }

    /// Whether nothing may be changed in this device group.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn protect_group(&self, id: &str, product: Option<&str>) -> Result<bool, Error> {
        if self.protect.is_empty() {
            return Ok(false);
        }
        self.protected()?.group(id, product)
    }

    /// The failure of a row in a protected group or product.
    pub fn is_protected() -> Error {
        protected::failure()
    }

    /// Refuses a run that would change more of the `looked_at` things than it may; those count that it changed
    /// before it was interrupted. `own` is the limit of `--max-changes`; `open` are the rows that would be written,
    /// by the order in which they are reported.
    ///
    /// # Errors
    /// In words; nothing has been done.
    pub(crate) fn may_change_so_many(
        &self,
        own: Option<MaxChanges>,
        open: impl Iterator<Item = u64>,
        looked_at: u64,
    ) -> Result<(), String> {
        let changed = journal::changed_before();
        let changes = open.filter(|row| !journal::is_counted(*row)).count() as u64 + changed.rows;
        let looked_at = looked_at + changed.not_taken_up;
        for limit in self.limits.iter().copied().chain(own) {
            if changes > limit.of(looked_at) {
                return Err(format!(
                    "{changes} of {looked_at} would be changed, and no more than {limit} may be"
                ));
            }
        }
        Ok(())
    }

    /// Fails a row of a plan that would change something in what is protected.
    ///
    /// # Errors
    /// As a request that changes it.
    pub fn foresee(&self, effects: &[Effect]) -> Result<(), Error> {
        if self.protect.is_empty() { Ok(()) } else { self.protected()?.foresee(effects) }
    }

    /// Counts a row of a plan that would change something.
    ///
    /// # Errors
    /// As a request of a row that is one too many.
    pub(crate) fn foresee_row(&self) -> Result<(), Error> {
        Self::begin_row();
        self.count()
    }

    /// From now on rows are counted that change something; of `total` rows no more than may.
    pub(crate) fn count_rows(&self, own: Option<MaxChanges>, total: u64) {
        let changed = journal::changed_before();
        let limits = self.limits.iter().copied().chain(own);
        let most = limits.map(|limit| limit.of(total + changed.not_taken_up)).min();
        *self.left() = most.map(|most| most.saturating_sub(changed.rows));
    }

    /// Whether there is any limit of changes.
    pub fn limit_changes(&self, own: Option<MaxChanges>) -> bool {
        own.is_some() || !self.limits.is_empty()
    }

    /// Whether the number of rows has to be known before the first is worked on.
    pub(crate) fn need_total(&self, own: Option<MaxChanges>) -> bool {
        self.limits.iter().copied().chain(own).any(MaxChanges::is_share)
    }

    /// This thread begins with another row.
    pub(crate) fn begin_row() {
        ROW_IS_COUNTED.set(false);
    }

    fn count(&self) -> Result<(), Error> {
        let mut left = self.left();
        // What may have been done before the run was interrupted is counted.
        let is_counted = ROW_IS_COUNTED.get() || journal::was_under_way();
        let Some(number) = left.as_mut().filter(|_| !is_counted) else { return Ok(()) };
        if *number == 0 {
            return Err(refused(
                "As much was changed as may be",
                "this row was left alone; --max-changes or IMP_MAX_CHANGES says how many rows may change",
            ));
        }
        *number -= 1;
        ROW_IS_COUNTED.set(true);
        Ok(())
    }

    fn left(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn protected(&self) -> Result<&Protected, Error> {
        let looked_up = simulated::once(&self.protected, || {
            let (resolver, client) = self.look_up.get().ok_or_else(protected::unknown)?;
            let resolver = resolver.upgrade().ok_or_else(protected::unknown)?;
            Protected::look_up(&self.protect, &resolver, client)
        });
        looked_up.as_ref().map_err(Error::clone)
    }
}

fn refused(title: &str, detail: &str) -> Error {
    Error::new(ErrorKind::Protected, title).detail(detail)
}
