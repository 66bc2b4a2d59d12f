//! Messages between the loops, through the upstream.

use super::kit::{CLAIM, Desk, git, run};

#[test]
fn a_message_is_sent_noticed_once_read_and_gone() {
    let desk = Desk::with(CLAIM);
    let (builder, adversary) = (desk.builder(), desk.adversary());
    run(&adversary, &["watch", "--once", "--as", "adversary"]);
    std::fs::write(builder.join("other"), "not part of it").unwrap();
    let words = [
        "inbox",
        "send",
        "--to",
        "adversary",
        "--push",
        "M1 is ready; ## VETO is yours",
    ];
    let sent = run(&builder, &words);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let log = git(&builder, &["log", "-1", "--format=%s", "--name-only"]);
    assert_eq!(log, "inbox(adversary): a message\n\nADVERSARY-INBOX.md");
    assert_eq!(git(&builder, &["status", "--porcelain"]), "?? other");

    let seen = run(&adversary, &["watch", "--once", "--as", "adversary"]);
    assert!(
        seen.out
            .contains("inbox: a message lies in ADVERSARY-INBOX.md (at "),
        "{seen:?}"
    );
    let again = run(&adversary, &["watch", "--once", "--as", "adversary"]);
    assert_eq!(again.out, "", "{again:?}");

    git(&adversary, &["pull", "-q", "--ff-only"]);
    let kept = run(
        &adversary,
        &["inbox", "read", "--as", "adversary", "--keep"],
    );
    let read = run(
        &adversary,
        &["inbox", "read", "--as", "adversary", "--push"],
    );
    assert_eq!(kept.out, read.out);
    assert!(
        read.out.starts_with("# ADVERSARY-INBOX — from Builder @20"),
        "{read:?}"
    );
    read.decides_nothing();
    let log = git(&adversary, &["log", "-1", "--format=%s", "--name-status"]);
    assert_eq!(log, "inbox(adversary): read\n\nD\tADVERSARY-INBOX.md");
    let none = run(&adversary, &["inbox", "read", "--as", "adversary"]);
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""));

    // The same words again are a new message.
    run(&adversary, &["watch", "--once", "--as", "adversary"]);
    git(&builder, &["pull", "-q", "--ff-only"]);
    run(&builder, &words);
    let seen = run(&adversary, &["watch", "--once", "--as", "adversary"]);
    assert!(seen.out.contains("ADVERSARY-INBOX.md"), "{seen:?}");
}

#[test]
fn a_push_that_is_refused_says_what_to_do_and_never_forces() {
    let desk = Desk::with(CLAIM);
    let tip = desk.push("chore: newer");
    let adversary = desk.adversary();
    let sent = run(
        &adversary,
        &["inbox", "send", "--to", "builder", "--push", "hello"],
    );
    assert_eq!(sent.code, Some(3), "{sent:?}");
    assert!(
        sent.err
            .contains("committed and not pushed; `git pull --rebase && git push`"),
        "{}",
        sent.err
    );
    assert_eq!(git(&desk.upstream(), &["rev-parse", "main"]), tip);
    git(&adversary, &["pull", "-q", "--rebase"]);
    git(&adversary, &["push", "-q"]);
}

#[test]
fn an_empty_message_is_refused_and_machine_docs_comes_first() {
    let desk = Desk::with(CLAIM);
    let builder = desk.builder();
    let refused = run(&builder, &["inbox", "send", "--to", "builder", "  "]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    std::fs::create_dir(builder.join("machine-docs")).unwrap();
    let sent = run(
        &builder,
        &[
            "inbox",
            "send",
            "--to",
            "builder",
            "--from",
            "Orchestrator",
            "rebuild done",
        ],
    );
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let text = std::fs::read_to_string(builder.join("machine-docs/BUILDER-INBOX.md")).unwrap();
    assert!(
        text.starts_with("# BUILDER-INBOX — from Orchestrator @"),
        "{text}"
    );
    let read = run(&builder, &["inbox", "read", "--as", "builder", "--push"]);
    assert_eq!(read.out, text);
    assert!(read.err.contains("nothing to commit"), "{}", read.err);
}
