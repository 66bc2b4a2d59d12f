//! The stand-in over real sockets, asked with the probe that claims use.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::*;
use reach::observation::NoAnswerCause;
use test_kit::servers::{in_child, this_test};

async fn seen(stand_in: &StandIn, host: &str, path: &str) -> Result<(u16, String), NoAnswerCause> {
    asked(stand_in.proxy, host, path).await
}

async fn asked(proxy: SocketAddr, host: &str, path: &str) -> Result<(u16, String), NoAnswerCause> {
    let request = Request {
        resolve: Some(proxy.to_string()),
        ..Request::get(format!("http://{host}{path}"))
    };
    let observation = send(&request, "local", Route::Direct).await.unwrap();
    let answer = observation.answer.map_err(|none| none.cause)?;
    Ok((answer.status, answer.body.text().into_owned()))
}

async fn tell(stand_in: &StandIn, words: &str) -> Result<String, StandInError> {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    command(&format!("http://{}", stand_in.control), &words).await
}

/// The dashboard's status as soon as it is this, or what it is after ten times the delay.
async fn dashboard_becomes(stand_in: &StandIn, status: u16) -> u16 {
    let end = Instant::now() + 10 * ROUTE_DELAY;
    loop {
        let (now, _) = seen(stand_in, "ci.example.test", "/").await.unwrap();
        if now == status || Instant::now() > end {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_new_probe_answers_while_the_old_one_finds_no_dashboard() {
    let stand_in = StandIn::start().await.unwrap();
    let (status, page) = seen(&stand_in, "ci.example.test", "/").await.unwrap();
    assert_eq!(status, 200);
    assert!(page.contains("stand-in"), "{page}");
    assert_eq!(
        tell(&stand_in, "scale dashboard=0").await.unwrap(),
        "ccci-dashboard_app scaled to 0\n"
    );
    assert_eq!(dashboard_becomes(&stand_in, 404).await, 404);
    let old = seen(&stand_in, "ci.example.test", "/").await;
    assert_eq!(old, Ok((404, "404 page not found\n".into())));
    let new = seen(&stand_in, "traefik.ci.example.test", "/api/version").await;
    let (status, version) = new.unwrap();
    assert_eq!(status, 200);
    assert!(version.contains(r#""Version":"3.6.15""#), "{version}");
    tell(&stand_in, "scale dashboard=1").await.unwrap();
    assert_eq!(dashboard_becomes(&stand_in, 200).await, 200);
}

#[tokio::test]
async fn a_scale_command_returns_before_the_route_is_gone() {
    let stand_in = StandIn::start().await.unwrap();
    tell(&stand_in, "scale dashboard=0").await.unwrap();
    let (status, _) = seen(&stand_in, "ci.example.test", "/").await.unwrap();
    assert_eq!(status, 502);
}

#[tokio::test]
async fn a_proxy_that_is_down_refuses_and_comes_back_on_the_same_port() {
    let stand_in = StandIn::start().await.unwrap();
    for _ in 0..3 {
        tell(&stand_in, "scale proxy=0").await.unwrap();
        for _ in 0..20 {
            let none = seen(&stand_in, "traefik.ci.example.test", "/api/version").await;
            assert_eq!(none, Err(NoAnswerCause::Refused));
        }
        assert_eq!(
            tell(&stand_in, "ps").await.unwrap(),
            "ccci-dashboard_app 1/1\ntraefik_app 0/0\n"
        );
        tell(&stand_in, "scale proxy=1").await.unwrap();
        let (status, _) = seen(&stand_in, "ci.example.test", "/").await.unwrap();
        assert_eq!(status, 200);
    }
    // Twice the same is no error.
    tell(&stand_in, "scale proxy=1").await.unwrap();
    assert_eq!(
        tell(&stand_in, "ps proxy").await.unwrap(),
        "traefik_app 1/1\n"
    );
}

#[tokio::test]
async fn a_wrong_command_and_a_missing_stand_in_are_told_apart() {
    let stand_in = StandIn::start().await.unwrap();
    let refused = tell(&stand_in, "scale dashbord=0").await.unwrap_err();
    assert!(matches!(&refused, StandInError::Refused(words) if words.contains("dashbord")));
    // The proxy's own port is no control port.
    let proxy = format!("http://{}", stand_in.proxy);
    let wrong = command(&proxy, &["ps".into()]).await.unwrap_err();
    assert!(matches!(wrong, StandInError::Unreachable { .. }), "{wrong}");
    let control = format!("http://{}", stand_in.control);
    drop(stand_in);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let gone = command(&control, &["ps".into()]).await.unwrap_err();
    assert!(gone.to_string().contains("refused"), "{gone}");
}

#[tokio::test]
async fn a_silent_client_keeps_nobody_waiting() {
    let stand_in = StandIn::start().await.unwrap();
    let _control = TcpStream::connect(stand_in.control).await.unwrap();
    let _proxy = TcpStream::connect(stand_in.proxy).await.unwrap();
    let started = Instant::now();
    tell(&stand_in, "scale proxy=0").await.unwrap();
    tell(&stand_in, "scale proxy=1").await.unwrap();
    seen(&stand_in, "ci.example.test", "/").await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3));
}

/// A child that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_says_where_it_is_and_ends_cleanly_when_terminated() {
    if in_child() {
        return serve(std::io::stdout()).await.unwrap();
    }
    let name = "stand_in::tests::it_says_where_it_is_and_ends_cleanly_when_terminated";
    let mut child = Killed(this_test(name).stdout(Stdio::piped()).spawn().unwrap());
    let mut output = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut line = |start: &str| {
        let mut lines = output.by_ref().map(Result::unwrap);
        // The test harness of the child prints, too, and not always whole lines.
        lines.find_map(|line| Some(line.split_once(start)?.1.to_owned()))
    };
    let proxy: SocketAddr = line("proxy http://").unwrap().parse().unwrap();
    let control = line("control ").unwrap();
    assert_eq!(line("ready").as_deref(), Some(""));

    assert_eq!(asked(proxy, "ci.example.test", "/").await.unwrap().0, 200);
    let listed = command(&control, &["ps".into()]).await.unwrap();
    assert_eq!(listed, "ccci-dashboard_app 1/1\ntraefik_app 1/1\n");

    let id = rustix::process::Pid::from_child(&child.0);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(line("1 passed").is_some(), "the child's test ends well");
    assert!(child.0.wait().unwrap().success());
}
