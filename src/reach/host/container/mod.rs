//! A container of this machine, by the user's own `docker`.

mod docker;
mod host;
mod target;

pub(super) use host::ContainerHost;
pub use target::ContainerTarget;
