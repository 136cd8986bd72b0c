//! `imp commands`

use std::process::{Command, Stdio};

use clap::Args;
use cli::{CommandError, Common, Exit, Output};
use command_tree::{REQUEST, Verb};
use model::Record;
use model::schema::Kind::{Objects, Text, Texts, Truth, Words};
use model::schema::{Field, RecordType};
use serde_json::Value;

use crate::tools::{self, Tool};

/// What the record of a tool or a verb holds.
pub static COMMAND: RecordType = RecordType {
    name: "command",
    about: "A tool or a verb, with its options.",
    fields: &[
        Field::new("type", Words(&["command"]), "What the record is.").required(),
        Field::new("command", Text, "What is typed: `imp-device list`.").required(),
        Field::new("about", Text, "What it is for.").required(),
        Field::new("version", Text, "Of a tool: its version."),
        Field::new("aliases", Texts, "Other names that it goes by.").required(),
        Field::new("options", Objects(OPTION), "In the order of the help.").required(),
    ],
};

/// The fields of an option, as [`command_tree::Opt`] has them.
const OPTION: &[Field] = &[
    Field::new("long", Text, "`dg`; none for what stands without an option."),
    Field::new("short", Text, "`g`"),
    Field::new("value", Text, "What stands for its value; none for a flag."),
    Field::new("help", Text, "What it is for.").required(),
    Field::new("values", Objects(VALUE), "The values that it takes, if they can be told."),
    Field::new("default", Text, "The value when it is not given."),
    Field::new("delimiter", Text, "What stands between several values."),
    Field::new("repeatable", Truth, "True if it may be given more than once."),
    Field::new("required", Truth, "True if it must be given."),
    Field::new("path", Truth, "True if its value is a path."),
];

const VALUE: &[Field] = &[
    Field::new("name", Text, "As it is typed.").required(),
    Field::new("help", Text, "What it means."),
];

/// Print all verbs and options of all tools
///
/// A record for each tool and each verb, with its options. Nothing is asked of the service.
#[derive(Args)]
pub struct Commands {
    #[command(flatten)]
    common: Common,
}

impl Commands {
    pub fn run(&self) -> cli::Result {
        let output = Output::open(&self.common, None)?;
        output.expect_type("command");
        let ours = tools::found().into_iter().filter(|tool| tool.about.is_some());
        let trees = std::iter::once(Ok(own())).chain(ours.map(|tool| {
            let program = tools::program_of(&tool.name);
            asked(&tool).ok_or_else(|| {
                CommandError::usage(format!(
                    "{program} does not say what it can do: {} is older, or broken",
                    tool.path.display()
                ))
            })
        }));
        for tree in trees {
            let tree = tree?;
            print(&output, &tree.name.clone(), tree)?;
        }
        output.finish()?;
        Ok(Exit::Done)
    }
}

/// The description of `imp` itself.
pub fn own() -> Verb {
    command_tree::describe(crate::description())
}

/// What a tool of ours says of itself.
pub fn asked(tool: &Tool) -> Option<Verb> {
    let mut command = Command::new(&tool.path);
    let asked = command.arg(REQUEST).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let tree: Verb = serde_json::from_slice(&asked.stdout).ok()?;
    (asked.status.success() && !tree.name.is_empty()).then_some(tree)
}

/// Prints a record for the verb and those within it.
fn print(output: &Output, words: &str, verb: Verb) -> Result<(), CommandError> {
    let Verb { verbs, name: _, version, about, aliases, options } = verb;
    let mut record = Record::default();
    record.insert("type", "command".into());
    record.insert("command", words.into());
    record.insert("about", about.into());
    if let Some(version) = version {
        record.insert("version", version.into());
    }
    record.insert("aliases", aliases.into());
    record.insert("options", serde_json::to_value(options).unwrap_or(Value::Null));
    output.print(&record)?;
    verbs.into_iter().try_for_each(|verb| print(output, &format!("{words} {}", verb.name), verb))
}
