//! What could not be asked is never "no answer".

use super::*;

#[tokio::test]
async fn a_request_that_makes_no_sense_is_a_fault_that_names_it() {
    let good = Request::get("http://127.0.0.1:1/");
    for (request, words) in [
        (Request::get("ftp://a.test/"), "ftp://a.test/"),
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
        let name = "probe::tests::faults::running_out_of_file_handles_is_a_fault_and_no_refusal";
        let run = tokio::task::spawn_blocking(move || passes_in_child(name, &[]));
        return run.await.unwrap().unwrap();
    }
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let closed = closed_port();
    let addr = closed.addr;
    let limit = Rlimit {
        current: Some(0),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    for url in [
        format!("http://{addr}/"),
        format!("http://localhost:{}/", addr.port()),
    ] {
        let fault = fault(&Request::get(url)).await;
        assert!(fault.to_string().contains("file handles"), "{fault}");
    }
}

#[tokio::test]
async fn a_machine_without_a_trust_store_can_ask_plain_http_and_says_so_for_https() {
    if in_child() {
        let url = std::env::var("TEST_SERVER").unwrap();
        assert_eq!(answered(&Request::get(url)).await.status, 200);
        let fault = fault(&Request::get("https://127.0.0.1:1/")).await;
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
