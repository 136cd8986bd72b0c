//! `imp-auth account info`

use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::terminal::stdin::{self, Stdin};
use cli::{Session, identifier};
use model::ResourceKind;

/// Print accounts
///
/// Without --user, --input and records on stdin: one's own.
#[derive(Args)]
pub struct Info {
    /// An account: me, id, email or user name; repeatable; `-` is stdin
    #[arg(long, short, value_name = "ACCOUNT", value_parser = identifier, allow_hyphen_values = true)]
    user: Vec<String>,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let me = ["me".to_owned()];
        let nobody_named = self.user.is_empty() && self.input.input.is_empty();
        let nobody = nobody_named && stdin::kind() == Stdin::Nothing;
        let users = if nobody { &me[..] } else { &self.user };
        let args = self.input.row_args("account", "--user", users);
        each(&session, &RowJob::reading(args), |row| {
            let account = row.identifier(ResourceKind::Account, &[])?;
            Ok(RowDone::read(session.find(ResourceKind::Account, &account.text)?))
        })
    }
}
