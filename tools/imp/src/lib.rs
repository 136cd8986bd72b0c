//! `imp`: the tools under one name, as with git. `imp device list` becomes `imp-device list`.
//!
//! Careful not to stand in the way: a tool is started before anything else is looked at, in place of this process,
//! with the arguments as they were typed.

mod commands;
mod complete;
mod completion;
mod doctor;
mod help;
mod overview;
mod tools;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use cli::schema::Printed;
use cli::{CommandError, Deferred, help as examples_in_help, terminal::environment};

/// The imp tools under one name
///
/// `imp device list` runs imp-device list; `imp` alone lists the tools. See imp(1).
#[derive(Parser)]
#[command(
    name = "imp",
    version,
    disable_help_subcommand = true,
    override_usage = "imp [TOOL] [ARGUMENTS]\n       imp <COMMAND>"
)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Print the help of a tool or of one of its verbs
    #[command(after_help = examples_in_help::examples("imp", &[
        "imp help",
        "imp help device",
        "imp help device assign",
    ]))]
    Help(Deferred<help::Help>),
    /// Print a script for the shell: completion of all tools
    #[command(after_help = examples_in_help::examples("imp", &[
        "imp completion bash > ~/.local/share/bash-completion/completions/imp",
        "imp completion zsh > ~/.zfunc/_imp",
        "imp completion fish > ~/.config/fish/conf.d/imp.fish",
    ]))]
    Completion(Deferred<completion::Completion>),
    /// Print all verbs and options of all tools
    #[command(after_help = examples_in_help::examples("imp", &[
        "imp commands",
        "imp commands -z json",
        "imp commands --fields command,about",
    ]))]
    Commands(Deferred<commands::Commands>),
    /// Look whether everything works here, and what to do
    #[command(after_help = examples_in_help::examples("imp", &[
        "imp doctor",
        "imp doctor -z json",
        "imp doctor --auth-file factory.auth",
    ]))]
    Doctor(Deferred<doctor::Doctor>),
}

/// The words that are no tools.
const OWN: [&str; 5] = ["help", "completion", "commands", "doctor", "schema"];

/// The records that are printed.
static PRINTED: Printed = Printed(&[&[&commands::COMMAND, &doctor::CHECK]]);

/// The main function of the program.
pub fn run() -> ExitCode {
    let typed = environment::arguments();
    match typed.get(1).and_then(|word| word.to_str()) {
        Some(complete::VERB) => return complete::run(&typed[2..]),
        Some(name) if tools::may_be_named(name) && !OWN.contains(&name) => {
            return cli::run_other("imp", || Err(become_tool(name, &typed[2..])));
        }
        _ => {}
    }
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        None => overview::print(),
        Some(Verb::Help(help)) => help.run(),
        Some(Verb::Completion(completion)) => completion.run(),
        Some(Verb::Commands(commands)) => commands.run(),
        Some(Verb::Doctor(doctor)) => doctor.run(),
    })
}

/// All that can be typed after `imp`, but for the tools.
fn description() -> clap::Command {
    cli::description::<Arguments>(PRINTED)
}

/// Becomes the tool; what is wrong when it cannot.
fn become_tool(name: &str, arguments: &[OsString]) -> CommandError {
    let tool = tools::program_of(name);
    let mut command = Command::new(environment::command(&tool));
    let error = environment::become_command(command.args(arguments));
    match error.kind() {
        std::io::ErrorKind::NotFound => tools::unknown(name),
        _ => CommandError::usage(format!("{tool} cannot be started: {error}")),
    }
}
