//! A signed-in run of one command: what the verbs get to work with.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use api::identify::{Finder, Thing};
use api::pace::Pace;
use api::{Client, Kind, Request, Settings, Trace, devices, resource, segment};
use pipe::{Failure, Form, Identifier, Record, Row, Target};
use serde_json::Value;

use crate::flags::{Common, Form as OutputForm};
use crate::input::Identifiers;
use crate::output::Output;
use crate::stop::{Stop, failure};
use crate::{console, environment, prompt, signals};

/// Requests after which a run is worth one more, to learn which account's pace it shares.
const WORTH_KNOWING: u64 = 10;

/// A signed-in run.
pub struct Session {
    /// The flags that all commands have.
    pub common: Common,
    /// Sends requests.
    pub client: Client,
    /// Looks up what people type.
    pub finder: Arc<Finder>,
    /// Prints records.
    pub output: Output,
    /// Set by Ctrl-C and SIGTERM.
    pub stop: Arc<AtomicBool>,
    sign_in: Arc<auth::Session>,
    state_dir: Option<PathBuf>,
    account: OnceLock<Result<auth::Account, api::Error>>,
}

/// The sign-in environment of this process.
pub fn sign_in_environment(common: &Common) -> auth::Environment {
    let home = environment::path("HOME");
    let directories = auth::directories(
        home.as_deref(),
        environment::path("XDG_STATE_HOME").as_deref(),
        environment::path("XDG_CACHE_HOME").as_deref(),
    );
    auth::Environment {
        auth_file: common.auth_file.clone().or_else(|| environment::path("IMP_AUTH_FILE")),
        current_dir: environment::current_dir(),
        impt_auth_file_path: environment::path("IMPT_AUTH_FILE_PATH"),
        login_key: environment::text("IMPT_LOGINKEY").map(api::Secret::new),
        user: environment::text("IMPT_USER"),
        password: environment::text("IMPT_PASSWORD").map(api::Secret::new),
        endpoint: environment::text("IMPT_ENDPOINT"),
        home,
        state_dir: directories.state,
        cache_dir: directories.cache,
    }
}

/// What the sign-in may ask of the terminal.
pub fn hands(common: &Common) -> auth::Hands {
    auth::Hands {
        ask: Arc::new(|question| prompt::secret(&question.to_string()).ok()),
        warn: Arc::new(console::say),
        stop: signals::stop(),
        patience: common.patience,
    }
}

/// Settings of a client for `endpoint`, with a pace of its own.
pub fn settings(common: &Common, endpoint: &str) -> Settings {
    let traced = common.trace || common.output == Some(OutputForm::Debug);
    Settings {
        endpoint: endpoint.to_owned(),
        proxy: environment::proxy(),
        patience: common.patience,
        stop: signals::stop(),
        trace: traced.then(|| Trace::new(console::plain)),
        pace: Arc::new(Pace::alone()),
        unblessing_pace: Arc::new(Pace::alone()),
    }
}

impl Session {
    /// Chooses the sign-in and makes ready; sends nothing.
    ///
    /// # Errors
    /// Exit 3 without a sign-in, exit 2 with a broken one.
    pub fn open(common: &Common) -> Result<Self, Stop> {
        let environment = sign_in_environment(common);
        let choice = auth::choose(&environment)?;
        let settings = settings(common, choice.endpoint());
        let without_token = Client::new(settings.clone(), None)?;
        let sign_in =
            Arc::new(auth::Session::new(choice, &environment, without_token, hands(common)));
        let client = Client::new(settings.clone(), Some(sign_in.clone()))?;
        let finder = Arc::new(Finder::new(&client, usize::from(common.jobs)));
        let session = Session {
            output: Output::open(common, Some(finder.clone()))?,
            common: common.clone(),
            stop: settings.stop,
            state_dir: environment.state_dir,
            account: OnceLock::new(),
            client,
            finder,
            sign_in,
        };
        session.share_pace();
        Ok(session)
    }

    /// Goes over to the pace file of the account, or of the credential until the account is known.
    fn share_pace(&self) {
        let settings = self.client.settings();
        let Some(state_dir) = &self.state_dir else {
            return;
        };
        let shared = auth::pace_file(state_dir, self.sign_in.identity()).and_then(|file| {
            settings.unblessing_pace.share(&file.with_extension("unblessing"))?;
            settings.pace.share(&file)
        });
        if let (Err(error), true) = (shared, self.common.verbose) {
            console::say(&format!("the pace is not shared with other processes: {error}"));
        }
    }

    /// Prints the one record of a command that has no session.
    ///
    /// # Errors
    /// Exit 2 when stdout cannot be written to.
    pub fn print_without(common: &Common, record: &Record) -> Result<(), Stop> {
        let output = Output::open(common, None)?;
        output.print(record)?;
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
        self.account.get_or_init(known_or_asked).clone()
    }

    /// The same, asked in any case: shows that the sign-in is good.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn ask_account(&self) -> Result<auth::Account, api::Error> {
        let record = resource::lift_data(&self.client.send(&Request::get("/accounts/me"))?.body);
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let unnamed =
            || api::Error::new(Kind::Unexpected, "The service does not say which account this is");
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

    /// Called now and then by long runs: from some requests on it is worth knowing the account, whose
    /// processes share one pace whatever sign-in they use.
    pub(crate) fn keep_company(&self) {
        if self.account.get().is_none() && self.client.requests_sent() >= WORTH_KNOWING {
            let _known_or_not = self.account();
        }
    }

    /// `account@endpoint` for questions and dry runs.
    pub fn whereabouts(&self) -> String {
        let account = match self.account() {
            Ok(account) => account.email.or(account.username).unwrap_or(account.id),
            Err(_) => "an unknown account".into(),
        };
        format!("account {account} at {}", self.client.endpoint())
    }

    /// The sign-in in use.
    pub fn sign_in(&self) -> &auth::Session {
        &self.sign_in
    }

    /// True after Ctrl-C or SIGTERM.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Does what has to be done although a signal came: takes away what the run made for itself. Another
    /// signal stops this too.
    pub fn after_stop(&self, farewell: impl FnOnce()) {
        let stopped = self.stop.swap(false, Ordering::Relaxed);
        farewell();
        if stopped {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// The one thing that a person means by `text`.
    ///
    /// # Errors
    /// `not_found`, `ambiguous`, or what the request failed with.
    pub fn find(&self, thing: Thing, text: &str) -> Result<Record, Failure> {
        self.finder.one(thing, text).map_err(failure)
    }

    /// The ids that the values of a filter option mean; all matches of a name count. `None` when the
    /// option was not given; none at all when it was `-` and nothing came from stdin.
    ///
    /// # Errors
    /// When one of them means nothing.
    pub fn ids_of(
        &self,
        thing: Thing,
        option: &'static str,
        values: &[String],
    ) -> Result<Option<Vec<String>>, Stop> {
        if values.is_empty() {
            return Ok(None);
        }
        self.distinct_ids(thing, option, values, |text| self.finder.some(thing, text)).map(Some)
    }

    /// The ids that the values of an option mean, for a verb that acts: a name of several is an error.
    ///
    /// # Errors
    /// When one of them means nothing, or more than one thing.
    pub fn one_id_of_each(
        &self,
        thing: Thing,
        option: &'static str,
        values: &[String],
    ) -> Result<Vec<String>, Stop> {
        let one = |text: &str| self.finder.one(thing, text).map(|found| Arc::new(vec![found]));
        self.distinct_ids(thing, option, values, one)
    }

    fn distinct_ids(
        &self,
        thing: Thing,
        option: &'static str,
        values: &[String],
        look_up: impl Fn(&str) -> Result<Arc<Vec<Record>>, api::Error>,
    ) -> Result<Vec<String>, Stop> {
        let texts = Identifiers { option, target: target(thing), values }.texts(&self.stop)?;
        let mut ids = Vec::new();
        for text in texts {
            for found in look_up(&text)?.iter() {
                let id = self::text(found, "id").to_owned();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(ids)
    }

    /// The value of an option that names one thing; `-` takes it from stdin.
    ///
    /// # Errors
    /// Exit 2 when stdin gives none or several.
    pub fn single(
        &self,
        thing: Thing,
        option: &'static str,
        value: Option<&String>,
    ) -> Result<Option<String>, Stop> {
        let Some(value) = value.filter(|value| *value == "-") else { return Ok(value.cloned()) };
        let values = std::slice::from_ref(value);
        let mut texts = Identifiers { option, target: target(thing), values }.texts(&self.stop)?;
        match (texts.pop(), texts.len()) {
            (Some(text), 0) => Ok(Some(text)),
            (_, others) => Err(Stop::usage(format!(
                "{option} takes one {}, and stdin gives {}",
                thing.noun(),
                if others == 0 { "none".to_owned() } else { (others + 1).to_string() }
            ))),
        }
    }

    /// The thing that a row is about. A record of ours that has `type` and `id` needs no request.
    ///
    /// # Errors
    /// As [`Row::identifier`] and [`Session::find`].
    pub fn thing(&self, thing: Thing, row: &Row, own_options: &[&str]) -> Result<Record, Failure> {
        let target = target(thing);
        let identifier = row.identifier(&target, own_options)?;
        let kind = row.record.get("type").and_then(Value::as_str).unwrap_or_default();
        if identifier.form == Form::Id && target.types.contains(&kind) {
            let mut record = row.record.clone();
            record.insert("id".into(), identifier.text.into());
            return Ok(record);
        }
        self.find(thing, &identifier.text)
    }

    /// Sends a request about one device, whatever form its identifier has. What looks like an agent id
    /// and is none may still be a name.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Session::find`].
    pub fn with_device(
        &self,
        device: &Identifier,
        request: impl Fn(String) -> Request,
    ) -> Result<api::Answer, Failure> {
        let form = devices::form(&device.text);
        if form != devices::Form::Name && device.form != Form::Name {
            match self.client.send(&request(format!("/devices/{}", segment(&device.text)))) {
                Err(error) if error.kind == Kind::NotFound && form == devices::Form::Agent => {}
                answered => return answered.map_err(failure),
            }
        }
        let found = self.find(Thing::Device, &device.text)?;
        let id = found.get("id").and_then(Value::as_str).unwrap_or_default();
        self.client.send(&request(format!("/devices/{}", segment(id)))).map_err(failure)
    }
}

/// The rows' view of a kind of thing.
pub fn target(thing: Thing) -> Target {
    match thing {
        Thing::Account => Target::ACCOUNT,
        Thing::Product => Target::PRODUCT,
        Thing::DeviceGroup => Target::DEVICE_GROUP,
        Thing::Device => Target::DEVICE,
        Thing::Deployment => Target::DEPLOYMENT,
    }
}

/// A text of a record; empty when it is not there.
pub fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}
