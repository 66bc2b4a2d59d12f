//! What a failed exchange means: no answer (and why), or a fault on our side of the seam.
//!
//! Decided on typed errors in the source chain; text is read only where there is nothing else,
//! which is the message of `sshd` about a forwarded connection.
//!
//! - Something from the TLS library (an alert, a certificate that is not accepted, bytes that
//!   are not TLS): [`Tls`](NoAnswerCause::Tls). A peer that hangs up during the handshake has sent
//!   nothing about TLS: [`Empty`](NoAnswerCause::Empty), as on plain HTTP.
//! - Closed without an answer: [`Empty`](NoAnswerCause::Empty); closed inside of one, which is not
//!   decided here: [`Broken`](NoAnswerCause::Broken). An answer that is not HTTP (an SSH
//!   banner, TLS bytes on a plain port) or that this client cannot read (a control character in a
//!   header, a header of megabytes, two lengths): [`Broken`](NoAnswerCause::Broken), because
//!   something did answer.
//! - "No route to host" is somebody's answer that nothing is there:
//!   [`Refused`](NoAnswerCause::Refused). "Network is unreachable" and "permission denied" are
//!   this machine's own: a fault.
//! - No file handles, memory or local ports left: a fault.

use std::error::Error;
use std::io;

use rustix::io::Errno;
use rustls::CertificateError;

use super::names::LookupFailed;
use crate::host::Fault;
use crate::observation::{NoAnswer, NoAnswerCause};

/// How the bytes travelled: the same error means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// A TCP connection of our own.
    Tcp,
    /// A Unix socket whose other end is the ssh client. Its own errors mean nothing for the
    /// endpoint, and a reset there cannot be distinguished from a close here.
    Socket,
}

/// What a failed exchange means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The endpoint gave no answer.
    NoAnswer(NoAnswer),
    /// The request could not be sent.
    Fault(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Fault(fault)
    }
}

/// What an error of the HTTP library means.
pub(super) fn classify(error: &(dyn Error + 'static), wire: Wire, vantage: &str) -> Failure {
    let chain = || std::iter::successors(Some(error), |error| inner(*error));
    if let Some(tls) = chain().find_map(|e| e.downcast_ref::<rustls::Error>()) {
        return no_answer(NoAnswerCause::Tls, tls_message(tls));
    }
    if let Some(lookup) = chain().find_map(|e| e.downcast_ref::<LookupFailed>()) {
        return lookup_failed(lookup);
    }
    // The innermost I/O error is the system's own; outer ones only wrap.
    if let Some(io) = chain().filter_map(|e| e.downcast_ref::<io::Error>()).last() {
        return match wire {
            Wire::Tcp => of_tcp(io),
            Wire::Socket => of_socket(io, vantage),
        };
    }
    if let Some(hyper) = chain().find_map(|e| e.downcast_ref::<hyper::Error>()) {
        if hyper.is_user() {
            return fault(format!("the request cannot be sent: {}", message_of(error)));
        }
        if hyper.is_parse() {
            let detail = format!("what came is not HTTP: {}", message_of(hyper));
            return no_answer(NoAnswerCause::Broken, detail);
        }
        return no_answer(NoAnswerCause::Empty, message_of(hyper));
    }
    fault(message_of(error))
}

/// What a failed look-up means.
pub(super) fn lookup_failed(lookup: &LookupFailed) -> Failure {
    match exhausted(&lookup.cause) {
        Some(fault) => Failure::Fault(fault),
        None => no_answer(NoAnswerCause::Dns, lookup.to_string()),
    }
}

fn of_tcp(error: &io::Error) -> Failure {
    if let Some(fault) = exhausted(error) {
        return Failure::Fault(fault);
    }
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable => NoAnswerCause::Refused,
        io::ErrorKind::TimedOut => NoAnswerCause::Timeout,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => NoAnswerCause::Reset,
        // Without a number it is how the HTTP/2 library reports an orderly end.
        io::ErrorKind::BrokenPipe if error.raw_os_error().is_some() => NoAnswerCause::Reset,
        io::ErrorKind::NetworkUnreachable => {
            return fault(format!("this machine has no route there: {error}"));
        }
        io::ErrorKind::PermissionDenied => {
            return fault(format!("this machine does not let us connect: {error}"));
        }
        // The end of the stream in a handshake or in a body, and whatever else a read can fail with.
        _ => NoAnswerCause::Empty,
    };
    no_answer(cause, error.to_string())
}

/// Errors of a Unix socket. That nobody listens on it is the link's fault, not the endpoint's.
fn of_socket(error: &io::Error, vantage: &str) -> Failure {
    if let Some(fault) = exhausted(error) {
        return Failure::Fault(fault);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::WouldBlock => Failure::Fault(Fault::LinkLost {
            host: vantage.to_owned(),
            detail: format!("the forwarding socket: {error}"),
        }),
        _ => no_answer(
            NoAnswerCause::Empty,
            format!("closed without an answer: {error}"),
        ),
    }
}

/// From the message of the host's `sshd` about a connection that it could not open
/// (`channel_post_connecting` and `connect_to` in OpenSSH's `channels.c`: the message of the
/// system or the resolver).
pub(super) fn of_sshd(reason: &str, vantage: &str) -> Failure {
    let message = reason.to_lowercase();
    let contains = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    let host = vantage.to_owned();
    let detail = reason.to_owned();
    if contains(&["administratively prohibited"]) {
        Failure::Fault(Fault::NotAllowed { host, detail })
    } else if contains(&[
        "connection refused",
        "no route to host",
        "host is unreachable",
    ]) {
        no_answer(NoAnswerCause::Refused, detail)
    } else if contains(&["timed out"]) {
        no_answer(NoAnswerCause::Timeout, detail)
    } else if contains(&["connection reset"]) {
        no_answer(NoAnswerCause::Reset, detail)
    } else if contains(&UNKNOWN_NAME) {
        no_answer(NoAnswerCause::Dns, detail)
    } else {
        // "Network is unreachable", "Permission denied", "resource shortage", and what we do not
        // know: never guessed to be the endpoint's doing.
        fault(format!("`{vantage}` could not connect: {reason}"))
    }
}

/// A name that does not resolve, as glibc, musl and the BSDs report it (`gai_strerror`).
const UNKNOWN_NAME: [&str; 8] = [
    "name or service not known",
    "temporary failure in name resolution",
    "no address associated with",
    "non-recoverable failure in name resolution",
    "name does not resolve",
    "name has no usable address",
    "nodename nor servname",
    "unknown host",
];

/// Whether this machine ran out of something.
fn exhausted(error: &io::Error) -> Option<Fault> {
    let errno = Errno::from_io_error(error)?;
    let what = match errno {
        Errno::MFILE | Errno::NFILE => "file handles",
        Errno::NOBUFS | Errno::NOMEM => "memory",
        Errno::ADDRNOTAVAIL => "local addresses or ports for this connection",
        _ => return None,
    };
    Some(Fault::Other(format!(
        "this machine has no {what} left: {error}"
    )))
}

/// The next error inside. An `io::Error` hides what it wraps from `source()`.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(|e| e.get_ref()) {
        return Some(wrapped);
    }
    error.source()
}

/// An error and its causes, each message once.
fn message_of(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for error in std::iter::successors(inner(error), |error| inner(*error)) {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
    }
    text
}

/// The TLS library's message, with the common verdicts on a certificate in plain words.
fn tls_message(error: &rustls::Error) -> String {
    let plain = match error {
        rustls::Error::InvalidCertificate(verdict) => match verdict {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name"
            }
            CertificateError::UnknownIssuer => {
                "the certificate's issuer is not trusted (self-signed, or an unknown CA)"
            }
            _ => "the certificate was not accepted",
        },
        rustls::Error::InvalidMessage(_) => "what came is not TLS",
        _ => "the handshake failed",
    };
    format!("{plain}: {error}")
}

/// No answer, for this cause.
pub(super) fn no_answer(cause: NoAnswerCause, detail: String) -> Failure {
    Failure::NoAnswer(NoAnswer { cause, detail })
}

fn fault(detail: String) -> Failure {
    Failure::Fault(Fault::Other(detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(failure: Failure) -> NoAnswerCause {
        match failure {
            Failure::NoAnswer(no_answer) => no_answer.cause,
            Failure::Fault(fault) => panic!("a fault: {fault}"),
        }
    }

    #[test]
    fn what_sshd_says_decides_the_cause() {
        for (reason, expected) in [
            ("connect failed: Connection refused", NoAnswerCause::Refused),
            ("connect failed: No route to host", NoAnswerCause::Refused),
            (
                "connect failed: Connection timed out",
                NoAnswerCause::Timeout,
            ),
            (
                "connect failed: Operation timed out",
                NoAnswerCause::Timeout,
            ),
            (
                "connect failed: Name or service not known",
                NoAnswerCause::Dns,
            ),
            (
                "connect failed: Temporary failure in name resolution",
                NoAnswerCause::Dns,
            ),
            ("connect failed: Name does not resolve", NoAnswerCause::Dns),
            (
                "connect failed: nodename nor servname provided, or not known",
                NoAnswerCause::Dns,
            ),
        ] {
            assert_eq!(cause(of_sshd(reason, "h")), expected, "{reason}");
        }
    }

    #[test]
    fn what_sshd_forbids_or_lacks_is_a_fault_and_never_no_answer() {
        let forbidden = of_sshd("administratively prohibited: open failed", "h");
        assert!(matches!(
            forbidden,
            Failure::Fault(Fault::NotAllowed { ref host, .. }) if host == "h"
        ));
        for reason in [
            "resource shortage: ",
            "connect failed: Network is unreachable",
            "connect failed: Permission denied",
            "something nobody has ever seen",
        ] {
            assert!(
                matches!(of_sshd(reason, "h"), Failure::Fault(_)),
                "{reason}"
            );
        }
    }

    #[test]
    fn running_out_of_something_here_is_a_fault_on_every_wire() {
        for errno in [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::ADDRNOTAVAIL,
        ] {
            let error = io::Error::from(errno);
            for wire in [Wire::Tcp, Wire::Socket] {
                let wrapped = io::Error::other(io::Error::from(errno));
                assert!(matches!(classify(&error, wire, "h"), Failure::Fault(_)));
                assert!(matches!(classify(&wrapped, wire, "h"), Failure::Fault(_)));
            }
        }
    }

    #[test]
    fn errors_of_the_system_on_tcp_have_their_cause() {
        for (errno, expected) in [
            (Errno::CONNREFUSED, NoAnswerCause::Refused),
            (Errno::HOSTUNREACH, NoAnswerCause::Refused),
            (Errno::CONNRESET, NoAnswerCause::Reset),
            (Errno::PIPE, NoAnswerCause::Reset),
            (Errno::TIMEDOUT, NoAnswerCause::Timeout),
        ] {
            let error = io::Error::from(errno);
            assert_eq!(
                cause(classify(&error, Wire::Tcp, "h")),
                expected,
                "{errno:?}"
            );
        }
        for errno in [Errno::NETUNREACH, Errno::ACCESS, Errno::PERM] {
            let error = io::Error::from(errno);
            let failure = classify(&error, Wire::Tcp, "h");
            assert!(matches!(failure, Failure::Fault(_)), "{errno:?}");
        }
    }

    #[test]
    fn errors_of_a_forwarding_socket_are_never_a_refusal_by_the_endpoint() {
        for errno in [
            Errno::CONNREFUSED,
            Errno::NOENT,
            Errno::ACCESS,
            Errno::AGAIN,
        ] {
            let error = io::Error::from(errno);
            let failure = classify(&error, Wire::Socket, "h");
            assert!(
                matches!(failure, Failure::Fault(Fault::LinkLost { .. })),
                "{errno:?}: {failure:?}"
            );
        }
        for errno in [Errno::CONNRESET, Errno::PIPE] {
            let error = io::Error::from(errno);
            let seen = cause(classify(&error, Wire::Socket, "h"));
            assert_eq!(seen, NoAnswerCause::Empty);
        }
    }
}
