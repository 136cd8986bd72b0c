//! What the user's files hold comes through as it was, and ordinary files of factories can be read.

use super::input::account;

#[test]
fn values_come_out_to_the_letter_and_a_key_twice_is_refused() {
    let (_sim, dir) = account();
    let values =
        r#""serial":12345678901234567890123,"f":1.10,"g":1E400,"h":"\u00e9\/","i":{"j k":[1.0]}"#;
    let spaced = values.replace(',', " , ").replace(":{", " : {").replace('[', "[\t");
    dir.write("rows", format!("{{ \"name\": \"sensor-000001\" ,{spaced}}}\n"));
    let run = dir.sh("imp-device assign --dg A --input rows --failed failed").quiet();
    assert!(run.stdout().contains(values), "{run}");
    dir.write("rows", format!("{{\"name\":\"nobody\",{values}}}\n"));
    dir.sh("imp-device assign --dg A --input rows --failed failed").code(1);
    assert!(dir.read("failed").contains(values));
    dir.write("rows", "{\"name\":\"sensor-000002\",\"dg\":\"A\",\"dg\":\"B\"}\n");
    let run = dir.sh("imp-device assign --input rows --failed failed").code(1).no_stdout();
    run.says_all(&["rows:1", "`dg`", "twice"]);
    assert!(dir.read("failed").contains("unparsed"));
}

#[test]
fn csv_ends_with_the_columns_of_the_input() {
    let (_sim, dir) = account();
    dir.write("rows.csv", "Serial No,name,note\n0017,sensor-000001,1.10\n0018,sensor-000002,\n");
    let run = dir.sh("imp-device assign --dg A --input rows.csv -z csv").quiet();
    let lines = run.lines();
    assert!(lines[0].ends_with(",plan_id,outcome,serial_no,note"), "{run}");
    assert!(lines[1].ends_with(",assigned,0017,1.10"), "{run}");
    assert!(lines[2].ends_with(",assigned,0018,"), "{run}");
    // What our own lists print adds no column.
    let run = dir.sh("imp-device list --dg A | imp-device unassign -z csv").quiet();
    assert!(run.lines()[0].ends_with(",plan_id,outcome"), "{run}");
}

#[test]
fn files_of_a_factory_are_read() {
    let (sim, dir) = account();
    let (macs, ids) = (sim.field("mac_address"), sim.field("id"));
    let read = |options: &str| {
        let run = dir.sh(&format!("imp-device info --input rows.csv {options}")).ok();
        assert_eq!(run.field("id"), ids[..2], "{run}");
        run
    };
    let rows = |header: &str| format!("{header}\n1;{};ok\n2;{};ok\n", macs[0], macs[1]);
    dir.write("rows.csv", rows("ID;MAC Address;Status"));
    let run = read("");
    assert_eq!(run.stderr().matches("`1`").count(), 1, "said once{run}");
    dir.write("rows.csv", rows("Nr;MAC Address;Type"));
    read("");
    dir.write("rows.csv", rows("Seriennummer;MAC-Adresse;Status"));
    let asks = "--column mac_address=mac_adresse";
    dir.sh("imp-device info --input rows.csv").code(2).says_all(&["seriennummer", asks]);
    read(asks);
    dir.sh("imp-device info --input rows.csv --column mac=Adresse").code(2).says(asks);
    dir.sh("imp-device info --input rows.csv --column mac").code(2).says("MAC-Adresse");
    let text = rows("sep=;\nMAC-Ger\u{e4}t;MAC;Stra\u{df}e");
    let latin: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    dir.write("rows.csv", &latin);
    dir.sh("imp-device info --input rows.csv").code(2).says("--encoding windows-1252");
    read("--encoding latin1");
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    dir.write("rows.csv", utf_16);
    read("--encoding utf-16");
    dir.sh("imp-device info --encoding klingon -d x").code(2).says("windows-1252");
}

#[test]
fn what_nobody_can_see_is_no_part_of_an_identifier() {
    let (sim, dir) = account();
    let mac = &sim.field("mac_address")[0];
    dir.write("rows", format!("\u{200b}{mac}\u{a0}\n\u{201c}{mac}\u{201d}\n\u{1e}{mac}\n"));
    let run = dir.sh("imp-device info --input rows").quiet();
    assert_eq!(run.field("mac_address"), [&mac[..]; 3]);
    dir.write("rows", "sen\u{200b}sor-000001\n");
    dir.sh("imp-device info --input rows").code(1).says("<U+200B>");
}

#[test]
fn the_place_of_a_row_is_kept_through_any_number_of_tries() {
    let (_sim, dir) = account();
    dir.write("devices.csv", "name\nsensor-000001\nnobody\n{oops\n");
    dir.sh("imp-device info --input devices.csv --failed one").code(1);
    for _ in 0..2 {
        let run = dir.sh("imp-device info --failed two < one; mv two one").ok();
        run.says("devices.csv:3: ");
        assert_eq!(dir.failed("one")[0].source, "devices.csv:3");
    }
}

#[test]
fn too_few_rows_are_nothing_to_work_on() {
    let (sim, dir) = account();
    let rows = "sensor-000001\nsensor-000002\n";
    for script in ["assign --dg A", "assign --dg A --stream", "update --name x", "remove -q"] {
        let run = dir.sh_with(&format!("imp-device {script} --min-rows 3"), rows).code(2);
        run.no_stdout().says_all(&["2 rows", "--min-rows", "3"]);
    }
    dir.sh_with("imp-device assign --dg A --min-rows 1", "").code(2);
    assert_eq!(sim.counts().writes, 0);
    dir.sh_with("imp-device assign --dg A --min-rows 2", rows).quiet().outcomes("assigned", 2);
}
