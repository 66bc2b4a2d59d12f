//! From the messages of `ssh` to the fault they mean. Pure: text in, fault out.

use super::super::fault::Fault;
use kit::shell;

/// What is known of a host when its connection fails.
#[derive(Clone, Debug)]
pub(super) struct Dialled<'a> {
    /// The name in the claim file.
    pub(super) name: &'a str,
    /// The destination as the claim file has it.
    pub(super) destination: &'a str,
    /// The name or address that the configuration makes of it.
    pub(super) hostname: &'a str,
    /// The port.
    pub(super) port: u16,
    /// Whether it is reached through another host.
    pub(super) jumps: bool,
}

/// The longest detail worth reading.
const LONGEST: usize = 800;

/// What a server reports when it refuses a login (OpenSSH: sshconnect2.c, auth.c, packet.c).
const REFUSED: [&str; 9] = [
    "Permission denied",
    "Too many authentication failures",
    "Authentication failed",
    "No more authentication methods",
    "Your account has expired",
    "User account has expired",
    "account is currently not available",
    "account is locked",
    "by authenticating user",
];

/// From the messages of a failed `ssh` to the fault.
pub(super) fn connect_failure(dialled: &Dialled<'_>, message: &str) -> Fault {
    let host = dialled.name.to_owned();
    let detail = readable(message);
    if let Some(detail) = host_key(dialled, message, &detail) {
        return Fault::HostKey { host, detail };
    }
    if REFUSED.iter().any(|text| message.contains(text)) {
        return Fault::LoginRefused { host, detail };
    }
    if message.contains("ad configuration option") {
        return Fault::Other(format!("the ssh configuration is wrong: {detail}"));
    }
    let detail = if detail.is_empty() {
        "ssh ended without a message".to_owned()
    } else {
        detail
    };
    Fault::Unreachable { host, detail }
}

/// A host key that was not accepted, and how to look at it. Never how not to look.
fn host_key(dialled: &Dialled<'_>, message: &str, detail: &str) -> Option<String> {
    let known_as = if dialled.port == 22 {
        dialled.hostname.to_owned()
    } else {
        format!("[{}]:{}", dialled.hostname, dialled.port)
    };
    let present = if dialled.jumps {
        format!(
            "`ssh {}` shows the fingerprint it has now",
            shell::quote(dialled.destination)
        )
    } else {
        format!(
            "`ssh-keyscan -p {} {} | ssh-keygen -lf -` shows the fingerprints it has now",
            dialled.port,
            shell::quote(dialled.hostname)
        )
    };
    let known = format!("`ssh-keygen -lF {}` the known one", shell::quote(&known_as));
    if message.contains("REVOKED HOST KEY") || message.contains("marked as revoked") {
        Some(format!(
            "it is marked as revoked in known_hosts; {present}. ({detail})"
        ))
    } else if message.contains("IDENTIFICATION HAS CHANGED")
        || message.contains("has changed and you have requested")
    {
        Some(format!(
            "it is not the one in known_hosts (changed): the host was set up anew, or somebody is in \
             between; {present}, {known}. ({detail})"
        ))
    } else if message.contains("Host key verification failed")
        || message.contains("host key is known for")
    {
        Some(format!(
            "it is unknown; {present}: compare it with its administrator's before you add it to \
             known_hosts. ({detail})"
        ))
    } else {
        None
    }
}

/// The key lines of the messages of ssh, on one line: no banners, no repetition, no endless text.
pub(super) fn readable(message: &str) -> String {
    let noise = |line: &str| {
        line.is_empty()
            || line.contains("@@@@@")
            || line.starts_with("@ ")
            || line.starts_with("debug")
            || line.starts_with("Warning: Permanently added")
            || line.starts_with("IT IS POSSIBLE THAT SOMEONE")
            || line.starts_with("Someone could be eavesdropping")
            || line.starts_with("It is also possible that")
            || line.starts_with("Please contact your system administrator")
            || line.starts_with("Add correct host key in")
            || line.starts_with("remove with:")
            || line.starts_with("ssh-keygen -f")
    };
    let mut lines: Vec<&str> = Vec::new();
    for line in message.lines().map(str::trim).filter(|line| !noise(line)) {
        let line = line.strip_prefix("ssh: ").unwrap_or(line);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let text = lines.join("; ");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The newest reason for which the server did not open a forwarded connection.
pub(super) fn newest_refusal(log: &str) -> Option<String> {
    let reason = log.lines().rev().find_map(|line| {
        let (before, reason) = line.trim_end().split_once(": open failed: ")?;
        before.starts_with("channel ").then_some(reason)
    })?;
    let bare = reason.strip_prefix("connect failed: ").unwrap_or(reason);
    Some(bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled() -> Dialled<'static> {
        Dialled {
            name: "cc-ci",
            destination: "cc-ci",
            hostname: "192.0.2.1",
            port: 2222,
            jumps: false,
        }
    }

    const CHANGED: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
Someone could be eavesdropping on you right now (man-in-the-middle attack)!\r
It is also possible that a host key has just been changed.\r
The fingerprint for the ED25519 key sent by the remote host is\nSHA256:abc.\r
Please contact your system administrator.\r
Add correct host key in /srv/me/.ssh/known_hosts to get rid of this message.\r
Offending ED25519 key in /srv/me/.ssh/known_hosts:1\r
  remove with:\r
  ssh-keygen -f \"/srv/me/.ssh/known_hosts\" -R \"[192.0.2.1]:2222\"\r
Host key for [192.0.2.1]:2222 has changed and you have requested strict checking.\r
Host key verification failed.\r\n";

    #[test]
    fn each_cause_has_its_own_fault() {
        let unreachable = [
            "ssh: connect to host 192.0.2.1 port 2222: Connection refused\r\n",
            "ssh: Could not resolve hostname nowhere: Name or service not known\r\n",
            "Connection timed out during banner exchange\r\nConnection to 192.0.2.1 port 2222 timed out\r\n",
            "kex_exchange_identification: Connection closed by remote host\r\n",
            "",
        ];
        for message in unreachable {
            assert!(
                matches!(
                    connect_failure(&dialled(), message),
                    Fault::Unreachable { .. }
                ),
                "{message}"
            );
        }
        for message in [
            "root@192.0.2.1: Permission denied (publickey).\r\n",
            "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\r\n",
        ] {
            assert!(
                matches!(
                    connect_failure(&dialled(), message),
                    Fault::LoginRefused { .. }
                ),
                "{message}"
            );
        }
        let message = "/srv/me/.ssh/config: line 1: Bad configuration option: hots\n";
        assert!(
            matches!(connect_failure(&dialled(), message), Fault::Other(text) if text.contains("hots"))
        );
    }

    #[test]
    fn a_changed_key_is_told_from_an_unknown_and_a_revoked_one() {
        let detail = |message: &str| match connect_failure(&dialled(), message) {
            Fault::HostKey { detail, .. } => detail,
            other => panic!("{other:?}"),
        };
        let unknown = "No ED25519 host key is known for [192.0.2.1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n";
        let revoked = "@       WARNING: REVOKED HOST KEY DETECTED!               @\r\nHost key verification failed.\r\n";
        assert!(detail(CHANGED).contains("(changed)"));
        assert!(detail(unknown).starts_with("it is unknown; `ssh-keyscan -p 2222 192.0.2.1"));
        assert!(detail(revoked).contains("revoked"));
        for message in [CHANGED, unknown, revoked] {
            let detail = detail(message);
            assert!(!detail.contains("@@") && !detail.contains('\n'), "{detail}");
            assert!(
                !detail.contains("StrictHostKeyChecking") && !detail.contains(" -R "),
                "{detail}"
            );
        }
    }

    #[test]
    fn the_newest_reason_is_the_one_that_counts() {
        let log = "channel 2: open failed: connect failed: Connection refused\r\n\
                   channel 3: open failed: administratively prohibited: open failed\r\n\
                   channel 2: open failed: connect failed: Name or service not known\r\nelse\r\n";
        assert_eq!(
            newest_refusal(log).as_deref(),
            Some("Name or service not known")
        );
        assert_eq!(newest_refusal("nothing: open failed: here"), None);
    }
}
