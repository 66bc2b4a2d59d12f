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
