//! Fixtures on real processes and real files: whatever happens, what was disturbed is undone,
//! and what is not back is said.

mod armed;
mod captured;
mod effects;
mod kit;
mod order;
mod services;
mod signals;
mod state_folder;
mod teeth;
mod unchanged;
mod unrestored;
