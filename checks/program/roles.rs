//! The Builder and the Adversary with real git: two clones, a bare remote, and a claim file that
//! needs nothing but this machine.

mod after;
mod before;
mod begin;
mod first;
mod hook;
mod independent;
mod inside;
mod interleaved;
mod one_role;
mod pasted;
mod people;
mod refused;
mod softened;
mod story;
mod verdicts;
mod vetoes;
mod who_said_it;
