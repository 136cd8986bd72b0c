//! What must stay of a text, and what must not.

use super::*;
use serde_json::json;

fn pseudonyms() -> Replacement {
    Replacement::new([7; 32], true)
}

#[test]
fn what_is_told_apart_by_its_form_stays_of_that_form() {
    let all = pseudonyms();
    let mac = all.name("0c:2a:69:05:0d:62");
    let plain = mac.replace(':', "");
    assert_eq!(model::mac::mac(&mac), model::mac::MacReading::Address(mac.clone()));
    assert_ne!(mac, "0c:2a:69:05:0d:62");
    assert_eq!(all.name("0C-2A-69-05-0D-62").to_lowercase().replace('-', ":"), mac);
    assert_eq!(all.name("0c2a.6905.0d62").replace('.', ""), plain);
    assert_eq!(all.name("50000c2a69050d62"), format!("5000{plain}"));
    let id = all.name("7a2bd0e1-4b3c-4d8a-9c55-0123456789ab");
    let dashes: Vec<usize> = id.match_indices('-').map(|(at, _)| at).collect();
    assert_eq!((id.len(), dashes), (36, vec![8, 13, 18, 23]));
    assert_eq!(all.name("jXp_9QaLm2Z-").len(), 12);
    assert!(all.name("me@factory.example").ends_with("@example.com"));
    assert!(all.name("{me}{Ovens}").contains("}{"));
    assert_eq!(all.name("{me}{Ovens}"), format!("{{me}}{{{}}}", all.name("Ovens")));
    assert_eq!(
        all.name("https://agent.electricimp.com/jXp_9QaLm2Z-"),
        format!("https://agent.electricimp.com/{}", all.name("jXp_9QaLm2Z-"))
    );
    assert!(all.name("Öfen 7/b").ends_with("é /"));
}

#[test]
fn no_two_addresses_become_one() {
    let all = pseudonyms();
    let seen: std::collections::HashSet<u64> =
        (0..20_000).map(|number| all.permuted(0x0c2a_6900_0000 + number)).collect();
    assert_eq!(seen.len(), 20_000);
    assert!(seen.iter().all(|number| *number < 1 << 48));
}

#[test]
fn another_key_gives_other_names() {
    let other = Replacement::new([8; 32], true);
    for text in ["Ovens", "0c:2a:69:05:0d:62", "me@x.example", "jXp_9QaLm2Z-"] {
        assert_eq!(pseudonyms().name(text), pseudonyms().name(text));
        assert_ne!(pseudonyms().name(text), other.name(text), "{text}");
    }
    assert_ne!(pseudonyms().secret("a"), other.secret("a"));
    assert_ne!(pseudonyms().secret("a"), pseudonyms().secret("b"));
}

#[test]
fn names_stay_without_pseudonyms_and_secrets_never_do() {
    let plain = Replacement::new([7; 32], false);
    let mut body = json!({"data": {"type": "device", "id": "50000c2a69050d62", "attributes": {
        "name": "Oven 7", "device_code": "KEY <- \"s3cret\"", "env_vars": {"a": "s3cret", "b": 7},
        "url": "https://me:s3cret@hooks.example:8443/s3cret?k=s3cret"}},
        "links": {"next": "https://h/v5/devices?page[number]=2", "self": "https://h/v5/logstream/s3cret?a"}});
    plain.in_body(&mut body, "https://h/v5");
    let text = body.to_string();
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(body["data"]["attributes"]["name"], "Oven 7");
    assert_eq!(body["links"]["next"], "{endpoint}/devices?page[number]=2");
    let url = body["data"]["attributes"]["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("https://secret-") && url.contains("@hooks.example:8443/secret-"),
        "{url}"
    );
    assert_eq!(
        plain.target("/devices/Oven%207?filter[owner.id]=x"),
        "/devices/Oven%207?filter[owner.id]=x"
    );
    assert_eq!(plain.text("<html>Oven"), "<html>Oven");
}

#[test]
fn an_address_without_a_scheme_is_one_too() {
    let plain = Replacement::new([7; 32], false);
    for (text, host) in [
        ("me:s3cret@proxy:3128", "@proxy:3128"),
        ("hooks.example/T0/s3cret", "hooks.example/secret-"),
        ("https://me:s3cret/x@proxy.example", "https://secret-"),
        ("x s3cret://h", "secret-"),
    ] {
        let replaced = plain.url(text);
        assert!(replaced.contains(host) && !replaced.contains("s3cret"), "{replaced}");
    }
    assert_eq!(plain.url("http://[::1]:8080/"), "http://[::1]:8080/");
    assert_eq!(plain.endpoint("https://h/v5"), "https://h/v5");
    assert!(!plain.endpoint("https://me:s3cret@h/v5").contains("s3cret"));
}

#[test]
fn columns_are_known_however_they_are_spelt() {
    let plain = Replacement::new([7; 32], false);
    for name in
        ["env_variable", "ENV Vars", "Login Key", "loginKey", "Password", "URL", "Unbond-Key"]
    {
        let mut row = json!({ name: "h/s3cret", "Name": "Oven 7" });
        plain.in_record(&mut row);
        assert!(!row.to_string().contains("s3cret"), "{row}");
        assert_eq!(row["Name"], "Oven 7");
    }
}

#[test]
fn with_pseudonyms_nothing_stays_beside_an_address() {
    let all = pseudonyms();
    for text in
        ["Oven 7 at https://h", "https://me:0ven@x.electricimp.com/", "https://h/devices?0ven"]
    {
        let replaced = all.name(text);
        assert!(!replaced.contains("Oven") && !replaced.contains("0ven"), "{replaced}");
    }
    let target = all.target("/devicegroups?filter%5Btype%5D=dut_devicegroup&x=0ven_devicegroup");
    assert!(target.contains("=dut_devicegroup") && !target.contains("0ven"), "{target}");
}

#[test]
fn what_a_service_may_repeat_of_a_body_is_found() {
    let body = json!({"data": {"attributes": {"name": "Oven 7 left",
        "url": "https://h.example/T0/s3cret-path?x=y", "env_vars": {"A": "s3cret-value", "B": "on"}}}});
    let found = pseudonyms().secrets_in(&body);
    for secret in ["T0", "s3cret-path", "s3cret-value", "on"] {
        assert!(found.iter().any(|it| it == secret), "{secret}: {found:?}");
    }
    assert!(!found.iter().any(|it| it.contains("Oven")), "{found:?}");
    let code = json!({"data": {"attributes": {"device_code": "local key = \"s3cret\";"}}});
    assert!(pseudonyms().secrets_in(&code).iter().any(|it| it == "s3cret"));
}

#[test]
fn a_request_and_the_link_that_it_came_from_are_replaced_alike() {
    let all = pseudonyms();
    let target = "/devices?filter%5Bdevicegroup.id%5D=7a2bd0e1-4b3c-4d8a-9c55-0123456789ab&page%5Bsize%5D=100";
    let mut link = json!(format!("https://h/v5{target}"));
    all.in_body(&mut link, "https://h/v5");
    let replaced = all.target(target);
    assert_eq!(link, format!("{{endpoint}}{replaced}"));
    assert!(
        replaced.ends_with("&page%5Bsize%5D=100") && !replaced.contains("7a2bd0e1"),
        "{replaced}"
    );
    let mut named =
        json!({"id": "7a2bd0e1-4b3c-4d8a-9c55-0123456789ab", "name": "Ovens", "type": "product"});
    all.in_body(&mut named, "https://h/v5");
    assert!(replaced.contains(named["id"].as_str().unwrap()), "{replaced}");
    assert_eq!(named["type"], "product");
}

#[test]
fn members_of_a_row_are_its_owners_whatever_they_are_called() {
    let row = json!({"title": "Oven", "state": "Oven", "status": "404", "code": "PX200", "imp_type": "imp004m",
        "made_at": "2026-11-29T10:00:00.000Z", "Oven": "x", "serial": 4711, "rssi": -67, "type": "device",
        "MAC address": "0c2a69050d62", "Webhook URL": "https://h.example/0ven", "id": 12, "ok": true,
        "note": "ftp://me:0ven@h.example", "env_vars": {"OVEN": 1}, "dg": {"type": "Oven"}});
    let mut replaced = row.clone();
    pseudonyms().in_record(&mut replaced);
    let text = replaced.to_string().to_lowercase();
    for own in ["oven", "0ven", "px200", "imp004m", "2026-11", "4711", "0c2a69", "h.example"] {
        assert!(!text.contains(own), "{own}: {replaced}");
    }
    assert!(
        schema::is_time(replaced["made_at"].as_str().unwrap_or_default())
            || replaced["made_at"].is_null()
    );
    for kept in ["title", "state", "MAC address", "type", "ok", "id"] {
        assert!(replaced.get(kept).is_some(), "{kept}: {replaced}");
    }
    assert_eq!((&replaced["type"], &replaced["ok"]), (&row["type"], &row["ok"]));
    assert_eq!(replaced["id"].to_string().len(), 2);
    assert!(replaced["status"] != "404" && replaced["rssi"] != -67, "{replaced}");
    // The same column has the same name in each row, and on the command line.
    assert_eq!(replaced[pseudonyms().key("Oven")], pseudonyms().name("x"));
}

#[test]
fn a_row_that_repeats_a_secret_has_it_nowhere() {
    let plain = Replacement::new([7; 32], false);
    plain.know("pin7");
    let mut row = json!({"dg": "B", "env_variable": "KEY=s3cret-value", "note": "it is s3cret-value", "pwd": "x9",
        "x9": "or x9, pin7", "other": "pin77"});
    plain.in_record(&mut row);
    let text = row.to_string();
    for secret in ["s3cret-value", "x9", "pin7\""] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!((&row["dg"], &row["other"]), (&json!("B"), &json!("pin77")));
}

#[test]
fn what_the_service_says_is_kept_where_it_is_known_and_nowhere_else() {
    let all = pseudonyms();
    let known = json!({"data": [{"type": "device", "attributes": {"imp_type": "imp004m", "rssi": -60,
        "created_at": "2026-11-29T10:00:00.000Z"}}]});
    let mut body = known.clone();
    all.in_body(&mut body, "https://h/v5");
    assert_eq!(body, known);
    let mut body = json!({"errors": [{"title": "Not Found", "status": "404", "code": "NF000", "detail": "No Oven"},
        {"title": "No Oven", "status": "Oven", "code": "OVEN7", "id": "Oven", "meta": {"Oven": 4711}}],
        "data": {"attributes": {"state": "Oven", "seen_at": "Oven", "event": "Oven", "Oven": "https://oven.electricimp.com/",
        "x": "Oven://h"}}, "links": {"next": "https://h/v5/devices?oven=1&page[number]=0ven&format=Oven&filter[Oven]=1"}});
    all.in_body(&mut body, "https://h/v5");
    let text = body.to_string().to_lowercase();
    assert!(!text.contains("oven") && !text.contains("0ven") && !text.contains("4711"), "{text}");
    let first = &body["errors"][0];
    assert_eq!(
        (&first["title"], &first["status"], &first["code"]),
        (&json!("Not Found"), &json!("404"), &json!("NF000"))
    );
}
