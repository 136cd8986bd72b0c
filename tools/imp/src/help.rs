//! `imp help`

use std::process::Command;

use clap::Args;
use cli::{CommandError, Exit, terminal::environment, terminal::stdout};

use crate::tools;

/// Print the help of a tool or of one of its verbs
#[derive(Args)]
pub struct Help {
    /// A tool, and its verb
    #[arg(value_name = "TOOL")]
    words: Vec<String>,
}

impl Help {
    pub fn run(&self) -> cli::Result {
        let Some((name, verbs)) = self.words.split_first() else {
            stdout::print(&crate::description().render_help().to_string());
            return Ok(Exit::Done);
        };
        let own = crate::OWN.contains(&name.as_str());
        if !own && !tools::may_be_named(name) {
            return Err(tools::unknown(name));
        }
        let program = if own { "imp".to_owned() } else { tools::program_of(name) };
        let mut command = Command::new(environment::command(&program));
        command.args(own.then_some(name)).args(verbs).arg("--help");
        let error = environment::become_command(&mut command);
        match error.kind() {
            std::io::ErrorKind::NotFound => Err(tools::unknown(name)),
            _ => Err(CommandError::usage(format!("{program} cannot be started: {error}"))),
        }
    }
}
