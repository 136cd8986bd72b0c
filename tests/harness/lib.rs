//! The harness of the end-to-end tests.
//!
//! A test starts a [`Sim`], makes a [`Dir`], types pipelines into it as a user would, and compares
//! what came out with what the simulator says was done. Nothing here uses the crates of the clients:
//! a mistake in them cannot hide in a shared type.
//!
//! What it is careful about: the commands are built once for all tests ([`commands`]); nothing of the
//! person who runs the tests leaks in (environment, home directory, terminal); no test sleeps and
//! hopes, it waits for a condition with a limit ([`wait`]); what does not match is shown with
//! everything that is needed to understand it ([`Run`]); and each record that a test sees is one that the tools
//! describe ([`schema_of`]).

mod asked_for;
mod background;
mod browser;
mod caller;
mod commands;
mod counts;
mod dir;
mod http;
mod laws;
mod port;
mod programs;
mod proxy;
mod run;
mod schemas;
mod script;
mod server;
mod shapes;
mod sim;
mod truth;
pub mod wait;

pub use asked_for::asked_for;
pub use background::Background;
pub use browser::{Looked, look_at};
pub use caller::Caller;
pub use commands::{TOOLS, command};
pub use counts::{Asked, Counts};
pub use dir::Dir;
pub use http::{Answer, ask, connect_from, exchange};
pub use laws::Moved;
pub use port::Port;
pub use programs::{have, skipped};
pub use proxy::Proxy;
pub use run::Run;
pub use schemas::{schema_of, types_in};
pub use server::{Server, answer};
pub use shapes::{Failed, FailedError, Report, kinds, told};
pub use sim::{Entry, Sim};
pub use truth::Events;

/// What all development groups made by [`Sim::groups`] are.
pub const DEVELOPMENT: &str = "development_devicegroup";
