//! `imp-auth keyring`, which the other commands call: the keyring of the system, read and written.
//!
//! A verb of its own process because a keyring that waits for its password would wait for ever: after three
//! seconds this one gives up, and the operating system takes its thread away. Secrets come on stdin and go to
//! stdout, and that must be no terminal.

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use api::send::clock;
use clap::{Args, ValueEnum};
use cli::terminal::stdout;
use cli::{CommandError, Exit};
use keyring::v1::{Entry, Error};
use model::Secret;

/// A keyring that answers later is not waited for.
const LONGEST: Duration = Duration::from_secs(3);
/// What entries of ours are called in the keyring's own programs.
const SERVICE: &str = "imp-tools";

/// Read, write or remove the secret of a sign-in
#[derive(Args)]
pub struct Keyring {
    #[arg(value_enum)]
    what: What,
    /// The entry
    entry: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Read,
    Write,
    Remove,
}

impl Keyring {
    pub fn run(&self) -> cli::Result {
        let secret = match self.what {
            What::Write => Some(cli::secret_in_file_or_stdin(Path::new("-"))?),
            What::Read if stdout::is_terminal() => {
                return Err(CommandError::usage("a secret is not shown on a terminal"));
            }
            What::Read | What::Remove => None,
        };
        match within(LONGEST, done(self.what, self.entry.clone(), secret)) {
            Some(Ok(text)) => {
                stdout::print(&text);
                Ok(Exit::Done)
            }
            Some(Err(Error::NoEntry)) => Ok(Exit::SomeFailed),
            Some(Err(error)) => Err(CommandError::usage(words(&error))),
            None => Err(CommandError::usage("it does not answer within 3 seconds")),
        }
    }
}

/// Does it; gives what there is to print.
fn done(
    what: What,
    entry: String,
    secret: Option<Secret>,
) -> impl FnOnce() -> Result<String, Error> + Send {
    move || {
        if let Some(home) = cli::replay_home() {
            return in_file(what, &home.join("keyring"), &entry, secret.as_ref());
        }
        if let Err(error) = Entry::store_status() {
            return Err(Error::PlatformFailure(words(error).into()));
        }
        let entry = Entry::new(SERVICE, &entry)?;
        match what {
            What::Read => entry.get_password(),
            What::Write => {
                let secret = secret.as_ref().map_or("", Secret::expose);
                entry.set_password(secret).map(|()| String::new())
            }
            What::Remove => entry.delete_credential().map(|()| String::new()),
        }
    }
}

/// The same under replay, where the keyring of the person takes no part: its entries are files.
fn in_file(
    what: What,
    directory: &Path,
    entry: &str,
    secret: Option<&Secret>,
) -> Result<String, Error> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::NoEntry,
        _ => Error::PlatformFailure(error.into()),
    };
    let path = directory.join(Path::new(entry).file_name().unwrap_or_default());
    match what {
        What::Read => std::fs::read_to_string(path),
        What::Write => std::fs::create_dir_all(directory).and_then(|()| {
            let secret = secret.map_or("", Secret::expose);
            cli::replace_file(&path, secret.as_bytes(), cli::Readers::Owner).map(|()| String::new())
        }),
        What::Remove => std::fs::remove_file(path).map(|()| String::new()),
    }
    .map_err(failed)
}

/// Why it did not work, without what the library puts in front.
fn words(error: &Error) -> String {
    match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner.to_string(),
        other => other.to_string(),
    }
}

/// What comes of it, if it comes in time.
fn within<T: Send + 'static>(
    longest: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "it may hang, and then ends with the process")]
    std::thread::spawn(move || {
        // Nobody waits for it any more when it was too slow.
        let _ = sender.send(work());
    });
    clock::receive(&receiver, longest).ok()
}
