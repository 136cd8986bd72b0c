//! Peak memory of commands that handle 100,000 devices, and of the simulator that has them.
//!
//! The kernel keeps the peak of a process (`VmHWM`) for as long as it runs. It is looked at every few
//! milliseconds, so only what the last of them added could be missed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tests::{Dir, Sim};

use crate::figure::Figure;

/// `list | assign` without a limit.
pub fn measure() -> Vec<Figure> {
    let sim = Sim::start(&["--devices", "100000", "--latency", "50ms"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let script = "imp-device list | imp-device assign --dg A > /dev/null && echo done";
    let running = dir.spawn(script);
    let mut peaks = BTreeMap::new();
    running.wait_for("the end of the pipeline", || {
        note_peaks(&dir.path(), &mut peaks);
        running.stdout() == "done\n"
    });
    running.wait().quiet();
    assert_eq!(sim.members(&group).len(), 100_000);
    let of_simulator = simulator_peak();
    let mut figures: Vec<Figure> = peaks
        .into_iter()
        .map(|(verb, peak)| {
            let what = format!("list | assign of 100,000: peak memory of {verb}");
            Figure::at_most(what, peak, 32.0, "MB")
        })
        .collect();
    figures.push(Figure::at_most("  of the simulator meanwhile", of_simulator, 300.0, "MB"));
    figures
}

/// Looks at the commands that run in `directory`; by verb.
fn note_peaks(directory: &Path, peaks: &mut BTreeMap<String, f64>) {
    for process in processes()
        .filter(|process| fs::read_link(process.join("cwd")).is_ok_and(|path| path == directory))
    {
        let Ok(line) = fs::read_to_string(process.join("cmdline")) else { continue };
        let mut arguments = line.split('\0');
        let is_ours = arguments.next().is_some_and(|program| program.ends_with("imp-device"));
        if let (true, Some(verb), Some(peak)) = (is_ours, arguments.next(), peak(&process)) {
            peaks.insert(verb.to_owned(), peak);
        }
    }
}

/// The simulator that this process has started.
pub fn simulator_peak() -> f64 {
    let is_child = |process: &Path| {
        number(process, "PPid:") == Some(f64::from(std::process::id()))
            && fs::read_to_string(process.join("comm")).is_ok_and(|name| name == "imp-sim\n")
    };
    let found = processes().find(|process| is_child(process)).and_then(|found| peak(&found));
    found.expect("the simulator runs")
}

fn processes() -> impl Iterator<Item = std::path::PathBuf> {
    fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path())
}

/// In MB of a million bytes; `None` if it has ended.
fn peak(process: &Path) -> Option<f64> {
    number(process, "VmHWM:").map(|kibibytes| kibibytes * 1024.0 / 1e6)
}

fn number(process: &Path, name: &str) -> Option<f64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
