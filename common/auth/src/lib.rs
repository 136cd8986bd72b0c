//! Who am I: choosing, storing and renewing a sign-in; the state directory.
//!
//! The only crate that touches files with credentials in them, and careful about three things. Sign-in
//! files are shared with `impt` and with other processes of ours, so they are read patiently, replaced
//! atomically, and renewed under a lock. A run goes on as the account that it began as, whatever is
//! written into the file meanwhile. And no secret is ever in a message or in a `Debug` output.
//!
//! Nothing here reads the environment, prompts or prints: `cli` gives an [`Environment`] for the first and an
//! [`Interaction`] for the rest.

mod account;
mod choose;
mod file;
mod file_guards;
mod keyring;
mod lock;
mod login;
mod logout;
mod named_accounts;
mod renewal;
mod service;
mod token_source;
mod whole_file;

use model::{ErrorKind, Secret};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::Error;
use sha2::{Digest, Sha256};

pub use account::{Account, Identity, known_account, names_file, pace_file, remember_account};
pub use choose::{Choice, Description, Source, choose, choose_at_once, found_at, sources};
pub use file::written_again;
pub use file_guards::FileGuards;
pub use keyring::Keyring;
pub use login::{Credential, Destination, LoggedIn, Login, Replaced, log_in, replaced};
pub use logout::{LoggedOut, log_out};
pub use named_accounts::NamedAccounts;
pub use service::Service;
pub use token_source::TokenSource;
pub use whole_file::{
    Readers, keep_in_cache, lock_beside, make_directory, replace_file, replace_often, replaceable,
    target_of,
};

/// What choosing a sign-in depends on; `cli` fills it from the flags and the environment.
///
/// An empty variable counts as one that is not set.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `--auth-file`, else `IMP_AUTH_FILE`. When it is given, nothing else counts.
    pub auth_file: Option<PathBuf>,
    /// `--account`, else `IMP_ACCOUNT`: the name of an account. When it is given, nothing else counts.
    pub account: Option<String>,
    /// Where a local `.impt.auth` is looked for.
    pub current_dir: PathBuf,
    /// `IMPT_AUTH_FILE_PATH`, a directory.
    pub impt_auth_file_path: Option<PathBuf>,
    /// `IMPT_LOGINKEY`
    pub login_key: Option<Secret>,
    /// `IMPT_USER`: email or username.
    pub user: Option<String>,
    /// `IMPT_PASSWORD`; asked for when it is needed and unset.
    pub password: Option<Secret>,
    /// `IMPT_ENDPOINT`: goes with the login key and the user, not with files.
    pub endpoint: Option<String>,
    /// `HOME`
    pub home: Option<PathBuf>,
    /// For accounts that have a name ([`directories`]).
    pub config_dir: Option<PathBuf>,
    /// For locks and for what is known of accounts ([`directories`]).
    pub state_dir: Option<PathBuf>,
    /// For the tokens of sign-ins from the environment ([`directories`]).
    pub cache_dir: Option<PathBuf>,
}

/// The directories of imp-tools; `None` where neither the variable nor a home directory is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// `$XDG_CONFIG_HOME/imp-tools`, or `~/.config/imp-tools`.
    pub config: Option<PathBuf>,
    /// `$XDG_STATE_HOME/imp-tools`, or `~/.local/state/imp-tools`.
    pub state: Option<PathBuf>,
    /// `$XDG_CACHE_HOME/imp-tools`, or `~/.cache/imp-tools`.
    pub cache: Option<PathBuf>,
}

/// Finds our directories. A relative path in a variable is ignored, as the XDG specification says.
pub fn directories(
    home: Option<&Path>,
    xdg_config_home: Option<&Path>,
    xdg_state_home: Option<&Path>,
    xdg_cache_home: Option<&Path>,
) -> Directories {
    let home = home.filter(|home| home.is_absolute());
    let below = |variable: Option<&Path>, usual: &str| {
        let base = variable.filter(|path| path.is_absolute()).map(Path::to_owned);
        Some(base.or_else(|| Some(home?.join(usual)))?.join("imp-tools"))
    };
    Directories {
        config: below(xdg_config_home, ".config"),
        state: below(xdg_state_home, ".local/state"),
        cache: below(xdg_cache_home, ".cache"),
    }
}

/// What a person is asked for while signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// The password of this user at this endpoint.
    Password {
        /// Email or username.
        user: &'a str,
        /// Base URL.
        endpoint: &'a str,
    },
    /// The one-time password of a two-factor account.
    OneTimePassword {
        /// Base URL.
        endpoint: &'a str,
    },
}

impl fmt::Display for Question<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::Password { user, endpoint } => {
                write!(formatter, "Password of {user} at {endpoint}: ")
            }
            Question::OneTimePassword { endpoint } => {
                write!(formatter, "One-time password for {endpoint}: ")
            }
        }
    }
}

/// What this crate leaves to the command line: asking, warning, and knowing when to stop.
#[derive(Clone)]
pub struct Interaction {
    /// Asks on the terminal without echo; `None` when there is no terminal or no answer.
    pub ask: Arc<dyn Fn(Question) -> Option<Secret> + Send + Sync>,
    /// Shows a sentence that does not stop the run.
    pub warn: Arc<dyn Fn(&str) + Send + Sync>,
    /// The keyring of the system.
    pub keyring: Arc<dyn Keyring>,
    /// Set by Ctrl-C: nothing is waited for any longer.
    pub stop: Arc<AtomicBool>,
    /// How long another process that renews is waited for, at least ten seconds (`--patience`).
    pub patience: Duration,
}

impl Interaction {
    /// The answer to a question; none when there is nobody to answer.
    fn answer(&self, question: Question) -> Result<Option<Secret>, Error> {
        let answer = (self.ask)(question);
        if answer.is_none() && self.stop.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::NotAttempted, "Interrupted"));
        }
        Ok(answer)
    }
}

/// A name for something secret, or too long for a file name: SHA-256 of the parts, in hex.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
