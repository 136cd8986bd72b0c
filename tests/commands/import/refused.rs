//! What the service would refuse of a file is refused before anything is done; nothing else is.

use tests::{Dir, kinds};

use super::super::export::rich;
use super::{other_account, ovens};

/// Runs an import of what `edit` makes of the file, for real and dry.
fn refused(dir: &Dir, edit: &str) -> String {
    let import = format!("{edit} > edited; imp-product import --input edited");
    let dry = dir.sh(&format!("{import} --dry-run")).code(2).no_stdout();
    let real = dir.sh(&import).code(2).no_stdout().says("nothing was done");
    assert!(dry.stderr().ends_with(&real.stderr()), "{dry}{real}");
    real.stderr()
}

/// Changes a record of the file.
fn edited(which: &str, change: &str) -> String {
    format!("jq -c 'if {which} then {change} else . end' ovens.ndjson")
}

/// Each change of a record that the service is known to refuse, and what is said of it.
fn insist(cases: &[(&str, &str, &str)]) {
    let (sim, dir) = other_account(&ovens());
    for (which, change, said) in cases {
        let stderr = refused(&dir, &edited(which, change));
        assert!(stderr.contains(said), "{which} {change}: {stderr}");
        let is_told = |line: &str| line.contains("edited:") && line.contains(said);
        assert!(stderr.lines().any(is_told), "the record is named: {stderr}");
    }
    assert!(sim.writes().is_empty());
}

#[test]
fn products_and_groups_that_the_service_refuses() {
    let (bench, product) = (".name == \"Bench\"", ".type == \"product\"");
    insist(&[
        (product, ".name = \"\"", "its name is missing"),
        (product, "del(.name)", "its name is missing"),
        (product, ".name = 5", "its name should be a text"),
        (product, ".name = \"é\" * 81", "its name has 81 characters, and may have 80"),
        (product, ".description = \"é\" * 256", "its description has 256 characters"),
        (bench, ".name = \"x\" * 81", "its name has 81 characters, and may have 80"),
        (bench, ".name = null", "its name is missing"),
        (bench, ".region = \"eu\"", "only production groups have a region"),
        (bench, ".load_code_after_blessing = false", "only production groups have a load_code"),
        (bench, ".load_code_after_blessing = \"no\"", "load_code_after_blessing should be true or"),
        (bench, ".env_vars = [1]", "`Bench`: its env_vars should be an object"),
        (bench, ".env_vars = {\"1a\": 1}", "its env_vars have the key `1a`: a key begins with"),
        (bench, ".env_vars = {(\"a\" * 101): 1}", ": a key begins with"),
        (bench, ".env_vars = {a: [1]}", "`a` of its env_vars should be a text or a number"),
        (bench, ".env_vars = {a: (\"x\" * 16000)}", "its env_vars have 16008 bytes, and may have"),
    ]);
}

#[test]
fn builds_and_webhooks_that_the_service_refuses() {
    let (build, hook) = (".origin == \"origin 2\"", ".event == \"blessing\"");
    insist(&[
        (build, ".tags = \"a\"", "its tags should be a list of texts"),
        (build, ".tags = [1]", "its tags should be a list of texts"),
        (build, ".tags = [\"a b\"]", "its tags have `a b`: a tag is made of letters, digits"),
        (build, ".tags = [\"a\" * 300, \"b\" * 201]", "its tags have 501 characters"),
        (build, ".flagged = \"yes\"", "its flagged should be true or false"),
        (build, ".device_code = null", "its code is not in the input"),
        (build, ".agent_code = 5", "its code is not in the input"),
        (build, ".description = {}", "its description should be a text"),
        (build, "del(.devicegroup_id)", "its devicegroup_id is missing"),
        (hook, "del(.devicegroup_id)", "its devicegroup_id is missing"),
        (hook, ".devicegroup_id = .product_id", "which is product `Ovens`, and should be a device"),
        (hook, ".url = \"ftp://x\"", "its url should begin with http:// or https://"),
        (hook, ".url = \"http://\"", "its url should begin with http:// or https://"),
        (hook, "del(.url)", "its url is missing"),
        (hook, ".event = \"reboot\"", "its event should be blessing, blinkup or deployment"),
        (hook, "del(.event)", "its event is missing"),
        (hook, ".content_type = \"text/html\"", "its content_type should be application/json or"),
    ]);
}

#[test]
fn groups_that_do_not_go_together() {
    let fixtures = ".name == \"Fixtures\"";
    insist(&[
        (
            ".name == \"Other\"",
            ".name = \"Fixtures\"",
            "another group of its product has that name",
        ),
        (fixtures, "del(.production_target_id)", "its production_target_id is missing"),
        (fixtures, ".dut_target_id = null", "its dut_target_id is missing"),
        (
            fixtures,
            ".production_target_id = .dut_target_id",
            "which is device group `DUTs`, and should be a production group",
        ),
        (fixtures, ".dut_target_id = .id", "`Fixtures`, and should be a dut group"),
        (fixtures, ".type = \"pre_factoryfixture_devicegroup\"", "should be a pre-dut group"),
        (fixtures, ".type = \"development_devicegroup\"", "only fixture groups have a dut_target"),
        (fixtures, "del(.product_id)", "its product_id is missing"),
        (
            fixtures,
            ".product_id = .id",
            "which is device group `Fixtures`, and should be a product",
        ),
    ]);
    // Of another product, or of another group.
    let (_sim, from) = rich(&[]);
    from.sh("imp-product export Ovens Toasters --no-devices > ovens.ndjson").ok();
    let (_other, dir) = other_account(&from.read("ovens.ndjson").replace("***@", "me:secret@"));
    let of_desk = "jq -cn '[inputs] as $all | $all | map(select(.name == \"Desk\"))[0] as $desk | \
                   $all[] | if .name ==";
    for (edit, said) in [
        ("\"DUTs\" then .product_id = $desk.product_id", "a group of another product"),
        (
            "\"Bench\" then .min_supported_deployment_id = $desk.current_deployment_id",
            "which is a build of another device group",
        ),
    ] {
        let stderr = refused(&dir, &format!("{of_desk} {edit} else . end' ovens.ndjson"));
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn all_that_is_wrong_with_a_file_is_told_at_once() {
    let (_sim, dir) = other_account(&ovens());
    let first = edited(".name == \"Bench\"", ".region = \"eu\" | .env_vars = [1]");
    let both = format!("{first} | jq -c 'if .type == \"webhook\" then .event = \"x\" else . end'");
    let stderr = refused(&dir, &both);
    for said in [
        "3 records of the input cannot be made, and nothing was done:\n",
        ":2: device group `Bench`: its env_vars should be an object; only production groups have a",
        ": its event should be",
    ] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    // What was printed with other fields has not got what is needed.
    let stderr = refused(&dir, "jq -c '{type, id, name}' ovens.ndjson");
    for said in ["`Bench`: its product_id is missing", "and 7 more"] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
}

#[test]
fn no_refusal_tells_a_password() {
    let (_sim, dir) = other_account(&ovens());
    for url in ["me:hush@host", "http:me:hush@host", "ftp://me:hush@host/"] {
        let edit = edited(".event == \"blessing\"", &format!(".url = \"{url}\""));
        let stderr = refused(&dir, &edit);
        assert!(stderr.contains("its url should begin") && !stderr.contains("hush"), "{stderr}");
    }
}

#[test]
fn a_file_for_a_spreadsheet_is_refused_as_one() {
    let (_sim, from) = rich(&[]);
    from.sh("imp-product export Ovens -z excel > ovens.csv").ok();
    let (sim, dir) = other_account("");
    dir.write("ovens.csv", from.read("ovens.csv").replace("***@", "me:secret@"));
    let stderr = refused(&dir, "cat ovens.csv");
    for said in ["`Bench`: it has product_name in place of product_id", "-z excel", "-z csv"] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    assert!(sim.writes().is_empty());
}

#[test]
fn what_is_not_known_to_be_refused_is_left_to_the_service() {
    let (_sim, dir) = other_account(&ovens());
    for (which, change) in [
        (".name == \"Bench\"", ".region = null | .env_vars = null | .description = \"\""),
        (".name == \"Bench\"", ".load_code_after_blessing = true | .name = \"é\" * 80"),
        (".name == \"Bench\"", ".env_vars = {(\"a\" * 100): 1.5, B_2: \"\"}"),
        (".name == \"Shipped\"", ".region = \"eu\""),
        (".type == \"deployment\"", ".description = \"x\" * 300 | .tags = []"),
        (".type == \"webhook\"", "del(.content_type) | .url = \"HTTPS://me:secret@host\""),
        (".event == \"deployment\"", ".event = \"blessing\""),
    ] {
        dir.sh(&format!("{} > edited", edited(which, change))).ok();
        dir.sh("imp-product import --input edited --dry-run").ok().outcomes("created", 18);
    }
    // A build that has outlived its group is whole but for that, and a group may be without builds.
    let zombie = "del(.devicegroup_id, .devicegroup_type, .current_deployment_id, \
                  .min_supported_deployment_id)";
    dir.sh(&format!("{} > edited", edited(".type == \"deployment\" or .name", zombie))).ok();
    let run = dir.sh("imp-product import --input edited --dry-run --failed failed").code(1);
    run.says_all(&["It belongs to no device group", "edited:"]).outcomes("created", 11);
    assert_eq!(kinds(&dir.failed("failed")), [("bad_input", 7)].into());
}

#[test]
fn a_build_without_a_group_fails_by_itself_and_the_rest_is_made() {
    let (sim, dir) = other_account(&ovens());
    // The newest of a group that has others.
    let newest = ".description == \"version 3\"";
    let bench = ".name == \"Bench\"";
    let zombie = "del(.devicegroup_id, .devicegroup_type, .devicegroup_name)";
    dir.sh(&format!(
        "jq -c 'if {newest} then {zombie} elif {bench} then del(.current_deployment_id) else . end' \
         ovens.ndjson > edited"
    ))
    .ok();
    let line = dir.read_lines("edited").iter().position(|one| one["description"] == "version 3");
    let import = "imp-product import --input edited --failed failed";
    // Killed, it tells the same when it goes on.
    sim.fault("POST /webhooks delay=1h");
    let running = dir.spawn(&format!("exec {import}"));
    running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
    running.insist("KILL");
    sim.no_faults();
    let told = format!("edited:{}: ", line.expect("it is there") + 1);
    for script in ["imp-change resume last", import] {
        dir.sh(script).code(1).says_all(&[&told, "give it the devicegroup_id"]);
        assert_eq!(kinds(&dir.failed("failed")), [("bad_input", 1)].into());
    }
    assert_eq!(sim.all("deployments").len(), 6);
    // It is of a product that is not wanted.
    dir.sh("jq -c 'select(.type != \"webhook\")' edited > twin; \
        jq -c 'select(.type == \"product\") | .id = \"p\" | .name = \"Other\"' edited >> twin")
        .ok();
    dir.sh("imp-product import --input twin -p Other").ok().outcomes("created", 1);
}

#[test]
fn two_records_of_one_id_are_refused_with_both_lines() {
    let (sim, dir) = other_account(&ovens());
    let edit = "{ cat ovens.ndjson; sed -n 3p ovens.ndjson; }";
    let lines = dir.read_lines("ovens.ndjson").len();
    let stderr = refused(&dir, edit);
    let said = [format!("edited:{}: device group", lines + 1), "it has the id of edited:3".into()];
    assert!(said.iter().all(|said| stderr.contains(said)), "{stderr}");
    let stderr = refused(&dir, "cat ovens.ndjson ovens.ndjson");
    assert!(stderr.contains("18 records") && stderr.contains("and 8 more"), "{stderr}");
    assert!(sim.writes().is_empty());
}
