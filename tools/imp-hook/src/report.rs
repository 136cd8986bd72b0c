//! `imp-hook report`
//!
//! The journal of a shift as figures. They are counted in [`books`], which knows neither files nor a clock; here the
//! files are read and the report is shown: as records, to a person, or as a page for a browser.

mod books;
mod html;
mod person;
mod printed;
mod read;
mod times;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use api::send::clock;
use clap::Args;
use cli::terminal::interruptible::Inputs;
use cli::terminal::{local_time, signals};
use cli::{CommandError, Exit, Output, Readers};

use books::{Books, By, Period};
pub use printed::PRINTED;
use read::Lists;

/// Close the books on a shift: what the journal of imp-hook listen shows
///
/// Blessed, activated and doubled devices, rejected and missing ones as far as a list shows them, the
/// first-pass yield, the rate, and the gaps. Asks the service for nothing.
#[derive(Args)]
pub struct Report {
    /// The file of imp-hook listen; repeatable; `-` is stdin
    #[arg(long, value_name = "FILE", required = true, display_order = 0)]
    journal: Vec<PathBuf>,
    /// A line for each fixture, hour or group
    #[arg(long, value_name = "WHAT", value_enum, hide_possible_values = true, display_order = 0)]
    by: Option<By>,
    /// The devices that should have been blessed
    #[arg(long, value_name = "FILE", display_order = 0)]
    expected: Vec<PathBuf>,
    /// Those that are under test, as imp-device list --dg DUTS
    #[arg(long, value_name = "FILE", display_order = 0)]
    duts: Vec<PathBuf>,
    /// Events from this time on, as 8h ago
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago, display_order = 0)]
    since: Option<SystemTime>,
    /// Events before this time
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago, display_order = 0)]
    before: Option<SystemTime>,
    /// Longer without a blessing is a gap
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = cli::duration, display_order = 0)]
    gap: Duration,
    /// Write a page for browsers and printers to this file
    #[arg(long, value_name = "FILE", display_order = 0)]
    html: Option<PathBuf>,
    #[command(flatten)]
    common: cli::Common,
}

impl Report {
    pub fn run(&self) -> cli::Result {
        self.check()?;
        let output = Output::open(&self.common, None)?;
        output.expect_type(printed::SHIFT.name);
        // It changes nothing; otherwise each row would be kept.
        cli::journal::none();
        let inputs = Inputs::until(signals::stop());
        let period = Period::asked(self.since, self.before, clock::now());
        let mut books = Books::new(period, local_time::hour);
        let mut exit = read::journal(&self.journal, &inputs, &mut books)?;
        let lists = Lists { expected: &self.expected, under_test: &self.duts };
        exit = exit.and(lists.read(&inputs, &mut books)?);
        if inputs.are_stopped() {
            return Err(CommandError::silent(Exit::Interrupted));
        }
        if let Some(path) = &self.html {
            let page = html::page(&books, self.gap);
            cli::replace_file(path, page.as_bytes(), Readers::Everybody)
                .map_err(|error| cannot_write(path, &error))?;
        }
        if output.is_for_a_person() {
            output.print_page(&person::page(&books, self.by.unwrap_or(By::Hour), self.gap))?;
        } else {
            printed::records(&books, self.by, self.gap)
                .iter()
                .try_for_each(|record| output.print(record))?;
        }
        output.finish()?;
        Ok(exit)
    }

    /// Before anything is read: whether it fits together, and the page can be written.
    fn check(&self) -> Result<(), CommandError> {
        if self.since.zip(self.before).is_some_and(|(since, before)| since >= before) {
            return Err(CommandError::usage("--since is not before --before"));
        }
        if let Some(html) = &self.html {
            if html.as_os_str() == "-" {
                let why = "--html: name a file; stdout has the records of the report";
                return Err(CommandError::usage(why));
            }
            let same = |file: &&PathBuf| {
                file.canonicalize().is_ok_and(|file| html.canonicalize().is_ok_and(|it| it == file))
            };
            let read = self.journal.iter().chain(&self.expected).chain(&self.duts);
            if let Some(file) = read.into_iter().find(same) {
                let file = file.display();
                return Err(CommandError::usage(format!(
                    "--html would replace {file}, which is read"
                )));
            }
            cli::replaceable(html, Readers::Everybody)
                .map_err(|error| cannot_write(html, &error))?;
        }
        Ok(())
    }
}

fn cannot_write(path: &std::path::Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot write {}: {error}", path.display()))
}
