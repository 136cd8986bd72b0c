//! `imp-device diff`: a list of what should be there, and what is said of each of its rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tests::{Dir, Server, Sim, answer, kinds};

const PRODUCTION: &str = "production_devicegroup";
const DUT: &str = "dut_devicegroup";

/// An account with so many devices, of which none is in a group, and their ids and MAC addresses.
fn account(devices: &str) -> (Sim, Dir, Vec<String>, Vec<String>) {
    let sim = Sim::start(&["--devices", devices]);
    let dir = Dir::signed_in(&sim);
    let (ids, macs) = (sim.field("id"), sim.field("mac_address"));
    sim.reset();
    (sim, dir, ids, macs)
}

/// The states of records, in their order.
fn states(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["state"].as_str().expect("a state")).collect()
}

/// Eight devices, of which four are on the bench and one is in another group; and a list with eight rows, of which
/// three name devices that a row before them names.
fn bench_and_list() -> (Sim, Dir, Vec<String>) {
    let (sim, dir, ids, macs) = account("8");
    let [bench, other] = sim.groups(["Bench", "Other"]);
    sim.put(&bench, &ids[..4]);
    sim.put(&other, &ids[4..5]);
    dir.sh(&format!("imp-device update --device {} --name oven-3", ids[2])).ok();
    let upper = macs[0].to_uppercase();
    let rows = [&upper, &ids[4], &ids[6], MISSING, "oven-3", &ids[0], &macs[2], &macs[0]];
    let rows = (7..).zip(rows).map(|(station, device)| format!("{device},{station}\n"));
    dir.write("list.csv", format!("id,station\n{}", rows.collect::<String>()));
    (sim, dir, ids)
}

const MISSING: &str = "0c:2a:69:ff:ff:01";

#[test]
fn each_row_is_told_and_then_what_is_in_no_row() {
    let (sim, dir, ids) = bench_and_list();
    let run = dir.sh("echo Bench | imp-device diff --expected list.csv --dg -");
    assert_eq!(run.stdout(), dir.sh("imp-device diff --expected list.csv --dg Bench").stdout());
    let told = run.records();
    let expected = "present elsewhere elsewhere missing present doubled doubled doubled unexpected \
        unexpected";
    assert_eq!(states(&told).join(" "), expected);
    run.says("2 present, 1 missing, 2 elsewhere, 2 unexpected, 3 doubled").code(1);
    let field = |row: usize, name: &str| told[row][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((field(0, "id"), field(0, "station")), (ids[0].clone(), "7".to_owned()));
    let group = |number: usize| sim.devices()[number]["devicegroup_id"].as_str().map(str::to_owned);
    let (bench, other) = (group(0).expect("a group"), group(4).expect("a group"));
    let place = ["devicegroup_id", "devicegroup_name", "product_name", "expected_devicegroup_id"];
    assert_eq!(place.map(|name| field(1, name)), [&*other, "Other", "Ovens", &*bench]);
    assert_eq!(place.map(|name| field(2, name)), ["", "", "", &*bench]);
    assert_eq!((field(3, "id"), field(3, "source")), (MISSING.into(), "list.csv:5".into()));
    assert_eq!((field(4, "id"), field(4, "name")), (ids[2].clone(), "oven-3".into()));
    let firsts = [5, 6, 7].map(|row| field(row, "doubled_of"));
    assert_eq!(firsts, ["list.csv:2", "list.csv:6", "list.csv:2"]);
    assert_eq!([field(8, "id"), field(9, "id")], [&*ids[1], &*ids[3]]);
    assert!(told[8].get("source").is_none());
}

#[test]
fn a_row_says_which_product_its_device_should_be_in() {
    let (_sim, dir, ids) = bench_and_list();
    dir.sh("imp-product create --name Toasters").ok();
    let rows = format!("{},Ovens\n{},Toasters\n{},\n{},Kettles\n", ids[0], ids[1], ids[2], ids[3]);
    dir.write("list.csv", format!("id,product\n{rows}"));
    let diff = "imp-device diff --expected list.csv --product Ovens --ignore-unexpected";
    let run = dir.sh(diff).code(1).says_all(&["list.csv:5: ", "No product `Kettles`"]);
    assert_eq!(states(&run.records()).join(" "), "present elsewhere present");
    let toasters = dir.sh("imp-product list | jq -r 'select(.name == \"Toasters\").id'").ok();
    assert_eq!(run.records()[1]["expected_product_id"], toasters.stdout().trim());
}

#[test]
fn what_is_elsewhere_feeds_assign() {
    let (sim, dir, ids, macs) = account("12");
    let [bench, other] = sim.groups(["Bench", "Other"]);
    sim.put(&bench, &ids[..5]);
    sim.put(&other, &ids[5..9]);
    dir.write_column("list.csv", "MAC-Adresse", &macs);
    let diff = "imp-device diff --expected list.csv --column mac_address=MAC-Adresse --dg Bench";
    dir.sh(&format!(
        "{diff} | jq -c 'select(.state==\"elsewhere\")' | imp-device assign --dg Bench"
    ))
    .outcomes("assigned", 7);
    let counted = dir.sh(diff).ok();
    assert_eq!(states(&counted.records()), ["present"; 12]);
    counted.says("12 present");
    // A row's own group goes with it.
    let rows: Vec<String> = macs.iter().map(|mac| format!("{mac},Other")).collect();
    dir.write("groups.csv", format!("mac_address,dg\n{}\n", rows.join("\n")));
    let own = "imp-device diff --expected groups.csv --product Ovens";
    assert_eq!(states(&dir.sh(own).code(1).records()), ["elsewhere"; 12]);
    dir.sh(&format!("{own} | imp-device assign")).outcomes("assigned", 12);
    dir.sh(own).ok();
    assert_eq!(sim.members(&other).len(), 12);
}

#[test]
fn a_list_of_before_is_compared_with_now() {
    let (sim, dir, ids, _) = account("6");
    let [bench, other] = sim.groups(["Bench", "Other"]);
    sim.put(&bench, &ids[..3]);
    dir.sh("imp-device list --dg Bench > before.ndjson").quiet();
    dir.sh("imp-device list --dg Bench -z csv > before.csv").quiet();
    sim.put(&other, &ids[1..2]);
    assert_eq!(sim.api("DELETE", &format!("/devices/{}", ids[5]), &Value::Null).status, 204);
    for file in ["before.ndjson", "before.csv"] {
        let run = dir.sh(&format!("imp-device diff --expected - < {file}")).code(1);
        let told = run.records();
        let expected = ["present", "elsewhere", "present", "unexpected", "unexpected"];
        assert_eq!(states(&told), expected, "{file}");
        assert_eq!(
            (&told[1]["devicegroup_id"], &told[1]["devicegroup_name"]),
            (&json!(other), &json!("Other"))
        );
    }
    // What was told of a difference before is not told again of what is missing now.
    dir.sh("imp-device diff --expected before.ndjson > differences.ndjson").code(1);
    dir.sh(&format!("imp-device unassign {}", ids[1])).ok();
    assert_eq!(sim.api("DELETE", &format!("/devices/{}", ids[1]), &Value::Null).status, 204);
    let again = dir.sh("head -2 differences.ndjson | imp-device diff --expected - --product Ovens");
    let told = again.code(1).records();
    assert_eq!((&told[1]["state"], told[1].get("devicegroup_id")), (&json!("missing"), None));
}

/// A line of the journal of a receiver.
fn event(event: &str, device: &str, at: &str) -> String {
    let digest = "0".repeat(32);
    format!(
        "{}\n",
        json!({"type": "webhook_event", "id": "1", "received_at": at, "event": event,
            "hook": event, "device_id": device, "digest": digest})
    )
}

/// Somewhen before the shift, and after it.
const BEFORE: &str = "2020-01-01T00:00:00.000Z";
const AFTER: &str = "2099-01-01T00:00:00.000Z";

/// A line that has tested ten devices under test, eight of which it has blessed. Of the last two that were blessed,
/// and are offline, one has been so since before its blessing; of the first, the event was lost. Behind them stand two
/// that were not blessed, one that only the journal knows, and one that nobody does.
fn shift() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "0"]);
    let product = sim.product("Ovens");
    let shipped = sim.group(&product, PRODUCTION, "Shipped");
    let duts = sim.group(&product, DUT, "DUTs");
    let relations = json!({"production_target": {"type": PRODUCTION, "id": shipped},
        "dut_target": {"type": DUT, "id": duts}});
    sim.group_with(&product, "factoryfixture_devicegroup", "Fixtures", relations);
    let mut dir = Dir::signed_in(&sim);
    dir.set("IMP_SIM_CONTROL", &sim.entry.control);
    dir.sh("imp-sim add --imp-type imp005 | imp-device assign --dg Fixtures --input -").ok();
    dir.sh("imp-sim line --fixture Fixtures --duts 10 --fail 20%").ok();
    let [blessed, failed] = [&shipped, &duts].map(|group| Vec::from_iter(sim.members(group)));
    assert_eq!((blessed.len(), failed.len()), (8, 2));
    sim.control("POST", "offline", &json!({"devices": blessed[6..8]}).to_string());
    let gone = "00000000000000aa".to_owned();
    let told = blessed[1..7].iter().chain([&gone]);
    let mut journal: String = told.map(|id| event("blessing", id, BEFORE)).collect();
    journal += &event("blessing", &blessed[7].to_uppercase(), AFTER);
    journal += &event("blinkup", &failed[0], AFTER);
    dir.write("events.ndjson", journal);
    let rows = [&blessed[..], &failed, &[gone, "00000000000000bb".to_owned()]].concat();
    dir.write_column("serials.csv", "id", &rows);
    (sim, dir)
}

#[test]
fn what_the_webhooks_said_counts_too() {
    let (_sim, dir) = shift();
    for place in ["--dg Shipped", "--product Ovens"] {
        let diff = format!("imp-device diff --expected serials.csv --events events.ndjson {place}");
        let told = dir.sh(&diff).code(1).records();
        let mut expected = vec!["present"; 7];
        expected.extend(["blessed_but_silent", "never_blessed", "never_blessed"]);
        expected.extend(["blessed_but_silent", "missing"]);
        // The fixture is in the product.
        expected.extend((place == "--product Ovens").then_some("unexpected"));
        assert_eq!(states(&told), expected, "{place}");
        let blessed_at = [&told[0]["blessed_at"], &told[1]["blessed_at"]];
        assert_eq!(blessed_at, [&json!(null), &json!(BEFORE)]);
        assert_eq!(told[8]["devicegroup_name"], "DUTs");
    }
    let journal = "imp-device diff --expected serials.csv --events serials.csv";
    dir.sh(&format!("{journal} --failed left.ndjson")).code(1);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("wrong_type", 12)].into());
}

#[test]
fn without_the_journal_the_same_rows_are_somewhere_or_not() {
    let (_sim, dir) = shift();
    let told = dir.sh("imp-device diff --expected serials.csv --dg Shipped").code(1).records();
    let expected = [&["present"; 8][..], &["elsewhere"; 2], &["missing"; 2]].concat();
    assert_eq!(states(&told), expected);
    assert!(told.iter().all(|record| record.get("blessed_at").is_none()));
    let some = "imp-device diff --expected - --product Ovens --ignore-unexpected";
    dir.sh(&format!("head -4 serials.csv | {some}")).says("3 present").ok();
}

#[test]
fn the_report_says_how_many_are_present_as_the_summary_does() {
    let (_sim, dir, ids, _) = account("2");
    dir.write("list.csv", format!("device\n{}\n0c2a69ffff01\n", ids[0]));
    let diff = "imp-device diff --expected list.csv --ignore-unexpected --report report.json -v";
    dir.sh(diff).says("2 rows: 1 present, 1 not present, 0 failed").code(1);
    let report = dir.report("report.json");
    assert_eq!((report.ok, report.present, report.not_present), (2, Some(1), Some(1)));
}

#[test]
fn a_bad_row_fails_and_the_others_are_told() {
    let (sim, dir, ids, _) = account("4");
    for id in &ids[..2] {
        dir.sh(&format!("imp-device update --device {id} --name twin")).ok();
    }
    let rows = format!("id,dg\n{},\n,Bench\ntwin,\n{},Nowhere\n{},\n", ids[0], ids[2], ids[3]);
    dir.write("list.csv", rows);
    let run =
        dir.sh("imp-device diff --expected list.csv --failed left.ndjson --report report.json");
    let told = run.records();
    // The device that should be in a group that is not there is named by its row.
    assert_eq!(states(&told), ["present", "present"]);
    run.says("2 devices have this name").code(1);
    let failed = dir.failed("left.ndjson");
    assert_eq!(kinds(&failed), [("ambiguous", 1), ("bad_input", 1), ("not_found", 1)].into());
    let report = dir.report("report.json");
    assert_eq!((report.rows, report.ok, report.failed, report.exit), (5, 2, 3, 1));
    assert_eq!(sim.counts().writes, 2, "it reads alone");
    dir.sh("imp-device diff").says("--expected").code(2);
    dir.sh("imp-device diff --expected list.csv --dg Nowhere").says("Nowhere").code(1);
    dir.sh("head -1 list.csv | imp-device diff --expected - --min-rows 3")
        .says("--min-rows")
        .code(2);
}

#[test]
fn it_costs_one_list() {
    let (sim, dir, ids, macs) = account("450");
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &ids[..150]);
    dir.write_column("all.csv", "mac_address", &macs);
    sim.reset();
    dir.sh("imp-device diff --expected all.csv").ok();
    let counts = sim.counts();
    // Six pages that overlap, and two questions for production devices.
    assert!(
        counts.kind("GET /devices") <= 8 && counts.kind("GET /devices/{id}") == 0,
        "{counts:?}"
    );
    dir.write_column("bench.csv", "id", &ids[..150]);
    sim.reset();
    dir.sh("imp-device diff --expected bench.csv --dg Bench").ok();
    assert!(sim.counts().kind("GET /devices") <= 5, "{:?}", sim.counts());
    // Those few that are not in the group are asked for by themselves.
    dir.write_column("bench.csv", "id", &ids[..152]);
    sim.reset();
    dir.sh("imp-device diff --expected bench.csv --dg Bench")
        .says("150 present, 2 elsewhere")
        .code(1);
    assert_eq!(sim.counts().kind("GET /devices/{id}"), 2, "{:?}", sim.counts());
}

/// A service whose list of devices moves too much to be read, unless it is calm: then it has this device alone, which
/// is there all the time, but in no page of a list that moves.
pub(super) fn moving(known: &'static str, is_calm: &Arc<AtomicBool>) -> Server {
    // No page has a device in common with the one that was asked for before it.
    let (pages, is_calm) = (AtomicU64::new(0), is_calm.clone());
    let device =
        |id: &str| json!({"type": "device", "id": id, "attributes": {"device_online": true}});
    let page = move |asked: &str| {
        let parameter = |name: &str| -> u64 {
            let value = asked.split(name).nth(1);
            let value = value.and_then(|rest| rest.split(['=', '&', ' ']).nth(1));
            value.expect("it is asked for").parse().expect("a number")
        };
        let (number, size) = (parameter("number"), parameter("size"));
        let first = 0x5000_0000_0000_0000 + pages.fetch_add(1, Ordering::Relaxed) % 2 * 100;
        let ids = (first..first + size).map(|id| device(&format!("{id:016x}")));
        let next = format!("?page[number]={}&page[size]={size}", number + 1);
        json!({"data": ids.collect::<Vec<_>>(), "links": {"next": next}})
    };
    Server::start(move |asked| {
        let body = match asked {
            _ if asked.contains(known) => json!({"data": device(known)}),
            _ if asked.contains("devicegroup") => json!({"data": []}),
            _ if asked.contains("/accounts/") => json!({"data": {"type": "account", "id": "me"}}),
            _ if !asked.contains("/devices?") => Value::Null,
            _ if is_calm.load(Ordering::Relaxed) => json!({"data": [device(known)]}),
            _ => page(asked),
        };
        answer(&body)
    })
}

#[test]
fn a_list_that_moves_too_much_invents_nothing() {
    let known = "5000d8c46a56cfca";
    let server = moving(known, &Arc::default());
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    dir.write_column("list.csv", "id", &[known, "5000d8c46a56cfcb", "oven-7"]);
    let run = dir.sh("imp-device diff --expected list.csv --jobs 1 --failed left.ndjson");
    let told = run.records();
    assert_eq!(states(&told)[..2], ["present", "missing"]);
    assert!(states(&told)[2..].iter().all(|state| *state == "unexpected"));
    run.says("there may be more that are unexpected").code(1);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("incomplete", 1)].into());
}

#[test]
fn nothing_is_told_of_a_list_that_cannot_be_read() {
    let (sim, dir, ids, _) = account("250");
    dir.write_column("list.csv", "id", &ids);
    sim.fault("GET /devices 503 after=1");
    let run = dir.sh("imp-device diff --expected list.csv --patience 1 --failed left.ndjson");
    run.no_stdout().code(4);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("not_attempted", 250)].into());
    sim.no_faults();
    sim.fault("GET /devices delay=1h after=1");
    let running = dir.spawn("imp-device diff --expected list.csv --failed left.ndjson");
    running.wait_for("the second page", || sim.faults_applied() != [0]);
    running.interrupt();
    running.wait().no_stdout().code(130);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("not_attempted", 250)].into());
    sim.no_faults();
    dir.sh("imp-device diff --expected list.csv | head -1").ok();
}

#[test]
fn it_has_a_form_for_people_and_one_for_spreadsheets() {
    let (sim, dir, ids, _) = account("2");
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &ids[..1]);
    dir.write_column("list.csv", "id", &[&ids[0][..], "00000000000000aa"]);
    let diff = "imp-device diff --expected list.csv --dg Bench";
    let table = dir.sh(&format!("{diff} -z table")).code(1).lines();
    assert!(table[0].starts_with("STATE") && table[0].ends_with("ROW"), "{table:?}");
    assert!(table[1].starts_with("present") && table[2].contains("list.csv:3"), "{table:?}");
    let csv = dir.sh(&format!("{diff} -z csv")).code(1).lines();
    assert!(csv[0].starts_with("type,state,source,id,mac_address"), "{csv:?}");
    assert_eq!(csv.len(), 3);
    dir.sh(&format!("{diff} -v")).code(1).says("2 rows: 1 present, 1 not present, 0 failed, ");
    let fields = dir.sh(&format!("{diff} --fields state,id")).code(1).lines();
    assert_eq!(fields[1], json!({"state": "missing", "id": "00000000000000aa"}).to_string());
}

#[test]
fn the_exit_code_is_that_of_the_comparison_though_nobody_reads() {
    let (_sim, dir, _) = bench_and_list();
    let diff = "imp-device diff --expected list.csv --dg Bench";
    for reader in ["head -1", "true"] {
        let run = dir.sh(&format!("({diff}; echo $? > code) | {reader}"));
        run.says("2 present, 1 missing, 2 elsewhere, 2 unexpected, 3 doubled").ok();
        assert_eq!(dir.read("code"), "1\n", "{reader}");
    }
}
