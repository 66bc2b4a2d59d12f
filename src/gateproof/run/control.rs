//! What a control shows: whether a check that passed can fail at all.

use crate::record::{ControlRecord, Finding};
use claim::outcome::Outcome;
use claim::{Check, Control};
use kit::text::{Scope, Text};

use super::judging::ProbeResult;
use super::prober::ProbeReply;
use super::recorded::remark;
use super::secrets;

/// Outcome, record and finding of a check whose control was run: the control must show its
/// own value, and the check's expectation must not hold there.
pub(super) fn judge_control(
    check: &Check,
    control: &Control,
    reply: &ProbeReply,
    scope: &Scope,
) -> (Outcome, Option<ControlRecord>, Option<Finding>) {
    let observed = reply.observed();
    let expected = Text::parse(&control.expected).render(&check.scope);
    let record = |red: bool| {
        Some(ControlRecord {
            expected: expected.clone(),
            observed: observed.clone(),
            red,
        })
    };
    match &reply.result {
        ProbeResult::Holds => {
            let also_holds = reply.observation.as_ref().is_some_and(|observation| {
                let scope = secrets::with_sought(&check.expect, scope);
                claim::matchers::judge(&check.expect, observation, &scope)
                    == claim::matchers::Judgement::Holds
            });
            if also_holds {
                let why = "the check's own expectation holds under its control, too: it cannot tell the two apart";
                return (
                    Outcome::Toothless,
                    record(false),
                    Some(remark("control", why)),
                );
            }
            (Outcome::Pass, record(true), None)
        }
        ProbeResult::Differs(_) => {
            let finding = Finding {
                subject: "control".to_owned(),
                expected: expected.clone(),
                observed: observed.clone(),
                note: Some(
                    "the control did not go red as declared: nothing shows that the check can fail"
                        .to_owned(),
                ),
                diff: None,
                place: None,
            };
            (Outcome::Toothless, record(false), Some(finding))
        }
        other => {
            let why = match other {
                ProbeResult::Fault(fault) => fault.to_string(),
                ProbeResult::Undecidable(why) => why.clone(),
                ProbeResult::Interrupted(name) => format!("interrupted by {name}"),
                ProbeResult::Holds | ProbeResult::Differs(_) => String::new(),
            };
            (Outcome::Error, record(false), Some(remark("control", why)))
        }
    }
}
