//! What is typed again.

use super::*;
use clap::ArgAction;

fn command() -> Command {
    let text = |id| Arg::new(id).long(id).action(ArgAction::Append);
    let jobs = Arg::new("jobs").long("jobs").value_name("N");
    let jobs = jobs.value_parser(clap::value_parser!(u16));
    let pattern =
        Arg::new("pattern").long("pattern").value_parser(|text: &str| Ok::<_, String>(text.len()));
    let record = Arg::new("record").long("record");
    let verb = Command::new("assign")
        .args([
            text("dg").short('g'),
            text("fields").value_delimiter(','),
            text("env_variable"),
            text("gate"),
        ])
        .args([text("unbond").short('u'), text("endpoint")])
        .arg(Arg::new("confirmed").short('q').action(ArgAction::SetTrue))
        .args([text("url"), text("product").value_delimiter(','), jobs, pattern, record])
        .args([text("column"), text("where"), text("sort")])
        .arg(Arg::new("named").action(ArgAction::Append));
    Command::new("imp-x").subcommand(verb)
}

fn words(line: &str, pseudonyms: bool) -> Vec<String> {
    let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let matches = command().get_matches_from(&typed);
    let replacement = Replacement::new([3; 32], pseudonyms);
    replaced(&command(), &typed, &matches, &replacement)
}

#[test]
fn secrets_are_replaced_and_names_stay() {
    let line = "imp-x assign --record f --dg Bench --unbond=k3y --env_variable A=k3y --env_variable {\"B\":\"k3y=\"} \
        --url https://a:k3y@h/k3y --jobs 3 d1";
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words(&line, false).join(" ");
    assert!(words.starts_with("imp-x assign --dg Bench --unbond=secret-"), "{words}");
    assert!(words.ends_with(" --jobs 3 d1") && !words.contains("k3y"), "{words}");
    assert!(words.contains("A=secret-") && words.contains("@h/secret-"), "{words}");
}

#[test]
fn a_secret_that_is_known_is_replaced_in_other_words() {
    let replacement = Replacement::new([3; 32], false);
    replacement.know("k3y");
    let typed: Vec<OsString> =
        ["imp-x", "assign", "--dg", "it is k3y", "k3ys"].map(OsString::from).into();
    let matches = command().get_matches_from(&typed);
    let words = replaced(&command(), &typed, &matches, &replacement);
    assert_eq!(words[3], format!("it is {}", replacement.secret("k3y")));
    assert_eq!(words[4], "k3ys");
}

#[test]
fn a_secret_is_replaced_behind_options_in_one_word_and_in_the_command_of_a_gate() {
    for (typed, begin) in [
        ("imp-x assign -quk3y", "imp-x assign -qusecret-"),
        ("imp-x assign -u=k3y", "imp-x assign -u=secret-"),
        ("imp-x assign --gate k3y", "imp-x assign --gate secret-"),
        ("imp-x assign --url me:k3y@h/k3y", "imp-x assign --url secret-"),
        ("imp-x assign --endpoint https://me:k3y@h/v5", "imp-x assign --endpoint https://secret-"),
    ] {
        let words = words(typed, false).join(" ");
        assert!(words.starts_with(begin) && !words.contains("k3y"), "{words}");
    }
}

#[test]
fn with_pseudonyms_names_are_replaced_however_they_are_typed() {
    let all = Replacement::new([3; 32], true);
    let [bench, oven, a] = ["Bench", "Oven", "a"].map(|name| all.name(name));
    for (typed, expected) in [
        ("imp-x assign --dg Bench", format!("imp-x assign --dg {bench}")),
        ("imp-x assign -gBench -g Oven", format!("imp-x assign -g{bench} -g {oven}")),
        ("imp-x assign --dg=Bench Oven", format!("imp-x assign --dg={bench} {oven}")),
        ("imp-x assign --product Oven,a", format!("imp-x assign --product {oven},{a}")),
        (
            "imp-x assign --fields id,name --jobs 3 -",
            "imp-x assign --fields id,name --jobs 3 -".into(),
        ),
        ("imp-x assign --pattern Oven", format!("imp-x assign --pattern {oven}")),
        ("imp-x assign assign", format!("imp-x assign {}", all.name("assign"))),
    ] {
        assert_eq!(words(typed, true).join(" "), expected);
    }
}

#[test]
fn with_pseudonyms_no_number_and_no_column_is_taken_for_nothing() {
    let all = Replacement::new([3; 32], true);
    let oven = all.name("Oven");
    for (typed, expected) in [
        (
            "imp-x assign --pattern 40000c2a69000001",
            "imp-x assign --pattern ".to_owned() + &all.name("40000c2a69000001"),
        ),
        (
            "imp-x assign --jobs 3 --dg 3",
            format!("imp-x assign --jobs {0} --dg {0}", all.name("3")),
        ),
        (
            "imp-x assign --fields name,Oven",
            format!("imp-x assign --fields name,{}", all.key("Oven")),
        ),
        ("imp-x assign --sort=-Oven", format!("imp-x assign --sort=-{}", all.key("Oven"))),
        (
            "imp-x assign --column mac=Oven",
            format!("imp-x assign --column mac={}", all.key("Oven")),
        ),
        (
            "imp-x assign --where device_online=true",
            "imp-x assign --where device_online=true".into(),
        ),
        ("imp-x assign --where name=Oven", format!("imp-x assign --where name={oven}")),
        (
            "imp-x assign --env_variable OVEN=k3y",
            format!("imp-x assign --env_variable {}={}", all.own_key("OVEN"), all.secret("k3y")),
        ),
    ] {
        assert_eq!(words(typed, true).join(" "), expected);
    }
}
