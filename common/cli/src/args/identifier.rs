//! An identifier on the command line.

use model::Secret;

/// Long options of twelve characters: as long as an agent id, so they must be told apart from one. A test
/// compares them with the help of all commands.
const AS_LONG_AS_AN_AGENT_ID: [&str; 15] = [
    "--any-device",
    "--if-changed",
    "--remove-tag",
    "--no-devices",
    "--non-zombie",
    "--unassigned",
    "--create-dut",
    "--agent-file",
    "--agent-only",
    "--unflag-old",
    "--pause-file",
    "--ready-file",
    "--forward-to",
    "--failed-too",
    "--pseudonyms",
];

/// Parses an identifier, which may begin with `-` as agent ids do, but is not the next option.
pub fn identifier(text: &str) -> Result<String, String> {
    let may_be_agent = text.len() == 12 && !AS_LONG_AS_AN_AGENT_ID.contains(&text);
    if text.starts_with('-') && text != "-" && !may_be_agent {
        return Err(format!("an identifier is missing before `{text}`"));
    }
    if text.is_empty() {
        return Err("an identifier must not be empty".into());
    }
    Ok(text.to_owned())
}

/// The same, where the identifier is itself a secret: a login key, a refresh token.
///
/// # Errors
/// As [`identifier`].
pub fn secret_identifier(text: &str) -> Result<Secret, String> {
    identifier(text).map(Secret::new)
}

/// For verbs that take several kinds of things: what stands there without an option may be any of them.
///
/// # Errors
/// Always; says what to do.
pub fn not_without_option(text: &str) -> Result<String, String> {
    Err(format!("it is not clear what `{text}` is; name it with an option, as --dg {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_ids_may_begin_with_a_dash_and_options_are_not_swallowed() {
        for good in ["-", "-jXp_9QaLm2Z", "--Xp_9QaLm2Z", "name", "0c:2a:69:05:0d:62"] {
            assert_eq!(identifier(good).as_deref(), Ok(good));
        }
        for bad in ["--dg", "--unassigned", "-g", ""] {
            assert!(identifier(bad).is_err(), "{bad}");
        }
    }
}
