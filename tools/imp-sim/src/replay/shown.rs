//! What is in a recording, for a person: the commands as they can be typed, and a line for each exchange.

use super::recording::{Exchange, Fault, Recording, Run};
use crate::console;

/// Prints it.
pub fn show(recording: &Recording) -> anyhow::Result<u8> {
    for run in &recording.runs {
        console::line(of_run(run))?;
    }
    for exchange in &recording.exchanges {
        let at = f64::from(u32::try_from(exchange.at).unwrap_or(u32::MAX)) / 1000.0;
        let (took, method, target) = (exchange.took, &exchange.method, &exchange.target);
        console::line(format_args!(
            "{at:>9.3} {took:>6} ms  {method} {target}  {}",
            outcome(exchange)
        ))?;
    }
    Ok(0)
}

/// Prints the rows that were read, as they can be read again.
pub fn rows(recording: &Recording) -> anyhow::Result<u8> {
    let read: Vec<&Run> = recording.runs.iter().filter(|run| !run.rows.is_empty()).collect();
    let mut first = 1;
    for run in &read {
        if read.len() > 1 {
            let last = first + run.rows.len() - 1;
            console::message(format_args!("rows {first} to {last} were read by: {}", typed(run)));
            first = last + 1;
        }
        for place in &run.rows {
            console::line(recording.row(*place)?)?;
        }
    }
    Ok(0)
}

fn of_run(run: &Run) -> String {
    let end =
        run.exit.map_or_else(|| "did not end".to_owned(), |code| format!("ended with {code}"));
    let names = if run.pseudonyms { ", names replaced" } else { "" };
    let mut text =
        format!("$ {}\n# imp-tools {}, {}, {end}{names}", typed(run), run.version, run.began);
    if !run.rows.is_empty() {
        text.push_str(&format!("\n# rows read: {} (--rows prints them)", run.rows.len()));
    }
    for (name, value) in &run.variables {
        text.push_str(&format!("\n# {name}={}", value.as_str().unwrap_or_default()));
    }
    text
}

/// The command as a shell takes it.
fn typed(run: &Run) -> String {
    run.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn outcome(exchange: &Exchange) -> String {
    let status = exchange.status.map_or_else(String::new, |status| status.to_string());
    match exchange.fault {
        None if exchange.events.is_empty() => status,
        None => format!("{status}, {} events", exchange.events.len()),
        Some(Fault::NotSent) => "no connection".to_owned(),
        Some(Fault::Untrusted) => "certificate not trusted".to_owned(),
        Some(Fault::Timeout) => "no answer in time".to_owned(),
        Some(Fault::Cut) => format!("{status}, cut in the middle"),
        Some(Fault::Lost) => "connection ended without an answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_is_one_word_for_the_shell() {
        assert_eq!(quoted("--dg=Burn-in"), "--dg=Burn-in");
        assert_eq!(quoted("Oven 7"), "'Oven 7'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
