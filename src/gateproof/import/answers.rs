//! A person's answers, and what they make of the drafts.

use std::sync::Arc;

use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::{Diagnostic, Invalid};
use kit::yaml::fields::nearest;
use kit::yaml::source::Source;
use kit::yaml::tree::{self, Node, NodeKind};

use super::draft::{self, CheckDraft, Imported, KeyDraft, LeftOut, Question, Value};
use super::texts::quoted;
use super::write::{all_questions, claim_file, offers};

/// Applies a file of answers.
///
/// # Errors
/// What is wrong with the file, each with its place; then nothing is applied that could be half of it.
pub fn apply(imported: &Imported, source: &Arc<Source>) -> Result<Imported, Box<Invalid>> {
    let (root, mut problems) = tree::parse(&source.text);
    let mut answered = imported.clone();
    let ids: Vec<String> = all_questions(imported)
        .map(|question| question.id.clone())
        .collect();
    match root.as_ref().map(|root| &root.kind) {
        Some(NodeKind::Map(entries)) => {
            for (key, node) in entries {
                let Some(question) = all_questions(imported).find(|one| one.id == key.text) else {
                    let known: Vec<&str> = ids.iter().map(String::as_str).collect();
                    let message =
                        format!("`{}` is not a question of {}", key.text, imported.document);
                    let problem = Diagnostic::new(Code::UNKNOWN_KEY, key.span.clone(), message);
                    problems.push(match nearest(&key.text, &known) {
                        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                        None => problem.help("leave it out"),
                    });
                    continue;
                };
                if let Err(why) = answer(&mut answered, question, node) {
                    problems.push(
                        Diagnostic::new(Code::BAD_VALUE, node.span.clone(), why)
                            .help(format!("answer with {}", offers(question))),
                    );
                }
            }
        }
        Some(NodeKind::Scalar { text, plain: true }) if tree::is_null(text) => {}
        Some(_) => {
            let message = "a file of answers is a map from questions to answers";
            problems.push(Diagnostic::new(
                Code::WRONG_TYPE,
                0..source.text.len(),
                message,
            ));
        }
        None => {}
    }
    if problems.is_empty() {
        return Ok(answered);
    }
    Err(Box::new(Invalid {
        source_file: source.clone(),
        diagnostics: problems,
    }))
}

/// Applies one answer; one that says nothing leaves its question open.
///
/// # Errors
/// When it is not an answer to this question, or the claim file with it would not be valid; then nothing is
/// changed.
pub fn answer(imported: &mut Imported, question: &Question, node: &Node) -> Result<(), String> {
    let mut answered = imported.clone();
    settle(&mut answered, question, node)?;
    let source = Source {
        path: "answered".into(),
        text: claim_file(&answered),
    };
    if let Err(invalid) = claim::read::parse(Arc::new(source), &Scope::new()) {
        let first = invalid.diagnostics.first();
        let why = first.map(|first| format!("{} ({})", first.message, first.code.0));
        return Err(why.unwrap_or_else(|| "the claim file would not be valid".to_owned()));
    }
    *imported = answered;
    Ok(())
}

fn settle(imported: &mut Imported, question: &Question, node: &Node) -> Result<(), String> {
    let word = match &node.kind {
        NodeKind::Scalar { text, plain: true } if tree::is_null(text) => return Ok(()),
        NodeKind::Scalar { text, .. } => Some(text.trim()),
        NodeKind::List(_) | NodeKind::Map(_) => None,
    };
    let settles = word.is_some_and(|word| question.settles.iter().any(|one| one == word));
    let drops = word.is_some() && question.drops.as_deref() == word;
    if let Some(fixture) = imported
        .fixtures
        .iter_mut()
        .find(|fixture| fixture.questions.contains(question))
    {
        if let (false, Some(key)) = (settles, &question.key) {
            draft::set(&mut fixture.keys, key, value(node), None);
        }
        fixture.questions.retain(|one| one != question);
        return Ok(());
    }
    for gate in &mut imported.gates {
        let Some(at) = gate
            .checks
            .iter()
            .position(|check| check.questions.contains(question))
        else {
            continue;
        };
        if drops {
            let check = gate.checks.remove(at);
            imported.left.push(LeftOut {
                at: question.at,
                what: check.text("claim").to_owned(),
                why: format!(
                    "the answer to {} is `{}`",
                    question.id,
                    word.unwrap_or_default()
                ),
            });
            return Ok(());
        }
        let check = &mut gate.checks[at];
        match (&node.kind, &question.key) {
            _ if settles => {}
            (NodeKind::Map(_), Some(key))
                if question.refuses
                    && key == "run"
                    && node.get("run").or(node.get("http")).is_none() =>
            {
                return Err("it names no other command, and this one shows nothing".to_owned());
            }
            (NodeKind::Map(entries), _) => {
                for (key, node) in entries {
                    replace(check, &key.text, value(node));
                }
            }
            (_, Some(key)) => replace(check, key, value(node)),
            (_, None) => {
                return Err(format!(
                    "`{}` does not answer the question",
                    word.unwrap_or("a list")
                ));
            }
        }
        check.questions.retain(|one| one != question);
        return Ok(());
    }
    Ok(())
}

/// Gives a check a key; another probe takes the place of its probe.
fn replace(check: &mut CheckDraft, key: &str, value: Value) {
    const HTTP: &[&str] = &[
        "http", "method", "resolve", "tls", "headers", "body", "follow",
    ];
    const RUN: &[&str] = &["run", "cwd", "env", "stdin", "strict"];
    let gone: &[&str] = match key {
        "run" => HTTP,
        "http" => RUN,
        _ => &[],
    };
    check
        .keys
        .retain(|draft: &KeyDraft| !gone.contains(&draft.key.as_str()));
    draft::set(&mut check.keys, key, value, None);
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, plain } if !plain || !is_simple(text) => Value::Text(text.clone()),
        _ => Value::Yaml(flow(node)),
    }
}

fn is_simple(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
}

/// A node in one line.
fn flow(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar { text, plain: true } if is_simple(text) || tree::is_null(text) => {
            text.clone()
        }
        NodeKind::Scalar { text, .. } => quoted(text),
        NodeKind::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        NodeKind::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, node)| match is_simple(&key.text) {
                    true => format!("{}: {}", key.text, flow(node)),
                    false => format!("{}: {}", quoted(&key.text), flow(node)),
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
