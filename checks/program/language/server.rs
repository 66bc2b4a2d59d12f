//! A small HTTP server on loopback, with answers by path.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Serves as long as it lives.
pub(crate) struct Server {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                std::thread::spawn(move || {
                    // A client that goes away early is its own affair.
                    let _ = answer(stream);
                });
            }
        });
        Server {
            port,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        request.push(byte[0]);
        if request == [0x16] {
            // The first byte of a TLS handshake, to which a real server says that it is wrong here.
            return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse::<usize>()
                .ok()
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut words = head.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let reply = |status: &str, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status} S\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    if let Some(raw) = raw(path) {
        return stream.write_all(&raw);
    }
    let text = match path {
        "/" => reply(
            "200",
            "Content-Type: text/html\r\nX-Two: one\r\nX-Two: two\r\n",
            "<h1>Dashboard</h1>",
        ),
        "/api/version" => reply(
            "200",
            "Content-Type: application/json\r\n",
            r#"{"Version": "3.6.15", "startDate": "2026-01-01"}"#,
        ),
        "/dated" => reply(
            "200",
            "Last-Modified: Sat, 30 May 2026 05:41:12 GMT\r\n",
            "{\"token\": \"0f3a9b\"}",
        ),
        "/login" => reply("303", "Location: /oauth/authorize?client_id=4711\r\n", ""),
        "/loop" => reply("302", "Location: /loop\r\n", ""),
        "/oauth/authorize?client_id=4711" => reply("200", "", "welcome"),
        "/999" => reply("999", "", "I say 999"),
        "/503" => reply("503", "", "no available server"),
        "/echo" => reply(
            "200",
            "",
            &format!(
                "{method} {} {}",
                host(&head),
                String::from_utf8_lossy(&body)
            ),
        ),
        "/sign-in" => reply(
            "303",
            "Location: /account\r\nSet-Cookie: session=0f3a9b; Path=/\r\n",
            "",
        ),
        "/account" if head.contains("cookie: session=0f3a9b\r\n") => {
            reply("200", "", "your account")
        }
        "/account" => reply("403", "", "sign in first"),
        "/empty" => return Ok(()),
        "/garbage" => "what?\r\n\r\n".to_owned(),
        "/hang" => {
            std::thread::sleep(Duration::from_secs(3));
            String::new()
        }
        _ => reply("404", "", "404 page not found"),
    };
    stream.write_all(text.as_bytes())
}

fn host(head: &str) -> String {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("host: ").or(line.strip_prefix("Host: ")));
    line.unwrap_or("-").to_owned()
}

/// Answers that are not plain HTTP, or that a program must read with care.
fn raw(path: &str) -> Option<Vec<u8>> {
    let encoded = |body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    Some(match path {
        // `printf 'fatal error' | gzip -n`, and of `all is well`.
        "/gzip/bad" => encoded(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\x4b\x2c\x49\xcc\x51\x48\x2d\x2a\xca\x2f\x02\x00\xee\xd8\x88\x8c\x0b\x00\x00\x00"),
        "/gzip/good" => encoded(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\xcc\xc9\x51\xc8\x2c\x56\x28\x4f\xcd\xc9\x01\x00\x67\xcd\xc6\x15\x0b\x00\x00\x00"),
        "/gzip/none" => encoded(b"fatal error"),
        "/latin1" => b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Length: 4\r\n\r\ngr\xfcn".to_vec(),
        "/cookies" => b"HTTP/1.1 200 OK\r\nSet-Cookie: A=1; Secure\r\nSet-Cookie: B=2\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/cookies/good" => b"HTTP/1.1 200 OK\r\nSet-Cookie: A=1; Secure\r\nSet-Cookie: C=2; Secure\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/cookies/login" => b"HTTP/1.1 200 OK\r\nSet-Cookie: session=0f3a9b; Path=/; Secure; HttpOnly; SameSite=lax; Max-Age=3600\r\nSet-Cookie: theme=dark\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/cookies/twice" => b"HTTP/1.1 200 OK\r\nSet-Cookie: A=1\r\nSet-Cookie: A=2\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/short" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok".to_vec(),
        "/begun" => b"HTTP/1.1 200 OK\r\nX-Half: ".to_vec(),
        "/escape" => b"HTTP/1.1 200 OK\r\nX: a\x1bb\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/ssh" => b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(),
        "/http2" => b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/lengths" => b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec(),
        "/chunk" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n".to_vec(),
        _ => return None,
    })
}
