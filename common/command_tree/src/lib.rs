//! What a command says of its own verbs and options, for `imp commands`, for completion and for the tests.
//!
//! Every tool prints it, as one line of JSON, when [`REQUEST`] is all that was typed, the simulator too. `imp` reads it
//! again: a tool that is older or newer may leave members out or have more of them.

use clap::{Arg, ArgAction, Command, ValueHint};
use serde::{Deserialize, Serialize};

/// The argument that asks a tool for its description.
pub const REQUEST: &str = "--commands";

/// A command, or a verb of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verb {
    /// `imp-device`, `list`
    pub name: String,
    /// Of a command, not of its verbs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// One line.
    pub about: String,
    /// Other names that are taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// In the order of the help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Opt>,
    /// The verbs within this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<Verb>,
}

/// An option, or what stands without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opt {
    /// `dg`; none for what stands without an option.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long: Option<String>,
    /// `g`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<char>,
    /// What stands for the value in the help, `DEVICE_GROUP`; none for a flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// One line.
    pub help: String,
    /// The values that it takes, where they can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// The value when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What stands between several values of one option.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// It may be given more than once.
    #[serde(skip_serializing_if = "is_false")]
    pub repeatable: bool,
    /// It must be given.
    #[serde(skip_serializing_if = "is_false")]
    pub required: bool,
    /// Its value is a path.
    #[serde(skip_serializing_if = "is_false")]
    pub path: bool,
}

/// A value that an option takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Value {
    /// As it is typed.
    pub name: String,
    /// One line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_false(truth: &bool) -> bool {
    !truth
}

/// Describes a command as it stands in the code, without what the parser adds by itself.
pub fn describe(mut command: Command) -> Verb {
    command.build();
    Verb { version: command.get_version().map(str::to_owned), ..verb(&command) }
}

fn verb(command: &Command) -> Verb {
    let options = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut options: Vec<&Arg> = options.collect();
    options.sort_by_key(|arg| {
        (arg.get_help_heading().is_some_and(|of| of.starts_with("Common")), arg.get_index())
    });
    let verbs = command.get_subcommands();
    // That of the parser; a command may have its own.
    let has_parsers_help = !command.is_disable_help_subcommand_set();
    let verbs =
        verbs.filter(|verb| !(verb.is_hide_set() || has_parsers_help && verb.get_name() == "help"));
    let aliases = command.get_all_aliases().map(str::to_owned);
    Verb {
        name: command.get_name().to_owned(),
        version: None,
        about: first_line(command.get_about().map(ToString::to_string)),
        aliases: aliases.collect(),
        options: options.into_iter().map(option).collect(),
        verbs: verbs.map(verb).collect(),
    }
}

fn option(arg: &Arg) -> Opt {
    let takes_value = arg.get_num_args().is_some_and(|number| number.takes_values());
    let names = arg.get_value_names().unwrap_or_default();
    let value =
        names.first().map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string);
    let values = arg.get_possible_values();
    let values = values.iter().filter(|value| takes_value && !value.is_hide_set());
    let many = arg.get_num_args().is_some_and(|number| number.max_values() > 1);
    let default = arg.get_default_values().first().filter(|_| takes_value);
    let hint = arg.get_value_hint();
    Opt {
        long: arg.get_long().map(str::to_owned),
        short: arg.get_short(),
        help: first_line(arg.get_help().map(ToString::to_string)),
        values: values
            .map(|value| Value {
                name: value.get_name().to_owned(),
                help: first_line(value.get_help().map(ToString::to_string)),
            })
            .collect(),
        default: default.map(|value| value.to_string_lossy().into_owned()),
        delimiter: arg.get_value_delimiter().filter(|_| takes_value),
        repeatable: matches!(arg.get_action(), ArgAction::Append | ArgAction::Count) || many,
        required: arg.is_required_set(),
        path: takes_value
            && matches!(hint, ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath),
        value: takes_value.then_some(value),
    }
}

fn first_line(text: Option<String>) -> String {
    text.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// The description as it is printed.
pub fn line(command: Command) -> String {
    let mut line = serde_json::to_string(&describe(command)).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::builder::PossibleValuesParser;

    #[test]
    fn what_is_in_the_code_is_told_and_can_be_read_again() {
        let form = Arg::new("form").long("output").short('z').value_name("FORM");
        let form = form.value_parser(PossibleValuesParser::new(["csv", "json"]));
        let device = Arg::new("named").value_name("DEVICE").action(ArgAction::Append);
        let full = Arg::new("full").long("full").action(ArgAction::SetTrue).help("All of it");
        let info = Command::new("info").about("Print it").alias("show").args([form, device, full]);
        let told = describe(Command::new("imp-x").version("1.2").subcommand(info));
        assert_eq!((told.name.as_str(), told.version.as_deref()), ("imp-x", Some("1.2")));
        let info = &told.verbs[0];
        assert_eq!(
            (info.about.as_str(), &info.aliases[..]),
            ("Print it", &["show".to_owned()][..])
        );
        let find = |long| info.options.iter().find(|option| option.long.as_deref() == long);
        let form = find(Some("output")).unwrap();
        assert_eq!(form.values.iter().map(|one| &one.name).collect::<Vec<_>>(), ["csv", "json"]);
        assert_eq!((form.short, form.value.as_deref()), (Some('z'), Some("FORM")));
        assert!(find(None).unwrap().repeatable && find(Some("full")).unwrap().value.is_none());
        let text = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Verb>(&text).unwrap(), told);
    }
}
