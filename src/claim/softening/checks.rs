//! One check, before and after.

use super::{Found, Gravity, expectations};
use crate::model::Tls;
use crate::{Check, CommandLine, CommandProbe, Control, HttpProbe, Probe, Timing, Unchanged};
use kit::text::{Scope, Text};

pub(super) fn compare(of: &str, was: &Check, now: &Check, found: &mut Found) {
    compare_probe(
        of,
        (&was.probe, &was.scope),
        (&now.probe, &now.scope),
        found,
    );
    found.differs(of, "on", was.on.name(), now.on.name());
    let (old, new) = ((&was.expect, &was.scope), (&now.expect, &now.scope));
    expectations::compare(of, "expect", old, new, found);
    compare_timing(of, &was.timing, &now.timing, found);
    compare_control(of, was, now, found);
    compare_listed(of, was, now, found);
    for fixture in was.with.iter().filter(|name| !now.with.contains(name)) {
        found.add(Gravity::Loosened, of, "with", fixture, "");
    }
    match (was.unchanged, now.unchanged) {
        (Some(old), None) => found.add(Gravity::Removed, of, "unchanged", old.name(), ""),
        (Some(Unchanged::Throughout), Some(new @ Unchanged::Afterwards)) => {
            let old = Unchanged::Throughout.name();
            found.add(Gravity::Loosened, of, "unchanged", old, new.name());
        }
        _ => {}
    }
    match (&was.same_as, &now.same_as) {
        (Some(old), None) => found.add(Gravity::Removed, of, "same_as", old, ""),
        (Some(old), Some(new)) => found.differs(of, "same_as", old, new),
        (None, _) => {}
    }
    found.differs(of, "effect", was.effect.name(), now.effect.name());
    match (&was.skip, &now.skip) {
        (None, Some(skip)) => found.add(Gravity::Removed, of, "skip", "", &skip.reason),
        (Some(old), Some(new)) => {
            let day = |until: Option<chrono::NaiveDate>| {
                until.map_or_else(|| "without a last day".to_owned(), |day| day.to_string())
            };
            // No last day is later than every day.
            let later = |until: Option<chrono::NaiveDate>| (until.is_none(), until);
            if later(new.until) > later(old.until) {
                found.add(
                    Gravity::Slackened,
                    of,
                    "skip",
                    &day(old.until),
                    &day(new.until),
                );
            }
        }
        _ => {}
    }
    match (&was.teeth_waived, &now.teeth_waived) {
        (None, Some(waiver)) => found.add(
            Gravity::Loosened,
            of,
            "teeth",
            "",
            &format!("waived: {}", waiver.reason),
        ),
        (Some(old), Some(new)) if new.until > old.until => {
            found.add(
                Gravity::Slackened,
                of,
                "teeth",
                &format!("waived until {}", old.until),
                &format!("waived until {}", new.until),
            );
        }
        _ => {}
    }
    for (code, waiver) in &now.waived {
        let what = format!("waive {code}");
        match was.waived.get(code) {
            None => found.add(Gravity::Loosened, of, &what, "", &waiver.reason),
            Some(old) if waiver.until > old.until => {
                let (old, new) = (old.until.to_string(), waiver.until.to_string());
                found.add(Gravity::Slackened, of, &what, &old, &new);
            }
            Some(_) => {}
        }
    }
    if was.requires.is_none()
        && let Some(requires) = &now.requires
    {
        let words = format!(
            "{} -> {}",
            probe_words(&requires.probe, &now.scope),
            requires.expected
        );
        found.add(Gravity::Changed, of, "requires", "", &words);
    }
}

/// The values for each of which it is asked.
fn compare_listed(of: &str, was: &Check, now: &Check, found: &mut Found) {
    let words = |check: &Check| {
        let each = check.each.as_ref();
        each.map(|it| command_words(&it.command, &check.scope))
    };
    match (words(was), words(now)) {
        (Some(old), Some(new)) => found.differs(of, "for", &old, &new),
        (old, new) => found.gone(of, "for", old.as_deref(), new.as_deref()),
    }
    if let (Some(old), Some(new)) = (&was.each, &now.each)
        && new.at_least < old.at_least
    {
        let (old, new) = (old.at_least.to_string(), new.at_least.to_string());
        found.add(Gravity::Loosened, of, "at_least", &old, &new);
    }
}

fn compare_control(of: &str, was: &Check, now: &Check, found: &mut Found) {
    let words = |control: &Control, scope: &Scope| {
        let asked = control
            .probe
            .as_ref()
            .map(|probe| probe_words(probe, scope));
        let with = control
            .with
            .as_ref()
            .map(|names| format!("with {}", names.join(", ")));
        let parts: Vec<String> = [asked, with].into_iter().flatten().collect();
        format!("{} -> {}", parts.join(" "), control.expected)
    };
    let old = was.control.as_ref().map(|it| words(it, &was.scope));
    let new = now.control.as_ref().map(|it| words(it, &now.scope));
    match (old, new) {
        (Some(old), Some(new)) => found.differs(of, "control", &old, &new),
        (old, new) => found.gone(of, "control", old.as_deref(), new.as_deref()),
    }
}

pub(super) fn compare_timing(of: &str, was: &Timing, now: &Timing, found: &mut Found) {
    found.longer(of, "timeout", was.timeout, now.timeout);
    let within = |timing: &Timing| timing.within.unwrap_or_default();
    found.longer(of, "within", within(was), within(now));
    let words = |time: std::time::Duration| humantime::format_duration(time).to_string();
    match (was.never_within, now.never_within) {
        (Some(old), Some(new)) if new < old => {
            found.add(
                Gravity::Loosened,
                of,
                "never_within",
                &words(old),
                &words(new),
            );
        }
        (Some(old), None) => found.add(Gravity::Removed, of, "never_within", &words(old), ""),
        _ => {}
    }
    if was.fail_if.is_some() && now.fail_if.is_none() {
        found.add(Gravity::Removed, of, "fail_if", "stated", "");
    }
    // `at_least` of `repeat`: fewer that must hold, or more that may fail.
    let misses = |timing: &Timing| timing.repeat.saturating_sub(timing.at_least);
    let times = |timing: &Timing| format!("{} of {}", timing.at_least, timing.repeat);
    if misses(now) > misses(was) || now.at_least < was.at_least {
        found.add(Gravity::Slackened, of, "repeat", &times(was), &times(now));
    }
}

fn compare_probe(
    of: &str,
    (was, old_scope): (&Probe, &Scope),
    (now, new_scope): (&Probe, &Scope),
    found: &mut Found,
) {
    let (old, new) = (probe_words(was, old_scope), probe_words(now, new_scope));
    match (was, now) {
        (Probe::Command(was), Probe::Command(now)) => {
            found.differs(of, "run", &old, &new);
            if was.strict && !now.strict {
                found.add(Gravity::Loosened, of, "strict", "true", "false");
            }
            if was.hides.is_none()
                && let Some(why) = &now.hides
            {
                found.add(Gravity::Loosened, of, "run", "", why);
            }
        }
        (Probe::Http(was), Probe::Http(now)) => {
            found.differs(of, "http", &old, &new);
            compare_requests(of, was, now, found);
        }
        (Probe::Human(_), Probe::Human(_)) => found.differs(of, "human", &old, &new),
        (_, Probe::Human(_)) => found.noted(
            Gravity::Loosened,
            of,
            "probe",
            (&old, &new),
            Some("a person's word stands in place of an observation".to_owned()),
        ),
        _ => found.differs(of, "probe", &old, &new),
    }
}

fn compare_requests(of: &str, was: &HttpProbe, now: &HttpProbe, found: &mut Found) {
    let words = |tls: &Tls| match tls {
        Tls::Verify => "verified".to_owned(),
        Tls::Insecure => "insecure".to_owned(),
        Tls::Ca(path) => format!("ca {}", path.display()),
    };
    if was.tls != now.tls {
        let gravity = match now.tls {
            Tls::Insecure => Gravity::Loosened,
            Tls::Verify | Tls::Ca(_) => Gravity::Changed,
        };
        found.add(gravity, of, "tls", &words(&was.tls), &words(&now.tls));
    }
    for place in was
        .vantage
        .iter()
        .filter(|place| !now.vantage.contains(place))
    {
        found.add(Gravity::Loosened, of, "vantage", place.name(), "");
    }
    if now.follow > was.follow {
        found.add(
            Gravity::Loosened,
            of,
            "follow",
            &was.follow.to_string(),
            &now.follow.to_string(),
        );
    }
}

/// What a probe asks, on one line, with the values that are known.
pub(super) fn probe_words(probe: &Probe, scope: &Scope) -> String {
    match probe {
        Probe::Command(command) => command_words(command, scope),
        Probe::Http(http) => request_words(http, scope),
        Probe::Human(human) => match &human.artefact {
            Some(artefact) => format!("{} ({})", human.instruction, artefact.render(scope)),
            None => human.instruction.clone(),
        },
    }
}

pub(super) fn command_words(command: &CommandProbe, scope: &Scope) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(
        command
            .env
            .iter()
            .map(|(name, value)| format!("{name}={}", value.render(scope))),
    );
    match &command.line {
        CommandLine::Shell(line) => words.push(line.render(scope).trim().to_owned()),
        CommandLine::Argv(argv) => {
            words.extend(
                argv.iter()
                    .map(|word| kit::shell::quote(&word.render(scope))),
            );
        }
    }
    let optional = |name: &str, text: &Option<Text>| {
        text.as_ref()
            .map(|it| format!("({name} {})", it.render(scope)))
    };
    if command.in_tree {
        words.push("(in a tree of the commit)".to_owned());
    }
    words.extend(optional("in", &command.cwd));
    words.extend(optional("reads", &command.stdin));
    words.join(" ")
}

fn request_words(http: &HttpProbe, scope: &Scope) -> String {
    let mut words = vec![http.method.clone(), http.url.render(scope)];
    words.extend(
        http.resolve
            .iter()
            .map(|to| format!("at {}", to.render(scope))),
    );
    words.extend(
        http.headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.text().render(scope))),
    );
    words.extend(
        http.body
            .iter()
            .map(|body| format!("with the body {}", body.render(scope))),
    );
    if http.keep_cookies {
        words.push("keeping cookies".to_owned());
    }
    words.extend(
        http.stream
            .map(|time| format!("read for {}", humantime::format_duration(time))),
    );
    words.join(" ")
}
