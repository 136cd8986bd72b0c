//! The command itself: run, exit codes, the state file, https, refusals to start.

use std::process::{Command, Output};
use std::sync::Arc;

use super::client::{Sim, exchange};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn run(options: &[&str], script: &str) -> Output {
    let mut command = Command::new(tests::command("imp-sim"));
    command.arg("run").args(options).args(["--", "sh", "-c", script]);
    command.output().expect("the simulator runs")
}

#[test]
fn a_command_finds_itself_signed_in() {
    let script = "cat \"$IMP_AUTH_FILE\"; stat -c ' %a' \"$IMP_AUTH_FILE\"; \
        echo \"$IMPT_ENDPOINT $IMPT_LOGINKEY $IMP_SIM_CONTROL $IMP_SIM_USER $IMP_SIM_PASSWORD\"";
    let output = run(&["--devices", "1"], script);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (file, rest) = text.split_once("} 600\n").unwrap();
    let file: Value = serde_json::from_str(&format!("{file}}}")).unwrap();
    let words: Vec<&str> = rest.split_whitespace().collect();
    assert_eq!(file["endpoint"], words[0]);
    assert!(file["expiresAt"].is_string() && file["refreshToken"].is_string());
    assert_eq!(words[1].len(), 16);
    assert!(words[2].ends_with("/control"));
    assert_eq!(words[3..], ["simuser", "simuser-password"]);
}

#[test]
fn run_ends_as_its_command_ends() {
    assert_eq!(run(&[], "exit 7").status.code(), Some(7));
    assert_eq!(run(&[], "kill -TERM $$").status.code(), Some(143));
    let missing = Command::new(tests::command("imp-sim"))
        .args(["run", "--", "/no/such/command"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(127));
}

#[test]
fn signals_reach_the_command() {
    // The command tells its parent, which is the simulator, to stop; it is stopped instead.
    let script = "trap 'exit 5' TERM; kill -TERM $PPID; for n in $(seq 6000); do sleep 0.01; done";
    let output = run(&[], script);
    assert_eq!(output.status.code(), Some(5));
}

#[test]
fn it_refuses_to_start_wrongly() {
    for options in [
        &["serve", "--listen", "0.0.0.0:0"][..],
        &["serve", "--listen", "127.0.0.1:0", "--fault", "GET"],
        &["serve", "--listen", "127.0.0.1:0", "--variant", "readd=maybe"],
        &["serve", "--listen", "127.0.0.1:0", "--rate-limit", "0"],
        &["serve", "--listen", "127.0.0.1:0", "--load", "/no/such/file"],
        &["run"],
    ] {
        let output = Command::new(tests::command("imp-sim")).args(options).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{options:?}");
    }
}

#[test]
fn the_state_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let options = ["--state", file.to_str().unwrap(), "--devices", "5"];
    let mut first = Sim::start(&options);
    let group = first.group("development", "G");
    let ids = first.get("/devices").ids();
    first.members("POST", &group, &[&ids[3]]);
    let library = json!({"data": {"type": "library", "attributes": {"name": "L"}}});
    let library = format!("/libraries/{}", first.api("POST", "/libraries", &library).id());
    let truth = [first.truth("/devices"), first.truth("/libraries")];
    let id = first.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(first.process.wait().unwrap().code(), Some(0));
    let mut second = Sim::start_signed_out(&options);
    second.token.clone_from(&first.token);
    assert_eq!([second.truth("/devices"), second.truth("/libraries")], truth);
    assert_eq!(second.get(&library).status, 200);
    assert_eq!(second.get(&format!("/devices?filter[devicegroup.id]={group}")).ids(), ids[3..4]);
}

#[test]
fn records_of_lists_can_be_loaded() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("records.ndjson");
    let product = "11111111-0000-0000-0000-000000000001";
    let records = [
        json!({"type": "device", "id": "50000c2a69000001", "name": "x", "device_online": true}),
        json!({"type": "product", "id": product, "name": "Loaded"}),
    ];
    std::fs::write(&file, records.map(|record| format!("{record}\n")).concat()).unwrap();
    let sim = Sim::start(&["--load", file.to_str().unwrap()]);
    let device = sim.get("/devices/0c:2a:69:00:00:01").json();
    assert_eq!(device["data"]["attributes"]["device_online"], true);
    assert_eq!(sim.get(&format!("/products/{product}")).status, 200);
}

#[test]
fn the_same_seed_gives_the_same_service() {
    let options = ["--devices", "50", "--production", "5", "--seed", "9"];
    let (one, two) = (Sim::start(&options), Sim::start(&options));
    assert_eq!(one.control("GET", "/devices", ""), two.control("GET", "/devices", ""));
    assert_eq!(one.entry["login_key"], two.entry["login_key"]);
    let three = Sim::start(&["--devices", "50", "--seed", "10"]);
    assert_ne!(one.entry["login_key"], three.entry["login_key"]);
}

#[test]
fn who_is_gone_in_the_middle_of_a_request_is_not_served() {
    let sim = tests::Sim::start(&["--devices", "1"]);
    sim.fault("* /** delay=1h");
    let mut client = std::net::TcpStream::connect(sim.address()).unwrap();
    let head = "PATCH /v5/devices/x HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{";
    std::io::Write::write_all(&mut client, head.as_bytes()).unwrap();
    let arrived = tests::wait::until(tests::wait::LIMIT, || sim.counts().in_flight == 1);
    assert!(arrived, "the half of a request");
    drop(client);
    sim.wait_until_idle();
    assert_eq!(sim.faults_applied(), [0]);
}

#[test]
fn https_is_trusted_through_its_own_authority() {
    let directory = tempfile::tempdir().unwrap();
    let sim = Sim::start(&["--tls", directory.path().to_str().unwrap()]);
    let authority = CertificateDer::from_pem_file(directory.path().join("ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let host = sim.entry["endpoint"].as_str().unwrap();
    let host = host.strip_prefix("https://").unwrap().strip_suffix("/v5").unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = StreamOwned::new(connection, std::net::TcpStream::connect(host).unwrap());
    let answer = exchange(stream, host, "GET", "/v5/accounts/me", &[], b"").unwrap();
    assert_eq!(answer.error().1, "PX100");
    assert!(answer.header("strict-transport-security").is_some());
    assert!(!sim.truth("/accounts").is_empty(), "the control stays plain http");
}

#[test]
fn the_manual_page_knows_every_variant_with_its_values() {
    let output = Command::new(tests::command("imp-sim")).arg("variants").output().unwrap();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../man/imp-sim.1");
    let page = std::fs::read_to_string(page).unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    for line in lines.lines() {
        let question: Value = serde_json::from_str(line).unwrap();
        let values =
            question["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap());
        let values: Vec<&str> = values
            .map(|value| match value {
                "N" => "Ar n",
                "TIME" => "Ar time",
                _ => value,
            })
            .collect();
        let name = question["name"].as_str().unwrap();
        let wanted = format!(".It Cm {name} Ns = Ns Cm {}\n", values.join(" | "));
        assert!(page.contains(&wanted), "{wanted}");
    }
    assert!(lines.lines().count() > 20);
}

#[test]
fn what_cannot_be_printed_is_told() {
    let sim = tests::Sim::start(&["--devices", "1"]);
    let dir = tests::Dir::signed_in(&sim);
    dir.write_column("rows.csv", "id", &sim.field("id"));
    dir.sh("imp-device info --input rows.csv --record bug.ndjson > seen").ok();
    for command in [
        "imp-sim replay bug.ndjson",
        "imp-sim replay --rows bug.ndjson",
        "imp-sim variants",
        "imp-sim serve",
        "imp-sim --help",
        &format!("imp-sim add --control {}", sim.entry.control),
    ] {
        let full = dir.sh(&format!("{command} > /dev/full")).code(2);
        assert_eq!(full.stderr().lines().count(), 1, "{full}");
        full.says("imp-sim: cannot write to stdout: No space left on device");
        // It is read by somebody who is gone already.
        let gone = dir.sh(&format!("exec 3> >(true); wait $!; {command} >&3")).code(2);
        assert_eq!(gone.stderr(), "", "{gone}");
    }
}
