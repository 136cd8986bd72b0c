//! The table of what the tools must reach, measured: `cargo bench -p tests --bench table`. `--only NAME` (repeatable)
//! measures parts of it.
//!
//! Careful about what is compared: release builds; what the commands need is put beside what the best
//! client would need (a floor that is computed) or beside what something else needs at the same moment
//! on the same machine, so that a slower machine changes both. Where nothing else is said the simulator
//! answers after 50 ms and allows 40 requests a second. The requests are counted by the simulator.
//!
//! The table takes about eight minutes. It is not part of `cargo test`, and a busy machine spoils it.
//! A million rows take five minutes more and two gigabytes of the disk, so they are measured only where
//! `--only million` asks for them. The same jobs done by others are in `comparison.rs`.

mod assign;
mod curl;
mod figure;
mod lists;
mod memory;
mod processes;
mod renewal;
mod rows;
mod service;
mod startup;
mod together;

use std::process::ExitCode;

use figure::{Figure, print, print_head};

/// A part of the table that can be measured alone.
struct Part {
    name: &'static str,
    measure: fn() -> Vec<Figure>,
}

/// What is measured only where it is named.
const LONG: &str = "million";

const PARTS: &[Part] = &[
    Part { name: "startup", measure: startup::measure },
    Part { name: "list", measure: lists::whole },
    Part { name: "head", measure: lists::head },
    Part { name: "assign", measure: || assign::measure("named") },
    Part { name: "assign-anonymous", measure: || assign::measure("anonymous") },
    Part { name: "pipeline", measure: together::measure },
    Part { name: "memory", measure: memory::measure },
    Part { name: "instructions", measure: rows::instructions },
    Part { name: "million", measure: rows::million },
    Part { name: "renewal", measure: renewal::measure },
    Part { name: "curl", measure: curl::measure },
    Part { name: "simulator", measure: service::measure },
];

fn main() -> ExitCode {
    let only = match chosen() {
        Ok(only) => only,
        Err(usage) => {
            print(&usage);
            return ExitCode::from(2);
        }
    };
    print_head();
    let mut missed = 0;
    let is_chosen = |part: &&Part| match only.as_slice() {
        [] => part.name != LONG,
        names => names.contains(&part.name),
    };
    for part in PARTS.iter().filter(is_chosen) {
        for figure in (part.measure)() {
            missed += u32::from(!figure.holds());
            print(&figure.line());
        }
    }
    if missed > 0 {
        print(&format!("{missed} missed"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The parts named on the command line; none means all but the long one.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the command line")]
fn chosen() -> Result<Vec<&'static str>, String> {
    let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
    let mut only = Vec::new();
    // `cargo bench` adds --bench.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let name = arguments.next().filter(|_| argument == "--only");
        let Some(known) = names.iter().find(|known| Some(**known) == name.as_deref()) else {
            return Err(format!("usage: [--only NAME]..., NAME one of {}", names.join(", ")));
        };
        only.push(*known);
    }
    Ok(only)
}
