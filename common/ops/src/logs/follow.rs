//! Following logs: `imp-log stream`, and `--log` of the restarts.
//!
//! [`schedule`] decides what to do, [`printed_lines`] what has been printed, [`event`] what a stream's events mean; all
//! pure. Here is the edge: a thread for each stream, some for requests, and the loop between them.

mod after_restart;
mod devices;
mod event;
mod printed_lines;
mod schedule;

use model::Record;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use api::{Client, logs, send::clock};
use pipe::Failure;

pub use after_restart::{LogAfter, LogPositions, each_followed};
use cli::Output;
use cli::Session;
use cli::{CommandError, failure};
use cli::{Exit, Result, terminal::progress, terminal::stderr};
pub use devices::{FollowRows, follow_rows};
use printed_lines::PrintedLines;
pub use schedule::GAP;
use schedule::{Action, Event, Schedule, Why};

/// How often is looked at what is due, and at signals.
const TICK: Duration = Duration::from_millis(50);
/// Pages of a stored log that are read for one filling; more is left to a `gap`.
const MOST_PAGES: u64 = 100;

/// A device to follow.
#[derive(Debug)]
struct Followed {
    id: String,
    printed_lines: Option<PrintedLines>,
}

impl Followed {
    /// A device by its id, followed from now on.
    fn from_now(id: impl Into<String>) -> Self {
        Followed { id: id.into(), printed_lines: None }
    }
}

/// Notes where the log of a device ends now, to follow it from here later: before a restart.
/// Refused for devices whose logs may not be read.
fn mark_log(session: &Session, id: &str) -> std::result::Result<Followed, Failure> {
    let page = logs::page(&session.client, &path(id), 1, logs::PAGE_SIZE).map_err(failure)?;
    let mut printed_lines = PrintedLines::default();
    printed_lines.begin(&page.entries, page.more);
    Ok(Followed { id: id.to_owned(), printed_lines: Some(printed_lines) })
}

/// Prints what devices log to `output`, until Ctrl-C, or until nobody reads or no device is left. `failed` gets
/// the devices that cannot be followed. Fails when the run is over: not signed in, or the service out of reach.
fn follow(
    session: &Session,
    output: &Output,
    devices: Vec<Followed>,
    streams: usize,
    mut failed: impl FnMut(&str, &Failure),
) -> Result {
    output.expect_log(devices.len() > 1);
    let devices = devices.into_iter().map(|device| (device.id, device.printed_lines)).collect();
    // A long run: it shares the account's pace from the beginning, not when others are under way.
    let _known_or_not = session.account();
    progress::end();
    let mut schedule = Schedule::new(devices, streams, clock::monotonic());
    let edge = Edge::start(&session.client, usize::from(session.common.jobs));
    let mut exit = Exit::Done;
    while !session.is_stopped() && !schedule.is_over() {
        let mut actions = schedule.due(clock::monotonic());
        match clock::receive(&edge.events, TICK) {
            Ok(what) => {
                actions.extend(schedule.handle(what, clock::monotonic()));
                for what in edge.events.try_iter().take(1000) {
                    actions.extend(schedule.handle(what, clock::monotonic()));
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        for action in actions {
            match &action {
                Action::End(failure) => return Err(failure.clone().into()),
                Action::Fail { failure, .. } if failure.kind.ends_run() => {
                    return Err(failure.clone().into());
                }
                Action::Fail { device, failure } => {
                    failed(schedule.id(*device), failure);
                    exit = exit.and(Exit::of_failure(failure));
                }
                _ => {}
            }
            carry_out(session, action, &schedule, &edge, output)?;
        }
        output.flush()?;
        if !output.is_read() {
            break;
        }
    }
    Ok(exit)
}

fn carry_out(
    session: &Session,
    action: Action,
    schedule: &Schedule,
    edge: &Edge,
    output: &Output,
) -> std::result::Result<(), CommandError> {
    match action {
        Action::Print(record) => output.print(&record)?,
        Action::Say(text) => stderr::say(&text),
        Action::Fail { .. } | Action::End(_) => {}
        Action::Open { stream, turn } => edge.open(&session.client, stream, turn),
        Action::Fetch { device, why, until } => {
            let id = schedule.id(device).to_owned();
            edge.request(move |client| {
                let result = fetch(client, &id, why, until.as_deref()).map_err(failure);
                Event::Fetched { device, why, result }
            });
        }
        Action::Add { stream, turn, device } => {
            let (id, streams) = (schedule.id(device).to_owned(), edge.streams.clone());
            edge.request(move |client| {
                let name = streams.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let name = name.get(&(stream, turn)).cloned().unwrap_or_default();
                let result = client.add_to_log_stream(&name, &id).map_err(failure);
                Event::Added { stream, turn, device, result }
            });
        }
    }
    Ok(())
}

fn path(id: &str) -> String {
    format!("/devices/{}", api::segment(id))
}

/// Reads a stored log, newest first: to begin its newest page, else back to a time or to its beginning.
/// True: there are older entries.
fn fetch(
    client: &Client,
    id: &str,
    why: Why,
    until: Option<&str>,
) -> std::result::Result<(Vec<Record>, bool), api::Error> {
    let path = path(id);
    let mut page = logs::page(client, &path, 1, logs::PAGE_SIZE)?;
    let mut entries = std::mem::take(&mut page.entries);
    for number in 2..=MOST_PAGES {
        let reached = until
            .is_some_and(|until| entries.iter().any(|entry| printed_lines::time(entry) < until));
        if why == Why::Begin || reached || !page.more {
            break;
        }
        page = logs::page(client, &path, number, logs::PAGE_SIZE)?;
        let known = logs::overlap(&entries, &page.entries);
        entries.extend(page.entries.drain(known..));
    }
    Ok((entries, page.more))
}

/// The ids of streams, by number and turn.
type Streams = Arc<Mutex<std::collections::HashMap<(usize, u32), String>>>;
type Job = Box<dyn FnOnce(&Client) -> Event + Send>;

/// The threads. They are not waited for: the process ends with the loop.
struct Edge {
    jobs: Sender<Job>,
    news: Sender<Event>,
    events: Receiver<Event>,
    streams: Streams,
}

impl Edge {
    #[expect(clippy::disallowed_methods, reason = "they end when the queue does, with the run")]
    fn start(client: &Client, workers: usize) -> Self {
        let (jobs, queue) = channel::<Job>();
        let (news, events) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..workers {
            let (client, queue, news) = (client.clone(), queue.clone(), news.clone());
            thread::spawn(move || {
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = job else { return };
                    if news.send(job(&client)).is_err() {
                        return;
                    }
                }
            });
        }
        Edge { jobs, news, events, streams: Streams::default() }
    }

    fn request(&self, job: impl FnOnce(&Client) -> Event + Send + 'static) {
        // The workers live as long as we do.
        let _queued = self.jobs.send(Box::new(job));
    }

    #[expect(clippy::disallowed_methods, reason = "it ends with its stream, or with the process")]
    fn open(&self, client: &Client, stream: usize, turn: u32) {
        let (client, news, streams) = (client.clone(), self.news.clone(), self.streams.clone());
        thread::spawn(move || {
            let (why, failure) = match client.create_log_stream() {
                Ok(id) => {
                    let mut names = streams.lock().unwrap_or_else(PoisonError::into_inner);
                    names.retain(|(other, _), _| *other != stream);
                    names.insert((stream, turn), id.clone());
                    drop(names);
                    (read(&client, &id, stream, turn, &news), None)
                }
                Err(error) => (error.to_string(), Some(failure(error))),
            };
            // Nobody listens at the end of the run.
            let _over = news.send(Event::Ended { stream, turn, why, failure });
        });
    }
}

/// Reads a stream to its end; gives the reason of it.
fn read(client: &Client, id: &str, stream: usize, turn: u32, news: &Sender<Event>) -> String {
    let mut open = match client.open_log_stream(id) {
        Ok(open) => open,
        Err(error) => return error.to_string(),
    };
    let tell = |what| news.send(what).map_err(|_| String::new());
    let mut go_on = || -> std::result::Result<(), String> {
        tell(Event::Connected { stream, turn })?;
        loop {
            for line in open.read()?.iter().filter_map(event::read) {
                tell(Event::Line { stream, turn, line })?;
            }
        }
    };
    go_on().err().unwrap_or_default()
}
