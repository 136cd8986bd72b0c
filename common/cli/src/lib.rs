//! What every command line has in common, so that a subcommand is only what it does to a record.
//!
//! [`run`] is the `main` of every command. [`Session`] is a signed-in run: its `each` does something to
//! every row of the input. What several verbs do to a fleet is not here but in the crate `ops`. Stdin, stdout, stderr, exit codes, prompts, signals and the environment each have
//! their one file here.

mod acted;
pub mod consent;
pub mod console;
pub mod each;
pub mod environment;
mod exit;
pub mod flags;
mod gathered;
mod group_type;
pub mod input;
pub mod lookup;
pub mod naming;
mod on_demand;
mod once;
mod options;
pub mod output;
pub mod prompt;
pub mod results;
mod secret;
pub mod session;
pub mod signals;
pub mod stdin;
pub mod stdout;
pub mod stop;
mod stoppable;
mod subjects;

pub use api;
pub use auth;
pub use exit::Exit;
pub use flags::{
    BatchSize, Bulk, Changes, Common, DryRun, Input, Reports, Unblessing, UnblessingKey, identifier,
};
pub use gathered::Gathered;
pub use group_type::GroupType;
pub use input::{Given, Identifiers, Rows};
pub use on_demand::OnDemand;
pub use once::{Once, Reported};
pub use options::{missing, new_name, option_or_copy, text_option, truth_option};
pub use output::Output;
pub use pipe::failure::with_advice;
pub use pipe::text::one_line;
pub use pipe::{Failure, Form, Identifier, Kind as FailureKind, Record, Row, Target};
pub use secret::{secret_in_file, secret_in_file_or_stdin};
pub use session::{Session, hands, settings, sign_in_environment, text};
pub use stop::{Stop, failure};
pub use subjects::{Deployments, DeviceGroups, Devices, Products};

use std::process::ExitCode;

/// What a verb returns.
pub type Result<T = Exit> = std::result::Result<T, Stop>;

/// Parses the command line, carries it out and gives the exit code.
pub fn run<Arguments: clap::Parser>(carry_out: impl FnOnce(Arguments) -> Result) -> ExitCode {
    let mut command = Arguments::command();
    console::name_it(command.get_name());
    end_on_panic();
    // What `parse` does, but the description of all verbs is built only once: it is half of the
    // start-up time that is ours.
    let parsed = command.try_get_matches_from_mut(environment::arguments());
    let parsed = parsed.and_then(|mut matches| {
        Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    });
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let exit = match carry_out(arguments) {
        Ok(exit) => exit,
        Err(stop) => {
            console::end_progress();
            if let Some(message) = &stop.message {
                console::say(message);
            }
            stop.exit
        }
    };
    exit.and(signals::exit()).into()
}

fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        console::plain(&error.render().to_string());
        return Exit::CouldNotRun.into();
    }
    stdout::print(&error.render().to_string());
    Exit::Done.into()
}

/// A panic in any thread ends the process with exit code 2 and one line, not with a hang.
fn end_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let what = one_line(&panic.to_string());
        console::say(&format!("a mistake in imp-tools itself, please report it: {what}"));
        #[expect(
            clippy::disallowed_methods,
            clippy::exit,
            reason = "the last word of a process that is broken"
        )]
        std::process::exit(i32::from(Exit::CouldNotRun.code()));
    }));
}
