//! What goes between a run and the test: requests and what comes of them, and how the run ended.

use std::ffi::OsString;
use std::time::Duration;

/// A request as it leaves.
pub struct Request<'a> {
    /// `GET` and its like.
    pub method: &'a str,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub body: Option<Vec<u8>>,
}

/// What comes of a request, and how long it takes.
pub enum Reply {
    /// An answer.
    Answer {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: Vec<u8>,
        /// How long it takes, besides the latency.
        after: Duration,
    },
    /// No connection.
    NotSent,
    /// No answer, although it may have arrived. Longer than the time-out of the client is never.
    Lost {
        /// How long it takes until that shows.
        after: Duration,
    },
    /// The run is killed.
    Kill,
}

/// The command that a run becomes.
#[derive(Debug)]
pub struct Become {
    /// The program first.
    pub words: Vec<OsString>,
    /// Variables that are set for it.
    pub environment: Vec<(String, String)>,
}

/// How a run ended, and what it left.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when it was killed.
    pub exit: Option<u8>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
    /// It is another command from now on.
    pub becomes: Option<Become>,
    /// What was wrong with it: panics, deadlocks.
    pub mistakes: Vec<String>,
}
