//! A document as lines of bytes. It may have CR LF, a byte order mark, invalid UTF-8 and no final
//! newline, and all of that has to stay.

use std::ops::Range;

/// One line: where it is with its line end, and its text without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'d> {
    /// Bytes of the document, line end included.
    pub(super) span: Range<usize>,
    /// The text without line end, and without the byte order mark on the first line.
    pub(super) text: &'d [u8],
}

impl Line<'_> {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// The end of the text, before the line end.
    pub(super) fn text_end(&self, document: &[u8]) -> usize {
        let whole = &document[self.span.clone()];
        self.span.start + strip_end(whole).len()
    }
}

/// UTF-8's byte order mark.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The lines of a document.
pub(super) fn lines(document: &[u8]) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for whole in document.split_inclusive(|b| *b == b'\n') {
        let mut text = strip_end(whole);
        if start == 0 {
            text = text.strip_prefix(BOM).unwrap_or(text);
        }
        lines.push(Line {
            span: start..start + whole.len(),
            text,
        });
        start += whole.len();
    }
    lines
}

fn strip_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `\r\n` when most of these lines end so, else `\n`.
pub(super) fn line_end<'a>(
    document: &[u8],
    of: impl Iterator<Item = &'a Line<'a>>,
) -> &'static str {
    let (mut crlf, mut lf) = (0usize, 0usize);
    for line in of {
        let whole = &document[line.span.clone()];
        if whole.ends_with(b"\r\n") {
            crlf += 1;
        } else if whole.ends_with(b"\n") {
            lf += 1;
        }
    }
    if crlf > lf { "\r\n" } else { "\n" }
}
