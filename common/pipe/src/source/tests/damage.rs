//! Input that is damaged, endless, or slow.

use super::*;

#[test]
fn what_is_no_text_is_named() {
    assert_eq!(
        told(b"id,name\na,B\xfcro\nb,x\0y\nc,z\n"),
        [
            "f:2 BAD Not UTF-8: if a spreadsheet wrote it, give --encoding windows-1252; or save it as UTF-8 \
             <a,B\u{fffd}ro>",
            "f:3 BAD Not text: there is a NUL byte in the row <b,x\0y>",
            r#"f:4 {"id":"c","name":"z"}"#
        ]
    );
    assert_eq!(told(b"a\n\xff\xfe\xfd\nb\n").len(), 3, "in a list only the line itself is bad");
    let json = told(b"{\"id\":\"a\"}\n{\"id\":\"\xff\"}\n{\"id\":\"b\"}\n");
    assert_eq!(json.len(), 3);
    assert!(json[1].starts_with("f:2 BAD Not UTF-8"), "{}", json[1]);
    for (bytes, part) in [
        (b"\xff\xfei\0d\0".as_slice(), "UTF-16"),
        (b"\xfe\xff\0i\0d", "UTF-16"),
        (b"PK\x03\x04rest", "export it as CSV"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"serial,batch\n1,2\n", "found serial, batch; expected one of id, device"),
    ] {
        let told = told(bytes);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("ERROR f: ") && told[0].contains(part), "{}", told[0]);
    }
}

#[test]
fn a_directory_is_an_error() {
    let directory = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let items: Vec<_> = Source::new("d", Box::new(directory)).rows().collect();
    let [Err(error)] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(error.to_string(), "d: is a directory, not a file");
}

#[test]
fn a_row_of_many_megabytes_is_bad_and_the_next_is_read() {
    let long = "x".repeat(17 << 20);
    let short = "x".repeat(10 << 20);
    for (text, bad) in [
        (format!("a\n{short}\nb\n"), "Line too long"),
        (format!("id,name\na,1\nc,{long}\nb,2\n"), "Row too long"),
        (format!("{{\"id\":\"a\"}}\n{{\"id\":\"{long}\"}}\n{{\"id\":\"b\"}}\n"), "Row too long"),
        (format!("{{\"id\":\"a\"}}\n{long}\n{{\"id\":\"b\"}}\n"), "Not JSON"),
    ] {
        let items = read(text);
        let [Ok(Item::Row(_)), Ok(Item::Bad(row)), Ok(Item::Row(last))] = items.as_slice() else {
            panic!("{} items", items.len())
        };
        assert_eq!(row.failure.title, bad);
        assert!(row.input["unparsed"].as_str().unwrap().len() <= KEPT);
        assert_eq!(last.record["id"], json!("b"));
    }
    let items = read(format!("{{\"id\":\"a\",\"name\":\"{short}\"}}\n[1,2"));
    let Ok(Item::Row(row)) = &items[0] else { panic!("10 MB are a row") };
    assert_eq!(row.record["name"].as_str().unwrap().len(), short.len());
}

/// Fails when it is read beyond its bytes, where a real reader would wait.
struct Live(Box<dyn Read + Send>);

impl Read for Live {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("waits for more")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_row_is_there_as_soon_as_its_bytes_are() {
    for (text, count) in [
        ("{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 2),
        ("{\"id\":\"a\"}", 1),
        ("[{\"id\":\"a\"},{\"id\":\"b\"}", 2),
        ("{\n\"id\":\"a\"\n}", 1),
        ("{\"id\": oops}\n{\"id\":\"b\"}\n", 2),
        ("{\"id\":\"a\"\n{\"id\":\"b\"}\n", 2),
        ("id,name\na,b\n\"c\",\"d\ne\"\n", 2),
        ("a\nb\n", 2),
        ("\"a\"\n", 1),
    ] {
        let live = Live(Box::new(text.as_bytes()));
        let items: Vec<_> = Source::new("f", Box::new(live)).rows().collect();
        assert_eq!(items.len(), count + 1, "{text}: {items:?}");
        assert!(items[..count].iter().all(Result::is_ok), "{text}: {items:?}");
        assert!(items[count].is_err());
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
        (self.0 >> 33) as usize % limit
    }
}

#[test]
fn random_text_never_panics_and_never_reads_differently_in_pieces() {
    let alphabet = b"{}[]\":,;\t\n\r\\ aid01\xff\0";
    let mut random = Random(1);
    for _ in 0..3_000 {
        let text: Vec<u8> = (0..40).map(|_| alphabet[random.below(alphabet.len())]).collect();
        read(text);
    }
}

#[test]
fn good_values_survive_broken_ones_before_and_behind() {
    let broken = [
        "{\"id\":\"x\"",
        "{\"id\": oops}",
        "{\"id\":\"x",
        "{\n  \"id\": \"x\",\n  \"a\": {\n    \"b\": [\n      {\n        \"c\": oops\n      }\n    ]\n  }\n}",
        "oops",
        "{\"a\":[1,2",
        "]",
    ];
    let mut random = Random(2);
    for _ in 0..500 {
        let mut text = "{\"id\":\"first\"}\n".to_owned();
        let (mut good, mut bad) = (vec!["first".to_owned()], 0);
        for number in 0..8 {
            let value = match random.below(3) {
                0 => {
                    bad += 1;
                    broken[random.below(broken.len())].to_owned()
                }
                1 => json!({"id": number.to_string()}).to_string(),
                _ => format!("{{\n  \"id\": \"{number}\",\n  \"x\": {{\n    \"y\": []\n  }}\n}}"),
            };
            if serde_json::from_str::<Value>(&value).is_ok() {
                good.push(number.to_string());
            }
            text.push_str(&value);
            text.push('\n');
        }
        let items: Vec<Item> = read(&text).into_iter().map(Result::unwrap).collect();
        let ids = items.iter().filter_map(|item| match item {
            Item::Row(row) => row.record["id"].as_str().map(str::to_owned),
            Item::Bad(_) => None,
        });
        assert_eq!(ids.collect::<Vec<_>>(), good, "{text}");
        // Broken ones next to each other may be told as one.
        let told = items.len() - good.len();
        assert!(told <= bad && (told > 0) == (bad > 0), "{text}");
    }
}

#[test]
fn what_is_nested_too_deep_to_be_kept_is_a_bad_row() {
    let row = |depth: usize| format!("{{\"a\":{}{}}}\n", "[".repeat(depth), "]".repeat(depth));
    let told_of = told(row(DEEPEST + 1) + "{\"id\":\"b\"}\n");
    assert!(told_of[0].starts_with("f:1 BAD Nested too deep: a row may be"), "{}", told_of[0]);
    assert_eq!(told_of[1], r#"f:2 {"id":"b"}"#);
    let items = read(row(DEEPEST));
    let [Ok(Item::Row(row))] = items.as_slice() else { panic!("{items:?}") };
    // As the file of failed rows and a journal have it.
    let line = format!("{{\"error\":{{}},\"input\":{},\"source\":\"f:1\"}}\n", row.record);
    let again = read(&line);
    assert_eq!(again, items);
    assert!(serde_json::from_str::<Record>(&line).is_ok());
}

#[test]
fn nobody_waits_for_very_many_fields() {
    let fields: Vec<String> = (0..20_000).map(|number| format!("\"{number}\":1")).collect();
    let json = told(format!("{{{}}}\n{{\"id\":\"b\"}}\n", fields.join(",")));
    assert!(json[0].starts_with("f:1 BAD Too many fields: it has 20000"), "{}", &json[0][..80]);
    assert_eq!(json[1], r#"f:2 {"id":"b"}"#);
    let columns: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let csv = told(format!("id,{}\n", columns.join(",")));
    assert!(csv[0].contains("its header has 100001 columns"), "{}", &csv[0][..80]);
}
