//! The manual pages and the README are true: their options are those of `--help`, their examples run as
//! they are written, their exit codes are those of the code.

mod help;
pub(crate) mod pages;
mod scenes;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use pages::Example;
use scenes::Scene;
use tests::{Dir, Port};

/// The options of every verb of a command, `key create` and its like included.
fn options_of(dir: &Dir, command: &str) -> BTreeMap<String, BTreeSet<String>> {
    let help = dir.sh(&format!("{command} --help")).quiet().stdout();
    let verbs = pages::subcommands(&help);
    let name = command.split_once(' ').map_or(String::new(), |(_, verb)| verb.to_owned());
    if verbs.is_empty() {
        return [(name, pages::flags_of_help(&help))].into();
    }
    verbs.iter().flat_map(|verb| options_of(dir, &format!("{command} {verb}"))).collect()
}

#[test]
fn every_option_is_in_the_page_and_every_option_in_the_page_is_there() {
    let dir = Dir::new();
    for name in pages::of_clients() {
        let sections = pages::sections(&pages::read(&format!("man/{name}")));
        let options = options_of(&dir, name.trim_end_matches(".1"));
        assert!(options.len() > 1, "{name}: {:?}", options.keys());
        let after = |title: &str| sections.iter().position(|section| section.title == title);
        let shared = after("COMMON OPTIONS").expect("a section of shared options");
        for (verb, flags) in options {
            let own = sections.iter().filter(|section| section.title == verb);
            let common = sections[shared..].iter();
            let common = common.filter(|section| pages::speaks_of(&section.title, &verb));
            let told: BTreeSet<String> =
                own.chain(common).flat_map(|section| section.flags.clone()).collect();
            assert_eq!(told, flags, "{name}, {verb}: the page on the left, --help on the right");
        }
        let verbs: BTreeSet<String> =
            options_of(&dir, name.trim_end_matches(".1")).into_keys().collect();
        for section in sections.iter().take(shared).filter(|section| !section.flags.is_empty()) {
            assert!(verbs.contains(&section.title), "{name}: no verb {}", section.title);
        }
    }
}

#[test]
fn the_options_of_the_simulator_are_in_its_page() {
    // The commands of the hardware tell their options in running text.
    let page = pages::read("man/imp-sim.1");
    let flags = page.split("Fl Fl ").skip(1).filter_map(|rest| rest.split_whitespace().next());
    let told: BTreeSet<String> = flags.map(|flag| format!("--{flag}")).collect();
    let options = options_of(&Dir::new(), "imp-sim");
    let mut there: BTreeSet<String> = options.into_values().flatten().collect();
    there.retain(|flag| flag != "--help" && flag != "-h");
    assert_eq!(told, there, "the page on the left, --help on the right");
}

#[test]
fn the_page_of_the_simulator_fits_a_terminal() {
    let page = pages::read("man/imp-sim.1");
    let dir = Dir::new();
    dir.write("imp-sim.1", page);
    let shown = dir.sh("mandoc -T utf8 -O width=80 imp-sim.1").ok().stdout();
    // Bold and underlined letters are written twice, with a step back between.
    let width = |line: &str| line.chars().count() - 2 * line.matches('\u{8}').count();
    let wide: Vec<&str> = shown.lines().filter(|line| width(line) > 80).collect();
    assert!(shown.lines().count() > 500 && wide.is_empty(), "{wide:#?}");
}

#[test]
fn no_option_is_taken_for_an_agent_id() {
    let dir = Dir::new();
    let names = pages::of_clients();
    let commands = names.iter().map(|name| name.trim_end_matches(".1"));
    let options = commands.flat_map(|command| options_of(&dir, command).into_values().flatten());
    // The help does not have it.
    let options = options.chain(["--pseudonyms".to_owned()]);
    let as_long: BTreeSet<String> = options.filter(|option| option.len() == 12).collect();
    let code = pages::read("common/cli/src/args/identifier.rs");
    let list = code.split("const AS_LONG_AS_AN_AGENT_ID").nth(1).expect("the list is there");
    let list = list.split("];").next().unwrap_or_default();
    let known: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(known, as_long, "the list in flags.rs on the left, --help on the right");
}

/// The digits in a text, number by number.
fn numbers(text: &str) -> Vec<u8> {
    let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().expect("an exit code")).collect()
}

#[test]
fn the_exit_codes_are_those_of_the_code() {
    let code = pages::read("common/cli/src/exit.rs");
    let arms = |function: &str| -> BTreeMap<String, u8> {
        let body = code.split(&format!("fn {function}(")).nth(1).expect("the function is there");
        let body = body.split("\n    }").next().unwrap_or_default();
        let arms =
            body.lines().filter_map(|line| line.trim().strip_prefix("Exit::")?.split_once(" => "));
        arms.map(|(name, number)| (name.to_owned(), numbers(number)[0])).collect()
    };
    let (codes, gravity) = (arms("code"), arms("gravity"));
    let all: BTreeSet<u8> = codes.values().copied().collect();
    assert!(all.len() == 10 && gravity.len() == 10, "{codes:?} {gravity:?}");
    let tools = pages::read("man/imp-tools.7");
    let status = pages::section(&tools, "EXIT STATUS");
    let items = status.iter().filter_map(|line| line.strip_prefix(".It "));
    assert_eq!(items.flat_map(numbers).collect::<BTreeSet<u8>>(), all);
    let mut gravest: Vec<&String> = codes.keys().filter(|name| codes[*name] != 0).collect();
    gravest.sort_by_key(|name| std::cmp::Reverse(gravity[*name]));
    let mut order: Vec<u8> = gravest.iter().map(|name| codes[*name]).collect();
    // Only one of the signals can end a run.
    order[..3].sort_unstable();
    let sentence = status.iter().find(|line| line.contains("the first of")).expect("the order");
    assert_eq!(numbers(sentence), order);
    for name in pages::of_clients() {
        let page = pages::read(&format!("man/{name}"));
        let text = pages::section(&page, "EXIT STATUS").join(" ");
        let told: BTreeSet<u8> = numbers(&text.replace("tools 7", "tools")).into_iter().collect();
        let mut of_command = all.clone();
        // The others neither wait nor follow logs.
        if ["imp-auth.1", "imp-hook.1", "imp-product.1"].contains(&name.as_str()) {
            of_command.remove(&codes["TimedOut"]);
        }
        assert_eq!(told, of_command, "{name}");
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_page() {
    let page = pages::read("man/imp-tools.7");
    let items: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".It Ev ")).collect();
    let told: BTreeSet<&str> = items.iter().flat_map(|item| item.split(" , ")).collect();
    let read = pages::variables("common/cli/src");
    assert!(read.contains("IMP_AUTH_FILE") && read.contains("no_proxy"), "{read:?}");
    for variable in &read {
        assert!(told.contains(variable.as_str()), "{variable} is not in imp-tools.7");
    }
    // Those are read by what we build on: certificates, temporary files, time.
    let elsewhere = ["SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR", "TZ"];
    for variable in told {
        assert!(
            read.contains(variable) || elsewhere.contains(&variable),
            "{variable} is not read by anybody"
        );
    }
}

/// Types the examples one after the other, since later ones go on with what earlier ones left.
fn type_examples(name: &str, examples: &[Example]) {
    assert!(!examples.is_empty(), "{name} has no examples");
    let scene = Scene::of(name);
    for example in examples {
        let script = &example.script;
        let typed = format!("set -eo pipefail\n{}{script}", scene.preamble);
        let without_end = ["imp-sim serve", "tail -n +1 -f", "imp-hook listen", "imp-log stream"];
        let ends = script.contains("--until");
        if !ends && without_end.iter().any(|command| script.contains(command)) {
            interrupt_example(&scene, script);
        } else if let Some(answer) = scene.typed {
            scene.dir.write("example", typed);
            scene.dir.sh_on_terminal("bash example", answer).code(example.exit_code());
        } else {
            scene.dir.sh(&typed).code(example.exit_code());
        }
    }
    assert!(scene.sim.counts().total > 0 || name == "imp-sim.1", "{name}: nothing was asked");
}

/// Types an example that has no end of its own, and interrupts it as soon as it is at work.
fn interrupt_example(scene: &Scene, script: &str) {
    let followed = || scene.sim.counts().kind("PUT /logstream/{id}/{device}");
    let before = followed();
    // Another service may have the port that the page names.
    let port = Port::reserve();
    let serve = format!("imp-sim serve --listen {}", port.address());
    let script = script.replace("127.0.0.1:8070", &port.address()).replace("imp-sim serve", &serve);
    // The shell itself lives on and tells the exit code.
    let running = scene.dir.spawn(&format!("set -e; trap : INT\n{}{script}", scene.preamble));
    running.wait_for("its first line", || {
        running.stdout().contains('\n')
            || running.stderr().contains("listening")
            || followed() > before
    });
    running.interrupt();
    let code = if script.contains(&serve) { 0 } else { 130 };
    running.wait().code(code);
}

fn type_page(name: &str) {
    type_examples(name, &pages::examples_of_page(&pages::read(&format!("man/{name}"))));
}

#[test]
fn imp() {
    type_page("imp.1");
}

#[test]
fn imp_auth() {
    type_page("imp-auth.1");
}

#[test]
fn imp_build() {
    type_page("imp-build.1");
}

#[test]
fn imp_change() {
    type_page("imp-change.1");
}

#[test]
fn imp_device() {
    type_page("imp-device.1");
}

#[test]
fn imp_dg() {
    type_page("imp-dg.1");
}

#[test]
fn imp_hook() {
    type_page("imp-hook.1");
}

#[test]
fn imp_log() {
    type_page("imp-log.1");
}

#[test]
fn imp_product() {
    type_page("imp-product.1");
}

#[test]
fn imp_records() {
    type_page("imp-records.7");
}

#[test]
fn files_that_the_page_about_the_code_names_are_there() {
    let page = pages::read("man/imp-internals.7");
    let named = page.lines().flat_map(|line| line.split(" Pa ").chain(line.strip_prefix(".Pa ")));
    let paths: BTreeSet<&str> = named
        .filter_map(|text| text.trim_start_matches(".It Pa ").split([' ', ',']).next())
        .filter(|path| path.contains('/') && !path.starts_with('.'))
        .collect();
    assert!(paths.len() > 30, "{paths:?}");
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let missing: Vec<_> = paths.iter().filter(|path| !top.join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn imp_internals() {
    type_page("imp-internals.7");
}

#[test]
fn imp_service() {
    type_page("imp-service.7");
}

#[test]
fn imp_sim() {
    type_page("imp-sim.1");
}

#[test]
fn imp_tools() {
    type_page("imp-tools.7");
}

#[test]
fn readme() {
    type_examples("README.md", &pages::examples_of_readme(&pages::read("README.md")));
}

#[test]
fn the_five_pipelines_of_readme_run_in_the_simulator_as_they_stand() {
    let readme = pages::read("README.md");
    let section = readme.split("## Five pipelines").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let examples = pages::examples_of_readme(section);
    assert_eq!(examples.len(), 5);
    let told = section.split('`').find(|code| code.starts_with("imp-sim run"));
    let command = told.expect("the section tells where").strip_suffix("bash").expect("a shell");
    let mut script = "set -o pipefail\n".to_owned();
    for example in &examples {
        script.push_str(&format!("(\n{})\necho \"ended with $?\"\n", example.script));
    }
    script.push_str("imp-device list --dg Bench --dg Burn-in | wc -l; wc -l < canary.ndjson\n");
    script.push_str("imp-device list --unassigned | wc -l; jq -s length failed.ndjson\n");
    let dir = Dir::new();
    dir.write("pipelines", script);
    let run = dir.sh(&format!("{command} bash \"$PWD\"/pipelines")).ok();
    let lines = run.lines();
    let ends = lines.iter().filter_map(|line| line.strip_prefix("ended with "));
    let expected: Vec<String> = examples.iter().map(|it| it.exit_code().to_string()).collect();
    assert_eq!(ends.collect::<Vec<_>>(), expected, "{run}");
    // 100 devices were there, 40 have come, three of them corrected, and one was sent back by mistake, as
    // were five shipped ones; nothing is left in the directory.
    let rest: Vec<&str> = lines.iter().rev().take(4).map(|line| line.trim()).collect();
    assert_eq!(rest, ["3", "66", "50", "139"], "{run}");
    assert_eq!(dir.sh("ls").quiet().lines(), ["pipelines"]);
}

#[test]
fn the_cells_of_tables_fit_into_their_columns_and_the_columns_into_the_page() {
    let mut tables = 0;
    for name in pages::names() {
        for table in pages::tables(&pages::read(&format!("man/{name}"))) {
            tables += 1;
            let (_, all_but_last) = table.widths.split_last().expect("columns");
            // Four characters stand between two columns.
            let before_last: usize = all_but_last.iter().map(|width| width + 4).sum();
            for cells in table.rows {
                let (last, others) = cells.split_last().expect("cells");
                let fit = others.iter().zip(all_but_last).all(|(cell, width)| cell.len() <= *width);
                assert!(fit && before_last + last.len() <= table.room, "{name}: {cells:?}");
            }
        }
    }
    assert!(tables > 0, "there is none to look at");
}

#[test]
fn no_page_is_left_out() {
    let text = pages::read("tests/docs/manual.rs");
    // The lines of the cookbook are typed job by job.
    for name in pages::names().into_iter().filter(|name| name != "imp-cookbook.7") {
        assert!(text.contains(&format!("type_page(\"{name}\")")), "{name} is not typed");
    }
}
