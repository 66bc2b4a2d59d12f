//! What a builder would sign after M1.

use super::kit::Lab;
use super::m1::builders_run;

pub const ALL: &[super::Promise] = &[
    (
        "status_says_how_to_verify_and_where_and_nothing_that_was_seen",
        status,
    ),
    ("how_is_pasted_and_shows_what_the_run_saw", pasted),
    ("the_journal_says_who_what_where_and_what_was_seen", journal),
];

fn assert_lines(text: &str, wanted: &[String]) {
    for line in wanted {
        assert!(
            text.lines().any(|l| l.contains(line.as_str())),
            "no line with {line:?} in\n{text}"
        );
    }
}

fn status(lab: &Lab) {
    let run = builders_run(lab);
    let text = &run.status;
    assert_lines(
        text,
        &[
            "## Gate: M1".to_owned(),
            "gateproof verify claims/pxgate.yaml --gate M1".to_owned(),
            format!("- Commit: `{}` (branch `main`)", run.commit),
            format!("sha256 `{}`", run.record.claim.sha256),
            format!("- Host `cc-ci` (`cc-ci`): revision `{}`", run.revision),
            "# EXPECTED: 404 (within 30s)".to_owned(),
            "# Disturb (on cc-ci):".to_owned(),
            "ssh cc-ci 'docker service scale ccci-dashboard_app=0'".to_owned(),
            "# Wait until (on cc-ci) (expected: ".to_owned(),
            "# Restore (on cc-ci):".to_owned(),
            "ssh cc-ci 'docker service scale ccci-dashboard_app=1'".to_owned(),
            "--resolve ci.commoninternet.net:443:127.0.0.1".to_owned(),
            "ssh cc-ci 'systemctl show -p LoadState -p After backupbot-backup.timer'".to_owned(),
            "ssh cc-ci 'ls -A /var/lib/ci-warm/alerts/'".to_owned(),
        ],
    );
    // By hand it is one outage, too.
    assert_eq!(text.matches("ccci-dashboard_app=0").count(), 1, "{text}");
    assert_eq!(text.matches("ccci-dashboard_app=1").count(), 1, "{text}");
    for seen in ["PASS", "ramequin", "boot `", "attempt", "uncommitted"] {
        assert!(!text.contains(seen), "STATUS holds {seen:?}:\n{text}");
    }
}

fn journal(lab: &Lab) {
    let run = builders_run(lab);
    let text = &run.journal;
    assert_lines(
        text,
        &[
            "(builder), gateproof ".to_owned(),
            "`gateproof verify claims/pxgate.yaml --gate M1 --as builder`".to_owned(),
            format!("- **Commit:** `{}` (branch `main`)", run.commit),
            format!("revision `{}`, boot `{}`", run.revision, run.boot),
            "14 checks: 14 PASS; the run ended with exit 0".to_owned(),
            "| `200; $.Version is \"3.6.15\"` | ✅ PASS |".to_owned(),
            "do: `docker service scale ccci-dashboard_app=0`".to_owned(),
            "undo: `docker service scale ccci-dashboard_app=1`".to_owned(),
            "baseline again: ".to_owned(),
            "→ from cc-ci: HTTP 200".to_owned(),
            "→ from cc-ci: HTTP 404".to_owned(),
            r#""Version":"3.6.15""#.to_owned(),
            "LoadState=loaded".to_owned(),
        ],
    );
    // How often it was asked before is up to Traefik's refresh.
    let old_probe = text.lines().find(|line| line.contains("| `old-probe` |"));
    let old_probe = old_probe.unwrap_or_else(|| panic!("no line of old-probe in\n{text}"));
    assert!(
        old_probe.contains("| `404 (within 30s)` | `404") && old_probe.contains("| ✅ PASS |"),
        "{old_probe}"
    );
    for bad in ["did not hold", "🚨", "\\r", "Not the whole gate"] {
        assert!(!text.contains(bad), "JOURNAL holds {bad:?}:\n{text}");
    }
}

/// HOW of M1 in a fresh shell: the outage is made and undone by its lines, and each check prints what
/// the run saw.
fn pasted(lab: &Lab) {
    let run = builders_run(lab);
    let (_, how) = run.status.split_once("```bash\n").unwrap();
    let (how, _) = how.split_once("```\n").unwrap();
    assert!(
        how.contains("ssh_script cc-ci 'sh -c \"$(cat)\"' <<'EOF'\n"),
        "{how}"
    );
    let outages = lab.count_outages();
    let scratch = tempfile::tempdir().unwrap();
    let mut shell = std::process::Command::new("bash");
    let shell = lab.mean_by_ssh(&mut shell).arg("-c").arg(how);
    shell.env("TMPDIR", scratch.path());
    // The claimed commit is gone; this repository has the same file.
    let shell = shell.current_dir(test_kit::root()).output().unwrap();
    let (out, err) = (
        String::from_utf8(shell.stdout).unwrap(),
        String::from_utf8(shell.stderr).unwrap(),
    );
    for (seen, times) in [
        (r#""Version":"3.6.15""#, 1),
        ("LoadState=loaded", 6),
        ("404\n", 1),
        ("\"health_path\": \"/api/version\"", 1),
        ("traefik: accepted", 1),
        ("\"reason\": \"unhealthy-on-latest\"", 1),
        ("5.1.1+v3.6.15\n5.1.1+v3.6.15\n", 1),
        ("traefik: the gate has teeth", 1),
    ] {
        assert_eq!(
            out.matches(seen).count(),
            times,
            "{seen}: {out}\n{err}\n{how}"
        );
    }
    assert_eq!(outages.seen(), 1, "{out}\n{err}");
    lab.assert_whole();
}
