//! Changes on stdout, each once also when the process is killed while it prints.
//!
//! Where stdout is a file to which this alone writes, its length tells how much of them is there already. Of a pipe
//! nobody can tell: there they come again, marked.

use cli::terminal::stdout::{self, WrittenFile};
use cli::{CommandError, Common, OutputFormat, Session};
use model::Record;

/// Whether records are printed as they are, so that it can be told from the length of a file which are in it.
fn is_exact(common: &Common, session: &Session) -> bool {
    common.fields.is_none()
        && match common.output {
            Some(format) => format == OutputFormat::Ndjson,
            None => !session.output.is_for_a_person(),
        }
}

/// The file that is printed into, if what is in it can be told from its length.
pub fn file(session: &Session) -> Option<WrittenFile> {
    stdout::written_file().filter(|_| is_exact(&session.common, session))
}

/// Prints changes. False when nobody reads any more.
///
/// # Errors
/// As [`cli::Output::print`].
pub fn print(session: &Session, changes: &[Record]) -> Result<bool, CommandError> {
    session.output.print_all(changes)?;
    ended(session)
}

/// Prints those of the changes that a run before may not have printed into this file. False when nobody reads.
///
/// # Errors
/// As [`cli::Output::print`].
pub fn print_rest(
    session: &Session,
    changes: &mut [Record],
    before: Option<WrittenFile>,
) -> Result<bool, CommandError> {
    let text: String = changes.iter().map(|change| format!("{change}\n")).collect();
    if let Some(lacking) = lacking(&text, before, file(session)) {
        session.output.print_text(lacking)?;
        return ended(session);
    }
    changes.iter_mut().for_each(|change| change.insert("repeat", true.into()));
    print(session, changes)
}

fn ended(session: &Session) -> Result<bool, CommandError> {
    session.output.flush()?;
    let is_read = session.output.is_read();
    if is_read {
        stdout::sync();
    }
    Ok(is_read)
}

/// What of the text is not in the file yet; nothing if that cannot be told.
fn lacking(text: &str, before: Option<WrittenFile>, now: Option<WrittenFile>) -> Option<&str> {
    let (before, now) = (before?, now?);
    let is_same = (before.device, before.inode) == (now.device, now.inode);
    let printed = now.length.checked_sub(before.length).filter(|_| is_same)?;
    text.get(usize::try_from(printed).ok()?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_told_from_the_length() {
        let file = |inode: u64, length: u64| Some(WrittenFile { device: 1, inode, length });
        for (before, now, expected) in [
            (file(7, 100), file(7, 100), Some("abcdef")),
            (file(7, 100), file(7, 103), Some("def")),
            (file(7, 100), file(7, 106), Some("")),
            (file(7, 0), file(7, 0), Some("abcdef")),
            // Somebody else has written, cut it, or it is another file.
            (file(7, 100), file(7, 107), None),
            (file(7, 100), file(7, 99), None),
            (file(7, 100), file(8, 100), None),
            (None, file(7, 100), None),
            (file(7, 100), None, None),
        ] {
            assert_eq!(lacking("abcdef", before, now), expected, "{before:?} {now:?}");
        }
    }
}
