//! What is on record, and what a person decides: alerts, holds, acknowledgements, status.

use chrono::Utc;
use serde_json::{Value, json};

use crate::alert::{Alerts, Content, Filed};
use crate::app_file::{Apps, Environment};
use crate::holds::{self, Ack, Hold};
use crate::journal::{Journal, JournalState};
use crate::layout::{AppPaths, Layout};
use crate::outcome::ExitCode as Code;
use crate::{Version, last_good, quarantine};
use kit::redact::Redactor;

use crate::cli::options::AlertCommand;
use crate::cli::{Ended, known, out, print_json};

pub(crate) fn alerts(env: &Environment, what: Option<&AlertCommand>, json: bool) -> Ended {
    let layout = Layout::new(&env.warm_root)?;
    let redactor = Redactor::new(std::iter::empty::<&str>());
    let alerts = Alerts::new(&layout, &redactor);
    let filed = match what {
        None => alerts.unseen()?,
        Some(AlertCommand::All) => alerts.list()?,
        Some(AlertCommand::Show { file }) => {
            print_json(&document(&alerts.show(file)?));
            return Ok(Code::Current.code());
        }
        Some(AlertCommand::Seen { file }) => {
            let path = alerts.seen(file)?;
            out(&format!("{}\n", path.display()));
            return Ok(Code::Current.code());
        }
    };
    if json {
        print_json(&filed.iter().map(document).collect());
    } else {
        for alert in &filed {
            out(&format!("{}\n", alert.file));
        }
    }
    Ok(Code::Current.code())
}

fn document(filed: &Filed) -> Value {
    let content = match &filed.content {
        Content::Alert(fields) => Value::Object(fields.clone()),
        Content::Damaged(why) => json!({ "damaged": why }),
    };
    json!({ "file": filed.file, "seen": filed.seen, "alert": content })
}

fn paths(env: &Environment, apps: &Apps, app: &str) -> anyhow::Result<AppPaths> {
    let spec = known(apps, app)?;
    Ok(Layout::new(&env.warm_root)?.app(&spec.app, &spec.recipe)?)
}

/// The same with its folders made, for what is going to be written.
fn prepared(env: &Environment, apps: &Apps, app: &str) -> anyhow::Result<AppPaths> {
    let paths = paths(env, apps, app)?;
    paths.prepare()?;
    Ok(paths)
}

pub(crate) fn hold(env: &Environment, apps: &Apps, app: &str, reason: &str) -> Ended {
    anyhow::ensure!(!reason.trim().is_empty(), "say why it is held");
    let hold = Hold {
        reason: reason.to_owned(),
        who: who(),
        since: Utc::now(),
    };
    holds::set_hold(&prepared(env, apps, app)?, &hold)?;
    out(&format!("{app} is held: {reason}\n"));
    Ok(Code::Current.code())
}

pub(crate) fn release(env: &Environment, apps: &Apps, app: &str) -> Ended {
    match holds::release(&prepared(env, apps, app)?)? {
        Some(hold) => out(&format!(
            "{app} is released; it was held since {} by {}: {}\n",
            hold.since, hold.who, hold.reason
        )),
        None => out(&format!("{app} was not held\n")),
    }
    Ok(Code::Current.code())
}

pub(crate) fn release_version(
    env: &Environment,
    apps: &Apps,
    app: &str,
    version: &Version,
) -> Ended {
    let was = quarantine::Quarantine::release(&prepared(env, apps, app)?, version)?;
    let said = if was {
        "may be tried again"
    } else {
        "was not in quarantine"
    };
    out(&format!("{app} {version} {said}\n"));
    Ok(Code::Current.code())
}

pub(crate) fn ack(env: &Environment, apps: &Apps, app: &str, version: &Version) -> Ended {
    let ack = Ack {
        who: who(),
        at: Utc::now(),
    };
    holds::set_ack(&prepared(env, apps, app)?, version, ack)?;
    out(&format!("{app} {version} is acknowledged\n"));
    Ok(Code::Current.code())
}

/// 10 when an app is held; what is on record only, nothing is asked of the engine.
pub(crate) fn status(env: &Environment, apps: &Apps, app: Option<&str>, json: bool) -> Ended {
    let names: Vec<&str> = match app {
        Some(name) => vec![&known(apps, name)?.app],
        None => apps.apps.keys().map(String::as_str).collect(),
    };
    let mut held = false;
    let mut documents = Vec::new();
    for name in names {
        let paths = paths(env, apps, name)?;
        let hold = holds::hold(&paths)?;
        held |= hold.is_some();
        let good = last_good::read(&paths)?.map(|known| known.version().clone());
        let run = match Journal::open(&paths)? {
            JournalState::Absent => None,
            JournalState::Ended(journal) | JournalState::Unfinished(journal) => Some(journal),
        };
        let run = run.map(|journal| {
            json!({
                "run": journal.plan().run_id,
                "to": journal.plan().to.version,
                "state": journal.state(),
                "unfinished": !journal.state().is_end(),
            })
        });
        documents.push(json!({
            "app": name,
            "last_good": good,
            "held": hold.map(|hold| json!({ "reason": hold.reason, "who": hold.who, "since": hold.since })),
            "acknowledged": holds::acks(&paths)?.keys().collect::<Vec<_>>(),
            "quarantined": quarantine::Quarantine::read(&paths)?.entries.iter().map(|entry| entry.version.tag()).collect::<Vec<_>>(),
            "last_run": run,
        }));
    }
    if json {
        print_json(&Value::Array(documents));
    } else {
        documents.iter().for_each(|document| out(&line(document)));
    }
    Ok(match held {
        true => Code::Held.code(),
        false => Code::Current.code(),
    })
}

fn line(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let mut line = format!(
        "{:<16} last good {}",
        text(&document["app"]),
        text(&document["last_good"])
    );
    if let Some(run) = document["last_run"].as_object() {
        line.push_str(&format!(
            ", last run to {} ended {}",
            text(&run["to"]),
            text(&run["state"])
        ));
        if run["unfinished"] == true {
            line.push_str(" and is UNFINISHED");
        }
    }
    if let Some(hold) = document["held"].as_object() {
        line.push_str(&format!(
            ", HELD by {}: {}",
            text(&hold["who"]),
            text(&hold["reason"])
        ));
    }
    line.push('\n');
    line
}

fn who() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| format!("uid{}", rustix::process::getuid().as_raw()))
}
