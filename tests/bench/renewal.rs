//! Fifty commands at once with a token that is no good any more.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::{Dir, Sim};

use crate::figure::{Figure, USUAL};

const FIFTY: &str = "for number in $(seq 50); do \
                     imp-device list --limit 1 > /dev/null || echo failed & done; wait";

/// Each way of signing in, and each way in which a token ends.
pub fn measure() -> Vec<Figure> {
    let begin = || Sim::start(&[&["--devices", "100"][..], &USUAL].concat());
    let mut figures = Vec::new();
    let mut add = |what: &str, sim: &Sim, dir: &Dir| {
        sim.expire_tokens();
        sim.reset();
        let run = dir.sh(FIFTY).ok();
        let failures = run.lines().len() as u64;
        let what = format!("50 at once, {what}: renewals");
        figures.push(Figure::exactly(what, sim.counts().renewals, 1));
        let failed = Figure::exactly("  failures", failures, 0);
        let said = run.stderr().lines().next().map(str::to_owned);
        figures.push(said.iter().fold(failed, |figure, line| figure.with(line)));
    };
    for (is_past, how) in [(true, "token past expiresAt"), (false, "token refused")] {
        let sim = begin();
        let dir = Dir::signed_in(&sim);
        if is_past {
            put_into_the_past(&dir.path().join(".impt.auth"));
        }
        add(&format!("file, {how}"), &sim, &dir);
    }
    let sim = begin();
    add("IMPT_LOGINKEY, nothing cached", &sim, &Dir::with_login_key(&sim));
    for (is_past, how) in [(true, "token past expiresAt"), (false, "token refused")] {
        let sim = begin();
        let dir = Dir::with_login_key(&sim);
        dir.sh("imp-device list --limit 1").quiet();
        if is_past {
            put_into_the_past(&cached(&dir));
        }
        add(&format!("IMPT_LOGINKEY, cached {how}"), &sim, &dir);
    }
    figures
}

/// The file in which the token of an environment's sign-in is kept.
fn cached(dir: &Dir) -> PathBuf {
    let files = dir.sh("find \"$XDG_CACHE_HOME\" -type f").quiet().lines();
    let [file] = files.as_slice() else { panic!("one cached token is expected: {files:?}") };
    file.into()
}

fn put_into_the_past(file: &Path) {
    let text = fs::read_to_string(file).expect("the sign-in is there");
    let mut sign_in: Value = serde_json::from_str(&text).expect("it is JSON");
    assert!(sign_in["expiresAt"].is_string(), "{}", file.display());
    sign_in["expiresAt"] = "2020-01-01T00:00:00.000Z".into();
    fs::write(file, sign_in.to_string()).expect("it can be written");
}
