//! One connection for one request: TCP or a Unix socket, TLS where the URL says so, HTTP/1.1 or HTTP/2 as
//! the two sides agree. It counts what came of an answer, which no error of the HTTP library tells.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, Uri, header};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::Url;

use super::names::Names;

/// Whatever went wrong, with its typed causes inside.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How a request reaches its endpoint.
pub(super) enum Way<'a> {
    /// By a TCP connection of our own, to what these names stand for.
    Tcp(Names),
    /// Through a Unix socket whose other end is connected by somebody else.
    Socket(&'a Path),
}

/// How many bytes of an answer came, without those of TLS. HTTP/2 begins with settings, which are not an
/// answer: nothing of it is counted.
#[derive(Debug, Default)]
pub(super) struct Heard(AtomicU64);

impl Heard {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// An answer whose body is still on its way. The connection ends when this is dropped.
pub(super) struct Arriving {
    pub(super) response: Response<Incoming>,
    /// The server's own certificate, where TLS was used.
    pub(super) certificate: Option<CertificateDer<'static>>,
    _connection: Open,
}

/// The task that moves the bytes, and the half that keeps it going.
struct Open {
    _task: JoinSet<hyper::Result<()>>,
    _sender: Box<dyn Any + Send>,
}

/// Connects, sends a request with an absolute URI, and waits for the headers of the answer.
pub(super) async fn ask(
    request: Request<Full<Bytes>>,
    url: &Url,
    way: &Way<'_>,
    tls: &Arc<ClientConfig>,
    heard: &Arc<Heard>,
) -> Result<Arriving, Cause> {
    match way {
        Way::Tcp(names) => {
            let stream = connect(request.uri().clone(), names.clone()).await?;
            secured(stream, request, url, tls, heard).await
        }
        Way::Socket(path) => {
            let stream = UnixStream::connect(path).await?;
            secured(stream, request, url, tls, heard).await
        }
    }
}

async fn connect(uri: Uri, names: Names) -> Result<tokio::net::TcpStream, Cause> {
    let mut connector = HttpConnector::new_with_resolver(names);
    connector.enforce_http(false);
    connector.set_nodelay(true);
    poll_fn(|context| connector.poll_ready(context)).await?;
    Ok(connector.call(uri).await?.into_inner())
}

async fn secured<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    url: &Url,
    tls: &Arc<ClientConfig>,
    heard: &Arc<Heard>,
) -> Result<Arriving, Cause>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if url.scheme() != "https" {
        return by_http1(stream, request, None, heard).await;
    }
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned())?;
    let connector = TlsConnector::from(Arc::clone(tls));
    let stream = connector.connect(name, stream).await?;
    let session = stream.get_ref().1;
    let certificates = session.peer_certificates().unwrap_or_default();
    let certificate = certificates.first().map(|one| one.clone().into_owned());
    if session.alpn_protocol() == Some(b"h2") {
        by_http2(stream, request, certificate).await
    } else {
        by_http1(stream, request, certificate, heard).await
    }
}

async fn by_http1<S>(
    stream: S,
    mut request: Request<Full<Bytes>>,
    certificate: Option<CertificateDer<'static>>,
    heard: &Arc<Heard>,
) -> Result<Arriving, Cause>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if !request.headers().contains_key(header::HOST)
        && let Some(authority) = request.uri().authority()
    {
        let host = header::HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
    let stream = Counted {
        stream,
        heard: Arc::clone(heard),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut task = JoinSet::new();
    task.spawn(connection);
    let sent = sender.send_request(request).await;
    opened(sent, certificate, task, Box::new(sender)).await
}

async fn by_http2<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    certificate: Option<CertificateDer<'static>>,
) -> Result<Arriving, Cause>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(stream);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    let mut task = JoinSet::new();
    task.spawn(connection);
    let sent = sender.send_request(request).await;
    opened(sent, certificate, task, Box::new(sender)).await
}

/// The answer; or what ended the connection, where the request was only told that it is over.
async fn opened(
    sent: hyper::Result<Response<Incoming>>,
    certificate: Option<CertificateDer<'static>>,
    mut task: JoinSet<hyper::Result<()>>,
    sender: Box<dyn Any + Send>,
) -> Result<Arriving, Cause> {
    match sent {
        Ok(response) => Ok(Arriving {
            response,
            certificate,
            _connection: Open {
                _task: task,
                _sender: sender,
            },
        }),
        Err(error) if error.is_canceled() || error.is_closed() => {
            drop(sender);
            match task.join_next().await {
                Some(Ok(Err(cause))) => Err(cause.into()),
                _ => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// A stream that counts what is read from it.
struct Counted<S> {
    stream: S,
    heard: Arc<Heard>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = buffer.filled().len().saturating_sub(before);
        self.heard.0.fetch_add(came as u64, Ordering::SeqCst);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
