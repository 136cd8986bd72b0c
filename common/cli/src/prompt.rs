//! Questions to the person at the terminal, also when stdin is a pipe: `/dev/tty` is asked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::atomic::Ordering;

use api::Secret;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::signals;
use crate::stop::Stop;

/// How often the stop flag is looked at while somebody thinks.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

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
/// When there is no terminal, or Ctrl-C is the answer.
pub fn ask(question: &str) -> Result<String, Stop> {
    let stop = signals::stop();
    let no_terminal = |_| Stop::usage("there is no terminal to ask on");
    let mut terminal = terminal().map_err(no_terminal)?;
    terminal.write_all(question.as_bytes()).map_err(no_terminal)?;
    let mut line = Vec::new();
    let mut byte = [0];
    // The terminal hands on whole lines; looked at between, so that Ctrl-C is not waited out.
    while !matches!(line.last(), Some(b'\n')) {
        let mut asked = [PollFd::new(&terminal, PollFlags::IN)];
        match poll(&mut asked, Some(&LOOK)) {
            _ if stop.load(Ordering::Relaxed) => return Err(interrupted()),
            Ok(0) | Err(Errno::INTR) => {}
            _ if terminal.read(&mut byte).map_err(no_terminal)? == 0 => break,
            _ => line.extend(byte),
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks for a secret, which is not shown as it is typed.
///
/// # Errors
/// When there is no terminal, or Ctrl-C is the answer.
pub fn secret(question: &str) -> Result<Secret, Stop> {
    // Caught, the signal ends the question; uncaught it would leave a terminal that shows nothing.
    let stop = signals::stop();
    rpassword::prompt_password(question).map(Secret::new).map_err(|_| {
        if stop.load(Ordering::Relaxed) {
            return interrupted();
        }
        let question = question.trim_end_matches([':', ' ']);
        Stop::usage(format!("{question}: there is no terminal to ask on"))
    })
}

/// Nothing to say: who pressed Ctrl-C knows.
fn interrupted() -> Stop {
    Stop::silent(signals::exit())
}

/// True when somebody can be asked.
pub fn is_possible() -> bool {
    terminal().is_ok()
}

fn terminal() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}
