//! Fixtures on real processes and real files: whatever happens, what was disturbed is undone,
//! and what is not back is said.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this is a test program, and shares its support with others"
)]

#[path = "support/disk.rs"]
mod disk;
#[path = "support/program.rs"]
mod program;
#[path = "support/runs.rs"]
mod runs;

#[path = "fixtures/armed.rs"]
mod armed;
#[path = "fixtures/effects.rs"]
mod effects;
#[path = "fixtures/kit.rs"]
mod kit;
#[path = "fixtures/order.rs"]
mod order;
#[path = "fixtures/services.rs"]
mod services;
#[path = "fixtures/signals.rs"]
mod signals;
#[path = "fixtures/teeth.rs"]
mod teeth;
#[path = "fixtures/unrestored.rs"]
mod unrestored;
