//! Input: where it comes from and in which forms.

use serde_json::json;
use tests::{Dir, Sim, told};

/// A small account, and somebody who is signed in.
pub fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "20"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn the_same_devices_in_every_form() {
    let (sim, dir) = account();
    let ids: Vec<String> = sim.field("id").drain(..3).collect();
    let macs: Vec<String> = sim.field("mac_address").drain(..3).collect();
    let plain = |separator: &str| macs.iter().map(|mac| mac.replace(':', separator)).collect();
    let rows = |rows: &[String]| rows.join("\n");
    let one = |value: &str| json!({"id": value}).to_string();
    let objects: Vec<String> = ids.iter().map(|id| one(id)).collect();
    let dashed: Vec<String> = plain("-");
    let bare: Vec<String> = plain("");
    let forms = [
        ("ids", rows(&ids)),
        ("MAC addresses", rows(&macs)),
        ("blank lines, no last line end", format!("\n\n{}\n\n{}\n{}", ids[0], ids[1], ids[2])),
        ("dashes", rows(&dashed)),
        ("bare, upper case", rows(&bare).to_uppercase()),
        ("blanks around", format!("  {}  \n\t{}\n{} \n", ids[0], ids[1], ids[2])),
        ("CR LF", format!("{}\r\n", ids.join("\r\n"))),
        ("NDJSON", rows(&objects)),
        ("JSON without lines between", objects.concat()),
        ("an array", format!("[{}]", objects.join(","))),
        ("an array of texts", format!("[\"{}\"]", ids.join("\",\n\""))),
        ("pretty", format!("[\n  {{\n    \"id\": \"{}\"\n  }},\n  {}, {}]", ids[0], objects[1], objects[2])),
        ("a BOM", format!("\u{feff}{}", rows(&objects))),
        ("CSV", format!("id,label\n{},x\n{},\"y, z\"\n{},\"a\"\"b\"\n", ids[0], ids[1], ids[2])),
        ("CSV, semicolon, BOM, CR LF", format!("\u{feff}Label;\"Device ID\"\r\nx;{}\r\ny;{}\r\n\"z;z\";{}", ids[0], ids[1], ids[2])),
        ("CSV, tab", format!("MAC Address\tnote\n{}\t,\n{}\t;\n{}\t\n", macs[0], macs[1], macs[2])),
        ("CSV, one column", format!("Device\n{}\n", rows(&bare))),
        ("CSV, a field over two lines", format!("mac,note\n{},\"one\ntwo\"\n{},\n{},\n", macs[0], macs[1], macs[2])),
        ("rows of a failed run", ids.iter().map(|id| format!("{{\"error\":{{\"status\":503,\"code\":null,\"title\":\"t\",\"detail\":null,\"kind\":\"unreachable\",\"attempts\":3}},\"input\":{{\"id\":\"{id}\"}},\"source\":\"x:1\"}}\n")).collect()),
    ];
    for (form, text) in forms {
        dir.write("rows", &text);
        let run = dir.sh("imp-device info < rows").quiet();
        assert_eq!(run.field("id"), ids, "{form}: {text}{run}");
        let run = dir.sh("imp-device info --input rows").quiet();
        assert_eq!(run.field("id"), ids, "{form}: {text}{run}");
        let run = dir.sh_with("imp-device info", text.clone()).quiet();
        assert_eq!(run.field("id"), ids, "{form}: {text}{run}");
    }
}

#[test]
fn plain_jq_output_and_our_own_output_are_input() {
    let (_sim, dir) = account();
    for between in [
        "jq .",
        "jq -c .",
        "jq -s .",
        "jq .id",
        "jq -r .id",
        "jq '{mac_address}'",
        "cat",
        "jq '{name, device: .id}'",
    ] {
        let script = format!("imp-device list | {between} | imp-device assign --dg A --dry-run");
        dir.sh(&script).ok().outcomes("assigned", 20);
    }
    for form in ["ndjson", "json", "csv", "minimal", "debug 2>/dev/null"] {
        let script = format!("imp-device list -z {form} | imp-device assign --dg A --dry-run");
        dir.sh(&script).ok().outcomes("assigned", 20);
    }
}

#[test]
fn nothing_to_read_from_is_exit_2_and_nothing_in_it_is_exit_0() {
    let (sim, dir) = account();
    for verb in ["info", "assign --dg A", "unassign", "restart", "update --name x", "remove -q"] {
        let run = dir.sh(&format!("imp-device {verb} < /dev/null")).code(2).no_stdout();
        run.says_all(&["--device", "--input"]);
        dir.sh(&format!("imp-device {verb} <&-")).code(2);
        dir.sh_on_terminal(&format!("imp-device {verb}"), "").code(2);
        dir.sh_with(&format!("imp-device {verb}"), "").quiet().no_stdout();
        dir.sh_with(&format!("imp-device {verb}"), "\n\n \n").quiet().no_stdout();
        dir.write("empty.csv", "");
        dir.sh(&format!("imp-device {verb} --input empty.csv")).quiet().no_stdout();
        dir.write("empty.csv", "id,mac_address\n");
        dir.sh(&format!("imp-device {verb} < empty.csv")).quiet().no_stdout();
        dir.write("empty.csv", "[]\n");
        dir.sh(&format!("imp-device {verb} < empty.csv")).quiet().no_stdout();
    }
    assert_eq!(sim.counts().writes, 0);
    // The other tools say the same.
    for (tool, verb) in [("imp-dg", "info"), ("imp-product", "info"), ("imp-product", "create")] {
        dir.sh(&format!("{tool} {verb}")).code(2);
        dir.sh_with(&format!("{tool} {verb}"), "").quiet();
    }
}

#[test]
fn identifiers_given_as_options_leave_stdin_alone() {
    let (_sim, dir) = account();
    let script = "imp-device info --device sensor-000001 -d sensor-000002; cat";
    let run = dir.sh_with(script, "left for others").ok();
    assert!(run.stdout().ends_with("left for others"), "{run}");
    let run = dir.sh_with("imp-device info -d - -d sensor-000001", "sensor-000003\n").quiet();
    assert_eq!(run.field("name"), ["sensor-000003", "sensor-000001"]);
    dir.sh_with("imp-device info -d - -d -", "x").code(2).says("once");
    dir.sh_with("imp-device info -d - --input -", "x").code(2);
    dir.sh_with("imp-device info --input - --input -", "x").code(2).says("once");
}

#[test]
fn several_inputs_are_read_one_after_the_other_each_in_its_own_form() {
    let (sim, dir) = account();
    dir.write("one.csv", "name;room\nsensor-000001;a\nsensor-000002;b\n");
    dir.write("two", "sensor-000003\nnobody\n");
    let script = "imp-device info --input one.csv --input - --input two --failed failed";
    let run = dir.sh_with(script, "{\"id\":\"sensor-000004\"}").code(1);
    let names = ["sensor-000001", "sensor-000002", "sensor-000004", "sensor-000003"];
    assert_eq!(run.field("name"), names);
    assert_eq!(told(&dir.failed("failed")), [("two:2", "not_found")]);
    assert!(sim.counts().total < 60);
}

#[test]
fn an_agent_id_that_begins_with_a_dash() {
    let sim = Sim::start(&["--devices", "3000"]);
    let [a, b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let agents = sim.field("agent_id");
    let dashed: Vec<&String> = agents.iter().filter(|agent| agent.starts_with('-')).collect();
    assert!(dashed.len() > 5, "the simulator has some");
    let agent = dashed[0];
    for script in [
        format!("imp-device info --device {agent}"),
        format!("imp-device info -d {agent}"),
        format!("imp-device info -d={agent}"),
        format!("imp-device info --device={agent}"),
        format!("echo '{agent}' | imp-device info"),
        format!("printf 'agent_id,x\\n{agent},y\\n' | imp-device info"),
    ] {
        let run = dir.sh(&script).quiet();
        assert_eq!(run.record()["agent_id"], **agent, "{script}");
    }
    let script = format!("imp-device assign -d {agent} -d {} --dg B", dashed[1]);
    dir.sh(&script).quiet().outcomes("assigned", 2);
    assert_eq!(sim.members(&b).len(), 2);
    // An option behind it is not swallowed.
    dir.sh("imp-device assign --device --dg B").code(2).no_stdout();
    dir.sh("imp-device assign -d -g B").code(2).no_stdout();
}
