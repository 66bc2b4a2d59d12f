//! Records that cannot be changed unnoticed: the program and the library on real repositories,
//! with real git and real `ssh-keygen`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this is a test program"
)]

#[path = "records/attested.rs"]
mod attested;
#[path = "records/forged.rs"]
mod forged;
#[path = "records/kit.rs"]
mod kit;
#[path = "support/program.rs"]
mod program;
#[path = "records/signed.rs"]
mod signed;
#[path = "records/tampered.rs"]
mod tampered;
#[path = "records/times.rs"]
mod times;
