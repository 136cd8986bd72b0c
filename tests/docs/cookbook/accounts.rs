//! The section about accounts.

use std::io::Write;

use serde_json::json;

use super::{Job, text};

const FACTORY_AND_SERVICE: [&str; 2] = ["factory", "service"];

/// Two accounts that know each other not, each with the password of a loaded account.
fn two_accounts(title: &'static str, names: [&str; 2]) -> Job {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    for (name, number) in names.into_iter().zip(1..) {
        let email = format!("{name}@example.com");
        let id = format!("00000000-0000-4000-8000-00000000000{number}");
        let account = json!({"type": "account", "id": id, "username": name, "email": email,
            "tier": "enterprise"});
        writeln!(file, "{account}").expect("it can be written");
    }
    let path = file.path().to_str().expect("UTF-8");
    Job::with(title, &["--load", path])
}

/// Signs in to both, each by its name.
fn sign_in_without_asking(job: &Job, names: [&str; 2]) {
    for account in names {
        let login = format!("imp-auth login --endpoint {} --as {account}", job.sim.entry.endpoint);
        job.dir.write("password", format!("{account}-password"));
        job.dir.sh(&format!("{login} --user {account} --pwd-file password")).ok();
    }
}

/// Types a display that asks for the passwords of both.
fn sign_in(job: &mut Job) {
    let script = job.text();
    job.dir.write("typed", script);
    let [factory, service] = ["factory", "service"]
        .map(|name| (format!("Password of {name}@example.com"), format!("{name}-password")));
    let answers = [(&*factory.0, &*factory.1), (&*service.0, &*service.1)];
    job.dir.converse("bash -e typed", &answers).ok();
}

#[test]
fn work_with_two() {
    let mut job = two_accounts("Work with two accounts", FACTORY_AND_SERVICE);
    sign_in(&mut job);
    job.dir.sh("imp-sim add --owner factory --count 5; imp-sim add --owner service --count 3").ok();
    let shown = job.type_next().quiet().lines();
    let shown: Vec<&str> = shown.iter().map(|line| line.trim()).collect();
    assert_eq!(shown, ["5", "service@example.com", "3"]);
}

#[test]
fn compare_two() {
    let mut job = two_accounts("Compare two accounts", FACTORY_AND_SERVICE);
    sign_in_without_asking(&job, FACTORY_AND_SERVICE);
    for (account, groups) in [("factory", "Bench Burn-in"), ("service", "Bench Repair")] {
        let of = format!("--account {account}");
        job.dir.sh(&format!("imp-product create --name Ovens {of}")).quiet();
        let create = format!("imp-dg create --product Ovens {of} --name");
        job.dir.sh(&format!("for group in {groups}; do {create} $group; done")).quiet();
        let deploy = format!("imp-build deploy --dg Bench --device-file code.nut {of}");
        let versions = if account == "factory" { "1 2" } else { "1" };
        let write = "echo \"server.log($version);\" > code.nut";
        job.dir.sh(&format!("for version in {versions}; do {write}; {deploy}; done")).quiet();
    }
    let shown = job.type_next().lines();
    let group = |sign: &str, name: &str| format!("{sign} Ovens\t{name}\tdevelopment_devicegroup");
    assert!(shown.contains(&group("<", "Burn-in")), "{shown:?}");
    assert!(shown.contains(&group(">", "Repair")), "{shown:?}");
    let missing = job.type_next().quiet().lines();
    let owned = "imp-build list --account factory --owner me --limit 1";
    let newest = job.dir.sh(owned).record();
    assert_eq!(missing, [text(&newest, "sha")]);
}

#[test]
fn make_a_product_in_another() {
    let names = ["staging", "production"];
    let mut job = two_accounts("Make a product of one account in another", names);
    sign_in_without_asking(&job, names);
    job.dir.write("code.nut", "server.log(1);");
    for command in [
        "imp-product create --name Ovens",
        "imp-dg create -p Ovens -n Fixtures -y factory -u DUTs -w -t Shipped --create-target",
        "imp-build deploy --dg Shipped --device-file code.nut",
        "imp-hook create --dg Shipped -u http://127.0.0.1:9/ -e blessing -m json",
    ] {
        job.dir.sh(&format!("{command} --account staging")).ok();
    }
    job.type_next().quiet();
    job.type_next();
    let planned = job.type_next().lines();
    assert_eq!(planned.len(), 6, "{planned:?}");
    assert!(planned.iter().any(|line| line.ends_with("1 production_devicegroup\tShipped")));
    assert_eq!(job.dir.read_lines("made.ndjson").len(), 6);
    let [staging, production] = names.map(|account| {
        let groups =
            format!("imp-dg list --owner me --account {account} --fields name,type,env_vars");
        let sha = "imp-build list --owner me --fields sha,tags --account";
        job.dir.sh(&format!("{groups}; {sha} {account}")).ok().stdout()
    });
    assert_eq!(staging, production);
    job.dir.sh("imp-change undo last --confirmed --account production").ok();
    job.dir.sh("imp-product list --owner me --account production").ok().no_stdout();
}

#[test]
fn change_login_keys() {
    let mut job = Job::of("Change login keys");
    job.dir.write("password", &job.sim.entry.password);
    for descr in ["line 3, 2026-05-01", "line 3, 2026-08-01", "line 4, 2026-08-01"] {
        let create = format!("imp-auth key create --descr '{descr}' --pwd-file password");
        job.dir.sh(&create).quiet();
    }
    job.type_next().ok();
    let kept = job.dir.read("line3.key");
    assert!(
        job.dir
            .sh("ls -l line3.key line3.auth")
            .lines()
            .iter()
            .all(|line| line.starts_with("-rw-------"))
    );
    job.type_next().quiet();
    let keys = job.dir.sh("imp-auth key list").quiet().records();
    let left: Vec<String> = keys.iter().map(|key| text(key, "description")).collect();
    let today = job.dir.sh("date +%F").stdout().trim().to_owned();
    assert_eq!(left, ["made by imp-sim", "line 4, 2026-08-01", &format!("line 3, {today}")]);
    assert_eq!(text(&keys[2], "id"), kept.trim());
}

#[test]
fn one_time_password() {
    let mut job = Job::with("Sign in with a one-time password", &["--otp", "123456"]);
    job.rename("factory@example.com", "simuser@example.com");
    job.dir.write("password", &job.sim.entry.password);
    job.type_next().ok();
    let key = job.dir.read("line3.key");
    let by_key = format!("IMPT_ENDPOINT={} IMPT_LOGINKEY={}", job.sim.entry.endpoint, key.trim());
    job.dir.sh(&format!("{by_key} imp-auth info")).quiet();
}
