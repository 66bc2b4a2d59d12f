//! Names of runs.

use chrono::{DateTime, NaiveDateTime, Utc};

/// The moment in a run's name.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The name of a run: UTC start to the second and 32 random bits, `20261121T174530Z-1f3a9c2e`.
/// Names sort by time.
pub fn run_id(started: DateTime<Utc>, random: u32) -> String {
    format!("{}-{random:08x}", started.format(FORMAT))
}

/// Whether a text has the form of [`run_id`]. Such a text is the program's own.
pub fn is_run_id(text: &str) -> bool {
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.split_once('-').is_some_and(|(at, random)| {
        random.len() == 8
            && random.bytes().all(lower_hex)
            && NaiveDateTime::parse_from_str(at, FORMAT)
                .is_ok_and(|parsed| parsed.and_utc().format(FORMAT).to_string() == at)
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_run_id_names_the_start_and_sorts_by_it() {
        let started = Utc.with_ymd_and_hms(2026, 11, 21, 17, 45, 30).unwrap();
        assert_eq!(run_id(started, 0x1f3a_9c2e), "20261121T174530Z-1f3a9c2e");
        assert_eq!(run_id(started, 7), "20261121T174530Z-00000007");
    }

    #[test]
    fn only_a_run_id_has_the_form_of_one() {
        assert!(is_run_id("20261121T174530Z-1f3a9c2e"));
        for other in [
            "",
            "20261121T174530Z",
            "20261121T174530Z-1F3A9C2E",
            "20261121T174530Z-1f3a9c2ee",
            "20261321T174530Z-1f3a9c2e",
            "+0261121T174530Z-1f3a9c2e",
            "hunter2-1f3a9c2e",
        ] {
            assert!(!is_run_id(other), "{other}");
        }
    }
}
