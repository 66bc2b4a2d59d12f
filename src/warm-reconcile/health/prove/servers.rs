//! Small servers on loopback: what a gate is shown.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// A certificate authority that lives as long as one proof.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as a PEM file.
    pub(super) pem: Vec<u8>,
}

/// What cannot be made ready. Our own fault.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("a control cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// No certificate for this name.
    #[error("a control's certificate cannot be made: {0}")]
    Certificate(String),
}

fn certificate(error: impl std::fmt::Display) -> StageError {
    StageError::Certificate(error.to_string())
}

impl Authority {
    pub(super) fn new() -> Result<Authority, StageError> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(certificate)?;
        let pem = params.self_signed(&key).map_err(certificate)?.pem();
        Ok(Authority {
            issuer: Issuer::new(params, key),
            pem: pem.into_bytes(),
        })
    }

    /// A server's side of TLS under this name; expired if so asked.
    pub(super) fn acceptor(&self, name: &str, expired: bool) -> Result<TlsAcceptor, StageError> {
        let key = KeyPair::generate().map_err(certificate)?;
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(certificate)?;
        if expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let signed = params.signed_by(&key, &self.issuer).map_err(certificate)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(certificate)?
            .with_no_client_auth()
            .with_single_cert(vec![signed.der().clone()], key)
            .map_err(certificate)?;
        Ok(Arc::new(config).into())
    }
}

/// What a server does with every connection.
#[derive(Clone)]
pub(super) enum Play {
    /// Reads the request and answers.
    Answer(String),
    /// Reads, and never answers.
    BlackHole,
}

/// A port with somebody, or nobody, behind it; gone when dropped.
pub(super) struct Stage {
    pub(super) addr: SocketAddr,
    task: Option<JoinHandle<()>>,
    /// Bound and not listening: it refuses, and nobody else can take it.
    _closed: Option<TcpSocket>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Stage {
    pub(super) fn closed() -> Result<Stage, StageError> {
        let bound = TcpSocket::new_v4()?;
        bound.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Stage {
            addr: bound.local_addr()?,
            task: None,
            _closed: Some(bound),
        })
    }

    pub(super) async fn open(tls: Option<TlsAcceptor>, play: Play) -> Result<Stage, StageError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                served.spawn(serve(stream, tls.clone(), play.clone()));
            }
        });
        Ok(Stage {
            addr,
            task: Some(task),
            _closed: None,
        })
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, play: Play) {
    match tls {
        None => answer(stream, play).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, play).await;
            }
        }
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, play: Play) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(more) if more > 0 => {}
            _ => return,
        }
    }
    match play {
        Play::BlackHole => std::future::pending().await,
        Play::Answer(text) => {
            // A peer that hangs up is its own affair.
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }
}
