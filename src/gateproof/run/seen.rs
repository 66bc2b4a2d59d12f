//! The single values of an observation that decide, as they are recorded. Pure.

use crate::record::{SeenHow, SeenValue};
use claim::Check;
use kit::text::Scope;
use reach::observation::Observation;

/// The most characters of a value.
const SHOWN: usize = 200;

/// What an expectation has looked at, and the captured values that it has: `scope` is what the probe
/// got.
pub(super) fn values(
    check: &Check,
    observation: Option<&Observation>,
    scope: &Scope,
) -> Vec<SeenValue> {
    let captured = scope
        .iter()
        .filter(|(name, _)| !check.scope.contains_key(*name));
    let used = captured.filter(|(name, _)| check.expected.contains(&format!("${{{name}}}")));
    let used = used.map(|(name, value)| seen(format!("${{{name}}}"), value, SeenHow::Used));
    let judged = observation.map(|it| claim::matchers::judged_values(&check.expect, it));
    let judged = judged.unwrap_or_default().into_iter();
    let judged = judged.map(|(name, value)| seen(name, &value, SeenHow::Judged));
    judged.chain(used).collect()
}

/// A value that was captured for later checks.
pub(super) fn captured(name: &str, value: &str) -> SeenValue {
    seen(format!("${{{name}}}"), value, SeenHow::Captured)
}

fn seen(name: String, value: &str, how: SeenHow) -> SeenValue {
    let mut value: String = value.trim().chars().take(SHOWN + 1).collect();
    if value.chars().count() > SHOWN {
        value.pop();
        value.push('…');
    }
    SeenValue { name, value, how }
}
