//! A signed-in run of one command: what the verbs get to work with.

use model::{ErrorKind, Record};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use api::resolve::Resolver;
use api::send::rate_limit::RateLimiter;
use api::{Client, Request, Settings, Trace, WriteGate};
use serde_json::Value;

use crate::args::{Common, OutputFormat};
use crate::command_error::CommandError;
use crate::guards::Guards;
use crate::journal;
use crate::keyring::ThroughImpAuth;
use crate::names::{self, Names};
use crate::output::Output;
use crate::recording;
use crate::terminal::interruptible::Inputs;
use crate::{
    terminal::environment, terminal::progress, terminal::prompt, terminal::signals,
    terminal::stderr,
};

/// Requests after which a run is worth one more, to learn which account's pace it shares.
const WORTH_KNOWING: u64 = 10;

/// Set by `imp-sim replay`: the address that answers, whatever was typed or found.
const REPLAY: &str = "IMP_REPLAY";

/// Set with it: the only directory in which something of ours is kept.
const REPLAY_HOME: &str = "IMP_REPLAY_HOME";

/// A signed-in run.
pub struct Session {
    /// The flags that all commands have.
    pub common: Common,
    /// Sends requests.
    pub client: Client,
    /// Looks up what people type.
    pub resolver: Arc<Resolver>,
    /// Prints records.
    pub output: Output,
    /// Set by Ctrl-C and SIGTERM.
    pub stop: Arc<AtomicBool>,
    /// How the inputs of this run end.
    pub inputs: Arc<Inputs>,
    /// What must not be changed.
    pub guards: Arc<Guards>,
    sign_in: Arc<auth::TokenSource>,
    state_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    account: OnceLock<Result<auth::Account, api::Error>>,
}

/// The home of a command under replay, which leaves what is its person's own alone.
pub fn replay_home() -> Option<PathBuf> {
    environment::text(REPLAY)?;
    // Below a file nothing can be.
    Some(environment::path(REPLAY_HOME).unwrap_or_else(|| "/dev/null".into()))
}

/// Where what is ours is kept.
pub(crate) fn directories() -> auth::Directories {
    if let Some(home) = replay_home() {
        return auth::directories(Some(&home), None, None, None);
    }
    auth::directories(
        environment::path("HOME").as_deref(),
        environment::path("XDG_CONFIG_HOME").as_deref(),
        environment::path("XDG_STATE_HOME").as_deref(),
        environment::path("XDG_CACHE_HOME").as_deref(),
    )
}

/// The sign-in environment of this process.
pub fn sign_in_environment(common: &Common) -> auth::Environment {
    let environment = typed_and_found(common);
    match environment::text(REPLAY) {
        Some(endpoint) => of_replay(environment, endpoint),
        None => environment,
    }
}

/// What is typed may name the person's own sign-in, and where the command was started there may lie another: a
/// command under replay has those of its home directory only, which the replay and its commands have made.
fn of_replay(environment: auth::Environment, endpoint: String) -> auth::Environment {
    let home = replay_home();
    let is_of_home = |path: &PathBuf| {
        let is_plain = path.components().all(|part| part != Component::ParentDir);
        is_plain && home.as_ref().is_some_and(|home| path.starts_with(home))
    };
    let of_home = auth::Environment {
        auth_file: environment.auth_file.clone().filter(is_of_home),
        current_dir: home.clone().unwrap_or_default(),
        impt_auth_file_path: None,
        endpoint: Some(endpoint),
        home,
        ..environment
    };
    let is_there = |name: &String| {
        let file = auth::NamedAccounts::of(&of_home).and_then(|accounts| accounts.file(name));
        file.is_ok_and(|file| file.exists())
    };
    let account = of_home.account.clone().filter(is_there);
    auth::Environment { account, ..of_home }
}

fn typed_and_found(common: &Common) -> auth::Environment {
    let home = environment::path("HOME");
    let directories = directories();
    // What is typed wins over what is set: then the variables do not count.
    let variables = common.auth_file.is_none() && common.account.is_none();
    let file = || environment::path("IMP_AUTH_FILE").filter(|_| variables);
    let account = || environment::text("IMP_ACCOUNT").filter(|_| variables);
    auth::Environment {
        auth_file: common.auth_file.clone().or_else(file),
        account: common.account.clone().or_else(account),
        config_dir: directories.config,
        current_dir: environment::current_dir(),
        impt_auth_file_path: environment::path("IMPT_AUTH_FILE_PATH"),
        login_key: environment::text("IMPT_LOGINKEY").map(model::Secret::new),
        user: environment::text("IMPT_USER"),
        password: environment::text("IMPT_PASSWORD").map(model::Secret::new),
        endpoint: environment::text("IMPT_ENDPOINT"),
        home,
        state_dir: directories.state,
        cache_dir: directories.cache,
    }
}

/// What the sign-in may ask of the terminal.
pub fn interaction(common: &Common) -> auth::Interaction {
    auth::Interaction {
        ask: Arc::new(|question| prompt::secret(&question.to_string()).ok()),
        warn: Arc::new(stderr::say),
        keyring: Arc::new(ThroughImpAuth),
        stop: signals::stop(),
        patience: common.patience,
    }
}

/// Settings of a client for `endpoint`, with a pace of its own. Under replay there is one address only: what it asks
/// must never reach an account.
pub fn settings(common: &Common, endpoint: &str) -> Settings {
    let traced = common.trace || common.output == Some(OutputFormat::Debug);
    Settings {
        endpoint: environment::text(REPLAY).unwrap_or_else(|| endpoint.to_owned()),
        proxy: environment::proxy(),
        patience: common.patience,
        stop: signals::stop(),
        trace: traced.then(|| Trace::new(stderr::plain)),
        recording: recording::current(),
        write_gate: WriteGate::new(|_| journal::before_writing()),
        rate_limiter: Arc::new(RateLimiter::alone()),
        unblessing_rate_limiter: Arc::new(RateLimiter::alone()),
    }
}

impl Session {
    /// Chooses the sign-in and makes ready; sends nothing.
    ///
    /// # Errors
    /// Exit 3 without a sign-in, exit 2 with a broken one.
    pub fn open(common: &Common) -> Result<Self, CommandError> {
        let environment = sign_in_environment(common);
        let choice = auth::choose(&environment).inspect_err(|error| {
            if error.kind == ErrorKind::NotSignedIn {
                recording::note_no_sign_in();
            }
        })?;
        recording::note_sign_in(&choice, environment.state_dir.as_deref());
        let guards = Arc::new(Guards::new(&choice.guards()?)?);
        let settings =
            Settings { write_gate: guards.gate(), ..settings(common, choice.endpoint()) };
        let without_token = Client::new(settings.clone(), None)?;
        let sign_in = Arc::new(auth::TokenSource::new(
            choice,
            &environment,
            without_token,
            interaction(common),
        ));
        let client = Client::new(settings.clone(), Some(sign_in.clone()))?;
        let resolver = Arc::new(Resolver::new(&client, usize::from(common.jobs)));
        guards.look_up_with(&resolver, &client);
        let session = Session {
            guards,
            output: Output::open(common, Some(resolver.clone()))?,
            common: common.clone(),
            inputs: Inputs::until(settings.stop.clone()),
            stop: settings.stop,
            state_dir: environment.state_dir,
            cache_dir: environment.cache_dir,
            account: OnceLock::new(),
            client,
            resolver,
            sign_in,
        };
        session.share_pace();
        progress::begin();
        Ok(session)
    }

    /// Goes over to the pace file of the account, or of the credential until the account is known.
    fn share_pace(&self) {
        let settings = self.client.settings();
        let Some(state_dir) = &self.state_dir else {
            return;
        };
        let shared = auth::pace_file(state_dir, self.sign_in.identity()).and_then(|file| {
            settings.unblessing_rate_limiter.share(&file.with_extension("unblessing"))?;
            settings.rate_limiter.share(&file)
        });
        if let (Err(error), true) = (shared, self.common.verbose) {
            stderr::say(&format!("the pace is not shared with other processes: {error}"));
        }
    }

    /// Prints the one record of a command that has no session.
    ///
    /// # Errors
    /// Exit 2 when stdout cannot be written to.
    pub fn print_without(common: &Common, record: &Record) -> Result<(), CommandError> {
        Self::print_list_without(common, std::slice::from_ref(record))
    }

    /// Prints the records of a command that has no session.
    ///
    /// # Errors
    /// Exit 2 when stdout cannot be written to.
    pub fn print_list_without(common: &Common, records: &[Record]) -> Result<(), CommandError> {
        let output = Output::open(common, None)?;
        for record in records {
            output.print(record)?;
        }
        output.finish()
    }

    /// The account that is signed in; asked once, and remembered for later runs.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn account(&self) -> Result<auth::Account, api::Error> {
        let known_or_asked = || {
            let Some(known) = self.sign_in.known_account() else {
                return self.ask_account();
            };
            // Another command may have learnt it after this one began.
            self.share_pace();
            Ok(known)
        };
        simulated::once(&self.account, known_or_asked).clone()
    }

    /// The same, asked in any case: shows that the sign-in is good.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn ask_account(&self) -> Result<auth::Account, api::Error> {
        let record = self.client.send(&Request::get("/accounts/me"))?.record()?;
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let unnamed = || {
            api::Error::new(ErrorKind::Unexpected, "The service does not say which account this is")
        };
        let account = auth::Account {
            id: text("id").ok_or_else(unnamed)?,
            email: text("email"),
            username: text("username"),
        };
        if let Some(state_dir) = &self.state_dir {
            // Only costs a request the next time.
            let _unwritable = auth::remember_account(state_dir, self.sign_in.identity(), &account);
        }
        self.share_pace();
        Ok(account)
    }

    /// The account, if it is known without asking.
    pub fn known_account(&self) -> Option<auth::Account> {
        let asked = self.account.get().and_then(|account| account.clone().ok());
        asked.or_else(|| self.sign_in.known_account())
    }

    /// Where what is kept from run to run lies.
    pub fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }

    /// Gathers the names of a list of `path` for the shell; none where nothing is kept of them.
    pub fn names_of_list(&self, path: &str) -> Option<Names> {
        let cache_dir = self.cache_dir.as_deref().filter(|_| simulated::here().is_none())?;
        let kind = names::kind_of(path)?;
        let identity = self.sign_in.identity();
        Some(Names::new(kind, names::file(cache_dir, self.state_dir(), identity, kind)))
    }

    /// Called now and then by long runs: from some requests on it is worth knowing the account, whose
    /// processes share one pace whatever sign-in they use.
    pub fn learn_account(&self) {
        if self.account.get().is_none() && self.client.requests_sent() >= WORTH_KNOWING {
            let _known_or_not = self.account();
        }
    }

    /// `account@endpoint` for questions and dry runs.
    pub fn account_and_endpoint(&self) -> String {
        let account = match self.account() {
            Ok(account) => account.email.or(account.username).unwrap_or(account.id),
            Err(_) => "an unknown account".into(),
        };
        format!("account {account} at {}", self.client.endpoint())
    }

    /// The sign-in in use.
    pub fn sign_in(&self) -> &auth::TokenSource {
        &self.sign_in
    }

    /// True after Ctrl-C or SIGTERM.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Does what has to be done although a signal came: takes away what the run made for itself. Another
    /// signal stops this too.
    pub fn run_despite_signal(&self, cleanup: impl FnOnce()) {
        let stopped = self.stop.swap(false, Ordering::Relaxed);
        cleanup();
        if stopped {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// A text of a record; empty when it is not there.
pub fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.text(name).unwrap_or_default()
}
