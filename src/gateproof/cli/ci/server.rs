//! The CI servers: what they tell a job in its environment, and the pipeline files for them.

use clap::ValueEnum;

/// A CI server that a pipeline file ships for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Pipeline {
    Drone,
    /// GitHub's, and Gitea's
    Actions,
    Woodpecker,
}

impl Pipeline {
    /// Its pipeline file.
    pub(super) fn file(self) -> &'static str {
        match self {
            Pipeline::Drone => include_str!("../../../../claims/ci/drone.yml"),
            Pipeline::Actions => include_str!("../../../../claims/ci/actions.yml"),
            Pipeline::Woodpecker => include_str!("../../../../claims/ci/woodpecker.yml"),
        }
    }
}

/// The branch that the CI server names, of a clone without a checked-out one.
pub(super) fn branch_of_the_job() -> Option<String> {
    let actions = std::env::var("GITHUB_REF_TYPE").is_ok_and(|kind| kind == "branch");
    let names: &[&str] = match actions {
        true => &["GITHUB_REF_NAME"],
        false => &["DRONE_BRANCH", "CI_COMMIT_BRANCH"],
    };
    names
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|branch| !branch.is_empty()))
}

/// The commit that the CI server was asked about.
pub(super) fn commit_of_the_job() -> Option<String> {
    ["GITHUB_SHA", "DRONE_COMMIT_SHA", "CI_COMMIT_SHA"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|sha| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()))
}
