//! The claim language at the surface of the program: every construct at least once, with a twin
//! that must fail.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this is a test program, and shares its support with others"
)]

#[path = "support/program.rs"]
mod program;
#[path = "support/runs.rs"]
mod runs;

#[path = "language/clone.rs"]
mod clone;
#[path = "language/corpus.rs"]
mod corpus;
#[path = "language/http.rs"]
mod http;
#[path = "language/human.rs"]
mod human;
#[path = "language/kit.rs"]
mod kit;
#[path = "language/matchers.rs"]
mod matchers;
#[path = "language/outputs.rs"]
mod outputs;
#[path = "language/secrets.rs"]
mod secrets;
#[path = "language/server.rs"]
mod server;
#[path = "language/shown.rs"]
mod shown;
#[path = "language/times.rs"]
mod times;
#[path = "language/timing.rs"]
mod timing;
#[path = "language/told.rs"]
mod told;
#[path = "language/values.rs"]
mod values;
