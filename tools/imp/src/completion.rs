//! `imp completion`

use clap::{Args, ValueEnum};
use cli::{Exit, terminal::stdout};

use crate::tools;

/// Print a script for the shell: completion of all tools
///
/// Verbs, options and their values, files, and the names of what is in the account. See imp(1).
#[derive(Args)]
pub struct Completion {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// The shells that there are scripts for.
#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    /// Bash 4 or later
    Bash,
    /// Zsh
    Zsh,
    /// Fish 3 or later
    Fish,
}

impl Completion {
    pub fn run(&self) -> cli::Result {
        let script = match self.shell {
            Shell::Bash => include_str!("completion/imp.bash"),
            Shell::Zsh => include_str!("completion/imp.zsh"),
            Shell::Fish => include_str!("completion/imp.fish"),
        };
        let ours = tools::OURS.map(|(name, _)| tools::program_of(name));
        stdout::print(&script.replace("@TOOLS@", &format!("imp {}", ours.join(" "))));
        Ok(Exit::Done)
    }
}
