//! Where to connect to, as people write it.

use kit::shell::quote;

/// A destination, taken apart. Everything else is left to the user's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// The login name, where one is written.
    pub(super) user: Option<String>,
    /// An alias of `ssh_config`, a name or an address.
    pub(super) host: String,
    /// The port, where one is written.
    pub(super) port: Option<u16>,
}

impl Destination {
    /// Takes `alias`, `user@host`, `user@host:port`, `[2001:db8::1]:22` and `ssh://…`.
    ///
    /// # Errors
    /// When it is none of these, or `ssh` would take a part of it for an option.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bare = text
            .strip_prefix("ssh://")
            .unwrap_or(text)
            .trim_end_matches('/');
        let (user, place) = match bare.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, bare),
        };
        let (host, port) = split_port(place)?;
        let bad = |part: &str| {
            part.is_empty() || part.starts_with('-') || part.contains(char::is_whitespace)
        };
        if bad(host) || user.as_deref().is_some_and(bad) {
            return Err(format!("`{text}` is not an ssh destination"));
        }
        Ok(Destination {
            user,
            host: host.to_owned(),
            port,
        })
    }

    /// The destination as arguments of `ssh`.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut args = Vec::new();
        if let Some(user) = &self.user {
            args.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = self.port {
            args.extend(["-p".to_owned(), port.to_string()]);
        }
        args.extend(["--".to_owned(), self.host.clone()]);
        args
    }
}

/// The line that runs another one there by hand.
pub(super) fn reproduce(destination: &str, line: &str) -> String {
    format!("ssh {} {}", shown(destination), quote(line))
}

/// The arguments after `ssh` that reach a destination, as a person would type them:
/// `user@host:port` needs `-p`.
fn shown(destination: &str) -> String {
    match destination.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains(':') => {
            format!("-p {port} {}", quote(host))
        }
        _ => quote(destination),
    }
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), String> {
    let port = |text: &str| {
        let number = text.parse::<u16>().ok().filter(|&port| port != 0);
        number
            .map(Some)
            .ok_or_else(|| format!("`{text}` is not a valid port"))
    };
    if let Some((host, rest)) = place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return match rest.strip_prefix(':') {
            Some(text) => Ok((host, port(text)?)),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(format!("`{place}` is not a host and a port")),
        };
    }
    match place.split_once(':') {
        // More than one colon: a bare IPv6 address.
        Some((_, rest)) if rest.contains(':') => Ok((place, None)),
        Some((host, text)) => Ok((host, port(text)?)),
        None => Ok((place, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_understood() {
        let cases = [
            ("cc-ci", None, "cc-ci", None),
            ("root@host", Some("root"), "host", None),
            ("root@host:2222", Some("root"), "host", Some(2222)),
            ("host:22", None, "host", Some(22)),
            ("ssh://root@host:2222", Some("root"), "host", Some(2222)),
            ("ssh://host/", None, "host", None),
            ("root@[::1]:2222", Some("root"), "::1", Some(2222)),
            ("ssh://[fe80::1%eth0]", None, "fe80::1%eth0", None),
            ("2001:db8::7", None, "2001:db8::7", None),
            (
                "me@corp.example@jump",
                Some("me@corp.example"),
                "jump",
                None,
            ),
        ];
        for (text, user, host, port) in cases {
            let want = Destination {
                user: user.map(str::to_owned),
                host: host.into(),
                port,
            };
            assert_eq!(Destination::parse(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn nothing_can_be_taken_for_an_option_of_ssh() {
        for text in [
            "",
            "-oProxyCommand=x",
            "root@-x",
            "-x@host",
            "a b",
            "host:0",
            "host:x",
            "[::1]x",
            "@host",
        ] {
            assert!(Destination::parse(text).is_err(), "{text:?}");
        }
    }
}
