//! Device groups of impCentral.

fn main() {}
