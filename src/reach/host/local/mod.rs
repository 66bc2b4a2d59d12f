//! This machine.

mod host;
mod job;
mod program;
#[cfg(test)]
mod tests;

pub(super) use host::LocalHost;
