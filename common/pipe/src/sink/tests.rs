use model::{Record, ResourceKind};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::{Item, Source};

/// Collects what is written; the other end can be closed.
#[derive(Clone, Default)]
struct Pipe {
    text: Arc<Mutex<Vec<u8>>>,
    error: Arc<Mutex<Option<ErrorKind>>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kind) = *self.error.lock().unwrap() {
            return Err(io::Error::from(kind));
        }
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }

    fn sink(&self, format: Format, fields: Option<&str>, width: Option<usize>) -> Sink {
        let fields = fields.map(|fields| fields.split(',').map(str::to_owned).collect());
        let screen = width.map(|width| Screen { width, now, local_time, is_coloured: false });
        Sink::new(format, fields, Box::new(self.clone()), screen)
    }
}

/// The time at which the tables of these tests are looked at.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_000_000)
}

fn local_time(_: SystemTime) -> [String; 2] {
    Default::default()
}

fn records(value: Value) -> Vec<Record> {
    serde_json::from_value(value).unwrap()
}

fn printed(format: Format, fields: Option<&str>, width: Option<usize>, given: Value) -> String {
    let pipe = Pipe::default();
    let mut sink = pipe.sink(format, fields, width);
    for record in records(given) {
        assert_eq!(sink.write(&record).unwrap(), Wrote::Done);
    }
    assert_eq!(sink.finish().unwrap(), Wrote::Done);
    pipe.text()
}

#[test]
fn ndjson_is_a_record_a_line_with_nothing_changed() {
    let given = json!([{"b": false, "a": null, "n": {"x": [1, 2.5]}, "t": "ü\n"}, {}]);
    assert_eq!(
        printed(Format::Ndjson, None, None, given.clone()),
        "{\"b\":false,\"a\":null,\"n\":{\"x\":[1,2.5]},\"t\":\"ü\\n\"}\n{}\n"
    );
    assert_eq!(
        printed(Format::Ndjson, Some("a,z,b"), None, given),
        "{\"a\":null,\"z\":null,\"b\":false}\n{\"a\":null,\"z\":null,\"b\":null}\n"
    );
}

#[test]
fn json_is_one_array_also_of_nothing() {
    assert_eq!(printed(Format::Json, None, None, json!([])), "[]\n");
    let given = json!([{"a": 1}, {"a": 2}]);
    assert_eq!(printed(Format::Json, None, None, given), "[\n{\"a\":1},\n{\"a\":2}\n]\n");
}

#[test]
fn minimal_is_the_id() {
    let given = json!([{"id": "d", "name": "n"}, {"name": "n"}, {"id": 7}]);
    assert_eq!(printed(Format::Minimal, None, None, given), "d\n{\"name\":\"n\"}\n7\n");
}

#[test]
fn the_header_of_csv_does_not_depend_on_the_first_record() {
    let full = json!({"type": "device", "id": "d", "name": "a, \"b\"", "rssi": -60,
        "device_online": false, "extra": 1});
    let bare = json!({"id": "e", "type": "device"});
    let both = printed(Format::Csv, None, None, json!([full, bare]));
    let turned = printed(Format::Csv, None, None, json!([bare, full]));
    let lines: Vec<&str> = both.lines().collect();
    assert_eq!(lines[0], turned.lines().next().unwrap());
    assert_eq!(lines[0].split(',').count(), 21);
    assert_eq!(lines[1], "device,d,\"a, \"\"b\"\"\",,,false,,,,,,,,-60,,,,,,,");
    assert_eq!(lines[2], "device,e,,,,,,,,,,,,,,,,,,,");
}

#[test]
fn csv_has_columns_for_what_a_verb_adds() {
    let given = json!([{"type": "product", "id": "p", "outcome": "deleted", "dry_run": true}]);
    let text = printed(Format::Csv, None, None, given);
    assert!(text.starts_with("type,id,name,"), "{text}");
    assert!(text.contains(",updated_at,outcome,dry_run\n"), "{text}");
    assert!(text.ends_with(",deleted,true\n"), "{text}");
}

#[test]
fn csv_of_an_unknown_type_has_the_fields_of_the_first() {
    let given = json!([{"x": [1, {"y": null}], "=1+1": "=2"}, {"x": null, "z": 1}]);
    assert_eq!(
        printed(Format::Csv, None, None, given.clone()),
        "x,=1+1\n\"[1,{\"\"y\"\":null}]\",=2\n,\n"
    );
    assert_eq!(
        printed(Format::Csv, Some("z,x"), None, given),
        "z,x\n,\"[1,{\"\"y\"\":null}]\"\n1,\n"
    );
}

#[test]
fn csv_of_nothing_still_has_its_header_if_the_type_is_known() {
    assert_eq!(printed(Format::Csv, None, None, json!([])), "");
    assert_eq!(printed(Format::Csv, Some("a,b"), None, json!([])), "a,b\n");
    let pipe = Pipe::default();
    let mut sink = pipe.sink(Format::Csv, None, None);
    sink.expect_type("product");
    sink.finish().unwrap();
    let header = "type,id,name,description,owner_id,creator_id,created_at,updated_at\n";
    assert_eq!(pipe.text(), header);
    let mut sink = pipe.sink(Format::Csv, None, None);
    sink.expect_type("product");
    sink.write(&records(json!([{"serial": "1"}]))[0]).unwrap();
    sink.finish().unwrap();
    assert_eq!(pipe.text(), format!("{header}{header},,,,,,,\n"));
}

#[test]
fn what_csv_and_json_print_can_be_read_back() {
    let given = json!([
        {"type": "device", "id": "5000d8c46a56cfca", "name": "Oven, \"left\";\r\n7", "rssi": null},
        {"type": "device", "id": "-bcdEFgh_j12", "name": "=cmd", "mac_address": "0c:2a:69:05:0d:62"}
    ]);
    for format in [Format::Ndjson, Format::Csv, Format::Json] {
        let text = printed(format, None, None, given.clone());
        let rows = Source::new("f", Box::new(io::Cursor::new(text))).rows();
        let rows: Vec<Item> = rows.collect::<Result<_, _>>().unwrap();
        for (item, record) in rows.iter().zip(records(given.clone())) {
            let Item::Row(row) = item else { panic!("{item:?}") };
            let id = row.identifier(ResourceKind::Device, &[]).unwrap();
            assert_eq!(Value::from(id.text), record["id"]);
            assert_eq!(row.record["name"], record["name"]);
        }
        assert_eq!(rows.len(), 2);
    }
    let text = printed(Format::Minimal, None, None, given);
    assert_eq!(Source::new("f", Box::new(io::Cursor::new(text))).rows().count(), 2);
}

#[test]
fn a_closed_pipe_is_told_and_then_quiet() {
    let pipe = Pipe::default();
    let mut sink = pipe.sink(Format::Ndjson, None, None);
    sink.write(&Record::new()).unwrap();
    assert_eq!(pipe.text(), "", "until the flush it waits");
    assert_eq!(sink.flush().unwrap(), Wrote::Done);
    assert_eq!(pipe.text(), "{}\n");
    *pipe.error.lock().unwrap() = Some(ErrorKind::BrokenPipe);
    assert_eq!(sink.write(&Record::new()).unwrap(), Wrote::Done);
    assert_eq!(sink.flush().unwrap(), Wrote::Closed);
    assert_eq!(sink.write(&Record::new()).unwrap(), Wrote::Closed);
    assert_eq!(sink.finish().unwrap(), Wrote::Closed);
    let mut sink = pipe.sink(Format::Ndjson, None, None);
    *pipe.error.lock().unwrap() = Some(ErrorKind::StorageFull);
    sink.write(&Record::new()).unwrap();
    assert_eq!(sink.flush().unwrap_err().kind(), ErrorKind::StorageFull);
}

fn device(id: &str, name: &str) -> Value {
    json!({"type": "device", "id": id, "name": name, "mac_address": "0c:2a:69:05:0d:62",
        "device_online": true, "devicegroup_id": "g", "devicegroup_type": "dut_devicegroup"})
}

#[test]
fn a_table_is_fitted_to_its_rows() {
    let given = json!([device("5000d8c46a56cfca", "Oven"), device("5000d8c46a56cfcb", "東京")]);
    assert_eq!(
        printed(Format::Table, None, None, given),
        "ID                NAME  MAC ADDRESS        ONLINE  GROUP  PRODUCT\n\
         5000d8c46a56cfca  Oven  0c:2a:69:05:0d:62  yes     g\n\
         5000d8c46a56cfcb  東京  0c:2a:69:05:0d:62  yes     g\n"
    );
    assert_eq!(printed(Format::Table, None, None, json!([])), "");
    let group = json!([{"type": "pre_factoryfixture_devicegroup", "id": "g", "name": "F"}]);
    let table = printed(Format::Table, None, None, group);
    assert!(table.contains(" pre-factory"), "{table}");
}

#[test]
fn a_table_shows_names_for_ids_and_chosen_fields() {
    let pipe = Pipe::default();
    let mut sink = pipe.sink(Format::Table, Some("devicegroup_id,product_id,owner_id"), None);
    sink.set_names(Box::new(|kind, id| {
        (kind == "dut_devicegroup" && id == "g").then(|| "My\x1b[31mGroup".to_owned())
    }));
    let mut record = device("d", "n");
    record["product_id"] = json!("p");
    sink.write(&records(json!([record]))[0]).unwrap();
    sink.finish().unwrap();
    let text = pipe.text();
    assert_eq!(text, "DEVICEGROUP ID  PRODUCT ID  OWNER ID\nMy\u{fffd}[31mGroup    p\n");
}

#[test]
fn no_name_can_steer_the_terminal_or_break_the_table() {
    let evil = "a\x1b]0;x\x07b\nc\u{202e}d";
    let text = printed(Format::Table, None, Some(120), json!([device("d", evil)]));
    assert_eq!(text.lines().count(), 2);
    assert!(text.chars().all(|shown| shown == '\n' || !shown.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn a_table_is_wider_than_the_terminal_only_for_what_is_never_cut() {
    let long = "Lange Beschreibung 東京 ".repeat(20);
    let group = |name: &str, text: &str| {
        json!({"type": "dut_devicegroup", "id": "4e264cef-3316-cdfa-7f39-7a5d458994b3",
            "name": name, "description": text})
    };
    for width in [40, 80, 100, 200] {
        let given = json!([group("Oven", &long), group("Bench", "y")]);
        let text = printed(Format::Table, None, Some(width), given);
        for line in text.lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line}");
        }
        assert!(text.contains("4e264cef  Oven   dut   Lange") && text.contains('…'), "{text}");
    }
    // Names are whole, and what is less important makes room for them.
    for width in [1, 20, 80] {
        let text = printed(Format::Table, None, Some(width), json!([group(&long, &long)]));
        assert!(text.contains(long.trim()) && !text.contains("DESCRIPTION"), "{width}: {text}");
    }
}

#[test]
fn a_terminal_shows_short_ids_ages_and_no_empty_columns() {
    let build = |id: &str, tags: Value| {
        json!({"type": "deployment", "id": id, "sha": "0123456789abcdef0123", "tags": tags,
            "flagged": false, "created_at": "2026-11-17T12:00:00.000Z"})
    };
    let given = json!([
        build("4e264cef-3316-cdfa-7f39-7a5d458994b3", json!(["gold", "v2"])),
        build("4e264cef-33aa-cdfa-7f39-7a5d458994b3", json!([])),
    ]);
    let text = printed(Format::Table, None, Some(80), given.clone());
    assert_eq!(
        text,
        "ID            SHA           TAGS      FLAGGED  CREATED\n\
         4e264cef-331  0123456789ab  gold, v2  no       23h ago\n\
         4e264cef-33a  0123456789ab            no       23h ago\n"
    );
    let wide = printed(Format::Wide, None, Some(80), given);
    assert!(wide.starts_with("ID  ") && wide.contains("  DESCRIPTION  "), "{wide}");
    assert!(wide.contains("458994b3  0123456789abcdef0123  "), "{wide}");
    assert!(wide.contains("2026-11-17T12:00:00.000Z\n"), "{wide}");
}

#[test]
fn a_column_that_was_left_out_comes_back_with_its_first_value() {
    let mut rows = vec![device("5000d8c46a56cfca", ""); 100];
    rows.push(device("5000d8c46a56cfcb", "Oven"));
    let text = printed(Format::Table, None, Some(80), Value::from(rows));
    let headers: Vec<&str> = text.lines().filter(|line| line.starts_with("ID ")).collect();
    assert_eq!(headers.len(), 2, "{text}");
    assert!(!headers[0].contains("NAME") && headers[1].contains("NAME"), "{text}");
    assert!(text.contains("5000d8c46a56cfcb  Oven  0c:2a"), "{text}");
}

#[test]
fn later_rows_get_the_room_that_they_need() {
    let mut rows = vec![device("5000d8c46a56cfca", "n"); 100];
    rows.push(device("5000d8c46a56cfcb", "A much longer name"));
    let text = printed(Format::Table, None, Some(80), Value::from(rows));
    assert!(text.contains("A much longer name  0c:2a:69:05:0d:62  yes"), "{text}");
}

#[test]
fn names_can_be_asked_for_in_every_form() {
    for (format, expected) in [
        (Format::Csv, "id,devicegroup_name\nd,Ovens\n"),
        (Format::Ndjson, "{\"id\":\"d\",\"devicegroup_name\":\"Ovens\"}\n"),
    ] {
        let pipe = Pipe::default();
        let mut sink = pipe.sink(format, Some("id,devicegroup_name"), None);
        sink.set_names(Box::new(|_, id| (id == "g").then(|| "Ovens".to_owned())));
        sink.write(&records(json!([device("d", "n")]))[0]).unwrap();
        sink.finish().unwrap();
        assert_eq!(pipe.text(), expected);
        assert!(sink.asked_fields().complaints().is_empty());
    }
}

#[test]
fn what_matters_is_whole_on_a_usual_terminal() {
    let mut record = device("5000d8c46a56cfca", &"name ".repeat(9));
    record["product_id"] = json!("a product with a long name");
    record["outcome"] = json!("unassigned");
    let text = printed(Format::Table, None, Some(80), json!([record]));
    let row = text.lines().nth(1).unwrap();
    assert!(row.starts_with("5000d8c46a56cfca  name"), "{text}");
    assert!(row.contains("  0c:2a:69:05:0d:62  yes  ") && row.ends_with("  unassigned"), "{text}");
}

#[test]
fn a_table_streams_once_its_widths_are_known() {
    let rows = records(Value::from(vec![device("5000d8c46a56cfca", "n"); 150]));
    let pipe = Pipe::default();
    let mut sink = pipe.sink(Format::Table, None, Some(200));
    for row in &rows[..99] {
        sink.write(row).unwrap();
    }
    sink.quiet(Write::flush).unwrap();
    assert_eq!(pipe.text(), "", "rows are kept back for the widths");
    for row in &rows[99..] {
        sink.write(row).unwrap();
    }
    sink.quiet(Write::flush).unwrap();
    assert_eq!(pipe.text().lines().count(), 151);
    sink.finish().unwrap();
    assert_eq!(pipe.text().lines().count(), 151, "nothing comes twice");
}

#[test]
fn a_flush_lets_rows_out_and_leaves_room_for_those_to_come() {
    let pipe = Pipe::default();
    let mut sink = pipe.sink(Format::Table, None, Some(200));
    sink.flush().unwrap();
    assert_eq!(pipe.text(), "", "a flush before the first row fixes no widths");
    for name in ["a", "a longer name"] {
        sink.write(&records(json!([device("5000d8c46a56cfca", name)]))[0]).unwrap();
        sink.flush().unwrap();
    }
    let text = pipe.text();
    let starts: Vec<_> = text.lines().map(|line| line.find("0c:2a").or(line.find("MAC"))).collect();
    assert_eq!(starts, [Some(36); 3], "{text}");
}

#[test]
fn colours_go_by_meaning_and_take_no_room() {
    for format in [Format::Table, Format::Wide] {
        let pipe = Pipe::default();
        let screen = Screen { width: 80, now, local_time, is_coloured: true };
        let mut sink = Sink::new(format, None, Box::new(pipe.clone()), Some(screen));
        for outcome in ["assigned", "unchanged"] {
            let given = json!([{"type": "device", "id": "d", "name": "n", "outcome": outcome}]);
            sink.write(&records(given)[0]).unwrap();
        }
        sink.finish().unwrap();
        let text = pipe.text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("\u{1b}[2md\u{1b}[0m   n     "), "{text}");
        assert!(lines[1].ends_with("\u{1b}[32massigned\u{1b}[0m"), "{text}");
        assert!(lines[2].ends_with("\u{1b}[33munchanged\u{1b}[0m"), "{text}");
        assert!(!lines[0].contains('\u{1b}'), "{text}");
    }
}

#[test]
fn a_spreadsheet_has_a_mark_its_separator_and_a_header_without_records() {
    let german = Format::Excel(Spreadsheet::of_locale(Some("de_DE.UTF-8")));
    let given = json!([{"type": "login_key", "id": "7d8e", "description": "a;b", "usages": 3}]);
    let header = "\u{feff}type;id;description;usages\r\n";
    let expected = format!("{header}login_key;7d8e;\"a;b\";3\r\n");
    assert_eq!(printed(german, None, None, given), expected);
    let pipe = Pipe::default();
    let mut sink = pipe.sink(german, None, None);
    sink.expect_type("login_key");
    sink.expect_marks(false);
    sink.finish().unwrap();
    assert_eq!(pipe.text(), "\u{feff}type;id;description;usages;outcome\r\n");
}
