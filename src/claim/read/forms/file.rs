//! `file: { path: /etc/shop.conf, mode: "0640", owner: root }`.

use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::super::reader::Reader;
use super::{WrittenOut, boolean, text};

/// Its arguments are the path, and `sha256` where that is asked for.
pub(super) const SCRIPT: &str = include_str!("file.sh");

const KEYS: &[&str] = &[
    "path", "exists", "type", "mode", "owner", "group", "size", "sha256",
];
const TYPES: &[&str] = &["file", "directory", "socket", "fifo", "device"];

/// A file as `stat` tells of it, links followed.
pub(super) fn written_out(reader: &mut Reader, node: &Node) -> Option<WrittenOut> {
    if let NodeKind::Scalar { text, .. } = &node.kind {
        let what = "`file` must be a map, not a text";
        let help = format!("file: {{ path: {text}, exists: true }}");
        reader.report(Diagnostic::new(Code::WRONG_TYPE, node.span.clone(), what).help(help));
        return None;
    }
    let fields = reader.map(node, "`file`", KEYS)?;
    let Some(path) = fields.get("path") else {
        let help = "file: { path: /etc/hosts, exists: true }";
        reader.missing_in(&fields, "`file`", "path", help);
        return None;
    };
    let source = reader.scalar(path, "`path`")?;
    if source.is_empty() || source.contains('\0') {
        let what = "a path must have text, and no NUL character";
        reader.report(Diagnostic::new(Code::BAD_VALUE, path.span.clone(), what));
        return None;
    }
    let exists = match fields.get("exists") {
        Some(node) => reader.one_of(node, "`exists`", &["true", "false"])? == 0,
        None => true,
    };
    let mut members = vec![("exists", boolean(exists, &node.span))];
    for (key, value) in fields.iter() {
        let name = KEYS.iter().find(|known| **known == key.text)?;
        if matches!(*name, "path" | "exists") {
            continue;
        }
        if !exists {
            let what = format!("`{name}` is about a file that is there, beside `exists: false`");
            let problem = Diagnostic::new(Code::CONFLICT, key.span.clone(), what);
            reader.report(problem.help("leave one of both out"));
            continue;
        }
        let value_node = match *name {
            "type" => {
                let at = reader.one_of(value, "`type`", TYPES)?;
                text(TYPES[at], &value.span)
            }
            "mode" => text(&mode(reader, value)?, &value.span),
            "sha256" => text(&reader.sha256(value)?, &value.span),
            "size" => value.clone(),
            _ => text(&reader.fixed(value, &format!("`{name}`"))?, &value.span),
        };
        members.push((name, value_node));
    }
    let asks = if fields.has("sha256") { "sha256" } else { "" };
    Some(WrittenOut {
        script: SCRIPT,
        arguments: vec![text(source, &path.span), text(asks, &path.span)],
        members,
    })
}

/// Three or four octal digits, as four.
fn mode(reader: &mut Reader, node: &Node) -> Option<String> {
    let digits = reader.fixed(node, "`mode`")?;
    let octal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    if octal && matches!(digits.len(), 3 | 4) {
        return Some(format!("{digits:0>4}"));
    }
    let what = format!("`{digits}` is not a valid mode");
    let problem = Diagnostic::new(Code::BAD_VALUE, node.span.clone(), what);
    reader.report(problem.help("write three or four octal digits: `mode: \"0640\"`"));
    None
}
