//! Links the unwinder of the C compiler into the commands. As a shared library (`libgcc_s`) every start
//! of a command loads it, and it looks at the processor first: a tenth of the whole start-up time.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "this is how a build script talks with cargo"
)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
