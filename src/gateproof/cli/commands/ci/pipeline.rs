//! The pipeline files that ship, one for each CI server.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Pipeline {
    Drone,
    /// GitHub's, and Gitea's
    Actions,
    Woodpecker,
    Gitlab,
}

impl Pipeline {
    pub(super) fn file(self) -> &'static str {
        match self {
            Pipeline::Drone => include_str!("../../../../../claims/ci/drone.yml"),
            Pipeline::Actions => include_str!("../../../../../claims/ci/actions.yml"),
            Pipeline::Woodpecker => include_str!("../../../../../claims/ci/woodpecker.yml"),
            Pipeline::Gitlab => include_str!("../../../../../claims/ci/gitlab.yml"),
        }
    }
}
