//! One app as far as a text describes it, laid over what is known of it, and made a spec.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use crate::AppSpec;
use crate::spec::{Driver, Hooks, Identity, SpecTls, Times};
use kit::json_path::JsonPath;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;

use super::Environment;

/// What a text says of one app; what it does not say is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Where the app's name stands in the newest text that speaks of it.
    pub(super) span: Span,
    pub(super) recipe: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) stateful: Option<bool>,
    pub(super) health_domain: Option<String>,
    pub(super) health_path: Option<String>,
    pub(super) health_ok: Option<Vec<u16>>,
    pub(super) health_scheme: Option<String>,
    pub(super) health_port: Option<u16>,
    pub(super) tls: Option<SpecTls>,
    /// Outer: whether it is said at all; inner: `none`, or a path.
    pub(super) version: Option<Option<JsonPath>>,
    pub(super) started: Option<Option<JsonPath>>,
    pub(super) driver: Option<Driver>,
    pub(super) stack: Option<String>,
    pub(super) repository: Option<PathBuf>,
    pub(super) compose: Option<Vec<String>>,
    pub(super) env: Option<IndexMap<String, String>>,
    pub(super) min_age: Option<Duration>,
    pub(super) pre_releases: Option<bool>,
    pub(super) variant: Option<String>,
    pub(super) times: DraftTimes,
    pub(super) hooks: DraftHooks,
    pub(super) armed_gate: Option<bool>,
    pub(super) alert_relay: Option<Vec<String>>,
    pub(super) unit: Option<String>,
}

/// The hooks that a text says.
#[derive(Clone, Debug, Default)]
pub(super) struct DraftHooks {
    pub(super) before: Option<Vec<String>>,
    pub(super) after: Option<Vec<String>>,
}

/// The times that a text says.
#[derive(Clone, Debug, Default)]
pub(super) struct DraftTimes {
    /// Where `times:` stands.
    pub(super) span: Option<Span>,
    pub(super) first_gate: Option<Duration>,
    pub(super) gate: Option<Duration>,
    pub(super) probe: Option<Duration>,
    pub(super) every: Option<Duration>,
    pub(super) successes: Option<u32>,
    pub(super) steady: Option<Duration>,
    pub(super) deploy: Option<Duration>,
    pub(super) undeploy: Option<Duration>,
    pub(super) snapshot: Option<Duration>,
    pub(super) hook: Option<Duration>,
    pub(super) bake: Option<Duration>,
}

impl Draft {
    /// This text's values, and the other's where it has none.
    pub(super) fn over(self, under: &Draft) -> Draft {
        let under = under.clone();
        Draft {
            span: self.span,
            recipe: self.recipe.or(under.recipe),
            domain: self.domain.or(under.domain),
            stateful: self.stateful.or(under.stateful),
            health_domain: self.health_domain.or(under.health_domain),
            health_path: self.health_path.or(under.health_path),
            health_ok: self.health_ok.or(under.health_ok),
            health_scheme: self.health_scheme.or(under.health_scheme),
            health_port: self.health_port.or(under.health_port),
            tls: self.tls.or(under.tls),
            version: self.version.or(under.version),
            started: self.started.or(under.started),
            driver: self.driver.or(under.driver),
            stack: self.stack.or(under.stack),
            repository: self.repository.or(under.repository),
            compose: self.compose.or(under.compose),
            env: self.env.or(under.env),
            min_age: self.min_age.or(under.min_age),
            pre_releases: self.pre_releases.or(under.pre_releases),
            variant: self.variant.or(under.variant),
            times: self.times.over(under.times),
            hooks: DraftHooks {
                before: self.hooks.before.or(under.hooks.before),
                after: self.hooks.after.or(under.hooks.after),
            },
            armed_gate: self.armed_gate.or(under.armed_gate),
            alert_relay: self.alert_relay.or(under.alert_relay),
            unit: self.unit.or(under.unit),
        }
    }

    /// The spec, with what nobody said filled in; `None` when something needed is missing,
    /// which has then been reported.
    pub(super) fn spec(
        &self,
        app: &str,
        env: &Environment,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<AppSpec> {
        let needed = [
            ("recipe", self.recipe.is_some(), "the recipe's name"),
            ("domain", self.domain.is_some(), "the app's domain"),
            (
                "health_path",
                self.health_path.is_some(),
                "what only the app itself answers, for example `/api/version`",
            ),
        ];
        for (key, there, help) in needed {
            if !there {
                problems.push(
                    Diagnostic::new(
                        Code::MISSING_KEY,
                        self.span.clone(),
                        format!("app `{app}` needs `{key}:`"),
                    )
                    .help(help),
                );
            }
        }
        let times = self.times.spec(&self.span, problems);
        let recipe = self.recipe.clone()?;
        let domain = self.domain.clone()?;
        let said = self.clone();
        Some(AppSpec {
            app: app.to_owned(),
            stateful: said.stateful.unwrap_or(false),
            health_domain: said.health_domain.unwrap_or_else(|| domain.clone()),
            health_path: said.health_path?,
            health_ok: said.health_ok.unwrap_or_else(|| vec![200]),
            health_scheme: said.health_scheme.unwrap_or_else(|| "https".to_owned()),
            health_port: said.health_port,
            tls: said.tls.unwrap_or(SpecTls::Verify),
            identity: Identity {
                version: said.version.flatten(),
                started: said.started.flatten(),
            },
            driver: said.driver.unwrap_or(Driver::Abra),
            stack: said.stack.unwrap_or_else(|| domain.replace('.', "_")),
            repository: said
                .repository
                .unwrap_or_else(|| env.abra_dir.join("recipes").join(&recipe)),
            compose: said.compose.unwrap_or_default(),
            env: said.env.unwrap_or_default(),
            min_age: said.min_age,
            pre_releases: said.pre_releases.unwrap_or(false),
            variant: said.variant,
            times,
            hooks: Hooks {
                before: said.hooks.before.unwrap_or_default(),
                after: said.hooks.after.unwrap_or_default(),
            },
            armed_gate: said.armed_gate.unwrap_or(false),
            alert_relay: said.alert_relay.unwrap_or_default(),
            unit: said.unit.unwrap_or_else(|| format!("deploy-{app}.service")),
            recipe,
            domain,
        })
    }
}

impl DraftTimes {
    fn over(self, under: DraftTimes) -> DraftTimes {
        DraftTimes {
            span: self.span.or(under.span),
            first_gate: self.first_gate.or(under.first_gate),
            gate: self.gate.or(under.gate),
            probe: self.probe.or(under.probe),
            every: self.every.or(under.every),
            successes: self.successes.or(under.successes),
            steady: self.steady.or(under.steady),
            deploy: self.deploy.or(under.deploy),
            undeploy: self.undeploy.or(under.undeploy),
            snapshot: self.snapshot.or(under.snapshot),
            hook: self.hook.or(under.hook),
            bake: self.bake.or(under.bake),
        }
    }

    /// The times, with the defaults; times that cannot go together are reported.
    fn spec(&self, app: &Span, problems: &mut Vec<Diagnostic>) -> Times {
        let usual = Times::default();
        let times = Times {
            first_gate: self.first_gate.unwrap_or(usual.first_gate),
            gate: self.gate.unwrap_or(usual.gate),
            probe: self.probe.unwrap_or(usual.probe),
            every: self.every.unwrap_or(usual.every),
            successes: self.successes.unwrap_or(usual.successes),
            steady: self.steady.unwrap_or(usual.steady),
            deploy: self.deploy.unwrap_or(usual.deploy),
            undeploy: self.undeploy.unwrap_or(usual.undeploy),
            snapshot: self.snapshot.unwrap_or(usual.snapshot),
            hook: self.hook.unwrap_or(usual.hook),
            bake: self.bake.unwrap_or(usual.bake),
        };
        let needed = (times.every * times.successes).max(times.steady);
        if times.gate < needed {
            let show = |time: Duration| humantime::format_duration(time).to_string();
            let (gate, every, steady) = (show(times.gate), show(times.every), show(times.steady));
            let at = self.span.clone().unwrap_or_else(|| app.clone());
            problems.push(
                Diagnostic::new(
                    Code::APP_TIMES,
                    at,
                    format!(
                        "`gate: {gate}` is shorter than what it waits for: {} successes every {every}, {steady} apart",
                        times.successes
                    ),
                )
                .help(format!("`gate` must be at least {}", show(needed))),
            );
        }
        times
    }
}

/// Two apps that share a domain or a stack would deploy over each other.
pub(super) fn refuse_shared(
    apps: &IndexMap<String, AppSpec>,
    drafts: &IndexMap<String, Draft>,
    problems: &mut Vec<Diagnostic>,
) {
    for (at, later) in apps.values().enumerate() {
        for earlier in apps.values().take(at) {
            let shared = if later.domain == earlier.domain {
                format!("domain `{}`", later.domain)
            } else if later.stack == earlier.stack {
                format!("stack `{}`", later.stack)
            } else {
                continue;
            };
            let span = drafts
                .get(&later.app)
                .map_or(0..0, |draft| draft.span.clone());
            problems.push(
                Diagnostic::new(
                    Code::CONFLICT,
                    span,
                    format!(
                        "the apps `{}` and `{}` share the {shared}",
                        earlier.app, later.app
                    ),
                )
                .help("each would deploy over the other; give one of them its own"),
            );
        }
    }
}
