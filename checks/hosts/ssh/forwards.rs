//! Forwards: HTTP probes go through them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::{Endpoint, Fault, Forward};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::kit::{host_at, trial};
use test_kit::proxy::Proxy;
use test_kit::sshd::{ALIAS, Sshd, free_port};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("an_answer_comes_through_a_forward", answer),
        trial("why_there_was_no_answer_is_told", refusals),
        trial("a_server_that_forwards_nothing_is_a_fault", forbidden),
        trial("a_lost_link_is_no_answer_of_the_endpoint", lost),
    ]
}

fn endpoint(host: &str, port: u16) -> Endpoint {
    Endpoint {
        host: host.to_owned(),
        port,
    }
}

/// What comes back through the socket.
async fn get(socket: &Path) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    // A connection that is refused beyond may end before this is written.
    let _ = stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .unwrap();
    answer
}

async fn answer() {
    let server = Sshd::builder().start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            assert!(count > 0);
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello").unwrap();
        }
    });
    let host = host_at(ALIAS, &server.config());
    let first = host.forward(&endpoint("127.0.0.1", port)).await.unwrap();
    let second = host.forward(&endpoint("127.0.0.1", port)).await.unwrap();
    assert_eq!(first.socket(), second.socket());
    for forward in [&first, &second] {
        assert!(get(forward.socket()).await.starts_with(b"HTTP/1.0 200 OK"));
    }
    assert_eq!(first.refusal().await.unwrap(), None);
    web.join().unwrap();
    let folder = first.socket().parent().unwrap().to_owned();
    host.close().await;
    assert!(!folder.exists());
}

async fn refused(forward: &Forward) -> Result<Option<String>, Fault> {
    assert_eq!(get(forward.socket()).await, b"");
    forward.refusal().await
}

async fn refusals() {
    let server = Sshd::builder().start();
    let host = host_at(ALIAS, &server.config());
    let nobody = host
        .forward(&endpoint("127.0.0.1", free_port()))
        .await
        .unwrap();
    assert_eq!(
        refused(&nobody).await.unwrap().as_deref(),
        Some("Connection refused")
    );
    assert_eq!(
        nobody.refusal().await.unwrap(),
        None,
        "each refusal is told once"
    );
    assert_eq!(
        refused(&nobody).await.unwrap().as_deref(),
        Some("Connection refused")
    );
    let nowhere = host
        .forward(&endpoint("no-such-host.invalid", 80))
        .await
        .unwrap();
    let reason = refused(&nowhere).await.unwrap().unwrap();
    println!("an unknown name: {reason}");
    assert!(reason.to_lowercase().contains("name"), "{reason}");
    host.close().await;
}

async fn forbidden() {
    let server = Sshd::builder().line("AllowTcpForwarding no").start();
    let host = host_at(ALIAS, &server.config());
    let forward = host
        .forward(&endpoint("127.0.0.1", server.port))
        .await
        .unwrap();
    let seen = refused(&forward).await.unwrap_err();
    assert!(
        matches!(&seen, Fault::NotAllowed { detail, .. } if detail.contains("administratively prohibited")),
        "{seen}"
    );
    host.close().await;
}

async fn lost() {
    let server = Sshd::builder().start();
    let proxy = Proxy::to(server.port);
    let config = server.config_with("proxied", |text| {
        text.replace(
            &format!("Port {}", server.port),
            &format!("Port {}", proxy.port),
        ) + &format!("  HostKeyAlias [127.0.0.1]:{}\n", server.port)
    });
    let host = host_at(ALIAS, &config);
    let forward = host
        .forward(&endpoint("127.0.0.1", free_port()))
        .await
        .unwrap();
    assert_eq!(
        refused(&forward).await.unwrap().as_deref(),
        Some("Connection refused")
    );
    proxy.freeze();
    let begin = Instant::now();
    let seen = forward.refusal().await.unwrap_err();
    println!("a silent link is noticed after {:?}", begin.elapsed());
    assert!(matches!(seen, Fault::LinkLost { .. }), "{seen}");
    assert!(begin.elapsed() < Duration::from_secs(45));
    host.close().await;
}
