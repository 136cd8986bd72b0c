//! Peak memory of commands that handle 100,000 devices, and of the simulator that has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tests::{Dir, Sim};

use crate::figure::Figure;
use crate::processes;

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
    for process in processes::all_in(directory) {
        let Ok(line) = fs::read_to_string(process.join("cmdline")) else { continue };
        let mut arguments = line.split('\0');
        let is_ours = arguments.next().is_some_and(|program| program.ends_with("imp-device"));
        if let (true, Some(verb), Some(peak)) =
            (is_ours, arguments.next(), processes::peak(&process))
        {
            peaks.insert(verb.to_owned(), peak);
        }
    }
}

/// The simulator that this process has started.
pub fn simulator_peak() -> f64 {
    let is_simulator = |process: &Path| {
        processes::is_child(process)
            && fs::read_to_string(process.join("comm")).is_ok_and(|name| name == "imp-sim\n")
    };
    let found = processes::all().find(|process| is_simulator(process));
    found.and_then(|found| processes::peak(&found)).expect("the simulator runs")
}
