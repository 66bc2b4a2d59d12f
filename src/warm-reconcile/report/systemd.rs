//! Reports the progress of a run to systemd, by its notification socket (sd_notify(3)).
//!
//! Thirty lines of our own: the crate `sd-notify` 0.5 connects by path only and so cannot reach
//! the abstract sockets (`@…`) that systemd uses in containers and user managers.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use kit::redact::Redacted;

/// The variable that names the socket.
pub const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";

/// The socket to systemd, where there is one.
#[derive(Debug)]
pub struct Notify {
    socket: Option<UnixDatagram>,
}

impl Notify {
    /// Without a socket: nothing is sent.
    pub fn silent() -> Notify {
        Notify { socket: None }
    }

    /// Connects to the socket that the variable names; without it, a silent one. Children must
    /// not get the variable: their messages would be taken for ours.
    ///
    /// # Errors
    /// When there should be a socket and there is none. The caller goes on without.
    pub fn from_variable(variable: Option<OsString>) -> io::Result<Notify> {
        let Some(name) = variable.filter(|name| !name.is_empty()) else {
            return Ok(Notify::silent());
        };
        let address = match name.as_bytes() {
            [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest)?,
            path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // A manager that does not read must not stop us.
        socket.set_write_timeout(Some(Duration::from_secs(1)))?;
        Ok(Notify {
            socket: Some(socket),
        })
    }

    /// The unit has started. For `Type=notify`; a oneshot is ready when it ends.
    ///
    /// # Errors
    /// As the system says; never a reason to stop.
    pub fn ready(&self) -> io::Result<()> {
        self.send("READY=1")
    }

    /// One line for `systemctl status`. Line ends in it become spaces, since each line of a
    /// message is an assignment of its own.
    ///
    /// # Errors
    /// As [`Notify::ready`].
    pub fn status(&self, text: &Redacted<String>) -> io::Result<()> {
        self.send(&format!("STATUS={}", text.replace(['\n', '\r', '\0'], " ")))
    }

    /// Asks for so much time from now, whatever `TimeoutStartSec=` says (systemd 236 or later).
    ///
    /// # Errors
    /// As [`Notify::ready`].
    pub fn extend(&self, time: Duration) -> io::Result<()> {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", time.as_micros()))
    }

    /// Says that we are alive, for `WatchdogSec=`.
    ///
    /// # Errors
    /// As [`Notify::ready`].
    pub fn watchdog(&self) -> io::Result<()> {
        self.send("WATCHDOG=1")
    }

    /// The run is ending because it was told to.
    ///
    /// # Errors
    /// As [`Notify::ready`].
    pub fn stopping(&self) -> io::Result<()> {
        self.send("STOPPING=1")
    }

    fn send(&self, message: &str) -> io::Result<()> {
        match &self.socket {
            Some(socket) => socket.send(message.as_bytes()).map(|_| ()),
            None => Ok(()),
        }
    }
}

/// How often [`Notify::watchdog`] must be called: half of `WATCHDOG_USEC`, when it is set and
/// meant for this process (`WATCHDOG_PID`).
pub fn watchdog_interval(usec: Option<&str>, pid: Option<&str>) -> Option<Duration> {
    let usec: u64 = usec?.parse().ok().filter(|&usec| usec > 0)?;
    let me = std::process::id().to_string();
    pid.is_none_or(|pid| pid == me)
        .then(|| Duration::from_micros(usec / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram, notify: &Notify) -> Vec<String> {
        notify.ready().unwrap();
        notify
            .status(&Redacted::own("gating: 502\nREADY=1").to_text())
            .unwrap();
        notify.extend(Duration::from_millis(1500)).unwrap();
        notify.watchdog().unwrap();
        notify.stopping().unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut buffer = [0; 256];
        (0..5)
            .map(|_| {
                let length = socket.recv(&mut buffer).unwrap();
                String::from_utf8(buffer[..length].to_vec()).unwrap()
            })
            .collect()
    }

    const EXPECTED: [&str; 5] = [
        "READY=1",
        "STATUS=gating: 502 READY=1",
        "EXTEND_TIMEOUT_USEC=1500000",
        "WATCHDOG=1",
        "STOPPING=1",
    ];

    #[test]
    fn speaks_to_a_socket_by_its_path_and_by_its_abstract_name() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let notify = Notify::from_variable(Some(path.into())).unwrap();
        assert_eq!(received(&socket, &notify), EXPECTED);

        let name = format!("gateproof-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let notify = Notify::from_variable(Some(format!("@{name}").into())).unwrap();
        assert_eq!(received(&socket, &notify), EXPECTED);
    }

    #[test]
    fn without_systemd_it_is_silent_and_a_dead_socket_is_an_error() {
        Notify::from_variable(None).unwrap().ready().unwrap();
        Notify::from_variable(Some("".into()))
            .unwrap()
            .ready()
            .unwrap();
        assert!(Notify::from_variable(Some("/no/such/socket".into())).is_err());
    }

    #[test]
    fn the_watchdog_is_fed_twice_in_its_time_and_only_by_its_process() {
        let me = std::process::id().to_string();
        assert_eq!(
            watchdog_interval(Some("3000000"), Some(&me)),
            Some(Duration::from_millis(1500))
        );
        assert!(watchdog_interval(Some("3000000"), None).is_some());
        assert_eq!(watchdog_interval(Some("3000000"), Some("1")), None);
        assert_eq!(watchdog_interval(None, None), None);
        assert_eq!(watchdog_interval(Some("0"), None), None);
        assert_eq!(watchdog_interval(Some("x"), None), None);
    }
}
