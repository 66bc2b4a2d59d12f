//! A spec as JSON, with the same names and values as in an app file: what is printed is what
//! may be written.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::AppSpec;
use crate::spec::{Driver, SpecTls};
use kit::json_path::JsonPath;

/// A spec as JSON, in the reference's names. `health_domain` is there only when it is another
/// domain than the app's own, so that its absence says: the app is asked under its own name.
pub fn to_json(spec: &AppSpec) -> Value {
    let mut out = Map::new();
    out.insert("app".to_owned(), json!(spec.app));
    out.extend(fields(spec));
    Value::Object(out)
}

/// An app file that describes exactly these apps: JSON is YAML, as long as no value holds a
/// control character.
pub fn file_json<'s>(specs: impl IntoIterator<Item = &'s AppSpec>) -> Value {
    let apps: Map<String, Value> = specs
        .into_iter()
        .map(|spec| (spec.app.clone(), Value::Object(fields(spec))))
        .collect();
    json!({ "apps": apps })
}

fn fields(spec: &AppSpec) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("recipe", json!(spec.recipe));
    put("domain", json!(spec.domain));
    put("stateful", json!(spec.stateful));
    if spec.health_domain != spec.domain {
        put("health_domain", json!(spec.health_domain));
    }
    put("health_path", json!(spec.health_path));
    put("health_ok", json!(spec.health_ok));
    put("health_scheme", json!(spec.health_scheme));
    if let Some(port) = spec.health_port {
        put("health_port", json!(port));
    }
    put(
        "tls",
        match &spec.tls {
            SpecTls::Verify => json!("verify"),
            SpecTls::Insecure => json!("insecure"),
            SpecTls::Ca(file) => json!({ "ca": file.to_string_lossy() }),
        },
    );
    put(
        "identity",
        json!({
            "version": path(spec.identity.version.as_ref()),
            "started": path(spec.identity.started.as_ref()),
        }),
    );
    put(
        "driver",
        json!(match spec.driver {
            Driver::Abra => "abra",
            Driver::Stack => "stack",
        }),
    );
    put("stack", json!(spec.stack));
    put("repository", json!(spec.repository.to_string_lossy()));
    put("compose", json!(spec.compose));
    if !spec.env.is_empty() {
        put("env", json!(spec.env));
    }
    if let Some(age) = spec.min_age {
        put("min_age", time(age));
    }
    put("pre_releases", json!(spec.pre_releases));
    if let Some(variant) = &spec.variant {
        put("variant", json!(variant));
    }
    put("times", times(spec));
    let hooks = [("before", &spec.hooks.before), ("after", &spec.hooks.after)];
    let hooks = hooks.into_iter().filter(|(_, argv)| !argv.is_empty());
    let hooks: Map<String, Value> = hooks
        .map(|(name, argv)| (name.to_owned(), json!(argv)))
        .collect();
    if !hooks.is_empty() {
        put("hooks", Value::Object(hooks));
    }
    if spec.armed_gate {
        put("armed_gate", json!(true));
    }
    if !spec.alert_relay.is_empty() {
        put("alert_relay", json!(spec.alert_relay));
    }
    put("unit", json!(spec.unit));
    out
}

fn times(spec: &AppSpec) -> Value {
    let times = &spec.times;
    json!({
        "first_gate": time(times.first_gate),
        "gate": time(times.gate),
        "probe": time(times.probe),
        "every": time(times.every),
        "successes": times.successes,
        "steady": time(times.steady),
        "deploy": time(times.deploy),
        "undeploy": time(times.undeploy),
        "snapshot": time(times.snapshot),
        "hook": time(times.hook),
        "bake": time(times.bake),
    })
}

fn time(time: Duration) -> Value {
    json!(humantime::format_duration(time).to_string())
}

fn path(path: Option<&JsonPath>) -> &str {
    path.map_or("none", |path| path.source.as_str())
}
