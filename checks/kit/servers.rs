//! Real servers on loopback for the tests: each on a free port, gone when it is dropped.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener};
use tokio::task::JoinHandle;

/// A server whose connections are handled by a function.
pub struct Server {
    pub addr: SocketAddr,
    /// The requests in order of arrival, as text.
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Hands every connection, with its number from 0, to `handle`.
    pub async fn handling<F, Fut>(handle: F) -> Server
    where
        F: Fn(TcpStream, usize) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut handlers = tokio::task::JoinSet::new();
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                handlers.spawn(handle(stream, number));
            }
        });
        let seen = Arc::default();
        Server { addr, seen, task }
    }

    /// Reads each request and answers with these bytes (the last of them from then on), then
    /// closes.
    pub async fn answering<B: Into<Vec<u8>>>(answers: Vec<B>) -> Server {
        let answers: Arc<Vec<Vec<u8>>> = Arc::new(answers.into_iter().map(Into::into).collect());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = seen.clone();
        let mut server = Server::handling(move |mut stream, number| {
            let (answers, log) = (answers.clone(), log.clone());
            async move {
                let request = read_request(&mut stream).await;
                log.lock().unwrap().push(request);
                let _ = stream
                    .write_all(&answers[number.min(answers.len() - 1)])
                    .await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        server.seen = seen;
        server
    }

    /// As [`answering`](Self::answering), over TLS; each request is preceded by a line `sni NAME`.
    pub async fn tls(identity: &Identity, answer: impl Into<Vec<u8>>) -> Server {
        Server::accepting(identity.acceptor(&[]), answer).await
    }

    /// As [`tls`](Self::tls), for clients with a certificate of this authority only.
    pub async fn tls_for_clients_of(
        identity: &Identity,
        clients: &Identity,
        answer: impl Into<Vec<u8>>,
    ) -> Server {
        Server::accepting(identity.acceptor_for(Some(clients), &[]), answer).await
    }

    async fn accepting(acceptor: tokio_rustls::TlsAcceptor, answer: impl Into<Vec<u8>>) -> Server {
        let answer = Arc::new(answer.into());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = seen.clone();
        let mut server = Server::handling(move |stream, _| {
            let (acceptor, answer, log) = (acceptor.clone(), answer.clone(), log.clone());
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let sni = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
                let request = read_request(&mut stream).await;
                log.lock().unwrap().push(format!("sni {sni}\n{request}"));
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        server.seen = seen;
        server
    }

    /// A URL on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Reads one request: head, and a body as long as `content-length` says.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .next()
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(n) if n > 0 => {}
            _ => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

/// An answer with a body and its length.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// A loopback port on which nothing listens, and nothing else can while this lives.
pub struct ClosedPort {
    pub addr: SocketAddr,
    _bound: TcpSocket,
}

/// Binds a port and does not listen: that refuses as a free port does, and stays so.
pub fn closed_port() -> ClosedPort {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    ClosedPort {
        addr: bound.local_addr().unwrap(),
        _bound: bound,
    }
}

/// A certificate authority for one test.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub pem: Vec<u8>,
}

/// A server's key and certificate.
pub struct Identity {
    pub der: Vec<u8>,
    pub pem: Vec<u8>,
    key: Vec<u8>,
}

impl Ca {
    pub fn new() -> Ca {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "a test's own CA");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem().into_bytes();
        Ca {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A valid certificate for these names.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.issue_until(names, 2090)
    }

    /// A certificate that ends with the start of `year`.
    pub fn issue_until(&self, names: &[&str], year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(&certificate, &key)
    }
}

impl Identity {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Identity {
        Identity {
            der: certificate.der().to_vec(),
            pem: certificate.pem().into_bytes(),
            key: key.serialize_der(),
        }
    }

    /// Signed by nobody but itself.
    pub fn self_signed(names: &[&str]) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names).self_signed(&key).unwrap();
        Identity::new(&certificate, &key)
    }

    /// A TLS server's side of a connection that offers these protocols.
    pub fn acceptor(&self, protocols: &[&str]) -> tokio_rustls::TlsAcceptor {
        self.acceptor_for(None, protocols)
    }

    fn acceptor_for(
        &self,
        clients: Option<&Identity>,
        protocols: &[&str],
    ) -> tokio_rustls::TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = match clients {
            None => rustls::server::WebPkiClientVerifier::no_client_auth(),
            Some(clients) => {
                let mut roots = rustls::RootCertStore::empty();
                roots
                    .add(CertificateDer::from(clients.der.clone()))
                    .unwrap();
                let roots = Arc::new(roots);
                rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
                    .build()
                    .unwrap()
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![CertificateDer::from(self.der.clone())], key)
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        Arc::new(config).into()
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    params
}

/// A Unix socket whose connections go on to a TCP address, as an SSH forward's do: when the
/// address cannot be connected to, the connection is closed.
pub struct Relay {
    folder: tempfile::TempDir,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    pub async fn to(addr: SocketAddr) -> Relay {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let task = tokio::spawn(async move {
            let mut pairs = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                pairs.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(addr).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Relay { folder, task }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }
}

/// Runs one test of this program again in a process of its own with these variables (and
/// `GATEPROOF_TEST_CHILD` set), and says whether it passed. For what belongs to a process:
/// its environment, its limits.
pub fn passes_in_child(test: &str, env: &[(&str, &Path)]) -> Result<(), String> {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1");
    let output = command.envs(env.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    // A name that selects no test would pass, too.
    if output.status.success() && said.contains("1 passed") {
        Ok(())
    } else {
        Err(said)
    }
}

/// The command that runs one test of this program in a process of its own.
pub fn this_test(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]);
    command.env(CHILD, "1");
    command
}

/// Whether this is the process that [`passes_in_child`] started.
pub fn in_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

const CHILD: &str = "GATEPROOF_TEST_CHILD";

/// Writes to a peer that may hang up at any time.
pub async fn say(stream: &mut (impl AsyncWrite + Unpin), bytes: impl AsRef<[u8]>) {
    let _ = stream.write_all(bytes.as_ref()).await;
    let _ = stream.flush().await;
}
