//! Consent: what takes something away is asked for on the terminal, with numbers and names, unless
//! `--confirmed` was given.

use crate::command_error::CommandError;
use crate::session::Session;
use crate::terminal::prompt;

/// Things that are named in a question.
pub const SHOWN: usize = 10;

/// A question before the work.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The verb, as in "delete 3 products".
    pub verb: &'static str,
    /// What is asked about.
    pub about: About,
    /// What else becomes of the things; empty if nothing does.
    pub also: &'static str,
    /// `--confirmed` was given.
    pub confirmed: bool,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// All rows. Where nobody can be asked, the command ends.
    AllRows,
    /// The production groups among the rows. Where nobody can be asked, the run goes on: a job of the night
    /// does what it has always done.
    ProductionGroups,
}

impl Ask {
    /// A question about all rows.
    pub fn about_rows(verb: &'static str, confirmed: bool) -> Self {
        Ask { verb, about: About::AllRows, also: "", confirmed }
    }

    /// The same, saying what else becomes of the things.
    #[must_use]
    pub fn also(self, also: &'static str) -> Self {
        Ask { also, ..self }
    }

    /// A question about the production groups among the rows.
    pub fn about_production(verb: &'static str, confirmed: bool) -> Self {
        Ask { verb, about: About::ProductionGroups, also: "", confirmed }
    }

    /// Whether it is to be asked.
    pub fn is_open(&self) -> bool {
        !self.confirmed && (self.about == About::AllRows || prompt::is_possible())
    }
}

/// Consent that cannot be asked for ends the command at once: a script should fail when it is written,
/// not in the night when the first row comes. `to_do` says what `--confirmed` would allow.
///
/// # Errors
/// Exit 2 without a terminal.
pub fn can_be_asked(to_do: &str) -> Result<(), CommandError> {
    if prompt::is_possible() {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "there is no terminal to ask on, so nothing was done: add --confirmed to {to_do}"
    )))
}

/// Asks whether to go on.
///
/// # Errors
/// Exit 2 without consent.
pub fn ask(text: &str) -> Result<(), CommandError> {
    if prompt::confirm(text)? {
        return Ok(());
    }
    Err(CommandError::usage("not confirmed; what was asked about was not done"))
}

/// Asks before something is taken away: the number, and the first of it by their `labels`. Ctrl-C is an
/// answer that leaves the rows to the run: it is stopped, and reports each of them as not attempted.
///
/// # Errors
/// Exit 2 without consent.
pub fn obtain(
    session: &Session,
    order: &Ask,
    noun: &str,
    total: u64,
    labels: &[String],
) -> Result<(), CommandError> {
    if order.confirmed {
        return Ok(());
    }
    let what = format!("{} {}", order.verb, count(total, noun));
    can_be_asked(&what)?;
    let labels = first(total, labels.iter().cloned());
    let mut text = format!("This will {what} of {}:\n  {labels}", session.account_and_endpoint());
    if !order.also.is_empty() {
        text.push_str(&format!("\n{}", order.also));
    }
    ask(&text).or_else(|error| session.is_stopped().then_some(()).ok_or(error))
}

/// The first of them, one a line, and how many more there are.
pub fn first(total: u64, labels: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = labels.take(SHOWN).collect();
    let more = total.saturating_sub(lines.len() as u64);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines.join("\n  ")
}

/// `1 product`, `3 products`.
pub fn count(total: u64, noun: &str) -> String {
    format!("{total} {noun}{}", if total == 1 { "" } else { "s" })
}
