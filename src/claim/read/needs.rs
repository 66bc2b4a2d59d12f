//! Which checks of a gate need which: the ids of `needs:`, and what follows from captured values.

use crate::codes;
use crate::{Check, Probe};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::nearest;
use kit::yaml::source::Span;

use super::reader::Reader;

/// A check's name and needs, known even when the rest of it is wrong: so that a broken check
/// does not make the needs of the others look wrong as well.
pub(super) struct CheckNeeds {
    pub(super) id: String,
    pub(super) base_id: String,
    pub(super) needs: Vec<String>,
    pub(super) span: Span,
    pub(super) needs_span: Span,
    /// The check whose answer must be the same, and where that is written.
    pub(super) same_as: Option<(String, Span)>,
}

impl Reader {
    pub(super) fn refuse_duplicates(&mut self, heads: &[CheckNeeds]) {
        for (at, head) in heads.iter().enumerate() {
            if heads[..at].iter().any(|other| other.id == head.id) {
                self.report(
                    Diagnostic::new(
                        codes::DUPLICATE_ID,
                        head.span.clone(),
                        format!("a second check `{}` in the gate", head.id),
                    )
                    .help("give it an id of its own"),
                );
            }
        }
    }

    /// Every need must be there, also the ones that follow from captured values, and no check
    /// may need itself in a circle.
    pub(super) fn resolve_needs(&mut self, heads: &mut [CheckNeeds], checks: &mut [Check]) {
        let ids: Vec<(String, String)> = heads
            .iter()
            .map(|head| (head.id.clone(), head.base_id.clone()))
            .collect();
        add_captured_needs(heads, checks);
        self.resolve_same(heads, checks, &ids);
        for head in heads.iter_mut() {
            let mut needs = Vec::new();
            for need in &head.needs {
                let found = ids.iter().filter(|(id, base)| id == need || base == need);
                let before = needs.len();
                needs.extend(found.map(|(id, _)| id.clone()));
                if needs.len() == before {
                    let known: Vec<&str> = ids.iter().map(|(_, base)| base.as_str()).collect();
                    let message = format!(
                        "`{}` needs `{need}`, which is not a check of this gate",
                        head.id
                    );
                    let problem =
                        Diagnostic::new(codes::UNKNOWN_NEED, head.needs_span.clone(), message)
                            .help(match nearest(need, &known) {
                                Some(word) => format!("did you mean `{word}`?"),
                                None => "`needs:` names checks of the same gate".to_owned(),
                            });
                    self.report(problem);
                }
            }
            let mut seen = std::collections::HashSet::new();
            needs.retain(|id| seen.insert(id.clone()));
            head.needs = needs;
        }
        for check in checks.iter_mut() {
            if let Some(head) = heads.iter().find(|head| head.id == check.id) {
                check.needs.clone_from(&head.needs);
            }
        }
        self.refuse_cycles(heads);
    }

    /// `same_as:` names one other check, which asks in the same way; and needs it.
    fn resolve_same(
        &mut self,
        heads: &mut [CheckNeeds],
        checks: &mut [Check],
        ids: &[(String, String)],
    ) {
        for head in heads {
            let Some((other, span)) = head.same_as.clone() else {
                continue;
            };
            let named: Vec<&String> = match ids.iter().find(|(id, _)| *id == other) {
                Some((id, _)) => vec![id],
                None => {
                    let family = ids.iter().filter(|(_, base)| *base == other);
                    family.map(|(id, _)| id).collect()
                }
            };
            let [id] = named.as_slice() else {
                let known: Vec<&str> = ids.iter().map(|(id, _)| id.as_str()).collect();
                let (message, help) = match (named.first(), nearest(&other, &known)) {
                    (Some(first), _) => (
                        format!("`{other}` is {} checks", named.len()),
                        format!("name one of them, as `{first}`"),
                    ),
                    (None, Some(word)) => (
                        format!("`{other}` is not a check of this gate"),
                        format!("did you mean `{word}`?"),
                    ),
                    (None, None) => (
                        format!("`{other}` is not a check of this gate"),
                        "`same_as:` names a check of the same gate".to_owned(),
                    ),
                };
                self.report(Diagnostic::new(codes::UNKNOWN_NEED, span, message).help(help));
                continue;
            };
            let asks = |id: &str| {
                let check = checks.iter().find(|check| check.id == id)?;
                Some((kind(&check.probe), check.each.is_some()))
            };
            if let (Some((own, _)), Some((others, listed))) = (asks(&head.id), asks(id))
                && (own.is_none() || own != others || listed)
            {
                let problem = Diagnostic::new(
                    Code::CONFLICT,
                    span,
                    format!("the answers of `{}` and `{id}` cannot be compared", head.id),
                );
                self.report(problem.help("`same_as:` compares two commands, or two requests"));
                continue;
            }
            head.needs.push((*id).clone());
            if let Some(check) = checks.iter_mut().find(|check| check.id == head.id) {
                check.same_as = Some((*id).clone());
            }
        }
    }

    fn refuse_cycles(&mut self, heads: &[CheckNeeds]) {
        let edges = |id: &str| -> Vec<String> {
            heads
                .iter()
                .find(|head| head.id == id)
                .map(|head| head.needs.clone())
                .unwrap_or_default()
        };
        for head in heads {
            if let Some(circle) = cycle_from(&head.id, &edges) {
                self.report(
                    Diagnostic::new(
                        codes::CYCLE,
                        head.span.clone(),
                        format!(
                            "the checks need each other in a circle: {}",
                            circle.join(" → ")
                        ),
                    )
                    .help("take one of the `needs:` out"),
                );
                return;
            }
        }
    }
}

/// What can be compared with each other; `None` for what a person looks at.
fn kind(probe: &Probe) -> Option<&'static str> {
    match probe {
        Probe::Command(_) => Some("run"),
        Probe::Http(_) => Some("http"),
        Probe::Human(_) => None,
    }
}

/// Whoever uses a captured value needs the check that captures it.
fn add_captured_needs(heads: &mut [CheckNeeds], checks: &[Check]) {
    for check in checks {
        let used = super::usage::params_of(check);
        let producers = checks.iter().filter(|producer| {
            producer.id != check.id
                && producer.capture.iter().any(|capture| {
                    used.contains(&capture.name) && !check.scope.contains_key(&capture.name)
                })
        });
        let Some(head) = heads.iter_mut().find(|head| head.id == check.id) else {
            continue;
        };
        head.needs
            .extend(producers.map(|producer| producer.id.clone()));
    }
}

/// A way from `start` along the edges back to `start`.
pub(super) fn cycle_from(start: &str, edges: &impl Fn(&str) -> Vec<String>) -> Option<Vec<String>> {
    let mut path = vec![start.to_owned()];
    let mut pending = vec![edges(start)];
    let mut seen = vec![start.to_owned()];
    while let Some(next) = pending.last_mut() {
        match next.pop() {
            None => {
                pending.pop();
                path.pop();
            }
            Some(id) if id == start => {
                path.push(id);
                return Some(path);
            }
            Some(id) if seen.contains(&id) => {}
            Some(id) => {
                seen.push(id.clone());
                pending.push(edges(&id));
                path.push(id);
            }
        }
    }
    None
}
