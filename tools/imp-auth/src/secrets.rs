//! Secrets among the arguments: what holds them shows nothing, whoever prints it.

use model::Secret;

/// The identifiers of rows that are secrets themselves: those of an option, and those without one.
pub fn exposed(of_option: &[Secret], named: &[Secret]) -> Vec<String> {
    of_option.iter().chain(named).map(|secret| secret.expose().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use clap::{Command, CommandFactory};
    use model::Secret;

    use crate::Arguments;

    /// What the values of secrets are called in help and pages.
    const SECRET: [&str; 5] = ["PASSWORD", "LOGIN_KEY", "CODE", "TOKEN", "KEY"];

    #[test]
    fn every_argument_that_is_a_secret_is_held_as_one() {
        let mut command = Arguments::command();
        command.build();
        let mut found = Vec::new();
        look(&command, &mut found);
        // Login has three, and so has each verb that changes keys.
        assert!(found.len() >= 10, "{found:?}");
    }

    fn look(command: &Command, found: &mut Vec<String>) {
        for argument in command.get_arguments() {
            let names = argument.get_value_names().unwrap_or_default();
            if names.iter().any(|name| SECRET.contains(&name.as_str())) {
                let told = format!("{} {}", command.get_name(), argument.get_id());
                let kind = argument.get_value_parser().type_id();
                assert!(kind == TypeId::of::<Secret>(), "{told} is held as {kind:?}");
                found.push(told);
            }
        }
        command.get_subcommands().for_each(|verb| look(verb, found));
    }
}
