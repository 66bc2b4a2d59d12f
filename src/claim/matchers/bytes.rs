//! From bytes to text: by the byte order mark, by the character set that the sender names, and
//! otherwise as UTF-8.

use std::borrow::Cow;

/// What bytes are as text.
pub(super) struct Read<'a> {
    /// The text, without a byte order mark, with U+FFFD for what cannot be read.
    pub(super) text: Cow<'a, str>,
    /// Why it is not text, if it is not.
    pub(super) problem: Option<String>,
}

/// The characters of windows-1252 at 0x80 to 0x9f. The Encoding Standard has browsers read
/// `iso-8859-1` and `us-ascii` by the same table.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// How bytes stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    Utf8,
    Windows1252,
    Utf16 { big: bool },
}

/// Reads bytes as text. A byte order mark decides before the name of a character set does
/// (Encoding Standard, 6). `cut`: there were more bytes, so the last character may be half.
pub(super) fn read<'a>(bytes: &'a [u8], charset: Option<&str>, cut: bool) -> Read<'a> {
    let (named, rest) = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (Ok(Charset::Utf8), rest),
        [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => {
            (Ok(Charset::Utf16 { big: false }), rest)
        }
        [0xfe, 0xff, rest @ ..] => (Ok(Charset::Utf16 { big: true }), rest),
        _ => (charset.map_or(Ok(Charset::Utf8), by_name), bytes),
    };
    match named {
        Ok(Charset::Utf8) => utf8(rest, cut),
        Ok(Charset::Windows1252) => Read {
            text: rest.iter().copied().map(windows_1252).collect(),
            problem: None,
        },
        Ok(Charset::Utf16 { big }) => utf16(rest, big, cut),
        Err(why) => Read {
            text: String::from_utf8_lossy(rest),
            problem: Some(why),
        },
    }
}

fn by_name(name: &str) -> Result<Charset, String> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok(Charset::Utf8),
        "us-ascii" | "ascii" | "iso-8859-1" | "iso8859-1" | "latin1" | "windows-1252"
        | "cp1252" => Ok(Charset::Windows1252),
        "utf-16" | "utf-16le" => Ok(Charset::Utf16 { big: false }),
        "utf-16be" => Ok(Charset::Utf16 { big: true }),
        _ => Err(format!(
            "its character set `{name}` cannot be read here (utf-8, utf-16, iso-8859-1 and windows-1252 can)"
        )),
    }
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

fn utf8(bytes: &[u8], cut: bool) -> Read<'_> {
    let bytes = match std::str::from_utf8(bytes) {
        // The limit fell into the middle of a character.
        Err(error) if cut && error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    };
    let problem = match std::str::from_utf8(bytes) {
        Err(error) => Some(unreadable(bytes, error.valid_up_to())),
        Ok(_) => utf16_without_a_mark(bytes),
    };
    Read {
        text: String::from_utf8_lossy(bytes),
        problem,
    }
}

/// Why bytes are not UTF-8, by what they look like.
fn unreadable(bytes: &[u8], at: usize) -> String {
    const KNOWN: [(&[u8], &str); 8] = [
        (&[0x1f, 0x8b], "gzip"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (b"BZh", "bzip2"),
        (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x89PNG", "a PNG picture"),
        (&[0xff, 0xd8, 0xff], "a JPEG picture"),
        (b"\x7fELF", "a program"),
    ];
    let kind = KNOWN
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map_or(String::new(), |(_, kind)| {
            format!("it looks like {kind}, and ")
        });
    format!("{kind}byte {} (0x{:02x}) is not UTF-8", at + 1, bytes[at])
}

/// ASCII in UTF-16 is UTF-8 with a NUL beside every character, in which no word is found.
fn utf16_without_a_mark(bytes: &[u8]) -> Option<String> {
    if bytes.len() < 4 || !bytes.contains(&0) {
        return None;
    }
    let nuls = |offset: usize| {
        bytes
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let pairs = bytes.len() / 2;
    let (even, odd) = (nuls(0), nuls(1));
    let looks = even.max(odd) * 2 > pairs && even.min(odd) * 8 < pairs.max(8);
    looks.then(|| "it looks like UTF-16 without a byte order mark".to_owned())
}

fn utf16(bytes: &[u8], big: bool, cut: bool) -> Read<'static> {
    let (pairs, half) = bytes.as_chunks::<2>();
    let mut units: Vec<u16> = pairs
        .iter()
        .map(|pair| {
            if big {
                u16::from_be_bytes(*pair)
            } else {
                u16::from_le_bytes(*pair)
            }
        })
        .collect();
    if cut
        && units
            .last()
            .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
    {
        units.pop();
    }
    let broken =
        !half.is_empty() && !cut || char::decode_utf16(units.iter().copied()).any(|c| c.is_err());
    Read {
        text: Cow::Owned(String::from_utf16_lossy(&units)),
        problem: broken.then(|| "it is broken UTF-16".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], charset: Option<&str>) -> String {
        let read = read(bytes, charset, false);
        assert_eq!(read.problem, None, "{bytes:?}");
        read.text.into_owned()
    }

    fn problem(bytes: &[u8], charset: Option<&str>) -> String {
        read(bytes, charset, false).problem.unwrap()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_byte_order_mark_decides_and_is_no_part_of_the_text() {
        assert_eq!(text(b"\xef\xbb\xbf{}", None), "{}");
        assert_eq!(text(b"\xef\xbb\xbf\xc3\xa9", Some("iso-8859-1")), "é");
        let little = [&[0xff, 0xfe], utf16("grün 🦀").as_slice()].concat();
        assert_eq!(text(&little, None), "grün 🦀");
        assert_eq!(text(b"\xfe\xff\0o\0k", None), "ok");
    }

    #[test]
    fn a_named_character_set_is_honoured_or_named() {
        assert_eq!(text(b"gr\xfcn \x80", Some("ISO-8859-1")), "grün €");
        assert_eq!(text(&utf16("ok"), Some("utf-16le")), "ok");
        assert!(problem(b"ok", Some("shift_jis")).contains("shift_jis"));
    }

    #[test]
    fn what_is_not_text_is_named_by_what_it_looks_like() {
        assert!(problem(b"\x1f\x8b\x08\0", None).contains("gzip"));
        assert!(problem(b"\x28\xb5\x2f\xfd\0", None).contains("zstd"));
        assert!(problem(b"ok \xff", None).contains("byte 4 (0xff)"));
        assert!(problem(&utf16("error"), None).contains("UTF-16"));
        assert!(problem(b"\xff\xfea", None).contains("UTF-16"));
        for plain in [
            "",
            "a\0b",
            "PATH=/bin\0HOME=/root\0",
            "a\0b\0long word\0and more\0",
            "\0",
        ] {
            assert_eq!(text(plain.as_bytes(), None), plain);
        }
    }

    #[test]
    fn a_limit_in_the_middle_of_a_character_is_no_fault_of_the_text() {
        assert_eq!(read(b"ok\xc3", None, true).problem, None);
        assert!(read(b"ok\xc3", None, false).problem.is_some());
        assert_eq!(read(b"\xff\xfea\0b", None, true).problem, None);
    }
}
