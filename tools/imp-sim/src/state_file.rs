//! The file of `--state`: read at the start, replaced whole when something changed.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::console;
use crate::sim::Sim;
use crate::state::State;

/// Changes within this time are written together.
const COALESCE: Duration = Duration::from_millis(500);

/// The state in the file; None if there is no file yet.
pub fn read(path: &Path) -> anyhow::Result<Option<State>> {
    let document = match std::fs::read(path) {
        Ok(document) => document,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let state = serde_json::from_slice(&document);
    state.map(Some).with_context(|| format!("{} is no state of imp-sim", path.display()))
}

/// Writes the state if it may have changed. The file is private, for it holds passwords and tokens.
pub fn save(sim: &Sim, path: &Path) -> anyhow::Result<()> {
    if !sim.take_changed() {
        return Ok(());
    }
    let document = serde_json::to_vec(&*sim.state())?;
    replace(path, &document).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a private file whole, in the place of the old one if there is one.
pub fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let mut file = tempfile::Builder::new().tempfile_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// Saves again and again.
pub async fn keep_saving(sim: &Sim, path: &Path) {
    loop {
        sim.clock.wait(COALESCE).await;
        if let Err(error) = save(sim, path) {
            console::message(format_args!("{error:#}"));
        }
    }
}
