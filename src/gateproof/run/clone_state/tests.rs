use super::*;

const HERE: &str = "1111111111111111111111111111111111111111";
const THERE: &str = "2222222222222222222222222222222222222222";

fn good() -> CloneFacts {
    CloneFacts {
        commit: HERE.to_owned(),
        branch: Some("main".to_owned()),
        remote: Remote::Heard(Upstream {
            name: "origin".to_owned(),
            default_branch: Some("main".to_owned()),
            branch: "main".to_owned(),
            tip: Some(HERE.to_owned()),
            distance: Some(Distance::default()),
            has_commit: true,
            ..Upstream::default()
        }),
        ..CloneFacts::default()
    }
}

fn upstream(facts: &mut CloneFacts) -> &mut Upstream {
    match &mut facts.remote {
        Remote::Heard(upstream) => upstream,
        other => panic!("{other:?}"),
    }
}

fn kinds(facts: &CloneFacts, expected: &ExpectedClone) -> Vec<Wrong> {
    let findings = clone_findings(facts, expected);
    for finding in &findings {
        assert!(!finding.what.is_empty() && !finding.remedy.is_empty());
    }
    findings.into_iter().map(|finding| finding.wrong).collect()
}

#[test]
fn nothing_is_said_of_a_clone_that_is_as_its_upstream() {
    assert_eq!(kinds(&good(), &ExpectedClone::default()), []);
    let expected = ExpectedClone {
        branch: Some("main".to_owned()),
        commit: Some(HERE.to_owned()),
    };
    assert_eq!(kinds(&good(), &expected), []);
}

#[test]
fn each_fault_is_found_by_its_name_alone() {
    let mut facts = good();
    facts.changed = vec!["a".to_owned()];
    assert_eq!(kinds(&facts, &ExpectedClone::default()), [Wrong::Dirty]);
    let mut facts = good();
    facts.shallow = true;
    assert_eq!(kinds(&facts, &ExpectedClone::default()), [Wrong::Shallow]);
    let mut facts = good();
    facts.tags.insert("v1".to_owned(), HERE.to_owned());
    facts.tags.insert("only-here".to_owned(), HERE.to_owned());
    let there = upstream(&mut facts);
    there.tags.insert("v1".to_owned(), THERE.to_owned());
    assert_eq!(kinds(&facts, &ExpectedClone::default()), [Wrong::MovedTag]);
    let mut facts = good();
    upstream(&mut facts).tip = Some(THERE.to_owned());
    upstream(&mut facts).distance = None;
    assert_eq!(kinds(&facts, &ExpectedClone::default()), [Wrong::Stale]);
    let mut facts = good();
    facts.remote = Remote::None;
    assert_eq!(kinds(&facts, &ExpectedClone::default()), [Wrong::NoRemote]);
}

#[test]
fn the_references_host_clone_is_named_by_branch_and_by_how_far_it_is_behind() {
    let mut facts = good();
    facts.branch = Some("feature".to_owned());
    upstream(&mut facts).tip = Some(THERE.to_owned());
    upstream(&mut facts).distance = Some(Distance {
        behind: 288,
        ahead: 0,
    });
    let findings = clone_findings(&facts, &ExpectedClone::default());
    let texts: Vec<&str> = findings
        .iter()
        .map(|finding| finding.what.as_str())
        .collect();
    assert!(texts[0].contains("288 commits behind `main`"), "{texts:?}");
    assert!(texts[1].contains("on branch `feature`"), "{texts:?}");
    assert!(
        findings[0]
            .remedy
            .contains("git pull --ff-only origin main")
    );
    let expected = ExpectedClone {
        branch: Some("main".to_owned()),
        commit: Some(THERE.to_owned()),
    };
    assert_eq!(
        kinds(&facts, &expected),
        [Wrong::OtherBranch, Wrong::OtherCommit, Wrong::Stale]
    );
}

#[test]
fn being_ahead_is_not_being_behind_and_what_is_not_pushed_is_said() {
    let mut facts = good();
    upstream(&mut facts).tip = Some(THERE.to_owned());
    upstream(&mut facts).has_commit = false;
    upstream(&mut facts).distance = Some(Distance {
        behind: 0,
        ahead: 2,
    });
    assert_eq!(kinds(&facts, &ExpectedClone::default()), [Wrong::Unpushed]);
}

#[test]
fn a_push_job_goes_on_where_a_claim_must_not_and_nobody_goes_on_with_a_moved_tag() {
    for wrong in [Wrong::Stale, Wrong::Shallow, Wrong::Unpushed] {
        assert!(!wrong.stops(Purpose::Ci) && wrong.stops(Purpose::Claim));
    }
    for purpose in [Purpose::Ci, Purpose::Claim, Purpose::Review] {
        assert!(Wrong::MovedTag.stops(purpose) && Wrong::OtherCommit.stops(purpose));
        let claims = purpose == Purpose::Claim;
        for wrong in [Wrong::Offline, Wrong::Untracked, Wrong::NoRemote] {
            assert_eq!(wrong.stops(purpose), claims);
        }
        assert!(!Wrong::NotDefault.stops(purpose));
    }
}

#[test]
fn a_long_list_of_files_is_cut_and_counted() {
    let mut facts = good();
    facts.changed = (0..9).map(|n| format!("f{n}")).collect();
    let finding = &clone_findings(&facts, &ExpectedClone::default())[0];
    assert_eq!(
        finding.what,
        "9 tracked files differ from the commit: f0, f1, f2, f3, f4 and 4 more"
    );
}
