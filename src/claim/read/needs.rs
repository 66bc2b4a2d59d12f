//! Which checks of a gate need which: the ids of `needs:`, and what follows from captured values.

use std::collections::{HashMap, HashSet};

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
        let mut known = HashSet::new();
        for head in heads {
            if !known.insert(head.id.as_str()) {
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
        let mut named: HashMap<&str, Vec<&str>> = HashMap::new();
        for (id, base) in &ids {
            named.entry(id).or_default().push(id);
            if base != id {
                named.entry(base).or_default().push(id);
            }
        }
        for head in heads.iter_mut() {
            let mut needs = Vec::new();
            for need in &head.needs {
                if let Some(found) = named.get(need.as_str()) {
                    needs.extend(found.iter().map(|id| (*id).to_owned()));
                } else {
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
            let mut seen = HashSet::new();
            needs.retain(|id| seen.insert(id.clone()));
            head.needs = needs;
        }
        let by_id = by_id(heads);
        for check in checks.iter_mut() {
            if let Some(index) = by_id.get(&check.id) {
                check.needs.clone_from(&heads[*index].needs);
            }
        }
        self.refuse_cycles(heads, &by_id);
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

    fn refuse_cycles(&mut self, heads: &[CheckNeeds], by_id: &HashMap<String, usize>) {
        let edges = |id: &str| {
            let head = by_id.get(id).map(|index| &heads[*index]);
            head.map(|head| head.needs.clone()).unwrap_or_default()
        };
        for head in in_circles(heads, by_id) {
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

/// Where the first check of each id is.
fn by_id(heads: &[CheckNeeds]) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (index, head) in heads.iter().enumerate() {
        places.entry(head.id.clone()).or_insert(index);
    }
    places
}

/// The checks that are in a circle, or need one that is: what is left when those go that need nothing
/// any more.
fn in_circles<'h>(
    heads: &'h [CheckNeeds],
    by_id: &HashMap<String, usize>,
) -> impl Iterator<Item = &'h CheckNeeds> {
    let mut open: Vec<usize> = heads.iter().map(|head| head.needs.len()).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); heads.len()];
    for (index, head) in heads.iter().enumerate() {
        for need in head.needs.iter().filter_map(|need| by_id.get(need)) {
            needed_by[*need].push(index);
        }
    }
    let mut free: Vec<usize> = (0..heads.len()).filter(|index| open[*index] == 0).collect();
    while let Some(index) = free.pop() {
        for next in &needed_by[index] {
            open[*next] -= 1;
            if open[*next] == 0 {
                free.push(*next);
            }
        }
    }
    let still = heads.iter().zip(open).filter(|(_, open)| *open > 0);
    still.map(|(head, _)| head)
}

/// Whoever uses a captured value needs the check that captures it.
fn add_captured_needs(heads: &mut [CheckNeeds], checks: &[Check]) {
    let by_id = by_id(heads);
    let producers: Vec<&Check> = checks
        .iter()
        .filter(|check| !check.capture.is_empty())
        .collect();
    if producers.is_empty() {
        return;
    }
    for check in checks {
        let used = super::usage::params_of(check);
        let producers = producers.iter().filter(|producer| {
            producer.id != check.id
                && producer.capture.iter().any(|capture| {
                    used.contains(&capture.name) && !check.scope.contains_key(&capture.name)
                })
        });
        if let Some(index) = by_id.get(&check.id) {
            heads[*index]
                .needs
                .extend(producers.map(|producer| producer.id.clone()));
        }
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
