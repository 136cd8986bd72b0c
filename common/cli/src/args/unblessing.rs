//! The key that takes devices out of production.

use model::Secret;
use std::path::{Path, PathBuf};

use clap::Args;

use super::secret::secret_in_file;
use crate::command_error::CommandError;
use crate::terminal::environment;

/// Flags of verbs that take devices out of production.
#[derive(Args, Clone, Debug)]
pub struct Unblessing {
    /// The account's unblessing key, for production devices (also: IMP_UNBOND_KEY)
    #[arg(long, short = 'u', value_name = "KEY", conflicts_with = "unbond_file")]
    unbond: Option<String>,
    /// Read the unblessing key from this file, where others do not see it
    #[arg(long, value_name = "FILE")]
    unbond_file: Option<PathBuf>,
    /// Do not ask before production devices are unblessed
    #[arg(long, short = 'q')]
    pub confirmed: bool,
}

impl Unblessing {
    /// The key, if one is given: the option, the file, or `IMP_UNBOND_KEY`.
    ///
    /// # Errors
    /// Exit 2 when the file cannot be read or is empty.
    pub fn key(&self) -> Result<Option<Secret>, CommandError> {
        unblessing_key(self.unbond.as_deref(), self.unbond_file.as_deref())
    }
}

/// The unblessing key alone, for verbs that have a question of their own.
#[derive(Args, Clone, Debug)]
pub struct UnblessingKey {
    /// The account's unblessing key, for production devices (also: IMP_UNBOND_KEY)
    #[arg(long, value_name = "KEY", conflicts_with = "unbond_file")]
    unbond: Option<String>,
    /// Read the unblessing key from this file, where others do not see it
    #[arg(long, value_name = "FILE")]
    unbond_file: Option<PathBuf>,
}

impl UnblessingKey {
    /// The key, if one is given.
    ///
    /// # Errors
    /// As [`Unblessing::key`].
    pub fn key(&self) -> Result<Option<Secret>, CommandError> {
        unblessing_key(self.unbond.as_deref(), self.unbond_file.as_deref())
    }
}

fn unblessing_key(
    option: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<Secret>, CommandError> {
    match (option, file) {
        (Some(key), _) => Ok(Some(Secret::new(key))),
        (None, Some(path)) => secret_in_file(path).map(Some),
        (None, None) => Ok(environment::text("IMP_UNBOND_KEY").map(Secret::new)),
    }
}
