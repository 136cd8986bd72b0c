//! A local impCentral to rehearse on.

fn main() {}
