//! Which unit creates what answers on a host.
//!
//! Three sources, of which the first that knows a host decides: `routes:` of the app file; the
//! `Host(…)` rules in the labels of compose files, with the unit that deploys the stack (the
//! app's own, or from `stacks:`); and an app's own domain. Units are never guessed from the
//! names or commands of unit files: a wrong guess would accept a cycle.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;

use crate::recipe::compose::ComposeFile;
use crate::spec::app_file::Apps;

/// Who creates a host's router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creator {
    Unit {
        unit: String,
        said_by: String,
    },
    /// A stack whose unit nobody names.
    Stack {
        stack: String,
        /// The compose file and service with the label.
        said_by: String,
    },
}

/// Hosts, and who creates their routers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    said: IndexMap<String, Creator>,
    labels: IndexMap<String, Vec<Creator>>,
    domains: IndexMap<String, Creator>,
    stacks: IndexMap<String, String>,
    /// The unit of the proxy that every host goes through.
    pub proxy: Option<String>,
    /// Rules that cannot be read as a list of hosts, such as `HostRegexp(…)` or a variable that
    /// nobody sets. What they route is not known.
    pub open_rules: Vec<String>,
}

/// A compose file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct ComposeError {
    pub file: String,
    pub why: String,
}

impl Routes {
    /// What the apps and their file say.
    pub fn of(apps: &Apps) -> Routes {
        let unit = |unit: &str, said_by: String| Creator::Unit {
            unit: unit.to_owned(),
            said_by,
        };
        let mut routes = Routes {
            proxy: apps.creators.proxy.clone(),
            ..Routes::default()
        };
        for (host, name) in &apps.creators.routes {
            let creator = unit(name, "`routes:`".to_owned());
            routes.said.insert(host.clone(), creator);
        }
        for app in apps.apps.values() {
            let creator = unit(&app.unit, format!("app `{}`", app.app));
            routes.domains.insert(app.domain.clone(), creator);
            routes.stacks.insert(app.stack.clone(), app.unit.clone());
        }
        routes.stacks.extend(apps.creators.stacks.clone());
        routes
    }

    /// Adds the hosts in the labels of a stack's compose file. `env` fills in `${NAME}`.
    ///
    /// # Errors
    /// When the text is not a compose file.
    pub fn add_compose(
        &mut self,
        stack: &str,
        file: &str,
        text: &str,
        env: &IndexMap<String, String>,
    ) -> Result<(), ComposeError> {
        let failed = |why: String| ComposeError {
            file: file.to_owned(),
            why,
        };
        let compose = ComposeFile::parse(text).map_err(failed)?;
        if compose.services().is_none() {
            return Err(failed("it has no `services:`".to_owned()));
        }
        for label in compose.labels() {
            let key = fill(&label.key, env).unwrap_or(label.key);
            if is_rule(&key) {
                let said_by = format!("{file}, service `{}`", label.service);
                self.rule(stack, &said_by, &label.value, env);
            }
        }
        Ok(())
    }

    fn rule(&mut self, stack: &str, said_by: &str, rule: &str, env: &IndexMap<String, String>) {
        let filled = fill(rule, env);
        let (hosts, whole) = hosts_of(filled.as_deref().unwrap_or(rule));
        if !whole || filled.is_none() {
            self.open_rules.push(format!("{rule} ({said_by})"));
        }
        for host in hosts {
            let creator = match self.stacks.get(stack) {
                Some(unit) => Creator::Unit {
                    unit: unit.clone(),
                    said_by: said_by.to_owned(),
                },
                None => Creator::Stack {
                    stack: stack.to_owned(),
                    said_by: said_by.to_owned(),
                },
            };
            let creators = self.labels.entry(host).or_default();
            if !creators.contains(&creator) {
                creators.push(creator);
            }
        }
    }

    /// Everything that creates a router for this host; nothing when nobody knows.
    pub fn creators(&self, host: &str) -> Vec<&Creator> {
        if let Some(creator) = self.said.get(host) {
            return vec![creator];
        }
        match self.labels.get(host) {
            Some(creators) => creators.iter().collect(),
            None => self.domains.get(host).into_iter().collect(),
        }
    }
}

/// `traefik.http.routers.<name>.rule`.
fn is_rule(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("traefik.http.routers.") && key.ends_with(".rule")
}

/// Compose's own interpolation: `${NAME}`, `$NAME`, `${NAME:-default}` and `$$`. `None` when a
/// variable is not set and has no default.
fn fill(text: &str, env: &IndexMap<String, String>) -> Option<String> {
    static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\})",
        )
        .expect("the pattern is a constant, and tests call it")
    });
    let mut known = true;
    let out = VARIABLE.replace_all(text, |found: &regex::Captures<'_>| {
        if found.get(1).is_some() {
            return "$".to_owned();
        }
        let name = found
            .get(2)
            .or(found.get(3))
            .map_or("", |name| name.as_str());
        let default = found.get(4).map(|default| default.as_str().to_owned());
        env.get(name).cloned().or(default).unwrap_or_else(|| {
            known = false;
            String::new()
        })
    });
    let out = out.into_owned();
    known.then_some(out)
}

/// The hosts of a Traefik rule, and whether they are all there are.
fn hosts_of(rule: &str) -> (Vec<String>, bool) {
    let mut hosts = Vec::new();
    let mut whole = !rule.to_ascii_lowercase().contains("hostregexp");
    let mut rest = rule;
    while let Some(at) = rest.find("Host(") {
        let negated = rest[..at].trim_end().ends_with('!');
        rest = &rest[at + "Host(".len()..];
        let Some(end) = rest.find(')') else {
            return (hosts, false);
        };
        for name in rest[..end].split(',') {
            let name = name
                .trim()
                .trim_matches(['`', '"', '\''])
                .to_ascii_lowercase();
            if name.is_empty() {
                whole = false;
            } else if !negated && !hosts.contains(&name) {
                hosts.push(name);
            }
        }
        rest = &rest[end..];
    }
    // A rule without a host matches every host.
    whole &= !hosts.is_empty();
    (hosts, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_of_a_rule_are_read_as_traefik_does() {
        let hosts = |rule| hosts_of(rule);
        assert_eq!(hosts("Host(`a.b`)"), (vec!["a.b".to_owned()], true));
        assert_eq!(
            hosts("(Host(`a.b`) || Host(\"C.d\")) && PathPrefix(`/x`)"),
            (vec!["a.b".to_owned(), "c.d".to_owned()], true)
        );
        assert_eq!(hosts("Host(`a.b`, `c.d`)").0.len(), 2);
        assert_eq!(hosts("!Host(`a.b`)"), (vec![], false));
        assert!(!hosts("HostRegexp(`.*`)").1);
        assert!(!hosts("PathPrefix(`/`)").1);
        assert!(!hosts("Host(`a.b`").1);
    }

    #[test]
    fn variables_are_filled_in_as_compose_does_and_unknown_ones_are_said() {
        let env = IndexMap::from([("D".to_owned(), "a.b".to_owned())]);
        assert_eq!(
            fill("${D} $D $$D ${X:-y} ${X-z}", &env).unwrap(),
            "a.b a.b $D y z"
        );
        assert_eq!(fill("${X}", &env), None);
    }
}
