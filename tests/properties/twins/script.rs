//! Scripts for a twin, drawn at random: all kinds of verbs, about things of a few names, so that they often meet. A
//! command that makes no sense at its place fails, and the script goes on.

use crate::properties::random_faults::Random;

/// How many files `code1` and on there are.
pub(super) const CODES: u64 = 3;

/// Commands by whom they are drawn; each as likely as the others.
const COMMANDS: [fn(&mut Random) -> String; 18] = [
    assign,
    unassign,
    whole_group,
    rename,
    restart,
    remove,
    create_product,
    update_product,
    delete_product,
    create_group,
    create_fixture,
    update_group,
    delete_group,
    deploy,
    minimum,
    update_builds,
    delete_builds,
    hooks,
];

/// A script.
pub(super) fn drawn(random: &mut Random) -> String {
    let number = 4 + random.below(14);
    let command = |_| {
        let command = COMMANDS[random.below(COMMANDS.len() as u64) as usize](random);
        format!("{command} || :\n")
    };
    (0..number).map(command).collect()
}

fn one<'a>(random: &mut Random, of: &[&'a str]) -> &'a str {
    of[random.below(of.len() as u64) as usize]
}

fn product(random: &mut Random) -> &'static str {
    one(random, &["Ovens", "Toasters", "P1", "P2", "P3"])
}

/// A development group.
fn bench(random: &mut Random) -> &'static str {
    one(random, &["{Ovens}{A}", "{Toasters}{A}", "B", "C", "G1", "G2", "G3"])
}

fn group(random: &mut Random) -> &'static str {
    match random.below(4) {
        0 => one(random, &["F", "D", "T", "F1", "D1", "T1", "SimProduction", "SimFixture"]),
        _ => bench(random),
    }
}

/// Some devices of a group, or of none.
fn devices(random: &mut Random) -> String {
    let from = match random.below(4) {
        0 => "--unassigned".to_owned(),
        _ => format!("--dg {}", group(random)),
    };
    let (first, number) = (1 + random.below(3), random.below(6));
    format!("imp-device list {from} | sed -n '{first},{}p'", first + number)
}

fn assign(random: &mut Random) -> String {
    format!("{} | imp-device assign --dg {}", devices(random), bench(random))
}

fn unassign(random: &mut Random) -> String {
    format!("{} | imp-device unassign", devices(random))
}

fn whole_group(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("imp-dg unassign -g {}", group(random)),
        _ => format!("imp-dg reassign --from {} --to {}", bench(random), bench(random)),
    }
}

fn rename(random: &mut Random) -> String {
    let name = one(random, &["", "same", "other"]);
    format!("{} | jq -r .id | imp-device update -n '{name}'", devices(random))
}

fn restart(random: &mut Random) -> String {
    let conditional = one(random, &["", "-c"]);
    match random.below(2) {
        0 => format!("{} | imp-device restart {conditional}", devices(random)),
        _ => format!("imp-dg restart -q {conditional} -g {}", group(random)),
    }
}

fn remove(random: &mut Random) -> String {
    let force = one(random, &["", "-f"]);
    format!("{} | sed 2q | imp-device remove -q {force}", devices(random))
}

fn create_product(random: &mut Random) -> String {
    format!("imp-product create -n {} -s 'text {}'", product(random), random.below(3))
}

fn update_product(random: &mut Random) -> String {
    let change = match random.below(2) {
        0 => format!("-n {}", product(random)),
        _ => format!("-s '{}'", one(random, &["", "text 1", "more"])),
    };
    format!("imp-product update -p {} {change}", product(random))
}

fn delete_product(random: &mut Random) -> String {
    let force = one(random, &["", "-f"]);
    format!("imp-product delete -q {force} -p {}", product(random))
}

fn create_group(random: &mut Random) -> String {
    let (name, kind) =
        (random.below(3) + 1, one(random, &["", "-y pre-dut", "-y production -r eu"]));
    let variables = one(random, &["", "-e K=1", "-e K=text"]);
    let product = product(random);
    format!("imp-dg create -n G{name} -p {product} -c -s 'text' {variables} {kind}")
}

fn create_fixture(random: &mut Random) -> String {
    let product = product(random);
    format!("imp-dg create -n F1 -p {product} -y factory -u D1 -w -t T1 --create-target")
}

fn update_group(random: &mut Random) -> String {
    let change = match random.below(5) {
        0 => "-s 'other text'".to_owned(),
        1 => "-e K=2 -s ''".to_owned(),
        2 => "-e '{}'".to_owned(),
        3 => format!("-n {}", one(random, &["A", "B", "C", "G1", "G2"])),
        _ => {
            return format!(
                "imp-dg update -g {} -l false",
                one(random, &["T", "SimProduction", "G1"])
            );
        }
    };
    format!("imp-dg update -g {} {change}", group(random))
}

fn delete_group(random: &mut Random) -> String {
    let force = one(random, &["", "-f"]);
    format!("imp-dg delete -q {force} -g {}", group(random))
}

fn deploy(random: &mut Random) -> String {
    let (code, group) = (random.below(CODES) + 1, group(random));
    match random.below(4) {
        0 => {
            let build = one(random, &["old", "empty", "unseen"]);
            format!("imp-build copy -q -b {build} -g {group} --all")
        }
        1 => format!("imp-build run -q -x code{code} -g {group} -t t{code}"),
        2 => format!("imp-build deploy -q -x code{code} -y code{code} -g {group} -f true"),
        _ => format!("imp-build deploy -q -x code{code} -g {group} -t t{code} -s text -o here"),
    }
}

fn minimum(random: &mut Random) -> String {
    let group = bench(random);
    let newest = format!("$(imp-build list --dg {group} --limit 1 | jq -r .id)");
    format!("imp-dg update -g {group} -m {newest}")
}

fn update_builds(random: &mut Random) -> String {
    let change = one(random, &["-f true", "-f false -s ''", "-t more -s second", "-r old -t new"]);
    format!("imp-build list --dg {} --limit 2 | imp-build update {change}", group(random))
}

fn delete_builds(random: &mut Random) -> String {
    match random.below(2) {
        0 => format!("imp-dg builds -q --unflag --remove -g {}", group(random)),
        _ => format!("imp-build list --dg {} | tail -n 1 | imp-build delete -q -f", group(random)),
    }
}

fn hooks(random: &mut Random) -> String {
    let (group, number) = (bench(random), random.below(3));
    let event = one(random, &["blinkup", "deployment"]);
    match random.below(4) {
        0 => format!("imp-hook list --dg {group} | sed 1q | imp-hook update -u http://h{number}/"),
        1 => format!("imp-hook list --dg {group} | imp-hook delete -q"),
        _ => format!("imp-hook create -g {group} -u http://h{number}/ -e {event}"),
    }
}
