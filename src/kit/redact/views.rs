//! A text read in other ways than as it stands: without its escapes, as the digits of a hex dump.
//!
//! Encodings are many, and a secret may stand in several of them at once (JSON in JSON, base64 that
//! is wrapped). So nothing here writes a secret in all possible ways. The text is read back, and a
//! secret is looked for in what comes out. Each byte that comes out knows where it came from.

/// What a text reads as and, where that is wanted, the place of each byte in the text.
#[derive(Debug)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where each byte begins and where it ends. Most texts have no secret in them, and nobody asks.
    places: Option<Vec<(usize, usize)>>,
}

/// Whether a view is to know where its bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    Known,
    Unknown,
}

impl View {
    fn with_room(bytes: usize, places: Places) -> View {
        View {
            bytes: Vec::with_capacity(bytes),
            places: (places == Places::Known).then(|| Vec::with_capacity(bytes)),
        }
    }

    /// The text as it is.
    fn of(text: &[u8], places: Places) -> View {
        View {
            bytes: text.to_vec(),
            places: (places == Places::Known)
                .then(|| (0..text.len()).map(|at| (at, at + 1)).collect()),
        }
    }

    fn push(&mut self, byte: u8, place: (usize, usize)) {
        self.bytes.push(byte);
        if let Some(places) = &mut self.places {
            places.push(place);
        }
    }

    /// Adds a part of another view.
    fn extend(&mut self, other: &View, from: usize, to: usize) {
        self.bytes.extend_from_slice(&other.bytes[from..to]);
        if let (Some(places), Some(others)) = (&mut self.places, &other.places) {
            places.extend_from_slice(&others[from..to]);
        }
    }

    fn places(&self) -> Places {
        match self.places {
            Some(_) => Places::Known,
            None => Places::Unknown,
        }
    }

    /// The part of the text that some bytes of the view came from, which must not be empty; nothing
    /// where the places are unknown.
    pub(super) fn source(&self, from: usize, to: usize) -> (usize, usize) {
        match &self.places {
            Some(places) => (places[from].0, places[to - 1].1),
            None => (0, 0),
        }
    }

    /// Without what only colours it or moves the cursor, as a terminal shows it.
    fn without_colours(self) -> View {
        if !self.bytes.contains(&0x1b) {
            return self;
        }
        let mut all = View::with_room(self.bytes.len(), self.places());
        let (mut from, mut at) = (0, 0);
        while at < self.bytes.len() {
            match control_sequence(&self.bytes[at..]) {
                Some(length) => {
                    all.extend(&self, from, at);
                    at += length;
                    from = at;
                }
                None => at += 1,
            }
        }
        all.extend(&self, from, self.bytes.len());
        all
    }

    /// Without the bytes that `is_left_out` names, given the byte and the one after it.
    fn without(&self, is_left_out: impl Fn(u8, Option<&u8>) -> bool) -> View {
        let mut all = View::with_room(self.bytes.len(), self.places());
        let mut from = 0;
        for (at, &byte) in self.bytes.iter().enumerate() {
            if is_left_out(byte, self.bytes.get(at + 1)) {
                all.extend(self, from, at);
                from = at + 1;
            }
        }
        all.extend(self, from, self.bytes.len());
        all
    }
}

/// The length of the sequence for a terminal that the bytes begin with, such as a colour
/// (ECMA-48, 5.4: CSI, parameters, intermediates, a final byte).
fn control_sequence(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(b"\x1b[")?;
    let last = rest.iter().position(|byte| !(0x20..0x40).contains(byte))?;
    (0x40..0x7f).contains(&rest[last]).then_some(2 + last + 1)
}

/// How often escapes are read back: JSON in a string of JSON in a URL needs three rounds.
const ROUNDS: usize = 4;

/// The text without what quoting, wrapping, form encoding and terminals add (white space, quotes,
/// backslashes, `+` and colours), and the same after each round in which its escapes (percent, JSON and C, HTML) are read back.
/// Round by round, because a secret may itself look like an escape.
pub(super) fn plain(text: &str, places: Places) -> Vec<View> {
    let filler = |byte, _: Option<&u8>| is_filler(byte);
    let text = View::of(text.as_bytes(), places).without_colours();
    let mut all = vec![text.without(filler)];
    if !text.bytes.iter().any(is_sign) {
        return all;
    }
    // A line may have been broken in the middle of an escape. A shell wants a backslash before white
    // space, which goes with it.
    let mut view = text.without(|byte, next| {
        byte.is_ascii_whitespace() || (byte == b'\\' && next.is_some_and(u8::is_ascii_whitespace))
    });
    for _ in 0..ROUNDS {
        let Some(next) = unescaped(&view) else { break };
        let next = next.without_colours();
        all.push(next.without(filler));
        view = next;
    }
    all
}

fn is_filler(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'\\' | b'+' | 0x7f)
}

/// Whether an escape may begin with it.
fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// One round; `None` when there is no escape.
fn unescaped(from: &View) -> Option<View> {
    let bytes = &from.bytes;
    let mut view = View::with_room(bytes.len(), from.places());
    let mut found = false;
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(is_sign) {
        view.extend(from, at, at + next);
        at += next;
        let Some((decoded, length)) = escape(&bytes[at..]) else {
            view.extend(from, at, at + 1);
            at += 1;
            continue;
        };
        found = true;
        let place = from.source(at, at + length);
        match decoded {
            Decoded::Byte(byte) => view.push(byte, place),
            Decoded::Char(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    view.push(byte, place);
                }
            }
        }
        at += length;
    }
    view.extend(from, at, bytes.len());
    found.then_some(view)
}

enum Decoded {
    Byte(u8),
    Char(char),
}

/// What the escape at the beginning stands for, and its length.
fn escape(bytes: &[u8]) -> Option<(Decoded, usize)> {
    match bytes[0] {
        b'%' => {
            let value = digits(bytes.get(1..3)?, 16)?;
            Some((Decoded::Byte(u8::try_from(value).ok()?), 3))
        }
        b'\\' => backslash(bytes),
        b'&' => entity(bytes),
        _ => None,
    }
}

fn backslash(bytes: &[u8]) -> Option<(Decoded, usize)> {
    let byte = |byte| Some((Decoded::Byte(byte), 2));
    match bytes.get(1)? {
        b'\\' => byte(b'\\'),
        b'n' => byte(b'\n'),
        b'r' => byte(b'\r'),
        b't' => byte(b'\t'),
        b'b' => byte(8),
        b'f' => byte(12),
        b'x' => {
            let value = digits(bytes.get(2..4)?, 16)?;
            Some((Decoded::Byte(u8::try_from(value).ok()?), 4))
        }
        b'u' if bytes.get(2) == Some(&b'{') => {
            let inner = &bytes[3..];
            let end = inner.iter().take(7).position(|&b| b == b'}')?;
            let c = char::from_u32(digits(&inner[..end], 16)?)?;
            Some((Decoded::Char(c), 3 + end + 1))
        }
        b'u' => utf16(bytes),
        b'U' => {
            let c = char::from_u32(digits(bytes.get(2..10)?, 16)?)?;
            Some((Decoded::Char(c), 10))
        }
        b'0'..=b'3' => {
            let value = digits(bytes.get(1..4)?, 8)?;
            Some((Decoded::Byte(u8::try_from(value).ok()?), 4))
        }
        _ => None,
    }
}

/// `\uXXXX`, or two of them where the first is one half of a pair.
fn utf16(bytes: &[u8]) -> Option<(Decoded, usize)> {
    let unit = |from: usize| -> Option<u16> {
        (bytes.get(from..from + 2)? == b"\\u").then_some(())?;
        u16::try_from(digits(bytes.get(from + 2..from + 6)?, 16)?).ok()
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((Decoded::Char(c), 6));
    }
    let pair = char::decode_utf16([first, unit(6)?]).next()?;
    Some((Decoded::Char(pair.ok()?), 12))
}

/// The longest entity that is read, with its `&` and `;`.
const ENTITY: usize = 12;

fn entity(bytes: &[u8]) -> Option<(Decoded, usize)> {
    let end = bytes.iter().take(ENTITY).position(|&b| b == b';')?;
    let name = std::str::from_utf8(&bytes[1..end]).ok()?;
    let c = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => char::from_u32(digits(hex.as_bytes(), 16)?)?,
            None => char::from_u32(digits(number.as_bytes(), 10)?)?,
        },
        None => match name.to_ascii_lowercase().as_str() {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            _ => return None,
        },
    };
    Some((Decoded::Char(c), end + 1))
}

fn digits(digits: &[u8], base: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0u32, |value, &digit| {
        let digit = char::from(digit).to_digit(base)?;
        value.checked_mul(base)?.checked_add(digit)
    })
}

/// Its hex digits in lower case, without what is written between the digits of bytes. Whatever else
/// stands between them becomes one `|`, so that no number reaches across it.
pub(super) fn hex_digits(text: &str, places: Places) -> View {
    let bytes = text.as_bytes();
    let mut view = View::with_room(bytes.len(), places);
    let mut at = 0;
    while at < bytes.len() {
        let here = (at, at + 1);
        match bytes[at] {
            b'0' | b'\\' if matches!(bytes.get(at + 1), Some(b'x' | b'X')) => at += 1,
            // A wrapped text that was made one line.
            b'\\' if matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't')) => at += 1,
            digit if digit.is_ascii_hexdigit() => view.push(digit.to_ascii_lowercase(), here),
            b' ' | b'\t' | b'\r' | b'\n' | b':' | b'-' | b'+' | b',' | b'_' | b'%' | b'.' => {}
            _ if view.bytes.last() == Some(&b'|') => {}
            _ => view.push(b'|', here),
        }
        at += 1;
    }
    view
}

/// The bytes that the lines of a dump show, as `xxd`, `hexdump` and `od -tx1` write them; each byte
/// belongs to all of its line, because the characters stand beside the digits there. Between two
/// dumps stands a line feed.
pub(super) fn dumped(text: &str, order: Order, places: Places) -> View {
    let mut view = View::with_room(0, places);
    let mut from = 0;
    // A dump may stand in a text that was made one line.
    for line in text
        .split_inclusive('\n')
        .flat_map(|line| line.split_inclusive("\\n"))
    {
        let shown = line.trim_end().trim_end_matches("\\n");
        let to = from + shown.len();
        match dump_line(shown) {
            Some(mut bytes) => {
                if order == Order::Swapped {
                    bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
                }
                for byte in bytes {
                    view.push(byte, (from, to));
                }
            }
            None if view.bytes.is_empty() => {}
            None => view.push(b'\n', (from, to)),
        }
        from += line.len();
    }
    view
}

/// How the bytes of a dump stand in its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    AsWritten,
    /// In words of two bytes, the second one first: `hexdump` and `od -x` on most machines.
    Swapped,
}

/// The most bytes on a line of a dump.
const DUMP_LINE: usize = 64;

/// The bytes of a line that begins with an offset: its groups of digits up to the characters, which
/// stand after two spaces (`xxd`) or behind `|` or `>` (`hexdump -C`, `od -tx1z`).
fn dump_line(line: &str) -> Option<Vec<u8>> {
    // A comparison marks its lines.
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "+-<>|\"'".contains(c));
    let (offset, rest) = line.split_once([' ', '\t'])?;
    let digits = offset.strip_suffix(':').unwrap_or(offset);
    let is_offset = digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_offset {
        return None;
    }
    let rest = match offset.ends_with(':') {
        true => rest.trim_start().split("  ").next().unwrap_or(rest),
        false => rest,
    };
    let mut bytes = Vec::new();
    for group in rest.split_ascii_whitespace() {
        if group.starts_with(['|', '>']) || group.len() % 2 != 0 || bytes.len() > DUMP_LINE {
            break;
        }
        let Some(group) = unhexed(group) else { break };
        bytes.extend(group);
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn unhexed(group: &str) -> Option<Vec<u8>> {
    let pairs = group.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::try_from(digits(pair, 16)?).ok())
        .collect()
}
