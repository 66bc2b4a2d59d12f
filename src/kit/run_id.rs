//! Names of runs.

use chrono::{DateTime, Utc};

/// The name of a run: UTC start to the second and 32 random bits, `20261121T174530Z-1f3a9c2e`.
/// Names sort by time.
pub fn run_id(started: DateTime<Utc>, random: u32) -> String {
    format!("{}-{random:08x}", started.format("%Y%m%dT%H%M%SZ"))
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
}
