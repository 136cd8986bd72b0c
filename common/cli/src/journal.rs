//! The journal of what runs change.

use std::path::PathBuf;

use crate::terminal::environment;

/// Whether nobody wants one: then nothing is looked up that only the journal needs.
pub fn is_off() -> bool {
    environment::text("IMP_JOURNAL").is_some_and(|text| text == "off")
}

/// The journal of a run: a path stands for itself.
pub fn file_of(run: &str) -> PathBuf {
    let directory = match environment::text("IMP_JOURNAL").as_deref() {
        None | Some("off" | "require") => {
            let home = environment::path("HOME");
            let state_home = environment::path("XDG_STATE_HOME");
            auth::directories(home.as_deref(), state_home.as_deref(), None)
                .state
                .map(|state| state.join("changes"))
        }
        Some(directory) => Some(PathBuf::from(directory)),
    };
    match directory {
        Some(directory) if !run.contains(['/', '.']) => directory.join(format!("{run}.ndjson")),
        _ => PathBuf::from(run),
    }
}
