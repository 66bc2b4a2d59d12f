//! Through a Unix socket as an SSH forward provides it, with a relay in place of ssh.

use super::*;

async fn through(
    request: &Request,
    relay: &Relay,
    refusal: Result<Option<&str>, Fault>,
) -> Result<HttpObservation, Fault> {
    let refusal = refusal.map(|reason| reason.map(str::to_owned));
    let endpoint = endpoint(request).unwrap();
    ask_through(request, &endpoint, "cc-ci", &relay.socket(), async || {
        refusal
    })
    .await
}

fn link_lost() -> Fault {
    Fault::LinkLost {
        host: "cc-ci".into(),
        detail: "gone".into(),
    }
}

#[tokio::test]
async fn sni_host_and_certificate_check_are_those_of_the_url() {
    let ca = Ca::new();
    let identity = ca.issue(&["a.test"]);
    let server = Server::tls(&identity, answer("200 OK", "", "through")).await;
    let relay = Relay::to(server.addr).await;
    let request = Request {
        tls: TlsTrust::Ca(ca.pem.clone()),
        ..Request::get("https://a.test/x")
    };
    let seen = through(&request, &relay, Ok(None)).await.unwrap();
    assert_eq!(seen.vantage, "cc-ci");
    let response = seen.answer.unwrap();
    assert_eq!(
        (response.status, response.body.text()),
        (200, "through".into())
    );
    assert_eq!(response.certificate.unwrap().names[1], "a.test");
    let sent = &server.requests()[0];
    assert!(
        sent.starts_with("sni a.test\nGET /x HTTP/1.1\r\n"),
        "{sent}"
    );
    assert!(sent.contains("host: a.test\r\n"), "{sent}");

    for (url, tls) in [
        ("https://b.test/", TlsTrust::Ca(ca.pem.clone())),
        ("https://a.test/", TlsTrust::Verify),
    ] {
        let request = Request {
            tls,
            ..Request::get(url)
        };
        // What sshd said of some other connection must not hide the endpoint's certificate.
        let said = Ok(Some("connect failed: Connection refused"));
        let seen = through(&request, &relay, said).await.unwrap();
        assert_eq!(seen.answer.unwrap_err().cause, NoAnswerCause::Tls, "{url}");
    }
    let request = Request {
        tls: TlsTrust::Insecure,
        ..Request::get("https://b.test/")
    };
    let seen = through(&request, &relay, Ok(None)).await.unwrap();
    assert_eq!(seen.answer.unwrap().status, 200);
}

#[tokio::test]
async fn the_reason_of_sshd_decides_when_the_connection_just_closed() {
    let closed = closed_port();
    let relay = Relay::to(closed.addr).await;
    for url in ["http://a.test/", "https://a.test/"] {
        for (said, expected) in [
            (
                Some("connect failed: Connection refused"),
                NoAnswerCause::Refused,
            ),
            (
                Some("connect failed: Name or service not known"),
                NoAnswerCause::Dns,
            ),
            (
                Some("connect failed: Connection timed out"),
                NoAnswerCause::Timeout,
            ),
            (None, NoAnswerCause::Empty),
        ] {
            let seen = through(&Request::get(url), &relay, Ok(said)).await.unwrap();
            assert_eq!(seen.answer.unwrap_err().cause, expected, "{url} {said:?}");
        }
        let said = Ok(Some("administratively prohibited: open failed"));
        let fault = through(&Request::get(url), &relay, said).await.unwrap_err();
        assert!(matches!(fault, Fault::NotAllowed { ref host, .. } if host == "cc-ci"));
        let fault = through(&Request::get(url), &relay, Err(link_lost()))
            .await
            .unwrap_err();
        assert_eq!(fault, link_lost());
    }
}

#[tokio::test]
async fn a_reset_behind_the_forward_looks_like_a_close() {
    let server = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let relay = Relay::to(server.addr).await;
    let seen = through(&Request::get("http://a.test/"), &relay, Ok(None))
        .await
        .unwrap();
    assert_eq!(seen.answer.unwrap_err().cause, NoAnswerCause::Empty);
}

#[tokio::test]
async fn what_breaks_off_behind_the_forward_is_broken_unless_the_link_was_lost() {
    for (part, expected) in [
        ("HTTP/1.1 200 OK\r\nx: ", NoAnswerCause::Broken),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
            NoAnswerCause::Broken,
        ),
        ("", NoAnswerCause::Refused),
    ] {
        let server = Server::answering(vec![part.to_owned()]).await;
        let relay = Relay::to(server.addr).await;
        let request = Request::get("http://a.test/");
        // What sshd said of some other connection must not hide that this one answered.
        let said = Ok(Some("connect failed: Connection refused"));
        let seen = through(&request, &relay, said).await.unwrap();
        assert_eq!(seen.answer.unwrap_err().cause, expected, "{part:?}");
        let lost = through(&request, &relay, Err(link_lost())).await;
        assert_eq!(lost.unwrap_err(), link_lost(), "{part:?}");
    }
}

#[tokio::test]
async fn a_deadline_is_a_timeout_unless_the_link_was_lost() {
    let server = Server::handling(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let relay = Relay::to(server.addr).await;
    let request = Request {
        timeout: Duration::from_millis(200),
        ..Request::get("http://a.test/")
    };
    let seen = through(&request, &relay, Ok(None)).await.unwrap();
    assert_eq!(seen.answer.unwrap_err().cause, NoAnswerCause::Timeout);
    let fault = through(&request, &relay, Err(link_lost()))
        .await
        .unwrap_err();
    assert_eq!(fault, link_lost());
}

#[tokio::test]
async fn a_socket_nobody_listens_on_is_a_lost_link_and_no_refusal() {
    let closed = closed_port();
    let relay = Relay::to(closed.addr).await;
    let socket = relay.socket();
    let request = Request::get("http://a.test/");
    let place = endpoint(&request).unwrap();
    // Dropping a listener leaves its file behind, as a killed ssh does.
    let dead = socket.with_file_name("dead");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    for path in [dead, socket.with_file_name("never")] {
        let answer = ask_through(&request, &place, "cc-ci", &path, async || Ok(None)).await;
        let fault = answer.unwrap_err();
        assert!(
            matches!(fault, Fault::LinkLost { ref host, .. } if host == "cc-ci"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_followed_to_the_same_endpoint_only() {
    let to = |place: &str| answer("302 Found", &format!("location: {place}\r\n"), "");
    let end = answer("200 OK", "", "end");
    for (place, expected) in [
        ("http://a.test/b", 200),
        ("http://b.test/", 302),
        ("http://a.test:81/", 302),
        ("https://a.test/", 302),
    ] {
        let server = Server::answering(vec![to(place), end.clone()]).await;
        let relay = Relay::to(server.addr).await;
        let request = Request {
            follow: 5,
            ..Request::get("http://a.test/")
        };
        let seen = through(&request, &relay, Ok(None)).await.unwrap();
        assert_eq!(seen.answer.unwrap().status, expected, "{place}");
    }
}
