//! The Builder and the Adversary with real git: two clones, a bare remote, and a claim file that
//! needs nothing but this machine.

#![allow(clippy::unwrap_used, reason = "this is a test program")]

#[path = "support/program.rs"]
mod program;

#[path = "roles/independent.rs"]
mod independent;
#[path = "roles/interleaved.rs"]
mod interleaved;
#[path = "roles/one_role.rs"]
mod one_role;
#[path = "roles/people.rs"]
mod people;
#[path = "roles/refused.rs"]
mod refused;
#[path = "roles/story.rs"]
mod story;
#[path = "roles/verdicts.rs"]
mod verdicts;
#[path = "roles/vetoes.rs"]
mod vetoes;
#[path = "roles/world.rs"]
mod world;
