//! Products of impCentral.

fn main() {}
