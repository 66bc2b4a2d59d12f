//! HTTP over the engine's unix socket: every call with a deadline, every failure with a type.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

use super::EngineError;

/// No answer that we ask for is nearly as long; a longer one is not read to its end.
const LONGEST: usize = 64 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Transport {
    socket: PathBuf,
    client: Client,
    limit: Duration,
}

impl Transport {
    pub(super) fn new(socket: &Path, limit: Duration) -> Result<Transport, EngineError> {
        let unreachable = |error: &dyn Error| EngineError::Unreachable {
            socket: socket.display().to_string(),
            detail: chain(error),
        };
        let client = Client::builder()
            .unix_socket(socket)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .tls_backend_preconfigured(no_tls().map_err(|error| unreachable(&error))?)
            .build()
            .map_err(|error| unreachable(&error))?;
        Ok(Transport {
            socket: socket.to_owned(),
            client,
            limit,
        })
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks for `path` (which begins with `/`) and reads the answer as JSON.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, EngineError> {
        let what = format!("GET {path}");
        let request = self.request(Method::GET, path, query);
        let bytes = self.send(&what, request).await?;
        serde_json::from_slice(&bytes).map_err(|error| EngineError::Malformed {
            what,
            detail: error.to_string(),
        })
    }

    /// The same as it comes.
    pub(super) async fn bytes(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<u8>, EngineError> {
        let request = self.request(Method::GET, path, query);
        self.send(&format!("GET {path}"), request).await
    }

    /// The path's host part is of no meaning on a unix socket.
    fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let pairs: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        let url = format!("http://engine{path}{mark}{}", pairs.join("&"));
        self.client.request(method, url)
    }

    /// The whole exchange, body included, within the deadline.
    async fn send(&self, what: &str, request: RequestBuilder) -> Result<Vec<u8>, EngineError> {
        let exchange = async {
            let response = request
                .send()
                .await
                .map_err(|error| self.failed(what, &error))?;
            let status = response.status().as_u16();
            let body = read(what, response).await?;
            if (200..300).contains(&status) {
                Ok(body)
            } else {
                Err(EngineError::Refused {
                    what: what.to_owned(),
                    status,
                    message: message(&body),
                })
            }
        };
        tokio::time::timeout(self.limit, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(EngineError::Timeout {
                    what: what.to_owned(),
                    limit: self.limit,
                })
            })
    }

    /// No status line came: either nobody spoke, or it was not HTTP.
    fn failed(&self, what: &str, error: &reqwest::Error) -> EngineError {
        if spoke_nonsense(error) {
            return EngineError::Malformed {
                what: what.to_owned(),
                detail: chain(error),
            };
        }
        EngineError::Unreachable {
            socket: self.socket.display().to_string(),
            detail: chain(error),
        }
    }
}

/// A TLS that trusts nobody: none is spoken on this socket. Without it the library would read the
/// system's trust store, which takes longer than a whole look at a stack.
fn no_tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    Ok(config
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

async fn read(what: &str, mut response: Response) -> Result<Vec<u8>, EngineError> {
    let malformed = |detail: String| EngineError::Malformed {
        what: what.to_owned(),
        detail,
    };
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| malformed(format!("cut off: {}", chain(&error))))?
    {
        if body.len() + chunk.len() > LONGEST {
            return Err(malformed(format!("longer than {LONGEST} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The engine's errors are `{"message": "…"}`; a proxy before it may say something else.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.message.trim().to_owned(),
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            text.trim().chars().take(300).collect()
        }
    }
}

fn spoke_nonsense(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(hyper) = this.downcast_ref::<hyper::Error>() {
            return hyper.is_parse();
        }
        cause = this.source();
    }
    false
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(this) = cause {
        let more = this.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = this.source();
    }
    text
}
