use super::*;
use model::{ErrorKind, ResourceKind};
use serde_json::json;

fn row(value: Value) -> Row {
    Row { record: serde_json::from_value(value).expect("an object"), source: "x:1".into() }
}

fn found(target: ResourceKind, value: Value) -> (NamedBy, String) {
    let identifier = row(value).identifier(target, &[]).expect("an identifier");
    (identifier.named_by, identifier.text)
}

fn failed(target: ResourceKind, options: &[&str], value: Value) -> Failure {
    row(value).identifier(target, options).expect_err("a failure")
}

#[test]
fn columns_are_tried_in_the_stated_order() {
    let mut record = json!({
        "name": "Oven", "agent_id": "wwK6DYEN2mx7", "mac_address": "0C2A69050D62",
        "device": "dev", "id": "5000d8c46a56cfca", "devicegroup_id": "never",
    });
    let expected = [
        ("id", NamedBy::Any, "5000d8c46a56cfca"),
        ("device", NamedBy::Any, "dev"),
        ("mac_address", NamedBy::Mac, "0c:2a:69:05:0d:62"),
        ("agent_id", NamedBy::AgentId, "wwK6DYEN2mx7"),
        ("name", NamedBy::Name, "Oven"),
    ];
    for (column, named_by, text) in expected {
        assert_eq!(
            found(ResourceKind::Device, record.clone()),
            (named_by, text.to_owned()),
            "{column}"
        );
        record[column] = json!(null);
    }
    let failure = failed(ResourceKind::Device, &[], record);
    assert_eq!(failure.kind, ErrorKind::BadInput);
    assert!(failure.sentence().contains("one of id, device, mac_address, agent_id, name"));
}

#[test]
fn a_record_of_ours_gives_its_id_and_nothing_is_guessed() {
    let record = json!({"type": "device", "id": "5000d8c46a56cfca", "name": "x"});
    assert_eq!(found(ResourceKind::Device, record), (NamedBy::Id, "5000d8c46a56cfca".into()));
    let damaged = json!({"type": "device", "id": "2.5E+15", "name": "x"});
    assert_eq!(failed(ResourceKind::Device, &[], damaged).kind, ErrorKind::BadInput);
    for kind in ResourceKind::DeviceGroup.types() {
        let record = json!({"type": kind, "id": "g"});
        assert_eq!(found(ResourceKind::DeviceGroup, record.clone()), (NamedBy::Id, "g".into()));
        assert_eq!(failed(ResourceKind::Product, &[], record).kind, ErrorKind::WrongType);
    }
}

#[test]
fn the_capitals_of_an_id_do_not_count_and_those_of_a_name_do() {
    let (device, other) = ("5000D8C46A56CFCA", "4E264CEF-3316-CDFA-7F39-7A5D458994B3");
    let (small_device, small_other) = (device.to_lowercase(), other.to_lowercase());
    let group = ResourceKind::DeviceGroup;
    for (target, value, expected) in [
        (ResourceKind::Device, json!({"id": device}), &small_device),
        (ResourceKind::Device, json!({"type": "device", "id": device}), &small_device),
        (ResourceKind::Device, json!({"type": "server.log", "device_id": device}), &small_device),
        (group, json!({"type": "device", "devicegroup_id": other}), &small_other),
        (group, json!({"devicegroup_id": other}), &small_other),
        (ResourceKind::Webhook, json!({"id": other}), &small_other),
        // A name, an agent id and a login key may look like one.
        (group, json!({"id": other}), &other.to_owned()),
        (ResourceKind::Device, json!({"id": other}), &other.to_owned()),
        (ResourceKind::Device, json!({"name": device}), &device.to_owned()),
        (ResourceKind::Device, json!({"agent_id": "ABCDEF012345"}), &"ABCDEF012345".to_owned()),
        (ResourceKind::LoginKey, json!({"id": device}), &device.to_owned()),
    ] {
        assert_eq!(found(target, value.clone()).1, *expected, "{value}");
    }
}

#[test]
fn a_record_of_another_kind_gives_what_it_refers_to() {
    let device = json!({"type": "device", "id": "d", "name": "n", "devicegroup_id": "g"});
    assert_eq!(found(ResourceKind::DeviceGroup, device.clone()), (NamedBy::Id, "g".into()));
    let failure = failed(ResourceKind::Product, &[], device);
    assert_eq!(failure.kind, ErrorKind::WrongType);
    assert_eq!(
        failure.sentence(),
        "No product: the record's type is `device`, and it has no product_id"
    );
    let log = json!({"type": "server.log", "device_id": "d", "msg": "m"});
    assert_eq!(found(ResourceKind::Device, log), (NamedBy::Id, "d".into()));
    let group = json!({"type": "dut_devicegroup", "id": "g", "name": "n"});
    assert_eq!(failed(ResourceKind::Device, &[], group).kind, ErrorKind::WrongType);
}

#[test]
fn the_group_of_a_device_is_never_the_device() {
    assert_eq!(
        failed(ResourceKind::Device, &[], json!({"devicegroup_id": "g"})).kind,
        ErrorKind::BadInput
    );
    let found = found(ResourceKind::DeviceGroup, json!({"devicegroup_id": "g"}));
    assert_eq!(found, (NamedBy::Id, "g".into()));
}

#[test]
fn an_option_of_the_verb_is_no_identifier() {
    let record = json!({"name": "new name", "mac_address": "0c2a69050d62"});
    let identifier = row(record).identifier(ResourceKind::Device, &["name"]).unwrap();
    assert_eq!(identifier.named_by, NamedBy::Mac);
    let failure = failed(ResourceKind::Device, &["name"], json!({"name": "new name"}));
    assert!(!failure.sentence().contains("agent_id, name"), "{}", failure.sentence());
    let imp005 = json!({"type": "imp005", "id": "d"});
    assert!(row(imp005).identifier(ResourceKind::Device, &["type"]).is_ok());
}

#[test]
fn a_bare_device_identifier_is_an_address_if_it_looks_like_one() {
    for (text, named_by, read) in [
        ("0C-2A-69-05-0D-62", NamedBy::Mac, "0c:2a:69:05:0d:62"),
        ("0c2a69050d62", NamedBy::Mac, "0c:2a:69:05:0d:62"),
        ("5000d8c46a56cfca", NamedBy::Any, "5000d8c46a56cfca"),
        ("-bcdEFgh_j12", NamedBy::Any, "-bcdEFgh_j12"),
        (" Oven 7 ", NamedBy::Any, "Oven 7"),
    ] {
        let row = Row::bare(text, "x:1");
        let identifier = row.identifier(ResourceKind::Device, &[]).unwrap();
        assert_eq!((identifier.named_by, identifier.text.as_str()), (named_by, read));
    }
    let product = Row::bare("0c2a69050d62", "").identifier(ResourceKind::Product, &[]).unwrap();
    assert_eq!((product.named_by, product.text.as_str()), (NamedBy::Any, "0c2a69050d62"));
}

#[test]
fn damage_is_named_with_its_column_and_the_way_out() {
    for (column, text) in [
        ("mac_address", "2.34E+15"),
        ("mac_address", "17"),
        ("id", "12345678901"),
        ("id", "2,34E+15"),
    ] {
        let failure = failed(ResourceKind::Device, &[], json!({ column: text }));
        assert_eq!(failure.kind, ErrorKind::BadInput);
        let sentence = failure.sentence();
        for part in ["spreadsheet", column, text, "format \"text\""] {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
    assert!(failed(ResourceKind::LoginKey, &[], json!({"id": "2.3E+15"})).title.contains("spread"));
}

#[test]
fn numbers_are_text_as_long_as_they_are_exact() {
    assert_eq!(
        found(ResourceKind::Device, json!({"id": 5000123456789012_u64})).1,
        "5000123456789012"
    );
    for damaged in [json!(2.34e15), json!(9_007_199_254_740_993_u64), json!(-1)] {
        assert!(failed(ResourceKind::Device, &[], json!({"id": damaged})).title.contains("spread"));
    }
    for no_text in [json!([1]), json!({"a": 1}), json!(true)] {
        let failure = failed(ResourceKind::Device, &[], json!({"id": no_text}));
        assert_eq!(failure.kind, ErrorKind::BadInput);
    }
}

#[test]
fn text_in_the_column_of_addresses_must_be_one() {
    let failure = failed(ResourceKind::Device, &[], json!({"mac_address": "Oven 7"}));
    assert!(failure.sentence().contains("`Oven 7`"));
}

#[test]
fn every_identifier_column_is_known_to_the_reader_of_csv() {
    for name in ["id", "device", "mac", "agent_id", "name", "dg", "product_id", "devicegroup_id"] {
        assert!(is_identifier_column(name), "{name}");
    }
    for name in ["serial", "_id", "product_idx", ""] {
        assert!(!is_identifier_column(name), "{name}");
    }
}

#[test]
fn a_value_that_cannot_be_what_its_column_says_gives_way() {
    let device = ResourceKind::Device;
    let mac = "0c:2a:69:05:0d:62";
    for value in [
        json!({"id": "1", "mac_address": mac, "status": "ok"}),
        json!({"id": "SN 17", "mac_address": mac}),
        json!({"type": "imp005", "id": 1, "mac_address": mac}),
    ] {
        assert_eq!(found(device, value.clone()), (NamedBy::Mac, mac.to_owned()), "{value}");
        assert!(row(value).misfit(device).is_some_and(|(column, _)| column == "id"));
    }
    let alone = json!({"id": "1"});
    assert_eq!(found(device, alone.clone()).1, "1", "a name of one digit");
    assert_eq!(row(alone).misfit(device), None);
    let damaged = json!({"id": "2.34E+15", "mac_address": mac});
    assert_eq!(failed(device, &[], damaged).kind, ErrorKind::BadInput, "and not passed over");
    let no_mac = json!({"mac_address": "n/a", "agent_id": "wwK6DYEN2mx7"});
    assert_eq!(found(device, no_mac).0, NamedBy::AgentId);
    let good = json!({"id": "5000d8c46a56cfca", "mac_address": mac});
    assert_eq!(row(good).misfit(device), None);
}

#[test]
fn nothing_invisible_is_part_of_an_identifier() {
    for text in
        ["\u{200b}0c2a69050d62\u{a0}", "\u{201e}0c2a69050d62\u{201c}", "\u{1e}0C:2A:69:05:0D:62"]
    {
        assert_eq!(
            found(ResourceKind::Device, json!({"id": text})).1,
            "0c:2a:69:05:0d:62",
            "{text:?}"
        );
    }
}
