//! What an answer holds.

use super::*;

#[tokio::test]
async fn a_real_999_is_an_answer_and_never_the_sentinel() {
    for status in [999, 100 + 1, 299, 600] {
        let server = Server::answering(vec![answer(&format!("{status} X"), "", "")]).await;
        assert_eq!(
            answered(&Request::get(server.url("/"))).await.status,
            status
        );
    }
}

#[tokio::test]
async fn headers_and_body_arrive_as_sent() {
    let headers = "X-One: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Two: \u{e9}\r\n";
    let server = Server::answering(vec![answer("200 OK", headers, "a\nb")]).await;
    let response = answered(&Request::get(server.url("/p?q"))).await;
    let expected = [
        ("x-one", "1"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("x-two", "\u{e9}"),
        ("content-length", "3"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(response.headers, expected);
    assert_eq!(response.body.bytes, b"a\nb");
    assert_eq!(response.url, server.url("/p?q"));
    assert_eq!(response.certificate, None);
    let request = &server.requests()[0];
    let agent = concat!("user-agent: gateproof/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(request.contains(agent), "{request}");
}

#[tokio::test]
async fn a_redirect_is_the_answer_unless_following_was_asked_for() {
    let to = |place: &str| answer("302 Found", &format!("location: {place}\r\n"), "");
    let end = answer("200 OK", "", "end");
    let server = Server::answering(vec![to("/b"), to("/c"), end]).await;
    let request = Request::get(server.url("/a"));
    let response = answered(&request).await;
    assert_eq!(
        (response.status, header(&response, "location")),
        (302, Some("/b"))
    );
    assert_eq!(server.requests().len(), 1);

    let server = Server::answering(vec![to("/b"), to("/c"), answer("200 OK", "", "end")]).await;
    let request = Request {
        follow: 2,
        ..Request::get(server.url("/a"))
    };
    let response = answered(&request).await;
    assert_eq!((response.status, response.url), (200, server.url("/c")));
    assert_eq!(response.redirected, [server.url("/a"), server.url("/b")]);
    assert_eq!(response.body.text(), "end");
}

#[tokio::test]
async fn one_redirect_too_many_is_itself_the_answer() {
    let server = Server::answering(vec![answer("302 Found", "location: /again\r\n", "")]).await;
    let request = Request {
        follow: 3,
        ..Request::get(server.url("/"))
    };
    let response = answered(&request).await;
    assert_eq!((response.status, response.url), (302, server.url("/again")));
    assert_eq!(server.requests().len(), 4, "the first and three followed");
}

#[tokio::test]
async fn a_redirect_out_of_the_web_is_the_answer() {
    let server = Server::answering(vec![answer(
        "302 Found",
        "location: file:///etc/passwd\r\n",
        "",
    )]);
    let server = server.await;
    let request = Request {
        follow: 3,
        ..Request::get(server.url("/"))
    };
    assert_eq!(answered(&request).await.status, 302);
}

#[tokio::test]
async fn a_redirect_to_a_closed_port_is_no_answer() {
    let closed = closed_port();
    let headers = format!("location: http://{}/\r\n", closed.addr);
    let server = Server::answering(vec![answer("302 Found", &headers, "")]).await;
    let request = Request {
        follow: 1,
        ..Request::get(server.url("/"))
    };
    assert_eq!(cause(&request).await, NoAnswerCause::Refused);
}

#[tokio::test]
async fn a_pinned_port_is_never_asked_for_another_hosts_page() {
    let headers = "location: http://b.test/\r\n";
    let server = Server::answering(vec![answer("302 Found", headers, "")]).await;
    let request = Request {
        follow: 5,
        ..at("http", "a.test", server.addr)
    };
    assert_eq!(answered(&request).await.status, 302);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn cookies_that_a_redirect_sets_are_sent_on_only_on_demand() {
    let steps = || {
        vec![
            answer(
                "303 See Other",
                "location: /home\r\nset-cookie: session=new; Path=/; HttpOnly\r\nset-cookie: other=1; Path=/admin\r\nset-cookie: secret=1; Secure\r\nset-cookie: gone=1; Max-Age=0\r\n",
                "",
            ),
            answer("200 OK", "", "welcome"),
        ]
    };
    for (keep, expected) in [
        (true, ["lang=en", "session=new"].as_slice()),
        (false, ["gone=0", "lang=en", "session=old"].as_slice()),
    ] {
        let server = Server::answering(steps()).await;
        let request = Request {
            method: "POST".into(),
            body: Some(b"user=a".to_vec()),
            headers: vec![
                ("Cookie".into(), "session=old; lang=en; gone=0".into()),
                ("Content-Type".into(), "text/plain".into()),
            ],
            follow: 1,
            keep_cookies: keep,
            url: "http://a.test/login".into(),
            ..at("http", "a.test", server.addr)
        };
        assert_eq!(answered(&request).await.body.text(), "welcome");
        let sent = server.requests();
        assert!(sent[1].starts_with("GET /home "), "{}", sent[1]);
        assert!(!sent[1].contains("content-"), "{}", sent[1]);
        let line = sent[1].lines().find(|line| line.starts_with("cookie:"));
        let mut pairs: Vec<&str> = line.unwrap_or_default()[8..].split("; ").collect();
        pairs.sort_unstable();
        assert_eq!(pairs, expected, "{keep}");
    }
}

#[tokio::test]
async fn what_is_for_one_server_does_not_follow_to_another_one() {
    let other = Server::answering(vec![answer("200 OK", "", "")]).await;
    let place = format!("location: http://localhost:{}/\r\n", other.addr.port());
    for status in ["302 Found", "307 Temporary Redirect"] {
        let headers = format!("{place}set-cookie: a=1\r\n");
        let server = Server::answering(vec![answer(status, &headers, "")]).await;
        let request = Request {
            method: "PUT".into(),
            body: Some(b"x".to_vec()),
            headers: vec![
                ("Authorization".into(), "Bearer t".into()),
                ("Cookie".into(), "b=2".into()),
                ("Host".into(), "shop.test".into()),
                ("X-A".into(), "1".into()),
            ],
            follow: 1,
            keep_cookies: true,
            ..Request::get(server.url("/"))
        };
        assert_eq!(answered(&request).await.status, 200);
        let sent = other.requests().pop().unwrap();
        assert!(sent.starts_with("PUT / "), "{sent}");
        assert!(sent.contains("x-a: 1\r\n"), "{sent}");
        assert!(
            sent.contains(&format!("host: localhost:{}\r\n", other.addr.port())),
            "{sent}"
        );
        assert!(
            !sent.contains("authorization") && !sent.contains("cookie"),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn method_headers_and_body_are_sent() {
    let server = Server::answering(vec![answer("201 Created", "", "")]).await;
    let request = Request {
        method: "POST".into(),
        headers: vec![
            ("X-A".into(), "1".into()),
            ("Host".into(), "other.test".into()),
        ],
        body: Some(b"{\"a\":1}".to_vec()),
        ..Request::get(server.url("/"))
    };
    assert_eq!(answered(&request).await.status, 201);
    let sent = &server.requests()[0];
    assert!(sent.starts_with("POST / HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("x-a: 1\r\n"), "{sent}");
    assert!(sent.contains("host: other.test\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\n{\"a\":1}"), "{sent}");
}

#[tokio::test]
async fn head_has_headers_and_no_body() {
    let server = Server::answering(vec!["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"]).await;
    let request = Request {
        method: "HEAD".into(),
        ..Request::get(server.url("/"))
    };
    let response = answered(&request).await;
    assert_eq!(header(&response, "content-length"), Some("1000"));
    assert_eq!(response.body.total, 0);
    assert!(server.requests()[0].starts_with("HEAD / "));
}

#[tokio::test]
async fn a_huge_body_is_cut_and_counted() {
    let size = 5 * 1024 * 1024 + 7;
    let server = Server::answering(vec![answer("200 OK", "", &"x".repeat(size))]).await;
    let request = Request {
        body_limit: 1000,
        ..Request::get(server.url("/"))
    };
    let body = answered(&request).await.body;
    assert_eq!((body.bytes.len(), body.total), (1000, size as u64));
    assert!(body.is_truncated());
    let request = Request {
        body_limit: size,
        ..Request::get(server.url("/"))
    };
    assert!(!answered(&request).await.body.is_truncated());
}

#[tokio::test]
async fn an_encoded_body_is_decoded_or_said_to_be_unreadable_and_is_not_asked_for() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, b"fatal error").unwrap();
    let gzip = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        gzip.len()
    );
    let server = Server::answering(vec![[head.as_bytes(), &gzip].concat()]).await;
    let response = answered(&Request::get(server.url("/"))).await;
    assert_eq!(response.body.text(), "fatal error");
    assert_eq!(response.encoding.as_deref(), Some("gzip"));
    assert_eq!(response.unreadable, None);
    assert!(!server.requests()[0].contains("accept-encoding"));

    let server = Server::answering(vec![answer(
        "200 OK",
        "content-encoding: gzip\r\n",
        "not gzip",
    )]);
    let server = server.await;
    let response = answered(&Request::get(server.url("/"))).await;
    assert_eq!(response.status, 200);
    assert!(response.unreadable.unwrap().contains("cannot be decoded"));
}

#[tokio::test]
async fn every_request_has_a_connection_of_its_own() {
    let server = Server::handling(|mut stream, number| async move {
        loop {
            if read_request(&mut stream).await.is_empty() {
                return;
            }
            say(&mut stream, answer("200 OK", "", &number.to_string())).await;
        }
    })
    .await;
    for number in 0..3 {
        let response = answered(&Request::get(server.url("/"))).await;
        assert_eq!(response.body.text(), number.to_string());
    }
}

#[tokio::test]
async fn no_timeout_is_too_long_for_the_clock() {
    let server = Server::answering(vec![answer("200 OK", "", "")]).await;
    let request = Request {
        timeout: Duration::MAX,
        ..Request::get(server.url("/"))
    };
    assert_eq!(answered(&request).await.status, 200);
}

#[tokio::test]
async fn the_duration_is_that_of_the_whole_exchange() {
    let server = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        say(&mut stream, "b").await;
    })
    .await;
    let seen = direct(&Request::get(server.url("/"))).await;
    assert!(
        seen.duration >= Duration::from_millis(200),
        "{:?}",
        seen.duration
    );
    assert_eq!(seen.vantage, "local");
    assert_eq!(seen.answer.unwrap().body.text(), "ab");
}

#[tokio::test]
async fn the_proxy_environment_is_ignored() {
    if in_child() {
        let direct = std::env::var("TEST_SERVER").unwrap();
        assert_eq!(answered(&Request::get(direct)).await.body.text(), "direct");
        return;
    }
    let server = Server::answering(vec![answer("200 OK", "", "direct")]).await;
    let proxy = Server::answering(vec![answer("200 OK", "", "proxy")]).await;
    let (url, proxy_url) = (server.url("/"), proxy.url(""));
    let run = tokio::task::spawn_blocking(move || {
        let name = "probe::tests::answer::the_proxy_environment_is_ignored";
        let names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let mut env: Vec<_> = names.map(|name| (name, Path::new(&proxy_url))).into();
        env.push(("TEST_SERVER", Path::new(&url)));
        passes_in_child(name, &env)
    });
    run.await.unwrap().unwrap();
    assert_eq!(proxy.requests(), [""; 0]);
    assert_eq!(server.requests().len(), 1);
}
