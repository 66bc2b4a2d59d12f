//! Drafts as the text of a claim file.

use super::draft;
use super::draft::{
    CheckDraft, FixtureDraft, GateDraft, Imported, KeyDraft, Question, Spot, Value,
};
use super::texts::{host_name, plain, printable, quoted};

/// The claim file of what was imported, with the questions that are open in it.
pub fn claim_file(imported: &Imported) -> String {
    let name = &imported.document;
    let mut text = format!(
        "# Imported from {name} by `gateproof import`. Each key has the line that it comes from beside it.\n"
    );
    if imported.recovered {
        text.push_str("# The document had lost its line breaks: see that each step ends where it should. A place is line:column.\n");
    }
    text.push_str("# A check with an open question is skipped, so that its gate cannot pass before somebody answers it.\n");
    text.push_str(&claim_checks(imported));
    if !imported.left.is_empty() {
        text.push_str("\n# Not imported:\n");
        for left in &imported.left {
            let words = format!("- {} {}: {}", left.at.of(name), left.what, left.why);
            comment(&mut text, "", &words);
        }
    }
    text
}

/// What a claim file says, without the words around it.
pub(super) fn claim_checks(imported: &Imported) -> String {
    let name = &imported.document;
    let mut text = String::new();
    text.push_str(&format!("phase: {}\n", quoted(&imported.phase)));
    text.push_str(&format!("title: {}\n", quoted(&plain(&imported.title))));
    if !imported.hosts.is_empty() {
        text.push_str("\nhosts:\n");
        for (host, at) in &imported.hosts {
            let ssh = quoted(host);
            let beside = beside(*at, name);
            text.push_str(&format!(
                "  {}: {{ ssh: {ssh} }}{beside}\n",
                host_name(host)
            ));
        }
    }
    if !imported.fixtures.is_empty() {
        text.push_str("\nfixtures:\n");
        for one in &imported.fixtures {
            fixture(&mut text, one, name);
        }
    }
    text.push_str("\ngates:\n");
    for one in &imported.gates {
        gate(&mut text, one, imported);
    }
    text
}

/// A place as a comment behind what comes from it; nothing where there is no document.
fn beside(at: Spot, name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!("  # {}", at.of(name)),
    }
}

fn gate(text: &mut String, gate: &GateDraft, imported: &Imported) {
    let name = &imported.document;
    text.push_str(&format!("  {}:{}\n", gate.id, beside(gate.at, name)));
    if let Some((why, at)) = &gate.why {
        text.push_str(&format!(
            "    why: {}  # {}\n",
            quoted(&plain(why)),
            at.of(name)
        ));
    }
    if !gate.changed.is_empty() {
        text.push_str("    changed:\n");
        for (changed, at) in &gate.changed {
            text.push_str(&format!(
                "      - {}  # {}\n",
                quoted(&plain(changed)),
                at.of(name)
            ));
        }
    }
    text.push_str("    checks:\n");
    for one in &gate.checks {
        check(text, one, imported);
    }
}

const PERSON_KEYS: &[&str] = &["id", "claim"];

fn check(text: &mut String, check: &CheckDraft, imported: &Imported) {
    let name = &imported.document;
    text.push('\n');
    if let Some((original, at)) = &check.original {
        comment(text, "      ", &format!("{} as written:", at.of(name)));
        for line in original.lines() {
            text.push_str(&format!("      #   {}\n", printable(line.trim_end())));
        }
    }
    for note in &check.notes {
        comment(text, "      ", note);
    }
    let open = open_questions(check, imported);
    let refused = open.iter().any(|question| question.refuses);
    let asks = check.is_whole() && !refused;
    let mut keys: Vec<KeyDraft> = vec![KeyDraft {
        key: "id".to_owned(),
        value: Value::Yaml(check.id.clone()),
        at: None,
    }];
    let kept = |draft: &&KeyDraft| asks || PERSON_KEYS.contains(&draft.key.as_str());
    keys.extend(check.keys.iter().filter(kept).cloned());
    if !asks {
        let words = "nothing shows this yet; the question below asks what does";
        draft::set(&mut keys, "on", Value::Yaml("clone".to_owned()), None);
        draft::set(&mut keys, "human", Value::Text(words.to_owned()), None);
    }
    if let Some(first) = open.first() {
        let more = match open.len() {
            1 => String::new(),
            all => format!(" ({} more: see `gateproof import`)", all - 1),
        };
        let skip = format!("question {}: {}{more}", first.id, first.text);
        draft::set(&mut keys, "skip", Value::Text(plain(&skip)), Some(first.at));
    }
    let mut lead = "      - ";
    for draft in &keys {
        key(text, lead, "        ", draft, name);
        lead = "        ";
    }
}

/// The open questions of a check, those of its fixture among them.
pub(super) fn open_questions<'i>(
    check: &'i CheckDraft,
    imported: &'i Imported,
) -> Vec<&'i Question> {
    let with = check.text("with");
    let fixtures = imported
        .fixtures
        .iter()
        .filter(|fixture| fixture.name == with);
    let shared = fixtures.flat_map(|fixture| &fixture.questions);
    check.questions.iter().chain(shared).collect()
}

fn fixture(text: &mut String, fixture: &FixtureDraft, name: &str) {
    text.push_str(&format!("  {}:\n", fixture.name));
    for draft in &fixture.keys {
        key(text, "    ", "    ", draft, name);
    }
    for question in &fixture.questions {
        comment(
            text,
            "    ",
            &format!("question {}: {}", question.id, question.text),
        );
        if question.key.as_deref() == Some("baseline") {
            // It cannot hold, so that nothing is disturbed before somebody has said what does.
            text.push_str("    baseline: { run: \"exit 1\", expect: { exit: 0 } }\n");
        }
    }
}

fn key(text: &mut String, lead: &str, indent: &str, draft: &KeyDraft, name: &str) {
    let at = match draft.at {
        _ if name.is_empty() => String::new(),
        Some(at) => beside(at, name),
        None if matches!(draft.key.as_str(), "id" | "on" | "human") => String::new(),
        None => "  # by answer".to_owned(),
    };
    match &draft.value {
        Value::Yaml(yaml) => text.push_str(&format!("{lead}{}: {yaml}{at}\n", draft.key)),
        Value::Text(value) if is_block(value) => {
            text.push_str(&format!("{lead}{}: |-{at}\n", draft.key));
            for line in value.lines() {
                text.push_str(&format!("{indent}  {line}\n"));
            }
        }
        Value::Text(value) => {
            text.push_str(&format!("{lead}{}: {}{at}\n", draft.key, quoted(value)))
        }
    }
}

/// Whether a text is easier to read, and the same, as a block.
fn is_block(text: &str) -> bool {
    let harmless = text
        .chars()
        .all(|c| c == '\n' || !c.is_control() && !kit::text::is_deceptive(c));
    let even = text
        .lines()
        .all(|line| !line.is_empty() && line.trim_end() == line);
    text.contains(['"', '\\', '\n'])
        && harmless
        && even
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n')
}

/// A comment, wrapped.
fn comment(text: &mut String, indent: &str, words: &str) {
    for line in kit::console::wrap(&printable(words), 100).lines() {
        text.push_str(&format!("{indent}# {}\n", line.trim_end()));
    }
}

/// The open questions as a file to fill in.
pub fn questions_file(imported: &Imported) -> String {
    let name = &imported.document;
    let mut text = format!(
        "# What only a person can say of {name}. Write an answer behind each question that you can answer; one\n# without an answer stays open, and its check is skipped. Then: gateproof import {name} --answers THIS-FILE\n"
    );
    for question in all_questions(imported) {
        text.push('\n');
        comment(
            &mut text,
            "",
            &format!("{}: {}", question.at.of(name), question.text),
        );
        comment(&mut text, "", &format!("Answer: {}", offers(question)));
        text.push_str(&format!("{}:\n", quoted(&question.id)));
    }
    text
}

/// What a question takes for an answer, in words.
pub fn offers(question: &Question) -> String {
    let mut all: Vec<String> = question
        .settles
        .iter()
        .map(|word| format!("`{word}`"))
        .collect();
    all.extend(
        question
            .drops
            .iter()
            .map(|word| format!("`{word}`, which leaves the check out")),
    );
    if let Some(key) = &question.key {
        all.push(format!("the value of `{key}:`"));
    }
    if !question.id.starts_with("fixture/") {
        all.push("keys of the check, as `{ run: …, expect: … }`".to_owned());
    }
    all.join(", or ")
}

/// Every open question, each once, those of fixtures first.
pub fn all_questions(imported: &Imported) -> impl Iterator<Item = &Question> {
    let fixtures = imported
        .fixtures
        .iter()
        .flat_map(|fixture| &fixture.questions);
    let checks = imported.gates.iter().flat_map(|gate| &gate.checks);
    fixtures.chain(checks.flat_map(|check| &check.questions))
}

/// A claim file of one check, to hear what its reader says of it.
pub(super) fn alone(check: &CheckDraft, hosts: &[(String, Spot)]) -> String {
    let mut one = check.clone();
    one.keys.retain(|draft| draft.key != "with");
    one.questions.clear();
    one.original = None;
    one.notes.clear();
    let imported = Imported {
        document: "draft".to_owned(),
        phase: "draft".to_owned(),
        ..Imported::of_check(one, hosts.to_vec())
    };
    claim_file(&imported)
}
