//! Sign in to impCentral, manage accounts and login keys.

fn main() {}
