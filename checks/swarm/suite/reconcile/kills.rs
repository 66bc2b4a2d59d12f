//! The program is killed, or told to stop, at several moments.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use test_kit::trials::trial;

use test_kit::desk::{Desk, NEW, OLD};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_kill_on_the_way_forward_ends_committed", forward),
        trial("a_kill_on_the_way_back_ends_rolled_back", back),
        trial("told_to_stop_it_leaves_at_once_and_can_be_resumed", stop),
    ]
}

fn forward() {
    let desk = Desk::new("forward", 18203);
    desk.release(OLD, "");
    desk.run(&["traefik"]).is(0, "deployed");
    // Each from one Traefik to the other, so that the process really changes.
    let moments = [
        ("planned", 0, NEW),
        ("deploying", 0, "5.2.1+v3.6.15"),
        ("gating", 0, "5.2.2+v3.7.15"),
        ("gating", 1500, "5.2.3+v3.6.15"),
    ];
    for (state, later, tag) in moments {
        desk.release(tag, "");
        let before = desk.last_good();
        let mut program = desk.start_until(&["traefik"], state);
        std::thread::sleep(Duration::from_millis(later));
        program.kill();
        assert_eq!(
            desk.last_good(),
            before,
            "not committed before it was seen healthy"
        );
        desk.run(&["traefik"]).is(0, "upgraded");
        assert_eq!(desk.last_good(), tag, "killed {later} ms after {state}");
        assert_eq!(desk.journal_state().as_deref(), Some("committed"));
        let app = tag.split_once("+v").unwrap().1;
        assert_eq!(desk.answers().as_deref(), Some(app));
    }
}

fn back() {
    let desk = Desk::new("back", 18204);
    desk.release(OLD, "");
    desk.run(&["traefik"]).is(0, "deployed");
    let moments = [
        ("restored", "5.2.0+v3.6.15"),
        ("re-gating", "5.2.1+v3.6.15"),
    ];
    for (state, tag) in moments {
        desk.release_broken(tag);
        desk.gate(Duration::from_secs(30));
        desk.start_until(&["traefik"], state).kill();
        let quarantine = std::fs::read_to_string(desk.home().join("quarantine.json")).unwrap();
        assert!(quarantine.contains(tag), "quarantined before it went back");
        // What comes back is well; how soon the engine has it is up to the machine.
        desk.gate(Duration::from_secs(120));
        let report = desk.run(&["traefik"]).is(20, "rolled-back");
        assert!(report["alert"].is_string());
        assert_eq!(desk.last_good(), OLD);
        assert_eq!(desk.journal_state().as_deref(), Some("rolled-back"));
        assert_eq!(desk.answers().as_deref(), Some("3.6.15"));
    }
    desk.run(&["traefik"]).is(10, "held-quarantined");
}

fn stop() {
    let desk = Desk::new("stop", 18205);
    desk.release(OLD, "");
    desk.run(&["traefik"]).is(0, "deployed");
    desk.release(NEW, "");
    let mut program = desk.start_until(&["traefik"], "gating");
    // Somebody else's run is refused meanwhile.
    let second = desk.run(&["traefik"]);
    assert_eq!(second.code, Some(40), "{second:?}");
    assert!(second.err.contains("is busy"), "{second:?}");
    let told = Instant::now();
    let ended = program.terminate();
    assert!(
        told.elapsed() < Duration::from_secs(3),
        "{:?}",
        told.elapsed()
    );
    assert_eq!(ended.code, Some(40), "{ended:?}");
    assert!(ended.err.contains("SIGTERM"), "{ended:?}");
    assert_eq!(desk.journal_state().as_deref(), Some("gating"));
    desk.run(&["resume", "traefik"]).is(0, "upgraded");
    assert_eq!(desk.last_good(), NEW);
    let nothing = desk.run(&["resume", "traefik"]);
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(nothing.json()["outcome"].is_null(), "{nothing:?}");
}
