//! `imp-auth login`

use model::Secret;
use std::path::PathBuf;
use std::sync::Arc;

use api::{Client, DEFAULT_ENDPOINT, Endpoint};
use auth::{self, Credential, Destination, Environment, Interaction, LoggedIn, Question};
use clap::Args;
use cli::{CommandError, Common, Exit, Session, consent, terminal::prompt, terminal::stderr};

use crate::sign_in;

/// Sign in and keep the sign-in for later commands
///
/// With user and password or with a login key. What is not given is asked for. The sign-in goes into
/// .impt.auth in the home directory, where impt finds it too.
#[derive(Args)]
pub struct Login {
    /// Keep it in the current directory; commands that are run here use it
    #[arg(long, short, conflicts_with_all = ["auth_file", "account"])]
    local: bool,
    /// Keep it as an account of this name, for --account
    #[arg(long = "as", value_name = "NAME", conflicts_with_all = ["auth_file", "account", "local"])]
    name: Option<String>,
    /// Base URL of the API [default: https://api.electricimp.com/v5]
    #[arg(long, short, value_name = "URL")]
    endpoint: Option<String>,
    /// Email address or user name
    #[arg(long, short, value_name = "USER", conflicts_with_all = ["lk", "lk_file"])]
    user: Option<String>,
    /// The password; safer asked for or from a file, since others see command lines
    #[arg(long, short = 'w', value_name = "PASSWORD", allow_hyphen_values = true, conflicts_with_all = ["lk", "lk_file"])]
    pwd: Option<Secret>,
    /// Read the password from this file; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pwd", "lk", "lk_file"])]
    pwd_file: Option<PathBuf>,
    /// Sign in with this login key; safer from a file, since others see command lines
    #[arg(long, short = 'k', value_name = "LOGIN_KEY", conflicts_with = "lk_file")]
    lk: Option<Secret>,
    /// Read the login key from this file; `-` is stdin
    #[arg(long, value_name = "FILE")]
    lk_file: Option<PathBuf>,
    /// The one-time password of a two-factor account; asked for when one is wanted
    #[arg(long, value_name = "CODE")]
    otp: Option<Secret>,
    /// Keep neither refresh token nor login key: the sign-in ends after about an hour
    #[arg(long, short)]
    temp: bool,
    /// Keep the refresh token or login key in the keyring of the system, not in the file
    #[arg(long, conflicts_with = "temp")]
    keyring: bool,
    /// Do not ask before the sign-in of another account is replaced
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    common: Common,
}

impl Login {
    pub fn run(&self) -> cli::Result {
        let environment = cli::sign_in_environment(&self.common);
        let endpoint = self.endpoint(&environment)?;
        let login = auth::Login {
            credential: self.credential(&endpoint)?,
            temporary: self.temp,
            keyring: self.keyring,
            destination: self.destination(),
            endpoint,
        };
        self.ask_before_replacing(&login, &environment)?;
        let service = Client::new(cli::settings(&self.common, &login.endpoint), None)?;
        let made = auth::log_in(&login, &environment, &service, &self.interaction())?;
        self.say_what_counts(&made, &environment);
        self.show(&made)
    }

    fn destination(&self) -> Destination {
        match &self.name {
            Some(name) => Destination::Account(name.clone()),
            None if self.local => Destination::Local,
            None => Destination::Usual,
        }
    }

    /// `IMPT_ENDPOINT` belongs to the sign-ins from the environment, as in `impt`.
    fn endpoint(&self, environment: &Environment) -> Result<String, CommandError> {
        let endpoint = Endpoint::parse(self.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT))?;
        if let (None, Some(set)) = (&self.endpoint, &environment.endpoint)
            && Endpoint::parse(set).ok().as_ref() != Some(&endpoint)
        {
            stderr::say(&format!(
                "signing in to {endpoint}; IMPT_ENDPOINT does not count here, --endpoint does"
            ));
        }
        Ok(endpoint.to_string())
    }

    fn credential(&self, endpoint: &str) -> Result<Credential, CommandError> {
        if let Some(key) = secret_option(self.lk.as_ref(), self.lk_file.as_ref())? {
            return Ok(Credential::LoginKey(key));
        }
        let password = secret_option(self.pwd.as_ref(), self.pwd_file.as_ref())?;
        if (self.user.is_none() || password.is_none()) && !prompt::is_possible() {
            return Err(CommandError::usage(
                "there is no terminal to ask on: give --user with --pwd-file, or --lk-file",
            ));
        }
        let user = match &self.user {
            Some(user) => user.clone(),
            None => prompt::ask(&format!("Email or user name at {endpoint}: "))?,
        };
        if user.trim().is_empty() {
            return Err(CommandError::usage("no user was given"));
        }
        let password = match password {
            Some(password) => password,
            None => prompt::secret(&Question::Password { user: &user, endpoint }.to_string())?,
        };
        Ok(Credential::Password { user, password })
    }

    fn ask_before_replacing(
        &self,
        login: &auth::Login,
        environment: &Environment,
    ) -> Result<(), CommandError> {
        let Some(replaced) = auth::replaced(login, environment)? else {
            return Ok(());
        };
        if self.confirmed {
            return Ok(());
        }
        consent::can_be_asked(&format!("write over a sign-in: {replaced}"))?;
        consent::ask(&format!("{replaced}. It will be replaced."))
    }

    fn interaction(&self) -> Interaction {
        let interaction = cli::interaction(&self.common);
        match self.otp.clone() {
            // Nothing else is asked for: the password is there.
            Some(code) => Interaction { ask: Arc::new(move |_| Some(code.clone())), ..interaction },
            None => interaction,
        }
    }

    /// Which sign-in commands use from now on, if it is not the new one.
    fn say_what_counts(&self, made: &LoggedIn, environment: &Environment) {
        let front = auth::sources(environment).into_iter().next();
        let use_it = self
            .name
            .as_ref()
            .map(|name| format!("; use {name} with --account, or from now on: imp-auth use {name}"))
            .unwrap_or_default();
        match front {
            Some(front) if front.file() == Some(&made.file) => {}
            Some(front) if use_it.is_empty() => {
                stderr::say(&format!("commands here still use {front}, which comes first"));
            }
            Some(front) => stderr::say(&format!("commands here still use {front}{use_it}")),
            None => stderr::say(&format!("no account is in use here{use_it}")),
        }
    }

    /// Prints the sign-in with its account, which shows that it works.
    fn show(&self, made: &LoggedIn) -> cli::Result {
        let common =
            Common { auth_file: Some(made.file.clone()), account: None, ..self.common.clone() };
        let session = Session::open(&common)?;
        let account = session.ask_account();
        let description = auth::choose(&cli::sign_in_environment(&common))?.describe();
        let mut record = sign_in::record(&description, account.as_ref().ok());
        record.insert("name", self.name.clone().or_else(|| self.common.account.clone()).into());
        session.output.print(&record)?;
        session.output.finish()?;
        account?;
        Ok(Exit::Done)
    }
}

/// A secret from its option or its file.
fn secret_option(
    option: Option<&Secret>,
    file: Option<&PathBuf>,
) -> Result<Option<Secret>, CommandError> {
    let in_file = file.map(|file| cli::secret_in_file_or_stdin(file)).transpose()?;
    Ok(option.cloned().or(in_file))
}
