//! The `gateproof` program.
fn main() {}
