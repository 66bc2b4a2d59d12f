//! Values taken from an observation for later checks.

use super::observed::ObservedText;
use super::render;
use super::value::{Syntax, json};
use crate::model::{Capture, CaptureFrom, Pick};
use kit::json_path;
use reach::observation::{Captured, CommandObservation, HttpObservation, Observation};

/// Takes the value a capture names from an observation. With several vantages all of them must
/// give the same value.
///
/// # Errors
/// In words, why there is no such value: no answer, no match, no such JSON value, text that is
/// not UTF-8, or a stream of which a part was dropped.
pub fn pick(capture: &Capture, observation: &Observation) -> Result<String, String> {
    match observation {
        Observation::Command(command) => from_command(capture, command),
        Observation::Http(observed) => {
            let (first, others) = observed.split_first().ok_or("nothing was requested")?;
            let value = from_http(capture, first)?;
            for other in others {
                let differing = from_http(capture, other)?;
                if differing != value {
                    return Err(format!(
                        "the vantages disagree: {} has `{}`, {} has `{}`",
                        first.vantage,
                        render::clean(&value, 80),
                        other.vantage,
                        render::clean(&differing, 80)
                    ));
                }
            }
            Ok(value)
        }
    }
}

fn from_command(capture: &Capture, command: &CommandObservation) -> Result<String, String> {
    match capture.from {
        CaptureFrom::Stdout => from_stream(&capture.pick, &command.stdout, "stdout"),
        CaptureFrom::Stderr => from_stream(&capture.pick, &command.stderr, "stderr"),
        CaptureFrom::Body | CaptureFrom::Status => {
            Err("a command has neither body nor status".to_owned())
        }
    }
}

fn from_http(capture: &Capture, http: &HttpObservation) -> Result<String, String> {
    let response = http.answer.as_ref().map_err(|no_answer| {
        format!(
            "there was no answer ({}) to take a value from",
            no_answer.cause
        )
    })?;
    match capture.from {
        CaptureFrom::Body => from_text(&capture.pick, &ObservedText::body(response), "body"),
        CaptureFrom::Status => from_text(
            &capture.pick,
            &ObservedText::whole(&response.status.to_string()),
            "status",
        ),
        CaptureFrom::Stdout | CaptureFrom::Stderr => {
            Err("an HTTP answer has neither stdout nor stderr".to_owned())
        }
    }
}

fn from_stream(pick: &Pick, captured: &Captured, name: &str) -> Result<String, String> {
    from_text(pick, &ObservedText::stream(captured, name), name)
}

fn from_text(pick: &Pick, observed: &ObservedText<'_>, name: &str) -> Result<String, String> {
    // What was dropped may change even an early match, so nothing is taken.
    if let Some(cut) = &observed.cut {
        return Err(cut.clone());
    }
    if let Some(why) = &observed.unreadable {
        return Err(why.clone());
    }
    let text = observed.text.trim();
    match pick {
        Pick::All => Ok(text.to_owned()),
        Pick::Regex(regex) => {
            let groups = regex.captures(text).ok_or_else(|| {
                format!(
                    "/{regex}/ does not match {name}: {}",
                    render::clean(render::shown(text), 120)
                )
            })?;
            let index = usize::from(groups.len() > 1);
            let group = groups.get(index).ok_or_else(|| {
                format!("/{regex}/ matches {name}, but its first group has no part in it")
            })?;
            Ok(group.as_str().to_owned())
        }
        Pick::Json(path) => {
            let root = json::read(Syntax::Json, observed).map_err(|why| match why {
                json::NoJson::Unfit(why) => format!("{name} is {why}"),
                json::NoJson::Unjudged(why) => format!("{name}: {why}"),
            })?;
            let value = json_path::lookup(path, &root).ok_or_else(|| {
                format!(
                    "{name} has no {}: {}",
                    render::clean(&path.source, 120),
                    render::clean(&json_path::reach(path, &root), 120)
                )
            })?;
            Ok(json::plain_text(value))
        }
    }
}
