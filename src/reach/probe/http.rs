//! Sends one HTTP request from one vantage, and returns what came back.
//!
//! Every request has a connection of its own (a persistent one would hide a closed port), no
//! proxy, no retries, asks for no compression, and follows redirects and keeps cookies only on request.
//!
//! Roots of trust: `rustls-platform-verifier`, which on Linux reads the system's store on each
//! request:
//! `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the places that `openssl-probe` knows
//! (`/etc/ssl/certs` on Debian and on NixOS among them). No roots are compiled in.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http_body_util::BodyExt;
use hyper::Response;
use tokio::time::timeout_at;
use url::Url;

use super::certificate;
use super::classify::{self, Failure, Wire, classify, no_answer};
use super::coding;
use super::connection::{self, Arriving, Heard, Way};
use super::message::Outgoing;
use super::names::{Names, look_up};
use super::request::{Request, RequestError, endpoint, pins_port, request_url};
use super::trust::{self, Asked};
use crate::host::{BoxFuture, Endpoint, Fault, Host};
use crate::observation::{
    Captured, Certificate, HttpObservation, HttpResponse, NoAnswer, NoAnswerCause,
};

const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How a vantage reaches the endpoint.
#[derive(Debug)]
pub enum Route<'a> {
    /// From this machine.
    Direct,
    /// From a host, through its connection.
    Through(&'a Host),
}

/// Sends one request. The deadline begins when the route to the host is open; through a host
/// a reset looks like a close ([`NoAnswerCause::Empty`]), because `sshd` passes on no more.
///
/// The message of `sshd` about a connection that it could not open does not name the connection:
/// two requests through one forward must be sent one after the other.
///
/// The future is boxed: the whole HTTP client under it is compiled once, in this crate, and not in
/// each caller again.
///
/// # Errors
/// A [`Fault`] when the request could not be sent: a request that makes no sense, a lost link,
/// forwarding not allowed, this machine without network or file handles. An endpoint that does
/// not answer is an observation.
pub fn send<'a>(
    request: &'a Request,
    vantage: &'a str,
    route: Route<'a>,
) -> BoxFuture<'a, Result<HttpObservation, Fault>> {
    Box::pin(send_here(request, vantage, route))
}

async fn send_here(
    request: &Request,
    vantage: &str,
    route: Route<'_>,
) -> Result<HttpObservation, Fault> {
    let endpoint = endpoint(request).map_err(senseless)?;
    match route {
        Route::Direct => {
            let started = Instant::now();
            let answer = exchange(request, &endpoint, vantage, None).await;
            observation(vantage, started, answer)
        }
        Route::Through(host) => {
            let forward = host.forward(&endpoint).await?;
            let refusal = async || forward.refusal().await;
            ask_through(request, &endpoint, vantage, forward.socket(), refusal).await
        }
    }
}

/// Sends it through a Unix socket whose other end is connected to the endpoint by somebody else;
/// `refusal` returns why they could not, if they could not.
pub(super) async fn ask_through(
    request: &Request,
    endpoint: &Endpoint,
    vantage: &str,
    socket: &Path,
    refusal: impl AsyncFnOnce() -> Result<Option<String>, Fault>,
) -> Result<HttpObservation, Fault> {
    let started = Instant::now();
    let answer = match exchange(request, endpoint, vantage, Some(socket)).await {
        // A TLS message can only have come from the endpoint itself.
        Err(Failure::NoAnswer(none)) if none.cause != NoAnswerCause::Tls => {
            Err(match refusal().await? {
                // What began an answer was connected; that the link is lost is told all the same.
                Some(reason) if none.cause != NoAnswerCause::Broken => {
                    classify::of_sshd(&reason, vantage)
                }
                _ => Failure::NoAnswer(none),
            })
        }
        other => other,
    };
    observation(vantage, started, answer)
}

fn observation(
    vantage: &str,
    started: Instant,
    answer: Result<HttpResponse, Failure>,
) -> Result<HttpObservation, Fault> {
    let duration = started.elapsed();
    let answer = match answer {
        Ok(response) => Ok(response),
        Err(Failure::NoAnswer(no_answer)) => Err(no_answer),
        Err(Failure::Fault(fault)) => return Err(fault),
    };
    Ok(HttpObservation {
        vantage: vantage.to_owned(),
        answer,
        duration,
        at: chrono::Utc::now(),
    })
}

fn senseless(error: RequestError) -> Fault {
    Fault::Other(error.to_string())
}

/// The whole exchange within the deadline.
async fn exchange(
    request: &Request,
    endpoint: &Endpoint,
    vantage: &str,
    socket: Option<&Path>,
) -> Result<HttpResponse, Failure> {
    let wire = match socket {
        Some(_) => Wire::Socket,
        None => Wire::Tcp,
    };
    // A clock cannot be added to without end; nobody waits a year.
    let deadline = tokio::time::Instant::now() + request.timeout.min(LONGEST_TIMEOUT);
    let mut message = Outgoing::first(request).map_err(senseless)?;
    let first = message.url().clone();
    let asked = Arc::new(Asked::default());
    let https = first.scheme() == "https" || request.follow > 0;
    let tls = Arc::new(trust::config(&request.tls, https, &asked)?);
    let way = match socket {
        Some(path) => Way::Socket(path),
        None => {
            let names = timeout_at(deadline, pinned(request, endpoint)).await;
            Way::Tcp(names.map_err(|_| too_late(request.timeout))??)
        }
    };
    // A request whose connections all end at one endpoint stops before it would request another
    // one's page from that endpoint.
    let bound = socket.is_some() || pins_port(request);
    let mut redirected = Vec::new();
    loop {
        let heard = Arc::new(Heard::default());
        let sent = message.request().map_err(senseless)?;
        let answer = connection::ask(sent, message.url(), &way, &tls, &heard);
        let answer = match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(cause)) => {
                let failure = classify(&*cause, wire, vantage);
                return Err(begun(for_want_of_a_certificate(failure, &asked), &heard));
            }
            Err(_) => return Err(begun(too_late(request.timeout), &heard)),
        };
        let (status, headers) = (answer.response.status(), answer.response.headers());
        message.keep(headers);
        match message.leads_to(status, headers) {
            Some(next)
                if redirected.len() < request.follow as usize
                    && (!bound || same_place(&first) == same_place(&next)) =>
            {
                redirected.push(message.url().to_string());
                message.redirect(status, next);
            }
            _ => {
                let end = Reading {
                    request,
                    wire,
                    vantage,
                    deadline,
                };
                let response = end.read(answer, message.url()).await?;
                return Ok(HttpResponse {
                    redirected,
                    ..response
                });
            }
        }
    }
}

/// An answer that began and did not come to the end of its headers is not silence.
fn begun(failure: Failure, heard: &Heard) -> Failure {
    match (failure, heard.bytes()) {
        (Failure::NoAnswer(NoAnswer { cause, detail }), 1..) if cause.is_silence() => {
            let bytes = kit::count::count(heard.bytes(), "byte");
            let detail = format!("{bytes} of an answer came, and it broke off: {detail}");
            no_answer(NoAnswerCause::Broken, detail)
        }
        (other, _) => other,
    }
}

/// How the rest of an answer is read.
struct Reading<'a> {
    request: &'a Request,
    wire: Wire,
    vantage: &'a str,
    deadline: tokio::time::Instant,
}

impl Reading<'_> {
    async fn read(&self, answer: Arriving, url: &Url) -> Result<HttpResponse, Failure> {
        let request = self.request;
        let certificate = presented(&answer)?;
        let status = answer.response.status().as_u16();
        let headers = headers(&answer.response);
        let mut answer = answer;
        let mut body = Captured::default();
        let stop = request
            .stream
            .map(|long| tokio::time::Instant::now() + long);
        let end = stop.map_or(self.deadline, |stop| stop.min(self.deadline));
        let limit = request.body_limit;
        let read = read_body(&mut answer, &mut body, limit, request.stream.is_some());
        let outcome = timeout_at(end, read).await;
        let broke = |why: String| {
            let so_far = format!(
                "status {status} came, but the body broke off after {} bytes",
                body.total
            );
            no_answer(NoAnswerCause::Broken, format!("{so_far}: {why}"))
        };
        let mut stopped = None;
        match outcome {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => stopped = request.stream,
            Ok(Err(error)) => {
                return Err(match classify(&error, self.wire, self.vantage) {
                    Failure::NoAnswer(none) => broke(none.detail),
                    fault => fault,
                });
            }
            Err(_) if stop.is_some() => stopped = request.stream,
            Err(_) => {
                let limit = humantime::format_duration(request.timeout);
                return Err(broke(format!("it did not end within {limit}")));
            }
        }
        let codings = coding::codings(&headers);
        let (body, unreadable) = decoded(body, &codings, limit, stopped.is_some());
        Ok(HttpResponse {
            status,
            headers,
            body,
            encoding: (!codings.is_empty()).then(|| codings.join(", ")),
            unreadable,
            stopped,
            redirected: Vec::new(),
            certificate,
            url: url.to_string(),
        })
    }
}

/// The body without its encoding; or as it came, and why it cannot be read.
fn decoded(
    body: Captured,
    codings: &[String],
    limit: usize,
    stopped: bool,
) -> (Captured, Option<String>) {
    // A body without a byte has nothing encoded, as the answer to HEAD.
    if codings.is_empty() || body.total == 0 {
        return (body, None);
    }
    let coding = codings.join(", ");
    if body.is_truncated() || stopped {
        let why = format!(
            "its encoding is `{coding}`, and only the first {} bytes of it were kept",
            body.bytes.len()
        );
        return (body, Some(why));
    }
    match coding::decode(&body.bytes, codings, limit) {
        Ok(decoded) => {
            let body = Captured {
                bytes: decoded.bytes,
                total: decoded.total,
            };
            (body, None)
        }
        Err(why) => (body, Some(why)),
    }
}

/// A server that asks for a client certificate and ends the connection refuses us for want of one,
/// however its refusal arrives.
fn for_want_of_a_certificate(failure: Failure, asked: &Asked) -> Failure {
    match failure {
        Failure::NoAnswer(NoAnswer { cause, detail })
            if asked.seen() && !matches!(cause, NoAnswerCause::Timeout | NoAnswerCause::Broken) =>
        {
            let detail = format!(
                "the server asked for a client certificate, and there is none to give: {detail}"
            );
            no_answer(NoAnswerCause::Tls, detail)
        }
        other => other,
    }
}

/// The resolver of a direct request. `resolve` may be a name: it is looked up here.
async fn pinned(request: &Request, endpoint: &Endpoint) -> Result<Names, Failure> {
    if request.resolve.is_none() {
        return Ok(Names::default());
    }
    // Port 0 leaves it to the URL and its scheme, also of the URL after a redirect.
    let port = if pins_port(request) { endpoint.port } else { 0 };
    let addresses = look_up(&endpoint.host, port)
        .await
        .map_err(|error| classify::lookup_failed(&error))?;
    let url = request_url(request).map_err(senseless)?;
    let name = url.host_str().unwrap_or_default().to_owned();
    Ok(Names {
        pinned: Some((name, addresses)),
    })
}

fn same_place(url: &Url) -> (Option<&str>, Option<u16>) {
    (url.host_str(), url.port_or_known_default())
}

fn headers<B>(response: &Response<B>) -> Vec<(String, String)> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let all = response.headers().iter();
    all.map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect()
}

/// The certificate of the connection that answered.
fn presented(answer: &Arriving) -> Result<Option<Certificate>, Fault> {
    let Some(der) = &answer.certificate else {
        return Ok(None);
    };
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    certificate::read(der, now)
        .map(Some)
        .map_err(|error| Fault::Other(format!("the server's certificate cannot be read: {error}")))
}

/// Reads to the end, stores the first `limit` bytes and counts all; a stream is read no further than
/// that. Returns whether the end was seen. What came before an error or a deadline is in `body` all
/// the same.
async fn read_body(
    answer: &mut Arriving,
    body: &mut Captured,
    limit: usize,
    stream: bool,
) -> Result<bool, hyper::Error> {
    while let Some(frame) = answer.response.body_mut().frame().await {
        // What is not data is a trailer.
        let Ok(chunk) = frame?.into_data() else {
            continue;
        };
        let room = limit.saturating_sub(body.bytes.len());
        body.bytes
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        body.total += chunk.len() as u64;
        if stream && body.bytes.len() >= limit {
            return Ok(false);
        }
    }
    Ok(true)
}

fn too_late(limit: Duration) -> Failure {
    let limit = humantime::format_duration(limit);
    no_answer(
        NoAnswerCause::Timeout,
        format!("nothing came within {limit}"),
    )
}
