//! As much HTTP/1.1 as the stand-in needs: one request on a connection, then it is closed.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest request, in bytes.
const LONGEST: usize = 16 * 1024;
/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// `GET`, `POST` …
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    /// In lower case, without the port.
    pub(super) host: String,
    pub(super) body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    media_type: &'static str,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn text(status: u16, body: String) -> Answer {
        let media_type = "text/plain; charset=utf-8";
        Answer {
            status,
            media_type,
            body,
        }
    }

    pub(super) fn json(body: String) -> Answer {
        let media_type = "application/json";
        Answer {
            status: 200,
            media_type,
            body,
        }
    }

    pub(super) fn html(body: String) -> Answer {
        let media_type = "text/html; charset=utf-8";
        Answer {
            status: 200,
            media_type,
            body,
        }
    }
}

/// Reads a request. `None` if it is not valid, too long, or does not arrive.
pub(super) async fn read(stream: &mut TcpStream) -> Option<Message> {
    let mut bytes = Vec::new();
    let whole = async {
        loop {
            match parse(&bytes) {
                Parsed::Whole(message) => return Some(message),
                Parsed::Wrong => return None,
                Parsed::More => {}
            }
            if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    };
    tokio::time::timeout(PATIENCE, whole).await.ok().flatten()
}

enum Parsed {
    Whole(Message),
    More,
    Wrong,
}

fn parse(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Parsed::More;
    };
    let (Ok(head), body) = (std::str::from_utf8(&bytes[..end]), &bytes[end + 4..]) else {
        return Parsed::Wrong;
    };
    let mut lines = head.split("\r\n");
    let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = first[..] else {
        return Parsed::Wrong;
    };
    let header = |name: &str| {
        let mut all = head
            .split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        all.find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let length = match header("content-length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= LONGEST => length,
        Some(_) => return Parsed::Wrong,
    };
    let Some(body) = body.get(..length) else {
        return Parsed::More;
    };
    let host = header("host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    Parsed::Whole(Message {
        method: method.to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        host: host.to_ascii_lowercase(),
        body: String::from_utf8_lossy(body).into_owned(),
    })
}

/// Writes the answer and closes the connection. A client that is gone does not matter.
pub(super) async fn write(stream: &mut TcpStream, method: &str, answer: &Answer) {
    let Answer {
        status,
        media_type,
        body,
    } = answer;
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        502 => "Bad Gateway",
        _ => "Internal Server Error",
    };
    let mut text = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {media_type}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    if method != "HEAD" {
        text.push_str(body);
    }
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_is_whole_only_with_its_last_byte() {
        let text = b"POST /x?y HTTP/1.1\r\nHOST: Ci.Example.test:81\r\nContent-Length: 2\r\n\r\nps";
        for cut in 0..text.len() {
            assert!(matches!(parse(&text[..cut]), Parsed::More), "{cut}");
        }
        let Parsed::Whole(message) = parse(text) else {
            panic!("not whole");
        };
        let expected = Message {
            method: "POST".into(),
            path: "/x".into(),
            host: "ci.example.test".into(),
            body: "ps".into(),
        };
        assert_eq!(message, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse(&[&bytes[..], b"\r\n\r\n"].concat());
            let _ = parse(&[b"GET / HTTP/1.1\r\n", &bytes[..], b"\r\n\r\n"].concat());
        }
    }
}
