//! One app in its place.

use std::path::PathBuf;

use super::stack_facts::Proxy;
use crate::deploy::Programs;
use crate::engine::Engine;
use crate::spec::AppSpec;
use crate::state::layout::AppPaths;
use kit::redact::Redactor;
use reach::host::Host;

/// One app in its place: its spec, where its state lies, and the tools that work on it.
#[derive(Debug)]
pub struct Site {
    pub spec: AppSpec,
    /// The proxy in front of the app, unless the app is the proxy.
    pub proxy: Option<Proxy>,
    pub paths: AppPaths,
    pub engine: Engine,
    pub host: Host,
    pub programs: Programs,
    /// The operator's `~/.abra`.
    pub abra_dir: PathBuf,
    /// Knows the secrets of the app file.
    pub redactor: Redactor,
}
