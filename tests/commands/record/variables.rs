//! Variables of groups and secret columns of rows: what is in them stands nowhere else either.

use tests::{Dir, Sim};

#[test]
fn what_variables_are_set_to_is_in_no_other_text() {
    let sim = Sim::start(&["--devices", "1"]);
    sim.groups(["A", "B"]);
    let mut dir = Dir::signed_in(&sim);
    dir.write("vars.json", r#"{"A":"orange7","B":"{\"C\":\"lemon77\"}"}"#);
    dir.write(
        "rows.csv",
        "dg,env_variable,descr,Wifi PSK,note\n\
         A,\"{\"\"A\"\":\"\"cherry7\"\"}\",it is cherry7,apple77,apple77 too\n",
    );
    dir.set("IMP_RECORD", "bug.ndjson");
    for command in [
        "imp-dg update -g A --env-variable KEY=hunter2 --descr 'pw is hunter2'",
        "imp-dg update -g A --env-variable '{\"KEY\":\"banana7\"}' --descr 'pw is banana7'",
        "imp-dg update -g A --env-variable @vars.json --descr 'pw is orange7, lemon77'",
        "imp-dg update --input rows.csv",
        "imp-dg info -g A --full",
    ] {
        dir.sh(&format!("{command} > seen")).ok();
    }
    let text = dir.read("bug.ndjson");
    for secret in ["hunter2", "banana7", "orange7", "lemon77", "cherry7", "apple77"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("pw is secret-") && text.contains("it is secret-"), "{text}");
}

#[test]
fn what_a_row_has_as_a_secret_is_in_nothing_that_is_sent_for_it() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    dir.write(
        "rows.csv",
        format!(
            "device_id,name,password,Kennwort\n{},x sekretPW12 y,sekretPW12,\n{},z,,sekretPW34\n\
             {},it is sekretPW34,,\n",
            ids[0], ids[1], ids[2]
        ),
    );
    for pseudonyms in ["", "--pseudonyms"] {
        dir.sh("rm -f bug.ndjson").quiet();
        let update = "imp-device update --jobs 1 --input";
        dir.sh(&format!("{update} rows.csv --record bug.ndjson {pseudonyms} > seen")).ok();
        let text = dir.read("bug.ndjson");
        assert!(!text.contains("sekret"), "{text}");
        dir.sh("imp-sim replay --rows bug.ndjson > rows.ndjson").quiet();
        dir.sh(&format!("imp-sim replay --no-wait bug.ndjson -- {update} rows.ndjson")).ok();
    }
}
