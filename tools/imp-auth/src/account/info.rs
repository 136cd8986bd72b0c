//! `imp-auth account info`

use api::{Request, segment};
use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::terminal::stdin::{self, Stdin};
use cli::{Page, Session, identifier};
use model::{ErrorKind, Record, ResourceKind};
use pipe::Failure;
use serde_json::Value;

/// Print accounts
///
/// Without --user, --input and records on stdin: one's own.
#[derive(Args)]
pub struct Info {
    /// An account: me, id, email or user name; repeatable; `-` is stdin
    #[arg(long, short, value_name = "ACCOUNT", value_parser = identifier, allow_hyphen_values = true)]
    user: Vec<String>,
    /// The same without an option
    #[arg(value_name = "ACCOUNT", value_parser = identifier, id = "named")]
    named: Vec<String>,
    /// Add what the account may do, as `capabilities`
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let me = ["me".to_owned()];
        let named = [&self.user[..], &self.named].concat();
        let nobody_named = named.is_empty() && self.input.input.is_empty();
        let nobody = nobody_named && stdin::kind() == Stdin::Nothing;
        let users = if nobody { &me[..] } else { &named };
        let args = self.input.row_args("account", "--user", users);
        let as_page = session.shows_page(&args, false);
        each(&session, &RowJob::reading(args), |row| {
            let account = row.identifier(ResourceKind::Account, &[])?;
            let mut record = session.find(ResourceKind::Account, &account.text)?;
            if self.full {
                let capabilities = capabilities(&session, cli::text(&record, "id"))?;
                record.insert("capabilities", capabilities);
            }
            let page = as_page.then(|| page(&record));
            Ok(RowDone::shown(record, page))
        })
    }
}

fn page(account: &Record) -> Page {
    let name = ["username", "email", "id"].map(|name| cli::text(account, name));
    let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let mut page = Page::new("account", name);
    page.fields(account, &[("id", "id"), ("username", "user name"), ("email", "email")]);
    page.other_fields(account, &["id", "username", "email", "capabilities"]);
    match account.get("capabilities") {
        None => {}
        Some(Value::Object(capabilities)) => {
            page.section("Capabilities");
            page.other_fields(&capabilities.clone().into(), &[]);
        }
        Some(Value::Null) => page.field("capabilities", "not told by the service"),
        Some(other) => page.field("capabilities", other.to_string()),
    }
    page
}

/// What the account may do, in the service's own words. The endpoint is undocumented: its shape is not known,
/// and a service without it gives `null`.
fn capabilities(session: &Session, account: &str) -> Result<Value, Failure> {
    let path = format!("{}/{}/capabilities", ResourceKind::Account.path(), segment(account));
    match session.send(&Request::get(path)) {
        Ok(mut answer) => Ok(told(answer.body.take())),
        Err(failure) if failure.kind == ErrorKind::NotFound => Ok(Value::Null),
        Err(failure) => Err(failure),
    }
}

/// What is told of capabilities, whether it is a resource, a list of them, or neither.
fn told(mut body: Value) -> Value {
    let document = match body.get_mut("data") {
        Some(data) => data.take(),
        None => body,
    };
    match document {
        Value::Object(mut resource) if resource.contains_key("attributes") => {
            resource.remove("attributes").unwrap_or_default()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn capabilities_may_have_any_shape() {
        let resource =
            json!({"type": "capabilities", "id": "a", "attributes": {"production": true}});
        for (body, is_told) in [
            (json!({ "data": resource }), json!({"production": true})),
            (json!({"data": ["production", "test"]}), json!(["production", "test"])),
            (json!({"production": false}), json!({"production": false})),
            (Value::Null, Value::Null),
        ] {
            assert_eq!(told(body), is_told);
        }
    }
}
