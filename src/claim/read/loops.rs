//! Reading `for:`, which makes several checks of one.

use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::Node;

use super::reader::Reader;

impl Reader {
    /// The values of `for:`: every combination, the last name running fastest.
    pub(super) fn loops(&mut self, node: &Node) -> Vec<Scope> {
        let Some(fields) = self.open_map(node, "`for`") else {
            return Vec::new();
        };
        let mut loops = vec![Scope::new()];
        for (key, values) in fields.iter() {
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
            if loops.len() > 1000 {
                self.report(Diagnostic::new(
                    Code::TOO_DEEP,
                    node.span.clone(),
                    "`for` has more than 1000 combinations",
                ));
                return Vec::new();
            }
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
