//! What may be typed next: the scripts of `imp completion` ask for it, `imp complete SHELL …`; no page tells of it.
//!
//! Careful never to disturb who is typing: nothing is said, nothing is asked for, and it is over soon. The first line
//! of an answer says what follows: `names`, or `files` when the shell is to offer those.

mod candidates;
mod fields;
mod live_names;
mod shell_words;
mod values;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use cli::terminal::stdout;
use command_tree::Verb;

use self::candidates::{Candidate, Offer};
use self::shell_words::{Typed, Word};
use crate::{commands, tools};

/// The word that asks.
pub const VERB: &str = "complete";

/// Answers a shell.
pub fn run(arguments: &[OsString]) -> ExitCode {
    if let Some(answer) = answer(arguments) {
        stdout::print(&answer);
    }
    ExitCode::SUCCESS
}

fn answer(arguments: &[OsString]) -> Option<String> {
    let texts: Option<Vec<&str>> = arguments.iter().map(|word| word.to_str()).collect();
    match texts?.as_slice() {
        // The line up to the cursor, and what the shell is going to replace.
        ["bash", line, replaced] => {
            let typed = shell_words::split(line);
            let offer = offer(&typed.texts())?;
            Some(for_bash(&offer, typed.last(), replaced))
        }
        ["zsh" | "fish", "--", words @ .., last] => {
            let last = shell_words::split(last);
            let words = words.iter().map(|word| (*word).to_owned());
            let words: Vec<String> = words.chain([last.text()]).collect();
            Some(with_descriptions(&offer(&words)?))
        }
        _ => None,
    }
}

/// What can stand in place of the last word.
fn offer(words: &[String]) -> Option<Offer> {
    let (program, rest) = words.split_first()?;
    let program = Path::new(program).file_name()?.to_str()?;
    let (last, before) = rest.split_last()?;
    if program != "imp" {
        return offer_of(program.strip_prefix("imp-")?, rest);
    }
    match before {
        [] if !last.starts_with('-') => Some(tools_and_own(last)),
        [help] if help == "help" => Some(tools_and_own(last)),
        [help, name, ..] if help == "help" => offer_of(name, &rest[2..]),
        [name, ..] if !crate::OWN.contains(&name.as_str()) => offer_of(name, &rest[1..]),
        _ => Some(candidates::offer(&commands::own(), rest)),
    }
}

/// The same for a tool and the words behind its name; files for one that is not ours.
fn offer_of(name: &str, words: &[String]) -> Option<Offer> {
    let tree = match crate::OWN.contains(&name) {
        true => within(&commands::own(), name)?,
        false => match tools::ours(name) {
            Some(tool) => commands::asked(&tool)?,
            None => return Some(Offer::Files),
        },
    };
    Some(candidates::offer(&tree, words))
}

fn within(tree: &Verb, name: &str) -> Option<Verb> {
    tree.verbs.iter().find(|verb| verb.name == name).cloned()
}

fn tools_and_own(begun: &str) -> Offer {
    let tools = tools::found().into_iter();
    let tools = tools.map(|tool| (tool.name, tool.about.unwrap_or_default().to_owned()));
    let own = commands::own().verbs.into_iter().map(|verb| (verb.name, verb.about));
    let all = tools.chain(own).filter(|(name, _)| name.starts_with(begun));
    Offer::These(all.map(|(value, about)| Candidate { value, about }).collect())
}

/// Bash puts what it is given into the line as it is, in place of `replaced`.
fn for_bash(offer: &Offer, last: &Word, replaced: &str) -> String {
    let Offer::These(candidates) = offer else { return "files\n".to_owned() };
    let (head, quote) = last.before(replaced);
    let mut answer = "names\n".to_owned();
    for rest in candidates.iter().filter_map(|candidate| candidate.value.strip_prefix(&head)) {
        answer.push_str(&shell_words::quoted(rest, quote));
        answer.push('\n');
    }
    answer
}

/// Zsh and fish quote by themselves, and show what each candidate is.
fn with_descriptions(offer: &Offer) -> String {
    let Offer::These(candidates) = offer else { return "files\n".to_owned() };
    let mut answer = "names\n".to_owned();
    for Candidate { value, about } in candidates {
        answer.push_str(&format!("{value}\t{about}\n"));
    }
    answer
}

impl Typed {
    fn texts(&self) -> Vec<String> {
        self.words().iter().map(Word::text).collect()
    }

    fn text(&self) -> String {
        self.last().text()
    }
}
