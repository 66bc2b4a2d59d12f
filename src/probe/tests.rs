//! Every cause of no answer, and every promise of an answer, over real sockets.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::http::ask_through;
use super::test_servers::*;
use super::{Request, Route, TlsTrust, ask, endpoint};
use crate::host::Fault;
use crate::observation::{HttpObservation, HttpResponse, NoAnswer, NoAnswerCause};

async fn direct(request: &Request) -> HttpObservation {
    ask(request, "local", Route::Direct).await.unwrap()
}

async fn answered(request: &Request) -> HttpResponse {
    direct(request).await.answer.unwrap()
}

async fn unanswered(request: &Request) -> NoAnswer {
    direct(request).await.answer.unwrap_err()
}

async fn cause(request: &Request) -> NoAnswerCause {
    unanswered(request).await.cause
}

async fn fault(request: &Request) -> Fault {
    ask(request, "local", Route::Direct).await.unwrap_err()
}

/// A request for a name at a server's address.
fn at(scheme: &str, name: &str, addr: SocketAddr) -> Request {
    Request {
        resolve: Some(addr.to_string()),
        ..get(format!("{scheme}://{name}/"))
    }
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    let mut all = response.headers.iter();
    all.find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

mod no_answer {
    use super::*;

    #[tokio::test]
    async fn a_closed_port_refuses() {
        let addr = closed_port().await;
        let seen = unanswered(&get(format!("http://{addr}/"))).await;
        assert_eq!(seen.cause, NoAnswerCause::Refused);
        assert!(seen.detail.contains("refused"), "{}", seen.detail);
        assert_eq!(
            cause(&get(format!("https://{addr}/"))).await,
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
            let request = get(server.url("/"));
            assert_eq!(cause(&request).await, NoAnswerCause::Reset, "{read_first}");
            let request = at("https", "a.test", server.addr);
            assert_eq!(cause(&request).await, NoAnswerCause::Reset, "{read_first}");
        }
    }

    #[tokio::test]
    async fn a_reset_inside_the_body_is_a_reset_and_tells_how_far_it_came() {
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
        let seen = unanswered(&get(server.url("/"))).await;
        assert_eq!(seen.cause, NoAnswerCause::Reset);
        assert!(seen.detail.contains("status 200"), "{}", seen.detail);
        assert!(seen.detail.contains("4 bytes"), "{}", seen.detail);
    }

    #[tokio::test]
    async fn a_close_without_a_byte_is_empty() {
        let server = Server::answering(vec![""]).await;
        assert_eq!(cause(&get(server.url("/"))).await, NoAnswerCause::Empty);
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

    #[tokio::test]
    async fn half_an_answer_is_empty() {
        for half in [
            "HTTP/1.1 200 O",
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ] {
            let server = Server::answering(vec![half]).await;
            assert_eq!(
                cause(&get(server.url("/"))).await,
                NoAnswerCause::Empty,
                "{half}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_http_is_empty() {
        for other in [
            "SSH-2.0-OpenSSH_9.2p1\r\n",
            "220 mail.test ESMTP\r\n",
            "\x15\x03\x03\x00\x02\x02\x46",
            "HTTP/1.1 099 Low\r\n\r\n",
            "HTTP/1.1 000 None\r\n\r\n",
            "HTTP/1.1 1000 High\r\n\r\n",
        ] {
            let server = Server::answering(vec![other]).await;
            let seen = unanswered(&get(server.url("/"))).await;
            assert_eq!(
                seen.cause,
                NoAnswerCause::Empty,
                "{other:?}: {}",
                seen.detail
            );
            assert!(
                seen.detail.contains("no HTTP"),
                "{other:?}: {}",
                seen.detail
            );
        }
    }

    #[tokio::test]
    async fn plain_http_to_a_tls_port_is_empty() {
        let server = Server::tls(&Identity::self_signed(&["a.test"]), "").await;
        assert_eq!(cause(&get(server.url("/"))).await, NoAnswerCause::Empty);
    }

    #[tokio::test]
    async fn a_server_that_never_answers_times_out_at_the_deadline() {
        let server = Server::handling(|mut stream, _| async move {
            read_request(&mut stream).await;
            std::future::pending::<()>().await;
        })
        .await;
        for request in [get(server.url("/")), at("https", "a.test", server.addr)] {
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
    async fn a_body_that_never_ends_times_out_and_tells_that_the_status_came() {
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
            ..get(server.url("/"))
        };
        let seen = unanswered(&request).await;
        assert_eq!(seen.cause, NoAnswerCause::Timeout);
        assert!(
            seen.detail.starts_with("status 200 came"),
            "{}",
            seen.detail
        );
        assert!(seen.detail.ends_with("within 400ms"), "{}", seen.detail);
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_dns() {
        assert_eq!(
            cause(&get("http://name.invalid/")).await,
            NoAnswerCause::Dns
        );
        let seen = unanswered(&get("https://name.invalid/")).await;
        assert_eq!(seen.cause, NoAnswerCause::Dns);
        assert!(seen.detail.contains("name.invalid"), "{}", seen.detail);
        let request = Request {
            resolve: Some("other.invalid".into()),
            ..get("http://localhost/")
        };
        let seen = unanswered(&request).await;
        assert_eq!(seen.cause, NoAnswerCause::Dns);
        assert!(seen.detail.contains("other.invalid"), "{}", seen.detail);
    }
}

mod tls {
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
        assert!(seen.detail.contains("no TLS"), "{}", seen.detail);
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
            ..get(format!("https://a.test:{port}/x"))
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
            ..get("http://a.test/")
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
            ..get("https://a.test/")
        };
        assert_eq!(answered(&request).await.status, 200);
    }

    fn sha256(der: &[u8]) -> String {
        let digest = Sha256::digest(der);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

mod answer {
    use super::*;

    #[tokio::test]
    async fn a_real_999_is_an_answer_and_never_the_sentinel() {
        for status in [999, 100 + 1, 299, 600] {
            let server = Server::answering(vec![answer(&format!("{status} X"), "", "")]).await;
            assert_eq!(answered(&get(server.url("/"))).await.status, status);
        }
    }

    #[tokio::test]
    async fn headers_and_body_arrive_as_sent() {
        let headers = "X-One: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Two: \u{e9}\r\n";
        let server = Server::answering(vec![answer("200 OK", headers, "a\nb")]).await;
        let response = answered(&get(server.url("/p?q"))).await;
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
        let request = get(server.url("/a"));
        let response = answered(&request).await;
        assert_eq!(
            (response.status, header(&response, "location")),
            (302, Some("/b"))
        );
        assert_eq!(server.requests().len(), 1);

        let server = Server::answering(vec![to("/b"), to("/c"), answer("200 OK", "", "end")]).await;
        let request = Request {
            follow: 2,
            ..get(server.url("/a"))
        };
        let response = answered(&request).await;
        assert_eq!((response.status, response.url), (200, server.url("/c")));
        assert_eq!(response.body.text(), "end");
    }

    #[tokio::test]
    async fn one_redirect_too_many_is_itself_the_answer() {
        let server = Server::answering(vec![answer("302 Found", "location: /again\r\n", "")]).await;
        let request = Request {
            follow: 3,
            ..get(server.url("/"))
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
            ..get(server.url("/"))
        };
        assert_eq!(answered(&request).await.status, 302);
    }

    #[tokio::test]
    async fn a_redirect_to_a_closed_port_is_no_answer() {
        let closed = closed_port().await;
        let headers = format!("location: http://{closed}/\r\n");
        let server = Server::answering(vec![answer("302 Found", &headers, "")]).await;
        let request = Request {
            follow: 1,
            ..get(server.url("/"))
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
    async fn method_headers_and_body_are_sent() {
        let server = Server::answering(vec![answer("201 Created", "", "")]).await;
        let request = Request {
            method: "POST".into(),
            headers: vec![
                ("X-A".into(), "1".into()),
                ("Host".into(), "other.test".into()),
            ],
            body: Some(b"{\"a\":1}".to_vec()),
            ..get(server.url("/"))
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
        let server =
            Server::answering(vec!["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"]).await;
        let request = Request {
            method: "HEAD".into(),
            ..get(server.url("/"))
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
            ..get(server.url("/"))
        };
        let body = answered(&request).await.body;
        assert_eq!((body.bytes.len(), body.total), (1000, size as u64));
        assert!(body.is_truncated());
        let request = Request {
            body_limit: size,
            ..get(server.url("/"))
        };
        assert!(!answered(&request).await.body.is_truncated());
    }

    #[tokio::test]
    async fn compressed_bytes_stay_compressed_and_are_not_asked_for() {
        let server = Server::answering(vec![answer(
            "200 OK",
            "content-encoding: gzip\r\n",
            "not gzip",
        )]);
        let server = server.await;
        let response = answered(&get(server.url("/"))).await;
        assert_eq!(response.body.text(), "not gzip");
        assert!(!server.requests()[0].contains("accept-encoding"));
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
            let response = answered(&get(server.url("/"))).await;
            assert_eq!(response.body.text(), number.to_string());
        }
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
        let seen = direct(&get(server.url("/"))).await;
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
            assert_eq!(answered(&get(direct)).await.body.text(), "direct");
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
}

mod faults {
    use super::*;

    #[tokio::test]
    async fn a_request_that_makes_no_sense_is_a_fault_that_names_it() {
        let good = get("http://127.0.0.1:1/");
        for (request, words) in [
            (get("ftp://a.test/"), "ftp://a.test/"),
            (
                Request {
                    method: "G ET".into(),
                    ..good.clone()
                },
                "G ET",
            ),
            (
                Request {
                    headers: vec![("x".into(), "1".into()), ("a b".into(), "1".into())],
                    ..good.clone()
                },
                "a b",
            ),
            (
                Request {
                    headers: vec![("x-y".into(), "1\n2".into())],
                    ..good.clone()
                },
                "x-y",
            ),
            (
                Request {
                    resolve: Some("127.0.0.1:2".into()),
                    ..good.clone()
                },
                "127.0.0.1:2",
            ),
        ] {
            let fault = fault(&request).await;
            assert!(fault.to_string().contains(words), "{fault}");
        }
    }

    #[tokio::test]
    async fn running_out_of_file_handles_is_a_fault_and_no_refusal() {
        if !in_child() {
            let name =
                "probe::tests::faults::running_out_of_file_handles_is_a_fault_and_no_refusal";
            let run = tokio::task::spawn_blocking(move || passes_in_child(name, &[]));
            return run.await.unwrap().unwrap();
        }
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let addr = closed_port().await;
        let limit = Rlimit {
            current: Some(0),
            ..getrlimit(Resource::Nofile)
        };
        setrlimit(Resource::Nofile, limit).unwrap();
        for url in [
            format!("http://{addr}/"),
            format!("http://localhost:{}/", addr.port()),
        ] {
            let fault = fault(&get(url)).await;
            assert!(fault.to_string().contains("file handles"), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_machine_without_a_trust_store_can_ask_plain_http_and_says_so_for_https() {
        if in_child() {
            let url = std::env::var("TEST_SERVER").unwrap();
            assert_eq!(answered(&get(url)).await.status, 200);
            let fault = fault(&get("https://127.0.0.1:1/")).await;
            assert!(fault.to_string().contains("CA certificates"), "{fault}");
            return;
        }
        let server = Server::answering(vec![answer("200 OK", "", "")]).await;
        let url = server.url("/");
        let run = tokio::task::spawn_blocking(move || {
            let name = "probe::tests::faults::a_machine_without_a_trust_store_can_ask_plain_http_and_says_so_for_https";
            let env = [
                ("SSL_CERT_FILE", Path::new("/dev/null")),
                ("SSL_CERT_DIR", Path::new("")),
                ("TEST_SERVER", Path::new(&url)),
            ];
            passes_in_child(name, &env)
        });
        run.await.unwrap().unwrap();
    }
}

/// Through a Unix socket as an SSH forward provides it, with a relay in place of ssh.
mod through {
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
            ..get("https://a.test/x")
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
            let request = Request { tls, ..get(url) };
            // What sshd said of some other connection must not hide the endpoint's certificate.
            let said = Ok(Some("connect failed: Connection refused"));
            let seen = through(&request, &relay, said).await.unwrap();
            assert_eq!(seen.answer.unwrap_err().cause, NoAnswerCause::Tls, "{url}");
        }
        let request = Request {
            tls: TlsTrust::Insecure,
            ..get("https://b.test/")
        };
        let seen = through(&request, &relay, Ok(None)).await.unwrap();
        assert_eq!(seen.answer.unwrap().status, 200);
    }

    #[tokio::test]
    async fn the_reason_of_sshd_decides_when_the_connection_just_closed() {
        let relay = Relay::to(closed_port().await).await;
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
                let seen = through(&get(url), &relay, Ok(said)).await.unwrap();
                assert_eq!(seen.answer.unwrap_err().cause, expected, "{url} {said:?}");
            }
            let said = Ok(Some("administratively prohibited: open failed"));
            let fault = through(&get(url), &relay, said).await.unwrap_err();
            assert!(matches!(fault, Fault::NotAllowed { ref host, .. } if host == "cc-ci"));
            let fault = through(&get(url), &relay, Err(link_lost()))
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
        let seen = through(&get("http://a.test/"), &relay, Ok(None))
            .await
            .unwrap();
        assert_eq!(seen.answer.unwrap_err().cause, NoAnswerCause::Empty);
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
            ..get("http://a.test/")
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
        let relay = Relay::to(closed_port().await).await;
        let socket = relay.socket();
        let request = get("http://a.test/");
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
                ..get("http://a.test/")
            };
            let seen = through(&request, &relay, Ok(None)).await.unwrap();
            assert_eq!(seen.answer.unwrap().status, expected, "{place}");
        }
    }
}
