//! One HTTP request as data, and where it has to connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use url::Url;

use crate::host::Endpoint;

/// One HTTP request with all it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, upper case as HTTP wants it.
    pub method: String,
    /// The URL; see [`check_url`].
    pub url: String,
    /// Connect to this in place of the URL's host: an address or a name, with or without a
    /// port (`127.0.0.1`, `[::1]:8443`, `proxy.internal`). Host header, SNI and certificate
    /// checks stay those of the URL, as with `curl --resolve`.
    pub resolve: Option<String>,
    /// How the server's certificate is judged.
    pub tls: TlsTrust,
    /// Headers to send, in order.
    pub headers: Vec<(String, String)>,
    /// The body to send.
    pub body: Option<Vec<u8>>,
    /// How many redirects are followed. What stands at the end is the observation, also when
    /// it is one redirect more.
    pub follow: u32,
    /// Whether a cookie that a redirect sets is sent with the requests that follow.
    pub keep_cookies: bool,
    /// The deadline of the whole exchange: look-up, connection, headers and body.
    pub timeout: Duration,
    /// At most so many bytes of the body are stored; the rest is counted.
    pub body_limit: usize,
    /// The body is a stream that need not end: it is read for this long, or until `body_limit`.
    pub stream: Option<Duration>,
}

impl Request {
    /// `GET` of a URL with everything else at its plainest: certificates verified, no redirect
    /// followed, 10 s, 64 KiB of body.
    pub fn get(url: impl Into<String>) -> Request {
        Request {
            method: "GET".into(),
            url: url.into(),
            resolve: None,
            tls: TlsTrust::Verify,
            headers: vec![],
            body: None,
            follow: 0,
            keep_cookies: false,
            timeout: Duration::from_secs(10),
            body_limit: 64 * 1024,
            stream: None,
        }
    }
}

/// How a server's certificate is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsTrust {
    /// Against the system's trust store (`SSL_CERT_FILE` and `SSL_CERT_DIR` override it).
    Verify,
    /// Not at all; it is still captured.
    Insecure,
    /// Against these PEM certificates and no others.
    Ca(Vec<u8>),
}

/// Why a request cannot be made at all. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("no request can be sent to `{url}`: {why}")]
    Url {
        /// The URL as given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// `resolve` is neither an address nor a name.
    #[error("cannot connect to `{resolve}`: {why}")]
    Resolve {
        /// As given.
        resolve: String,
        /// What is wrong with it.
        why: String,
    },
    #[error("`{0}` is not an HTTP method")]
    Method(String),
    /// A header's name or value cannot be sent.
    #[error("the header `{0}` cannot be sent")]
    Header(String),
    /// The CA file holds no certificate that can be read.
    #[error("the CA file cannot be used: {0}")]
    Ca(String),
}

/// Whether a request can be sent to a URL: `http` or `https`, a host, no user name or password, no port 0,
/// no white space, and a numeric address only in its usual spelling (`http://999/` would be
/// 0.0.3.231).
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), String> {
    parse_url(url).map(drop)
}

/// Where a request has to connect to, as its vantage resolves it: `resolve` wins over the URL's
/// host, its port over the scheme's default. An IPv6 address comes without brackets.
///
/// A port in the URL and another one in `resolve` contradict each other, and a URL whose host
/// is an address needs no `resolve`: both are errors, not guesses. (A port that is the scheme's
/// default counts as not written.)
///
/// # Errors
/// [`RequestError::Url`] and [`RequestError::Resolve`].
pub fn endpoint(request: &Request) -> Result<Endpoint, RequestError> {
    let url = request_url(request)?;
    let host = url.host_str().unwrap_or_default();
    let default = url.port_or_known_default().unwrap_or(80);
    let Some(resolve) = &request.resolve else {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        return Ok(Endpoint {
            host: host.to_owned(),
            port: default,
        });
    };
    let wrong = |why: String| RequestError::Resolve {
        resolve: resolve.clone(),
        why,
    };
    if url.domain().is_none() {
        return Err(wrong(format!(
            "the URL names the address {host}, so there is no name to resolve"
        )));
    }
    let (host, port) = split_resolve(resolve).map_err(wrong)?;
    match (url.port(), port) {
        (Some(port), Some(other)) if port != other => Err(wrong(format!(
            "the URL has port {port}, this has port {other}"
        ))),
        (_, port) => Ok(Endpoint {
            host,
            port: port.unwrap_or(default),
        }),
    }
}

/// The URL of a request, checked.
pub(super) fn request_url(request: &Request) -> Result<Url, RequestError> {
    parse_url(&request.url).map_err(|why| RequestError::Url {
        url: request.url.clone(),
        why,
    })
}

/// Whether `resolve` names a port of its own.
pub(super) fn pins_port(request: &Request) -> bool {
    let resolve = request.resolve.as_deref().map(split_resolve);
    matches!(resolve, Some(Ok((_, Some(_)))))
}

fn parse_url(text: &str) -> Result<Url, String> {
    // The URL standard's parser forgives much that is a slip of the pen in a claim file.
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it contains white space".into());
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if ["http", "https"].contains(&&*scheme.to_ascii_lowercase()) => rest,
        _ => return Err("only http:// and https:// can be requested".into()),
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a user name or password does not belong into a URL; send a header".into());
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err("it names no host".into());
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.port() == Some(0) {
        return Err("port 0 cannot be connected to".into());
    }
    let host = url.host_str().ok_or("it names no host")?;
    if host.parse::<Ipv4Addr>().is_ok() && !authority.starts_with(host) {
        return Err(format!("its host means the address {host}; write that"));
    }
    Ok(url)
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
fn split_resolve(text: &str) -> Result<(String, Option<u16>), String> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text.to_owned(), None));
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, tail) = rest.split_once(']').ok_or("the `[` is not closed")?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(format!("`{host}` is not an IPv6 address"));
        }
        match tail.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if tail.is_empty() => (host, None),
            None => return Err(format!("`{tail}` after the address")),
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    if host.parse::<IpAddr>().is_err() {
        check_name(host)?;
    }
    let port = port.map(parse_port).transpose()?;
    Ok((host.to_owned(), port))
}

fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 && !text.starts_with('+') => Ok(port),
        _ => Err(format!("`{text}` is not a port (1 to 65535)")),
    }
}

/// A host name is handed to `ssh` and to the resolver: letters, digits, `.`, `-`, `_` only, and
/// nothing that could be taken for an option or for an address in an odd spelling.
fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() {
        return Err("it names no host".into());
    }
    if !name.chars().all(plain) || name.starts_with(['-', '.']) {
        return Err(format!("`{name}` is neither an address nor a host name"));
    }
    if name.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err(format!("`{name}` is not an IPv4 address"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(url: &str, resolve: Option<&str>) -> Request {
        Request {
            stream: None,
            method: "GET".into(),
            url: url.into(),
            resolve: resolve.map(str::to_owned),
            tls: TlsTrust::Verify,
            headers: vec![],
            body: None,
            follow: 0,
            keep_cookies: false,
            timeout: Duration::from_secs(1),
            body_limit: 10,
        }
    }

    fn found(url: &str, resolve: Option<&str>) -> (String, u16) {
        let endpoint = endpoint(&request(url, resolve)).unwrap();
        (endpoint.host, endpoint.port)
    }

    #[test]
    fn connects_to_the_urls_own_host_and_port_without_resolve() {
        assert_eq!(found("http://a.test/x", None), ("a.test".into(), 80));
        assert_eq!(found("https://a.test", None), ("a.test".into(), 443));
        assert_eq!(found("https://a.test:8443/", None), ("a.test".into(), 8443));
        assert_eq!(found("http://127.0.0.1:9/", None), ("127.0.0.1".into(), 9));
        assert_eq!(found("http://[::1]:9/", None), ("::1".into(), 9));
    }

    #[test]
    fn resolve_wins_over_the_urls_host_and_keeps_the_port_of_the_url_or_scheme() {
        let url = "https://a.test/";
        assert_eq!(found(url, Some("127.0.0.1")), ("127.0.0.1".into(), 443));
        assert_eq!(found(url, Some("127.0.0.1:9")), ("127.0.0.1".into(), 9));
        assert_eq!(found(url, Some("[::1]")), ("::1".into(), 443));
        assert_eq!(found(url, Some("::1")), ("::1".into(), 443));
        assert_eq!(found(url, Some("[::1]:9")), ("::1".into(), 9));
        assert_eq!(found(url, Some("lb-1.test:9")), ("lb-1.test".into(), 9));
        let url = "https://a.test:8443/";
        assert_eq!(found(url, Some("lb.test")), ("lb.test".into(), 8443));
        assert_eq!(found(url, Some("lb.test:8443")), ("lb.test".into(), 8443));
    }

    #[test]
    fn refuses_contradictions_and_nonsense_in_resolve() {
        for (url, resolve, words) in [
            ("https://a.test:1/", "127.0.0.1:2", "port 1"),
            ("https://10.0.0.1/", "127.0.0.1", "10.0.0.1"),
            ("https://a.test/", "", "no host"),
            ("https://a.test/", "127.0.0.1:", "port"),
            ("https://a.test/", "127.0.0.1:0", "port"),
            ("https://a.test/", "127.0.0.1:+9", "port"),
            ("https://a.test/", "127.0.0.1:65536", "port"),
            ("https://a.test/", "[::1", "closed"),
            ("https://a.test/", "[::1]9", "after"),
            ("https://a.test/", "[localhost]", "IPv6"),
            ("https://a.test/", "-oProxyCommand=x", "host name"),
            ("https://a.test/", "a b", "host name"),
            ("https://a.test/", "127.1", "IPv4"),
        ] {
            let error = endpoint(&request(url, Some(resolve))).unwrap_err();
            assert!(error.to_string().contains(words), "{resolve}: {error}");
        }
    }

    #[test]
    fn refuses_urls_that_cannot_be_asked_and_says_why() {
        for (url, words) in [
            ("", "only http"),
            ("example.test", "only http"),
            ("ftp://a.test/", "only http"),
            ("http:a.test", "only http"),
            ("http:///x", "no host"),
            ("http://", "no host"),
            ("http://:80/", "no host"),
            ("http://?x", "no host"),
            ("http://u@a.test/", "user name"),
            ("http://u:p@a.test/", "user name"),
            ("http://@a.test/", "user name"),
            ("http://a.test:0/", "port 0"),
            ("http://a.test:65536/", "port"),
            (" http://a.test/", "white space"),
            ("http://a.test/a b", "white space"),
            ("http://a.test/\n", "white space"),
            ("http://999/", "0.0.3.231"),
            ("http://127.1:80/", "127.0.0.1"),
            ("http://[::1/", "IPv6"),
            ("http://a..b:x/", "port"),
        ] {
            let error = check_url(url).unwrap_err();
            assert!(error.contains(words), "{url}: {error}");
        }
    }

    #[test]
    fn accepts_urls_that_can_be_asked() {
        for url in [
            "http://a.test",
            "HTTPS://A.test:443/x?y=@z#f",
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "http://münchen.test/",
            "http://a.test/p@th",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_url_always_has_an_endpoint(url in "https?://[a-z0-9.:@/\\[\\]-]{0,20}") {
            if check_url(&url).is_ok() {
                let endpoint = endpoint(&request(&url, None)).unwrap();
                prop_assert!(!endpoint.host.is_empty());
                prop_assert!(endpoint.port > 0);
            }
        }

        #[test]
        fn what_resolve_says_is_what_is_connected_to(host in "[a-z][a-z0-9-]{0,10}(\\.[a-z]{1,5}){0,2}", port in 1u16..) {
            let pinned = format!("{host}:{port}");
            prop_assert_eq!(found("http://a.test/", Some(&pinned)), (host.clone(), port));
            prop_assert_eq!(found("http://a.test/", Some(&host)), (host, 80));
        }

        #[test]
        fn any_text_as_resolve_is_an_endpoint_or_an_error(text in ".{0,30}") {
            if let Ok(endpoint) = endpoint(&request("http://a.test/", Some(&text))) {
                prop_assert!(!endpoint.host.starts_with('-'));
                prop_assert!(text.contains(&endpoint.host));
            }
        }
    }
}
