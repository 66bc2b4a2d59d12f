//! Reading `control:`: what shows that a check can fail.

use crate::codes;
use crate::{Control, Place};
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::Node;

use super::checks::CheckContext;
use super::effects::Known;
use super::enclosing::{captured_by, nested};
use super::expectations::ProbeKind;
use super::one_line;
use super::probes::{HTTP_KEYS, RUN_KEYS, TIMING_KEYS};
use super::reader::Reader;

pub(super) const CONTROL_KEYS: &[&str] = &["with", "expect"];

impl Reader {
    pub(super) fn control(
        &mut self,
        node: &Node,
        asked: ProbeKind,
        own: &[String],
        (on, check, declared): (Option<&Place>, &Known, bool),
        context: &CheckContext<'_>,
    ) -> Option<Control> {
        let keys: Vec<&str> = CONTROL_KEYS
            .iter()
            .chain(RUN_KEYS)
            .chain(HTTP_KEYS)
            .chain(TIMING_KEYS)
            .copied()
            .collect();
        let fields = self.map(node, "`control`", &keys)?;
        let with = self.fixture_names(&fields, context.fixture_names);
        for name in &with {
            self.captures.extend(captured_by(name, context.fixtures));
        }
        let with = fields.has("with").then(|| nested(&with, context.fixtures));
        let probe = if fields.meant("run") || fields.meant("http") {
            let asked = self.asked(&fields, "`control`")?;
            Some((self.probe(&fields, asked, &context.places)?, asked))
        } else {
            None
        };
        if probe.is_none()
            && with
                .as_ref()
                .is_none_or(|w| w == &nested(own, context.fixtures))
        {
            self.report(
                Diagnostic::new(
                    codes::SELF_CONTROL,
                    node.span.clone(),
                    "the control is the same probe under the same conditions",
                )
                .help("add `with:` another fixture, or another `run:` or `http:`"),
            );
            return None;
        }
        let asked = probe.as_ref().map_or(asked, |(_, asked)| *asked);
        let Some(expect) = fields.get("expect") else {
            self.missing_in(
                &fields,
                "`control`",
                "expect",
                "the exact other value: `expect: 999`",
            );
            return None;
        };
        let timing = self.timing(&fields, Some(asked));
        // What a check declares is about its control as well.
        let known = match &probe {
            Some((probe, _)) if !declared => {
                let asked = ["method", "run", "http"]
                    .iter()
                    .find_map(|key| fields.get(key));
                let span = asked.map_or_else(|| node.span.clone(), |node| node.span.clone());
                let undone = with
                    .as_ref()
                    .map_or(!own.is_empty(), |with| !with.is_empty());
                self.known(probe, &span, on, undone)
            }
            _ => check.clone(),
        };
        let (node, expect) = (expect, self.expect(expect, asked)?);
        Some(Control {
            effect: known.effect,
            doubt: known.doubt,
            with,
            probe: probe.map(|(probe, _)| probe),
            expected: one_line::timed(one_line::of(node, &expect), &timing),
            expect,
            timing,
        })
    }
}
