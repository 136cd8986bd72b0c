//! `imp` alone: what is here, and who would be signed in. Sends nothing.

use cli::{Common, Exit, Page, terminal::stdout};

use crate::tools;

/// Prints the tools and the account that they would use.
pub fn print() -> cli::Result {
    let mut page = Page::new("imp", env!("CARGO_PKG_VERSION"));
    page.section("Tools: `imp device list` is imp-device list");
    let found = tools::found();
    for tool in &found {
        let about = tool.about.map_or_else(|| tool.path.display().to_string(), str::to_owned);
        page.line(vec![tool.name.clone(), about]);
    }
    if found.is_empty() {
        page.line(vec!["none is beside imp or on the PATH".to_owned()]);
    }
    page.section("Of imp itself");
    for (name, about) in own() {
        page.line(vec![name, about]);
    }
    page.section("Sign-in");
    sign_in(&mut page);
    page.section("To read");
    page.line(vec!["man imp-tools".into(), "what they have in common".into()]);
    page.line(vec!["imp help device assign".into(), "the help of a verb".into()]);
    stdout::print(&page.to_text(stdout::width()));
    Ok(Exit::Done)
}

/// Our own verbs and what they are for.
fn own() -> Vec<(String, String)> {
    let command = crate::description();
    let verbs = command.get_subcommands();
    let told = |verb: &clap::Command| {
        (verb.get_name().to_owned(), verb.get_about().map(ToString::to_string).unwrap_or_default())
    };
    verbs.map(told).collect()
}

fn sign_in(page: &mut Page) {
    let environment = cli::sign_in_environment(&Common::default());
    let choice = match auth::choose(&environment) {
        Ok(choice) => choice,
        Err(error) => return page.line(vec![error.to_string()]),
    };
    let account = environment.state_dir.as_deref().and_then(|state| choice.known_account(state));
    let name = |account: auth::Account| account.email.or(account.username).unwrap_or(account.id);
    page.field("account", account.map_or_else(|| "not known yet".to_owned(), name));
    page.field("endpoint", choice.endpoint());
    page.field("comes from", choice.source().to_string());
}
