//! What every command line has in common, so that a subcommand is only what it does to a record.
//!
//! [`run`] is the `main` of every command. [`Session`] is a signed-in run, and [`rows::each`] does something to
//! every row of its input. What several verbs do to a fleet is in the crate `ops`. Stdin, stdout, stderr, exit
//! codes, prompts, signals and the environment each have their one file here.

pub mod args;
mod command_error;
mod command_line;
pub mod consent;
mod describe;
mod exit;
pub mod exposition;
pub mod guards;
pub mod help;
pub mod invocation;
pub mod journal;
pub mod keyring;
pub mod lookup;
pub mod names;
mod output;
pub mod page;
pub mod project_file;
mod recording;
pub mod rows;
pub mod schema;
mod session;
pub mod terminal;

pub use args::{
    BatchSize, Bulk, Changes, Common, ConfirmedProduction, Deferred, Deployments, DeviceGroups,
    Devices, DryRun, Input, OutputFormat, Products, ReadAs, Reports, Unblessing, UnblessingKey,
    duration, group_type, identifier, missing, new_name, not_without_option, option_or_copy,
    secret_identifier, secret_in_file, secret_in_file_or_stdin, service_time, text_option,
    time_or_ago, truth_option,
};
pub use auth::{Readers, lock_beside, replace_file, replace_often, replaceable, target_of};
pub use command_error::{CommandError, failure};
pub use exit::Exit;
use model::text::one_line;
pub use output::Output;
pub use page::Page;
pub use recording::{keep_journal, kept_file, records_pseudonyms};
pub use rows::once_per_target::{OncePerTarget, Reported};
pub use rows::source::{Identifiers, RowArgs, RowSource, Rows};
pub use session::{Session, interaction, replay_home, settings, sign_in_environment, text};

use rows::report::Asked;
use schema::Printed;
use terminal::{environment, progress, signals, stderr, stdout};

use std::process::ExitCode;

/// What a verb returns.
pub type Result<T = Exit> = std::result::Result<T, CommandError>;

/// Parses the command line of the command `name`, carries it out and gives the exit code. What the command prints is
/// described by its verb `schema`.
pub fn run<Arguments: clap::Parser>(
    name: &str,
    printed: Printed,
    carry_out: impl FnOnce(Arguments) -> Result,
) -> ExitCode {
    let exit = run_to_end(name, printed, carry_out);
    if let Some(run) = simulated::here() {
        run.exits(exit.code());
    }
    exit.into()
}

/// Carries out what needs no command line, under a name for what is said.
pub fn run_other(name: &str, carry_out: impl FnOnce() -> Result) -> ExitCode {
    stderr::name_it(name);
    match carry_out() {
        Ok(exit) => exit.into(),
        Err(error) => told(&error).into(),
    }
}

/// Says why a command ends.
fn told(error: &CommandError) -> Exit {
    if let Some(message) = &error.message {
        stderr::say_failure(message);
    }
    error.exit
}

/// A command with all that can be typed: what its own arguments say, other names, and the verb `schema`.
pub fn description<Arguments: clap::CommandFactory>(printed: Printed) -> clap::Command {
    printed.described_by(command_line::with_other_names(Arguments::command()))
}

fn run_to_end<Arguments: clap::Parser>(
    name: &str,
    printed: Printed,
    carry_out: impl FnOnce(Arguments) -> Result,
) -> Exit {
    stderr::name_it(name);
    end_on_panic();
    let is_all_typed = |word: &str| environment::arguments().iter().skip(1).eq([word]);
    // Installers and scripts ask it of each command; no verb has to be described for it.
    if is_all_typed("--version") {
        stdout::print(&format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
        return Exit::Done;
    }
    let mut command = description::<Arguments>(printed);
    if is_all_typed(command_tree::REQUEST) {
        stdout::print(&command_tree::line(command));
        return Exit::Done;
    }
    // What `parse` does, but the description of all verbs is built only once: it is half of the
    // start-up time that is ours.
    let typed = command_line::in_our_form(environment::arguments(), Arguments::command);
    let parsed = command.try_get_matches_from_mut(&typed);
    if let Some(ended) = parsed.as_ref().ok().and_then(|it| printed.carried_out(name, it)) {
        return ended.unwrap_or_else(|error| told(&error));
    }
    let parsed = parsed.and_then(|mut matches| {
        invocation::note(&matches);
        let words = journal::without_secrets(name, &typed, &matches);
        invocation::note_command(words, command.get_version());
        let asked = Asked::by(&matches);
        let recorded = recording::begin(&command, &typed, &matches);
        let arguments = Arguments::from_arg_matches_mut(&mut matches);
        arguments
            .map(|arguments| (arguments, asked, recorded))
            .map_err(|error| error.format(&mut command))
    });
    match parsed {
        Ok((_, _, Err(error))) => told(&error),
        Ok((arguments, asked, Ok(()))) => ended(carry_out(arguments), &asked),
        Err(error) => usage(&error),
    }
}

/// Says how it ended, on all the ways that there are.
fn ended(carried_out: Result, asked: &Asked) -> Exit {
    progress::end();
    let exit = match carried_out {
        Ok(exit) => exit,
        Err(error) => told(&error),
    };
    let exit = exit.and(signals::exit());
    journal::end(None, exit, journal::Ended::Early);
    recording::end(exit);
    match asked.write_unless_written(exit) {
        Ok(()) => exit,
        Err(error) => {
            stderr::say_failure(&format!("cannot write the report: {error}"));
            exit.and(Exit::CouldNotRun)
        }
    }
}

fn usage(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        let text = error.render().to_string();
        match text.strip_prefix("error: ") {
            Some(text) => stderr::say_failure(text),
            None => stderr::plain(&text),
        }
        return Exit::CouldNotRun;
    }
    stdout::print(&error.render().to_string());
    Exit::Done
}

/// A panic in any thread ends the process with exit code 2 and one line, not with a hang.
fn end_on_panic() {
    if simulated::here().is_some() {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        let what = one_line(&panic.to_string());
        stderr::say(&format!("a mistake in imp-tools itself, please report it: {what}"));
        #[expect(
            clippy::disallowed_methods,
            clippy::exit,
            reason = "the last word of a process that is broken"
        )]
        std::process::exit(i32::from(Exit::CouldNotRun.code()));
    }));
}
