//! Every cause of no answer, and every promise of an answer, over real sockets.

mod answer;
mod faults;
mod no_answer;
mod through;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::http::ask_through;
use super::{Request, Route, TlsTrust, endpoint, send};
use crate::host::Fault;
use crate::observation::{HttpObservation, HttpResponse, NoAnswer, NoAnswerCause};
use test_kit::servers::*;

async fn direct(request: &Request) -> HttpObservation {
    send(request, "local", Route::Direct).await.unwrap()
}

async fn answered(request: &Request) -> HttpResponse {
    direct(request).await.answer.unwrap()
}

async fn unanswered(request: &Request) -> NoAnswer {
    direct(request).await.answer.unwrap_err()
}

async fn cause(request: &Request) -> NoAnswerCause {
    unanswered(request).await.cause
}

async fn fault(request: &Request) -> Fault {
    send(request, "local", Route::Direct).await.unwrap_err()
}

/// A request for a name at a server's address.
fn at(scheme: &str, name: &str, addr: SocketAddr) -> Request {
    Request {
        resolve: Some(addr.to_string()),
        ..Request::get(format!("{scheme}://{name}/"))
    }
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    let mut all = response.headers.iter();
    all.find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}
