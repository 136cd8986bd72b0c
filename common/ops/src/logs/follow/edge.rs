//! The threads of following: one for each stream, and some for requests. What comes of them are events.

use model::Record;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use api::{Client, logs, send::clock};
use cli::failure;

use super::schedule::{Event, Why};
use super::{event, path, printed_lines};

/// Pages of a stored log that are read for one filling; more is left to a `gap`.
const MOST_PAGES: u64 = 100;

/// Reads a stored log, newest first: to begin its newest page, else back to a time or to its beginning.
/// True: there are older entries.
pub(in crate::logs) fn fetch(
    client: &Client,
    id: &str,
    why: Why,
    until: Option<&str>,
) -> std::result::Result<(Vec<Record>, bool), api::Error> {
    let path = path(id);
    let mut page = logs::page(client, &path, 1, logs::PAGE_SIZE)?;
    let mut known = logs::ReadEntries::default();
    known.take_out_of(&mut page);
    let mut entries = std::mem::take(&mut page.entries);
    for number in 2..=MOST_PAGES {
        let reached = until
            .is_some_and(|until| entries.iter().any(|entry| printed_lines::time(entry) < until));
        if why == Why::Begin || reached || !page.more {
            break;
        }
        page = logs::page(client, &path, number, logs::PAGE_SIZE)?;
        known.take_out_of(&mut page);
        entries.append(&mut page.entries);
    }
    Ok((entries, page.more))
}

/// The ids of streams, by number and turn.
type Streams = Arc<Mutex<std::collections::HashMap<(usize, u32), String>>>;
type Job = Box<dyn FnOnce(&Client) -> Event + Send>;

/// The threads. They are not waited for: the process ends with the loop.
pub(super) struct Edge {
    jobs: Sender<Job>,
    /// Devices for streams do not wait behind logs that cannot be read.
    adds: Sender<Job>,
    news: Sender<Event>,
    pub(super) events: Receiver<Event>,
    streams: Streams,
}

impl Edge {
    #[expect(clippy::disallowed_methods, reason = "they end when the queue does, with the run")]
    /// Starts so many threads that read stored logs, and one that adds devices to streams.
    pub(super) fn start(client: &Client, workers: usize) -> Self {
        let (jobs, reads) = channel::<Job>();
        let (adds, queue_of_adds) = channel::<Job>();
        let (news, events) = channel();
        let reads = Arc::new(Mutex::new(reads));
        let queues = std::iter::repeat_n(reads, workers);
        for queue in queues.chain([Arc::new(Mutex::new(queue_of_adds))]) {
            let (client, news) = (client.clone(), news.clone());
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
        Edge { jobs, adds, news, events, streams: Streams::default() }
    }

    /// Has a stored log read.
    pub(super) fn fetch(&self, device: usize, id: String, why: Why, until: Option<String>) {
        let read = move |client: &Client| {
            let began = clock::monotonic();
            let result = fetch(client, &id, why, until.as_deref()).map_err(failure);
            let took = clock::monotonic().duration_since(began);
            Event::Fetched { device, why, took, result }
        };
        // The workers live as long as we do.
        let _queued = self.jobs.send(Box::new(read));
    }

    /// Has a device added to a stream.
    pub(super) fn add(&self, stream: usize, turn: u32, device: usize, id: String) {
        let streams = self.streams.clone();
        let add = move |client: &Client| {
            let name = streams.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let name = name.get(&(stream, turn)).cloned().unwrap_or_default();
            let result = client.add_to_log_stream(&name, &id).map_err(failure);
            Event::Added { stream, turn, device, result }
        };
        let _queued = self.adds.send(Box::new(add));
    }

    /// Opens a stream, and reads it to its end.
    #[expect(clippy::disallowed_methods, reason = "it ends with its stream, or with the process")]
    pub(super) fn open(&self, client: &Client, stream: usize, turn: u32) {
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
