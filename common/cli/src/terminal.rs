//! What a process has to do with its surroundings, each in its one place: stdin, stdout, stderr, the person
//! at the terminal, signals, the environment.

pub mod awaited;
pub mod environment;
pub mod interruptible;
pub mod local_time;
pub mod process_group;
pub mod progress;
pub mod prompt;
pub mod signals;
pub mod stderr;
pub mod stdin;
pub mod stdout;
