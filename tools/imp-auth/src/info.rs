//! `imp-auth info`

use auth::{self, Source};
use clap::Args;
use cli::{Common, Exit, Page, Session, terminal::stderr};
use model::Record;

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
        let known = account.as_ref().ok().cloned().or_else(|| session.sign_in().known_account());
        let mut record = sign_in::record(&description, known.as_ref());
        record.insert("source", word(&description.source).into());
        record.insert("readable_by_others", description.readable_by_others.into());
        record.insert("not_used", others.into());
        match session.output.is_for_a_person() {
            true => session.output.print_page(&page(&record))?,
            false => session.output.print(&record)?,
        }
        session.output.finish()?;
        account?;
        Ok(Exit::Done)
    }
}

fn page(sign_in: &Record) -> Page {
    let mut page = Page::new("sign-in", cli::text(sign_in, "endpoint"));
    page.fields(
        sign_in,
        &[
            ("name", "name"),
            ("email", "account"),
            ("username", "user name"),
            ("account_id", "account id"),
            ("source", "comes from"),
            ("file", "file"),
            ("credential", "kept"),
            ("expires_at", "token ends"),
            ("readable_by_others", "readable by others"),
        ],
    );
    page.section("There, but not used");
    for other in sign_in.get("not_used").and_then(|others| others.as_array()).into_iter().flatten()
    {
        page.line(vec![other.as_str().unwrap_or_default().to_owned()]);
    }
    page
}

/// Where a sign-in comes from, for scripts.
pub fn word(source: &Source) -> &'static str {
    match source {
        Source::NamedFile(_) => "auth-file",
        Source::Account(..) => "account",
        Source::LocalFile(_) => "local",
        Source::DirectoryFile(_) => "IMPT_AUTH_FILE_PATH",
        Source::LoginKey => "IMPT_LOGINKEY",
        Source::User(_) => "IMPT_USER",
        Source::DefaultAccount(..) => "use",
        Source::HomeFile(_) => "home",
    }
}
