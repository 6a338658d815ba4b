//! The command line of wayfare.
fn main() {}
