use serde_json::{Value, json};

use super::*;

fn read(text: &str) -> Record {
    Record::read(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn values_keep_their_spelling() {
    for text in [
        "{}",
        r#"{"a":1E5,"b":"\u00e9\/","c":1.10,"d":null,"e":123456789012345678901234567890}"#,
        r#"{"a\"b":"x","":true}"#,
        r#"{"a":{"b":[1.0,"x y"]},"c":[]}"#,
    ] {
        assert_eq!(read(text).to_string(), text);
        let through: Record = serde_json::from_str(text).expect(text);
        assert_eq!(serde_json::to_string(&through).expect(text), text);
    }
    assert_eq!(read(r#"{"\u0061b":1}"#).to_string(), r#"{"ab":1}"#, "names are compared");
    let spaced = "{ \"a\" : { \"b c\" :\n [ 1 , 2 ] } ,\t\"d\": \"e f\" }";
    assert_eq!(read(spaced).to_string(), r#"{"a":{"b c":[1,2]},"d":"e f"}"#);
}

#[test]
fn fields_are_found_changed_and_taken_out() {
    let mut record = read(r#"{"a":1,"b":"x\ty","c":[2]}"#);
    assert_eq!(record["b"], "x\ty");
    assert_eq!(record.text("b"), Some("x\ty"));
    assert_eq!((record.text("a"), record.get("z"), &record["z"]), (None, None, &Value::Null));
    record.insert("b", json!({"é": "\n"}));
    record.insert("d", json!("new"));
    assert_eq!(record.to_string(), r#"{"a":1,"b":{"é":"\n"},"c":[2],"d":"new"}"#);
    assert_eq!(record["b"]["é"], "\n");
    assert_eq!(record.remove("a"), Some(json!(1)));
    assert_eq!(record.remove("a"), None);
    record.retain(|name| name != "c");
    assert_eq!(record.keys().collect::<Vec<_>>(), ["b", "d"]);
    record.insert("e\"", json!(null));
    assert_eq!(record.to_string(), r#"{"b":{"é":"\n"},"d":"new","e\"":null}"#);
    let mut fresh = Record::new();
    fresh.copy("d", &record);
    fresh.copy("nothing", &record);
    assert_eq!(fresh.to_string(), r#"{"d":"new"}"#);
    assert_eq!(Value::from(&record), json!({"b": {"é": "\n"}, "d": "new", "e\"": null}));
}

#[test]
fn a_key_twice_is_found_at_any_depth() {
    for once in [r#"{"a":1,"b":{"a":":\":"},"c":[{"a":{}},"\\"]}"#, r#"{"a":"a:b"}"#] {
        assert!(Record::read(once).is_ok(), "{once}");
    }
    for twice in [r#"{"b":1,"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#] {
        assert!(matches!(Record::read(twice), Err(Unreadable::KeyTwice(key)) if key == "a"));
    }
    let inside = r#"{"b":[{"a":1,"a":2}]}"#;
    assert!(matches!(Record::read(inside), Err(Unreadable::KeyTwiceInside)));
    let last: Record = serde_json::from_str(r#"{"a":1,"a":2}"#).expect("lenient");
    assert_eq!(last.to_string(), r#"{"a":2}"#);
}

#[test]
fn a_key_twice_is_found_among_many() {
    for number in 2..300 {
        let fields: Vec<String> = (0..number).map(|field| format!("\"name-{field}\":1")).collect();
        let once = format!("{{{}}}", fields.join(","));
        assert_eq!(read(&once).len(), number);
        for again in [0, number / 2, number - 1] {
            let twice = format!("{{{},\"name-{again}\":2}}", fields.join(","));
            let found = Record::read(&twice);
            assert!(
                matches!(found, Err(Unreadable::KeyTwice(key)) if key == format!("name-{again}"))
            );
            let last: Record = serde_json::from_str(&twice).expect("lenient");
            assert_eq!((last.len(), &last[&*format!("name-{again}")]), (number, &json!(2)));
        }
    }
}

#[test]
fn what_has_no_value_is_refused_at_once() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for text in
        [r#"{"a":"\ud800"}"#, &deep, "[]", "1", r#"{"a":1} x"#, r#"{"a":01}"#, "{\"a\":\"\n\"}"]
    {
        assert!(matches!(Record::read(text), Err(Unreadable::NotJson(_))), "{text}");
    }
}

#[test]
fn records_that_are_equal_mean_the_same() {
    let one = read(r#"{"a":{"x":1},"b":"\u00e9\/"}"#);
    let other = read("{\"b\":\"é/\",\"a\":{\"x\":1}}");
    assert_eq!(one.meaning(), other.meaning());
    assert_ne!(one.meaning(), read(r#"{"a":{"x":2},"b":"é/"}"#).meaning());
}

#[test]
fn records_are_equal_in_any_order() {
    assert_eq!(read(r#"{"a":1,"b":"\u00e9"}"#), read("{\"b\":\"é\",\"a\":1}"));
    assert_ne!(read(r#"{"a":1}"#), read(r#"{"a":2}"#));
    assert_ne!(read(r#"{"a":1}"#), read(r#"{"a":1,"b":2}"#));
}

#[test]
fn keys_that_the_library_takes_for_its_own_are_refused() {
    for text in [
        r#"{"a":{"$serde_json::private::RawValue":"[1]"}}"#,
        r#"{"a":[{"$serde_json::private::Number":"1"}]}"#,
        r#"{"\u0024serde_json::private::RawValue":"[1]"}"#,
        r#"{"a":{"b\\":"","\u0024serde_json::private::RawValue" :"[1]"}}"#,
    ] {
        assert!(matches!(Record::read(text), Err(Unreadable::NotJson(_))), "{text}");
    }
    let text =
        r#"{"a":["$serde_json::private::RawValue",{"b":"\"$serde_json::private::Number\":1"}]}"#;
    assert_eq!(read(text).to_string(), text, "in a text it means nothing");
}

#[test]
fn nobody_waits_for_a_record_of_very_many_fields() {
    let with = |fields: usize| {
        let fields: Vec<String> = (0..fields).map(|number| format!("\"{number}\":1")).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert_eq!(read(&with(MOST_FIELDS)).len(), MOST_FIELDS);
    let many = with(MOST_FIELDS + 1);
    assert!(matches!(Record::read(&many), Err(Unreadable::TooManyFields(10_001))));
    assert!(serde_json::from_str::<Record>(&many).is_ok(), "what has been made of a row");
    assert!(serde_json::from_str::<Record>(&with(2 * MOST_FIELDS + 1)).is_err());
}

#[test]
fn the_depth_of_a_record_is_that_of_its_deepest_value() {
    for (text, depth) in
        [(r#"{"a":1}"#, 0), (r#"{"a":[],"b":[{"c":"[[[\\\"[{"}]}"#, 2), (r#"{"a":[[],[[]]]}"#, 3)]
    {
        assert_eq!(read(text).depth(), depth, "{text}");
    }
}
