//! `imp-device watch`
//!
//! The devices are looked at again and again ([`look`]), and what is otherwise than before is printed ([`fleet`]).
//! Careful about each change: with `--state` it is printed once, whatever ends this, a kill included ([`state`],
//! [`print`]).

mod fleet;
mod look;
mod pace;
mod print;
mod record;
mod state;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use api::send::clock;
use clap::Args;
use cli::rows::results::Results;
use cli::terminal::{progress, stderr};
use cli::{CommandError, Exit, RowArgs, Session, failure};
use model::identifier::usual_spelling;
use model::{ErrorKind, ResourceKind};
use pipe::{Failure, Item, Row};

use fleet::Fleet;
use look::{Looked, Looker, Scope};
use pace::LimitShare;
pub use record::DEVICE_CHANGE;
use record::Look;
use state::{Known, State};

/// How soon it is noticed that nobody reads any more.
const NOTICED: Duration = Duration::from_secs(1);

/// Print what changes with devices, as it changes
///
/// They come online, are assigned, renamed, blessed, appear and go. The first look only shows how they
/// are; what is otherwise at the next is printed.
#[derive(Args)]
pub struct Watch {
    /// All devices of the account
    #[arg(long, conflicts_with_all = ["dg", "product"], display_order = 0)]
    all: bool,
    /// The devices of this device group
    #[arg(
        long,
        short = 'g',
        value_name = "DEVICE_GROUP",
        conflicts_with = "product",
        display_order = 0
    )]
    dg: Vec<String>,
    /// The devices of this product
    #[arg(long, short, value_name = "PRODUCT", display_order = 0)]
    product: Vec<String>,
    /// Look so often
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = cli::duration, display_order = 0)]
    every: Duration,
    /// Go on from this file after an end of whatever kind
    #[arg(long, value_name = "FILE", display_order = 0)]
    state: Option<PathBuf>,
    /// Look once, and print what has changed since the last time
    #[arg(long, requires = "state", display_order = 0)]
    once: bool,
    /// Use no more of the account's limit
    #[arg(long, value_name = "N%", default_value = "25%", display_order = 0)]
    share: LimitShare,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Watch {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.devices.row_args();
        let of_rows = !self.all && self.dg.is_empty() && self.product.is_empty();
        if !of_rows && !args.source.is_default() {
            return Err(CommandError::usage(
                "say which devices are watched either by rows or with --all, --dg or --product",
            ));
        }
        if !of_rows {
            session.output.expect_type("movement");
            let (scope, called) = self.lists(&session)?;
            let exit = self.watch(&session, &scope, &called, |_, _| {});
            progress::end();
            session.output.finish()?;
            return exit;
        }
        let mut results = Results::open(&session, args, None)?;
        session.output.expect_type("movement");
        let mut rows = read(&session, args, &mut results)?;
        if !results.is_over() && !rows.is_empty() {
            let keys: HashSet<Box<str>> = rows.iter().map(|(key, _)| key.clone()).collect();
            let called = Scope::called_of_rows(&keys);
            let watched = self.watch(&session, &Scope::Rows(keys), &called, |looked, before| {
                for (key, row) in rows.drain(..) {
                    if looked.may_be_there(&key) || before.knows(&key) {
                        results.tally.ok();
                    } else {
                        results.bad(&not_there(&key), &row.record, &row.source);
                    }
                }
            });
            match watched {
                Ok(exit) => results.note(exit),
                Err(error) => results.end_run(error),
            }
        }
        rows.into_iter().for_each(|(_, row)| results.not_attempted(Ok(Item::Row(row))));
        Ok(results.finish())
    }

    /// The lists that are watched, and what they are called.
    fn lists(&self, session: &Session) -> cli::Result<(Scope, String)> {
        let (kind, option, filter, values) = match self.dg.is_empty() {
            false => (ResourceKind::DeviceGroup, "--dg", "devicegroup", &self.dg),
            true => (ResourceKind::Product, "--product", "product", &self.product),
        };
        if values.is_empty() {
            return Ok((Scope::Lists(vec![Vec::new()]), "all devices".to_owned()));
        }
        let mut ids = session.one_id_of_each(kind, option, values)?;
        ids.sort_unstable();
        let list = |id: &String| vec![(format!("filter[{filter}.id]"), id.clone())];
        Ok((Scope::Lists(ids.iter().map(list).collect()), format!("{option} {}", ids.join(","))))
    }

    /// Looks again and again. What the first look has shown is given to `begun`, with what was known before.
    fn watch(
        &self,
        session: &Session,
        scope: &Scope,
        called: &str,
        begun: impl FnOnce(&Looked, &Fleet),
    ) -> cli::Result {
        let mut begun = Some(begun);
        let (state, mut known) = self.known(session, called)?;
        if !known.pending.is_empty() {
            let before = known.printed_into;
            if !print::print_rest(session, &mut known.pending, before)? {
                return Ok(Exit::Done);
            }
            printed(state.as_ref(), &mut known)?;
        }
        let looker = Looker { session, scope, share: self.share };
        loop {
            let began = clock::monotonic();
            let exit = match looker.look(&known.fleet) {
                Ok(None) => return Ok(Exit::Done),
                Ok(Some(looked)) => {
                    begun.take().into_iter().for_each(|begun| begun(&looked, &known.fleet));
                    match take_in(session, state.as_ref(), &mut known, looked)? {
                        None => return Ok(Exit::Done),
                        Some(exit) => exit,
                    }
                }
                Err(error) if self.once || error.ends_run() && !is_passing(&error) => {
                    return Err(failure(error).into());
                }
                Err(error) => {
                    let next = humantime::format_duration(self.every);
                    stderr::say_failure(&format!(
                        "{}; the next look is in {next}",
                        failure(error).sentence()
                    ));
                    Exit::Done
                }
            };
            if self.once || !wait_until(session, began + self.every) {
                return Ok(exit);
            }
        }
    }

    /// What is known from looks before, and where it is kept.
    fn known(&self, session: &Session, called: &str) -> cli::Result<(Option<State>, Known)> {
        let Some(path) = &self.state else { return Ok((None, Known::default())) };
        let account = session.account()?.id;
        let called = format!("{called} of account {account} at {}", session.client.endpoint());
        let (state, known) = State::open(path, called)?;
        Ok((Some(state), known))
    }
}

/// Whether the service may be there at the next look.
fn is_passing(error: &api::Error) -> bool {
    error.kind == model::ErrorKind::Unreachable
}

/// Takes in what a look has shown, and prints what has changed. Nothing when nobody reads any more.
fn take_in(
    session: &Session,
    state: Option<&State>,
    known: &mut Known,
    looked: Looked,
) -> cli::Result<Option<Exit>> {
    let Looked { mut fleet, is_whole, .. } = looked;
    let is_first = known.seen_at.is_empty();
    if !is_whole && is_first {
        stderr::say_failure("the list of devices changed while it was read: it is no beginning");
        return Ok(Some(Exit::SomeFailed));
    }
    if !is_whole {
        stderr::say_failure(
            "the list of devices changed while it was read: what it did not show is taken to be as it was",
        );
        fleet.keep_of(&known.fleet);
    }
    let seen_at = humantime::format_rfc3339_millis(clock::now()).to_string();
    let since = std::mem::replace(&mut known.seen_at, seen_at);
    if !is_first {
        let look = Look { since: &since, seen_at: &known.seen_at, is_whole };
        let changes = fleet.changes_since(&known.fleet);
        known.pending = changes.iter().map(|changed| record::record(changed, &look)).collect();
    }
    known.fleet = fleet;
    progress::end();
    if is_first {
        stderr::say(&format!(
            "devices: {}; what changes is printed from now on",
            known.fleet.len()
        ));
    }
    if known.pending.is_empty() {
        printed(state, known)?;
    } else {
        known.printed_into = print::file(session);
        state.map_or(Ok(()), |state| state.save(known))?;
        if !print::print(session, &known.pending)? {
            return Ok(None);
        }
        printed(state, known)?;
    }
    Ok(Some(if is_whole { Exit::Done } else { Exit::SomeFailed }))
}

/// All changes have been printed.
fn printed(state: Option<&State>, known: &mut Known) -> cli::Result<()> {
    known.pending.clear();
    known.printed_into = None;
    state.map_or(Ok(()), |state| state.save(known))
}

/// False when a signal came, or nobody reads any more.
fn wait_until(session: &Session, next: Instant) -> bool {
    loop {
        let left = next.saturating_duration_since(clock::monotonic());
        if !session.output.is_read() || session.is_stopped() {
            return false;
        }
        if left.is_zero() {
            return true;
        }
        clock::wait_unless(&session.stop, left.min(NOTICED));
    }
}

/// A row names a device that is not there. It is watched all the same: it may appear.
fn not_there(key: &str) -> Failure {
    let title = format!("There is no device `{key}`");
    Failure::new(ErrorKind::NotFound, title).detail("a later look tells when it has appeared")
}

/// Reads the rows, each with what its device is called; what names no device is a failed row.
fn read(
    session: &Session,
    args: RowArgs<'_>,
    results: &mut Results<'_>,
) -> cli::Result<Vec<(Box<str>, Row)>> {
    let mut rows = Vec::new();
    for item in args.source.rows(&session.inputs)? {
        let Some(row) = results.row(item) else { continue };
        match row.identifier(ResourceKind::Device, &[]) {
            Ok(device) => {
                rows.push((usual_spelling(&device.text).into(), row));
            }
            Err(failure) => results.bad(&failure, &row.record, &row.source),
        }
    }
    Ok(rows)
}
