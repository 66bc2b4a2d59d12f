//! Commands: what comes back, and what goes there.

use gateproof::observation::{Captured, Ending};
use libtest_mimic::Trial;

use crate::kit::{host, run, trial};
use crate::support::sshd::Sshd;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "status_and_streams_come_back_apart_and_binary_safe",
        streams,
    )]
}

async fn streams() {
    let server = Sshd::builder().start();
    let host = host(&server);
    let seen = run(&host, r"printf 'a\000\377b'; printf err >&2; exit 3").await;
    assert_eq!(seen.ending, Ending::Exited(3));
    assert_eq!(seen.stdout, Captured::whole(*b"a\0\xffb"));
    assert_eq!(seen.stderr, Captured::whole(*b"err"));
    for (text, want) in [
        ("exit 255", Ending::Exited(255)),
        ("exit 137", Ending::Exited(137)),
        ("kill -9 $$", Ending::Signalled(9)),
    ] {
        assert_eq!(run(&host, text).await.ending, want, "{text}");
    }
    let begin = std::time::Instant::now();
    for _ in 0..50 {
        run(&host, "printf ok").await;
    }
    println!("50 in {:?}", begin.elapsed());
    host.close().await;
}
