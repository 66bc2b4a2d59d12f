use super::*;
use crate::health::tests::{spec, version};
use crate::spec::Identity;
use kit::json_path::parse_json_path;

fn https(tls: SpecTls, identity: Identity) -> AppSpec {
    AppSpec {
        health_scheme: "https".into(),
        tls,
        identity,
        ..spec()
    }
}

fn identity(version: bool, started: bool) -> Identity {
    let path = |text| parse_json_path(text).unwrap();
    Identity {
        version: version.then(|| path("$.Version")),
        started: started.then(|| path("$.startDate")),
    }
}

async fn proved(spec: &AppSpec) -> Certificate {
    let certificate = prove_gate(spec, &version()).await.unwrap();
    for shown in &certificate.controls {
        assert!(shown.holds(), "{shown:?}");
    }
    assert!(certificate.teeth && certificate.arms(&Gate::new(spec).unwrap()));
    certificate
}

fn open_gaps(certificate: &Certificate) -> usize {
    let gaps = certificate.controls.iter();
    gaps.filter(|shown| shown.verdict.is_none()).count()
}

#[tokio::test]
async fn a_verified_gate_with_an_identity_has_teeth_without_a_gap() {
    let spec = https(SpecTls::Verify, identity(true, false));
    let certificate = proved(&spec).await;
    assert_eq!(open_gaps(&certificate), 0);
    assert_eq!(certificate.controls.len(), Control::ALL.len());
    let json = serde_json::to_string(&certificate).unwrap();
    let read: Certificate = serde_json::from_str(&json).unwrap();
    assert_eq!(read, certificate);

    // It is bound to the configuration, to the program, and to what it says itself.
    let mut other = spec.clone();
    other.times.successes += 1;
    assert!(!read.arms(&Gate::new(&other).unwrap()));
    let gate = Gate::new(&spec).unwrap();
    let mut less = read.clone();
    less.controls.pop();
    assert!(!less.arms(&gate));
    // Another build of the program asks in its own way.
    let mut elsewhere = read.clone();
    elsewhere.program = format!("sha256:{}", "0".repeat(64));
    assert!(!elsewhere.arms(&gate));
    let mut worse = read;
    worse.controls[1].verdict = Some(Verdict::Healthy);
    assert!(!worse.arms(&gate));
}

#[tokio::test]
async fn a_gate_known_by_its_start_or_only_by_its_port_has_teeth_and_names_its_gaps() {
    let started = https(SpecTls::Insecure, identity(false, true));
    assert_eq!(open_gaps(&proved(&started).await), 2);
    let mute = AppSpec {
        health_scheme: "http".into(),
        ..https(SpecTls::Verify, identity(false, false))
    };
    assert_eq!(open_gaps(&proved(&mute).await), 2);
}

#[tokio::test]
async fn a_gate_that_lets_anything_through_is_found_out() {
    // A redirect counts as health, so the control that redirects is let in.
    let loose = AppSpec {
        health_ok: vec![200, 302],
        ..spec()
    };
    let certificate = prove_gate(&loose, &version()).await.unwrap();
    assert!(!certificate.teeth);
    assert!(!certificate.arms(&Gate::new(&loose).unwrap()));
    let failed = certificate.controls.iter().filter(|shown| !shown.holds());
    let failed: Vec<_> = failed.map(|shown| shown.control).collect();
    assert_eq!(failed, [Control::Redirect]);
}

#[tokio::test]
async fn a_gate_that_never_opens_is_found_out() {
    // So many successes do not fit: every negative control is red, and proves nothing.
    let mut shut = spec();
    shut.times.successes = 1_000_000;
    let certificate = prove_gate(&shut, &version()).await.unwrap();
    assert!(!certificate.teeth);
    let right = &certificate.controls[0];
    assert!(right.control == Control::TheRightApp && !right.holds());
}
