//! The compose file that we write beside those of the recipe.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::recipe::compose::ComposeFile;

/// The file that is given to the tool last: every service of the recipe carries the version as
/// a label, so that what runs can say what it is; and runs the image that is asked for by id.
pub(super) fn overriding(
    files: &[ComposeFile],
    stack: &str,
    tag: &str,
    images: &BTreeMap<String, String>,
) -> String {
    let mut services = serde_json::Map::new();
    for name in files.iter().filter_map(ComposeFile::services).flatten() {
        let mut labels = serde_json::Map::new();
        labels.insert(format!("coop-cloud.{stack}.version"), json!(literal(tag)));
        let mut service = json!({ "deploy": { "labels": labels } });
        if let Some(image) = images.get(name) {
            service["image"] = json!(literal(image));
        }
        services.insert(name.to_owned(), service);
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
        let files = [FILE, second].map(|text| ComposeFile::parse(text).unwrap());
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
        let files = [ComposeFile::parse("services: {app: {image: a}}").unwrap()];
        assert!(!overriding(&files, "s", "1.0.0+v1", &BTreeMap::new()).contains("\"version\""));
    }
}
