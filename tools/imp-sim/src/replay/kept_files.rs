//! Files in which commands remember something from run to run: they lie in the home of the replay as they lay there
//! when the recording began.

use std::collections::HashSet;
use std::path::{Component, Path};

use anyhow::{Context, bail};

use super::recording::Recording;
use crate::state_file;

/// Writes them below `home`, about the service at `endpoint`. A later command finds what an earlier one has left, as in the recording.
pub fn prepare(recording: &Recording, home: &Path, endpoint: &str) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for file in recording.runs.iter().flat_map(|run| &run.files) {
        let Some((place, content)) = file.content.as_ref().filter(|_| seen.insert(&file.path))
        else {
            seen.insert(&file.path);
            continue;
        };
        if !place.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("{} is no place of a recorded file", place.display());
        }
        let place = home.join(place);
        place
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .with_context(|| format!("cannot write {}", place.display()))?;
        state_file::replace(&place, content.replace("{endpoint}", endpoint).as_bytes())?;
    }
    Ok(())
}
