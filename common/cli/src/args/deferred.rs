//! The flags of a verb, described to the parser only when that verb was typed.
//!
//! All verbs of a command together have about a hundred flags. To describe them all is most of what a
//! command does before it begins, and scripts start one for each row.

use std::ops::Deref;

use crate::help::one_screen;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

/// A verb as it stands in the command's list of verbs, where its one line of help has to stand too.
pub struct Deferred<Verb>(Box<Verb>);

impl<Verb> Deferred<Verb> {
    /// The verb itself.
    pub fn into_verb(self) -> Verb {
        *self.0
    }
}

impl<Verb> Deref for Deferred<Verb> {
    type Target = Verb;

    fn deref(&self) -> &Verb {
        &self.0
    }
}

impl<Verb: Args> Args for Deferred<Verb> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| one_screen(Verb::augment_args(command)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(|command| one_screen(Verb::augment_args_for_update(command)))
    }
}

impl<Verb: Args> FromArgMatches for Deferred<Verb> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Verb::from_arg_matches(matches).map(|verb| Deferred(Box::new(verb)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
