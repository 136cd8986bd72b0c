//! The key that takes devices out of production. It may begin with a dash: refused as an unknown option, it would
//! be shown.

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
    #[arg(
        long,
        short = 'u',
        value_name = "KEY",
        allow_hyphen_values = true,
        conflicts_with = "unbond_file"
    )]
    unbond: Option<Secret>,
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
        unblessing_key(self.unbond.as_ref(), self.unbond_file.as_deref())
    }
}

/// The unblessing key alone, for verbs that have a question of their own.
#[derive(Args, Clone, Debug)]
pub struct UnblessingKey {
    /// The account's unblessing key, for production devices (also: IMP_UNBOND_KEY)
    #[arg(long, value_name = "KEY", allow_hyphen_values = true, conflicts_with = "unbond_file")]
    unbond: Option<Secret>,
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
        unblessing_key(self.unbond.as_ref(), self.unbond_file.as_deref())
    }
}

fn unblessing_key(
    option: Option<&Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, CommandError> {
    match (option, file) {
        (Some(key), _) => Ok(Some(key.clone())),
        (None, Some(path)) => secret_in_file(path).map(Some),
        (None, None) => Ok(environment::text("IMP_UNBOND_KEY").map(Secret::new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches};

    #[test]
    fn the_key_is_not_shown_by_what_holds_it() {
        let typed = ["x", "--unbond", "k3y-of-the-factory"];
        let parse = |command: Command| command.try_get_matches_from(typed).expect("an option");
        let matches = parse(Unblessing::augment_args(Command::new("x")));
        let unblessing = Unblessing::from_arg_matches(&matches).expect("the flags");
        let matches = parse(UnblessingKey::augment_args(Command::new("x")));
        let key = UnblessingKey::from_arg_matches(&matches).expect("the flags");
        for shown in [format!("{unblessing:?}"), format!("{key:?}")] {
            assert!(shown.contains("[hidden]") && !shown.contains("k3y"), "{shown}");
        }
        assert_eq!(key.unbond, Some(Secret::new("k3y-of-the-factory")));
    }
}
