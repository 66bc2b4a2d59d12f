//! A host over SSH: the user's own OpenSSH, one connection, and a runner on it.

mod classify;
mod destination;
mod forward;
mod host;
mod link;
mod master;

pub(super) use host::host;

/// Whether a text is an ssh destination: `alias`, `user@host`, `user@host:port`, `[2001:db8::1]:22` or
/// `ssh://…`.
///
/// # Errors
/// What is wrong with it.
pub fn check_ssh(text: &str) -> Result<(), String> {
    if text.contains(char::is_control) {
        return Err("it has a control character".to_owned());
    }
    destination::Destination::parse(text).map(drop)
}
