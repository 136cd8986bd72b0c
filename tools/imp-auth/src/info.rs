//! `imp-auth info`

use auth::{self, Source};
use clap::Args;
use cli::{Common, Exit, Session, terminal::stderr};

use crate::sign_in;

/// Show which sign-in counts here, and whose it is
///
/// Asks the service once. When that fails, what is known without it is printed all the same.
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    common: Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let account = session.ask_account();
        // Looked at afterwards: the request may have renewed the token.
        let environment = cli::sign_in_environment(&self.common);
        let description = auth::choose(&environment)?.describe();
        let others: Vec<String> =
            auth::sources(&environment).iter().skip(1).map(Source::to_string).collect();
        if description.readable_by_others {
            stderr::say(&format!("other users can read {}", description.source));
        }
        if stderr::is_terminal() && !others.is_empty() {
            stderr::say(&format!("not used: {}", others.join(", ")));
        }
        let known = account.as_ref().ok().cloned().or_else(|| session.sign_in().known_account());
        let mut record = sign_in::record(&description, known.as_ref());
        record.insert("source".into(), word(&description.source).into());
        record.insert("readable_by_others".into(), description.readable_by_others.into());
        record.insert("not_used".into(), others.into());
        session.output.print(&record)?;
        session.output.finish()?;
        account?;
        Ok(Exit::Done)
    }
}

/// Where a sign-in comes from, for scripts.
fn word(source: &Source) -> &'static str {
    match source {
        Source::NamedFile(_) => "auth-file",
        Source::LocalFile(_) => "local",
        Source::DirectoryFile(_) => "IMPT_AUTH_FILE_PATH",
        Source::LoginKey => "IMPT_LOGINKEY",
        Source::User(_) => "IMPT_USER",
        Source::HomeFile(_) => "home",
    }
}
