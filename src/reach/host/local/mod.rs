//! This machine.

mod host;
mod job;
#[cfg(test)]
mod tests;

pub(super) use host::LocalHost;
