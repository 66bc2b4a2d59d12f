//! `warm-reconcile probe <URL|app>`: one probe, printed.
//!
//! Standard output is one line: the status, `999` when there was no answer, or `broken` for an
//! answer that breaks off or cannot be read. The cause goes to standard error, so that `$(warm-reconcile probe …)` is comparable with what
//! `curl -w '%{http_code}'` prints. The exit status tells a real 999 from the sentinel:
//!
//! | seen | a URL | an app |
//! |---|---|---|
//! | an answer whose status counts as health | 0 | 0 |
//! | any other answer, a real 999 among them | 0 | 30 (it answers, and is not healthy) |
//! | no answer, or a broken one | 1 | 1 |
//! | it could not be asked (our own fault) | 40, and no output | 40, and no output |
//!
//! For a URL any answer is success: whoever names a URL says for himself what should come, and a
//! claim expects `404` as often as `200`. Of an app nothing is known of what was deployed: the
//! probe reads the identity, and judges only the status.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::decide::outcome::ExitCode;
use crate::health::{Gate, GateError, NO_ANSWER, Responder, Seen, Sentinel, probe};
use crate::spec::{AppSpec, Identity};
use reach::probe::{Request, RequestError, TlsTrust, endpoint};

/// The status with which `probe` exits when there was no answer.
pub const EXIT_NO_ANSWER: u8 = 1;

/// A probe that is ready to be made.
#[derive(Clone, Debug)]
pub struct ProbeOnce {
    request: Request,
    identity: Identity,
    /// The statuses that count; `None`: any answer does.
    ok: Option<Vec<u16>>,
}

/// What one probe saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// The URL that was asked.
    pub url: String,
    /// The address in place of the URL's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<String>,
    pub seen: Seen,
    /// Whether the status counts; false without an answer.
    pub accepted: bool,
}

impl ProbeOnce {
    /// The health probe of an app, exactly as its gate asks.
    ///
    /// # Errors
    /// See [`GateError`].
    pub fn app(spec: &AppSpec) -> Result<ProbeOnce, GateError> {
        let gate = Gate::new(spec)?;
        Ok(ProbeOnce {
            request: gate.request.clone(),
            identity: gate.identity,
            ok: Some(gate.ok),
        })
    }

    /// A probe of any URL: a direct `GET` without redirects.
    ///
    /// # Errors
    /// When the URL or the address cannot be asked.
    pub fn url(
        url: &str,
        resolve: Option<&str>,
        tls: TlsTrust,
        timeout: Duration,
    ) -> Result<ProbeOnce, RequestError> {
        let request = Request {
            stream: None,
            keep_cookies: false,
            method: "GET".into(),
            url: url.to_owned(),
            resolve: resolve.map(str::to_owned),
            tls,
            headers: Vec::new(),
            body: None,
            follow: 0,
            timeout,
            body_limit: 0,
        };
        endpoint(&request)?;
        Ok(ProbeOnce {
            request,
            identity: Identity::default(),
            ok: None,
        })
    }

    pub async fn ask(&self) -> ProbeReport {
        let seen = probe(&self.request, &self.identity, self.request.timeout).await;
        let accepted = match (&seen, &self.ok) {
            (Seen::Answer { .. }, None) => true,
            (Seen::Answer { status, .. }, Some(ok)) => ok.contains(status),
            _ => false,
        };
        ProbeReport {
            url: self.request.url.clone(),
            resolve: self.request.resolve.clone(),
            seen,
            accepted,
        }
    }
}

impl ProbeReport {
    /// What belongs on standard output: one line, or nothing when it could not be asked.
    pub fn stdout(&self) -> String {
        match &self.seen {
            Seen::Answer { status, .. } => format!("{status}\n"),
            Seen::NoAnswer { sentinel, .. } => format!("{sentinel}\n"),
            Seen::Fault(_) => String::new(),
        }
    }

    /// What belongs on standard error: the cause, or who answered; nothing for a plain answer.
    pub fn stderr(&self) -> String {
        match &self.seen {
            Seen::NoAnswer {
                sentinel: Sentinel::Broken,
                detail,
                ..
            } => format!("the answer of {} cannot be read: {detail}\n", self.url),
            Seen::NoAnswer { cause, detail, .. } => {
                format!("no answer from {}: {cause}: {detail}\n", self.url)
            }
            Seen::Fault(why) => format!("{} could not be asked: {why}\n", self.url),
            Seen::Answer { status, responder } => said(*status, responder, self.accepted),
        }
    }

    /// The status to exit with.
    pub fn exit(&self) -> u8 {
        match (&self.seen, self.accepted) {
            (Seen::Answer { .. }, true) => ExitCode::Current.code(),
            (Seen::Answer { .. }, false) => ExitCode::Degraded.code(),
            (Seen::NoAnswer { .. }, _) => EXIT_NO_ANSWER,
            (Seen::Fault(_), _) => ExitCode::Inconclusive.code(),
        }
    }

    /// The form of `--json`: a status is a number, the sentinel is a text.
    pub fn json(&self) -> Value {
        json!({
            "url": self.url,
            "resolve": self.resolve,
            "seen": self.seen,
            "accepted": self.accepted,
            "exit": self.exit(),
        })
    }
}

fn said(status: u16, responder: &Responder, accepted: bool) -> String {
    let mut words = Vec::new();
    if !accepted {
        words.push(format!("the status {status} does not count as health"));
    }
    // A real 999 looks like the sentinel on standard output.
    if status.to_string() == NO_ANSWER {
        words.push("a real answer with this status, not the sign of no answer".to_owned());
    }
    let known =
        |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    words.extend(known("version", &responder.version));
    words.extend(known("started", &responder.started));
    match words.is_empty() {
        true => String::new(),
        false => format!("{}\n", words.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::tests::spec;
    use test_kit::servers::{Server, answer, closed_port};

    async fn url(url: &str) -> ProbeReport {
        let second = Duration::from_secs(1);
        let probe = ProbeOnce::url(url, None, TlsTrust::Verify, second).unwrap();
        probe.ask().await
    }

    async fn app(port: u16) -> ProbeReport {
        let spec = AppSpec {
            health_port: Some(port),
            ..spec()
        };
        ProbeOnce::app(&spec).unwrap().ask().await
    }

    #[tokio::test]
    async fn no_answer_is_999_and_exit_1_with_its_cause_beside_it() {
        let closed = closed_port();
        for report in [
            url(&format!("https://{}/", closed.addr)).await,
            app(closed.addr.port()).await,
        ] {
            assert_eq!((report.stdout().as_str(), report.exit()), ("999\n", 1));
            assert!(report.stderr().contains("refused"), "{}", report.stderr());
            let seen = &report.json()["seen"]["no_answer"];
            assert_eq!(seen["sentinel"], "999");
            assert_eq!(seen["cause"], "refused");
        }
    }

    #[tokio::test]
    async fn a_broken_answer_is_neither_silence_nor_a_status() {
        for bytes in [
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
            "SSH-2.0-x\r\n",
        ] {
            let server = Server::answering(vec![bytes]).await;
            for report in [url(&server.url("/")).await, app(server.addr.port()).await] {
                assert_eq!((report.stdout().as_str(), report.exit()), ("broken\n", 1));
                let words = report.stderr();
                assert!(words.contains("cannot be read"), "{words}");
                let seen = &report.json()["seen"]["no_answer"];
                assert_eq!(
                    (&seen["sentinel"], &seen["cause"]),
                    (&json!("broken"), &json!("broken"))
                );
                let again: Seen = serde_json::from_value(report.json()["seen"].clone()).unwrap();
                assert_eq!(again, report.seen);
            }
        }
    }

    #[tokio::test]
    async fn an_answer_is_its_status_and_a_real_999_is_told_from_the_sentinel() {
        let good = r#"{"Version":"3.6.15"}"#;
        for (line, status, exit_of_app) in [
            ("200 OK", "200\n", 0),
            ("404 Not Found", "404\n", 30),
            ("302 Found", "302\n", 30),
            ("999 Real", "999\n", 30),
        ] {
            let server = Server::answering(vec![answer(line, "location: /x\r\n", good)]).await;
            let report = url(&server.url("/")).await;
            assert_eq!((report.stdout().as_str(), report.exit()), (status, 0));
            assert_eq!(server.requests().len(), 1, "no redirect is followed");
            let real = report.stderr().contains("a real answer");
            assert_eq!(real, line.starts_with("999"));
            let report = app(server.addr.port()).await;
            assert_eq!(
                (report.stdout().as_str(), report.exit()),
                (status, exit_of_app)
            );
            assert!(report.stderr().contains("version 3.6.15"));
            assert!(report.json()["seen"]["answer"]["status"].is_u64());
        }
    }

    #[tokio::test]
    async fn what_could_not_be_asked_prints_no_status() {
        // The kernel itself refuses a connection to the broadcast address.
        let report = url("http://255.255.255.255/").await;
        assert_eq!((report.stdout().as_str(), report.exit()), ("", 40));
        assert!(report.stderr().contains("could not be asked"));
        let second = Duration::from_secs(1);
        assert!(ProbeOnce::url("ftp://a/", None, TlsTrust::Verify, second).is_err());
    }
}
