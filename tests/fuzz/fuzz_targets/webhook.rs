//! Head and body of webhooks: each call that is answered 200 is an event in the journal, and no other is; of
//! one that is refused is kept what it was, without the secret.
#![no_main]

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use fuzz::{remove_old, scratch};
use libfuzzer_sys::fuzz_target;
use model::{Record, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

#[path = "../../../tools/imp-hook/src/hook.rs"]
#[allow(dead_code)]
mod hook;
#[path = "../../../tools/imp-hook/src/listen"]
#[allow(dead_code)]
mod listen {
    pub mod body;
    pub mod call;
    pub mod commit;
    pub mod connections;
    pub mod counts;
    pub mod deadline;
    pub mod duplicates;
    pub mod event;
    pub mod journal;
    pub mod refused;
    pub mod secret;
    pub mod seen;
    pub mod server;

    /// `serve` is for this module and those in it.
    pub async fn serve(
        receiver: &call::Receiver,
        stream: tokio::io::DuplexStream,
        place: connections::Place,
        closing: tokio::sync::watch::Receiver<()>,
    ) {
        server::serve(receiver, stream, place, closing).await;
    }
}

use listen::{call, commit, connections, journal, refused};

/// The secret of the path in the seeds.
const SECRET: &str = "0123456789abcdef";
/// The files begin anew after so many inputs.
const RENEWAL: u64 = 2000;

thread_local! {
    static RECEIVER: RefCell<Option<Listening>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    RECEIVER.with_borrow_mut(|listening| {
        if listening.as_ref().is_none_or(|one| one.inputs >= RENEWAL) {
            *listening = None;
            *listening = Some(Listening::begin());
        }
        listening.as_mut().expect("it was begun").take(bytes);
    });
});

struct Listening {
    inputs: u64,
    runtime: Runtime,
    receiver: call::Receiver,
    files: [(PathBuf, u64); 2],
}

impl Listening {
    fn begin() -> Self {
        let [events, refused] = ["events", "refused"].map(|name| {
            remove_old(name);
            let path = scratch(name);
            // A writer that has not ended yet keeps its own.
            let _none = fs::remove_file(&path);
            path
        });
        let (journal, _) = journal::Journal::open(&events, &|_| true).expect("memory");
        let calls =
            refused::RefusedCalls::open(&refused, Secret::new(SECRET), &[]).expect("memory");
        let counts = Arc::default();
        let committer = commit::Committer::start(
            journal,
            Default::default(),
            Arc::default(),
            Arc::clone(&counts),
        );
        let secret = Secret::new(SECRET);
        Listening {
            inputs: 0,
            runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
            receiver: call::Receiver::new(secret, committer, counts, Some(calls)),
            files: [(events, 0), (refused, 0)],
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.inputs += 1;
        let receiver = &self.receiver;
        let answers = self.runtime.block_on(async {
            let (mut near, far) = duplex(bytes.len().max(64 << 10));
            let (_closing, is_closing) = watch::channel(());
            let place = connections::Connections::new(1).place().expect("there is room");
            let caller = async {
                near.write_all(bytes).await.expect("it fits");
                near.shutdown().await.expect("it is open");
                let mut answers = Vec::new();
                let _gone = near.read_to_end(&mut answers).await;
                answers
            };
            tokio::join!(listen::serve(receiver, far, place, is_closing), caller).1
        });
        let answers = String::from_utf8(answers).expect("text");
        let answered = answers.matches("HTTP/1.1 200").count();
        let [events, refused] = [0, 1].map(|file| self.new_lines(file));
        // Events are kept whose caller does not wait for the answer.
        assert!(events.len() >= answered, "{answers}");
        for event in events {
            assert!(journal::parse_event(format!("{event}\n").as_bytes()).is_some(), "{event}");
        }
        for call in refused {
            let record: Record = serde_json::from_str(&call).expect("a record");
            assert_eq!(record["type"], "refused_call");
            assert!(!call.to_ascii_lowercase().contains(SECRET), "{call}");
        }
    }

    /// What has been written since the last look.
    fn new_lines(&mut self, file: usize) -> Vec<String> {
        let (path, length) = &mut self.files[file];
        let all = fs::read_to_string(path).expect("text");
        let new = all.get(*length as usize..).expect("it only grows");
        *length = all.len() as u64;
        new.lines().map(str::to_owned).collect()
    }
}
