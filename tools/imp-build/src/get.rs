//! `imp-build get`
//!
//! Careful about files that are there already: they are written over only with consent.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use clap::Args;
use cli::api::deployments::without_code;
use cli::api::identify::Thing;
use cli::each::{Acted, Acting, Work};
use cli::{Failure, FailureKind, Record, Row, Session, Stop, prompt, stdout};

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
            return Err(Stop::usage("only one of the two programs can go to stdout"));
        }
        self.may_write_over()?;
        let session = Session::open(&self.common)?;
        if to_stdout == 1 {
            return self.print(&session);
        }
        let written = Written::default();
        let mut work = Work::reading(self.builds.given());
        // Questions come one after the other.
        work.in_turn = !self.confirmed && prompt::is_possible();
        session.each(&work, |row| self.get(&session, row, &written))
    }

    /// Without anybody to ask, files that are named and there end the command before anything is sent.
    fn may_write_over(&self) -> Result<(), Stop> {
        let named = [&self.device_file, &self.agent_file].into_iter().flatten();
        let there = named.filter(|path| *path != "-").find(|path| Path::new(path).exists());
        match there {
            Some(path) if !self.confirmed && !prompt::is_possible() => Err(Stop::usage(format!(
                "{path} is there already; there is no terminal to ask on, so nothing was done: add \
                 --confirmed to write over it"
            ))),
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

    fn get(&self, session: &Session, row: &Row, written: &Written) -> Acting {
        let build = session.thing(Thing::Deployment, row, &[])?;
        let whole = session.get("deployments", cli::text(&build, "id"))?;
        let mut files = Record::new();
        for (code, option, ending) in self.programs() {
            let own = || format!("{}.{ending}.nut", cli::text(&whole, "id"));
            let path = option.map_or_else(own, str::to_owned);
            written.write(&path, cli::text(&whole, code), self.confirmed)?;
            files.insert(format!("{ending}_file"), path.into());
        }
        let mut record = without_code(whole);
        record.extend(files);
        Ok(Acted::read(record))
    }

    /// One build, one program to stdout as it is; the other to its file if one is named.
    fn print(&self, session: &Session) -> cli::Result {
        let given = self.builds.given();
        let [text] = given.identifiers else {
            return Err(Stop::usage("to stdout goes the code of one build: name it with --build"));
        };
        let row = Row::bare(text, given.option);
        let build = session.thing(Thing::Deployment, &row, &[])?;
        let whole = session.get("deployments", cli::text(&build, "id"))?;
        let written = Written::default();
        for (code, option, _) in self.programs() {
            match option {
                Some("-") => stdout::print(cli::text(&whole, code)),
                Some(path) => written.write(path, cli::text(&whole, code), self.confirmed)?,
                None => {}
            }
        }
        Ok(cli::Exit::Done)
    }
}

/// Files written in this run: two builds must not go to one file.
#[derive(Default)]
struct Written {
    paths: Mutex<HashSet<String>>,
}

impl Written {
    fn write(&self, path: &str, code: &str, confirmed: bool) -> Result<(), Failure> {
        if !self.paths.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
            let title = format!("{path} has the code of another build already");
            return Err(Failure::new(FailureKind::BadInput, title).detail(
                "leave --device-file and --agent-file out for files with their own names",
            ));
        }
        if Path::new(path).exists() && !confirmed && !consents(path) {
            return Err(Failure::new(FailureKind::Conflict, format!("{path} is there already"))
                .detail("--confirmed writes over it"));
        }
        fs::write(path, code).map_err(|error| {
            Failure::new(FailureKind::BadInput, format!("Cannot write {path}: {error}"))
        })
    }
}

fn consents(path: &str) -> bool {
    prompt::is_possible()
        && prompt::confirm(&format!("{path} is there already and would be written over."))
            .unwrap_or(false)
}
