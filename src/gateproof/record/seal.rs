//! The seal of a record file: the SHA-256 of everything before it, as the last entry of the
//! JSON object.
//!
//! A seal shows an editor's slip, a bad merge and a careless change in a record that nothing
//! follows yet. A forger of a record can also forge its seal; the links of the records that follow,
//! the signature and git protect against that.

use kit::digest;

/// The end of a record without its seal.
const END: &[u8] = b"\n}\n";
/// What stands before the seal's value.
const BEFORE: &[u8] = b",\n  \"seal\": \"";
/// What stands after it.
const AFTER: &[u8] = b"\"\n}\n";
/// Hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

/// The state of a file's seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// The file fits its seal.
    Whole,
    Broken,
    Missing,
}

/// The file with its seal. `json` is an object in pretty form with a line feed at its end.
pub(super) fn seal(json: &[u8]) -> Vec<u8> {
    let content = json.strip_suffix(END).unwrap_or(json);
    let digest = digest::sha256(content);
    [content, BEFORE, digest.as_bytes(), AFTER].concat()
}

/// Compares a file with its seal.
pub(super) fn look(file: &[u8]) -> Seal {
    let parts = file
        .strip_suffix(AFTER)
        .and_then(|rest| rest.split_at_checked(rest.len().checked_sub(DIGITS)?));
    if let Some((rest, value)) = parts
        && let Some(content) = rest.strip_suffix(BEFORE)
    {
        return if digest::sha256(content).as_bytes() == value {
            Seal::Whole
        } else {
            Seal::Broken
        };
    }
    let parsed: Option<serde_json::Value> = serde_json::from_slice(file).ok();
    if parsed.is_some_and(|json| json.get("seal").is_none()) {
        Seal::Missing
    } else {
        Seal::Broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JSON: &[u8] = b"{\n  \"a\": 1,\n  \"text\": \",\\n  \\\"seal\\\": \\\"\"\n}\n";

    #[test]
    fn a_sealed_file_is_still_json_and_whole() {
        let file = seal(JSON);
        assert_eq!(look(&file), Seal::Whole);
        let json: serde_json::Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(json["a"], 1);
        assert_eq!(json["seal"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn a_file_without_seal_is_told_from_one_with_a_broken_seal() {
        assert_eq!(look(JSON), Seal::Missing);
        assert_eq!(look(b"{\"seal\": 3}"), Seal::Broken);
        assert_eq!(look(b""), Seal::Broken);
    }

    proptest! {
        #[test]
        fn no_byte_can_be_changed_removed_or_added(at in any::<prop::sample::Index>(), to: u8, how in 0..3u8) {
            let whole = seal(JSON);
            let mut file = whole.clone();
            let at = at.index(file.len());
            match how {
                0 => file[at] = to,
                1 => { file.remove(at); }
                _ => file.insert(at, to),
            }
            prop_assume!(file != whole);
            prop_assert_ne!(look(&file), Seal::Whole);
        }
    }
}
