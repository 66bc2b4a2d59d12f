//! The lines of a document that a person reads as text: not those in fences, in indented code or
//! in HTML comments. Quotes are a kind of their own: the document does not say what it quotes.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// A heading of this level.
    Heading(usize),
    /// An item of a list.
    Item,
    /// A line of a paragraph.
    Paragraph,
    Quote,
}

/// A line that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextLine<'d> {
    /// From 1.
    pub(super) number: usize,
    pub(super) kind: LineKind,
    /// Its text without the marks of its kind and without outer spaces.
    pub(super) text: &'d str,
}

/// What the earlier lines have opened.
#[derive(Default)]
struct LineContext {
    fence: Option<(char, usize)>,
    comment: bool,
    in_list: bool,
    blank_before: bool,
}

/// The readable lines of a document.
pub(super) fn lines(document: &str) -> Vec<TextLine<'_>> {
    let mut context = LineContext {
        blank_before: true,
        ..LineContext::default()
    };
    let mut found: Vec<TextLine<'_>> = Vec::new();
    for (n, whole) in document.split_inclusive('\n').enumerate() {
        let mut raw = whole.trim_end_matches('\n').trim_end_matches('\r');
        if n == 0 {
            raw = raw.strip_prefix('\u{feff}').unwrap_or(raw);
        }
        if let Some(level) = underline(raw, found.last(), n, &context) {
            if let Some(above) = found.last_mut() {
                above.kind = LineKind::Heading(level);
            }
            continue;
        }
        if let Some((kind, text)) = context.read(raw) {
            found.push(TextLine {
                number: n + 1,
                kind,
                text,
            });
        }
    }
    found
}

/// The level of the heading that this line makes of the paragraph line right above it.
fn underline(
    raw: &str,
    above: Option<&TextLine<'_>>,
    n: usize,
    context: &LineContext,
) -> Option<usize> {
    let above = above.filter(|line| line.number == n && line.kind == LineKind::Paragraph)?;
    if context.fence.is_some() || context.comment || above.text.starts_with('|') {
        return None;
    }
    let text = raw.trim();
    let only = |mark: char| !text.is_empty() && text.chars().all(|c| c == mark);
    match (only('='), only('-')) {
        (true, _) => Some(1),
        (_, true) => Some(2),
        _ => None,
    }
}

impl LineContext {
    fn read<'d>(&mut self, raw: &'d str) -> Option<(LineKind, &'d str)> {
        let text = raw.trim();
        if self.comment {
            self.comment = !text.contains("-->");
            return None;
        }
        if let Some((mark, length)) = self.fence {
            let closes =
                fence(text).is_some_and(|(m, l, info)| m == mark && l >= length && info.is_empty());
            if closes {
                self.fence = None;
            }
            return None;
        }
        if text.is_empty() {
            self.blank_before = true;
            return None;
        }
        let after_blank = std::mem::replace(&mut self.blank_before, false);
        let indent = indent(raw);
        if indent >= 4 && after_blank && !self.in_list {
            // Indented code goes on until a line that is less indented.
            self.blank_before = true;
            return None;
        }
        if let Some((mark, length, _)) = fence(item(text).unwrap_or(text)) {
            self.fence = Some((mark, length));
            return None;
        }
        if let Some(rest) = text.strip_prefix("<!--") {
            self.comment = !rest.contains("-->");
            return None;
        }
        self.text(text, indent)
    }

    fn text<'d>(&mut self, text: &'d str, indent: usize) -> Option<(LineKind, &'d str)> {
        if let Some(rest) = text.strip_prefix('>') {
            return Some((LineKind::Quote, rest.trim_start()));
        }
        if let Some((level, title)) = heading(text) {
            self.in_list = false;
            return Some((LineKind::Heading(level), without_comment(title)));
        }
        if let Some(rest) = item(text) {
            self.in_list = true;
            // `- > quoted` and `- ## heading` are what they hold.
            return match (rest.strip_prefix('>'), heading(rest)) {
                (Some(quoted), _) => Some((LineKind::Quote, quoted.trim_start())),
                (None, Some((level, title))) => Some((LineKind::Heading(level), title)),
                (None, None) => Some((LineKind::Item, without_comment(checkbox(rest)))),
            };
        }
        if indent == 0 {
            self.in_list = false;
        }
        Some((LineKind::Paragraph, without_comment(text)))
    }
}

/// Columns of white space at the start; a tab goes to the next multiple of four.
fn indent(raw: &str) -> usize {
    raw.chars()
        .take_while(|c| c.is_whitespace())
        .fold(0, |columns, c| match c {
            '\t' => columns / 4 * 4 + 4,
            _ => columns + 1,
        })
}

/// A fence's mark, its length, and what follows it.
fn fence(text: &str) -> Option<(char, usize, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    let is_fence = length >= 3 && (mark == '~' || !info.contains('`'));
    is_fence.then(|| (mark, length, info.trim()))
}

fn heading(text: &str) -> Option<(usize, &str)> {
    let rest = text.trim_start_matches('#');
    let level = text.len() - rest.len();
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let title = rest.trim();
    // A closing run of `#` belongs to the mark.
    let closed = title.trim_end_matches('#');
    let title = if closed.is_empty() || closed.ends_with([' ', '\t']) {
        closed.trim_end()
    } else {
        title
    };
    Some((level, title))
}

/// What an item of a list holds.
fn item(text: &str) -> Option<&str> {
    let rest = match text.strip_prefix(['-', '*', '+']) {
        Some(rest) => rest,
        None => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == text.len() {
                return None;
            }
            rest.strip_prefix(['.', ')'])?
        }
    };
    rest.starts_with([' ', '\t']).then(|| rest.trim_start())
}

fn checkbox(text: &str) -> &str {
    ["[ ] ", "[x] ", "[X] ", "[~] "]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .unwrap_or(text)
        .trim_start()
}

fn without_comment(text: &str) -> &str {
    match text.split_once("<!--") {
        Some((before, rest)) if rest.contains("-->") => before.trim_end(),
        _ => text,
    }
}
