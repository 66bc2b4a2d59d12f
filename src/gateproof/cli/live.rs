//! What a person sees while a run goes on: its events, and in between what is being asked.
//!
//! A terminal has one line that is drawn again and again. Elsewhere a line comes where nothing was said for ten
//! seconds, so that a log tells a wait from a program that hangs.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::terminal;
use crate::cli::watched::Watched;
use crate::report::text::visible;
use crate::run::{Activity, UnderWay};
use kit::console;
use kit::count::count;

/// How often the line of a terminal is drawn.
const DRAW: Duration = Duration::from_millis(250);
/// How long nothing is said elsewhere.
const SILENCE: Duration = Duration::from_secs(10);
/// What is done so quickly is not shown on a terminal.
const QUICK: Duration = Duration::from_millis(400);
/// Takes the line back: to its beginning, and clears it.
const CLEAR: &str = "\r\x1b[2K";

/// The messages of a run on standard error.
#[derive(Clone)]
pub(crate) struct Live(Arc<Mutex<State>>);

struct State {
    terminal: bool,
    watched: Watched,
    /// Whether the line of the terminal is there.
    drawn: bool,
    /// When something was last said.
    said: Instant,
}

impl Live {
    pub(crate) fn new(watched: Watched) -> Live {
        let state = State {
            terminal: std::io::stderr().is_terminal(),
            watched,
            drawn: false,
            said: Instant::now(),
        };
        Live(Arc::new(Mutex::new(state)))
    }

    /// Prints a message that stays.
    pub(crate) fn say(&self, text: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if std::mem::take(&mut state.drawn) {
            CLEAR
        } else {
            ""
        };
        state.said = Instant::now();
        let text = state.watched.shown(text);
        terminal::err(&format!("{clear}{text}"));
    }

    /// Shows what is under way, for as long as this is awaited.
    pub(crate) async fn show(&self, activity: &Activity) {
        let mut ticks = tokio::time::interval(DRAW);
        loop {
            ticks.tick().await;
            self.tick(&activity.under_way());
        }
    }

    fn tick(&self, under_way: &[UnderWay]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let Some(first) = under_way.first() else {
            return;
        };
        let quick = now.duration_since(first.since) < QUICK;
        if state.terminal && !quick {
            state.drawn = true;
            let width = console::width_of_stderr().unwrap_or(80);
            let line = line(under_way, now, width.saturating_sub(1));
            terminal::err(&format!("{CLEAR}{}", state.watched.shown(&line)));
        } else if !state.terminal && now.duration_since(state.said) >= SILENCE {
            state.said = now;
            let line = line(under_way, now, usize::MAX);
            terminal::err(&format!("{}\n", state.watched.shown(&line)));
        }
    }

    /// Takes the line of the terminal away.
    pub(crate) fn end(&self) {
        self.say("");
    }
}

/// What is under way, the oldest first, in at most so many columns.
fn line(under_way: &[UnderWay], now: Instant, width: usize) -> String {
    let Some(first) = under_way.first() else {
        return String::new();
    };
    let mut text = format!(
        "  … {} for {}",
        first.name,
        seconds(now.duration_since(first.since))
    );
    if let Some(until) = first.until {
        let left = seconds(until.saturating_duration_since(now));
        text.push_str(&format!(", waits for {left} more"));
    }
    if under_way.len() > 1 {
        text.push_str(&format!(", and {} more", under_way.len() - 1));
    }
    if first.attempts > 0 {
        text.push_str(&format!("; {}", count(first.attempts as usize, "answer")));
    }
    if let Some(last) = &first.last {
        text.push_str(&format!(", the last: {}", visible(last)));
    }
    if text.chars().count() > width {
        text = text.chars().take(width.saturating_sub(1)).collect();
        text.push('…');
    }
    text
}

/// Whole seconds.
fn seconds(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_asked_how_long_already_and_for_how_long_yet() {
        let now = Instant::now() + Duration::from_secs(100);
        let back = |seconds| now - Duration::from_secs(seconds);
        let one = UnderWay {
            name: "M1 new-probe".to_owned(),
            since: back(23),
            attempts: 0,
            last: None,
            until: None,
        };
        let waits = UnderWay {
            attempts: 4,
            last: Some("exit 7: a\u{1b}[2Jb".to_owned()),
            until: Some(now + Duration::from_secs(37)),
            ..one.clone()
        };
        assert_eq!(line(&[], now, 80), "");
        assert_eq!(
            line(std::slice::from_ref(&one), now, 80),
            "  … M1 new-probe for 23s"
        );
        assert_eq!(
            line(&[one.clone(), one], now, 80),
            "  … M1 new-probe for 23s, and 1 more"
        );
        let whole = line(std::slice::from_ref(&waits), now, 200);
        assert!(
            whole.starts_with(
                "  … M1 new-probe for 23s, waits for 37s more; 4 answers, the last: exit 7: a"
            ),
            "{whole}"
        );
        assert!(!whole.contains('\u{1b}'), "{whole:?}");
        let short = line(&[waits], now, 30);
        assert_eq!(short.chars().count(), 30, "{short}");
    }
}
