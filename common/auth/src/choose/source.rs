//! Where a sign-in comes from, and how that is said.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a sign-in comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file that `--auth-file` or `IMP_AUTH_FILE` names.
    NamedFile(PathBuf),
    /// The account that `--account` or `IMP_ACCOUNT` names, and its file.
    Account(String, PathBuf),
    /// `.impt.auth` in the current directory.
    LocalFile(PathBuf),
    /// `.impt.auth` in the directory that `IMPT_AUTH_FILE_PATH` names.
    DirectoryFile(PathBuf),
    /// `IMPT_LOGINKEY`
    LoginKey,
    /// `IMPT_USER` with `IMPT_PASSWORD`; holds the user.
    User(String),
    /// The account that `imp-auth use` chose, and its file.
    DefaultAccount(String, PathBuf),
    /// `.impt.auth` in the home directory.
    HomeFile(PathBuf),
}

impl Source {
    /// The sign-in file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Source::NamedFile(path)
            | Source::Account(_, path)
            | Source::LocalFile(path)
            | Source::DirectoryFile(path)
            | Source::DefaultAccount(_, path)
            | Source::HomeFile(path) => Some(path),
            Source::LoginKey | Source::User(_) => None,
        }
    }

    /// The name of the account, if it has one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Source::Account(name, _) | Source::DefaultAccount(name, _) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::NamedFile(path) => write!(formatter, "the sign-in file {}", path.display()),
            Source::Account(name, _) => write!(formatter, "the account {name}"),
            Source::DefaultAccount(name, _) => {
                write!(formatter, "the account {name} (imp-auth use)")
            }
            Source::LocalFile(path) => {
                write!(formatter, "the local sign-in file {}", path.display())
            }
            Source::DirectoryFile(path) => {
                write!(formatter, "the sign-in file {} (IMPT_AUTH_FILE_PATH)", path.display())
            }
            Source::LoginKey => formatter.write_str("IMPT_LOGINKEY"),
            Source::User(user) => write!(formatter, "IMPT_USER ({user})"),
            Source::HomeFile(path) => write!(formatter, "the sign-in file {}", path.display()),
        }
    }
}
