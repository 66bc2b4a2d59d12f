//! What is on record, and what a person decides: alerts, holds, acknowledgements, status.

use chrono::Utc;
use serde::Serialize;
use serde_json::{Value, json};

use crate::AppSpec;
use crate::Version;
use crate::decide::outcome::ExitCode as Code;
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
    fn prepared(&self, app: &str) -> anyhow::Result<AppPaths> {
        let paths = self.paths(self.app(app)?)?;
        paths.prepare()?;
        Ok(paths)
    }

    pub(super) fn hold(&self, app: &str, reason: &str) -> Ended {
        anyhow::ensure!(!reason.trim().is_empty(), "give the reason for the hold");
        let hold = Hold {
            reason: reason.to_owned(),
            who: who(),
            since: Utc::now(),
        };
        operator_hold::set_hold(&self.prepared(app)?, &hold)?;
        self.output.text(&format!("{app} is held: {reason}\n"));
        Ok(Code::Current.code())
    }

    pub(super) fn release(&self, app: &str) -> Ended {
        let text = match operator_hold::release(&self.prepared(app)?)? {
            Some(hold) => format!(
                "{app} is released; it was held since {} by {}: {}\n",
                hold.since, hold.who, hold.reason
            ),
            None => format!("{app} was not held\n"),
        };
        self.output.text(&text);
        Ok(Code::Current.code())
    }

    pub(super) fn release_version(&self, app: &str, version: &Version) -> Ended {
        let released = quarantine::Quarantine::release(&self.prepared(app)?, version)?;
        let text = if released {
            "may be tried again"
        } else {
            "was not in quarantine"
        };
        self.output.text(&format!("{app} {version} {text}\n"));
        Ok(Code::Current.code())
    }

    pub(super) fn acknowledge(&self, app: &str, version: &Version) -> Ended {
        let ack = Ack {
            who: who(),
            at: Utc::now(),
        };
        operator_hold::set_ack(&self.prepared(app)?, version, ack)?;
        self.output
            .text(&format!("{app} {version} is acknowledged\n"));
        Ok(Code::Current.code())
    }

    /// 10 when an app is held. Reads what is on record and the recipe's tags; the engine is not
    /// asked.
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
        Ok(if all.iter().any(|status| status.held.is_some()) {
            Code::Held.code()
        } else {
            Code::Current.code()
        })
    }

    fn status_of(&self, spec: &AppSpec) -> anyhow::Result<Status> {
        let paths = self.paths(spec)?;
        let run = match Journal::open(&paths)? {
            JournalState::Absent => None,
            JournalState::Ended(journal) | JournalState::Unfinished(journal) => Some(journal),
        };
        let quarantine = quarantine::Quarantine::read(&paths)?;
        let quarantined = quarantine.entries.into_iter().map(|entry| entry.version);
        Ok(Status {
            app: spec.app.clone(),
            last_good: last_good::read(&paths)?.map(|known| known.version().clone()),
            held: operator_hold::hold(&paths)?,
            acknowledged: operator_hold::acks(&paths)?.into_keys().collect(),
            quarantined: quarantined.collect(),
            last_run: run.map(|journal| LastRun {
                run: journal.plan().run_id.clone(),
                to: journal.plan().to.version.clone(),
                state: journal.state(),
                unfinished: !journal.state().is_end(),
            }),
            tags: self.tags(spec),
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
    held: Option<Hold>,
    acknowledged: Vec<String>,
    quarantined: Vec<Version>,
    last_run: Option<LastRun>,
    #[serde(rename = "ignored_tags", serialize_with = "ignored")]
    tags: Tags,
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
        if let Some(hold) = &self.held {
            text.push_str(&format!(", HELD by {}: {}", hold.who, hold.reason));
        }
        text.push('\n');
        for line in self.tags.ignored_text() {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

fn who() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| format!("uid{}", rustix::process::getuid().as_raw()))
}
