//! Sign-ins that have a name: one file each in the configuration directory, and which one is the default.
//!
//! The files are those of `impt`, so one can be copied and used there. Careful about names, which become
//! parts of paths: only plain ones pass.

use std::fs;
use std::io;
use std::path::PathBuf;

use api::Error;
use model::ErrorKind;

use crate::{Environment, whole_file};

/// What a file's name has after that of its account.
const ENDING: &str = ".auth";
/// Longer names are a slip, and make paths that some file systems refuse.
const LONGEST: usize = 64;

/// The accounts that have a name.
#[derive(Clone, Debug)]
pub struct NamedAccounts {
    config_dir: PathBuf,
}

impl NamedAccounts {
    /// Those of this environment.
    ///
    /// # Errors
    /// Of kind `bad_input` when there is no configuration directory: neither `HOME` nor `XDG_CONFIG_HOME` is set.
    pub fn of(environment: &Environment) -> Result<Self, Error> {
        match &environment.config_dir {
            Some(config_dir) => Ok(NamedAccounts { config_dir: config_dir.clone() }),
            None => {
                let title = "There is no configuration directory for accounts that have a name";
                Err(Error::new(ErrorKind::BadInput, title).detail("set HOME or XDG_CONFIG_HOME"))
            }
        }
    }

    fn directory(&self) -> PathBuf {
        self.config_dir.join("accounts")
    }

    /// The sign-in file of the account; it need not exist.
    ///
    /// # Errors
    /// Of kind `bad_input` when the name cannot be one.
    pub fn file(&self, name: &str) -> Result<PathBuf, Error> {
        check(name)?;
        Ok(self.directory().join(format!("{name}{ENDING}")))
    }

    /// Makes the directory, for us alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make(&self) -> io::Result<()> {
        whole_file::make_directory(&self.directory())
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter_map(|file| Some(file.strip_suffix(ENDING)?.to_owned()))
            .filter(|name| check(name).is_ok())
            .collect();
        names.sort();
        names
    }

    fn default_file(&self) -> PathBuf {
        self.config_dir.join("account")
    }

    /// The account that [`set_default`](Self::set_default) chose.
    ///
    /// # Errors
    /// Of kind `bad_input` when there is a choice that cannot be read, or names no account.
    pub fn default_name(&self) -> Result<Option<String>, Error> {
        let broken = |why: String| {
            let title = format!("{} does not say which account", self.default_file().display());
            Error::new(ErrorKind::BadInput, title)
                .detail(format!("{why}; choose again with `imp-auth use`"))
        };
        let name = match fs::read_to_string(self.default_file()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(error.to_string())),
            Ok(text) => text.trim().to_owned(),
        };
        check(&name).map_err(|error| broken(error.title))?;
        Ok(Some(name))
    }

    /// Chooses the account that commands use when nothing that comes before it says otherwise; `None` chooses none.
    ///
    /// # Errors
    /// Of kind `bad_input` when there is no such account, or the choice cannot be kept.
    pub fn set_default(&self, name: Option<&str>) -> Result<(), Error> {
        let kept = match name {
            None => match fs::remove_file(self.default_file()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            Some(name) if !self.file(name)?.exists() => return Err(self.unknown(name)),
            Some(name) => whole_file::replace(&self.default_file(), format!("{name}\n").as_bytes()),
        };
        kept.map_err(|error| {
            let title = format!("{} cannot be written", self.default_file().display());
            Error::new(ErrorKind::BadInput, title).detail(error.to_string())
        })
    }

    /// There is no sign-in of this name: which there are, and what to do.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        let known = match self.names().as_slice() {
            [] => "there is none yet".to_owned(),
            names => format!("known are {}", names.join(", ")),
        };
        Error::new(ErrorKind::NotSignedIn, format!("There is no account called {name:?} here"))
            .detail(format!("{known}; `imp-auth login --as {name}` would make it"))
    }
}

/// Refuses names that are none: they would lead elsewhere, be hidden, or look like an option.
fn check(name: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
    let begins_well = !name.starts_with(['.', '-', '+', '@']);
    if !name.is_empty() && name.len() <= LONGEST && begins_well && name.bytes().all(is_plain) {
        return Ok(());
    }
    let title = format!("{name:?} cannot be the name of an account");
    Err(Error::new(ErrorKind::BadInput, title).detail(format!(
        "letters, digits and . _ @ + - are possible, {LONGEST} at most, the first a letter, a digit or _"
    )))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn accounts(root: &Path) -> NamedAccounts {
        NamedAccounts { config_dir: root.join("imp-tools") }
    }

    #[test]
    fn names_lead_to_no_other_place() {
        let root = tempfile::tempdir().unwrap();
        let accounts = accounts(root.path());
        for name in ["factory", "line-3", "me@example.com", "_x", "a.b"] {
            let file = accounts.file(name).unwrap();
            assert_eq!(file.parent(), Some(accounts.directory().as_path()), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", "-x", ".x", "a b", "ä", "a\n", &"x".repeat(65)]
        {
            assert_eq!(accounts.file(name).unwrap_err().kind, ErrorKind::BadInput, "{name:?}");
        }
    }

    #[test]
    fn the_default_is_one_that_is_there() {
        let root = tempfile::tempdir().unwrap();
        let accounts = accounts(root.path());
        assert_eq!(accounts.names().len(), 0);
        assert_eq!(accounts.default_name().unwrap(), None);
        let error = accounts.set_default(Some("factory")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotSignedIn);
        assert!(error.detail.unwrap().contains("imp-auth login --as factory"));
        accounts.make().unwrap();
        for name in ["test", "factory"] {
            fs::write(accounts.file(name).unwrap(), "{}").unwrap();
        }
        fs::write(accounts.directory().join("notes.txt"), "").unwrap();
        assert_eq!(accounts.names(), ["factory", "test"]);
        assert!(
            accounts
                .set_default(Some("factori"))
                .unwrap_err()
                .detail
                .unwrap()
                .contains("factory, test")
        );
        accounts.set_default(Some("factory")).unwrap();
        assert_eq!(accounts.default_name().unwrap().as_deref(), Some("factory"));
        accounts.set_default(None).unwrap();
        accounts.set_default(None).unwrap();
        assert_eq!(accounts.default_name().unwrap(), None);
        for broken in ["", "../x\n", "one\ntwo\n"] {
            fs::write(accounts.default_file(), broken).unwrap();
            let error = accounts.default_name().unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadInput, "{broken:?} is not passed over");
        }
    }
}
