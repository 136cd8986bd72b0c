//! `schema`, a verb of every command: what its records look like, for programs.
//!
//! Careful to depend on nothing: no sign-in, no options, and the text is the same wherever it is printed.

use std::io::{ErrorKind, Write};

use clap::builder::PossibleValue;
use clap::{Arg, ArgMatches, Command};
use model::schema::{RecordType, document};

use crate::command_error::CommandError;
use crate::exit::Exit;
use crate::help::{examples, one_screen};
use crate::rows::RESULT;
use crate::rows::report::REPORT;
use crate::terminal::stdout;

/// The word for the verb.
const VERB: &str = "schema";
/// The value that chooses one type of records.
const RECORD_TYPE: &str = "record_type";

/// What the verbs print that change things of the service, besides the records of their own kind.
pub static OF_CHANGES: [&RecordType; 4] =
    [&RESULT, &model::change::CHANGE_RECORD, &pipe::FAILED_ROW, &REPORT];

/// The same with what verbs print that only read rows.
pub static OF_READING: [&RecordType; 2] = [&pipe::FAILED_ROW, &REPORT];

/// The types of records that a command prints.
#[derive(Clone, Copy)]
pub struct Printed(pub &'static [&'static [&'static RecordType]]);

impl Printed {
    fn types(self) -> impl Iterator<Item = &'static RecordType> {
        self.0.iter().copied().flatten().copied()
    }

    /// The command with the verb that prints their schemas.
    pub(crate) fn described_by(self, command: Command) -> Command {
        let name = command.get_name().to_owned();
        let first = self.types().next().map_or("", |of| of.name);
        let lines = [
            format!("{name} {VERB}"),
            format!("{name} {VERB} {first}"),
            format!("{name} {VERB} | jq -r '.\"$defs\" | keys[]'"),
        ];
        let values = self.types().map(|of| {
            PossibleValue::new(of.name).help(of.about).aliases(of.words_of_type().iter().copied())
        });
        let record_type = Arg::new(RECORD_TYPE)
            .value_name("RECORD_TYPE")
            .help("The type of the records, by its own name or the word in their `type`")
            .value_parser(values.collect::<Vec<_>>())
            .hide_possible_values(true);
        let verb = Command::new(VERB).arg(record_type);
        let verb = one_screen(verb.about("Print what the records look like, as JSON Schema"));
        let verb = verb.after_help(examples(&name, &lines.each_ref().map(String::as_str)));
        command.subcommand(verb)
    }

    /// Prints them if that is the verb that was typed.
    pub(crate) fn carried_out(self, command: &str, matches: &ArgMatches) -> Option<crate::Result> {
        let (_, verb) = matches.subcommand().filter(|(verb, _)| *verb == VERB)?;
        let chosen = verb.get_one::<String>(RECORD_TYPE);
        let is_chosen = |of: &&RecordType| chosen.is_some_and(|name| is_called(of, name));
        let schema = match self.types().find(is_chosen) {
            Some(of) => of.document(),
            None => document(command, &self.types().collect::<Vec<_>>()),
        };
        Some(printed(&format!("{schema:#}\n")))
    }
}

/// Whoever reads a part of it does not need an error.
fn printed(text: &str) -> crate::Result {
    let mut out = stdout::writer();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::usage(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

fn is_called(of: &RecordType, name: &str) -> bool {
    of.name == name || of.words_of_type().contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error;
    use model::ResourceKind;
    use model::schema::resources;

    static PRINTED: Printed = Printed(&[&[&resources::DEVICE_GROUP], &OF_CHANGES]);

    #[test]
    fn a_type_goes_by_its_name_and_by_the_word_in_its_records() {
        let command = || PRINTED.described_by(Command::new("imp-x").subcommand_required(true));
        for name in ["devicegroup", "production_devicegroup", "failed_row"] {
            assert!(command().try_get_matches_from(["imp-x", VERB, name]).is_ok(), "{name}");
        }
        let unknown = command().try_get_matches_from(["imp-x", VERB, "device"]).unwrap_err();
        assert_eq!(unknown.kind(), error::ErrorKind::InvalidValue);
        let text = unknown.to_string();
        assert!(PRINTED.types().all(|of| text.contains(of.name)), "{text}");
        assert!(is_called(&resources::DEVICE_GROUP, "dut_devicegroup"));
        assert!(!is_called(&resources::DEVICE_GROUP, "device"));
    }

    #[test]
    fn every_column_of_csv_is_described() {
        for kind in ResourceKind::ALL.iter().flat_map(|kind| kind.types()) {
            let of = resources::ALL.iter().find(|of| is_called(of, kind)).expect("every kind");
            for column in pipe::stated_columns(kind).expect("every kind") {
                assert!(of.fields.iter().any(|field| field.name == *column), "{kind}: {column}");
            }
        }
    }
}
