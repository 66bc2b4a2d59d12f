//! What is run, in which order, under which fixtures. Pure.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use claim::{Check, ClaimFile, Control, Effect, Place, Probe, Timing};

/// Which checks of the claim files are selected. An empty list selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Gates by id.
    pub gates: Vec<String>,
    /// Checks by id, with or without their `[value]`.
    pub checks: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Of all these only the ones here, which did not pass the last time.
    pub failed: Option<BTreeSet<OneCheck>>,
}

/// A check by its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OneCheck {
    phase: String,
    gate: String,
    check: String,
}

impl OneCheck {
    /// The check of these names.
    pub fn new(phase: &str, gate: &str, check: &str) -> OneCheck {
        OneCheck {
            phase: phase.to_owned(),
            gate: gate.to_owned(),
            check: check.to_owned(),
        }
    }
}

impl Selection {
    /// Whether everything is selected.
    pub fn is_all(&self) -> bool {
        self.gates.is_empty()
            && self.checks.is_empty()
            && self.tags.is_empty()
            && self.failed.is_none()
    }

    /// The selection as the options of a command line.
    pub fn describe(&self) -> Option<String> {
        let failed = self.failed.iter().map(|_| "--failed".to_owned());
        let options: Vec<String> = [
            ("--gate", &self.gates),
            ("--check", &self.checks),
            ("--tag", &self.tags),
        ]
        .into_iter()
        .flat_map(|(option, names)| {
            names
                .iter()
                .map(move |name| format!("{option} {}", kit::shell::quote(name)))
        })
        .chain(failed)
        .collect();
        (!options.is_empty()).then(|| options.join(" "))
    }

    fn selects(&self, phase: &str, gate: &str, check: &Check) -> bool {
        let one = || OneCheck::new(phase, gate, &check.id);
        let named = |names: &[String], test: &dyn Fn(&String) -> bool| {
            names.is_empty() || names.iter().any(test)
        };
        named(&self.gates, &|name| name == gate)
            && named(&self.checks, &|name| {
                *name == check.id || *name == check.base_id
            })
            && named(&self.tags, &|name| check.tags.contains(name))
            && self
                .failed
                .as_ref()
                .is_none_or(|failed| failed.contains(&one()))
    }

    /// The first name of the selection that occurs in none of the files, with its option.
    pub fn unknown(&self, files: &[ClaimFile]) -> Option<(&'static str, &str)> {
        let gates = || files.iter().flat_map(|file| &file.gates);
        let checks = || gates().flat_map(|gate| &gate.checks);
        let gate = self
            .gates
            .iter()
            .find(|name| !gates().any(|gate| gate.id == **name))
            .map(|name| ("--gate", name.as_str()));
        let check = || {
            self.checks
                .iter()
                .find(|name| !checks().any(|c| c.id == **name || c.base_id == **name))
                .map(|name| ("--check", name.as_str()))
        };
        let tag = || {
            self.tags
                .iter()
                .find(|name| !checks().any(|c| c.tags.contains(name)))
                .map(|name| ("--tag", name.as_str()))
        };
        gate.or_else(check).or_else(tag)
    }
}

/// A check of a file, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckAt {
    /// Index of the gate.
    pub gate: usize,
    /// Index of the check in its gate.
    pub check: usize,
}

impl CheckAt {
    /// The check itself.
    pub fn of(self, file: &ClaimFile) -> &Check {
        &file.gates[self.gate].checks[self.check]
    }
}

/// One item of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The check.
    pub at: CheckAt,
    /// Whether this runs the check's control and not the check itself.
    pub control: bool,
    /// The fixtures that must be in force, outermost first.
    pub with: Vec<String>,
}

/// The selected checks of a file, in the order of the file, with those they need.
pub fn select(file: &ClaimFile, selection: &Selection) -> Vec<CheckAt> {
    let mut selected: BTreeSet<CheckAt> = BTreeSet::new();
    for (gate_index, gate) in file.gates.iter().enumerate() {
        let at = |check| CheckAt {
            gate: gate_index,
            check,
        };
        let checks = gate.checks.iter().enumerate();
        let by_id: HashMap<&str, usize> = checks
            .map(|(index, check)| (check.id.as_str(), index))
            .collect();
        let mut pending: Vec<usize> = (0..gate.checks.len())
            .filter(|index| selection.selects(&file.phase, &gate.id, &gate.checks[*index]))
            .collect();
        while let Some(index) = pending.pop() {
            if selected.insert(at(index)) {
                let needs = gate.checks[index].needs.iter();
                pending.extend(needs.filter_map(|id| by_id.get(id.as_str())));
            }
        }
    }
    selected.into_iter().collect()
}

/// The gates of which every check was selected, in the order of the file. `selected` is sorted.
pub(super) fn whole_gates(file: &ClaimFile, selected: &[CheckAt]) -> Vec<String> {
    let whole = |index: usize| {
        (0..file.gates[index].checks.len()).all(|check| {
            selected
                .binary_search(&CheckAt { gate: index, check })
                .is_ok()
        })
    };
    let gates = file.gates.iter().enumerate();
    gates
        .filter(|(index, _)| whole(*index))
        .map(|(_, gate)| gate.id.clone())
        .collect()
}

/// The places that a check is sent from.
pub(super) fn vantages(check: &Check) -> Vec<Place> {
    match &check.probe {
        Probe::Http(http) if !http.vantage.is_empty() => http.vantage.clone(),
        _ => vec![check.on.clone()],
    }
}

/// Divides a schedule into what may run side by side. Such checks and controls only observe, wait for
/// nothing (a check after one that waits may live on its wait), and know nothing of each other: none
/// needs or uses what another yields. All else is alone.
pub(super) fn side_by_side(file: &ClaimFile, items: &[Item]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if joins(file, &items[group.clone()], item) => group.end = index + 1,
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

fn joins(file: &ClaimFile, group: &[Item], item: &Item) -> bool {
    // What holds of the last holds of those before it: they let it in.
    let Some(last) = group.last() else {
        return true;
    };
    let alike = last.with == item.with
        && only_asks(file, last)
        && only_asks(file, item)
        && last.at.of(file).capture.is_empty();
    let needs = &item.at.of(file).needs;
    let needed =
        |other: &Item| other.at.gate == item.at.gate && needs.contains(&other.at.of(file).id);
    alike && (needs.is_empty() || !group.iter().any(needed))
}

/// Whether a command is known to only observe.
pub(super) fn observes(effect: Effect, doubt: &Option<String>) -> bool {
    effect == Effect::Observe && doubt.is_none()
}

/// Whether an item observes, and does not wait.
fn only_asks(file: &ClaimFile, item: &Item) -> bool {
    let check = item.at.of(file);
    let at_once = |timing: &Timing| {
        timing.within.is_none() && timing.never_within.is_none() && timing.repeat <= 1
    };
    match (&check.control, item.control) {
        (
            Some(Control {
                effect,
                doubt,
                timing,
                ..
            }),
            true,
        ) => observes(*effect, doubt) && at_once(timing),
        _ => {
            observes(check.effect, &check.doubt)
                && at_once(&check.timing)
                && check.unchanged.is_none()
                && check.requires.is_none()
                && !matches!(check.probe, Probe::Human(_))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::schedule::schedule;
    use super::*;
    use kit::text::Scope;
    use kit::yaml::source::Source;
    use std::sync::Arc;

    /// A claim file with these checks, and the fixtures `down` and `other`, which stands on it.
    pub(in crate::run) fn file(checks: &str) -> ClaimFile {
        let text = format!(
            "phase: p\non: local\nfixtures:\n  down: {{ baseline: {{ run: test -e x }} }}\n  other: {{ with: down, baseline: {{ run: test -e y }} }}\ngates:\n  M1:\n    checks:\n{checks}"
        );
        let source = Source {
            path: "p.yaml".into(),
            text,
        };
        match claim::read::parse(Arc::new(source), &Scope::new()) {
            Ok(file) => file,
            Err(invalid) => panic!("{}", invalid.render(false)),
        }
    }

    fn line(id: &str, rest: &str) -> String {
        format!("      - {{ id: {id}, claim: c, run: echo x, expect: x{rest} }}\n")
    }

    fn order(file: &ClaimFile, selection: &Selection) -> Vec<String> {
        schedule(file, &select(file, selection), None)
            .iter()
            .map(|item| {
                let mark = if item.control { "!" } else { "" };
                format!("{}{mark}", item.at.of(file).id)
            })
            .collect()
    }

    #[test]
    fn checks_under_the_same_fixture_share_one_disturbance() {
        let file = file(
            &[
                line("a", ""),
                line("b", ", with: down"),
                line("c", ""),
                line("d", ", with: down"),
                line("e", ", with: other"),
                line("f", ", with: down"),
            ]
            .concat(),
        );
        assert_eq!(
            order(&file, &Selection::default()),
            ["a", "c", "b", "d", "f", "e"]
        );
        assert_eq!(file.gates[0].checks[4].with, ["down", "other"]);
    }

    #[test]
    fn needs_come_first_and_are_selected_along() {
        let file = file(&[line("a", ", needs: b"), line("b", ""), line("c", "")].concat());
        let only_a = Selection {
            checks: vec!["a".to_owned()],
            ..Selection::default()
        };
        assert_eq!(order(&file, &only_a), ["b", "a"]);
        assert_eq!(order(&file, &Selection::default()), ["b", "a", "c"]);
    }

    #[test]
    fn a_control_comes_after_its_check_and_beside_its_fixture() {
        let control = ", control: { with: down, expect: y }";
        let file = file(&[line("a", control), line("b", ""), line("c", ", with: down")].concat());
        assert_eq!(order(&file, &Selection::default()), ["a", "b", "a!", "c"]);
    }

    /// The groups of a schedule, apart from each other by bars.
    fn groups(checks: &[&str]) -> String {
        let file = file(&checks.concat());
        let items = schedule(&file, &select(&file, &Selection::default()), None);
        let name = |item: &Item| {
            let mark = if item.control { "!" } else { "" };
            format!("{}{mark}", item.at.of(&file).id)
        };
        let names = |group: Range<usize>| items[group].iter().map(name).collect::<String>();
        let groups = side_by_side(&file, &items).into_iter().map(names);
        groups.collect::<Vec<String>>().join("|")
    }

    #[test]
    fn only_what_observes_at_once_and_knows_nothing_of_its_neighbours_runs_beside_them() {
        let (a, b, c) = (&line("a", ""), &line("b", ""), &line("c", ""));
        let with = |id: &str, rest: &str| line(id, rest);
        for (checks, expected) in [
            (vec![a.clone(), b.clone(), c.clone()], "abc"),
            (vec![a.clone(), with("b", ", needs: a"), c.clone()], "a|bc"),
            (
                vec![a.clone(), with("b", ", within: 2s"), c.clone()],
                "a|b|c",
            ),
            (
                vec![a.clone(), with("b", ", repeat: 2"), c.clone()],
                "a|b|c",
            ),
            (
                vec![a.clone(), with("b", ", capture: { v: stdout }"), c.clone()],
                "ab|c",
            ),
            (
                vec![
                    a.clone(),
                    with("b", ", with: down"),
                    with("c", ", with: down"),
                ],
                "a|bc",
            ),
            (
                vec![
                    with("a", ", control: { run: echo y, expect: y }"),
                    b.clone(),
                ],
                "aa!b",
            ),
            (
                vec![with("a", ", control: { with: down, expect: y }"), b.clone()],
                "ab|a!",
            ),
            (
                vec![
                    with("a", ", control: { run: ./what, expect: y }"),
                    b.clone(),
                ],
                "a|a!|b",
            ),
        ] {
            let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
            assert_eq!(groups(&checks), expected, "{checks:?}");
        }
        let unknown = "      - { id: u, claim: c, run: ./what, expect: x }\n";
        assert_eq!(groups(&[a, unknown, b]), "a|u|b");
    }

    #[test]
    fn a_misspelt_selection_is_named() {
        let file = file(&line("a", ", tags: fast"));
        let selection = |gate: &str, tag: &str| Selection {
            gates: vec![gate.to_owned()],
            checks: Vec::new(),
            tags: vec![tag.to_owned()],
            failed: None,
        };
        let files = [file];
        assert_eq!(selection("M1", "fast").unknown(&files), None);
        assert_eq!(
            selection("M2", "fast").unknown(&files),
            Some(("--gate", "M2"))
        );
        assert_eq!(
            selection("M1", "slow").unknown(&files),
            Some(("--tag", "slow"))
        );
        assert_eq!(
            selection("M1", "fast").describe().as_deref(),
            Some("--gate M1 --tag fast")
        );
    }
}
