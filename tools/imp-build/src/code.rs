//! The two programs of a build: from files, from stdin, or from another build.
//!
//! Files named on the command line are read before anything is sent, and stdin only once. A file named by
//! a row concerns that row alone.

use model::ErrorKind;
use std::fs;
use std::io::Read;

use cli::terminal::interruptible::Inputs;
use cli::terminal::{signals, stdin};
use cli::{CommandError, RowSource};
use pipe::{Failure, Row};

/// One program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Squirrel.
    pub text: String,
    /// What to call it in messages: the path as it was given.
    pub shown: String,
}

/// The programs of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Runs on the device.
    pub device: Source,
    /// Runs in the agent.
    pub agent: Source,
    /// The sha of the build that it comes from; empty for code from files.
    pub sha: String,
}

impl Code {
    /// Whether both programs are the same.
    pub fn is_that_of(&self, other: &Code) -> bool {
        self.device.text == other.device.text && self.agent.text == other.agent.text
    }
}

/// The files of the command line, read.
#[derive(Default)]
pub struct Files {
    device: Option<Source>,
    agent: Option<Source>,
}

impl Files {
    /// Reads the files of `--device-file` and `--agent-file`; `-` is stdin.
    ///
    /// # Errors
    /// Exit 2 for a file that cannot be read, and when there is no code at all.
    pub fn read(
        device: Option<&str>,
        agent: Option<&str>,
        source: &RowSource<'_>,
    ) -> Result<Self, CommandError> {
        let dashes = [device, agent].iter().filter(|path| **path == Some("-")).count();
        if dashes > 1 {
            return Err(CommandError::usage("only one of the two programs can come from stdin"));
        }
        if dashes == 1 && source.reads_stdin() {
            return Err(CommandError::usage(format!(
                "stdin cannot give both the code and something else; name the {}s with {}",
                source.noun, source.option
            )));
        }
        let rows_may_name_files = source.identifiers.is_empty() || source.reads_stdin();
        let read = |path: Option<&str>| path.map(read_option).transpose();
        if device.is_some() || agent.is_some() || rows_may_name_files {
            if !rows_may_name_files && (device.is_none() || agent.is_none()) {
                cli::project_file::say_code_is_not_used();
            }
            return Ok(Files { device: read(device)?, agent: read(agent)? });
        }
        match cli::project_file::code_files()? {
            Some((device, agent)) => {
                Ok(Files { device: read(Some(&device))?, agent: read(Some(&agent))? })
            }
            None => Err(CommandError::usage(
                "no code given: name the files with --device-file and --agent-file",
            )),
        }
    }

    /// The code for a row: its own columns beat the command line, and what neither names is empty.
    ///
    /// # Errors
    /// `bad_input` for a file that cannot be read, and when no file is named at all.
    pub fn code(&self, row: &Row) -> Result<Code, Failure> {
        let device = of_row(row, "device_file")?.or(self.device.clone());
        let agent = of_row(row, "agent_file")?.or(self.agent.clone());
        if device.is_none() && agent.is_none() {
            return Err(cli::missing("--device-file", "a file with code"));
        }
        let (device, agent) = (device.unwrap_or_default(), agent.unwrap_or_default());
        Ok(Code { device, agent, sha: String::new() })
    }
}

fn read_option(path: &str) -> Result<Source, CommandError> {
    let shown = if path == "-" { "<stdin>" } else { path };
    let bytes = if path == "-" {
        if stdin::kind() == stdin::Stdin::Nothing {
            return Err(CommandError::usage("there is nothing on stdin to read the code from"));
        }
        let mut bytes = Vec::new();
        stdin::reader(&Inputs::until(signals::stop())).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes =
        bytes.map_err(|error| CommandError::usage(format!("cannot read {shown}: {error}")))?;
    if path == "-" && bytes.is_empty() {
        // Most likely the command before has failed.
        return Err(CommandError::usage(
            "no code came from stdin, so nothing was done; to deploy an empty program name an empty file",
        ));
    }
    source(bytes, shown).map_err(CommandError::usage)
}

fn of_row(row: &Row, column: &str) -> Result<Option<Source>, Failure> {
    let Some(path) = cli::text_option(row, &[column])? else {
        return Ok(None);
    };
    let bad = |why: String| Failure::new(ErrorKind::BadInput, why);
    if path == "-" {
        return Err(bad(format!("The column `{column}` cannot be stdin")));
    }
    let bytes = fs::read(&path).map_err(|error| bad(format!("Cannot read {path}: {error}")))?;
    source(bytes, &path).map(Some).map_err(bad)
}

fn source(bytes: Vec<u8>, shown: &str) -> Result<Source, String> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { text, shown: shown.to_owned() }),
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            Err(format!("{shown}:{}: the code is not UTF-8", line + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Record;

    fn groups(identifiers: &[String]) -> RowSource<'_> {
        RowSource::identified("device group", "--dg", identifiers)
    }

    #[test]
    fn stdin_is_read_for_one_thing_only() {
        let (none, named, dash) = ([], ["A".to_owned()], ["-".to_owned()]);
        for (device, agent, identifiers) in [
            (Some("-"), Some("-"), &named[..]),
            (Some("-"), None, &dash[..]),
            (None, Some("-"), &none[..]),
        ] {
            assert!(Files::read(device, agent, &groups(identifiers)).is_err());
        }
        assert!(Files::read(None, None, &groups(&named)).is_err(), "no code at all");
        assert!(Files::read(None, None, &groups(&none)).is_ok(), "rows may name files");
    }

    #[test]
    fn a_row_may_name_its_files_and_what_nobody_names_is_empty() {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs");
        let files = Files { device: None, agent: Some(source(b"A".to_vec(), "a").unwrap()) };
        let row = |column: &str, path: &str| {
            let record = Record::from_iter([(column.to_owned(), path.into())]);
            Row { record, source: String::new() }
        };
        let code = files.code(&row("agent_file", own)).unwrap();
        assert_eq!(code.device, Source::default());
        assert_eq!(code.agent.shown, own);
        assert_eq!(files.code(&row("x", "y")).unwrap().agent.text, "A");
        assert!(files.code(&row("agent_file", "/nowhere")).is_err());
        assert!(files.code(&row("agent_file", "-")).is_err());
        assert!(Files::default().code(&row("x", "y")).is_err());
    }

    #[test]
    fn code_that_is_not_utf8_is_refused_with_its_line() {
        assert_eq!(source(b"a\nb\xff".to_vec(), "f"), Err("f:2: the code is not UTF-8".into()));
    }
}
