//! What is sent: the first request, what a redirect makes of it (RFC 9110, 15.4, as browsers do it), and the
//! cookies that are kept on the way.

use cookie_store::{CookieStore, RawCookie};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use url::Url;

use super::request::{Request, RequestError, request_url};

/// What is meant for the server that was asked first, and for no other one.
const FOR_ONE_SERVER: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
];

/// What describes a body.
const OF_A_BODY: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
];

/// One message to one URL.
#[derive(Debug)]
pub(super) struct Outgoing {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// The cookies that were set on the way, where they are kept.
    kept: Option<CookieStore>,
}

impl Outgoing {
    /// The message of a request.
    ///
    /// # Errors
    /// What of it cannot be sent.
    pub(super) fn first(request: &Request) -> Result<Outgoing, RequestError> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| RequestError::Method(request.method.clone()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let bad = || RequestError::Header(name.clone());
            let key = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
            let value = HeaderValue::try_from(value.as_str()).map_err(|_| bad())?;
            headers.append(key, value);
        }
        let agent = concat!("gateproof/", env!("CARGO_PKG_VERSION"));
        for (name, value) in [(header::USER_AGENT, agent), (header::ACCEPT, "*/*")] {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        let mut message = Outgoing {
            method,
            url: request_url(request)?,
            headers,
            body: Bytes::from(request.body.clone().unwrap_or_default()),
            kept: request.keep_cookies.then(CookieStore::default),
        };
        message.keep_own();
        Ok(message)
    }

    /// A cookie that the request brings is the first that is kept, so that an answer can replace it.
    fn keep_own(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        for value in self.headers.get_all(header::COOKIE) {
            let pairs = value.to_str().unwrap_or_default().split(';');
            for pair in pairs.filter_map(|pair| RawCookie::parse(pair.trim()).ok()) {
                let mut cookie = pair.into_owned();
                cookie.set_path("/");
                // What cannot be kept is not sent on, as a browser would not send it.
                let _refused = kept.insert_raw(&cookie, &self.url);
            }
        }
        self.headers.remove(header::COOKIE);
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The request as the HTTP library takes it, with an absolute URI.
    ///
    /// # Errors
    /// A URL that the library cannot send.
    pub(super) fn request(&self) -> Result<hyper::Request<Full<Bytes>>, RequestError> {
        let wrong = |why: String| RequestError::Url {
            url: self.url.to_string(),
            why,
        };
        let mut request = hyper::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri(&self.url).map_err(wrong)?;
        *request.headers_mut() = self.headers.clone();
        if let Some(cookies) = self.cookies() {
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        Ok(request)
    }

    fn cookies(&self) -> Option<HeaderValue> {
        let kept = self.kept.as_ref()?.get_request_values(&self.url);
        let pairs: Vec<String> = kept
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match pairs.is_empty() {
            true => None,
            false => HeaderValue::try_from(pairs.join("; ")).ok(),
        }
    }

    /// Keeps the cookies that an answer sets, where they are kept.
    pub(super) fn keep(&mut self, headers: &HeaderMap) {
        let Some(kept) = &mut self.kept else { return };
        let set = headers.get_all(header::SET_COOKIE).iter();
        let set = set.filter_map(|value| RawCookie::parse(value.to_str().ok()?).ok());
        kept.store_response_cookies(set.map(RawCookie::into_owned), &self.url);
    }

    /// Where an answer leads, if it leads anywhere that can be asked.
    pub(super) fn leads_to(&self, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let place = headers.get(header::LOCATION)?;
        let place = std::str::from_utf8(place.as_bytes()).ok()?;
        let next = self.url.join(place).ok()?;
        let web = matches!(next.scheme(), "http" | "https") && next.port() != Some(0);
        (web && uri(&next).is_ok()).then_some(next)
    }

    /// Becomes the message that a redirect asks for.
    pub(super) fn redirect(&mut self, status: StatusCode, next: Url) {
        let plain = match status.as_u16() {
            301 | 302 => self.method == Method::POST,
            303 => self.method != Method::HEAD,
            _ => false,
        };
        if plain {
            self.method = Method::GET;
            self.body = Bytes::new();
            OF_A_BODY
                .iter()
                .for_each(|name| drop(self.headers.remove(name)));
        }
        if self.url.origin() != next.origin() {
            FOR_ONE_SERVER
                .iter()
                .for_each(|name| drop(self.headers.remove(name)));
        }
        self.url = next;
    }
}

/// The URL without what is not sent: a fragment, a user and a password.
fn uri(url: &Url) -> Result<Uri, String> {
    let authority = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    Uri::builder()
        .scheme(url.scheme())
        .authority(authority)
        .path_and_query(format!("{}{query}", url.path()))
        .build()
        .map_err(|error| error.to_string())
}
