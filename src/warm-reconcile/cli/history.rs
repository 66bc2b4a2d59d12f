//! `warm-reconcile history`, and the version that a person pins an app to.

use chrono::Utc;
use serde_json::{Value, json};

use crate::Version;
use crate::decide::outcome::ExitCode as Code;
use crate::state::history::{self, HistoryEntry};
use crate::state::operator_hold::{self, Pin};

use super::state::who;
use super::{Ended, Session};

impl Session {
    pub(super) fn history(&self, app: &str) -> Ended {
        let history = history::read(&self.paths(self.app(app)?)?)?;
        if history.damaged > 0 {
            let lines = kit::count::count(history.damaged as u64, "line");
            self.output
                .remark(&format!("{lines} of the history cannot be read"));
        }
        let newest_first: Vec<&HistoryEntry> = history.entries.iter().rev().collect();
        if self.output.wants_json() {
            self.output.document(&newest_first);
        } else {
            for entry in newest_first {
                self.output.text(&format!("{}\n", line(entry)));
            }
        }
        Ok(Code::Current.code())
    }

    pub(super) fn pin(&self, app: &str, version: &Version) -> Ended {
        let pin = Pin {
            version: version.clone(),
            who: who(),
            since: Utc::now(),
        };
        operator_hold::set_pin(&self.prepared(app)?, &pin)?;
        let text = format!("{app} is pinned to {version}; `warm-reconcile run {app}` deploys it\n");
        self.tell(&json!({ "app": app, "pinned": pin }), &text)
    }

    pub(super) fn unpin(&self, app: &str) -> Ended {
        let pinned = operator_hold::unpin(&self.prepared(app)?)?;
        let text = match &pinned {
            Some(pin) => format!(
                "{app} follows the newest version again; it was pinned to {}\n",
                pin.version
            ),
            None => format!("{app} was not pinned\n"),
        };
        self.tell(&json!({ "app": app, "unpinned": pinned }), &text)
    }
}

/// One run: when, from what to what, how it ended, how long it took, and where its record lies.
fn line(entry: &HistoryEntry) -> String {
    let end: Value = json!(entry.end);
    let from = entry.from.as_ref().map_or("nothing", Version::tag);
    let took = (entry.ended - entry.started).to_std().unwrap_or_default();
    let took = std::time::Duration::from_secs(took.as_secs());
    let text = format!(
        "{}  {from} -> {}  {}  {}  {}",
        entry.started.format("%Y-%m-%d %H:%M:%S UTC"),
        entry.to,
        end.as_str().unwrap_or_default(),
        humantime::format_duration(took),
        entry.evidence.as_deref().unwrap_or_default(),
    );
    text.trim_end().to_owned()
}
