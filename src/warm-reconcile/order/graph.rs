//! Units and who waits for whom. Pure.
//!
//! Only ordering makes a start wait: `After=`, `Before=`, and what systemd adds by itself
//! (systemd.unit(5), systemd.timer(5), systemd.special(7)). `Requires=` and `Wants=` pull units
//! in and order nothing, except that a target starts after what it pulls in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use indexmap::IndexMap;

use super::budget::StartTimeout;

/// One unit, as far as the order of starting goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// `After=`.
    pub after: Vec<String>,
    /// `Before=`.
    pub before: Vec<String>,
    /// `Requires=`, `Requisite=` and `BindsTo=`, and the entries of `.requires` folders.
    pub requires: Vec<String>,
    /// `Wants=`, and the entries of `.wants` folders.
    pub wants: Vec<String>,
    /// The unit that a timer, path or socket starts.
    pub triggers: Option<String>,
    /// Whether systemd adds its usual dependencies.
    pub default_dependencies: bool,
    /// Whether it is masked: it never starts.
    pub masked: bool,
    /// How long its start may take.
    pub start_timeout: StartTimeout,
    /// The words of the last `ExecStart=`.
    pub exec: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitGraph {
    /// The units by their own names.
    pub units: IndexMap<String, Unit>,
    /// Other names of units.
    pub aliases: HashMap<String, String>,
}

/// Why one unit waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It says `After=`.
    After,
    /// The other says `Before=`.
    Before,
    /// The other is the timer, path or socket that starts it.
    Trigger,
    /// It is a target that pulls the other in.
    Target,
    Default,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::After => "After",
            Why::Before => "Before, said by the other",
            Why::Trigger => "started by",
            Why::Target => "target of",
            Why::Default => "After, by default",
        })
    }
}

/// Who waits for whom, each pair with its reason.
#[derive(Clone, Debug)]
pub struct Waits {
    for_whom: HashMap<String, Vec<(String, Why)>>,
}

impl UnitGraph {
    /// The unit's own name, when it is there.
    pub fn name<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        let own = self.aliases.get(name).map_or(name, String::as_str);
        self.units.contains_key(own).then_some(own)
    }

    /// The unit of a name or of another name.
    pub fn get(&self, name: &str) -> Option<&Unit> {
        self.units
            .get(self.aliases.get(name).map_or(name, String::as_str))
    }

    /// Who waits for whom.
    pub fn waits(&self) -> Waits {
        let mut waits = Waits {
            for_whom: HashMap::new(),
        };
        for (name, unit) in self.units.iter().filter(|(_, unit)| !unit.masked) {
            for other in &unit.after {
                self.add(&mut waits, name, other, Why::After);
            }
            for other in &unit.before {
                self.add(&mut waits, other, name, Why::Before);
            }
            if let Some(other) = &unit.triggers {
                self.add(&mut waits, other, name, Why::Trigger);
            }
            if unit.default_dependencies {
                self.defaults(&mut waits, name, unit);
            }
        }
        waits
    }

    fn add(&self, waits: &mut Waits, who: &str, for_whom: &str, why: Why) {
        let own = |name: &str| {
            self.aliases
                .get(name)
                .map_or(name, String::as_str)
                .to_owned()
        };
        let entry = (own(for_whom), why);
        let list = waits.for_whom.entry(own(who)).or_default();
        if !list.contains(&entry) {
            list.push(entry);
        }
    }

    fn defaults(&self, waits: &mut Waits, name: &str, unit: &Unit) {
        let kind = name.rsplit('.').next().unwrap_or_default();
        match kind {
            "service" => {
                self.add(waits, name, "sysinit.target", Why::Default);
                self.add(waits, name, "basic.target", Why::Default);
            }
            "socket" | "path" => self.add(waits, name, "sysinit.target", Why::Default),
            "timer" => {
                self.add(waits, name, "sysinit.target", Why::Default);
                self.add(waits, "timers.target", name, Why::Default);
            }
            "target" => {
                for other in unit.requires.iter().chain(&unit.wants) {
                    // systemd adds none where that would make a circle of two.
                    let ordered = self.get(other).is_none_or(|other| {
                        !other.default_dependencies || other.after.iter().any(|n| n == name)
                    }) || unit.before.contains(other);
                    if !ordered {
                        self.add(waits, name, other, Why::Target);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Waits {
    /// The shortest way on which `who` waits for `for_whom`: each step's reason, and the unit it
    /// leads to. Empty when they are the same.
    pub fn way(&self, who: &str, for_whom: &str) -> Option<Vec<(Why, String)>> {
        let mut seen: HashSet<&str> = HashSet::from([who]);
        let mut queue: VecDeque<(&str, Vec<(Why, String)>)> = VecDeque::from([(who, Vec::new())]);
        while let Some((at, way)) = queue.pop_front() {
            if at == for_whom {
                return Some(way);
            }
            for (next, why) in self.for_whom.get(at).into_iter().flatten() {
                if seen.insert(next) {
                    let mut way = way.clone();
                    way.push((*why, next.clone()));
                    queue.push_back((next, way));
                }
            }
        }
        None
    }
}
