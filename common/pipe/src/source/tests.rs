mod damage;

use model::ErrorKind;
use std::collections::VecDeque;

use serde_json::json;

use super::*;

/// Gives at most so many bytes at a time.
struct Slow {
    bytes: VecDeque<u8>,
    step: usize,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.step.min(buffer.len()).min(self.bytes.len());
        for (place, byte) in buffer.iter_mut().zip(self.bytes.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

fn read_in_steps(bytes: &[u8], step: usize) -> Vec<Result<Item, ReadError>> {
    let bytes = bytes.iter().copied().collect();
    Source::new("f", Box::new(Slow { bytes, step })).rows().collect()
}

/// Reads it whole and in pieces, which must give the same.
fn read(text: impl AsRef<[u8]>) -> Vec<Result<Item, ReadError>> {
    let text = text.as_ref();
    let whole = read_in_steps(text, usize::MAX);
    if text.len() < 10_000 {
        for step in [1, 2, 3, 7] {
            assert_eq!(read_in_steps(text, step), whole, "in steps of {step}");
        }
    }
    whole
}

/// What was read, a line each: `f:2 {"id":"a"}` or `f:3 BAD title: detail <text>`.
fn told(text: impl AsRef<[u8]>) -> Vec<String> {
    let told = |item| match item {
        Ok(Item::Row(row)) => format!("{} {}", row.source, Value::from(row.record)),
        Ok(Item::Bad(bad)) => {
            assert_eq!(bad.failure.kind, ErrorKind::BadInput);
            let text = bad.input["unparsed"].as_str().expect("text");
            assert_eq!(bad.input.len(), 1);
            format!("{} BAD {} <{text}>", bad.source, bad.failure.sentence())
        }
        Err(error) => format!("ERROR {error}"),
    };
    read(text).into_iter().map(told).collect()
}

#[test]
fn one_object_a_line() {
    assert_eq!(
        told("\n{\"id\":\"a\",\"x\":[1,{\"y\":null}]}\r\n\n  {\"id\":\"b\"}\n{\"id\":\"c\"}"),
        [r#"f:2 {"id":"a","x":[1,{"y":null}]}"#, r#"f:4 {"id":"b"}"#, r#"f:5 {"id":"c"}"#]
    );
}

#[test]
fn the_output_of_jq_over_several_lines() {
    let text = "{\n  \"id\": \"a\",\n  \"x\": {\n    \"y\": []\n  }\n}\n{\n  \"id\": \"b\"\n}\n";
    assert_eq!(told(text), [r#"f:1 {"id":"a","x":{"y":[]}}"#, r#"f:7 {"id":"b"}"#]);
}

#[test]
fn an_array_is_its_elements() {
    let rows = [r#"f:1 {"id":"a"}"#, r#"f:1 {"id":"b"}"#];
    assert_eq!(told(r#"[{"id":"a"},{"id":"b"}]"#), rows);
    assert_eq!(told("[]"), [""; 0]);
    assert_eq!(
        told("[\n{\"id\":\"a\"},\n{\"id\":\"b\"}\n]\n[\"c\"]\n"),
        [r#"f:2 {"id":"a"}"#, r#"f:3 {"id":"b"}"#, r#"f:5 {"id":"c"}"#]
    );
    assert_eq!(
        told("[{\"id\":\"a\"},\n"),
        [
            r#"f:1 {"id":"a"}"#,
            "f:1 BAD Input ends too soon: the array that begins here is not closed; was the input \
             cut off? <[>"
        ]
    );
}

#[test]
fn json_strings_are_identifiers_and_other_scalars_are_bad() {
    assert_eq!(
        told("\"0c:2a\"\n\"b \\\" c\"\n12.50\nnull\n[true,[\"x\"]]\n\"\"\n{}"),
        [
            r#"f:1 {"id":"0c:2a"}"#,
            r#"f:2 {"id":"b \" c"}"#,
            "f:3 BAD No record: a number is neither a record nor an identifier in quotes <12.50>",
            "f:4 BAD No record: null is neither a record nor an identifier in quotes <null>",
            "f:5 BAD No record: a truth value is neither a record nor an identifier in quotes <true>",
            "f:5 BAD No record: an array inside of an array is neither a record nor an identifier \
             in quotes <[\"x\"]>",
            "f:6 BAD Empty identifier: the row is a string with nothing in it <\"\">",
            "f:7 {}",
        ]
    );
}

#[test]
fn after_a_broken_value_reading_goes_on() {
    // Closed on the same line.
    assert_eq!(
        told("{\"id\": oops} {\"id\":\"b\"}\n{\"id\":\"c\"}\n"),
        [
            "f:1 BAD Not JSON: expected value, at its character 8 <{\"id\": oops}>",
            r#"f:1 {"id":"b"}"#,
            r#"f:2 {"id":"c"}"#
        ]
    );
    // Not closed: the next line is a row of its own.
    assert_eq!(
        told("{\"id\":\"a\"\n{\"id\":\"b\"}\n{\"id\":\"c\n{\"id\":\"d\"}\n{\"id\":"),
        [
            "f:1 BAD Not JSON: expected `,` or `}`, in line 2 of the value <{\"id\":\"a\">",
            r#"f:2 {"id":"b"}"#,
            "f:3 BAD Not JSON: control character (\\u0000-\\u001F) found while parsing a string, \
             in line 2 of the value <{\"id\":\"c>",
            r#"f:4 {"id":"d"}"#,
            "f:5 BAD Input ends too soon: the value that begins here is cut off <{\"id\":>"
        ]
    );
    // Words between values.
    assert_eq!(
        told("{\"id\":\"a\"}\noops {\"id\":\"x\"}\n}\n{\"id\":\"b\"}"),
        [
            r#"f:1 {"id":"a"}"#,
            "f:2 BAD Not JSON: no value begins like this <oops {\"id\":\"x\"}>",
            "f:3 BAD Not JSON: no value begins like this <}>",
            r#"f:4 {"id":"b"}"#
        ]
    );
}

#[test]
fn the_inside_of_a_broken_value_is_not_taken_for_rows() {
    let broken = "  {\n    \"id\": \"a\",\n    \"in\": [\n      {\n        \"x\": oops\n      }\n    ],\n    \"name\": \"n\"\n  }";
    let good = "  {\n    \"id\": \"b\"\n  }";
    let array = told(format!("[\n{broken},\n{good}\n]\n{{\"id\":\"c\"}}\n"));
    assert_eq!(array.len(), 3, "{array:#?}");
    assert!(array[0].starts_with("f:2 BAD Not JSON: expected value, in line 5"), "{}", array[0]);
    assert_eq!(array[1..], [r#"f:11 {"id":"b"}"#, r#"f:15 {"id":"c"}"#]);
    // The last element broken: the array still ends.
    let last = told(format!("[\n{good},\n{broken}\n]\n{{\"id\":\"c\"}}\n"));
    assert_eq!(last.len(), 3, "{last:#?}");
    assert_eq!(last[2], r#"f:15 {"id":"c"}"#);
    assert!(array[0].contains("; the 4 lines after that were passed over with it"), "{}", array[0]);
    // A value swallowed by an open one comes out again.
    assert_eq!(
        told("{\"a\":\n{\"id\":\"b\"}\n"),
        [
            "f:1 BAD Input ends too soon: the value that begins here is cut off <{\"a\":>",
            r#"f:2 {"id":"b"}"#
        ]
    );
}

#[test]
fn a_row_that_begins_where_a_broken_one_ends_is_read() {
    for (text, good) in [
        ("[{\n  \"id\": oops\n}, {\n  \"id\": \"b\"\n}]\n", "f:3"),
        ("{\n  \"id\": oops\n} {\"id\": \"b\"}\n", "f:3"),
        (
            "[{\n  \"in\": [{\n    \"x\": oops\n  }, {\n    \"id\": \"no row\"\n  }]\n} , {\n  \
             \"id\": \"b\"\n}]\n",
            "f:7",
        ),
        // What is open may be anything then: the next line that begins with a brace.
        ("{\n\"x: {\n\"y\": 1\n},\n\"z\": 2\n}\n{\"id\": \"b\"}\n", "f:7"),
    ] {
        let rows = told(text);
        assert_eq!(rows.len(), 2, "{text}{rows:#?}");
        assert!(rows[0].starts_with("f:1 BAD") || rows[0].starts_with("f:2 BAD"), "{rows:#?}");
        assert_eq!(rows[1], format!(r#"{good} {{"id":"b"}}"#), "{text}");
    }
}

#[test]
fn csv_with_any_separator_and_mark_and_line_end() {
    for text in [
        "id,name\na,Oven 7\nb,\n",
        "\u{feff}ID;Name\r\na;Oven 7\r\nb;\r\n",
        "\"Id\"\t\"NAME\"\n\"a\"\tOven 7\nb\t",
    ] {
        assert_eq!(
            told(text),
            [r#"f:2 {"id":"a","name":"Oven 7"}"#, r#"f:3 {"id":"b","name":null}"#]
        );
    }
}

#[test]
fn csv_quotes_hold_separators_quotes_and_line_breaks() {
    assert_eq!(
        told("id,name\na,\"x, \"\"y\"\"\r\nz\"\n\n,\nb,5\" disk\n\"c\"\"\",\"\""),
        [
            r#"f:2 {"id":"a","name":"x, \"y\"\r\nz"}"#,
            r#"f:6 {"id":"b","name":"5\" disk"}"#,
            r#"f:7 {"id":"c\"","name":null}"#
        ]
    );
}

#[test]
fn a_csv_row_of_another_length_is_bad_and_the_others_go_on() {
    assert_eq!(
        told("id,dg\na,My, Group\nb\nc,G\n"),
        [
            "f:2 BAD Wrong number of fields: it has 3, the header has 2 <a,My, Group>",
            "f:3 BAD Wrong number of fields: it has 1, the header has 2 <b>",
            r#"f:4 {"id":"c","dg":"G"}"#
        ]
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row() {
    let rows = "x,y\n".repeat(30_000);
    for text in ["id,dg\na,\"G\nb,H\nc,I\n".to_owned(), format!("id,dg\na,\"G\nb,H\nc,I\n{rows}")] {
        let told = told(&text);
        let detail = "the quote that begins a field here is never closed";
        assert_eq!(told[0], format!("f:2 BAD Quotes do not match: {detail} <a,\"G>"));
        assert_eq!(told[1..3], [r#"f:3 {"id":"b","dg":"H"}"#, r#"f:4 {"id":"c","dg":"I"}"#]);
        assert_eq!(told.len(), text.lines().count() - 1);
    }
}

#[test]
fn two_rows_with_a_quote_too_many_do_not_become_one() {
    assert_eq!(
        told("id,name\na,\"x\nb,\"y\nc,z\nd,\"x\"y\ne,\"z\" \n"),
        [
            "f:2 BAD Quotes do not match: a closing quote is followed by more text <a,\"x>",
            "f:3 BAD Quotes do not match: a closing quote is followed by more text <b,\"y>",
            r#"f:4 {"id":"c","name":"z"}"#,
            "f:5 BAD Quotes do not match: a closing quote is followed by more text <d,\"x\"y>",
            r#"f:6 {"id":"e","name":"z "}"#,
        ]
    );
}

#[test]
fn a_heading_may_have_line_breaks_in_it() {
    assert_eq!(
        told("\"MAC\nAddress\";\"my\r\nlabel\"\r\nx;y\r\n"),
        [r#"f:4 {"mac_address":"x","my__label":"y"}"#]
    );
    assert_eq!(told("\"Oven\nx\n"), [r#"f:1 {"id":"\"Oven"}"#, r#"f:2 {"id":"x"}"#]);
}

#[test]
fn a_form_feed_between_values_is_a_blank() {
    let text = "\x0c[\"a\", \x0c\n\"b\"\x0c,\x0c{\"id\":\"c\"}\x0c]";
    assert_eq!(told(text), [r#"f:1 {"id":"a"}"#, r#"f:2 {"id":"b"}"#, r#"f:2 {"id":"c"}"#]);
}

#[test]
fn a_formula_that_gives_nothing_is_an_empty_field() {
    assert_eq!(
        told("id,name\na,=\"\"\n=\"\",\n=\" \",\n=\"12\",x\n"),
        [r#"f:2 {"id":"a","name":null}"#, r#"f:5 {"id":"12","name":"x"}"#]
    );
}

#[test]
fn csv_with_one_column_takes_lines() {
    assert_eq!(
        told("Name\nOven, left\n\"Oven; \"\"right\"\"\"\n"),
        [r#"f:2 {"name":"Oven, left"}"#, r#"f:3 {"name":"Oven; \"right\""}"#]
    );
}

#[test]
fn one_identifier_a_line() {
    assert_eq!(
        told("\n 0c:2a:69:05:0d:62 \r\n\n-bcdEFgh_j12\nOven, left\n"),
        [
            r#"f:2 {"id":"0c:2a:69:05:0d:62"}"#,
            r#"f:4 {"id":"-bcdEFgh_j12"}"#,
            r#"f:5 {"id":"Oven, left"}"#
        ]
    );
    assert_eq!(
        told("{me}{P}{G}\n{me}{P}{H}\n"),
        [r#"f:1 {"id":"{me}{P}{G}"}"#, r#"f:2 {"id":"{me}{P}{H}"}"#]
    );
}

#[test]
fn rows_of_a_failed_run_are_read_as_they_were() {
    let failure = Failure::new(ErrorKind::NotFound, "Not Found");
    let line =
        |input: Value| json!({"error": failure, "input": input, "source": "g:7"}).to_string();
    let good = line(json!({"mac_address": "x", "dg": "A"}));
    let bad = line(json!({"unparsed": "{oops"}));
    assert_eq!(
        told(format!("{good}\n{bad}\n")),
        [
            r#"g:7 {"mac_address":"x","dg":"A"}"#,
            "g:7 BAD Still not readable: the row could not be read in an earlier run, and was not \
             corrected since <{oops>"
        ]
    );
    let other = r#"{"error":"E","input":{"a":1}}"#;
    assert_eq!(told(other), [format!("f:1 {other}")], "a record that only looks like it");
}

#[test]
fn values_are_kept_digit_by_digit_and_none_of_two_is_chosen() {
    let exact = r#"{"id":"a","n":12345678901234567890123,"f":1.10,"z":-0.0,"e":1e+400,"s":[0.30]}"#;
    assert_eq!(told(exact), [format!("f:1 {exact}")]);
    let twice =
        "{\"id\":\"a\",\"id\":\"b\"}\n{\n\"id\":\"c\",\"x\":{\"y\":1,\"y\":2}}\n{\"id\":\"d\"}";
    let said = told(twice);
    assert!(
        said[0].starts_with("f:1 BAD A key stands twice in the record: ")
            && said[0].contains("`id`")
    );
    assert!(said[1].starts_with("f:2 BAD A key stands twice"), "{}", said[1]);
    assert_eq!(said[2..], [r#"f:4 {"id":"d"}"#]);
}

#[test]
fn what_stands_behind_a_carriage_return_is_not_lost() {
    for text in ["id,x\na,b\rc,d\ne,f\r\n", "id\na\rb\ne\r\n", "a\na\rb\ne\r\n"] {
        let said = told(text);
        assert!(
            said.iter().any(|row| row.starts_with("f:2 BAD A carriage return in the")),
            "{said:?}"
        );
        assert!(said.last().is_some_and(|row| row.starts_with("f:3 {\"id\":\"e\"")), "{said:?}");
    }
    assert_eq!(told("id,x\na,\"b\rc\"\"\"\r\n"), [r#"f:2 {"id":"a","x":"b\rc\""}"#]);
}

#[test]
fn what_spreadsheets_put_above_and_between_columns() {
    let row = |line| [format!(r#"f:{line} {{"id":"a,b","dg":"c"}}"#)];
    for (text, line) in [
        ("sep=;\nid;dg\na,b;c\n", 3),
        ("\u{feff}\"sep=;\"\r\nid;dg\r\na,b;c\r\n", 3),
        ("id|dg\na,b|c\n", 2),
        ("Batch 7 of November\n\nid;dg\na,b;c\n", 4),
        ("Batch;7\nid;dg\na,b;c\n", 3),
        ("\u{200b}ID\u{a0};\u{201c}DG\u{201d}\na,b;c\n", 2),
    ] {
        assert_eq!(told(text), row(line), "{text:?}");
    }
    let list = "Oven 7\nOven 8\n";
    assert_eq!(told(list), [r#"f:1 {"id":"Oven 7"}"#, r#"f:2 {"id":"Oven 8"}"#], "no title");
    let unknown = told("Seriennummer;MAC-Adresse\n1;2\n").remove(0);
    assert!(unknown.contains("--column mac_address=mac_adresse"), "{unknown}");
}

#[test]
fn columns_are_called_as_the_user_says() {
    let columns = vec!["mac_address=MAC-Adresse".parse().unwrap()];
    let reading = Reading { columns, encoding: Some("latin1".parse().unwrap()) };
    let read = |bytes: &'static [u8]| {
        let rows = Source::new("f", Box::new(bytes)).reading(&reading).rows();
        rows.map(|item| match item {
            Ok(Item::Row(row)) => Value::from(row.record).to_string(),
            other => format!("{other:?}"),
        })
        .collect::<Vec<_>>()
    };
    let row = r#"{"mac_address":"x","ort":"B\u{fc}ro"}"#.replace("\\u{fc}", "\u{fc}");
    assert_eq!(read(b"MAC-Adresse;Ort\nx;B\xfcro\n"), [row.as_str()]);
    assert_eq!(read(b"{\"MAC-Adresse\":\"x\",\"ort\":\"B\xfcro\"}\n"), [row.as_str()]);
    assert!(read(b"mac;ort\nx;y\n")[0].contains("no column is called `mac_adresse`"));
}

#[test]
fn nothing_in_it_is_no_row() {
    for nothing in ["", "\n \r\n", "\u{feff}", "id,name\n", "id\n\n"] {
        assert_eq!(told(nothing), [""; 0], "{nothing:?}");
    }
}
