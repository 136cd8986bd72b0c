//! The section about the network.

use tests::{Dir, Proxy, Sim};

use super::Job;

/// A service with a certificate that nothing on this machine trusts.
fn secure(directory: &tempfile::TempDir) -> (Sim, String) {
    let path = directory.path().to_str().expect("UTF-8");
    let sim = Sim::start(&["--devices", "3", "--tls", path]);
    (sim, format!("{path}/ca.pem"))
}

#[test]
fn go_through_a_proxy() {
    let directory = tempfile::tempdir().expect("a fresh directory");
    let (sim, certificate) = secure(&directory);
    let proxy = Proxy::to(sim.port());
    let mut dir = Dir::with_login_key(&sim);
    dir.set("IMPT_ENDPOINT", &format!("https://imp-sim.test:{}/v5", sim.port()));
    let mut job = Job::at("Go through a proxy", sim, dir);
    job.rename("http://proxy.example.com:3128", proxy.url());
    job.rename("/etc/ssl/certs/company.pem", certificate);
    let record = job.type_next().quiet().record();
    assert_eq!(record["email"], "simuser@example.com");
    assert!(!proxy.seen().is_empty());
}

#[test]
fn work_with_a_private_impcloud() {
    let mut job = Job::with("Work with a private impCloud", &["--devices", "3"]);
    job.renamed.clear();
    job.rename("https://impcloud.example.com/v5", job.sim.entry.endpoint.clone());
    job.rename("factory@example.com", "simuser@example.com");
    let script = job.text();
    job.dir.write("typed", script);
    let password = job.sim.entry.password.clone();
    let question = [("Password of simuser@example.com", &*password)];
    let shown = job.dir.converse("bash -e typed", &question).ok().stdout();
    assert!(shown.contains("sensor-000000"), "{shown}");
    job.dir.write("line3.key", &job.sim.entry.login_key);
    let run = job.type_next().quiet();
    assert_eq!(run.stdout().trim(), job.sim.entry.endpoint);
}

#[test]
fn watch_the_limit() {
    let options = ["--example", "--rate-limit", "40"];
    let mut job = Job::with("Watch the limit of the account", &options);
    job.preamble = "sleep() { :; }";
    let looks = job.type_next().quiet().lines();
    assert_eq!(looks.len(), 5);
    let is_told = |line: &String| line.starts_with("x-ratelimit-limit: 40 x-ratelimit-remaining: ");
    assert!(looks.iter().all(is_told), "{looks:?}");
    job.type_next().says("requests");
}

#[test]
fn send_a_report_of_a_mistake_as_a_file() {
    let mut job = Job::of("Send a report of a mistake as a file");
    let moved = job.type_next().ok();
    assert_eq!(moved.records().len(), 20);
    let text = job.dir.read("report.ndjson");
    for name in ["Bench", "Burn-in", &moved.field("mac_address")[0]] {
        assert!(!text.contains(name), "{name} is in it");
    }
    // Who gets it has no account.
    job.sim.stop();
    let replayed = job.type_next().ok();
    assert_eq!(replayed.records().len(), 20, "{replayed}");
    assert_eq!(replayed.field("outcome"), moved.field("outcome"));
    assert!(!replayed.stderr().contains("; not recorded: "), "{replayed}");
}
