//! `file: { path: /etc/shop.conf, mode: "0640", owner: root }`.

use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::Node;

use super::super::reader::Reader;
use super::parts::{FormTable, Takes, has_text, member, sent};

const TYPES: &[&str] = &["file", "directory", "socket", "fifo", "device"];

/// A file as `stat` tells of it, links followed.
pub(super) const FORM: FormTable = FormTable {
    key: "file",
    script: concat!(include_str!("prelude.sh"), include_str!("file.sh")),
    subject: &["path"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("type", Takes::Word(TYPES)),
        member("mode", Takes::Read(mode)),
        member("owner", Takes::Text),
        member("group", Takes::Text),
        member("size", Takes::Number),
        sent("sha256", Takes::Read(|reader, node| reader.sha256(node))),
    ],
    by_default: None,
    example: "file: { path: /etc/hosts, exists: true }",
};

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
