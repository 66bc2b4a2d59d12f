//! What is on the disk: where it lies, who may write it, and each of the files, whole or absent.

pub(crate) mod file;
pub mod history;
pub mod journal;
pub mod last_good;
pub mod layout;
pub mod lock;
pub mod operator_hold;
pub mod owner;
pub mod quarantine;

pub use file::StateError;
