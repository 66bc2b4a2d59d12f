//! Reading gates: what stands around their checks.

use std::path::{Component, Path};

use crate::{Check, Gate};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::nearest;
use kit::yaml::tree::{Key, Node, NodeKind};

use super::checks::CheckContext;
use super::enclosing::moments_of;
use super::needs::CheckNeeds;
use super::reader::Reader;
use super::steps::capture_names;

pub(super) const GATE_KEYS: &[&str] = &[
    "title", "owner", "after", "why", "changed", "covers", "closes", "teeth", "checks",
];

impl Reader {
    /// `before`: the gates that stand before it in the file.
    pub(super) fn gate(
        &mut self,
        key: &Key,
        node: &Node,
        before: &[&str],
        context: &CheckContext<'_>,
    ) -> Option<Gate> {
        self.check_name(&key.text, &key.span, "a gate");
        let what = format!("gate `{}`", key.text);
        let fields = self.map(node, &what, GATE_KEYS)?;
        let title = fields
            .get("title")
            .and_then(|node| self.fixed(node, "`title`"));
        let covers = fields
            .get("covers")
            .map_or_else(Vec::new, |node| self.covers(node));
        let owner = fields.get("owner").and_then(|node| self.owner(node));
        let after = fields
            .get("after")
            .map_or_else(Vec::new, |node| self.after(node, &key.text, before));
        let why = fields
            .get("why")
            .and_then(|node| self.fixed(node, "`why`"))
            .unwrap_or_default();
        let changed = fields
            .get("changed")
            .map_or_else(Vec::new, |node| self.changed(node));
        let teeth_required = self.teeth_required(&fields);
        let Some(list) = fields.get("checks") else {
            self.report(
                Diagnostic::new(
                    Code::EMPTY,
                    key.span.clone(),
                    format!("{what} has no checks"),
                )
                .help("add `checks:`; a gate without checks would pass without having looked"),
            );
            return None;
        };
        let NodeKind::List(nodes) = &list.kind else {
            self.wrong_type(list, "`checks`", "a list");
            return None;
        };
        let nodes: Vec<&Node> = if nodes.is_empty() {
            self.items(list, "`checks`")
        } else {
            nodes.iter().collect()
        };
        let closes = fields
            .get("closes")
            .map_or_else(Vec::new, |node| self.closes(node));
        let nodes: Vec<&Node> = nodes.into_iter().chain(&closes).collect();
        let outer = std::mem::take(&mut self.captures);
        let captured: Vec<String> = nodes.iter().flat_map(|n| capture_names(n)).collect();
        let mut checks: Vec<Check> = Vec::new();
        let mut heads: Vec<CheckNeeds> = Vec::new();
        for node in nodes {
            self.captures = captured.clone();
            self.captures.extend(moments_of("run"));
            checks.extend(self.check(node, context, &mut heads));
        }
        self.captures = outer;
        self.refuse_duplicates(&heads);
        self.resolve_needs(&mut heads, &mut checks);
        Some(Gate {
            id: key.text.clone(),
            title: title.unwrap_or_default(),
            owner,
            after,
            why: why.trim().to_owned(),
            changed,
            covers,
            teeth_required,
            checks,
        })
    }

    /// The paths that a gate is about, each relative to the repository and inside of it.
    fn covers(&mut self, node: &Node) -> Vec<String> {
        let nodes = self.items(node, "`covers`");
        let mut paths = Vec::new();
        for node in nodes {
            let Some(text) = self.fixed(node, "a path of `covers`") else {
                continue;
            };
            let path = text.trim_start_matches("./").trim_end_matches('/');
            let inside = !path.is_empty()
                && Path::new(path)
                    .components()
                    .all(|part| matches!(part, Component::Normal(_)));
            if inside {
                paths.push(path.to_owned());
            } else {
                self.report(
                    Diagnostic::new(
                        Code::BAD_VALUE,
                        node.span.clone(),
                        format!("`{text}` is not a path inside of the repository"),
                    )
                    .help("write a file or folder relative to the repository, such as `src`"),
                );
            }
        }
        paths
    }

    /// The gates that must have passed before. They stand before it in the file, so that no gate can
    /// wait for itself.
    fn after(&mut self, node: &Node, gate: &str, before: &[&str]) -> Vec<String> {
        let nodes = self.items(node, "`after`");
        let mut gates: Vec<String> = Vec::new();
        for node in nodes {
            let Some(name) = self.fixed(node, "a gate of `after`") else {
                continue;
            };
            if before.contains(&name.as_str()) {
                if !gates.contains(&name) {
                    gates.push(name);
                }
                continue;
            }
            let message =
                format!("`{name}` is not a gate that stands before `{gate}` in this file");
            let help = match nearest(&name, before) {
                Some(word) => format!("did you mean `{word}`?"),
                None => "`after:` names gates that stand before this one; change their order, or take it out".to_owned(),
            };
            let problem = Diagnostic::new(Code::BAD_VALUE, node.span.clone(), message);
            self.report(problem.help(help));
        }
        gates
    }

    /// Whose work the gate is, where it is not the Builder's.
    fn owner(&mut self, node: &Node) -> Option<String> {
        let name = self.fixed(node, "`owner`")?;
        let name = name.trim();
        let is_judge = name.eq_ignore_ascii_case("adversary");
        if !name.is_empty() && !is_judge && !name.contains(char::is_control) {
            return Some(name.to_owned());
        }
        let (message, help) = if is_judge {
            (
                "the Adversary cannot own a gate",
                "the Adversary judges every gate; name who does what the gate waits for, such as `orchestrator`",
            )
        } else {
            (
                "`owner` is not a name on one line",
                "name who does what the gate waits for, such as `orchestrator`",
            )
        };
        let problem = Diagnostic::new(Code::BAD_VALUE, node.span.clone(), message);
        self.report(problem.help(help));
        None
    }

    /// What was changed for the gate, each in words.
    fn changed(&mut self, node: &Node) -> Vec<String> {
        let nodes = self.items(node, "`changed`");
        let texts = nodes
            .into_iter()
            .filter_map(|node| self.fixed(node, "a text of `changed`"));
        texts.collect()
    }
}
