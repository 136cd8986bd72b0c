//! Questions to the person at the terminal, also when stdin is a pipe: `/dev/tty` is asked.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use api::Secret;

use crate::stop::Stop;

/// Asks a question that is answered with yes or no; anything but yes is no.
///
/// # Errors
/// When there is no terminal.
pub fn confirm(text: &str) -> Result<bool, Stop> {
    let answer = ask(&format!("{text}\nGo on? [y/N] "))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line, shown as it is typed.
///
/// # Errors
/// When there is no terminal.
pub fn ask(question: &str) -> Result<String, Stop> {
    let no_terminal = |_| Stop::usage("there is no terminal to ask on");
    let mut terminal =
        OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(no_terminal)?;
    terminal.write_all(question.as_bytes()).map_err(no_terminal)?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).map_err(no_terminal)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks for a secret, which is not shown as it is typed.
///
/// # Errors
/// When there is no terminal.
pub fn secret(question: &str) -> Result<Secret, Stop> {
    rpassword::prompt_password(question).map(Secret::new).map_err(|_| {
        Stop::usage(format!(
            "{}: there is no terminal to ask on",
            question.trim_end_matches([':', ' '])
        ))
    })
}

/// True when somebody can be asked.
pub fn is_possible() -> bool {
    OpenOptions::new().read(true).write(true).open("/dev/tty").is_ok()
}
