//! What this process knows to be secret, and the redactor that knows it.
//!
//! Values become known before anything can show them: those of the environment at the start, those
//! of the command line before it is parsed, those of a claim file before it runs, and a captured one
//! before the check that captured it is reported. Every sink (terminal, record, document, report)
//! takes [`Redacted`] values, so all of them ask this one place.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use kit::redact::{MIN_SECRET, Redacted, Redactor, is_path, is_switch, names_a_secret};
use kit::text::Scope;

/// The variable that names others whose values are secrets, with commas between them.
const LIST: &str = "GATEPROOF_SECRETS";

struct Known {
    /// Names by value.
    values: BTreeMap<String, String>,
    redactor: Arc<Redactor>,
}

static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(|| {
    let mut known = Known {
        values: BTreeMap::new(),
        redactor: Arc::new(Redactor::new([""; 0])),
    };
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        // It names variables and holds no secret itself.
        .filter(|(name, _)| name != LIST);
    let listed = std::env::var(LIST).unwrap_or_default();
    let is_listed = |name: &str| listed.split(',').any(|one| one.trim() == name);
    let secret = |(name, value): &(String, String)| is_listed(name) || is_secret(name, value);
    known.add(variables.filter(secret));
    RwLock::new(known)
});

impl Known {
    fn add(&mut self, secrets: impl IntoIterator<Item = (String, String)>) {
        let before = self.values.len();
        for (name, value) in secrets {
            let value = value.trim();
            if !value.is_empty() {
                self.values.entry(value.to_owned()).or_insert(name);
            }
        }
        if self.values.len() > before {
            self.redactor = Arc::new(Redactor::new(self.values.keys()));
        }
    }
}

/// Whether the value of that name is a secret by the rule of names: the name says so, and the value
/// is neither a path nor a switch.
pub fn is_secret(name: &str, value: &str) -> bool {
    names_a_secret(name) && !is_path(value) && !is_switch(value)
}

/// The redactor for all that is known up to now.
pub fn redactor() -> Arc<Redactor> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(&known.redactor)
}

/// Makes values known that are secrets whatever their names say.
pub fn learn(secrets: impl IntoIterator<Item = (String, String)>) {
    let mut secrets = secrets.into_iter().peekable();
    if secrets.peek().is_some() {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        known.add(secrets);
    }
}

/// Makes the values known whose names say that they are secrets.
pub fn learn_named<'n>(values: impl IntoIterator<Item = (&'n str, &'n str)>) {
    let named = values
        .into_iter()
        .filter(|(name, value)| is_secret(name, value));
    learn(named.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// As [`learn_named`], for the values of a scope; also those that `declared` names.
pub fn learn_scope(scope: &Scope, declared: &[String]) {
    let secret = |name: &String, value: &String| declared.contains(name) || is_secret(name, value);
    let secrets = scope.iter().filter(|(name, value)| secret(name, value));
    learn(secrets.map(|(name, value)| (name.clone(), value.clone())));
}

/// Makes the values known that these variables of the environment have. Returns the names of those
/// that are not set.
pub fn learn_environment(names: &[String]) -> Vec<String> {
    let value = |name: &String| std::env::var_os(name).filter(|value| !value.is_empty());
    let (set, unset): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| value(name).is_some());
    learn(set.into_iter().filter_map(|name| {
        let value = value(name)?.to_string_lossy().into_owned();
        Some((name.clone(), value))
    }));
    unset.into_iter().cloned().collect()
}

/// Makes the values of `--var NAME=VALUE` known before the command line is parsed: a message about
/// the command line must not show one either.
pub fn learn_arguments(arguments: impl IntoIterator<Item = OsString>) {
    let mut is_variable = false;
    for argument in arguments {
        let argument = argument.to_string_lossy();
        let text = match argument.strip_prefix("--var=") {
            Some(text) => Some(text),
            None => is_variable.then_some(&*argument),
        };
        // Also of an argument that has no `=`, and is refused for it.
        if let Some((name, value)) = text.and_then(|text| text.split_once(['=', ':', ' '])) {
            learn_named([(name, value)]);
        }
        is_variable = argument == "--var";
    }
}

/// The names whose values are too short to be hidden.
pub fn too_short() -> Vec<String> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let short = known
        .values
        .iter()
        .filter(|(value, _)| value.len() < MIN_SECRET);
    let mut names: Vec<String> = short.map(|(_, name)| name.clone()).collect();
    names.sort();
    names
}

/// A text of the program about things from outside, for a sink.
pub fn redact(text: &str) -> Redacted<String> {
    redactor().redact(text)
}

/// A text whose parts were redacted already, as a whole, for a sink. Only known values are looked
/// for: what looks like a secret in the program's own words is none.
pub fn redact_known(text: &str) -> Redacted<String> {
    redactor().redact_known(text)
}
