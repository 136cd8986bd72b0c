//! The same 1,000 assigns with what people write without us: one `curl` for each device.

use tests::{Dir, Sim, wait};

use crate::figure::{Figure, USUAL};

const CURL: &str = r#"curl --silent --output /dev/null --write-out '%{http_code}\n' \
    --header "Authorization: Bearer $TOKEN" --header 'Content-Type: application/vnd.api+json' \
    --data "{\"data\":[{\"type\":\"device\",\"id\":\"$MAC\"}]}" $URL"#;

/// Ours beside a loop, `xargs -P8`, and `xargs -P8` with curl's own way to try again after a 429.
pub fn measure() -> Vec<Figure> {
    let xargs = |more: &str| {
        let curl = CURL.replace("curl ", &format!("curl {more}"));
        format!("cat > one <<'end'\nMAC=$1; {curl}\nend\nxargs -P8 -n1 bash one < macs")
    };
    vec![
        one("imp-device assign", "imp-device assign --dg A < macs"),
        one("a loop of curl", &format!("while read -r MAC; do {CURL}; done < macs")),
        one("xargs -P8 curl", &xargs("")),
        one("xargs -P8 curl --fail --retry 10", &xargs("--fail --retry 10 ")),
    ]
}

fn one(name: &str, script: &str) -> Figure {
    let sim = Sim::start(&[&["--devices", "1000"][..], &USUAL].concat());
    let [group] = sim.groups(["A"]);
    let mut dir = Dir::signed_in(&sim);
    dir.write_column("macs", "", &sim.field("mac_address"));
    dir.sh("sed -i 1d macs").quiet();
    let token = dir.sh("jq -r .accessToken .impt.auth").quiet().stdout();
    dir.set("TOKEN", token.trim());
    let path = format!("devicegroups/{group}/relationships/devices");
    dir.set("URL", &format!("{}/{path}", sim.entry.endpoint));
    let (time, run) = wait::timed(|| dir.sh(&format!("{script} > answers")));
    assert!(run.exit_code().is_some(), "{run}");
    let (counts, missing) = (sim.counts(), 1000 - sim.members(&group).len());
    let seconds = time.as_secs_f64();
    let what = format!("1,000 assigns with {name}");
    let measured = format!(
        "{seconds:.1} s, {} requests, {} × 429, {missing} left out",
        counts.total,
        counts.status(429)
    );
    Figure::told(what, measured)
}
