//! Names of what is in the account: those that lists have left, and where they are missing or old, what the service
//! says within a moment.
//!
//! Careful about who waits: a person between two keys. Only a token that is there and good is used, never a new one; a
//! service that is slow or gone costs [`MOMENT`] once in [`BETWEEN_TRIES`], and nothing is said of it.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use api::list::{Reading, list};
use api::send::clock;
use api::{AccessToken, Client, Credentials, Error, SeenIds};
use cli::Common;
use cli::names::{self, Kept, Name, Names};
use model::{ErrorKind, ResourceKind};

/// So long a person is kept waiting for the service, at most.
const MOMENT: Duration = Duration::from_millis(110);
/// A list that was read so long ago is read again.
const OLD: Duration = Duration::from_secs(5 * 60);
/// The service is not asked again so soon.
const BETWEEN_TRIES: Duration = Duration::from_secs(20);
/// Requests under way at once.
const JOBS: usize = 4;
/// Nobody chooses among more.
const MOST: usize = 1000;

/// The sign-in that the line itself names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedSignIn {
    /// `--auth-file`
    pub file: Option<PathBuf>,
    /// `--account`
    pub account: Option<String>,
}

/// The names of all accounts.
pub fn accounts() -> Vec<String> {
    let environment = cli::sign_in_environment(&Common::default());
    auth::NamedAccounts::of(&environment).map(|accounts| accounts.names()).unwrap_or_default()
}

/// The names that begin so, and what each is.
pub fn beginning_with(
    kind: ResourceKind,
    begun: Option<&str>,
    sign_in: &TypedSignIn,
) -> Vec<(String, String)> {
    let (Some(begun), Some(kept)) = (begun, kept(kind, sign_in)) else { return Vec::new() };
    let of = |text: fn(&Name) -> &String| {
        let names = kept.names.iter().filter(move |name| text(name).starts_with(begun));
        let names = names.map(move |name| (text(name).clone(), name.about.clone()));
        names.take(MOST).collect::<Vec<_>>()
    };
    let named = of(|name| &name.name);
    if named.is_empty() && !begun.is_empty() { of(|name| &name.other) } else { named }
}

/// What is kept, made new if that takes no more than a moment.
fn kept(kind: ResourceKind, sign_in: &TypedSignIn) -> Option<Kept> {
    let TypedSignIn { file, account } = sign_in.clone();
    let common = Common { auth_file: file, account, ..Common::default() };
    let environment = cli::sign_in_environment(&common);
    let choice = auth::choose_at_once(&environment).ok()?;
    let cache_dir = environment.cache_dir.as_deref()?;
    let identity = choice.credential();
    let file = names::file(cache_dir, environment.state_dir.as_deref(), &identity, kind);
    let kept = names::read(&file);
    if !kept.is_older(OLD, BETWEEN_TRIES) {
        return Some(kept);
    }
    let Some(token) = choice.token_until_its_end(clock::now()) else { return Some(kept) };
    names::note_question(&file);
    let settings = api::Settings {
        trace: None,
        ..cli::settings(&Common { patience: Duration::from_secs(4), ..common }, choice.endpoint())
    };
    let client = Client::new(settings, Some(Arc::new(OnlyThis(token)))).ok()?;
    let answer = ask(client, kind, file.clone());
    // Whoever comes later has the answer in any case; this one has what was there.
    let _too_late = clock::receive(&answer, MOMENT);
    Some(names::read(&file))
}

/// Asks in a thread that ends with the process.
#[expect(
    clippy::disallowed_methods,
    reason = "it is waited for no longer than a moment, and ends with the process"
)]
fn ask(client: Client, kind: ResourceKind, file: PathBuf) -> Receiver<()> {
    let (done, answer) = channel();
    let begin = clock::monotonic();
    thread::spawn(move || {
        // So that what has come is kept before nobody waits any longer.
        let wanted = || clock::monotonic().duration_since(begin) < MOMENT * 3 / 4;
        let reading =
            Reading { jobs: JOBS, wanted: &wanted, likely: None, only: None, whole: false };
        let mut names = Names::new(kind, file);
        let ended = list(&client, kind.path(), &[], &reading, &mut SeenIds::default(), |record| {
            names.note(&record);
            ControlFlow::Continue(())
        });
        names.keep(matches!(ended, Ok(ControlFlow::Continue(()))));
        let _nobody_waits_any_longer = done.send(());
    });
    answer
}

/// A token that is never made anew.
struct OnlyThis(AccessToken);

impl Credentials for OnlyThis {
    fn token(&self) -> Result<AccessToken, Error> {
        Ok(self.0.clone())
    }

    fn renewed(&self, _refused: &AccessToken) -> Result<AccessToken, Error> {
        Err(Error::new(ErrorKind::NotSignedIn, "The token has ended"))
    }
}
