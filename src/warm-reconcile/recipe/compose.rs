//! A recipe's compose files, as far as they matter here: which services there are, and their
//! labels. The rest is the business of the tool that deploys them.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub struct ComposeFile {
    /// Its format. The tool refuses two files of different ones, and one with beside one without.
    #[serde(default)]
    pub version: Option<Value>,
    #[serde(default)]
    services: Option<IndexMap<String, Option<Service>>>,
}

#[derive(Debug, Deserialize)]
struct Service {
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(default)]
    deploy: Option<Deploy>,
}

#[derive(Debug, Deserialize)]
struct Deploy {
    #[serde(default)]
    labels: Option<Labels>,
}

/// A list of `key=value`, or a map.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Labels {
    List(Vec<Value>),
    Map(IndexMap<String, Value>),
}

/// A label of a service, of its containers or of the service itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label<'c> {
    pub service: &'c str,
    pub key: String,
    pub value: String,
}

impl ComposeFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When the text is not a compose file.
    pub fn parse(text: &str) -> Result<ComposeFile, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// The names of its services; `None` where it has no `services:`.
    pub fn services(&self) -> Option<impl Iterator<Item = &str>> {
        Some(self.services.as_ref()?.keys().map(String::as_str))
    }

    /// The labels of all its services, in order.
    pub fn labels(&self) -> Vec<Label<'_>> {
        let mut all = Vec::new();
        let services = self.services.iter().flatten();
        for (name, service) in services.filter_map(|(name, body)| Some((name, body.as_ref()?))) {
            let deployed = service.deploy.as_ref();
            let deployed = deployed.and_then(|deploy| deploy.labels.as_ref());
            for labels in [service.labels.as_ref(), deployed].into_iter().flatten() {
                let pairs = labels.pairs().into_iter();
                all.extend(pairs.map(|(key, value)| Label {
                    service: name,
                    key,
                    value,
                }));
            }
        }
        all
    }
}

impl Labels {
    fn pairs(&self) -> Vec<(String, String)> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self {
            Labels::List(items) => items
                .iter()
                .filter_map(|item| item.as_str()?.split_once('='))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
            Labels::Map(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), text(value)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_labels_are_read_in_both_places() {
        let file = "
x-anchor: &deploy {labels: {a: 1}}
services:
  app:
    image: a
    ports: [{target: 80, 8080: x}]
    labels: [\"b = two=2\", 3]
    deploy: *deploy
  empty:
  db: {<<: {labels: {c: true}}, image: b}
";
        let file = ComposeFile::parse(file).unwrap();
        let names: Vec<&str> = file.services().unwrap().collect();
        assert_eq!(names, ["app", "empty", "db"]);
        let labels = file.labels();
        let labels: Vec<_> = labels
            .iter()
            .map(|label| format!("{} {}={}", label.service, label.key, label.value))
            .collect();
        assert_eq!(labels, ["app b=two=2", "app a=1", "db c=true"]);
    }

    #[test]
    fn a_text_that_is_not_a_compose_file_is_an_error() {
        for bad in [
            "services: [a]",
            "a: b: c",
            "services: {app: {image: a}",
            "- x",
        ] {
            assert!(ComposeFile::parse(bad).is_err(), "{bad}");
        }
        assert!(
            ComposeFile::parse("version: '3.8'")
                .unwrap()
                .services()
                .is_none()
        );
    }
}
