//! The jobs of imp-cookbook(7), each typed from the page's own text.
//!
//! Careful to look at what the service holds afterwards: a line that does nothing ends with 0 as well.
//! A test takes the displays of its job one after the other, and all of them; the exit code is that
//! which the text before a display promises.

mod accounts;
mod builds;
mod changes;
mod devices;
mod line;
mod network;
mod programs;
mod systemd;

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;
use tests::{Dir, Run, Sim};

use super::manual::pages::{self, Example};

/// A job of the page, and a place where it is done.
struct Job {
    sim: Sim,
    dir: Dir,
    /// Put in front of what is typed: stand-ins for what would take long or reach outside.
    preamble: &'static str,
    title: &'static str,
    displays: VecDeque<Example>,
    /// What the page calls so is called otherwise here.
    renamed: Vec<(&'static str, String)>,
}

impl Job {
    /// With a service that has what `imp-sim run --example` has.
    fn of(title: &'static str) -> Job {
        Job::with(title, &["--example"])
    }

    /// With a service of these options. The sign-in is in the home directory.
    fn with(title: &'static str, options: &[&str]) -> Job {
        let sim = Sim::start(options);
        let dir = Dir::signed_in(&sim);
        let moved = fs::rename(dir.path().join(".impt.auth"), dir.home().join(".impt.auth"));
        moved.expect("there is a sign-in");
        Job::at(title, sim, dir)
    }

    fn at(title: &'static str, sim: Sim, mut dir: Dir) -> Job {
        dir.set("IMP_SIM_CONTROL", &sim.entry.control);
        let page = page();
        let lines: Vec<&str> = page.lines().skip_while(|line| !is_title(line, title)).collect();
        assert!(!lines.is_empty(), "the page has no job `{title}`");
        let end = lines.iter().skip(1).position(|line| line.starts_with(".S"));
        let displays = pages::examples_in(&lines[1..end.expect("SEE ALSO follows") + 1]);
        let mut job =
            Job { sim, dir, preamble: "", title, displays: displays.into(), renamed: Vec::new() };
        // A sign-in is for the real service where nothing else is said.
        let login = format!("imp-auth login --endpoint {} ", job.sim.entry.endpoint);
        job.rename("imp-auth login ", login);
        job
    }

    fn rename(&mut self, in_the_page: &'static str, here: impl Into<String>) {
        self.renamed.push((in_the_page, here.into()));
    }

    /// The next display and the exit code that it ends with.
    fn next_display(&mut self) -> (String, i32) {
        let display = self.displays.pop_front();
        let display = display.unwrap_or_else(|| panic!("`{}` has no more displays", self.title));
        let rename = |text: String, (old, new): &(&str, String)| text.replace(old, new);
        let script = self.renamed.iter().fold(display.script.clone(), rename);
        (script, display.exit_code())
    }

    /// The text of the next display, which is to be typed by the test.
    fn text(&mut self) -> String {
        self.next_display().0
    }

    /// Makes the file that the next display is, and that the text before it names; it can be executed.
    fn make_file(&mut self) -> PathBuf {
        let before = &self.displays.front().expect("a display").before;
        let name = before.strip_suffix(" :").and_then(|text| text.rsplit_once(".Pa ~/"));
        let path = self.dir.home().join(name.expect("it ends with a name").1);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        fs::write(&path, self.text()).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path
    }

    /// Types the next display, and expects its exit code.
    fn type_next(&mut self) -> Run {
        let (script, code) = self.next_display();
        self.dir.sh(&format!("set -e\n{}\n{script}", self.preamble)).code(code)
    }

    /// The id of a device group.
    fn group(&self, name: &str) -> String {
        let groups = self.sim.all("devicegroups");
        let group = groups.iter().find(|group| group["name"] == name);
        text(group.unwrap_or_else(|| panic!("no group {name}")), "id")
    }

    /// The devices of a group; of none if there is no name.
    fn devices(&self, group: Option<&str>) -> Vec<Value> {
        let id = group.map_or(Value::Null, |name| self.group(name).into());
        let mut devices = self.sim.devices();
        devices.retain(|device| device["devicegroup_id"] == id);
        devices
    }

    /// One field of the devices of a group; of none if there is no name.
    fn field(&self, group: Option<&str>, field: &str) -> Vec<String> {
        self.devices(group).iter().map(|device| text(device, field)).collect()
    }

    /// How many devices a group has.
    fn number(&self, group: &str) -> usize {
        self.devices(Some(group)).len()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.displays.is_empty(), "not all of `{}` is typed", self.title);
        }
    }
}

/// A field of a record; empty where it is not set.
fn text(record: &Value, field: &str) -> String {
    record[field].as_str().unwrap_or_default().to_owned()
}

fn set(texts: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    texts.into_iter().collect()
}

fn page() -> String {
    pages::read("man/imp-cookbook.7")
}

fn is_title(line: &str, title: &str) -> bool {
    line.strip_prefix(".Ss ") == Some(title)
}

#[test]
fn every_job_is_done_by_a_test() {
    let page = page();
    let titles: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".Ss ")).collect();
    assert!(titles.len() >= 30, "{titles:?}");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook");
    let files = fs::read_dir(folder).expect("the tests of the jobs");
    let sources = files.map(|file| fs::read_to_string(file.expect("a file").path()));
    let sources: String = sources.map(|source| source.expect("UTF-8")).collect();
    for title in titles {
        let named = format!("\"{title}\"");
        assert_eq!(sources.matches(&named).count(), 1, "{title}");
    }
}

#[test]
fn a_job_says_when_then_the_lines_then_what_to_watch_for() {
    for job in page().split("\n.Ss ").skip(1) {
        let job = job.split("\n.Sh ").next().unwrap_or_default();
        let (title, rest) = job.split_once('\n').expect("a title and more");
        assert!(rest.starts_with("When "), "{title}: {rest}");
        let (_, last) = rest.rsplit_once("\n.Ed\n.Pp\n").unwrap_or_else(|| panic!("{title}"));
        assert!(last.trim_end().ends_with('.'), "{title}: {last}");
    }
}

#[test]
fn the_place_to_try_a_job_is_there() {
    let page = page();
    let description = pages::section(&page, "DESCRIPTION");
    let told = pages::examples_in(&description);
    assert_eq!(told[0].script, "imp-sim run --example -- bash\n");
    let script = "imp-dg list --product Ovens | jq -r .name | sort | paste -s -d ' '";
    let run = Dir::new().sh(&format!("imp-sim run --example -- bash -c \"{script}\"")).ok();
    assert_eq!(run.stdout(), "Bench Burn-in DUTs Fixtures Shipped\n");
}
