//! `imp-hook listen`
//!
//! Calls come in by [`server`], become records in [`event`], go through [`commit`] into the [`journal`],
//! and from there to stdout by the [`printer`].

mod call;
mod commit;
mod counts;
mod event;
mod journal;
mod printer;
mod ready;
mod registration;
mod repeats;
mod secret;
mod server;

use cli::{Record, Secret};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args;
use cli::api::send::clock;
use cli::terminal::{signals, stderr};
use cli::{CommandError, Exit, Output, Session};
use serde_json::json;

use crate::hook::Event;
use commit::{Committer, Progress};
use counts::Counts;
use journal::{Found, Journal};
use printer::Printed;
use ready::Ready;
use registration::Registration;
use repeats::Repeats;
use server::Server;

/// How often the end is looked for.
const TICK: Duration = Duration::from_millis(50);
/// A reader of stdout that takes nothing for so long is not waited for at the end.
const PATIENCE_WITH_READER: Duration = Duration::from_secs(5);

/// Receive the calls of webhooks and print each as a record
///
/// A call is written to the journal and on the disk before it is answered 200. The path is
/// /SECRET/NAME; NAME is a name of your choice that comes out as `hook`, best the event.
#[derive(Args)]
pub struct Listen {
    /// Where to listen; port 0 is any free one. For calls from outside put a TLS proxy in front
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The file that every event is written to before it is acknowledged; it is never emptied
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
    /// Where the secret of the path is kept; made when it is not there [default: JOURNAL.secret]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Print the events that the journal already has first
    #[arg(long)]
    replay: bool,
    /// Write a line of JSON with the address and the URL to this file descriptor when listening, and close it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    ready_fd: Option<i32>,
    /// Create webhooks at the service, and remove them at the end
    #[arg(long, requires_all = ["dg", "event", "url"])]
    create: bool,
    /// With --create: the device groups; repeatable
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", requires = "create")]
    dg: Vec<String>,
    /// With --create: the events; repeatable
    #[arg(long, short, value_name = "EVENT", value_enum, requires = "create")]
    event: Vec<Event>,
    /// With --create: how this listener is reached from outside, as https://hooks.example.com
    #[arg(long, short, value_name = "URL", requires = "create")]
    url: Option<String>,
    #[command(flatten)]
    common: cli::Common,
}

impl Listen {
    pub fn run(&self) -> cli::Result {
        self.check_url()?;
        let ready = self.ready_fd.map(Ready::take).transpose()?;
        let stop = signals::stop();
        let output = Arc::new(Output::open(&self.common, None)?);
        output.expect_type(event::TYPE);
        let session = self.create.then(|| Session::open(&self.common)).transpose()?;
        let (journal, found) = Journal::open(&self.journal, &is_young)?;
        let secret_file = self.secret_file();
        let secret = secret::kept_in(&secret_file)?;
        say_cut(&found);
        let listener = TcpListener::bind(self.listen).map_err(|error| {
            CommandError::usage(format!("cannot listen on {}: {error}", self.listen))
        })?;
        let address =
            listener.local_addr().map_err(|error| CommandError::usage(error.to_string()))?;
        let printer = self.start_printer(&journal, &output)?;
        let counts = Arc::new(Counts::default());
        let committer =
            Committer::start(journal, seen(&found), printer.progress.clone(), counts.clone());
        let server = Server::start(listener, secret.clone(), committer, counts.clone());
        let hooks = match session {
            Some(session) => {
                let base = base(self.url.as_deref().unwrap_or_default(), &secret);
                Some(Registration::make(session, &self.dg, &self.event, &base)?)
            }
            None => None,
        };
        let file = &secret_file;
        // From here on hooks may be there, so everything goes through the ordinary end.
        let announced = announce(address, &secret, file, hooks.as_ref(), ready);
        while announced.is_ok() && !stop.load(Ordering::Relaxed) && !printer.is_over() {
            clock::wait(TICK);
        }
        let removed = hooks.is_none_or(|hooks| hooks.remove());
        server.close();
        let printed = printer.end();
        stderr::say(&counts.sentence());
        announced?;
        printed.map(|exit| if removed { exit } else { exit.and(Exit::SomeFailed) })
    }

    fn check_url(&self) -> cli::Result<()> {
        if self.url.as_deref().is_some_and(|url| url.contains(['?', '#'])) {
            return Err(CommandError::usage(
                "--url: the path of each webhook is put behind it, so it ends before ? and #",
            ));
        }
        Ok(())
    }

    fn secret_file(&self) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| {
            let mut name = self.journal.clone().into_os_string();
            name.push(".secret");
            name.into()
        })
    }

    #[expect(clippy::disallowed_methods, reason = "Printer::end waits for it")]
    fn start_printer(
        &self,
        journal: &Journal,
        output: &Arc<Output>,
    ) -> Result<Printer, CommandError> {
        let printer = Printer::default();
        printer.progress.set(|state| state.committed = journal.length());
        let start = if self.replay { 0 } else { journal.length() };
        printer.printed.position.store(start, Ordering::SeqCst);
        let file = journal.reader().map_err(|error| CommandError::usage(error.to_string()))?;
        let (output, progress, printed) =
            (output.clone(), printer.progress.clone(), printer.printed.clone());
        thread::spawn(move || {
            if let Err(error) = printer::print(&file, &progress, &output, &printed) {
                stderr::say(&error.to_string());
                progress.set(|state| state.broken = true);
            }
            printed.done.store(true, Ordering::SeqCst);
        });
        Ok(printer)
    }
}

/// Says where it listens. The secret is shown to a person, and to who asked for it by --ready-fd; a log
/// gets the name of its file.
fn announce(
    address: SocketAddr,
    secret: &Secret,
    file: &Path,
    hooks: Option<&Registration>,
    ready: Option<Ready>,
) -> Result<(), CommandError> {
    let origin = format!("http://{address}");
    let url = base(&origin, secret);
    if stderr::is_terminal() {
        stderr::say(&format!("listening on {url}NAME"));
    } else {
        stderr::say(&format!(
            "listening on {origin}/SECRET/NAME, the secret is in {}",
            file.display()
        ));
    }
    if let Some(hooks) = hooks {
        stderr::say(&format!("{} webhooks call it until it ends", hooks.count()));
    }
    let line = json!({"address": address.to_string(), "url": url});
    ready.map_or(Ok(()), |ready| ready.tell(&line))
}

fn say_cut(found: &Found) {
    if found.cut > 0 {
        stderr::say(&format!("cut {} bytes of an unfinished event off the journal", found.cut));
    }
}

/// The URL of all hooks up to their names.
fn base(origin: &str, secret: &Secret) -> String {
    format!("{}/{}/", origin.trim_end_matches('/'), secret.expose())
}

/// When an event of the journal came.
fn received_at(event: &Record) -> Option<SystemTime> {
    humantime::parse_rfc3339(cli::text(event, "received_at")).ok()
}

fn is_young(event: &Record) -> bool {
    let age = received_at(event).map(|time| clock::now().duration_since(time));
    age.is_some_and(|age| age.is_ok_and(|age| age <= repeats::REMEMBERED))
}

/// The calls of the last minute, from the journal: a repeat is one after a restart too.
fn seen(found: &Found) -> Repeats {
    let mut repeats = Repeats::default();
    for event in &found.last {
        if let (Some(time), Some(digest)) =
            (received_at(event), event::from_hex(cli::text(event, "digest")))
        {
            repeats.note(digest, time);
        }
    }
    repeats
}

/// The thread that prints.
#[derive(Default)]
struct Printer {
    progress: Arc<Progress>,
    printed: Arc<Printed>,
}

impl Printer {
    /// Nobody reads any more, or the journal is broken.
    fn is_over(&self) -> bool {
        self.printed.done.load(Ordering::SeqCst) || self.progress.state().broken
    }

    /// Waits until everything is printed, as long as somebody takes it.
    fn end(&self) -> cli::Result {
        self.progress.set(|state| state.ended = true);
        let mut last = (clock::monotonic(), 0);
        while !self.printed.done.load(Ordering::SeqCst) {
            let position = self.printed.position.load(Ordering::SeqCst);
            if position != last.1 {
                last = (clock::monotonic(), position);
            }
            if clock::monotonic().duration_since(last.0) > PATIENCE_WITH_READER {
                stderr::say(
                    "the reader of stdout takes nothing; the rest of the events is in the journal",
                );
                return Ok(Exit::SomeFailed);
            }
            clock::wait(TICK);
        }
        Ok(if self.progress.state().broken { Exit::CouldNotRun } else { Exit::Done })
    }
}
