//! Where a block goes in a document: pure, over bytes.

use super::error::MarkerError;
use super::lines::{BOM, Line, line_end, lines};
use super::markers::{self, Found};
use super::{Block, Document, gates};
use crate::report::markdown::escape::prose;

/// The document with the block in it, for documents in which a block is replaced in place.
///
/// Every byte outside our blocks stays. The block replaces the one of the same claim. Without such
/// a block it goes to the end of the gate's section, or into a new section at the end, whose
/// heading has no state. An empty document gets a title. The block has the line ends of most lines
/// outside. Placing a block a second time changes nothing.
///
/// # Errors
/// [`MarkerError`] if the markers in the document are broken or there twice, and, without `force`,
/// if the block was edited by hand.
pub fn place_block(existing: &[u8], block: &Block, force: bool) -> Result<Vec<u8>, MarkerError> {
    refuse_utf16(existing)?;
    let found = markers::find(existing)?;
    let claim = markers::claim(block);
    let mut same = found
        .iter()
        .filter(|other| other.kind == block.document.name() && other.claim == claim);
    let lines = lines(existing);
    let eol = outside_line_end(existing, &lines, &found);
    let rendered = markers::render(block).replace('\n', eol);
    let Some(old) = same.next() else {
        return Ok(insert(existing, &lines, &found, block, &rendered, eol));
    };
    if let Some(second) = same.next() {
        return Err(MarkerError::Duplicate {
            line: second.line,
            first: old.line,
            claim,
        });
    }
    if old.edited && !force {
        return Err(MarkerError::Edited {
            line: old.line,
            claim,
            run: old.run.clone(),
        });
    }
    let last = &lines[old.lines.end - 1];
    let from = lines[old.lines.start].span.start + bom(existing, old.lines.start);
    Ok(splice(
        existing,
        from,
        last.text_end(existing),
        rendered.as_bytes(),
    ))
}

/// The text of the first block of the same document and claim. `None` if markers are broken.
pub(super) fn body_of(existing: &[u8], block: &Block) -> Option<String> {
    let claim = markers::claim(block);
    let found = markers::find(existing).ok()?;
    let same = found
        .iter()
        .find(|other| other.kind == block.document.name() && other.claim == claim)?;
    let inner = same.lines.start + 1..same.lines.end - 1;
    let lines = &lines(existing)[inner];
    let text: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line.text))
        .collect();
    Some(text.join("\n"))
}

/// The document with the block at its end, for append-only documents. A document that has an entry
/// of the same claim and run is returned unchanged. Everything else in it stays and does not
/// matter, broken markers included.
///
/// # Errors
/// [`MarkerError::Utf16`].
pub fn append_block(existing: &[u8], block: &Block) -> Result<Vec<u8>, MarkerError> {
    refuse_utf16(existing)?;
    if markers::has_entry(existing, block) {
        return Ok(existing.to_vec());
    }
    let lines = lines(existing);
    let eol = line_end(existing, lines.iter());
    let rendered = markers::render(block).replace('\n', eol);
    if is_empty(existing) {
        return Ok(begin(existing, block, &rendered, eol));
    }
    Ok(append(existing, &rendered, eol))
}

fn refuse_utf16(existing: &[u8]) -> Result<(), MarkerError> {
    if existing.starts_with(b"\xff\xfe") || existing.starts_with(b"\xfe\xff") {
        return Err(MarkerError::Utf16);
    }
    Ok(())
}

fn is_empty(existing: &[u8]) -> bool {
    existing.is_empty() || existing == BOM
}

fn bom(existing: &[u8], line: usize) -> usize {
    if line == 0 && existing.starts_with(BOM) {
        BOM.len()
    } else {
        0
    }
}

fn outside_line_end(existing: &[u8], lines: &[Line<'_>], found: &[Found]) -> &'static str {
    let ours = |n: usize| found.iter().any(|block| block.lines.contains(&n));
    let outside = lines
        .iter()
        .enumerate()
        .filter(|(n, _)| !ours(*n))
        .map(|(_, line)| line);
    line_end(existing, outside)
}

/// A new document: its title, and for a STATUS the heading of the gate.
fn begin(existing: &[u8], block: &Block, rendered: &str, eol: &str) -> Vec<u8> {
    let name = block.document.name().to_uppercase();
    let title = format!(
        "# {name} — phase {} ({})",
        prose(&block.phase),
        block.document.owner_title()
    );
    let heading = match block.document {
        Document::Status => heading(block).map_or_else(String::new, |it| format!("{it}{eol}{eol}")),
        Document::Journal | Document::Review => String::new(),
    };
    let mut out = existing.to_vec();
    out.extend_from_slice(format!("{title}{eol}{eol}{heading}{rendered}{eol}").as_bytes());
    out
}

/// The heading of a block that has none of its own. It names the gate and has no state: outside of
/// our blocks people set states.
fn heading(block: &Block) -> Option<String> {
    let has_own = block.gate.is_empty() || block.body.starts_with("## ");
    (!has_own).then(|| format!("## Gate: {}", prose(&block.gate)))
}

/// The document without our block of a whole phase; one that was edited by hand stays.
///
/// # Errors
/// [`MarkerError`] if the markers in the document are broken.
pub(super) fn without_phase_block(existing: &[u8], phase: &str) -> Result<Vec<u8>, MarkerError> {
    let found = markers::find(existing)?;
    let claim = format!("{}/", markers::encode(phase));
    let kind = Document::Status.name();
    let mut found = found.iter();
    let Some(block) = found.find(|it| it.kind == kind && it.claim == claim && !it.edited) else {
        return Ok(existing.to_vec());
    };
    let lines = lines(existing);
    let from = lines[block.lines.start].span.start + bom(existing, block.lines.start);
    let to = lines[block.lines.end - 1].span.end;
    // With the empty line before it, which came with it.
    let before = lines[..block.lines.start].last();
    let from = match before {
        Some(line) if line.is_blank() && block.lines.start > 1 => line.span.start,
        _ => from,
    };
    Ok(splice(existing, from, to, b""))
}

fn insert(
    existing: &[u8],
    lines: &[Line<'_>],
    found: &[Found],
    block: &Block,
    rendered: &str,
    eol: &str,
) -> Vec<u8> {
    if is_empty(existing) {
        return begin(existing, block, rendered, eol);
    }
    if block.gate.is_empty() {
        return append(existing, rendered, eol);
    }
    let ours: Vec<_> = found.iter().map(|block| block.lines.clone()).collect();
    let Some(after) = gates::section_end(lines, &ours, &block.gate) else {
        let heading = heading(block).map_or_else(String::new, |it| format!("{it}{eol}{eol}"));
        return append(existing, &format!("{heading}{rendered}"), eol);
    };
    let at = lines[after].span.end;
    let before = if existing[..at].ends_with(b"\n") {
        eol.to_owned()
    } else {
        format!("{eol}{eol}")
    };
    let blank = match lines.get(after + 1) {
        Some(next) if !next.is_blank() => eol,
        _ => "",
    };
    let text = format!("{before}{rendered}{eol}{blank}");
    splice(existing, at, at, text.as_bytes())
}

fn append(existing: &[u8], text: &str, eol: &str) -> Vec<u8> {
    let mut out = existing.to_vec();
    if !existing.ends_with(b"\n") {
        out.extend_from_slice(eol.as_bytes());
    }
    if lines(existing).last().is_some_and(|line| !line.is_blank()) {
        out.extend_from_slice(eol.as_bytes());
    }
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(eol.as_bytes());
    out
}

fn splice(existing: &[u8], from: usize, to: usize, with: &[u8]) -> Vec<u8> {
    [&existing[..from], with, &existing[to..]].concat()
}

#[cfg(test)]
mod tests;
