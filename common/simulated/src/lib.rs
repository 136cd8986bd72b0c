//! For tests only: a world in memory, in which commands run inside the process of a test.
//!
//! A [`World`] has a clock that jumps, and lets one thread run at a time, which its seed chooses: what happens in
//! it follows from the seed alone. A [`Run`] is one run of a command in it, with its arguments, its environment,
//! its stdin, and a service that answers its requests. [`World::run`] takes the `main` of a command and gives
//! what it printed and how it ended.
//!
//! The commands ask here at the few places where they touch what is outside: clock and waiting, environment,
//! terminal, HTTP, new threads, and where a thread waits for another one. On a thread that belongs to no run, each
//! of these questions costs one look at a variable of the thread, and the answer is that the real thing is meant.
//!
//! A run can be killed at a request. Careful about what "killed" means: its threads end by unwinding, which may
//! still write; so the files of its directory are put back to what they were at that moment.

mod exchange;
mod files;
mod per_run;
mod run;
mod run_thread;
mod schedule;
mod waiting;

pub use exchange::{Become, Ended, Reply, Request};
pub use per_run::PerRun;
pub use run::{Killed, Run, Started};
pub use run_thread::{here, inherited};
pub use schedule::World;
pub use waiting::{join, lock, monotonic, now, once, receive, receive_within, send, wait};
