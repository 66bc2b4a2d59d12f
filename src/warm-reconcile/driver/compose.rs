//! What we read of a recipe's compose files, and the one that we write beside them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The parts of a compose file that matter here. The rest is the tool's business.
#[derive(Debug, Deserialize)]
pub(super) struct Compose {
    /// Its format. The tool refuses two files of different ones, and one with beside one without.
    #[serde(default)]
    version: Option<Value>,
    #[serde(default)]
    services: Option<IndexMap<String, IgnoredAny>>,
}

impl Compose {
    pub(super) fn parse(text: &str) -> Result<Compose, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }
}

/// The file that is given to the tool last: every service of the recipe carries the version as
/// a label, so that what runs can say what it is; and runs the image that is asked for by id.
pub(super) fn overriding(
    files: &[Compose],
    stack: &str,
    tag: &str,
    images: &BTreeMap<String, String>,
) -> String {
    let mut services = serde_json::Map::new();
    let names = files.iter().filter_map(|file| file.services.as_ref());
    for name in names.flat_map(IndexMap::keys) {
        let mut labels = serde_json::Map::new();
        labels.insert(format!("coop-cloud.{stack}.version"), json!(literal(tag)));
        let mut service = json!({ "deploy": { "labels": labels } });
        if let Some(image) = images.get(name) {
            service["image"] = json!(literal(image));
        }
        services.insert(name.clone(), service);
    }
    let mut whole = serde_json::Map::new();
    if let Some(version) = files.iter().find_map(|file| file.version.clone()) {
        whole.insert("version".into(), version);
    }
    whole.insert("services".into(), Value::Object(services));
    // JSON is YAML, with nothing left to quoting.
    Value::Object(whole).to_string()
}

/// Text that the tool's interpolation leaves as it is.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
version: "3.8"
x-common: &common
  image: "a:${TAG:-1}"
services:
  app:
    <<: *common
    deploy: {labels: ["coop-cloud.${STACK_NAME}.version=1.0.0+v1"]}
  socket-proxy: {image: b}
networks: {proxy: {external: true}}
"#;

    #[test]
    fn every_service_of_every_file_is_stamped() {
        let second = "version: '3.8'\nservices: {db: {image: c}, app: {}}\n";
        let files = [FILE, second].map(|text| Compose::parse(text).unwrap());
        let images = BTreeMap::from([
            ("db".to_owned(), "sha256:ab".to_owned()),
            ("gone".to_owned(), "sha256:cd".to_owned()),
        ]);
        let written = overriding(&files, "web_test", "5.1.1+v3.6.15", &images);
        let labels = r#"{"labels":{"coop-cloud.web_test.version":"5.1.1+v3.6.15"}}"#;
        assert_eq!(
            written,
            format!(
                r#"{{"version":"3.8","services":{{"app":{{"deploy":{labels}}},"socket-proxy":{{"deploy":{labels}}},"db":{{"deploy":{labels},"image":"sha256:ab"}}}}}}"#
            )
        );
    }

    #[test]
    fn a_file_without_a_format_gets_one_without() {
        let files = [Compose::parse("services: {app: {image: a}}").unwrap()];
        assert!(!overriding(&files, "s", "1.0.0+v1", &BTreeMap::new()).contains("\"version\""));
    }

    #[test]
    fn what_is_no_compose_file_is_an_error() {
        for bad in [
            "services: [a]",
            "a: b: c",
            "services: {app: {image: a}",
            "- x",
        ] {
            assert!(Compose::parse(bad).is_err(), "{bad}");
        }
    }
}
