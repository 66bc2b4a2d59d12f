//! Images of committed versions are kept under names of our own: so `docker image prune` does
//! not take them, and a rollback needs no registry. They are deployed by id (see
//! [`super::Exported`]): an image named by its id is never pulled.

use std::collections::BTreeMap;

use super::{Cx, DriverReport};
use crate::Version;

/// The name under which a service's image is kept:
/// `warm-reconcile/<stack>/<service>:<version>`, in the characters that an image's name takes.
pub fn stored_image(stack: &str, service: &str, version: &Version) -> String {
    let tag = tag_of(version);
    format!("warm-reconcile/{}/{}:{tag}", part(stack), part(service))
}

/// A tag takes letters, digits, `_`, `.` and `-`.
fn tag_char(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') {
        c
    } else {
        '_'
    }
}

/// A path part takes lower-case letters and digits, with single separators between them.
fn part(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() {
        "x".into()
    } else {
        out.into()
    }
}

/// Keeps the images of a version; `digests` are those of [`crate::engine::digests`].
/// A service whose replicas run different images is left out.
pub async fn store_images(
    stack: &str,
    version: &Version,
    digests: &BTreeMap<String, String>,
    cx: &Cx<'_>,
) -> DriverReport {
    let commands = keep_argv(&cx.programs.docker, stack, version, digests);
    all(commands, cx).await
}

/// Fetches an image from its registry.
pub async fn fetch_image(image: &str, cx: &Cx<'_>) -> DriverReport {
    let argv = [
        cx.programs.docker.as_str(),
        "image",
        "pull",
        "--quiet",
        image,
    ];
    all(vec![argv.map(str::to_owned).into()], cx).await
}

/// The pattern of the names under which a stack's images are kept.
pub fn stored_images(stack: &str) -> String {
    format!("warm-reconcile/{}/*", part(stack))
}

/// Whether an image is kept under that name for one of these versions.
pub fn is_stored_for<'v>(name: &str, versions: impl IntoIterator<Item = &'v Version>) -> bool {
    let tag = name.rsplit_once(':').map(|(_, tag)| tag);
    let mut versions = versions.into_iter();
    versions.any(|version| tag == Some(&tag_of(version)))
}

/// Lets go of images by their names. The engine removes an image only when nothing else names or
/// uses it.
pub async fn forget_images(names: &[String], cx: &Cx<'_>) -> DriverReport {
    let docker = cx.programs.docker.as_str();
    let command = |name: &String| [docker, "image", "rm", name].map(str::to_owned).into();
    all(names.iter().map(command).collect(), cx).await
}

fn tag_of(version: &Version) -> String {
    version.tag().chars().map(tag_char).take(128).collect()
}

fn keep_argv(
    docker: &str,
    stack: &str,
    version: &Version,
    digests: &BTreeMap<String, String>,
) -> Vec<Vec<String>> {
    let single = digests.iter().filter(|(_, image)| !image.contains(','));
    let command = |(service, image): (&String, &String)| {
        [
            docker,
            "image",
            "tag",
            image,
            &stored_image(stack, service, version),
        ]
        .map(str::to_owned)
        .into()
    };
    single.map(command).collect()
}

async fn all(commands: Vec<Vec<String>>, cx: &Cx<'_>) -> DriverReport {
    let mut report = DriverReport::default();
    for argv in commands {
        let env = vec![("DOCKER_HOST".to_owned(), cx.engine.docker_host())];
        report.run(cx, cx.limit, argv, env, cx.scratch).await;
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version() -> Version {
        Version::parse("5.1.1+v3.6.15").unwrap()
    }

    #[test]
    fn the_whole_command_lines() {
        let digests = BTreeMap::from([
            ("app".to_owned(), "sha256:aa".to_owned()),
            ("mixed".to_owned(), "sha256:aa,sha256:bb".to_owned()),
        ]);
        let kept = keep_argv("docker", "traefik_ci_test", &version(), &digests);
        assert_eq!(kept.len(), 1);
        assert_eq!(
            kept[0].join(" "),
            "docker image tag sha256:aa warm-reconcile/traefik-ci-test/app:5.1.1_v3.6.15"
        );
        let name = stored_image("traefik_ci_test", "app", &version());
        let other = Version::parse("5.1.2+v3.6.15").unwrap();
        assert!(is_stored_for(&name, [&other, &version()]));
        assert!(!is_stored_for(&name, [&other]));
        assert_eq!(
            stored_images("traefik_ci_test"),
            "warm-reconcile/traefik-ci-test/*"
        );
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_the_engine_takes(stack in ".{1,30}", service in "[A-Za-z0-9_.-]{1,20}") {
            let name = stored_image(&stack, &service, &version());
            let good = regex::Regex::new(
                "^warm-reconcile(/[a-z0-9]+(-[a-z0-9]+)*){2}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
            );
            prop_assert!(good.unwrap().is_match(&name), "{name}");
        }
    }
}
