//! Questions to the person at the terminal, also when stdin is a pipe: `/dev/tty` is asked.
//!
//! Careful about Ctrl-C, which is an answer too: it ends the run at once, and the terminal shows again what
//! is typed.

use model::Secret;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::command_error::CommandError;
use crate::recording;
use crate::terminal::{progress, signals};

/// How often the stop flag is looked at while somebody thinks.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Asks a question that is answered with yes or no; anything but yes is no.
///
/// # Errors
/// When there is no terminal.
pub fn confirm(text: &str) -> Result<bool, CommandError> {
    let answer = ask(&format!("{text}\nGo on? [y/N] "))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line, shown as it is typed.
///
/// # Errors
/// When there is no terminal, or Ctrl-C is the answer.
pub fn ask(question: &str) -> Result<String, CommandError> {
    answer(&mut terminal().map_err(|_| no_terminal(question))?, question)
}

/// Asks for a secret, which is not shown as it is typed.
///
/// # Errors
/// When there is no terminal, or Ctrl-C is the answer.
pub fn secret(question: &str) -> Result<Secret, CommandError> {
    let mut terminal = terminal().map_err(|_| no_terminal(question))?;
    let hidden = Hidden::on(&terminal).map_err(|_| no_terminal(question))?;
    let secret = answer(&mut terminal, question).map(Secret::new);
    drop(hidden);
    secret.inspect(recording::know)
}

fn answer(terminal: &mut File, question: &str) -> Result<String, CommandError> {
    progress::instead(|| answer_to(terminal, question))
}

#[expect(clippy::disallowed_methods, reason = "the one place that waits for a person")]
fn answer_to(terminal: &mut File, question: &str) -> Result<String, CommandError> {
    // Caught, Ctrl-C ends the question; uncaught it would leave a terminal that shows nothing.
    let stop = signals::stop();
    terminal.write_all(question.as_bytes()).map_err(|_| no_terminal(question))?;
    let mut line = Vec::new();
    let mut byte = [0];
    // The terminal hands on whole lines; looked at between, so that Ctrl-C is not waited out.
    while !matches!(line.last(), Some(b'\n')) {
        let mut asked = [PollFd::new(terminal, PollFlags::IN)];
        match poll(&mut asked, Some(&LOOK)) {
            // Nothing to say: who pressed Ctrl-C knows.
            _ if stop.load(Ordering::Relaxed) => return Err(CommandError::silent(signals::exit())),
            Ok(0) | Err(Errno::INTR) => {}
            _ if terminal.read(&mut byte).map_err(|_| no_terminal(question))? == 0 => break,
            _ => line.extend(byte),
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned())
}

fn no_terminal(question: &str) -> CommandError {
    let question = question.lines().next().unwrap_or_default().trim_end_matches([':', ' ']);
    CommandError::usage(format!("{question}: there is no terminal to ask on"))
}

/// As long as this lives, the terminal does not show what is typed.
struct Hidden {
    terminal: File,
    before: Termios,
}

impl Hidden {
    fn on(terminal: &File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        hiding.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(terminal, OptionalActions::Now, &hiding)?;
        Ok(Hidden { terminal: terminal.try_clone()?, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _gone = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// True when somebody can be asked.
pub fn is_possible() -> bool {
    terminal().is_ok()
}

fn terminal() -> io::Result<File> {
    if simulated::here().is_some() {
        return Err(io::ErrorKind::NotFound.into());
    }
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}
