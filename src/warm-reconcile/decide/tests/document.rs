//! A plan is carried out only in the world it was made for.

use chrono::DateTime;

use super::*;

fn made() -> PlanDocument {
    PlanDocument::new(behind(), DateTime::UNIX_EPOCH)
}

#[test]
fn a_plan_survives_the_file_and_fits_the_same_world() {
    let json = serde_json::to_string_pretty(&made()).unwrap();
    let read: PlanDocument = serde_json::from_str(&json).unwrap();
    assert_eq!(read, made());
    assert_eq!(read.check(&behind()), Ok(&decide(&behind())));
    assert_eq!(read.outcome, Outcome::Upgraded);
}

#[test]
fn every_part_of_the_world_that_moves_is_named() {
    type Move = (&'static str, fn(&mut World));
    let moves: [Move; 19] = [
        ("app", |w| w.app = "keycloak".into()),
        ("stateful", |w| w.stateful = true),
        ("ask", |w| w.ask = Ask::Converge),
        ("newest", |w| w.newest = newest(MAJOR)),
        ("no_version", |w| w.no_version = "no tag".into()),
        ("running", |w| w.running = running(OLD, false)),
        ("last_good", |w| w.last_good = None),
        ("data", |w| w.data = Some(release(NEW))),
        ("torn", |w| w.torn = true),
        ("previous", |w| w.previous = Some(release(OLDER))),
        ("journal", |w| {
            w.journal = Journal::Unreadable("torn".into())
        }),
        ("unarmed", |w| w.unarmed = true),
        ("baking", |w| w.baking = true),
        ("drift", |w| w.drift = vec!["service app is gone".into()]),
        ("pinned", |w| w.pinned = Some(NEW.into())),
        ("held", |w| w.held = Some("me".into())),
        ("quarantined", |w| w.quarantined = quarantined(&[NEW])),
        ("acknowledged", |w| {
            w.acknowledged.insert(NEW.into());
        }),
        ("engine", |w| w.engine = Engine::Poisoned("port".into())),
    ];
    for (name, change) in moves {
        let mut now = behind();
        change(&mut now);
        assert_eq!(made().check(&now), Err(Moved::World(vec![name.into()])));
    }
    // No field of the world is missing above.
    let fields = serde_json::to_value(behind()).unwrap();
    assert_eq!(fields.as_object().unwrap().len(), moves.len());
}

#[test]
fn a_digest_that_moves_under_the_same_tag_moves_the_world() {
    let mut now = behind();
    now.newest.as_mut().unwrap().release.digest = "another".into();
    assert_eq!(made().check(&now), Err(Moved::World(vec!["newest".into()])));
}

#[test]
fn a_plan_that_somebody_changed_is_refused() {
    let mut other = made();
    other.plan = Plan::FirstDeploy { to: release(MAJOR) };
    assert_eq!(other.check(&behind()), Err(Moved::Altered));
    let mut other = made();
    other.world.held = Some("me".into());
    assert_eq!(other.check(&other.world.clone()), Err(Moved::Altered));
    let mut other = made();
    other.schema = 1;
    assert_eq!(other.check(&behind()), Err(Moved::Schema(1)));
    let more = serde_json::to_string(&made())
        .unwrap()
        .replacen('{', r#"{"x":1,"#, 1);
    assert!(serde_json::from_str::<PlanDocument>(&more).is_err());
}
