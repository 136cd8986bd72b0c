//! One renewal, however many commands find at once that they need one.

use std::fs;

use serde_json::Value;
use tests::{Dir, Sim};

/// Fifty commands at once; each has to print the account.
const FIFTY: &str = "seq 50 | xargs -P 50 -I{} imp-auth account info --user me";

fn fifty(sim: &Sim, dir: &Dir) {
    sim.reset();
    let run = dir.sh(FIFTY).quiet();
    assert_eq!(run.field("username"), vec![sim.entry.user.clone(); 50]);
    assert_eq!(sim.counts().renewals, 1);
}

/// Makes the token in the sign-in file look as if it had ended long ago.
fn set_back(dir: &Dir, name: &str) {
    let path = dir.path().join(name);
    let text = fs::read_to_string(&path).expect("a sign-in file");
    let mut sign_in: Value = serde_json::from_str(&text).expect("JSON");
    sign_in["expiresAt"] = "2020-01-01T00:00:00.000Z".into();
    fs::write(&path, sign_in.to_string()).expect("it is ours");
}

#[test]
fn fifty_commands_with_one_file() {
    for variant in ["refresh-answer=plain", "refresh-answer=new-refresh-token"] {
        let sim = Sim::start(&["--variant", variant]);
        let dir = Dir::new();
        let (endpoint, user) = (&sim.entry.endpoint, &sim.entry.user);
        let password = &sim.entry.password;
        dir.sh(&format!(
            "imp-auth login --local --endpoint {endpoint} --user {user} --pwd {password}"
        ))
        .quiet();
        set_back(&dir, ".impt.auth");
        fifty(&sim, &dir);
        sim.expire_tokens();
        fifty(&sim, &dir);
    }
}

#[test]
fn fifty_commands_with_a_login_key_in_the_environment() {
    let sim = Sim::start(&[]);
    let dir = Dir::with_login_key(&sim);
    fifty(&sim, &dir);
    sim.expire_tokens();
    fifty(&sim, &dir);
    sim.reset();
    dir.sh("imp-auth account list").quiet();
    assert_eq!(sim.counts().renewals, 0, "the token is kept");
}

#[test]
fn fifty_commands_with_a_password_in_the_environment() {
    let sim = Sim::start(&[]);
    let mut dir = Dir::new();
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    dir.set("IMPT_USER", &sim.entry.user);
    dir.set("IMPT_PASSWORD", &sim.entry.password);
    fifty(&sim, &dir);
}

#[test]
fn a_pipeline_renews_once() {
    let sim = Sim::start(&["--devices", "300"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    sim.expire_tokens();
    sim.reset();
    dir.sh("imp-device list | imp-device assign --dg A | imp-device info | wc -l").quiet();
    assert_eq!(sim.counts().renewals, 1);
    assert_eq!(sim.members(&group).len(), 300);
}

#[test]
fn tokens_that_end_while_a_run_goes_on_cost_no_row() {
    let sim = Sim::start(&["--devices", "100", "--token-life", "1s", "--latency", "30ms"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list > devices").quiet();
    sim.reset();
    let run = dir.sh("imp-device info --input devices --jobs 1").quiet();
    assert_eq!(run.records().len(), 100);
    let (renewals, requests) = (sim.counts().renewals, sim.requests());
    // By the clock of the service; it takes three seconds at least.
    let seconds = (requests[requests.len() - 1].ms - requests[0].ms).div_ceil(1000);
    assert!((2..=2 * seconds).contains(&renewals), "{renewals} renewals in {seconds} s");
}

#[test]
fn where_nothing_can_be_written_the_token_is_used_with_a_warning() {
    let sim = Sim::start(&[]);
    let mut dir = Dir::signed_in(&sim);
    sim.expire_tokens();
    // A file that cannot be replaced, also not by root.
    dir.sh("mv .impt.auth whole").quiet();
    let read_only = "/proc/self/fd/9";
    dir.set("IMP_AUTH_FILE", read_only);
    let run = dir.sh("imp-auth account list 9< whole").ok().says("not kept for the next one");
    assert_eq!((run.records().len(), sim.counts().renewals), (2, 1));
}
