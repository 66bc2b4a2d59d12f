//! The app file: which apps there are, and which unit creates what, in YAML with closed keys.
//!
//! ```yaml
//! apps:
//!   traefik:                  # built in: only what differs has to be said
//!     times: { gate: 4m }
//!   wiki:                     # defined here: `recipe` and `domain` are needed, `health_path` too
//!     recipe: dokuwiki
//!     domain: wiki.example.org
//!     health_path: /
//!     driver: stack
//! routes:                     # for check-order: the unit that creates what answers on a host
//!   ci.example.org: deploy-dashboard.service
//! stacks:                     # the same by stack, for hosts found in the labels of compose files
//!   ccci-dashboard: deploy-dashboard.service
//! proxy: deploy-proxy.service # the unit of the proxy that every routed host goes through
//! ```
//!
//! A file's app is laid over the built-in app of the same name field by field; `times` and
//! `identity` are laid over value by value, lists and `env` are replaced whole. `routes` and
//! `stacks` are added to the built-in ones.

mod draft;
mod environment;
mod json;
mod read;
mod reader;
#[cfg(test)]
mod tests;
mod values;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::{Diagnostic, Invalid};
use kit::yaml::fields::nearest;
use kit::yaml::source::{Source, SourceError};
use kit::yaml::tree::{self, Node};
use reader::Reader;

use crate::AppSpec;
use draft::Draft;

pub use environment::Environment;
pub use json::{file_json, to_json};

/// The apps that are known without a file.
const BUILT_IN: &str = include_str!("builtin.yaml");

/// Everything an app file says, laid over what is built in.
#[derive(Clone, Debug, PartialEq)]
pub struct Apps {
    /// The apps by name: the built-in ones, then those of the file.
    pub apps: IndexMap<String, AppSpec>,
    /// Which unit creates what.
    pub creators: Creators,
    /// The file that was read; none when only the built-in apps are known.
    pub file: Option<PathBuf>,
}

/// Which systemd unit creates what, for [`check-order`](crate::order).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creators {
    /// The unit that creates what answers on a host, by host. An app's own domain need not be
    /// named: it is created by the app's unit.
    pub routes: IndexMap<String, String>,
    /// The unit that deploys a stack, by stack. An app's own stack need not be named.
    pub stacks: IndexMap<String, String>,
    /// The unit that creates the proxy, which every routed host goes through.
    pub proxy: Option<String>,
}

/// No app has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no app `{name}`; {help}")]
pub struct UnknownApp {
    /// The name that was asked for.
    pub name: String,
    /// The name that was probably meant, or the known ones.
    pub help: String,
}

impl Apps {
    /// The app of a name.
    ///
    /// # Errors
    /// When there is none; the error names the one that was probably meant.
    pub fn get(&self, name: &str) -> Result<&AppSpec, UnknownApp> {
        self.apps.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.apps.keys().map(String::as_str).collect();
            UnknownApp {
                name: name.to_owned(),
                help: match nearest(name, &known) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("known apps: {}", known.join(", ")),
                },
            }
        })
    }
}

/// Reads the app file, or without a path the one at [`Environment::app_file`] when it exists,
/// and lays it over the built-in apps.
///
/// # Errors
/// Everything that is wrong with the file, each with its place. A named file that does not
/// exist is an error; the default one need not exist.
pub fn load(path: Option<&Path>, env: &Environment) -> Result<Apps, Box<Invalid>> {
    let (path, named) = match path {
        Some(path) => (path, true),
        None => (env.app_file.as_path(), false),
    };
    match Source::read(path) {
        Ok(source) => parse(Arc::new(source), env),
        Err(SourceError::Io(error)) if !named && error.kind() == std::io::ErrorKind::NotFound => {
            built_in(env)
        }
        Err(error) => Err(Box::new(Invalid::unreadable(
            path,
            error,
            "leave `--config` out to use /etc/warm-reconcile/apps.yaml, or the built-in apps",
        ))),
    }
}

/// The apps that are known without a file.
///
/// # Errors
/// Never in a build that passed its tests: the built-in text is read like a file.
pub fn built_in(env: &Environment) -> Result<Apps, Box<Invalid>> {
    let (source, layer) = built_in_layer()?;
    finish(source, Layer::default(), layer, env, None)
}

/// Reads the text of an app file and lays it over the built-in apps.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn parse(source: Arc<Source>, env: &Environment) -> Result<Apps, Box<Invalid>> {
    let (_, below) = built_in_layer()?;
    let layer = read_layer(&source)?;
    let path = source.path.clone();
    finish(source, below, layer, env, Some(path))
}

/// What one text says, before it is laid over anything.
#[derive(Debug, Default)]
struct Layer {
    apps: IndexMap<String, Draft>,
    creators: Creators,
}

fn built_in_layer() -> Result<(Arc<Source>, Layer), Box<Invalid>> {
    let source = Arc::new(Source {
        path: PathBuf::from("(built in)"),
        text: BUILT_IN.to_owned(),
    });
    let layer = read_layer(&source)?;
    Ok((source, layer))
}

fn read_layer(source: &Arc<Source>) -> Result<Layer, Box<Invalid>> {
    let (root, problems) = tree::parse(&source.text);
    let mut reader = Reader::new(Scope::new());
    reader.problems = problems.into_iter().map(for_app_files).collect();
    let layer = root.and_then(|root: Node| reader.app_file(&root));
    match layer {
        Some(layer) if reader.problems.is_empty() => Ok(layer),
        _ => Err(invalid(source, std::mem::take(&mut reader.problems))),
    }
}

/// The tree's reader helps those who write claim files.
fn for_app_files(problem: Diagnostic) -> Diagnostic {
    if problem.code == Code::DOCUMENTS && problem.span == (0..0) {
        return problem
            .help("write `apps:`, or leave the file out: `traefik` and `keycloak` are built in");
    }
    problem
}

fn invalid(source: &Arc<Source>, mut diagnostics: Vec<Diagnostic>) -> Box<Invalid> {
    diagnostics.sort_by_key(|problem| (problem.span.start, problem.code));
    Box::new(Invalid {
        source_file: Arc::clone(source),
        diagnostics,
    })
}

/// Lays one layer over another and makes specs of the result.
fn finish(
    source: Arc<Source>,
    below: Layer,
    above: Layer,
    env: &Environment,
    file: Option<PathBuf>,
) -> Result<Apps, Box<Invalid>> {
    let mut drafts = below.apps;
    for (name, draft) in above.apps {
        let merged = match drafts.get(&name) {
            Some(under) => draft.over(under),
            None => draft,
        };
        drafts.insert(name, merged);
    }
    let mut problems = Vec::new();
    let apps: IndexMap<String, AppSpec> = drafts
        .iter()
        .filter_map(|(name, draft)| Some((name.clone(), draft.spec(name, env, &mut problems)?)))
        .collect();
    draft::refuse_shared(&apps, &drafts, &mut problems);
    let mut creators = below.creators;
    creators.routes.extend(above.creators.routes);
    creators.stacks.extend(above.creators.stacks);
    creators.proxy = above.creators.proxy.or(creators.proxy);
    if problems.is_empty() {
        Ok(Apps {
            apps,
            creators,
            file,
        })
    } else {
        Err(invalid(&source, problems))
    }
}
