//! Which fixtures stand around a check or a fixture, and what they capture.

use indexmap::IndexMap;

use crate::Fixture;

/// The fixtures with the ones they need around them, outermost first, each once.
pub(super) fn nested(names: &[String], fixtures: &IndexMap<String, Fixture>) -> Vec<String> {
    fn add(name: &str, fixtures: &IndexMap<String, Fixture>, out: &mut Vec<String>, depth: usize) {
        if out.iter().any(|known| known == name) || depth > fixtures.len() {
            return;
        }
        if let Some(fixture) = fixtures.get(name) {
            for outer in &fixture.with {
                add(outer, fixtures, out, depth + 1);
            }
        }
        if !out.iter().any(|known| known == name) {
            out.push(name.to_owned());
        }
    }
    let mut out = Vec::new();
    for name in names {
        add(name, fixtures, &mut out, 0);
    }
    out
}

/// The names of the values that tell when something began: the run, or the disturbance of a fixture.
pub(super) fn moments_of(name: &str) -> [String; 2] {
    kit::text::moments(name, chrono::DateTime::UNIX_EPOCH).map(|(name, _)| name)
}

/// The names that a fixture, or one around it, gives to the checks under it.
pub(super) fn captured_by(name: &str, fixtures: &IndexMap<String, Fixture>) -> Vec<String> {
    nested(&[name.to_owned()], fixtures)
        .iter()
        .filter_map(|name| fixtures.get(name))
        .flat_map(|fixture| {
            let began = (!fixture.act.is_empty()).then(|| moments_of(&fixture.name));
            let captured = fixture.captures().map(|capture| capture.name.clone());
            captured.chain(began.into_iter().flatten())
        })
        .collect()
}
