//! Controls that show nothing, and expectations of requests that failures meet.

use crate::codes;
use crate::command::Likeness;
use crate::teeth::{holds_on_server_errors, same_question};
use crate::{Check, Control, Probe};
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;

use super::reader::Reader;

impl Reader {
    /// What can be said of a check's teeth from its words alone, beside [`Reader::lint_teeth`].
    pub(super) fn lint_check(&mut self, check: &Check, fields: &Fields<'_>) {
        if let (Some(control), Some(node)) = (&check.control, fields.get("control"))
            && let Some(why) = self.shows_nothing(check, control)
        {
            let problem = Diagnostic::new(codes::SELF_CONTROL, node.span.clone(), why);
            self.report(problem.help(
                "ask the check's own question where the claim is false: another port, another unit, another key, or under another fixture",
            ));
        }
        // What must not be seen in a window is described by the expectation.
        if let (Probe::Http(_), Some(node)) = (&check.probe, fields.get("expect"))
            && check.timing.never_within.is_none()
            && holds_on_server_errors(&check.expect)
        {
            self.report(
                Diagnostic::new(
                    codes::TOO_WIDE,
                    node.span.clone(),
                    "the expectation holds on a success and on an error of the server (500) alike",
                )
                .help("state the status that is meant: `expect: 200`"),
            );
        }
    }

    fn shows_nothing(&self, check: &Check, control: &Control) -> Option<String> {
        let other = control.probe.as_ref()?;
        if same_question(&check.probe, other)
            && control.with.as_ref().is_none_or(|with| *with == check.with)
        {
            return Some("the control is the same probe under the same conditions".to_owned());
        }
        let (Probe::Command(own), Probe::Command(other)) = (&check.probe, other) else {
            return None;
        };
        match crate::command::likeness(own, other, &self.scope) {
            Likeness::Alike => None,
            Likeness::Constant => Some("the control is a constant".to_owned()),
            Likeness::Strange => {
                Some("the control runs another command, and says nothing of the check's".to_owned())
            }
        }
    }
}
