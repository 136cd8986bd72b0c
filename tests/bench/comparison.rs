//! The same jobs done by us, by a script with the maker's JavaScript library, and by one with curl:
//! `cargo bench -p tests --bench comparison`. `-- 1000 5000 20000` chooses how many devices; with
//! 20,000 it takes an hour, with 1,000 and 5,000, as without words, a quarter of that.
//!
//! Careful to be fair to the others: their scripts, in `comparison/`, put a hundred devices into a
//! request, as we do, and ask for as large pages; what is done is looked up in the simulator and counted
//! for everybody; all that their rows need in a process counts, `jq` and `xargs` too. For each number of
//! devices there is one simulator at 50 ms and 40 requests a second for all of them, and before each job
//! the devices are put where it needs them. Memory is that of all processes that run at the same time,
//! each at its own peak, so what they share counts in each.

#[expect(dead_code, reason = "the table needs the other ways to show a number")]
mod figure;
mod fleet;
mod processes;

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use figure::{floor, print};
use fleet::Fleet;
use tests::Dir;

const JOBS: [&str; 5] = ["list", "names", "assign", "restart", "unassign"];
const LIBRARY: &str = "imp-central-api@1.7.0";

/// Somebody who does the jobs.
struct Client {
    name: &'static str,
    command: fn(&str) -> String,
}

const CLIENTS: [Client; 4] = [
    Client { name: "imp-device", command: ours },
    Client { name: "library, as its README", command: |job| format!("node library.js once {job}") },
    Client { name: "library, 429 again", command: |job| format!("node library.js again {job}") },
    Client { name: "curl, xargs -P8", command: |job| format!("bash curl.sh {job}") },
];

/// What is typed with our commands; a dry run tells which device each name is.
fn ours(job: &str) -> String {
    match job {
        "list" => "imp-device list".to_owned(),
        "names" => {
            "imp-device unassign --dry-run --input names | jq -r '[.name, .id] | @tsv'".to_owned()
        }
        "assign" => "imp-device assign --dg $GROUP --input ids".to_owned(),
        other => format!("imp-device {other} --input ids"),
    }
}

/// What a client needed for a job.
struct Needed {
    wall: f64,
    processor: f64,
    memory: f64,
    said: String,
}

fn main() -> ExitCode {
    let Some(sizes) = sizes() else {
        print("usage: [DEVICES]...");
        return ExitCode::from(2);
    };
    let library = install_library();
    let clients = || CLIENTS.iter().filter(|client| library.is_some() || !is_library(client));
    let mut all_done = true;
    print(&row(["", "", "done", "requests", "429", "wall s", "CPU s", "MB"]));
    for size in sizes {
        let fleet = Fleet::of(size);
        let homes: Vec<Dir> = clients().map(|_| fleet.home(library.as_ref())).collect();
        for job in JOBS {
            for (client, home) in clients().zip(&homes) {
                let is_done = compare(&fleet, job, client, home);
                all_done &= is_done || client.name != CLIENTS[0].name;
            }
        }
    }
    if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The words of the command line; `None` if one is no number.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the command line")]
fn sizes() -> Option<Vec<usize>> {
    // `cargo bench` adds --bench.
    let words = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let sizes: Option<Vec<usize>> = words.map(|word| word.parse().ok()).collect();
    sizes.map(|sizes| if sizes.is_empty() { vec![1_000, 5_000] } else { sizes })
}

fn is_library(client: &Client) -> bool {
    client.name.starts_with("library")
}

/// A directory with the library in it, if npm can get it.
fn install_library() -> Option<Dir> {
    let dir = Dir::new();
    let quiet = ["--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", "."];
    let mut install = Command::new("npm");
    install.arg("install").args(quiet).arg(LIBRARY).current_dir(dir.path());
    let installed = install.stdin(Stdio::null()).stdout(Stdio::null()).status();
    if installed.is_ok_and(|status| status.success()) {
        return Some(dir);
    }
    print(&format!("`npm install {LIBRARY}` does not work here: left out is the library"));
    None
}

/// Lets a client do a job, and prints the line. Whether it is done.
fn compare(fleet: &Fleet, job: &str, client: &Client, home: &Dir) -> bool {
    fleet.prepare(job);
    let needed = measure(home, &(client.command)(job), longest(fleet.ids.len()));
    fleet.sim.wait_until_idle();
    let (counts, (done, all)) = (fleet.sim.counts(), fleet.done(job, home));
    let cells = [
        &format!("{job} {}", fleet.ids.len()),
        client.name,
        &format!("{done}/{all}"),
        &counts.total.to_string(),
        &counts.status(429).to_string(),
        &format!("{:.2}", needed.wall),
        &format!("{:.2}", needed.processor),
        &format!("{:.1}", needed.memory),
    ];
    print(&row(cells));
    let has_trouble = done < all || counts.status(429) > 0;
    if let (true, Some(first)) = (has_trouble, needed.said.lines().next()) {
        print(&format!(
            "{:16}it said {} lines, the first: {first}",
            "",
            needed.said.lines().count()
        ));
    }
    done == all
}

/// Three times what single requests need: who needs longer is ended.
fn longest(requests: usize) -> Duration {
    Duration::from_secs_f64(60.0 + 3.0 * floor(requests as u64))
}

/// Runs a command. The shell tells the time that all its processes took.
fn measure(home: &Dir, command: &str, longest: Duration) -> Needed {
    let timed = format!("TIMEFORMAT='%R %U %S'; time {{ {command}; }} > printed 2> said");
    let mut memory: f64 = 0.0;
    let look = || memory = memory.max(processes::peaks_in(&home.path()).iter().sum());
    let told = processes::watch(home, &timed, longest, look).stderr();
    let times: Vec<f64> =
        told.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let (wall, processor) = match times[..] {
        [wall, user, system] => (wall, user + system),
        _ => (longest.as_secs_f64(), f64::NAN),
    };
    Needed { wall, processor, memory, said: home.read("said") }
}

fn row(cells: [&str; 8]) -> String {
    let [job, client, done, requests, refused, wall, processor, memory] = cells;
    format!(
        "{job:<16}{client:<24}{done:>13}{requests:>10}{refused:>8}{wall:>10}{processor:>9}{memory:>8}"
    )
}
