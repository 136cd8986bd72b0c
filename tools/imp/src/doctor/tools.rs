//! The tools that are here, and whether they belong together.

use std::collections::BTreeMap;

use super::Check;
use crate::{commands, tools};

/// Asks each of ours for its version.
pub fn checks() -> Vec<Check> {
    let found = tools::found();
    let (ours, others): (Vec<_>, Vec<_>) = found.iter().partition(|tool| tool.about.is_some());
    let mut versions: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for tool in &ours {
        let version = commands::asked(tool).and_then(|tree| tree.version);
        versions.entry(version.unwrap_or_else(|| "unknown".into())).or_default().push(&tool.name);
    }
    let is_here = |name: &str| ours.iter().any(|tool| tool.name == name);
    let missing: Vec<&str> =
        tools::OURS.iter().map(|(name, _)| *name).filter(|name| !is_here(name)).collect();
    let mut checks = vec![of_versions(&versions)];
    if !missing.is_empty() {
        let advice = "install them beside imp, or put their directory on the PATH";
        checks.push(Check::warning("missing tools", missing.join(", "), advice));
    }
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|tool| tools::program_of(&tool.name)).collect();
        checks.push(Check::ok("other tools", names.join(", ")));
    }
    checks
}

fn of_versions(versions: &BTreeMap<String, Vec<&str>>) -> Check {
    const WHAT: &str = "versions";
    let own = env!("CARGO_PKG_VERSION");
    let advice = "install all tools of one version";
    match versions.keys().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Check::failed(WHAT, "there is no tool beside imp or on the PATH", advice),
        [one] if one == own => Check::ok(WHAT, format!("{own}, all of them")),
        _ => {
            let told =
                versions.iter().map(|(version, names)| format!("{version}: {}", names.join(" ")));
            let told: Vec<String> = std::iter::once(format!("{own}: imp")).chain(told).collect();
            Check::warning(WHAT, told.join("; "), advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn tools_of_several_versions_are_told() {
        let own = env!("CARGO_PKG_VERSION");
        let versions = |all: &[(&str, &[&'static str])]| -> BTreeMap<String, Vec<&'static str>> {
            all.iter().map(|(version, names)| ((*version).to_owned(), names.to_vec())).collect()
        };
        let check = of_versions(&versions(&[(own, &["device"]), ("0.0.1", &["dg", "log"])]));
        assert_eq!(check.state, State::Warning);
        assert!(check.found.contains("0.0.1: dg log"), "{check:?}");
        assert_eq!(of_versions(&versions(&[(own, &["device"])])).state, State::Ok);
        assert_eq!(of_versions(&versions(&[("9.9.9", &["device"])])).state, State::Warning);
        assert_eq!(of_versions(&versions(&[])).state, State::Failed);
    }
}
