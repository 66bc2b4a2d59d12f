//! Reading `for:`, which makes several checks of one.

use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::expectations::ProbeKind;
use super::implied::implied;
use super::probes::RUN_KEYS;
use super::reader::Reader;
use crate::ListedValues;

/// The keys of a list of `for` beside those of its command.
pub(super) const LISTED_KEYS: &[&str] = &["at_least"];

/// The most checks that `for` makes of one.
const MOST: usize = 1000;

impl Reader {
    /// The values of `for:`: every combination, the last name running fastest.
    pub(super) fn loops(&mut self, node: &Node) -> Vec<Scope> {
        if let NodeKind::List(rows) = &node.kind {
            return self.rows(node, rows);
        }
        let Some(fields) = self.open_map(node, "`for`") else {
            return Vec::new();
        };
        let mut loops = vec![Scope::new()];
        for (key, values) in fields.iter() {
            if let NodeKind::Map(_) = &values.kind {
                // Known only when the check is asked: see `listed`.
                continue;
            }
            self.check_variable(&key.text, &key.span);
            let items = self.items(values, "`for`");
            let texts: Vec<String> = items
                .into_iter()
                .filter_map(|item| self.fixed(item, "a value of `for`"))
                .collect();
            loops = loops
                .iter()
                .flat_map(|scope| {
                    texts.iter().map(|text| {
                        let mut scope = scope.clone();
                        scope.insert(key.text.clone(), text.clone());
                        scope
                    })
                })
                .collect();
            if loops.len() > MOST {
                self.report(Diagnostic::new(
                    Code::TOO_DEEP,
                    node.span.clone(),
                    format!("`for` has more than {MOST} combinations"),
                ));
                return Vec::new();
            }
        }
        loops
    }

    /// `for: { unit: { run: ls units, at_least: 3 } }`: a value for each line that a command prints.
    pub(super) fn listed(&mut self, node: &Node) -> Option<Option<ListedValues>> {
        let NodeKind::Map(entries) = &node.kind else {
            return Some(None);
        };
        let mut all = entries
            .iter()
            .filter(|(_, value)| matches!(value.kind, NodeKind::Map(_)));
        let Some((key, node)) = all.next() else {
            return Some(None);
        };
        if let Some((other, _)) = all.next() {
            let problem = Diagnostic::new(
                Code::CONFLICT,
                other.span.clone(),
                "`for` takes the values of one name from a command",
            );
            self.report(problem.help("let one command print both, and make two checks of it"));
            return None;
        }
        self.check_variable(&key.text, &key.span);
        let keys: Vec<&str> = RUN_KEYS
            .iter()
            .copied()
            .chain(LISTED_KEYS.iter().copied())
            .collect();
        let fields = self.map(node, "a list of `for`", &keys)?;
        let Some(line) = fields.get("run") else {
            let example = "for: { unit: { run: ls units, at_least: 3 } }";
            self.missing_in(&fields, "a list of `for`", "run", example);
            return None;
        };
        let command = self.command(line, &fields);
        let at_least = match fields.get("at_least") {
            Some(node) => self.integer(node, "`at_least`", 1, 1000)?,
            None => 1,
        };
        Some(Some(ListedValues {
            name: key.text.clone(),
            command: command?,
            expect: implied(ProbeKind::Command, node),
            at_least: u32::try_from(at_least).ok()?,
        }))
    }

    /// `for: [{ unit: web, port: 80 }, { unit: db, port: 5432 }]`: each row has a value for every name.
    fn rows(&mut self, list: &Node, rows: &[Node]) -> Vec<Scope> {
        let mut loops: Vec<Scope> = Vec::new();
        if rows.is_empty() || rows.len() > MOST {
            self.report(Diagnostic::new(
                if rows.is_empty() {
                    Code::EMPTY
                } else {
                    Code::TOO_DEEP
                },
                list.span.clone(),
                format!("`for` takes 1 to {MOST} rows"),
            ));
            return loops;
        }
        for row in rows {
            let Some(fields) = self.open_map(row, "a row of `for`") else {
                return Vec::new();
            };
            let mut scope = Scope::new();
            for (key, value) in fields.iter() {
                self.check_variable(&key.text, &key.span);
                if let Some(text) = self.fixed(value, "a value of `for`") {
                    scope.insert(key.text.clone(), text);
                }
            }
            let names = loops.first().unwrap_or(&scope).keys();
            let names: Vec<String> = names.cloned().collect();
            let alike = names.len() == scope.len() && scope.keys().all(|name| names.contains(name));
            if scope.is_empty() || !alike {
                self.report(
                    Diagnostic::new(
                        Code::MISSING_KEY,
                        row.span.clone(),
                        "a row of `for` with other names than the first one",
                    )
                    .help(format!(
                        "every row has a value for each name: {}",
                        names.join(", ")
                    )),
                );
                return Vec::new();
            }
            // The values stand in the id in the order of the first row.
            scope.sort_by_key(|name, _| names.iter().position(|known| known == name));
            loops.push(scope);
        }
        loops
    }
}

/// The id of a check with its values of `for:`.
pub(super) fn expanded_id(base: &str, values: &Scope) -> String {
    if values.is_empty() {
        return base.to_owned();
    }
    let values: Vec<&str> = values.values().map(String::as_str).collect();
    format!("{base}[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::yaml::source::Source;

    use super::*;

    /// The ids of the checks that this `for` makes, or the codes of its errors.
    fn ids(values: &str) -> Result<Vec<String>, Vec<String>> {
        let text = format!(
            "phase: p\non: local\ngates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, for: {values}, run: 'echo ${{unit}}', expect: '${{unit}}' }}\n"
        );
        let source = Source {
            path: "p.yaml".into(),
            text,
        };
        match crate::read::parse(Arc::new(source), &Scope::new()) {
            Ok(file) => {
                let checks = file.gates[0].checks.iter();
                Ok(checks.map(|check| check.id.clone()).collect())
            }
            Err(invalid) => {
                let codes = invalid.diagnostics.iter();
                Err(codes.map(|one| one.code.0.to_owned()).collect())
            }
        }
    }

    #[test]
    fn names_make_combinations_and_rows_stand_for_themselves() {
        let ok = |ids: &[&str]| Ok(ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(
            ids("{ unit: [a, b], port: [1, 2] }"),
            ok(&["a[a,1]", "a[a,2]", "a[b,1]", "a[b,2]"])
        );
        assert_eq!(
            ids("[{ unit: a, port: 1 }, { port: 2, unit: b }]"),
            ok(&["a[a,1]", "a[b,2]"])
        );
    }

    #[test]
    fn rows_have_the_same_names() {
        for rows in [
            "[{ unit: a, port: 1 }, { unit: b }]",
            "[{ unit: a }, { unit: b, port: 1 }]",
            "[{ unit: a }, { port: 1 }]",
            "[{}]",
        ] {
            let codes = ids(rows).unwrap_err();
            assert!(
                codes.contains(&Code::MISSING_KEY.0.to_owned()),
                "{rows}: {codes:?}"
            );
        }
        assert!(ids("[]").is_err());
        assert!(ids("[a, b]").is_err());
        assert!(ids("[{ unit: a }, { unit: a }]").is_err());
    }
}
