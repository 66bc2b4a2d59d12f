//! Holds one observation against an expectation. Pure, apart from the values of the environment
//! that must be absent.

use claim::Timing;
use claim::expectation::{Expect, StatusItem, StatusMatcher, Test};
use claim::matchers::{Judgement, Mismatch, judge};
use kit::text::Scope;
use reach::host::Fault;
use reach::observation::{Ending, Observation};

use super::secrets;

/// What the observations amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProbeResult {
    Holds,
    Differs(Vec<Mismatch>),
    /// It could not be decided, and why.
    Undecidable(String),
    Fault(Fault),
    /// Cut short by a signal.
    Interrupted(&'static str),
}

impl ProbeResult {
    pub(super) fn holds(&self) -> bool {
        *self == ProbeResult::Holds
    }
}

/// Holds an observation against an expectation; a program that is missing is not an answer to
/// the claim.
pub(super) fn judged(expect: &Expect, observation: &Observation, scope: &Scope) -> ProbeResult {
    if let Some(name) = claim::unknown_in_expect(expect, scope) {
        return ProbeResult::Undecidable(format!(
            "`${{{name}}}` has no value: nothing has captured it"
        ));
    }
    let judgement = judge(expect, observation, &secrets::with_sought(expect, scope));
    if let (Judgement::Differs(_), Observation::Command(observed)) = (&judgement, observation)
        && matches!(observed.ending, Ending::Exited(126 | 127))
    {
        let stderr = observed.stderr.text();
        let detail = stderr.lines().next_back().unwrap_or("exit 127").trim();
        let detail: String = detail.chars().take(300).collect();
        return ProbeResult::Fault(if detail.starts_with(claim::read::CANNOT_TELL) {
            Fault::Other(detail)
        } else {
            Fault::ToolMissing { detail }
        });
    }
    match judgement {
        Judgement::Holds => ProbeResult::Holds,
        Judgement::Differs(mismatches) => ProbeResult::Differs(mismatches),
        Judgement::Undecidable(why) => ProbeResult::Undecidable(why),
    }
}

/// Whether a check with this expectation and this timing would pass on one such observation.
pub(super) fn passes(
    expect: &Expect,
    timing: &Timing,
    observation: &Observation,
    scope: &Scope,
) -> bool {
    if timing.never_within.is_none() {
        return judged(expect, observation, scope).holds();
    }
    let (answered, content) = split(expect);
    let mut answered = answered.iter();
    answered.all(|part| judged(part, observation, scope).holds())
        && matches!(
            judged(&content, observation, scope),
            ProbeResult::Differs(_)
        )
}

/// The parts that require a proper answer, and the rest. Without a rest the whole
/// expectation is the content, and any answer at all is proper.
pub(super) fn split(expect: &Expect) -> (Vec<Expect>, Expect) {
    let is_ending = |part: &Expect| matches!(part, Expect::Holds(clause) if matches!(clause.test, Test::Exit(_) | Test::Status(_)));
    match expect {
        Expect::All(parts) => {
            let (answered, content): (Vec<Expect>, Vec<Expect>) =
                parts.iter().cloned().partition(is_ending);
            if content.is_empty() {
                (Vec::new(), expect.clone())
            } else {
                (answered, Expect::All(content))
            }
        }
        Expect::Holds(clause) => match &clause.test {
            Test::Status(StatusMatcher::OneOf(items))
                if !items
                    .iter()
                    .any(|item| matches!(item, StatusItem::NoAnswer { .. })) =>
            {
                let mut any_answer = clause.clone();
                any_answer.test = Test::Status(StatusMatcher::NoneOf(vec![StatusItem::NoAnswer {
                    spelling: "no-answer".to_owned(),
                    causes: Vec::new(),
                }]));
                (vec![Expect::Holds(any_answer)], expect.clone())
            }
            _ => (Vec::new(), expect.clone()),
        },
        _ => (Vec::new(), expect.clone()),
    }
}

pub(super) fn first_span(expect: &Expect) -> kit::yaml::source::Span {
    match expect {
        Expect::Holds(clause) => clause.span.clone(),
        Expect::All(parts) | Expect::Any(parts) => parts.first().map_or(0..0, first_span),
        Expect::Not(inner) => first_span(inner),
    }
}
