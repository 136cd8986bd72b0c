//! `imp-hook listen`
//!
//! Connections are kept by [`server`]. A [`call`] becomes a record in [`event`], goes through [`commit`] into
//! the [`journal`], and from there to stdout by the [`printer`].

mod body;
mod call;
mod commit;
mod connections;
mod counts;
mod deadline;
mod duplicates;
mod event;
mod forward;
mod journal;
mod metrics;
mod printer;
mod ready;
mod refused;
mod registration;
mod secret;
mod seen;
mod server;
mod service;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use api::http::delivery::Delivery;
use api::send::clock;
use clap::Args;
use cli::terminal::{environment, signals, stderr};
use cli::{CommandError, Exit, Output, Session};
use model::schema::RecordType;
use model::{Record, Secret};
use serde_json::json;

use crate::hook::Event;
use call::Receiver;
use commit::{Committer, Progress};
use counts::Counts;
use duplicates::Duplicates;
use forward::Forwarder;
use journal::Journal;
use metrics::Metrics;
use printer::Printer;
use ready::Ready;
use refused::RefusedCalls;
use registration::Registration;
use server::Server;
use service::Service;

pub use event::TYPE as EVENT_TYPE;

/// What is printed, and what goes into files.
pub static PRINTED: [&RecordType; 3] =
    [&event::WEBHOOK_EVENT, &refused::REFUSED_CALL, &ready::LISTENER];

/// How often the end is looked for.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Receive the calls of webhooks and print each as a record
///
/// A call is on the disk before it is answered 200. The path is /SECRET/NAME; NAME is of your choice.
#[derive(Args)]
pub struct Listen {
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The file that every event is written to
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
    /// The secret of the path [default: JOURNAL.secret]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Keep refused calls in this file
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Deliver every event to this URL too
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// Counts for Prometheus; a port is one of 127.0.0.1
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = metrics::address)]
    metrics: Option<SocketAddr>,
    /// First print the events that the journal has
    #[arg(long)]
    replay: bool,
    /// Write the address to this descriptor when ready
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    ready_fd: Option<i32>,
    /// The same line into this file, while it listens
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Run under systemd: SIGTERM ends with 0
    #[arg(long)]
    service: bool,
    /// Create webhooks, and remove them at the end
    #[arg(long, requires_all = ["dg", "event", "url"])]
    create: bool,
    /// With --create: the device groups; repeatable
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", requires = "create")]
    dg: Vec<String>,
    /// With --create: blessing, blinkup or deployment
    #[arg(
        long,
        short,
        value_name = "EVENT",
        value_enum,
        requires = "create",
        hide_possible_values = true
    )]
    event: Vec<Event>,
    /// With --create: how it is reached from outside
    #[arg(long, short, value_name = "URL", requires = "create")]
    url: Option<String>,
    #[command(flatten)]
    common: cli::Common,
}

impl Listen {
    pub fn run(&self) -> cli::Result {
        if self.url.as_deref().is_some_and(|url| url.contains(['?', '#'])) {
            return Err(CommandError::usage(
                "--url: the path of each webhook is put behind it, so it ends before ? and #",
            ));
        }
        let mut ready = Ready::open(self.ready_fd)?;
        let stop = signals::stop();
        let mut service = self.service.then(|| {
            signals::expect_termination();
            Service::new(&environment::service_manager())
        });
        let output = Output::open(&self.common, None)?;
        output.expect_type(event::TYPE);
        let session = self.create.then(|| Session::open(&self.common)).transpose()?;
        let delivery = self.forward_to.as_deref().map(forward::delivery).transpose()?;
        let metrics = self.metrics.map(listener_at).transpose()?;
        let listening = self.start(output, delivery)?;
        let metrics = metrics.map(|metrics| listening.serve(metrics)).transpose()?;
        self.ready_file.as_deref().map_or(Ok(()), |file| ready.prepare(file))?;
        let create = |session| {
            let base = base(self.url.as_deref().unwrap_or_default(), &listening.secret);
            Registration::create(session, &self.dg, &self.event, &base)
        };
        let hooks = session.map(create).transpose()?;
        // From here on hooks may be there, so everything goes through the ordinary end.
        let announced = self.announce(&listening, hooks.as_ref(), metrics, &mut ready);
        if announced.is_ok() {
            listening.wait_for_end(&stop, service.as_mut());
        }
        drop(ready);
        let removed = hooks.is_none_or(|hooks| hooks.remove());
        let ended = listening.end();
        announced?;
        ended.map(|exit| if removed { exit } else { exit.and(Exit::SomeFailed) })
    }

    fn start(&self, output: Output, delivery: Option<Delivery>) -> Result<Listening, CommandError> {
        let cannot = |error: io::Error| CommandError::usage(error.to_string());
        let (journal, recovered) = Journal::open(&self.journal, &is_recent)?;
        let secret_file = self.secret_file();
        let secret = secret::read_or_create(&secret_file)?;
        let open = |path| RefusedCalls::open(path, secret.clone(), &[&self.journal, &secret_file]);
        let refused = self.refused.as_deref().map(open).transpose()?;
        if recovered.cut > 0 {
            let cut = recovered.cut;
            stderr::say(&format!("cut {cut} bytes of an unfinished event off the journal"));
        }
        let listener = listener_at(self.listen)?;
        let address = listener.local_addr().map_err(cannot)?;
        let progress = Arc::new(Progress::default());
        progress.set(|state| {
            state.committed = journal.length();
            state.printed = if self.replay { 0 } else { journal.length() };
        });
        let counts = Arc::new(Counts::default());
        let printer = Printer::start(journal.reader().map_err(cannot)?, progress.clone(), output);
        let forward = |delivery| {
            let reader = journal.reader().map_err(cannot)?;
            Forwarder::start(delivery, &origin(address), &self.journal, reader, &progress, &counts)
        };
        let forwarder = delivery.map(forward).transpose()?;
        let duplicates = duplicates_of(&recovered.recent);
        let committer = Committer::start(journal, duplicates, progress.clone(), counts.clone());
        let receiver = Receiver::new(secret.clone(), committer, counts.clone(), refused);
        let server = Server::start(listener, receiver).map_err(cannot)?;
        Ok(Listening { address, secret, server, counts, progress, printer, forwarder })
    }

    /// Says where it listens. The secret is shown on a terminal and given to --ready-fd and --ready-file; a log gets the name
    /// of its file.
    fn announce(
        &self,
        Listening { address, secret, .. }: &Listening,
        hooks: Option<&Registration>,
        metrics: Option<SocketAddr>,
        ready: &mut Ready,
    ) -> Result<(), CommandError> {
        let origin = origin(*address);
        let url = base(&origin, secret);
        if stderr::is_terminal() {
            stderr::say(&format!("listening on {url}NAME"));
        } else {
            let file = self.secret_file();
            let file = file.display();
            stderr::say(&format!("listening on {origin}/SECRET/NAME, the secret is in {file}"));
        }
        if let Some(hooks) = hooks {
            let webhooks = match hooks.count() {
                1 => "1 webhook calls".to_owned(),
                number => format!("{number} webhooks call"),
            };
            stderr::say(&format!("{webhooks} it until it ends"));
        }
        let mut line = json!({"address": address.to_string(), "url": url});
        if let Some(metrics) =
            metrics.map(|address| format!("{}{}", self::origin(address), metrics::PATH))
        {
            stderr::say(&format!("metrics are at {metrics}"));
            line["metrics"] = metrics.into();
        }
        ready.write(&line)
    }

    fn secret_file(&self) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| {
            let mut name = self.journal.clone().into_os_string();
            name.push(".secret");
            name.into()
        })
    }
}

/// A receiver that listens.
struct Listening {
    address: SocketAddr,
    secret: Secret,
    server: Server,
    counts: Arc<Counts>,
    progress: Arc<Progress>,
    printer: Printer,
    forwarder: Option<Forwarder>,
}

impl Listening {
    /// Answers at `listener` with the counts; gives its address.
    fn serve(&self, listener: TcpListener) -> Result<SocketAddr, CommandError> {
        let forwards = self.forwarder.is_some();
        let metrics = Metrics::new(self.counts.clone(), self.progress.clone(), forwards);
        let served = listener.local_addr().and_then(|address| {
            self.server.answer_also(listener, |listener| metrics::serve(listener, metrics))?;
            Ok(address)
        });
        served.map_err(|error| CommandError::usage(format!("--metrics: {error}")))
    }

    /// Waits until somebody ends it, nobody reads what it prints any more, or the journal is broken.
    fn wait_for_end(&self, stop: &AtomicBool, mut service: Option<&mut Service>) {
        service.iter_mut().for_each(|service| service.is_ready());
        while !stop.load(Ordering::Relaxed) && !self.printer.is_over() {
            clock::wait(POLL_INTERVAL);
            let is_well = |limit| self.server.answers() && !self.progress.is_stuck(limit);
            service.iter_mut().for_each(|service| service.watch(is_well));
        }
        service.iter_mut().for_each(|service| service.is_ending());
    }

    /// Takes no more calls, and waits until what came is printed.
    fn end(self) -> cli::Result {
        self.server.close();
        let printed = self.printer.end();
        self.forwarder.iter().for_each(Forwarder::end);
        stderr::say(&self.counts.summary());
        printed
    }
}

/// Listens at an address.
fn listener_at(address: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address)
        .map_err(|error| CommandError::usage(format!("cannot listen on {address}: {error}")))
}

/// Who listens at an address.
fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// The URL of all hooks up to their names.
fn base(origin: &str, secret: &Secret) -> String {
    format!("{}/{}/", origin.trim_end_matches('/'), secret.expose())
}

/// When an event of the journal was received.
fn received_at(event: &Record) -> Option<SystemTime> {
    humantime::parse_rfc3339(cli::text(event, "received_at")).ok()
}

fn is_recent(event: &Record) -> bool {
    let age = received_at(event).map(|time| clock::now().duration_since(time));
    age.is_some_and(|age| age.is_ok_and(|age| age <= duplicates::WINDOW))
}

/// The calls of the last minute, from the journal: duplicates are recognised after a restart too.
fn duplicates_of(recent: &[Record]) -> Duplicates {
    let mut duplicates = Duplicates::default();
    for event in recent {
        if let (Some(time), Some(digest)) =
            (received_at(event), event::from_hex(cli::text(event, "digest")))
        {
            duplicates.insert(digest, time);
        }
    }
    duplicates
}
