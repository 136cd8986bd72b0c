//! What the verbs say of webhooks: which ones, what for, in which form.

use std::sync::OnceLock;

use api::resolve::may_be_shortened;
use clap::{Args, ValueEnum};
use cli::{Input, RowArgs, Session};
use model::{ErrorKind, ResourceKind};
use pipe::{Failure, Row};

/// The webhooks that a verb works on.
#[derive(Args, Clone, Debug)]
pub struct Webhooks {
    /// A webhook, by its id; repeatable; `-` is stdin
    #[arg(long, short, value_name = "WEBHOOK", value_parser = cli::identifier, allow_hyphen_values = true, display_order = 0)]
    wh: Vec<String>,
    /// The same without an option
    #[arg(value_name = "WEBHOOK", value_parser = cli::identifier, id = "named")]
    named: Vec<String>,
    #[arg(skip)]
    all: OnceLock<Vec<String>>,
    #[command(flatten)]
    input: Input,
}

impl Webhooks {
    /// Where the rows come from.
    pub fn row_args(&self) -> RowArgs<'_> {
        let all = self.all.get_or_init(|| [&self.wh[..], &self.named].concat());
        self.input.row_args("webhook", "--wh", all)
    }
}

/// The path and the id of the webhook that a row is about. The beginning of an id, as tables show it, is looked
/// up.
///
/// # Errors
/// As [`Row::identifier`], and `not_found` for a beginning that no webhook has.
pub fn path(session: &Session, row: &Row) -> Result<(String, String), Failure> {
    let text = row.identifier(ResourceKind::Webhook, &[])?.text;
    let id = match may_be_shortened(ResourceKind::Webhook, &text) {
        true => cli::text(&session.find(ResourceKind::Webhook, &text)?, "id").to_owned(),
        false => text,
    };
    Ok((format!("/webhooks/{}", api::segment(&id)), id))
}

/// What a webhook is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Event {
    /// A device under test has been blessed into the group
    Blessing,
    /// An end user has activated a device of the group
    Blinkup,
    /// New code has been deployed to the group
    Deployment,
}

impl Event {
    /// The words of all.
    pub fn words() -> Vec<String> {
        Self::value_variants().iter().map(|event| event.word().to_owned()).collect()
    }

    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Event::Blessing => "blessing",
            Event::Blinkup => "blinkup",
            Event::Deployment => "deployment",
        }
    }

    /// The event that a row names.
    ///
    /// # Errors
    /// `bad_input` when there is none of that name.
    pub fn of_row(text: &str) -> Result<Self, Failure> {
        Self::from_str(text, true).map_err(|_| {
            Failure::new(ErrorKind::BadInput, format!("No event `{text}`"))
                .detail("the events are blessing, blinkup and deployment")
        })
    }
}

/// The form in which a webhook's calls come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mime {
    /// application/json
    Json,
    /// application/x-www-form-urlencoded
    Urlencoded,
}

impl Mime {
    /// The `content_type` of the API.
    pub fn content_type(self) -> &'static str {
        match self {
            Mime::Json => "application/json",
            Mime::Urlencoded => "application/x-www-form-urlencoded",
        }
    }

    /// The form that a row names, in a word of ours or of the API.
    ///
    /// # Errors
    /// `bad_input` when there is none of that name.
    pub fn of_row(text: &str) -> Result<Self, Failure> {
        let of_api = || Self::value_variants().iter().find(|mime| mime.content_type() == text);
        Self::from_str(text, true).ok().or_else(|| of_api().copied()).ok_or_else(|| {
            Failure::new(ErrorKind::BadInput, format!("No content type `{text}`"))
                .detail("the content types are json and urlencoded")
        })
    }
}
