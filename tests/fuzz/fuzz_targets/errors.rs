//! Error bodies: whatever they hold, there are words that can be shown, none of them a secret of the request,
//! and they are kept with the row.
#![no_main]

use api::reading;
use libfuzzer_sys::fuzz_target;
use pipe::Failure;

/// A body may hold it.
const SECRET: &str = "swordfish";
const STATUSES: [u16; 8] = [200, 301, 400, 401, 403, 404, 429, 502];

fuzz_target!(|text: &str| {
    for status in STATUSES {
        let Err(error) = reading::refusal(status, text, SECRET) else { continue };
        assert_eq!(error.status, Some(status));
        assert!(!error.title.is_empty() && error.to_string().starts_with(&error.title));
        assert!(!error.to_string().contains(SECRET), "{error}");
        let _as_of_the_run = error.ends_run();
        let failure = cli::failure(error);
        let line = serde_json::to_string(&failure).expect("JSON");
        let read: Failure = serde_json::from_str(&line).expect("what was written");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), line);
        let shown = model::text::one_line(&failure.title);
        assert!(!shown.contains(|character: char| character.is_control()), "{shown:?}");
    }
});
