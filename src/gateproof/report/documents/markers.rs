//! The marker lines of the blocks that we write.

use std::ops::Range;
use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::bytes::Regex;
use sha2::{Digest, Sha256};

use super::Block;
use super::error::MarkerError;
use super::lines::{Line, lines};

/// A line that starts so is a marker, or a broken one.
const SIGN: &[u8] = b"<!-- gateproof:";

static BEGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^<!-- gateproof:begin ([a-z]+) (\S+) run=(\S+)((?: [a-z]+=\S*)*) sha256=([0-9a-f]{64}) -->$",
    )
    .expect("the pattern of a begin marker is a valid regex")
});
static END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^<!-- gateproof:end ([a-z]+) (\S+) -->$")
        .expect("the pattern of an end marker is a valid regex")
});

/// What stays as it is in a marker. A `-` after another is encoded too: `--` ends a comment.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'(')
    .remove(b')');

/// A block that stands in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: String,
    /// What it is of, encoded.
    pub(super) claim: String,
    /// The run it was made from, encoded.
    pub(super) run: String,
    /// What the text depends on besides the record, as it stands in the marker.
    pub(super) inputs: String,
    /// Line of the begin marker, from 1.
    pub(super) line: usize,
    /// Indexes of its lines, markers included.
    pub(super) lines: Range<usize>,
    /// Whether the text does not match the hash.
    pub(super) edited: bool,
}

/// The block with its markers, with LF line ends and without the last one.
pub(super) fn render(block: &Block) -> String {
    let (kind, claim, run) = (block.document.name(), claim(block), encode(&block.run_id));
    let inputs = inputs(block);
    let hash = hash(kind, &claim, &run, &inputs, block.body.as_bytes());
    format!(
        "<!-- gateproof:begin {kind} {claim} run={run}{inputs} sha256={hash} -->\n{}<!-- gateproof:end {kind} {claim} -->",
        block.body
    )
}

/// ` name=value` for each input of a block, the value encoded.
fn inputs(block: &Block) -> String {
    let each = block.inputs.iter();
    each.map(|(name, value)| format!(" {name}={}", encode(value)))
        .collect()
}

/// The claim id of a block: `phase/gate`, each encoded.
pub(super) fn claim(block: &Block) -> String {
    format!("{}/{}", encode(&block.phase), encode(&block.gate))
}

/// A run id as it stands in a marker.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = utf8_percent_encode(text, PLAIN).to_string();
    while encoded.contains("--") {
        encoded = encoded.replace("--", "-%2D");
    }
    encoded
}

/// The hash covers the markers' fields, so that an edited run id is noticed, and LF line ends, so
/// that a document whose line ends were converted does not count as edited.
fn hash(kind: &str, claim: &str, run: &str, inputs: &str, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{kind}\n{claim}\n{run}{inputs}\n"));
    hasher.update(body);
    kit::digest::hex(&hasher.finalize())
}

enum Marker {
    Begin {
        kind: String,
        claim: String,
        run: String,
        inputs: String,
        sha256: String,
    },
    End {
        kind: String,
        claim: String,
    },
}

fn marker(line: &Line<'_>) -> Option<Result<Marker, ()>> {
    let text = line.text.trim_ascii();
    if !text.starts_with(SIGN) {
        return None;
    }
    let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Some(found) = BEGIN.captures(text) {
        return Some(Ok(Marker::Begin {
            kind: word(&found[1]),
            claim: word(&found[2]),
            run: word(&found[3]),
            inputs: word(&found[4]),
            sha256: word(&found[5]),
        }));
    }
    let found = END.captures(text);
    Some(found.ok_or(()).map(|found| Marker::End {
        kind: word(&found[1]),
        claim: word(&found[2]),
    }))
}

/// All blocks of ours in a document.
///
/// # Errors
/// Any structure but whole blocks one after the other, each at most once.
pub(super) fn find(document: &[u8]) -> Result<Vec<Found>, MarkerError> {
    let lines = lines(document);
    let mut found: Vec<Found> = Vec::new();
    let mut open: Option<(usize, String, String, String, String, String)> = None;
    for (n, line) in lines.iter().enumerate() {
        match marker(line) {
            None => {}
            Some(Err(())) => return Err(MarkerError::Malformed { line: n + 1 }),
            Some(Ok(Marker::Begin {
                kind,
                claim,
                run,
                inputs,
                sha256,
            })) => {
                if let Some((outer, ..)) = open {
                    return Err(MarkerError::Nested {
                        line: n + 1,
                        outer: outer + 1,
                        claim,
                    });
                }
                open = Some((n, kind, claim, run, inputs, sha256));
            }
            Some(Ok(Marker::End { kind, claim })) => match open.take() {
                Some((begin, k, c, run, inputs, sha256)) if k == kind && c == claim => {
                    let body = body(&lines[begin + 1..n], document);
                    found.push(Found {
                        edited: hash(&kind, &claim, &run, &inputs, &body) != sha256,
                        kind,
                        claim,
                        run,
                        inputs,
                        line: begin + 1,
                        lines: begin..n + 1,
                    });
                }
                Some((begin, kind, claim, ..)) => {
                    return Err(MarkerError::NoEnd {
                        line: begin + 1,
                        kind,
                        claim,
                    });
                }
                None => return Err(MarkerError::NoBegin { line: n + 1, claim }),
            },
        }
    }
    match open {
        Some((begin, kind, claim, ..)) => Err(MarkerError::NoEnd {
            line: begin + 1,
            kind,
            claim,
        }),
        None => Ok(found),
    }
}

/// The text of these lines, with LF line ends.
pub(super) fn body(lines: &[Line<'_>], document: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        body.extend_from_slice(&document[line.span.start..line.text_end(document)]);
        body.push(b'\n');
    }
    body
}

/// Whether an entry of that kind, claim and run begins anywhere in the document, whatever state
/// the rest of its markers is in: nothing is ever rewritten there, so nothing else matters.
pub(super) fn has_entry(document: &[u8], block: &Block) -> bool {
    let (wanted_claim, wanted_run) = (claim(block), encode(&block.run_id));
    lines(document).iter().any(|line| {
        matches!(marker(line), Some(Ok(Marker::Begin { kind, claim, run, .. }))
            if kind == block.document.name() && claim == wanted_claim && run == wanted_run)
    })
}
