//! One limit for many processes and hosts: `cargo bench -p tests --bench limit`. Words after `--` choose
//! situations by their names; all take twenty minutes.
//!
//! Each line is one simulator at 50 ms and 40 requests a second, and processes that ask for one device
//! after the other until they are ended. Processes of one host share a state directory; hosts that
//! cannot see each other have one each. What is counted is what the simulator was asked.

#[expect(dead_code, reason = "the table needs all of it, and prints the bounds the same way")]
mod figure;

use std::process::ExitCode;
use std::time::Duration;

use figure::{Figure, USUAL, print, print_head};
use tests::{Asked, Background, Dir, Report, Sim, wait};

const LIMIT: f64 = 40.0;
const DEVICES: usize = 8000;
/// From here on what was learnt at the start must show.
const SETTLED: u64 = 10_000;
const LASTING: Duration = Duration::from_secs(30);
/// Where there are many whose parts are compared.
const LASTING_LONGER: Duration = Duration::from_secs(60);
/// Of a run in a storm of errors.
const ROWS: usize = 1200;
const LONGEST: Duration = Duration::from_secs(100);

/// Who asks, and how the service counts.
struct Situation {
    name: String,
    variants: Vec<String>,
    hosts: usize,
    processes: usize,
    /// Share of the limit, share answered 429, and slowest part of fastest.
    bounds: (f64, f64, f64),
}

fn main() -> ExitCode {
    print_head();
    let mut missed = 0;
    let mut show = |figures: Vec<Figure>| {
        for figure in figures {
            missed += u32::from(!figure.holds());
            print(&figure.line());
        }
    };
    let words = words();
    let chosen = |name: &str| words.iter().all(|word| name.contains(word.as_str()));
    for situation in situations().iter().filter(|situation| chosen(&situation.name)) {
        show(measure(situation));
    }
    for verb in ["info", "restart"].iter().filter(|_| chosen("storm")) {
        show(vec![storm(verb)]);
    }
    if missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the command line")]
fn words() -> Vec<String> {
    // `cargo bench` adds --bench.
    std::env::args().skip(1).filter(|argument| argument != "--bench").collect()
}

fn situations() -> Vec<Situation> {
    let mut all = Vec::new();
    for window in ["fixed", "sliding", "bucket"] {
        let mut add = |name: String, more: &[&str], hosts, processes, bounds| {
            let mut variants = vec![format!("rate-window={window}")];
            variants.extend(more.iter().map(|&variant| variant.to_owned()));
            let name = format!("{window}, {name}");
            all.push(Situation { name, variants, hosts, processes, bounds });
        };
        for processes in [1, 4, 16] {
            add(format!("headers, {processes} processes"), &[], 1, processes, (96.0, 0.1, 0.9));
        }
        for processes in [1, 4, 16] {
            let name = format!("no headers, {processes} processes");
            add(name, &["rate-headers=absent"], 1, processes, (85.0, 5.0, 0.5));
        }
        for unit in ["s", "ms"] {
            let name = format!("headers, reset in {unit}, 4 hosts");
            add(name, &[&format!("reset-unit={unit}")], 4, 1, (90.0, 2.0, 0.5));
        }
    }
    all
}

fn measure(situation: &Situation) -> Vec<Figure> {
    let devices = DEVICES.to_string();
    let mut options = vec!["--devices", &devices];
    options.extend(USUAL);
    for variant in &situation.variants {
        options.extend(["--variant", variant]);
    }
    let sim = Sim::start(&options);
    let asking = situation.hosts * situation.processes;
    let ids = sim.field("id");
    let hosts: Vec<Dir> = (0..situation.hosts).map(|_| Dir::signed_in(&sim)).collect();
    let running: Vec<Background> = ids
        .chunks(DEVICES / asking)
        .enumerate()
        .map(|(number, share)| {
            let host = &hosts[number % hosts.len()];
            host.write(&format!("{number}"), share.join("\n"));
            host.spawn(&format!("imp-device info --input - < {number} > out{number}"))
        })
        .collect();
    wait::let_pass(if asking > 4 || hosts.len() > 1 { LASTING_LONGER } else { LASTING });
    let requests = sim.requests();
    running.iter().for_each(Background::kill);
    figures(situation, &requests, &shares(&ids, DEVICES / asking, &requests))
}

/// How many were answered well for each process, by the devices it asks for, once all have settled.
fn shares(ids: &[String], each: usize, requests: &[Asked]) -> Vec<usize> {
    let begin = requests[0].ms + SETTLED;
    let owner: std::collections::HashMap<&str, usize> =
        ids.iter().enumerate().map(|(place, id)| (id.as_str(), place / each)).collect();
    let mut shares = vec![0; ids.len() / each];
    for request in requests.iter().filter(|request| request.status == 200 && request.ms >= begin) {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        if let Some(process) = owner.get(id) {
            shares[*process] += 1;
        }
    }
    shares
}

fn figures(situation: &Situation, requests: &[Asked], shares: &[usize]) -> Vec<Figure> {
    let begin = requests[0].ms + SETTLED;
    let settled: Vec<&Asked> = requests.iter().filter(|request| request.ms >= begin).collect();
    let seconds = settled[settled.len() - 1].ms.saturating_sub(begin) as f64 / 1e3;
    let refused =
        |requests: &[&Asked]| requests.iter().filter(|request| request.status == 429).count();
    let percent = |part: usize, whole: usize| part as f64 / whole as f64 * 100.0;
    let all: Vec<&Asked> = requests.iter().collect();
    let good = (settled.len() - refused(&settled)) as f64 / seconds;
    let (share, refusals, evenness) = situation.bounds;
    let (slowest, fastest) = (shares.iter().min(), shares.iter().max());
    let part = *slowest.unwrap_or(&0) as f64 / *fastest.unwrap_or(&1) as f64;
    let whole = format!("{:.1} % from the start", percent(refused(&all), all.len()));
    let mut figures = vec![
        Figure::at_least(
            format!("{}: of the limit", situation.name),
            good / LIMIT * 100.0,
            share,
            "%",
        ),
        Figure::at_most(
            "  answered 429 after 10 s",
            percent(refused(&settled), settled.len()),
            refusals,
            "%",
        )
        .with(&whole),
    ];
    if shares.len() > 1 {
        figures.push(
            Figure::at_least("  slowest part of fastest", part * 100.0, evenness * 100.0, "%")
                .with(&format!("{shares:?}")),
        );
    }
    figures
}

/// Requests of a run in a storm of errors, beside those without.
fn storm(verb: &str) -> Figure {
    let (calm, calm_seconds, _) = run(verb, None);
    let (stormy, seconds, report) = run(verb, Some("* /** 500 chance=50%"));
    let note = format!(
        "{calm}, then {stormy}; {calm_seconds:.0} and {seconds:.0} s; of {} rows {} failed, {} of them not attempted",
        report.rows, report.failed, report.not_attempted
    );
    let more = (stormy as f64 / calm as f64 - 1.0) * 100.0;
    Figure::at_most(format!("storm of 50 % errors, {verb}: more requests"), more, 10.0, "%")
        .with(&note)
}

/// Ends what takes too long.
fn run(verb: &str, fault: Option<&str>) -> (u64, f64, Report) {
    let sim = Sim::start(&[&["--devices", &ROWS.to_string()][..], &USUAL].concat());
    let [group] = sim.groups(["A"]);
    let ids = sim.field("id");
    sim.put(&group, &ids);
    let dir = Dir::signed_in(&sim);
    dir.write("ids", ids.join("\n"));
    sim.reset();
    fault.iter().for_each(|rule| sim.fault(rule));
    let script = format!("imp-device {verb} --input - --patience 15s --report report < ids > out");
    let (took, _) = wait::timed(|| {
        let running = dir.spawn(&script);
        if !wait::until(LONGEST, || running.has_ended()) {
            running.terminate();
        }
        running.wait()
    });
    (sim.counts().total, took.as_secs_f64(), dir.report("report"))
}
