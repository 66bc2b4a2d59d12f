//! The ways in which programs print that there was no answer.
//!
//! `curl -w '%{http_code}'` prints `000`, the reference project's claims say `999`, and its code
//! returned `0`: all three mean no answer, and none of them is another.

/// What a program prints for a status when there was none.
const SENTINELS: [&str; 3] = ["999", "000", "0"];

/// Says what is wrong when one sentinel was claimed and another, or a status, is there.
pub(super) fn confusion(claimed: &str, printed: &str) -> Option<String> {
    let is_sentinel = |text: &str| SENTINELS.contains(&text);
    if claimed == printed {
        None
    } else if is_sentinel(claimed) && is_sentinel(printed) {
        Some(format!(
            "the claim says sentinel {claimed}, the command printed sentinel {printed}: \
             both mean no answer, but they are not the same value"
        ))
    } else if is_status(claimed) && matches!(printed, "000" | "999") {
        Some(format!("{printed} is a sentinel: there was no answer"))
    } else if matches!(claimed, "000" | "999") && is_status(printed) {
        Some(format!(
            "{claimed} is a sentinel for no answer, and there was an answer"
        ))
    } else {
        None
    }
}

/// Three digits that a server can send as a status.
fn is_status(text: &str) -> bool {
    text.len() == 3 && matches!(text.parse(), Ok(100_u16..=599))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_both_sentinels_when_they_are_confused() {
        for claimed in SENTINELS {
            for printed in SENTINELS {
                let note = confusion(claimed, printed);
                if claimed == printed {
                    assert_eq!(note, None);
                } else {
                    assert_eq!(
                        note.unwrap(),
                        format!(
                            "the claim says sentinel {claimed}, the command printed sentinel \
                             {printed}: both mean no answer, but they are not the same value"
                        )
                    );
                }
            }
        }
    }

    #[test]
    fn says_that_a_sentinel_is_not_a_status() {
        assert!(confusion("200", "000").unwrap().contains("no answer"));
        assert!(confusion("999", "502").unwrap().contains("sentinel"));
        assert_eq!(confusion("200", "404"), None);
        assert_eq!(confusion("200", "0"), None);
        assert_eq!(confusion("0", "5"), None);
    }
}
