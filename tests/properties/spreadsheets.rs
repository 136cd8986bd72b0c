//! `-z excel`: what a spreadsheet takes, and what comes back from one.

use tests::{Dir, Sim};

/// The lines of a file for a spreadsheet, without the mark in front.
fn lines(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    assert!(text.ends_with("\r\n"), "{text:?}");
    text.lines().collect()
}

#[test]
fn a_list_opens_in_a_spreadsheet_of_the_locale_and_comes_back_as_it_was() {
    let sim = Sim::start(&["--devices", "3"]);
    let [group] = sim.groups(["Bench"]);
    let ids = sim.field("id");
    sim.put(&group, &ids[..2]);
    let dir = Dir::signed_in(&sim);
    dir.write("names", format!("id,name\n{},=1+1\n{},007\n", ids[0], ids[1]));
    dir.sh("imp-device update --input names").ok().outcomes("updated", 2);
    let list = "imp-device list --dg Bench -z excel";
    let german = dir.sh(&format!("LC_ALL=de_DE.UTF-8 {list}")).quiet().stdout();
    let rows = lines(&german);
    assert!(rows[0].starts_with("type;id;name;mac_address;"), "{german}");
    assert!(rows[0].contains(";devicegroup_name;") && !rows[0].contains("devicegroup_id"));
    assert!(
        rows[1].contains(r#";"=""=1+1""";"#) && rows[2].contains(r#";"=""007""";"#),
        "{german}"
    );
    assert!(rows[1..].iter().all(|row| row.contains(";Bench;")), "{german}");
    let english = dir.sh(&format!("LC_ALL= LC_NUMERIC=en_US.UTF-8 LANG=de_DE {list}")).quiet();
    assert!(lines(&english.stdout())[0].starts_with("type,id,name,"), "{english}");
    // Read again, nothing has changed.
    dir.write("back", &german);
    dir.sh("imp-device update --input back").ok().outcomes("unchanged", 2);
    let names = dir.sh("imp-device info --input back").quiet().field("name");
    assert_eq!(names, ["=1+1", "007"]);
    let chosen = "--fields created_at,tags,product_name --limit 1";
    let empty = dir.sh(&format!("LC_ALL=fr_FR imp-build list -z excel {chosen}")).quiet();
    assert_eq!(lines(&empty.stdout()), ["created_at;tags;product_name"]);
    dir.sh("imp-device restart --log -z excel --input back").code(2).no_stdout();
}
