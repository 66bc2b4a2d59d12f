//! What is on record, and what a person decides: alerts, holds, acknowledgements, status.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::AppSpec;
use crate::Version;
use crate::decide::outcome::ExitCode as Code;
use crate::engine::{Engine, no_health_check};
use crate::health::prove::{self, Certificate};
use crate::inspect::drift::{self, Looked};
use crate::recipe::{Ignored, Recipe, Tags};
use crate::report::alert::{Alerts, Content, Filed};
use crate::state::journal::{Journal, JournalState, State};
use crate::state::layout::{AppPaths, Layout};
use crate::state::operator_hold::{self, Ack, Hold};
use crate::state::{last_good, quarantine};
use kit::redact::Redactor;
use reach::host::Host;

use super::options::AlertCommand;
use super::{Ended, Session, block_on};

impl Session {
    pub(super) fn alerts(&self, what: Option<&AlertCommand>) -> Ended {
        let layout = Layout::new(&self.env.warm_root)?;
        // Nothing is raised from here, and what is shown goes through the output's redactor.
        let redactor = Redactor::new(std::iter::empty::<&str>());
        let alerts = Alerts::new(&layout, &redactor);
        let filed = match what {
            None => alerts.unseen()?,
            Some(AlertCommand::All) => alerts.list()?,
            Some(AlertCommand::Show { file }) => {
                self.output.document(&document(&alerts.show(file)?));
                return Ok(Code::Current.code());
            }
            Some(AlertCommand::Seen { file }) => {
                let path = alerts.seen(file)?;
                self.output.text(&format!("{}\n", path.display()));
                return Ok(Code::Current.code());
            }
        };
        if self.output.wants_json() {
            let all: Vec<Value> = filed.iter().map(document).collect();
            self.output.document(&all);
        } else {
            for alert in &filed {
                self.output.text(&format!("{}\n", alert.file));
            }
        }
        Ok(Code::Current.code())
    }

    /// The app's paths with their folders made, for what is going to be written.
    pub(super) fn prepared(&self, app: &str) -> anyhow::Result<AppPaths> {
        let paths = self.paths(self.app(app)?)?;
        paths.prepare()?;
        Ok(paths)
    }

    pub(super) fn hold(&self, app: &str, reason: &str) -> Ended {
        if reason.trim().is_empty() {
            return Err(NoReason.into());
        }
        let hold = Hold {
            reason: reason.to_owned(),
            who: who(),
            since: Utc::now(),
        };
        operator_hold::set_hold(&self.prepared(app)?, &hold)?;
        self.tell(
            &json!({ "app": app, "held": hold }),
            &format!("{app} is held: {reason}\n"),
        )
    }

    pub(super) fn release(&self, app: &str) -> Ended {
        let released = operator_hold::release(&self.prepared(app)?)?;
        let text = match &released {
            Some(hold) => format!(
                "{app} is released; it was held since {} by {}: {}\n",
                hold.since, hold.who, hold.reason
            ),
            None => format!("{app} was not held\n"),
        };
        self.tell(&json!({ "app": app, "released": released }), &text)
    }

    pub(super) fn release_version(&self, app: &str, version: &Version) -> Ended {
        let released = quarantine::Quarantine::release(&self.prepared(app)?, version)?;
        let text = if released {
            "may be tried again"
        } else {
            "was not in quarantine"
        };
        let document = json!({ "app": app, "version": version, "released": released });
        self.tell(&document, &format!("{app} {version} {text}\n"))
    }

    pub(super) fn acknowledge(&self, app: &str, version: &Version) -> Ended {
        let ack = Ack {
            who: who(),
            at: Utc::now(),
        };
        let document = json!({ "app": app, "version": version, "acknowledged": ack });
        operator_hold::set_ack(&self.prepared(app)?, version, ack)?;
        self.tell(&document, &format!("{app} {version} is acknowledged\n"))
    }

    /// What a person decided, as JSON or as text.
    pub(super) fn tell(&self, document: &Value, text: &str) -> Ended {
        match self.output.wants_json() {
            true => self.output.document(document),
            false => self.output.text(text),
        }
        Ok(Code::Current.code())
    }

    /// 30 when a state file cannot be read, else 10 when an app is held. Reads what is on record and
    /// the recipe's tags; the engine is asked only for drift, and the app is not.
    pub(super) fn status(&self, app: Option<&str>) -> Ended {
        let specs: Vec<&AppSpec> = match app {
            Some(name) => vec![self.app(name)?],
            None => self.apps.apps.values().collect(),
        };
        let mut all = Vec::new();
        for spec in specs {
            all.push(self.status_of(spec)?);
        }
        if self.output.wants_json() {
            self.output.document(&all);
        } else {
            all.iter()
                .for_each(|status| self.output.text(&status.text()));
        }
        Ok(match () {
            () if all.iter().any(|status| !status.unreadable.is_empty()) => Code::Degraded.code(),
            () if all.iter().any(|status| status.held.is_some()) => Code::Held.code(),
            () => Code::Current.code(),
        })
    }

    fn status_of(&self, spec: &AppSpec) -> anyhow::Result<Status> {
        let paths = self.paths(spec)?;
        // One file that cannot be read is told, and hides none of the others.
        let mut unreadable = Vec::new();
        let run = match told(Journal::open(&paths), &mut unreadable) {
            Some(JournalState::Ended(journal) | JournalState::Unfinished(journal)) => Some(journal),
            Some(JournalState::Absent) | None => None,
        };
        let quarantine = told(quarantine::Quarantine::read(&paths), &mut unreadable);
        let quarantined = quarantine.unwrap_or_default().entries;
        let good = told(last_good::read(&paths), &mut unreadable).flatten();
        let held = told(operator_hold::hold(&paths), &mut unreadable).flatten();
        let pin = told(operator_hold::pin(&paths), &mut unreadable).flatten();
        let acks = told(operator_hold::acks(&paths), &mut unreadable);
        Ok(Status {
            app: spec.app.clone(),
            last_good: good.map(|known| known.version().clone()),
            pinned: pin.map(|pin| pin.version),
            held,
            acknowledged: acks.unwrap_or_default().into_keys().collect(),
            quarantined: quarantined.into_iter().map(|entry| entry.version).collect(),
            last_run: run.map(|journal| LastRun {
                run: journal.plan().run_id.clone(),
                to: journal.plan().to.version.clone(),
                state: journal.state(),
                unfinished: !journal.state().is_end(),
            }),
            gate: GateStatus::of(spec, told(prove::stored(&paths), &mut unreadable).flatten()),
            looked: self.look(spec, &paths),
            unreadable,
            tags: self.tags(spec),
        })
    }

    /// What runs. The engine is asked only where on record is what was deployed.
    fn look(&self, spec: &AppSpec, paths: &AppPaths) -> Looked {
        if !paths.deployed().exists() {
            return Looked::default();
        }
        let looked = block_on(Box::pin(async {
            let engine = Engine::from_env(std::env::var("DOCKER_HOST").ok().as_deref())?;
            let looked = drift::look(&engine, spec, paths).await;
            looked.map_err(anyhow::Error::msg)
        }));
        looked.unwrap_or_else(|error| {
            self.output.remark(&format!(
                "{}: whether it is as it was deployed is not known: {error}",
                spec.app
            ));
            Looked::default()
        })
    }

    /// The recipe's tags as they are here; nothing is fetched.
    fn tags(&self, spec: &AppSpec) -> Tags {
        if !spec.repository.is_dir() {
            return Tags::default();
        }
        let read = block_on(Box::pin(async {
            let host = Host::local();
            let tags = Recipe::new(&host, &spec.repository).versions().await;
            host.close().await;
            Ok(tags?)
        }));
        read.unwrap_or_else(|error| {
            self.output.remark(&format!("{}: {error}", spec.app));
            Tags::default()
        })
    }
}

/// What was read, or nothing and why not.
fn told<T>(read: Result<T, impl std::fmt::Display>, unreadable: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| unreadable.push(error.to_string()))
        .ok()
}

/// A hold without a reason.
#[derive(Debug, thiserror::Error)]
#[error("give the reason for the hold")]
pub(super) struct NoReason;

fn document(filed: &Filed) -> Value {
    let content = match &filed.content {
        Content::Alert(fields) => Value::Object(fields.clone()),
        Content::Damaged(why) => json!({ "damaged": why }),
    };
    json!({ "file": filed.file, "seen": filed.seen, "alert": content })
}

/// What is on record of an app.
#[derive(Serialize)]
struct Status {
    app: String,
    last_good: Option<Version>,
    pinned: Option<Version>,
    held: Option<Hold>,
    acknowledged: Vec<String>,
    quarantined: Vec<Version>,
    last_run: Option<LastRun>,
    gate: GateStatus,
    #[serde(flatten)]
    looked: Looked,
    /// The state files that cannot be read, and why.
    unreadable: Vec<String>,
    #[serde(rename = "ignored_tags", serialize_with = "ignored")]
    tags: Tags,
}

/// Whether the gate was shown to be able to fail, as it is configured now.
#[derive(Serialize)]
struct GateStatus {
    armed: bool,
    /// Whether upgrades wait for that.
    demanded: bool,
    /// When that was last looked at.
    proved: Option<DateTime<Utc>>,
}

impl GateStatus {
    fn of(spec: &AppSpec, proof: Option<Certificate>) -> GateStatus {
        let arms = |proof: &Certificate| proof.arms_gate_of(spec);
        GateStatus {
            armed: proof.as_ref().is_some_and(arms),
            demanded: spec.armed_gate,
            proved: proof.map(|proof| proof.at),
        }
    }
}

#[derive(Serialize)]
struct LastRun {
    #[serde(serialize_with = "kit::redact::own_run_id")]
    run: String,
    to: Version,
    state: State,
    unfinished: bool,
}

fn ignored<S: serde::Serializer>(tags: &Tags, serializer: S) -> Result<S::Ok, S::Error> {
    let one = |ignored: &Ignored| json!({ "tag": ignored.tag, "why": ignored.why.to_string() });
    serializer.collect_seq(tags.ignored.iter().map(one))
}

impl Status {
    fn text(&self) -> String {
        let good = self.last_good.as_ref().map_or("none", Version::tag);
        let mut text = format!("{:<16} last good {good}", self.app);
        if let Some(run) = &self.last_run {
            let state = json!(run.state);
            let state = state.as_str().unwrap_or_default();
            text.push_str(&format!(", last run to {} ended {state}", run.to));
            if run.unfinished {
                text.push_str(" and is UNFINISHED");
            }
        }
        if let Some(version) = &self.pinned {
            text.push_str(&format!(", pinned to {version}"));
        }
        if let Some(hold) = &self.held {
            text.push_str(&format!(", HELD by {}: {}", hold.who, hold.reason));
        }
        text.push_str(match (self.gate.armed, self.gate.demanded) {
            (true, _) => ", gate armed",
            (false, true) => ", GATE NOT ARMED: upgrades wait for `prove-gate --arm`",
            (false, false) => ", gate not armed",
        });
        text.push('\n');
        for what in &self.looked.drift {
            text.push_str(&format!("  NOT AS IT WAS DEPLOYED: {what}\n"));
        }
        for service in &self.looked.unchecked {
            text.push_str(&format!("  {}\n", no_health_check(service)));
        }
        for why in &self.unreadable {
            text.push_str(&format!("  UNREADABLE: {why}; rename it, then run\n"));
        }
        for line in self.tags.ignored_text() {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

pub(super) fn who() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| format!("uid{}", rustix::process::getuid().as_raw()))
}
