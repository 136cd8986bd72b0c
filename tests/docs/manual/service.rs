//! What comments cite of the service is in its manual page, in a section of that number.

use std::fs;
use std::path::Path;

use super::pages;

const MARKS: [&str; 3] = [".Bq stated", ".Bq inferred", ".Bq unknown"];

/// A section with a number: `3` or `3.2`.
struct Section {
    number: String,
    text: String,
}

/// The sections of the page that have a number, in their order.
fn sections() -> Vec<Section> {
    let page = pages::read("man/imp-service.7");
    let parts = page.replace("\n.Ss ", "\n.Sh ");
    let titled = parts.split("\n.Sh ").filter_map(|part| part.split_once(' '));
    let numbered = titled.filter(|(number, _)| number.starts_with(|c: char| c.is_ascii_digit()));
    let section = |(number, text): (&str, &str)| Section {
        number: number.trim_end_matches('.').to_owned(),
        text: text.to_owned(),
    };
    numbered.map(section).collect()
}

/// The Rust files of a directory and those below it: name and text.
fn sources(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            found.push((path.display().to_string(), unwrapped(&text)));
        }
    }
    found
}

/// A text without the line breaks, and without what begins the lines of comments.
fn unwrapped(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', '!']).trim());
    lines.collect::<Vec<&str>>().join(" ")
}

/// The numbers that stand behind each `before`: `3.2`, `3.2 and 3.4`, `3.2 to 3.4`.
fn numbers_behind(text: &str, before: &str) -> Vec<Vec<String>> {
    let is_number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let numbers = |rest: &str| {
        let listed =
            rest.split(' ').take_while(|word| is_number(word) || *word == "and" || *word == "to");
        let number = |word: &str| {
            let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
            word[..end].trim_end_matches('.').to_owned()
        };
        listed.filter(is_number).map(number).collect()
    };
    text.split(before).skip(1).map(numbers).collect()
}

#[test]
fn sections_of_the_service_that_comments_cite_are_there() {
    let known: Vec<String> = sections().into_iter().map(|section| section.number).collect();
    let mut cited = 0;
    for directory in ["common", "tools", "tests"] {
        for (name, text) in
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory))
        {
            for numbers in numbers_behind(&text, &format!("imp-service(7){} ", ", section")) {
                assert!(!numbers.is_empty(), "{name} cites a section without a number");
                cited += numbers.len();
                for number in numbers {
                    assert!(known.contains(&number), "{name} cites section {number}");
                }
            }
            let old = numbers_behind(&text.to_lowercase(), "reference ");
            assert!(
                old.iter().all(Vec::is_empty),
                "{name} cites a reference that is not here: {old:?}"
            );
        }
    }
    assert!(cited > 30, "{cited}");
}

#[test]
fn sections_of_the_service_refer_to_sections_that_are_there() {
    let page = unwrapped(&pages::read("man/imp-service.7"));
    let known: Vec<String> = sections().into_iter().map(|section| section.number).collect();
    let referred: Vec<String> = numbers_behind(&page, "section ").concat();
    assert!(referred.len() > 5, "{referred:?}");
    assert!(referred.iter().all(|number| known.contains(number)), "{referred:?}");
}

#[test]
fn sections_of_the_service_are_numbered_in_order_and_their_facts_have_marks() {
    let (mut chapter, mut fact) = (0, 0);
    for Section { number, text } in sections() {
        if number.contains('.') {
            fact += 1;
            assert_eq!(number, format!("{chapter}.{fact}"));
            // The last chapter is about the tools and the simulator.
            let marked = MARKS.iter().any(|mark| text.contains(mark));
            assert!(marked || chapter == 17, "{number} has no mark");
        } else {
            chapter += 1;
            fact = 0;
            assert_eq!(number, chapter.to_string());
        }
    }
    assert!(chapter > 10, "{chapter}");
}
