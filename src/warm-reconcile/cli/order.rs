//! `warm-reconcile check-order`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use crate::decide::outcome::ExitCode as Code;
use crate::order::{OrderReport, Routes, UnitGraph, Verdict, check_order, stale};

use super::{Ended, Session};

impl Session {
    pub(super) fn check_order(&self, app: &str, units: &[PathBuf], show: Option<&Path>) -> Ended {
        let spec = self.app(app)?;
        let graph = match show {
            Some(file) => {
                let text =
                    kit::regular::text(file).with_context(|| format!("read {}", file.display()))?;
                UnitGraph::from_show(&text)
            }
            None => {
                let folders = units.iter().filter(|folder| folder.is_dir());
                let folders: Vec<PathBuf> = folders.cloned().collect();
                anyhow::ensure!(!folders.is_empty(), "none of the folders of units exists");
                UnitGraph::read(&folders)?
            }
        };
        let report = check_order(spec, &graph, &Routes::of(&self.apps));
        let own = std::env::current_exe().context("find this program")?;
        let unit = graph.get(&spec.unit);
        let old = unit.map(|unit| stale(&unit.exec, &own, self.apps.file.as_deref()));
        let old = old.unwrap_or_default();
        let (word, code) = match report.verdict() {
            Verdict::Accepted => ("accepted", Code::Current),
            Verdict::Undecided => ("undecided", Code::Inconclusive),
            Verdict::Refused => ("refused", Code::Degraded),
        };
        if self.output.wants_json() {
            self.output.document(&document(&report, &old, word));
        } else {
            for line in lines(&report) {
                self.output.text(&format!("{line}\n"));
            }
            for what in &old {
                self.output.text(&format!("STALE: {what}\n"));
            }
            self.output.text(&format!("{app}: {word}\n"));
        }
        Ok(code.code())
    }
}

fn lines(report: &OrderReport) -> Vec<String> {
    let edges = report.edges.iter().map(|edge| {
        format!(
            "the probe of {} needs {} ({})",
            edge.host, edge.unit, edge.said_by
        )
    });
    let cycles = report.cycles.iter().map(|cycle| format!("CYCLE: {cycle}"));
    let budget = report.does_not_fit.iter().map(ToString::to_string);
    let doubts = report
        .doubts
        .iter()
        .map(|doubt| format!("not known: {doubt}"));
    edges.chain(cycles).chain(budget).chain(doubts).collect()
}

fn document(report: &OrderReport, stale: &[String], verdict: &str) -> serde_json::Value {
    json!({
        "app": report.app,
        "verdict": verdict,
        "needs": report.edges.iter().map(|edge| json!({ "host": edge.host, "unit": edge.unit, "said_by": edge.said_by })).collect::<Vec<_>>(),
        "stale": stale,
        "cycles": report.cycles.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "does_not_fit": report.does_not_fit.as_ref().map(ToString::to_string),
        "doubts": report.doubts.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
