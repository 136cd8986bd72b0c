//! The files of a run, as they were at a moment.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is in the files below a directory.
pub(crate) struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    /// As they are now.
    pub fn of(directory: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        collect(directory, &mut files)?;
        Ok(Files(files))
    }

    /// Makes them what they were. Those that are as they were are left alone, since others may have them open.
    pub fn put_back(&self, directory: &Path) -> io::Result<()> {
        let now = Files::of(directory)?.0;
        for (path, content) in &self.0 {
            if now.get(path) != Some(content) {
                fs::write(path, content)?;
            }
        }
        now.keys().filter(|path| !self.0.contains_key(*path)).try_for_each(fs::remove_file)
    }
}

fn collect(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(())
}
