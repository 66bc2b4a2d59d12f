//! What a driver takes for granted of its tools and of the host, as far as a look can tell without
//! changing anything. The table in `docs/warm-reconcile.md` has the source of each.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::env::parse_env;
use super::{Cx, DriverReport};
use crate::AppSpec;
use crate::engine::{ServiceVersions, service_versions};
use crate::recipe::Recipe;
use crate::spec::Driver;
use kit::count::count;

/// A look may take so long.
const LIMIT: Duration = Duration::from_secs(20);

/// What was found of one assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    Holds,
    Fails,
    /// It could not be looked at, or there is nothing yet to look at.
    Unknown,
}

/// One assumption, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// Its name in the documents.
    pub name: &'static str,
    pub found: Found,
    /// What was seen.
    pub seen: String,
}

impl Assumption {
    fn of(name: &'static str, seen: Result<String, String>) -> Assumption {
        let (found, seen) = match seen {
            Ok(seen) => (Found::Holds, seen),
            Err(seen) => (Found::Fails, seen),
        };
        Assumption { name, found, seen }
    }

    fn unknown(name: &'static str, seen: impl Into<String>) -> Assumption {
        Assumption {
            name,
            found: Found::Unknown,
            seen: seen.into(),
        }
    }
}

/// Looks at all that the app's driver takes for granted. Reads only.
pub async fn assumptions(spec: &AppSpec, abra_dir: &Path, cx: &Cx<'_>) -> Vec<Assumption> {
    let mut all = match spec.driver {
        Driver::Abra => abra(spec, abra_dir, cx).await,
        Driver::Stack => stack(cx).await,
    };
    all.push(tags(spec, cx).await);
    all.extend(running(spec, cx).await);
    all
}

async fn abra(spec: &AppSpec, abra_dir: &Path, cx: &Cx<'_>) -> Vec<Assumption> {
    let abra = cx.programs.abra.as_str();
    let has = |options: &'static [&'static str], command: &'static str| async move {
        let words = ["app", command, "--help"];
        has_words(&says(cx, abra, &words).await?, options)
    };
    vec![
        Assumption::of(
            "abra runs",
            says(cx, abra, &["--version"]).await.map(first_line),
        ),
        Assumption::of(
            "`abra app deploy` has -o, -n and -f",
            has(&["--offline", "--no-input", "--force"], "deploy").await,
        ),
        Assumption::of(
            "`abra app undeploy` has -n",
            has(&["--no-input"], "undeploy").await,
        ),
        Assumption::of("the app has an .env file", env_file(spec, abra_dir)),
        Assumption::of("the stack is the domain with `_` for `.`", {
            let named = spec.domain.replace('.', "_");
            match named == spec.stack {
                true => Ok(named),
                false => Err(format!(
                    "abra names it {named}, and the app file {}",
                    spec.stack
                )),
            }
        }),
    ]
}

async fn stack(cx: &Cx<'_>) -> Vec<Assumption> {
    let docker = cx.programs.docker.as_str();
    let has = |options: &'static [&'static str], command: &'static str| async move {
        let words = ["stack", command, "--help"];
        has_words(&says(cx, docker, &words).await?, options)
    };
    vec![
        Assumption::of(
            "docker runs",
            says(cx, docker, &["--version"]).await.map(first_line),
        ),
        Assumption::of(
            "`docker stack deploy` has --prune and --resolve-image",
            has(&["--prune", "--resolve-image", "--compose-file"], "deploy").await,
        ),
        Assumption::of(
            "`docker stack config` reads the files",
            has(&["--compose-file"], "config").await,
        ),
    ]
}

/// What a tool prints, where it exits with 0.
async fn says(cx: &Cx<'_>, program: &str, words: &[&str]) -> Result<String, String> {
    let mut argv = vec![program.to_owned()];
    argv.extend(words.iter().map(|word| (*word).to_owned()));
    let env = vec![("DOCKER_HOST".to_owned(), cx.engine.docker_host())];
    let mut report = DriverReport::default();
    report.run(cx, LIMIT, argv, env, cx.scratch).await;
    let output = report.commands.last().map(|last| last.output.clone());
    match report.sounds_good() {
        true => Ok(output.unwrap_or_default()),
        false => Err(report.summary()),
    }
}

fn has_words(text: &str, words: &[&str]) -> Result<String, String> {
    let missing: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !text.contains(word))
        .collect();
    if missing.is_empty() {
        Ok(words.join(", "))
    } else {
        Err(format!("its help does not name {}", missing.join(", ")))
    }
}

fn first_line(text: String) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// `servers/<server>/<domain>.env` with `TYPE=<recipe>`, or `TYPE=<recipe>:<version>`.
fn env_file(spec: &AppSpec, abra_dir: &Path) -> Result<String, String> {
    let servers = abra_dir.join("servers");
    let folders =
        std::fs::read_dir(&servers).map_err(|error| format!("{}: {error}", servers.display()))?;
    let name = format!("{}.env", spec.domain);
    let file = folders
        .flatten()
        .map(|server| server.path().join(&name))
        .find(|file| file.is_file());
    let Some(file) = file else {
        return Err(format!("no folder of {} has {name}", servers.display()));
    };
    let text =
        std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let all = parse_env(&text);
    let is_type = |name: &str| name == "TYPE" || name == "RECIPE";
    match all.iter().find(|(name, _)| is_type(name)).map(|(_, of)| of) {
        Some(of) if of.split(':').next() == Some(&spec.recipe) => {
            Ok(format!("{}: TYPE={of}", file.display()))
        }
        Some(of) => Err(format!(
            "{}: TYPE={of}, and the app file has the recipe {}",
            file.display(),
            spec.recipe
        )),
        None => Err(format!("{} has no TYPE", file.display())),
    }
}

async fn tags(spec: &AppSpec, cx: &Cx<'_>) -> Assumption {
    let name = "versions are annotated tags X.Y.Z+A.B.C";
    match Recipe::new(cx.host, &spec.repository).versions().await {
        Err(error) => Assumption::unknown(name, error.to_string()),
        Ok(tags) => Assumption::of(
            name,
            match tags.versions.len() {
                0 => Err(format!("{} has none", spec.repository.display())),
                found => Ok(count(found as u64, "version")),
            },
        ),
    }
}

/// What is seen of a stack that runs.
async fn running(spec: &AppSpec, cx: &Cx<'_>) -> Vec<Assumption> {
    let labelled = "services carry the label coop-cloud.STACK.version";
    let view = match cx.engine.observe(&spec.stack).await {
        Ok(view) if !view.services.is_empty() => view,
        Ok(_) => return vec![Assumption::unknown(labelled, "nothing runs")],
        Err(error) => return vec![Assumption::unknown(labelled, error.to_string())],
    };
    let versions = match service_versions(&view, spec) {
        ServiceVersions::One(version) => Ok(version.to_string()),
        ServiceVersions::Mixed(versions) => Ok(count(versions.len() as u64, "version")),
        ServiceVersions::Unknown(why) => Err(why),
    };
    let mut all = vec![Assumption::of(labelled, versions)];
    if spec.stateful {
        let name = "the stack's volumes carry its label";
        all.push(match cx.engine.volumes(&spec.stack).await {
            Ok(volumes) if volumes.is_empty() => {
                Assumption::of(name, Err("no volume does".to_owned()))
            }
            Ok(volumes) => {
                let names: Vec<&str> = volumes.iter().map(|one| one.name.as_str()).collect();
                Assumption::of(name, Ok(names.join(", ")))
            }
            Err(error) => Assumption::unknown(name, error.to_string()),
        });
    }
    all
}
