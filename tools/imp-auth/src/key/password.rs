//! The account's password, which the service wants with each change to login keys.

use model::{ErrorKind, Secret};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use api::{Answer, Request};
use clap::Args;
use cli::terminal::{environment, prompt};
use cli::{CommandError, RowArgs, Session};
use pipe::Failure;

/// Flags of verbs that need the account's password.
#[derive(Args)]
pub struct Password {
    /// The password of the account; safer asked for or from a file, since others see command lines
    #[arg(
        long,
        short = 'w',
        value_name = "PASSWORD",
        allow_hyphen_values = true,
        conflicts_with = "pwd_file"
    )]
    pwd: Option<Secret>,
    /// Read the password from this file; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pwd_file: Option<PathBuf>,
}

/// The password of a run, asked for when the first request needs it.
pub struct Known<'a> {
    session: &'a Session,
    secret: OnceLock<Result<Secret, Failure>>,
}

impl Password {
    /// The password from the option, the file, `IMPT_PASSWORD`, or else from the terminal, later.
    ///
    /// # Errors
    /// Exit 2 when there is neither a password nor a terminal, or stdin would be read twice.
    pub fn of<'a>(
        &self,
        session: &'a Session,
        args: Option<&RowArgs<'_>>,
    ) -> Result<Known<'a>, CommandError> {
        let stdin = Path::new("-");
        if self.pwd_file.as_deref() == Some(stdin)
            && args.is_some_and(|args| args.source.reads_stdin())
        {
            return Err(CommandError::usage(
                "`-` stands for stdin, from which the login keys are read",
            ));
        }
        let in_file =
            self.pwd_file.as_ref().map(|file| cli::secret_in_file_or_stdin(file)).transpose()?;
        let in_environment = || environment::text("IMPT_PASSWORD").map(Secret::new);
        let known = self.pwd.clone().or(in_file).or_else(in_environment);
        if known.is_none() && !prompt::is_possible() {
            return Err(CommandError::usage(
                "the account's password is needed, and there is no terminal to ask on: \
                 give --pwd-file, or set IMPT_PASSWORD",
            ));
        }
        let secret = known.map(|known| OnceLock::from(Ok(known))).unwrap_or_default();
        Ok(Known { session, secret })
    }
}

impl Known<'_> {
    /// Sends a request that changes login keys.
    ///
    /// # Errors
    /// What the service refuses, a wrong password for one.
    pub fn send(&self, request: Request) -> Result<Answer, Failure> {
        let password = self.secret.get_or_init(|| self.ask()).clone()?;
        let request = request.secret_header("x-electricimp-password", password);
        self.session.send(&request).map_err(|failure| match failure.status {
            Some(401 | 403) if failure.kind == ErrorKind::Refused => {
                let said = failure.detail.clone().unwrap_or_default();
                failure.detail(format!("{said} Is the password right?").trim().to_owned())
            }
            _ => failure,
        })
    }

    fn ask(&self) -> Result<Secret, Failure> {
        let question = format!("Password of {}: ", self.session.account_and_endpoint());
        prompt::secret(&question).map_err(|error| match error.message {
            Some(why) => Failure::new(ErrorKind::BadInput, why),
            None => Failure::not_attempted("interrupted"),
        })
    }
}
