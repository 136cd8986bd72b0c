//! Secrets that are given in a file or on stdin, where others do not see them as they see a command line.

use model::Secret;
use std::io::Read;
use std::path::Path;

use crate::command_error::CommandError;
use crate::recording;
use crate::terminal::interruptible::Inputs;
use crate::{terminal::signals, terminal::stdin};

/// Nobody's password is longer, in bytes; something else was piped in then.
const LONGEST: u64 = 64 * 1024;

/// A secret that is the first line of a file.
///
/// # Errors
/// Exit 2 when the file cannot be read or is empty.
pub fn secret_in_file(path: &Path) -> Result<Secret, CommandError> {
    let cannot = |error| CommandError::usage(format!("cannot read {}: {error}", path.display()));
    first_line(&std::fs::read_to_string(path).map_err(cannot)?, &path.display().to_string())
}

/// The same, where `-` is stdin. For commands that read no records from it.
///
/// # Errors
/// Exit 2 when there is nothing to read, or it is empty.
pub fn secret_in_file_or_stdin(path: &Path) -> Result<Secret, CommandError> {
    if path != Path::new("-") {
        return secret_in_file(path);
    }
    if stdin::kind() == stdin::Stdin::Nothing {
        return Err(CommandError::usage("there is nothing on stdin to read the secret from"));
    }
    let mut text = String::new();
    let read =
        stdin::reader(&Inputs::until(signals::stop())).take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| CommandError::usage(format!("cannot read stdin: {error}")))?;
    first_line(&text, "stdin")
}

fn first_line(text: &str, from: &str) -> Result<Secret, CommandError> {
    match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => {
            let secret = Secret::new(line);
            recording::know(&secret);
            Ok(secret)
        }
        None => Err(CommandError::usage(format!("{from} is empty; it should hold the secret"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts_without_what_editors_add() {
        for text in ["swordfish", "swordfish\n", " swordfish \r\nand more\n"] {
            assert_eq!(first_line(text, "pw").expect("a secret"), Secret::new("swordfish"));
        }
        for text in ["", "\n", "  \nswordfish\n"] {
            let error = first_line(text, "pw").expect_err("nothing there");
            assert_eq!(error.to_string(), "pw is empty; it should hold the secret");
        }
    }
}
