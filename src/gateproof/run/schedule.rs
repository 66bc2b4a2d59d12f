//! The order in which the selected checks run. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use claim::ClaimFile;

use super::plan::{CheckAt, Item};

/// Orders the selected checks: needs first, then checks under the same fixtures together, so
/// that one disturbance serves them all, then the order of the file, or one that a number stands for.
/// Gates stay apart.
pub fn schedule(file: &ClaimFile, selected: &[CheckAt], shuffle: Option<u64>) -> Vec<Item> {
    let mut selected = selected.to_vec();
    if let Some(seed) = shuffle {
        // As good as any order, and the same on every machine.
        selected.sort_by_cached_key(|at| {
            let name = format!("{seed} {}", at.of(file).id);
            (at.gate, kit::digest::sha256(name))
        });
    }
    let items: Vec<Item> = selected.iter().flat_map(|at| items(file, *at)).collect();
    let mut order = Vec::with_capacity(items.len());
    let mut begin = 0;
    for gate in items.chunk_by(|one, next| one.at.gate == next.at.gate) {
        let next = Waiting::new(file, gate).order();
        order.extend(next.into_iter().map(|index| items[begin + index].clone()));
        begin += gate.len();
    }
    order
}

fn items(file: &ClaimFile, at: CheckAt) -> Vec<Item> {
    let check = at.of(file);
    let mut items = vec![Item {
        at,
        control: false,
        with: check.with.clone(),
    }];
    if let Some(control) = &check.control {
        items.push(Item {
            at,
            control: true,
            with: control.with.clone().unwrap_or_else(|| check.with.clone()),
        });
    }
    items
}

/// The items of a gate that have no place in its order yet, by index.
struct Waiting<'i> {
    items: &'i [Item],
    /// How many must come before each.
    before: Vec<usize>,
    /// What each must come before.
    after: Vec<Vec<usize>>,
    open: BTreeSet<usize>,
    /// Those that nothing must come before any more, by their fixtures.
    ready: BTreeMap<&'i [String], BTreeSet<usize>>,
}

impl<'i> Waiting<'i> {
    fn new(file: &ClaimFile, items: &'i [Item]) -> Waiting<'i> {
        let checks = items.iter().enumerate().filter(|(_, item)| !item.control);
        let by_id: HashMap<&str, usize> = checks
            .map(|(index, item)| (item.at.of(file).id.as_str(), index))
            .collect();
        let mut waiting = Waiting {
            items,
            before: vec![0; items.len()],
            after: vec![Vec::new(); items.len()],
            open: (0..items.len()).collect(),
            ready: BTreeMap::new(),
        };
        for (index, item) in items.iter().enumerate() {
            let check = item.at.of(file);
            let own = item.control.then_some(check.id.as_str());
            let needs = check.needs.iter().map(String::as_str).chain(own);
            let needs: BTreeSet<usize> = needs.filter_map(|id| by_id.get(id).copied()).collect();
            for need in needs {
                waiting.before[index] += 1;
                waiting.after[need].push(index);
            }
        }
        for index in 0..items.len() {
            if waiting.before[index] == 0 {
                waiting.release(index);
            }
        }
        waiting
    }

    fn release(&mut self, index: usize) {
        let alike = self.ready.entry(self.items[index].with.as_slice());
        alike.or_default().insert(index);
    }

    fn order(mut self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.items.len());
        let mut current: &[String] = &[];
        while let Some(index) = self.next(current) {
            current = &self.items[index].with;
            self.take(index);
            order.push(index);
        }
        order
    }

    /// One under the same fixtures first; else the first of the file.
    fn next(&self, current: &[String]) -> Option<usize> {
        let first = |ready: &BTreeSet<usize>| ready.first().copied();
        let alike = self.ready.get(current).and_then(first);
        alike
            .or_else(|| self.ready.values().filter_map(first).min())
            // The reader refuses circles of needs; whatever came of one would not be lost here.
            .or_else(|| self.open.first().copied())
    }

    fn take(&mut self, index: usize) {
        self.open.remove(&index);
        if let Some(alike) = self.ready.get_mut(self.items[index].with.as_slice()) {
            alike.remove(&index);
        }
        for next in std::mem::take(&mut self.after[index]) {
            self.before[next] -= 1;
            if self.before[next] == 0 && self.open.contains(&next) {
                self.release(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::file;
    use super::super::plan::{Selection, select};
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn line(number: usize, rest: &str) -> String {
        format!("      - {{ id: c{number}, claim: c, run: echo x, expect: x{rest} }}\n")
    }

    /// What the order is to be, as a rule for each of its places.
    fn by_the_rule(file: &ClaimFile, selected: &[CheckAt]) -> Vec<Item> {
        let mut open: Vec<Item> = selected.iter().flat_map(|at| items(file, *at)).collect();
        let mut done: Vec<Item> = Vec::new();
        let comes_before = |first: &Item, second: &Item| {
            !first.control
                && if first.at == second.at {
                    second.control
                } else {
                    let needs = &second.at.of(file).needs;
                    needs.contains(&first.at.of(file).id)
                }
        };
        while !open.is_empty() {
            let current = done.last().map_or(&[][..], |item| &item.with);
            let ready = open.iter().enumerate().filter(|(_, item)| {
                !open
                    .iter()
                    .any(|other| other != *item && comes_before(other, item))
            });
            let next = ready.min_by_key(|(index, item)| (item.with != current, *index));
            let index = next.unwrap().0;
            done.push(open.remove(index));
        }
        done
    }

    proptest! {
        #[test]
        fn the_order_is_what_the_rule_says(
            checks in proptest::collection::vec((0_usize..3, any::<bool>(), proptest::collection::vec(0_usize..12, 0..3)), 1..12),
        ) {
            let lines = checks.iter().enumerate().map(|(number, (fixture, control, needs))| {
                let with = ["", ", with: down", ", with: other"][*fixture];
                let control = if *control { ", control: { run: echo y, expect: x }" } else { "" };
                // Needs of later ones make circles.
                let needs: Vec<String> = needs.iter().filter(|need| **need < number).map(|need| format!("c{need}")).collect();
                let needs = if needs.is_empty() { String::new() } else { format!(", needs: [{}]", needs.join(", ")) };
                // The first comes last in the file.
                line(number, &format!("{with}{control}{needs}"))
            });
            let lines: Vec<String> = lines.collect();
            let lines: String = lines.into_iter().rev().collect();
            let file = file(&lines);
            let selected = select(&file, &Selection::default());
            prop_assert_eq!(schedule(&file, &selected, None), by_the_rule(&file, &selected));
        }
    }

    #[test]
    fn a_number_stands_for_an_order_that_keeps_needs_first() {
        let lines: String = (0..8)
            .map(|number| line(number, if number == 0 { ", needs: c7" } else { "" }))
            .collect();
        let file = file(&lines);
        let selected = select(&file, &Selection::default());
        let order = |seed| -> Vec<usize> {
            let items = schedule(&file, &selected, seed);
            items.iter().map(|item| item.at.check).collect()
        };
        assert_eq!(order(None), [1, 2, 3, 4, 5, 6, 7, 0]);
        let (first, again) = (order(Some(7)), order(Some(7)));
        assert_eq!(first, again);
        let orders: BTreeSet<Vec<usize>> = (0..20).map(|seed| order(Some(seed))).collect();
        assert!(orders.len() > 15, "{orders:?}");
        for order in orders {
            let place = |check| order.iter().position(|at| *at == check);
            assert!(place(7) < place(0), "{order:?}");
        }
    }

    #[test]
    fn ten_thousand_checks_are_planned_in_no_time() {
        let lines: String = (0..10_000).map(|number| line(number, "")).collect();
        let file = file(&lines);
        let begin = Instant::now();
        let selected = select(&file, &Selection::default());
        assert_eq!(schedule(&file, &selected, None).len(), 10_000);
        // Squared it would take minutes.
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{:?}",
            begin.elapsed()
        );
    }
}
