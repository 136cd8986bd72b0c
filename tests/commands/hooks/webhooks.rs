//! Webhooks at the service: made, listed, changed and deleted.

use serde_json::json;
use tests::{Dir, Sim};

use super::{FORM, JSON};

#[test]
fn webhooks_are_made_listed_changed_and_deleted() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    let [one, two] = sim.groups(["One", "Two"]);
    let run =
        dir.sh("imp-dg list | imp-hook create --event blessing --url https://hooks.test/a").quiet();
    let run = run.outcomes("created", 2);
    assert_eq!(run.field("content_type"), [JSON, JSON]);
    let again = "imp-hook create -g Two -e blinkup -u https://hooks.test/b -m urlencoded";
    let made = dir.sh(again).quiet().record();
    assert_eq!((&made["content_type"], &made["devicegroup_id"]), (&json!(FORM), &json!(two)));
    let count = |options: &str| dir.sh(&format!("imp-hook list {options}")).quiet().records().len();
    for (options, expected) in [
        ("", 3),
        ("--dg One", 1),
        ("--dg One --dg Two", 3),
        ("--event blinkup", 1),
        ("--event blinkup --event blessing --dg Two", 2),
        ("--url https://hooks.test/a", 2),
        ("--url https://hooks.test/", 0),
        ("--product Ovens --owner me", 3),
        ("--dg-type production", 0),
        ("--dg-type development --limit 2", 2),
    ] {
        assert_eq!(count(options), expected, "{options}");
    }
    let run = dir
        .sh("imp-hook list --dg One | imp-hook update --url https://hooks.test/c -m urlencoded")
        .quiet();
    assert_eq!(
        (run.field("url"), run.field("content_type")),
        (vec!["https://hooks.test/c".into()], vec![FORM.into()])
    );
    assert_eq!(
        dir.sh("imp-hook list -g One | imp-hook info").quiet().field("devicegroup_id"),
        [one]
    );
}

#[test]
fn webhooks_of_other_accounts_are_not_passed_over() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let [_mine] = sim.groups(["Mine"]);
    let all = sim.all("devicegroups");
    let theirs = all.iter().find(|group| group["name"] == "PartnerGroup").expect("is there");
    let (id, owner) = (theirs["id"].as_str().expect("an id"), theirs["owner_id"].clone());
    let group = "'{partner}{PartnerProduct}{PartnerGroup}'";
    let create = "imp-hook create --event blessing --url https://x.test --dg";
    dir.sh(&format!("{create} Mine")).quiet();
    let made = dir.sh(&format!("{create} {group}")).quiet().field("id");
    let product = "--product '{partner}{PartnerProduct}'";
    for (options, found) in [
        ("--owner partner".to_owned(), true),
        (format!("--owner {}", owner.as_str().expect("an id")), true),
        (product.to_owned(), true),
        (format!("{product} --dg-type development --event blessing"), true),
        (format!("--dg {id} --dg-type development"), true),
        (format!("--dg {group} --dg Mine --owner partner {product}"), true),
        (format!("--dg {id} --dg-type production"), false),
        (format!("{product} --owner me"), false),
        (format!("{product} --url https://y.test"), false),
    ] {
        let listed = dir.sh(&format!("imp-hook list {options}")).quiet().field("id");
        assert_eq!(listed, if found { made.clone() } else { Vec::new() }, "{options}");
    }
    assert_eq!(dir.sh("imp-hook list --owner me").quiet().records().len(), 1);
    // A group that cannot be looked at is no group without webhooks.
    sim.fault("GET /devicegroups/* 403");
    dir.sh(&format!("imp-hook list --dg {id} --owner partner")).code(1).no_stdout();
    sim.no_faults();
    sim.fault("GET /webhooks 403");
    dir.sh("imp-hook list --owner partner").code(1).no_stdout();
}

#[test]
fn webhooks_are_deleted_with_consent_and_refusals_are_told() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    let [_one, _two] = sim.groups(["One", "Two"]);
    dir.sh("imp-dg list | imp-hook create -e blessing -u https://x.test")
        .quiet()
        .outcomes("created", 2);
    sim.reset();
    dir.sh("imp-hook list | imp-hook delete").code(2).says("--confirmed");
    dir.sh("imp-hook list | imp-hook delete --dry-run").ok().outcomes("deleted", 2);
    dir.sh("imp-hook create -g One -e blessing -u https://x.test --dry-run")
        .ok()
        .outcomes("created", 1);
    assert_eq!(sim.writes().len(), 0);
    dir.sh("imp-hook list | imp-hook delete -q").quiet().outcomes("deleted", 2);
    assert_eq!(sim.all("webhooks").len(), 0);
    dir.sh("imp-hook info --wh 00000000-0000-0000-0000-000000000000").code(1).says("not found");
    dir.sh("imp-hook create -g One -e blessing -u nonsense").code(1).says("Invalid URL");
    dir.sh("echo '{\"id\":\"One\",\"event\":\"no\"}' | imp-hook create -u https://x.test")
        .code(1)
        .says("No event `no`");
}

#[test]
fn an_equal_webhook_is_not_taken_for_the_one_that_a_killed_run_made() {
    let create = "imp-hook create -g One -u http://a/ -e blinkup";
    // It was not made, or not answered; or not answered, and somebody else has made one since.
    for (rule, meanwhile) in [
        ("POST /webhooks 503 delay=1h", false),
        ("POST /webhooks delay=1h", false),
        ("POST /webhooks delay=1h", true),
    ] {
        let sim = Sim::start(&[]);
        sim.groups(["One"]);
        let dir = Dir::signed_in(&sim);
        dir.sh(create).quiet();
        let ids = || dir.sh("imp-hook list").ok().field("id");
        let own = ids();
        sim.fault(rule);
        let running = dir.spawn(&format!("exec {create}"));
        running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
        running.insist("KILL");
        sim.no_faults();
        let run = dir.sh("imp-change list --interrupted").ok().field("run").remove(0);
        let resume = format!("imp-change resume {run}");
        if meanwhile {
            dir.sh(create).ok();
            dir.sh(&resume).code(1).says("It is not known which webhook this record has made");
            assert_eq!(ids().len(), 3);
            continue;
        }
        let made = dir.sh(&resume).ok().field("id");
        assert!(made != own && ids().contains(&made[0]), "{rule}");
        assert_eq!(ids().len(), 2, "{rule}");
        dir.sh(&format!("imp-change undo -q {run}")).ok();
        assert_eq!(ids(), own, "{rule}");
    }
}
