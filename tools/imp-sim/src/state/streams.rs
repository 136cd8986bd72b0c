//! Log streams: who reads, which devices are on them, what is displaced.
//!
//! A stream is a queue between the state and the one connection that reads it. Events are put in
//! without waiting: a reader that falls too far behind loses its stream, never the service's time.

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::State;
use super::ids::{DeviceId, Id};
use super::journal::LogEntry;
use super::refusal::Refusal;
use crate::variants::Variants;

/// Maximum events that wait for a reader.
const QUEUE: usize = 10_000;

/// What goes through a stream.
#[derive(Clone, Debug)]
pub enum Event {
    /// The stream or one of its devices changed: `opened`, `subscribed` and so on.
    State(&'static str, Option<DeviceId>),
    /// A device logged a line.
    Line(DeviceId, LogEntry),
    /// The connection breaks here.
    Cut,
}

/// The reading end of a stream.
#[derive(Debug)]
pub struct Feed {
    /// The stream.
    pub id: Id,
    /// Its events, `opened` first.
    pub events: Receiver<Event>,
}

struct Stream {
    id: Id,
    account: Id,
    /// In the order in which they were added.
    devices: Vec<DeviceId>,
    queue: Sender<Event>,
    /// Until somebody reads.
    unread: Option<Feed>,
}

/// All streams, oldest first.
#[derive(Default)]
pub struct Streams(Vec<Stream>);

impl Streams {
    /// A new stream. Beyond the account's limit the oldest is closed.
    pub fn create(&mut self, id: Id, account: Id, variants: &Variants) -> Id {
        let own = |stream: &&Stream| stream.account == account;
        while self.0.iter().filter(own).count() >= variants.streams_per_account.max(1) {
            let oldest = self.0.iter().position(|stream| stream.account == account);
            oldest.map(|at| self.0.remove(at)).inspect(Stream::close);
        }
        let (queue, events) = channel(QUEUE);
        let unread = Some(Feed { id, events });
        let stream = Stream { id, account, devices: Vec::new(), queue, unread };
        stream.tell("opened", None);
        self.0.push(stream);
        id
    }

    /// The reading end, for the one reader.
    pub fn open(&mut self, id: &str) -> Result<Feed, Refusal> {
        let stream = self.0.iter_mut().find(|stream| stream.id.is(id));
        let stream = stream.ok_or_else(|| Refusal::not_found("Logstream", id))?;
        stream.unread.take().ok_or_else(Refusal::stream_taken)
    }

    /// Its reader is gone.
    pub fn ended(&mut self, id: Id) {
        self.0.retain(|stream| stream.id != id);
    }

    /// Passes a line on to the streams that have the device.
    pub fn publish(&mut self, device: DeviceId, entry: &LogEntry) {
        self.0.retain(|stream| {
            !stream.devices.contains(&device)
                || stream.queue.try_send(Event::Line(device, entry.clone())).is_ok()
        });
    }

    /// Takes a device off all streams.
    pub fn drop_device(&mut self, device: DeviceId) {
        for stream in &mut self.0 {
            stream.remove(device);
        }
    }

    /// Ends all streams: with `closed` first, or by breaking their connections.
    pub fn end_all(&mut self, closed: bool) {
        for stream in self.0.drain(..) {
            if closed {
                stream.close();
            } else {
                let _ = stream.queue.try_send(Event::Cut);
            }
        }
    }

    fn of(&mut self, account: Id, id: &str) -> Result<&mut Stream, Refusal> {
        let stream = self.0.iter_mut().find(|it| it.id.is(id) && it.account == account);
        stream.ok_or_else(|| Refusal::not_found("Logstream", id))
    }
}

impl Stream {
    /// A full queue is found out when the next line comes.
    fn tell(&self, state: &'static str, device: Option<DeviceId>) {
        let _ = self.queue.try_send(Event::State(state, device));
    }

    fn close(&self) {
        self.tell("closed", None);
    }

    fn remove(&mut self, device: DeviceId) -> bool {
        let at = self.devices.iter().position(|&own| own == device);
        if let Some(at) = at {
            self.devices.remove(at);
            self.tell("unsubscribed", Some(device));
        }
        at.is_some()
    }
}

impl State {
    /// Adds a device to a stream of the caller. Beyond the limit, the one that was added before all
    /// others is dropped.
    pub fn add_to_stream(
        &mut self,
        caller: Id,
        stream: &str,
        device: &str,
        variants: &Variants,
    ) -> Result<(), Refusal> {
        self.live.streams.of(caller, stream)?;
        let id = self.device(caller, device)?.id;
        self.may_read_logs(id, variants)?;
        let stream = self.live.streams.of(caller, stream)?;
        if stream.unread.is_some() && !variants.stream_before_open {
            return Err(Refusal::stream_unopened());
        }
        stream.devices.retain(|&own| own != id);
        while stream.devices.len() >= variants.devices_per_stream.max(1) {
            stream.remove(stream.devices[0]);
        }
        stream.devices.push(id);
        stream.tell("subscribed", Some(id));
        Ok(())
    }

    /// Takes a device off a stream of the caller.
    pub fn remove_from_stream(
        &mut self,
        caller: Id,
        stream: &str,
        device: &str,
    ) -> Result<(), Refusal> {
        self.live.streams.of(caller, stream)?;
        let id = self.device(caller, device)?.id;
        if self.live.streams.of(caller, stream)?.remove(id) {
            Ok(())
        } else {
            Err(Refusal::not_found("Device", device))
        }
    }
}
