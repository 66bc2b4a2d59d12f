//! The forms in which programs echo a secret.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::MIN_SECRET;
use super::search::Form;

/// RFC 3986 unreserved characters stay.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// A line of a secret of several lines counts as a secret of its own from this length on:
/// programs quote single lines, and shorter ones are `{`, `end` and the like.
const MIN_LINE: usize = 16;

/// What is looked for: the secret, and of one of several lines each longer line, too.
pub(super) fn parts(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    if secret.contains('\n') {
        let lines = secret.lines().map(str::trim);
        let long = lines.filter(|line| line.len() >= MIN_LINE);
        all.extend(long.map(str::to_owned));
        all.push(secret.replace("\r\n", "\n").replace('\n', "\r\n"));
    }
    all
}

/// The secret and its encoded forms: base64 (standard and URL-safe, at each of the three
/// alignments in which it can stand inside a longer encoded text), percent-encoded, JSON-escaped
/// and shell-quoted. Other escapes are read back by [`super::views`]; these are for secrets that are
/// too short for that.
pub(super) fn forms(secret: &str) -> Vec<(Form, String)> {
    let mut all = vec![(Form::Plain, secret.to_owned())];
    let base64 = base64_forms(secret.as_bytes());
    all.extend(base64.into_iter().map(|text| (Form::Base64, text)));
    all.extend(
        escaped(secret)
            .into_iter()
            .map(|text| (Form::Escaped, text)),
    );
    all.retain(|(_, form)| form.len() >= MIN_SECRET);
    all
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

fn escaped(secret: &str) -> Vec<String> {
    let mut all = Vec::new();
    for set in [NON_ALPHANUMERIC, UNRESERVED, COMPONENT] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        all.push(lower_hex(&encoded));
        all.push(encoded.replace("%20", "+"));
        all.push(lower_hex(&encoded).replace("%20", "+"));
        all.push(encoded);
    }
    let json = json_escaped(secret);
    all.push(json.replace('/', "\\/"));
    all.push(ascii_json(&json));
    all.push(ascii_json(&json).replace('/', "\\/"));
    // JSON inside JSON, as log shippers write it.
    all.push(json_escaped(&json));
    all.push(json);
    all.push(secret.replace('\'', r"'\''"));
    all.push(crate::text::html(secret));
    all.retain(|form| form != secret);
    all
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As Python's `json.dumps` writes it: `\uXXXX` for everything beyond ASCII.
fn ascii_json(json: &str) -> String {
    let mut out = String::new();
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn lower_hex(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut digits: u8 = 0;
    for c in encoded.chars() {
        out.push(if digits > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        });
        digits = if c == '%' {
            2
        } else {
            digits.saturating_sub(1)
        };
    }
    out
}

/// Six-bit groups that are wholly of the secret: those are the same whatever stands before and
/// after it in the encoded text.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    let mut all = vec![
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(secret);
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for encoded in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            all.push(encoded[first..last].to_owned());
        }
    }
    all
}
