//! The requests of a look, each in a thread of its own: what comes of them comes as it is answered, so that nobody waits
//! for one that hangs. They are not waited for at the end.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use api::list::Reading;
use api::{Client, Error, Request, SeenIds, devices, segment};
use model::Record;

/// So much may be under way to who takes it in.
const AHEAD: usize = 1000;

/// What comes of the requests of a look, as it comes.
pub enum Came {
    /// A device of the list.
    Listed(Record),
    /// The list is over.
    ListEnded(Result<(), Error>),
    /// The answer to the question for the device of a row.
    Answered(usize, Result<Record, Error>),
}

/// Lists the devices of the account.
#[expect(clippy::disallowed_methods, reason = "it ends when nobody receives what it sends")]
pub fn list(client: Client, jobs: usize) -> Receiver<Came> {
    let (tell, came) = sync_channel(AHEAD);
    thread::spawn(move || {
        let (reading, mut seen) = (Reading::whole(jobs), SeenIds::default());
        let ended = devices::list(&client, &[], &reading, &mut seen, |device| {
            match tell.send(Came::Listed(device)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        let _unread = tell.send(Came::ListEnded(ended.map(|_| ())));
    });
    came
}

/// Asks for the devices of these rows, in so many threads; the answers come in any order.
#[expect(clippy::disallowed_methods, reason = "they end when nobody receives what they send")]
pub fn ask(client: &Client, asked: Vec<(usize, String)>, jobs: usize) -> Receiver<Came> {
    let (tell, came) = sync_channel(AHEAD);
    let threads = jobs.min(asked.len());
    let asked = Arc::new(Mutex::new(asked.into_iter()));
    for _ in 0..threads {
        let (client, asked, tell) = (client.clone(), asked.clone(), tell.clone());
        thread::spawn(move || {
            let next = || asked.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some((row, device)) = next() {
                let request = Request::get(format!("/devices/{}", segment(&device)));
                let answer = client.send(&request).and_then(|answer| answer.record());
                if tell.send(Came::Answered(row, answer)).is_err() {
                    return;
                }
            }
        });
    }
    came
}
