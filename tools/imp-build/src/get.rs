//! `imp-build get`
//!
//! Careful about files that are there already: they are written over only with consent.

use model::{ErrorKind, Record, ResourceKind};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use api::deployments::without_code;
use clap::Args;
use cli::rows::{RowDone, RowJob, RowResult, each};
use cli::terminal::{prompt, stdout};
use cli::{CommandError, Session};
use pipe::{Failure, Row};

/// Write the code of builds to files
///
/// Prints the builds, each with the names of its files in `device_file` and `agent_file`. With `-` as a
/// file the code goes to stdout instead, and nothing else.
#[derive(Args)]
pub struct Get {
    /// Where the device's code goes; `-` is stdout [default: ID.device.nut]
    #[arg(
        long,
        short = 'x',
        value_name = "FILE",
        allow_hyphen_values = true,
        conflicts_with = "agent_only"
    )]
    device_file: Option<String>,
    /// Where the agent's code goes; `-` is stdout [default: ID.agent.nut]
    #[arg(
        long,
        short = 'y',
        value_name = "FILE",
        allow_hyphen_values = true,
        conflicts_with = "device_only"
    )]
    agent_file: Option<String>,
    /// Only the device's code
    #[arg(long, short = 'i')]
    device_only: bool,
    /// Only the agent's code
    #[arg(long, short = 'j', conflicts_with = "device_only")]
    agent_only: bool,
    /// Write over files that are there without asking
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    builds: cli::Deployments,
    #[command(flatten)]
    common: cli::Common,
}

impl Get {
    pub fn run(&self) -> cli::Result {
        let files = [&self.device_file, &self.agent_file];
        let to_stdout = files.iter().filter(|path| path.as_deref() == Some("-")).count();
        if to_stdout > 1 {
            return Err(CommandError::usage("only one of the two programs can go to stdout"));
        }
        if self.device_file.is_some() && self.device_file == self.agent_file {
            return Err(CommandError::usage("the two programs cannot go to the same file"));
        }
        self.may_write_over()?;
        let session = Session::open(&self.common)?;
        if to_stdout == 1 {
            return self.print(&session);
        }
        let written = Written::default();
        let mut job = RowJob::reading(self.builds.row_args());
        // Questions come one after the other, and a file that is named is the first row's.
        let asks = !self.confirmed && prompt::is_possible();
        job.in_turn = asks || files.iter().any(|file| file.is_some());
        each(&session, &job, |row| self.get(&session, row, &written))
    }

    /// Without anybody to ask, files that are named and there end the command before anything is sent.
    fn may_write_over(&self) -> Result<(), CommandError> {
        let named = [&self.device_file, &self.agent_file].into_iter().flatten();
        let there = named.filter(|path| *path != "-").find(|path| Path::new(path).exists());
        match there {
            Some(path) if !self.confirmed && !prompt::is_possible() => {
                Err(CommandError::usage(format!(
                    "{path} is there already; there is no terminal to ask on, so nothing was done: add \
                 --confirmed to write over it"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The programs that are wanted: the attribute, the option, the ending of the default name.
    fn programs(&self) -> Vec<(&'static str, Option<&str>, &'static str)> {
        let device = ("device_code", self.device_file.as_deref(), "device");
        let agent = ("agent_code", self.agent_file.as_deref(), "agent");
        let wanted = [(device, !self.agent_only), (agent, !self.device_only)];
        wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(program, _)| program).collect()
    }

    fn get(&self, session: &Session, row: &Row, written: &Written) -> RowResult {
        let build = session.resource(ResourceKind::Deployment, row, &[])?;
        let whole = session.get("deployments", cli::text(&build, "id"))?;
        let mut names = Record::new();
        let mut files = Vec::new();
        for (code, option, ending) in self.programs() {
            let own = || format!("{}.{ending}.nut", cli::text(&whole, "id"));
            let path = option.map_or_else(own, str::to_owned);
            names.insert(&format!("{ending}_file"), path.clone().into());
            files.push((path, cli::text(&whole, code)));
        }
        written.write(&files, self.confirmed)?;
        let mut record = without_code(whole);
        record.extend(names);
        Ok(RowDone::read(record))
    }

    /// One build, one program to stdout as it is; the other to its file if one is named.
    fn print(&self, session: &Session) -> cli::Result {
        let args = self.builds.row_args();
        let [text] = args.source.identifiers else {
            return Err(CommandError::usage(
                "to stdout goes the code of one build: name it with --build",
            ));
        };
        let text = session
            .single(ResourceKind::Deployment, args.source.option, Some(text))?
            .unwrap_or_default();
        let row = Row::bare(&text, args.source.option);
        let build = session.resource(ResourceKind::Deployment, &row, &[])?;
        let whole = session.get("deployments", cli::text(&build, "id"))?;
        let code = |(code, option, _): (&str, Option<&str>, &str)| {
            option.map(|path| (path.to_owned(), cli::text(&whole, code)))
        };
        let (to_stdout, files): (Vec<_>, Vec<_>) =
            self.programs().into_iter().filter_map(code).partition(|(path, _)| path == "-");
        Written::default().write(&files, self.confirmed)?;
        to_stdout.iter().for_each(|(_, code)| stdout::print(code));
        Ok(cli::Exit::Done)
    }
}

/// Files written in this run: two builds must not go to one file.
#[derive(Default)]
struct Written {
    paths: Mutex<HashSet<String>>,
}

impl Written {
    /// Writes the files of one build: all of them, or none where one of them must not be written.
    fn write(&self, files: &[(String, &str)], confirmed: bool) -> Result<(), Failure> {
        self.claim(files)?;
        for (path, _) in files {
            let directory =
                Path::new(path).parent().filter(|directory| *directory != Path::new(""));
            if Path::new(path).is_dir() || directory.is_some_and(|directory| !directory.is_dir()) {
                let title = format!("{path} cannot be a file");
                return Err(Failure::new(ErrorKind::BadInput, title)
                    .detail("it is a directory, or the directory of it is not there"));
            }
            if Path::new(path).exists() && !confirmed && !consents(path) {
                let title = format!("{path} is there already");
                return Err(Failure::new(ErrorKind::Conflict, title)
                    .detail("--confirmed writes over it; nothing was written"));
            }
        }
        files.iter().try_for_each(|(path, code)| {
            fs::write(path, code).map_err(|error| {
                Failure::new(ErrorKind::BadInput, format!("Cannot write {path}: {error}"))
            })
        })
    }

    fn claim(&self, files: &[(String, &str)]) -> Result<(), Failure> {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, _)) = files.iter().find(|(path, _)| paths.contains(path)) {
            let title = format!("{path} has the code of another build already");
            return Err(Failure::new(ErrorKind::BadInput, title).detail(
                "leave --device-file and --agent-file out for files with their own names",
            ));
        }
        paths.extend(files.iter().map(|(path, _)| path.clone()));
        Ok(())
    }
}

fn consents(path: &str) -> bool {
    prompt::is_possible()
        && prompt::confirm(&format!("{path} is there already and would be written over."))
            .unwrap_or(false)
}
