//! `check-order`: does the health of what a unit deploys depend on a unit that starts after it?
//!
//! Such a cycle is invisible to systemd, because the health probe is no dependency it knows of,
//! and invisible on a running host, because the other unit has been started long ago. It shows
//! on a boot with nothing deployed: the gate waits for a stack whose unit waits for the gate.

mod budget;
mod files;
mod graph;
mod ini;
mod routes;
mod stale;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::AppSpec;

pub use budget::{Budget, DoesNotFit, StartTimeout, wait_budget};
pub use files::UnitsError;
pub use graph::{Unit, UnitGraph, Waits, Why};
pub use routes::{ComposeError, Creator, Routes};
pub use stale::stale;

/// What the probe depends on: a unit must have started for it to get its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEdge {
    /// The host that is asked.
    pub host: String,
    /// The unit without which it does not answer.
    pub unit: String,
    pub said_by: String,
}

/// A circle: the unit's start waits for an answer that waits for the unit's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The unit that runs the reconciler.
    pub unit: String,
    /// What its probe depends on.
    pub edge: HealthEdge,
    /// How that waits for the unit: reasons, and the units they lead to, the last being `unit`.
    pub way: Vec<(Why, String)>,
}

/// Something that keeps the question from being decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Nobody knows what creates the host.
    #[error(
        "nothing says which unit creates `{host}`; name it in the app file: `routes: {{ {host}: UNIT.service }}`"
    )]
    UnknownHost { host: String },
    /// The host's stack is known, and its unit is not.
    #[error(
        "`{host}` is routed to the stack `{stack}` ({said_by}), and nothing says which unit deploys it; name it in the app file: `stacks: {{ {stack}: UNIT.service }}`"
    )]
    UnknownStack {
        host: String,
        stack: String,
        /// The compose file and service.
        said_by: String,
    },
    /// A rule that may route the host as well.
    #[error("what this rule routes is not known, and it may be the host that is asked: {rule}")]
    OpenRule {
        /// The rule and where it stands.
        rule: String,
    },
    /// A unit is not among those that were read.
    #[error("the unit `{unit}` ({said_by}) is not among the units that were read")]
    NoSuchUnit { unit: String, said_by: String },
    /// A unit that never starts.
    #[error("the unit `{unit}` ({said_by}) is masked: it never starts")]
    Masked { unit: String, said_by: String },
}

/// What is to be done with the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No cycle, and everything it depends on is known.
    Accepted,
    /// Something is not known.
    Undecided,
    /// A cycle, or waits that do not fit the unit's time.
    Refused,
}

/// Everything that was found about one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderReport {
    pub app: String,
    /// What its probe depends on, its own unit left out.
    pub edges: Vec<HealthEdge>,
    pub cycles: Vec<Cycle>,
    /// What keeps the question from being decided.
    pub doubts: Vec<Doubt>,
    /// The waits do not fit the unit's `TimeoutStartSec`.
    pub does_not_fit: Option<DoesNotFit>,
}

impl OrderReport {
    /// What is to be done with the unit.
    pub fn verdict(&self) -> Verdict {
        if !self.cycles.is_empty() || self.does_not_fit.is_some() {
            Verdict::Refused
        } else if !self.doubts.is_empty() {
            Verdict::Undecided
        } else {
            Verdict::Accepted
        }
    }
}

/// Decides for one app. Pure: the units and the routes were read before.
pub fn check_order(spec: &AppSpec, units: &UnitGraph, routes: &Routes) -> OrderReport {
    let mut report = OrderReport {
        app: spec.app.clone(),
        edges: Vec::new(),
        cycles: Vec::new(),
        doubts: Vec::new(),
        does_not_fit: None,
    };
    report.depends(spec, routes);
    let said_by = format!("app `{}`", spec.app);
    let own = report.known(units, &spec.unit, &said_by);
    let Some(own) = own else {
        return report;
    };
    let timeout = units.get(&own).map(|unit| unit.start_timeout);
    let fits = wait_budget(spec).fits(&own, timeout.unwrap_or_default());
    report.does_not_fit = fits.err();
    let waits = units.waits();
    for edge in report.edges.clone() {
        let Some(other) = report.known(units, &edge.unit, &edge.said_by) else {
            continue;
        };
        if other == own {
            report.edges.retain(|known| *known != edge);
            continue;
        }
        if let Some(way) = waits.way(&other, &own) {
            report.cycles.push(Cycle {
                unit: own.clone(),
                edge,
                way,
            });
        }
    }
    report
}

impl OrderReport {
    /// Notes what the probe depends on, and what of that is not known.
    fn depends(&mut self, spec: &AppSpec, routes: &Routes) {
        let host = &spec.health_domain;
        let creators = routes.creators(host);
        if creators.is_empty() {
            // Somebody's rule without a host may be the one that answers.
            let open = routes.open_rules.iter().cloned();
            self.doubts
                .extend(open.map(|rule| Doubt::OpenRule { rule }));
            self.doubts.push(Doubt::UnknownHost { host: host.clone() });
        }
        for creator in creators {
            match creator {
                Creator::Unit { unit, said_by } => self.edge(spec, host, unit, said_by),
                Creator::Stack { stack, said_by } => self.doubts.push(Doubt::UnknownStack {
                    host: host.clone(),
                    stack: stack.clone(),
                    said_by: said_by.clone(),
                }),
            }
        }
        if let Some(proxy) = &routes.proxy {
            self.edge(spec, host, proxy, "`proxy:`");
        }
    }

    fn edge(&mut self, spec: &AppSpec, host: &str, unit: &str, said_by: &str) {
        if unit == spec.unit || self.edges.iter().any(|edge| edge.unit == unit) {
            return;
        }
        self.edges.push(HealthEdge {
            host: host.to_owned(),
            unit: unit.to_owned(),
            said_by: said_by.to_owned(),
        });
    }

    /// The unit's own name; a doubt when it is not there or never starts.
    fn known(&mut self, units: &UnitGraph, unit: &str, said_by: &str) -> Option<String> {
        let (unit_name, said_by) = (unit.to_owned(), said_by.to_owned());
        match units.get(unit) {
            None => self.doubts.push(Doubt::NoSuchUnit {
                unit: unit_name,
                said_by,
            }),
            Some(found) if found.masked => self.doubts.push(Doubt::Masked {
                unit: unit_name,
                said_by,
            }),
            Some(_) => return units.name(unit).map(str::to_owned),
        }
        None
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HealthEdge { host, unit, .. } = &self.edge;
        write!(f, "{} → (health) {host} → {unit}", self.unit)?;
        for (why, unit) in &self.way {
            write!(f, " → ({why}) {unit}")?;
        }
        Ok(())
    }
}
