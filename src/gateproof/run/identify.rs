//! What a host is: a reboot, another revision or a wrong clock must be on record.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::record::HostState;
use claim::{CommandProbe, HostSpec};
use kit::text::Scope;
use reach::host::{Fault, Host, Invocation, Leftovers, Script};
use reach::observation::Ending;
use reach::undo::{self, UndoListing};

use super::invocation::{self, PlaceContext};

/// How long each question to a host may take.
const ANSWER: Duration = Duration::from_secs(30);

/// Finds out what a host is now, and lists what is armed there: both in one round trip.
///
/// # Errors
/// A [`Fault`] when the host does not answer.
pub(super) async fn identify(
    host: &Host,
    spec: &HostSpec,
    vars: &Scope,
) -> Result<(HostState, UndoListing), Fault> {
    let before = Utc::now();
    let mut line =
        "cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo; date -u +%s.%N\n".to_owned();
    line.push_str(&undo::list_script());
    let script = Script::Shell(line);
    let query = Invocation::new(script, ANSWER, undo::LISTING_LIMIT);
    let answer = host.run(&query).await?;
    let after = Utc::now();
    let text = answer.stdout.text().into_owned();
    let mut lines = text.lines();
    let system_boot = lines
        .next()
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    let clock = lines.next().and_then(epoch);
    let rest: Vec<&str> = lines.collect();
    let (boot_id, image) = match host.identity().await? {
        Some(own) => (Some(own.boot), Some(own.revision)),
        None => (system_boot, None),
    };
    let claimed = match &spec.revision {
        Some(probe) => Some(revision(host, probe, vars).await?),
        None => None,
    };
    let state = HostState {
        name: spec.name.clone(),
        destination: spec.address.to_string(),
        revision: match (claimed, image) {
            (Some(claimed), Some(image)) => Some(format!("{claimed} ({image})")),
            (claimed, image) => claimed.or(image),
        },
        boot_id,
        clock_skew_ms: clock.map(|theirs| skew_ms(before, theirs, after)),
    };
    Ok((state, UndoListing::parse(&rest.join("\n"))))
}

/// By how many milliseconds at least the host's clock is wrong, read between two moments here: 0
/// where it lies between them, so that a slow answer is not taken for a wrong clock.
fn skew_ms(before: DateTime<Utc>, theirs: DateTime<Utc>, after: DateTime<Utc>) -> i64 {
    (theirs - theirs.clamp(before, after)).num_milliseconds()
}

/// The output of the claim file's `revision:`.
async fn revision(host: &Host, probe: &CommandProbe, vars: &Scope) -> Result<String, Fault> {
    let context = PlaceContext::default();
    let query = invocation::command(probe, vars, &context, ANSWER, Leftovers::Kill);
    let answer = host.run(&query).await?;
    let text = answer.stdout.text().trim().to_owned();
    Ok(match answer.ending {
        Ending::Exited(0) if !text.is_empty() => text,
        ending => format!("not known: {ending}"),
    })
}

/// Why what was observed before and after is not of one and the same host.
pub(super) fn differences(before: &HostState, after: &HostState) -> Vec<String> {
    let name = &before.name;
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut all = Vec::new();
    if before.boot_id != after.boot_id {
        all.push(format!(
            "{name} was rebooted during the run (boot {}, then {}): what was seen before and after is not of one host, run it again",
            shown(&before.boot_id),
            shown(&after.boot_id)
        ));
    }
    if before.revision != after.revision {
        all.push(format!(
            "{name} ran {} when the run began and {} when it ended: what was seen is of neither, run it again",
            shown(&before.revision),
            shown(&after.revision)
        ));
    }
    all
}

/// From this difference on, the host's logs and certificates are hard to read beside a record.
const SKEW_WORTH_A_NOTE_MS: u64 = 5_000;

/// A note that a host's clock is wrong. No check fails for that: nothing here is judged by it.
pub(super) fn clock_note(state: &HostState) -> Option<String> {
    let skew = state.clock_skew_ms?;
    (skew.unsigned_abs() >= SKEW_WORTH_A_NOTE_MS).then(|| {
        let side = if skew < 0 { "behind" } else { "ahead of" };
        format!(
            "the clock of {} is {} s {side} this machine's: mind that when you read its logs beside this record",
            state.name,
            skew.unsigned_abs() / 1000
        )
    })
}

/// `1763750000.123456789`; a `date` without `%N` prints the letters.
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let nanos: u32 = fraction.parse().unwrap_or(0);
    DateTime::from_timestamp(seconds.parse().ok()?, nanos.min(999_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_hosts_clock_with_and_without_nanoseconds() {
        assert_eq!(epoch("10.500000000").unwrap().timestamp_millis(), 10_500);
        assert_eq!(epoch("10.N").unwrap().timestamp_millis(), 10_000);
        assert_eq!(epoch("10").unwrap().timestamp_millis(), 10_000);
        assert_eq!(epoch("soon"), None);
    }

    fn state(boot: &str, revision: &str, skew: i64) -> HostState {
        HostState {
            name: "cc-ci".to_owned(),
            destination: "cc-ci".to_owned(),
            revision: Some(revision.to_owned()),
            boot_id: Some(boot.to_owned()),
            clock_skew_ms: Some(skew),
        }
    }

    #[test]
    fn a_reboot_and_a_redeploy_between_beginning_and_end_are_named() {
        let before = state("a", "one", 0);
        assert_eq!(differences(&before, &state("a", "one", 9)), [""; 0]);
        let found = differences(&before, &state("b", "two", 0));
        assert!(found[0].contains("rebooted") && found[0].contains("boot a, then b"));
        assert!(found[1].contains("ran one when") && found[1].contains("and two when"));
    }

    #[test]
    fn a_slow_answer_is_not_a_wrong_clock() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(skew_ms(at(10), at(10), at(18)), 0);
        assert_eq!(skew_ms(at(10), at(17), at(18)), 0);
        assert_eq!(skew_ms(at(10), at(9), at(18)), -1000);
        assert_eq!(skew_ms(at(10), at(20), at(18)), 2000);
    }

    #[test]
    fn a_clock_is_worth_a_note_from_five_seconds_on() {
        assert_eq!(clock_note(&state("a", "one", 4_999)), None);
        let note = clock_note(&state("a", "one", -95_200)).unwrap();
        assert!(note.contains("95 s behind"), "{note}");
        let note = clock_note(&state("a", "one", 5_000)).unwrap();
        assert!(note.contains("5 s ahead"), "{note}");
    }
}
