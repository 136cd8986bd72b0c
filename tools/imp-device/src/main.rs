//! Devices of impCentral, in bulk.

fn main() {}
