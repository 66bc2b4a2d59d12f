//! Files, gates, fixtures and hosts of a phase, held against each other.

use super::checks::{self, command_words, probe_words};
use super::{Found, Gravity, expectations};
use crate::{ClaimFile, Fixture, Gate, HostSpec, Step};
use kit::text::Scope;

pub(super) fn compare(before: &[&ClaimFile], after: &[&ClaimFile], found: &mut Found) {
    for old in before {
        // A gate may move to another file of its phase; what a file says as a whole stays with the path.
        let same = after
            .iter()
            .find(|file| file.source.path == old.source.path);
        if let Some(new) = same {
            whole_file(old, new, found);
        }
        for gate in &old.gates {
            match gate_of(after, &gate.id) {
                Some((file, new)) => compare_gate((old, gate), (file, new), found),
                None => found.add(Gravity::Removed, &gate.id, "gate", &gate_words(gate), ""),
            }
        }
        for (name, fixture) in &old.fixtures {
            let new = after
                .iter()
                .find_map(|file| Some((file.fixtures.get(name)?, file)));
            if let Some((new, file)) = new {
                compare_fixture((fixture, &old.vars), (new, &file.vars), found);
            }
        }
        for (name, host) in &old.hosts {
            let new = after.iter().find_map(|file| file.hosts.get(name));
            if let Some(new) = new {
                compare_host(host, new, found);
            }
        }
    }
}

fn gate_of<'f>(files: &[&'f ClaimFile], id: &str) -> Option<(&'f ClaimFile, &'f Gate)> {
    files.iter().find_map(|file| {
        let gate = file.gates.iter().find(|gate| gate.id == id)?;
        Some((*file, gate))
    })
}

fn gate_words(gate: &Gate) -> String {
    kit::count::count(gate.checks.len(), "check")
}

fn whole_file(old: &ClaimFile, new: &ClaimFile, found: &mut Found) {
    found.longer("file", "fresh_for", old.fresh_for, new.fresh_for);
    for name in old
        .secrets
        .iter()
        .filter(|name| !new.secrets.contains(name))
    {
        found.add(Gravity::Loosened, "file", "secrets", name, "");
    }
}

fn compare_gate(old: (&ClaimFile, &Gate), new: (&ClaimFile, &Gate), found: &mut Found) {
    let ((_, was), (_, now)) = (old, new);
    if was.teeth_required && !now.teeth_required {
        found.add(Gravity::Removed, &was.id, "teeth", "required", "");
    }
    for gate in was.after.iter().filter(|gate| !now.after.contains(gate)) {
        found.add(Gravity::Removed, &was.id, "after", gate, "");
    }
    covers(was, now, found);
    for check in &was.checks {
        let of = format!("{}/{}", was.id, check.id);
        match now.checks.iter().find(|it| it.id == check.id) {
            Some(same) => checks::compare(&of, check, same, found),
            None => found.add(Gravity::Removed, &of, "check", &check.claim, ""),
        }
    }
}

/// A gate that covers less stays valid when the rest is changed. No path stands for all of them.
fn covers(was: &Gate, now: &Gate, found: &mut Found) {
    let inside = |path: &str| {
        let below =
            |of: &String| path == of || path.starts_with(&format!("{}/", of.trim_end_matches('/')));
        now.covers.iter().any(below)
    };
    let narrowed = match (was.covers.is_empty(), now.covers.is_empty()) {
        (_, true) => false,
        (true, false) => true,
        (false, false) => was.covers.iter().any(|path| !inside(path)),
    };
    if narrowed {
        let words = |gate: &Gate| match gate.covers.is_empty() {
            true => "everything".to_owned(),
            false => gate.covers.join(", "),
        };
        found.add(
            Gravity::Loosened,
            &was.id,
            "covers",
            &words(was),
            &words(now),
        );
    }
}

fn compare_fixture(
    (old, old_vars): (&Fixture, &Scope),
    (new, new_vars): (&Fixture, &Scope),
    found: &mut Found,
) {
    let of = format!("fixture {}", old.name);
    let step_words = |step: &Step, vars: &Scope| {
        format!("{} -> {}", probe_words(&step.probe, vars), step.expected)
    };
    let pairs = [
        ("baseline", &old.baseline, &new.baseline),
        ("until", &old.until, &new.until),
        ("settled", &old.settled, &new.settled),
    ];
    for (what, was, now) in pairs {
        match (was, now) {
            (Some(was), Some(now)) => {
                compare_step(&of, what, (was, old_vars), (now, new_vars), found);
            }
            (Some(was), None) => found.gone(&of, what, Some(&step_words(was, old_vars)), None),
            (None, _) => {}
        }
    }
    let steps = |steps: &[Step], vars: &Scope| {
        let each: Vec<String> = steps.iter().map(|step| step_words(step, vars)).collect();
        each.join("; ")
    };
    found.differs(
        &of,
        "do",
        &steps(&old.act, old_vars),
        &steps(&new.act, new_vars),
    );
    found.differs(
        &of,
        "undo",
        &steps(&old.undo, old_vars),
        &steps(&new.undo, new_vars),
    );
    let service = |fixture: &Fixture, vars: &Scope| {
        fixture
            .service
            .as_ref()
            .map_or_else(String::new, |it| command_words(it, vars))
    };
    found.differs(
        &of,
        "service",
        &service(old, old_vars),
        &service(new, new_vars),
    );
    found.differs(&of, "on", old.on.name(), new.on.name());
    found.differs(&of, "effect", old.effect.name(), new.effect.name());
    found.longer(&of, "deadline", old.deadline, new.deadline);
}

fn compare_step(
    of: &str,
    what: &str,
    (was, old_vars): (&Step, &Scope),
    (now, new_vars): (&Step, &Scope),
    found: &mut Found,
) {
    let asked = probe_words(&was.probe, old_vars);
    found.differs(of, what, &asked, &probe_words(&now.probe, new_vars));
    expectations::compare(
        of,
        what,
        (&was.expect, old_vars),
        (&now.expect, new_vars),
        found,
    );
    checks::compare_timing(of, &was.timing, &now.timing, found);
}

fn compare_host(old: &HostSpec, new: &HostSpec, found: &mut Found) {
    let of = format!("host {}", old.name);
    let scope = Scope::new();
    let address = |host: &HostSpec| host.address.to_string();
    found.differs(&of, "address", &address(old), &address(new));
    let revision = |host: &HostSpec| host.revision.as_ref().map(|it| command_words(it, &scope));
    match (revision(old), revision(new)) {
        (Some(was), Some(now)) => found.differs(&of, "revision", &was, &now),
        (was, now) => found.gone(&of, "revision", was.as_deref(), now.as_deref()),
    }
}
