//! `docker stack deploy` from the compose files of a recipe's tag.
//!
//! There is no API for a stack: it lives in the tool. Configs and secrets are the recipe's
//! business (their bodies cannot be changed; Co-op Cloud versions their names in `abra.sh`).

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::recipe::compose::ComposeFile;

use super::compose::overriding;
use super::env::{Variables, assemble};
use super::gone::take_down;
use super::shape::FilesRead;
use super::{Cx, DriverError, DriverReport, Exported, Undeployed, files};

/// The environment of a tool, by name and value.
type Environment = Vec<(String, String)>;

/// An app that is deployed from its compose files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    pub stack: String,
    /// The app's domain: `DOMAIN` for the compose files.
    pub domain: String,
    /// The compose files of the recipe, in order; when empty those that `COMPOSE_FILE` of the
    /// environment names, else `compose.yml`.
    pub compose: Vec<String>,
    /// The app's own environment.
    pub env: IndexMap<String, String>,
}

impl Stack {
    /// The command line. New images are looked up in their registry, so that a moving tag is
    /// pinned; images that are given by id are never asked for anywhere. Services that the
    /// recipe no longer has are removed.
    pub fn deploy_argv(&self, docker: &str, files: &[PathBuf], by_id: bool) -> Vec<String> {
        let resolve = if by_id { "never" } else { "always" };
        let mut argv: Vec<String> = [
            docker,
            "stack",
            "deploy",
            "--prune",
            "--resolve-image",
            resolve,
        ]
        .map(str::to_owned)
        .into();
        for file in files {
            argv.extend(["--compose-file".to_owned(), file.display().to_string()]);
        }
        argv.push(self.stack.clone());
        argv
    }

    /// The command line that prints what a deploy would be made of.
    pub fn config_argv(&self, docker: &str, files: &[PathBuf]) -> Vec<String> {
        let mut argv: Vec<String> = [docker, "stack", "config"].map(str::to_owned).into();
        for file in files {
            argv.extend(["--compose-file".to_owned(), file.display().to_string()]);
        }
        argv
    }

    pub fn undeploy_argv(&self, docker: &str) -> Vec<String> {
        [docker, "stack", "rm", &self.stack]
            .map(str::to_owned)
            .into()
    }

    pub(super) async fn deploy(
        &self,
        exported: &Exported,
        cx: &Cx<'_>,
    ) -> Result<DriverReport, DriverError> {
        let (paths, variables) = self.prepare(exported, cx)?;
        let by_id = !exported.release.digests.is_empty();
        let argv = self.deploy_argv(&cx.programs.docker, &paths, by_id);
        let mut report = DriverReport::default();
        report
            .run(cx, cx.limit, argv, variables, &exported.folder)
            .await;
        Ok(report)
    }

    /// Lets the tool read the files that a deploy would be made of, and deploys nothing.
    pub(super) async fn read(
        &self,
        exported: &Exported,
        cx: &Cx<'_>,
    ) -> Result<FilesRead, DriverError> {
        let (paths, variables) = self.prepare(exported, cx)?;
        let argv = self.config_argv(&cx.programs.docker, &paths);
        let mut report = DriverReport::default();
        let text = report
            .run(cx, cx.limit, argv, variables, &exported.folder)
            .await;
        Ok(FilesRead::of(&report, &text))
    }

    /// The files that the tool is given, ours last, and its environment.
    fn prepare(
        &self,
        exported: &Exported,
        cx: &Cx<'_>,
    ) -> Result<(Vec<PathBuf>, Environment), DriverError> {
        let env = self.environment(&exported.folder)?;
        let mut paths = self.compose_files(&exported.folder, &env);
        let parsed: Result<Vec<ComposeFile>, DriverError> =
            paths.iter().map(|path| read(path)).collect();
        let text = overriding(
            &parsed?,
            &self.stack,
            exported.release.version.tag(),
            &exported.release.digests,
        );
        let ours = cx.scratch.join("version.yml");
        std::fs::write(&ours, text).map_err(files(&ours))?;
        paths.push(ours);
        let mut variables: Environment = env.into_iter().collect();
        variables.push(("DOCKER_HOST".into(), cx.engine.docker_host()));
        Ok((paths, variables))
    }

    pub(super) async fn undeploy(&self, cx: &Cx<'_>) -> Undeployed {
        let argv = self.undeploy_argv(&cx.programs.docker);
        let env = vec![("DOCKER_HOST".to_owned(), cx.engine.docker_host())];
        take_down(cx, &self.stack, vec![argv], env).await
    }

    fn environment(&self, folder: &Path) -> Result<Variables, DriverError> {
        let sample = read_if_there(&folder.join(".env.sample"))?;
        let abra_sh = read_if_there(&folder.join("abra.sh"))?;
        Ok(assemble(
            &sample,
            &self.env,
            &abra_sh,
            &self.stack,
            &self.domain,
        ))
    }

    fn compose_files(&self, folder: &Path, env: &Variables) -> Vec<PathBuf> {
        let named = env.get("COMPOSE_FILE").filter(|text| !text.is_empty());
        let names: Vec<&str> = if !self.compose.is_empty() {
            self.compose.iter().map(String::as_str).collect()
        } else if let Some(named) = named {
            named.split(':').filter(|name| !name.is_empty()).collect()
        } else {
            vec!["compose.yml"]
        };
        names.into_iter().map(|name| folder.join(name)).collect()
    }
}

fn read(path: &Path) -> Result<ComposeFile, DriverError> {
    let text = std::fs::read_to_string(path).map_err(files(path))?;
    ComposeFile::parse(&text).map_err(|detail| DriverError::Compose {
        file: path.display().to_string(),
        detail,
    })
}

fn read_if_there(path: &Path) -> Result<String, DriverError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(files(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver() -> Stack {
        Stack {
            stack: "web_test".into(),
            domain: "web.test".into(),
            compose: vec!["compose.yml".into(), "compose.more.yml".into()],
            env: IndexMap::new(),
        }
    }

    #[test]
    fn the_whole_command_line_of_a_deploy() {
        let paths = ["/r/compose.yml", "/s/version.yml"].map(PathBuf::from);
        assert_eq!(
            driver().deploy_argv("docker", &paths, false).join(" "),
            "docker stack deploy --prune --resolve-image always \
             --compose-file /r/compose.yml --compose-file /s/version.yml web_test"
        );
        assert_eq!(
            driver()
                .deploy_argv("/usr/bin/docker", &paths[..1], true)
                .join(" "),
            "/usr/bin/docker stack deploy --prune --resolve-image never \
             --compose-file /r/compose.yml web_test"
        );
    }

    #[test]
    fn the_whole_command_line_that_only_reads_the_files() {
        let paths = ["/r/compose.yml", "/s/version.yml"].map(PathBuf::from);
        assert_eq!(
            driver().config_argv("docker", &paths).join(" "),
            "docker stack config --compose-file /r/compose.yml --compose-file /s/version.yml"
        );
    }

    #[test]
    fn the_whole_command_line_of_an_undeploy() {
        let argv = driver().undeploy_argv("docker");
        assert_eq!(argv, ["docker", "stack", "rm", "web_test"]);
    }

    #[test]
    fn the_compose_files_are_the_spec_s_then_the_environment_s() {
        let names = |driver: &Stack, env: &[(&str, &str)]| {
            let env = env
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()));
            let paths = driver.compose_files(Path::new("/r"), &env.collect());
            paths
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
        };
        let mut driver = driver();
        let env = [("COMPOSE_FILE", "compose.yml:compose.wildcard.yml")];
        assert_eq!(
            names(&driver, &env),
            ["/r/compose.yml", "/r/compose.more.yml"]
        );
        driver.compose.clear();
        assert_eq!(
            names(&driver, &env),
            ["/r/compose.yml", "/r/compose.wildcard.yml"]
        );
        assert_eq!(names(&driver, &[]), ["/r/compose.yml"]);
    }
}
