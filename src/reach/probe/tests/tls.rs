//! Certificates, and names in TLS.

use tokio::io::AsyncWriteExt;

use super::*;

#[tokio::test]
async fn an_unknown_issuer_is_not_trusted() {
    let server = Server::tls(&Identity::self_signed(&["a.test"]), "").await;
    let seen = unanswered(&at("https", "a.test", server.addr)).await;
    assert_eq!(seen.cause, NoAnswerCause::Tls);
    assert!(
        seen.detail.contains("issuer is not trusted"),
        "{}",
        seen.detail
    );
    assert!(
        server.requests().is_empty(),
        "nothing is sent to a stranger"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_named() {
    let ca = Ca::new();
    let server = Server::tls(&ca.issue_until(&["a.test"], 2021), "").await;
    let request = Request {
        tls: TlsTrust::Ca(ca.pem.clone()),
        ..at("https", "a.test", server.addr)
    };
    let seen = unanswered(&request).await;
    assert_eq!(seen.cause, NoAnswerCause::Tls);
    assert!(seen.detail.contains("has expired"), "{}", seen.detail);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_named() {
    let ca = Ca::new();
    let server = Server::tls(&ca.issue(&["b.test"]), "").await;
    let request = Request {
        tls: TlsTrust::Ca(ca.pem.clone()),
        ..at("https", "a.test", server.addr)
    };
    let seen = unanswered(&request).await;
    assert_eq!(seen.cause, NoAnswerCause::Tls);
    assert!(seen.detail.contains("another name"), "{}", seen.detail);
    assert!(seen.detail.contains("b.test"), "{}", seen.detail);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_tls() {
    let server = Server::handling(|mut stream, _| async move {
        say(
            &mut stream,
            answer("400 Bad Request", "", "plain text only"),
        )
        .await;
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let request = Request {
        tls: TlsTrust::Insecure,
        ..at("https", "a.test", server.addr)
    };
    let seen = unanswered(&request).await;
    assert_eq!(seen.cause, NoAnswerCause::Tls);
    assert!(seen.detail.contains("not TLS"), "{}", seen.detail);
}

#[tokio::test]
async fn an_alert_in_place_of_a_handshake_is_tls() {
    let server = Server::handling(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        // fatal, unrecognized_name
        say(&mut stream, b"\x15\x03\x03\x00\x02\x02\x70").await;
    })
    .await;
    let seen = unanswered(&at("https", "a.test", server.addr)).await;
    assert_eq!(seen.cause, NoAnswerCause::Tls, "{}", seen.detail);
    assert!(seen.detail.contains("handshake failed"), "{}", seen.detail);
}

#[tokio::test]
async fn resolve_keeps_sni_host_and_certificate_check_of_the_url() {
    let ca = Ca::new();
    let identity = ca.issue(&["a.test"]);
    let server = Server::tls(&identity, answer("200 OK", "", "secret")).await;
    let port = server.addr.port();
    let ca = TlsTrust::Ca(ca.pem.clone());
    // The port in the URL is part of the Host header; the scheme's own is not.
    let in_url = Request {
        resolve: Some("127.0.0.1".into()),
        tls: ca.clone(),
        ..Request::get(format!("https://a.test:{port}/x"))
    };
    let in_resolve = Request {
        tls: ca,
        ..at("https", "a.test", server.addr)
    };
    for request in [&in_url, &in_resolve] {
        let response = answered(request).await;
        assert_eq!(
            (response.status, response.body.text()),
            (200, "secret".into())
        );
        let certificate = response.certificate.unwrap();
        assert_eq!(certificate.sha256, sha256(&identity.der));
        assert_eq!(certificate.names, ["rcgen self signed cert", "a.test"]);
        assert!(certificate.days_left > 20_000, "{certificate:?}");
    }
    let requests = server.requests();
    assert!(
        requests[0].starts_with("sni a.test\nGET /x HTTP/1.1\r\n"),
        "{requests:?}"
    );
    assert!(
        requests[0].contains(&format!("host: a.test:{port}\r\n")),
        "{requests:?}"
    );
    assert!(
        requests[1].starts_with("sni a.test\nGET / HTTP/1.1\r\n"),
        "{requests:?}"
    );
    assert!(requests[1].contains("host: a.test\r\n"), "{requests:?}");
}

#[tokio::test]
async fn resolve_may_be_a_name() {
    let server = Server::answering(vec![answer("200 OK", "", "")]).await;
    let request = Request {
        resolve: Some(format!("localhost:{}", server.addr.port())),
        ..Request::get("http://a.test/")
    };
    assert_eq!(answered(&request).await.status, 200);
    assert!(server.requests()[0].contains("host: a.test\r\n"));
}

#[tokio::test]
async fn insecure_accepts_anything_and_captures_the_certificate() {
    let identity = Identity::self_signed(&["other.test"]);
    let server = Server::tls(&identity, answer("200 OK", "", "")).await;
    let request = Request {
        tls: TlsTrust::Insecure,
        ..at("https", "a.test", server.addr)
    };
    let certificate = answered(&request).await.certificate.unwrap();
    assert_eq!(certificate.sha256, sha256(&identity.der));
    assert!(certificate.names.contains(&"other.test".to_owned()));
}

#[tokio::test]
async fn an_expired_certificate_accepted_insecurely_has_negative_days() {
    let expired = Ca::new().issue_until(&["a.test"], 2021);
    let server = Server::tls(&expired, answer("200 OK", "", "")).await;
    let request = Request {
        tls: TlsTrust::Insecure,
        ..at("https", "a.test", server.addr)
    };
    let certificate = answered(&request).await.certificate.unwrap();
    assert_eq!(certificate.not_after, 1_609_459_200);
    assert!(certificate.days_left < -1000, "{certificate:?}");
}

#[tokio::test]
async fn a_ca_replaces_the_system_store_and_a_file_without_one_is_a_fault() {
    let server = Server::tls(&Ca::new().issue(&["a.test"]), "").await;
    let request = |pem: Vec<u8>| Request {
        tls: TlsTrust::Ca(pem),
        ..at("https", "a.test", server.addr)
    };
    assert_eq!(cause(&request(Ca::new().pem)).await, NoAnswerCause::Tls);
    for pem in [
        "",
        "no PEM",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let fault = fault(&request(pem.into())).await;
        assert!(fault.to_string().contains("CA file"), "{pem}: {fault}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_its_own_ca() {
    let identity = Identity::self_signed(&["a.test"]);
    let server = Server::tls(&identity, answer("200 OK", "", "")).await;
    let request = Request {
        tls: TlsTrust::Ca(identity.pem.clone()),
        ..at("https", "a.test", server.addr)
    };
    assert_eq!(answered(&request).await.status, 200);
}

#[tokio::test]
async fn verify_uses_the_systems_store_that_ssl_cert_file_names() {
    let ca = Ca::new();
    if in_child() {
        return child_trusts_its_store().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.pem");
    std::fs::write(&store, &ca.pem).unwrap();
    let server = Server::tls(&ca.issue(&["a.test"]), answer("200 OK", "", "")).await;
    let port = server.addr.port().to_string();
    let name = "probe::tests::tls::verify_uses_the_systems_store_that_ssl_cert_file_names";
    let env = [
        ("SSL_CERT_FILE", store.as_path()),
        ("SSL_CERT_DIR", Path::new("")),
        ("TEST_PORT", Path::new(&port)),
    ];
    let run = tokio::task::spawn_blocking({
        let env = env.map(|(name, value)| (name, value.to_owned()));
        move || passes_in_child(name, &env.each_ref().map(|(n, v)| (*n, v.as_path())))
    });
    run.await.unwrap().unwrap();
    // The same server without that store is a stranger.
    assert_eq!(
        cause(&at("https", "a.test", server.addr)).await,
        NoAnswerCause::Tls
    );
}

async fn child_trusts_its_store() {
    let port = std::env::var("TEST_PORT").unwrap();
    let request = Request {
        resolve: Some(format!("127.0.0.1:{port}")),
        ..Request::get("https://a.test/")
    };
    assert_eq!(answered(&request).await.status, 200);
}

/// The library hides an I/O error under HTTP/2 better than under HTTP/1.
#[tokio::test]
async fn a_reset_under_http_2_is_a_reset_and_a_close_is_empty() {
    let identity = Identity::self_signed(&["a.test"]);
    for (reset, expected) in [(true, NoAnswerCause::Reset), (false, NoAnswerCause::Empty)] {
        let acceptor = identity.acceptor(&["h2"]);
        let server = Server::handling(move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                // An empty SETTINGS frame, then a moment for the request to be on its way.
                say(&mut stream, b"\0\0\0\x04\0\0\0\0\0").await;
                let _ = stream.read(&mut [0; 4096]).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                if reset {
                    stream.get_ref().0.set_zero_linger().unwrap();
                } else {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.shutdown().await;
                }
            }
        })
        .await;
        let request = Request {
            tls: TlsTrust::Insecure,
            ..at("https", "a.test", server.addr)
        };
        let seen = unanswered(&request).await;
        assert_eq!(seen.cause, expected, "{}", seen.detail);
    }
}

fn sha256(der: &[u8]) -> String {
    let digest = Sha256::digest(der);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The refusal comes after the client's handshake, so that its form is a race: asked many times.
#[tokio::test]
async fn a_client_certificate_that_is_asked_for_is_always_tls() {
    let identity = Identity::self_signed(&["a.test"]);
    let clients = Identity::self_signed(&["clients.test"]);
    let server = Server::tls_for_clients_of(&identity, &clients, answer("200 OK", "", "")).await;
    let request = Request {
        tls: TlsTrust::Insecure,
        ..at("https", "a.test", server.addr)
    };
    for _ in 0..60 {
        let seen = unanswered(&request).await;
        assert_eq!(seen.cause, NoAnswerCause::Tls, "{}", seen.detail);
        assert!(
            seen.detail.contains("client certificate"),
            "{}",
            seen.detail
        );
    }
}
