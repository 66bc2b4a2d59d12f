//! Every cause of no answer.

use super::*;

#[tokio::test]
async fn a_closed_port_refuses() {
    let closed = closed_port();
    let addr = closed.addr;
    let seen = unanswered(&Request::get(format!("http://{addr}/"))).await;
    assert_eq!(seen.cause, NoAnswerCause::Refused);
    assert!(seen.detail.contains("refused"), "{}", seen.detail);
    assert_eq!(
        cause(&Request::get(format!("https://{addr}/"))).await,
        NoAnswerCause::Refused
    );
    assert_eq!(
        cause(&at("http", "a.test", addr)).await,
        NoAnswerCause::Refused
    );
}

#[tokio::test]
async fn a_connection_cut_hard_is_a_reset() {
    for read_first in [true, false] {
        let server = Server::handling(move |mut stream, _| async move {
            if read_first {
                let _ = stream.read(&mut [0; 4096]).await;
            }
            stream.set_zero_linger().unwrap();
        })
        .await;
        let request = Request::get(server.url("/"));
        assert_eq!(cause(&request).await, NoAnswerCause::Reset, "{read_first}");
        let request = at("https", "a.test", server.addr);
        assert_eq!(cause(&request).await, NoAnswerCause::Reset, "{read_first}");
    }
}

#[tokio::test]
async fn a_reset_inside_the_body_is_broken_and_tells_how_far_it_came() {
    let server = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        say(
            &mut stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        )
        .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let seen = unanswered(&Request::get(server.url("/"))).await;
    assert_eq!(seen.cause, NoAnswerCause::Broken);
    assert!(seen.detail.contains("status 200"), "{}", seen.detail);
    assert!(seen.detail.contains("4 bytes"), "{}", seen.detail);
}

#[tokio::test]
async fn a_close_without_a_byte_is_empty() {
    let server = Server::answering(vec![""]).await;
    assert_eq!(
        cause(&Request::get(server.url("/"))).await,
        NoAnswerCause::Empty
    );
    assert_eq!(server.requests().len(), 1, "asked once, never again");
}

#[tokio::test]
async fn a_close_inside_the_tls_handshake_is_empty() {
    let server = Server::handling(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let request = at("https", "a.test", server.addr);
    assert_eq!(cause(&request).await, NoAnswerCause::Empty);
}

/// How an answer ends before its headers do.
#[derive(Clone, Copy, Debug)]
enum End {
    Close,
    Reset,
    Silence,
}

async fn cut(part: &'static str, end: End) -> Server {
    Server::handling(move |mut stream, _| async move {
        read_request(&mut stream).await;
        say(&mut stream, part).await;
        match end {
            End::Close => {}
            End::Reset => {
                // What was said has to arrive before the reset throws it away.
                tokio::time::sleep(Duration::from_millis(100)).await;
                stream.set_zero_linger().unwrap();
            }
            End::Silence => std::future::pending().await,
        }
    })
    .await
}

#[tokio::test]
async fn an_answer_that_breaks_off_in_its_headers_is_broken_however_it_ends() {
    let nothing = [
        (End::Close, NoAnswerCause::Empty),
        (End::Reset, NoAnswerCause::Reset),
        (End::Silence, NoAnswerCause::Timeout),
    ];
    let parts = [
        "",
        "H",
        "HTTP/1",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nx-so",
        "HTTP/1.1 200 OK\r\nx-some: thing\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ];
    for part in parts {
        for (end, silence) in nothing {
            let server = cut(part, end).await;
            let request = Request {
                timeout: Duration::from_millis(400),
                ..Request::get(server.url("/"))
            };
            let seen = unanswered(&request).await;
            let expected = if part.is_empty() {
                silence
            } else {
                NoAnswerCause::Broken
            };
            assert_eq!(seen.cause, expected, "{part:?} {end:?}: {}", seen.detail);
            let bytes = seen.detail.starts_with(&format!("{} byte", part.len()));
            assert_eq!(bytes, !part.is_empty(), "{part:?} {end:?}: {}", seen.detail);
        }
    }
}

#[tokio::test]
async fn an_answer_over_tls_that_breaks_off_in_its_headers_is_broken_and_a_close_is_empty() {
    let identity = Identity::self_signed(&["a.test"]);
    for (part, expected) in [
        ("", NoAnswerCause::Empty),
        ("HTTP/1.1 200 OK\r\nx: ", NoAnswerCause::Broken),
    ] {
        let server = Server::tls(&identity, part).await;
        let request = Request {
            tls: TlsTrust::Insecure,
            ..at("https", "a.test", server.addr)
        };
        assert_eq!(cause(&request).await, expected, "{part:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_broken_and_not_silence() {
    for half in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nhalf\r\n",
    ] {
        let server = Server::answering(vec![half]).await;
        let seen = unanswered(&Request::get(server.url("/"))).await;
        assert_eq!(seen.cause, NoAnswerCause::Broken, "{half}: {}", seen.detail);
        assert!(
            seen.detail.contains("status 200 came"),
            "{half}: {}",
            seen.detail
        );
    }
}

#[tokio::test]
async fn what_this_client_cannot_read_is_broken_and_not_silence() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(2 << 20));
    for other in [
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "220 mail.test ESMTP\r\n",
        "\x15\x03\x03\x00\x02\x02\x46",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/1.1 000 None\r\n\r\n",
        "HTTP/1.1 1000 High\r\n\r\n",
        "HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\x1bb\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        &long,
    ] {
        let server = Server::answering(vec![other.to_owned()]).await;
        let seen = unanswered(&Request::get(server.url("/"))).await;
        let start: String = other.chars().take(60).collect();
        assert_eq!(
            seen.cause,
            NoAnswerCause::Broken,
            "{start:?}: {}",
            seen.detail
        );
        assert!(
            seen.detail.contains("not HTTP"),
            "{start:?}: {}",
            seen.detail
        );
    }
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_broken() {
    let server = Server::tls(&Identity::self_signed(&["a.test"]), "").await;
    assert_eq!(
        cause(&Request::get(server.url("/"))).await,
        NoAnswerCause::Broken
    );
}

#[tokio::test]
async fn a_server_that_never_answers_times_out_at_the_deadline() {
    let server = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    for request in [
        Request::get(server.url("/")),
        at("https", "a.test", server.addr),
    ] {
        let request = Request {
            timeout: Duration::from_millis(300),
            ..request
        };
        let started = Instant::now();
        let seen = unanswered(&request).await;
        assert_eq!(seen.cause, NoAnswerCause::Timeout);
        assert_eq!(seen.detail, "nothing came within 300ms");
        let took = started.elapsed();
        assert!(took >= request.timeout, "{took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_broken_and_as_a_stream_an_answer() {
    let server = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        say(
            &mut stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        )
        .await;
        // It says something all the time: the deadline is that of the whole exchange.
        loop {
            say(&mut stream, "1\r\nx\r\n").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let request = Request {
        timeout: Duration::from_millis(400),
        ..Request::get(server.url("/"))
    };
    let seen = unanswered(&request).await;
    assert_eq!(seen.cause, NoAnswerCause::Broken);
    assert!(
        seen.detail.starts_with("status 200 came"),
        "{}",
        seen.detail
    );
    assert!(seen.detail.ends_with("within 400ms"), "{}", seen.detail);

    let stream = Request {
        stream: Some(Duration::from_millis(200)),
        timeout: Duration::from_secs(10),
        ..request.clone()
    };
    let response = answered(&stream).await;
    assert_eq!((response.status, response.stopped), (200, stream.stream));
    assert!(
        response.body.bytes.starts_with(b"xx"),
        "{:?}",
        response.body
    );
    let first = Request {
        body_limit: 3,
        stream: Some(Duration::from_secs(10)),
        timeout: Duration::from_secs(10),
        ..request
    };
    assert_eq!(answered(&first).await.body.bytes, b"xxx");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_dns() {
    assert_eq!(
        cause(&Request::get("http://name.invalid/")).await,
        NoAnswerCause::Dns
    );
    let seen = unanswered(&Request::get("https://name.invalid/")).await;
    assert_eq!(seen.cause, NoAnswerCause::Dns);
    assert!(seen.detail.contains("name.invalid"), "{}", seen.detail);
    let request = Request {
        resolve: Some("other.invalid".into()),
        ..Request::get("http://localhost/")
    };
    let seen = unanswered(&request).await;
    assert_eq!(seen.cause, NoAnswerCause::Dns);
    assert!(seen.detail.contains("other.invalid"), "{}", seen.detail);
}
