//! The commands in a simulated world, one seed after another.
//!
//! A [`Machine`] has a simulator in memory, a directory in memory and a clock that jumps; the commands run on it in
//! the process of the test, so that hours of waiting take milliseconds. Nothing here knows how the commands work:
//! they are given words and files, and what came of it is read from what they print and from the simulator.
//!
//! [`run`] is one seed. It draws a population, commands with input, and trouble, and checks the laws after each
//! command. A seed that breaks one runs again alone: `cargo run -p world --example seeds -- 1 SEED`.

mod case;
mod draw;
mod figures;
mod laws;
mod machine;
mod population;
mod random;
mod service;
mod state;
mod trouble;

pub use case::run;
pub use figures::Figures;
pub use machine::{Accident, Command, Machine};
pub use service::Service;
