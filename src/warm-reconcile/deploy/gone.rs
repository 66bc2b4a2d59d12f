//! Taking a stack down, to its end. The tools return while containers still stop, and a deploy
//! into a half-removed stack fails on its networks (moby issues 29293 and 32552).

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Cx, DriverReport};
use crate::engine::{Engine, EngineError};

/// The pause between looks.
const EVERY: Duration = Duration::from_millis(250);
/// When nothing but networks is left for so long, they are asked to go again: Swarm refuses to
/// remove a network while a task still holds it, and nobody tries again by himself.
const AGAIN: Duration = Duration::from_secs(2);

/// What came of taking a stack down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeployed {
    /// What the tool said.
    pub report: DriverReport,
    /// What is still there at the deadline; `None` when all is gone.
    pub left: Option<Left>,
}

/// What is still there of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// So much of it.
    Seen {
        services: usize,
        /// Tasks of removed services.
        tasks: usize,
        /// Containers by their names, in any state.
        containers: Vec<String>,
        networks: usize,
    },
    /// Nobody knows: the engine could not be asked at the last look.
    Unknown(String),
}

impl Left {
    fn is_only_networks(&self) -> bool {
        matches!(
            self,
            Left::Seen { services: 0, tasks: 0, containers, .. } if containers.is_empty()
        )
    }

    /// The containers that Swarm has forgotten: an engine that was killed can leave one behind, of
    /// which no task is left. Nobody ends it but a person.
    pub fn forgotten(&self) -> &[String] {
        match self {
            Left::Seen {
                services: 0,
                tasks: 0,
                containers,
                ..
            } => containers,
            Left::Seen { .. } | Left::Unknown(_) => &[],
        }
    }
}

impl Undeployed {
    /// Whether all is gone but the volumes.
    pub fn is_gone(&self) -> bool {
        self.left.is_none()
    }
}

/// One look; `None` when nothing is left.
async fn look(engine: &Engine, stack: &str) -> Option<Left> {
    let seen: Result<_, EngineError> =
        async { Ok((engine.observe(stack).await?, engine.networks(stack).await?)) }.await;
    match seen {
        Err(error) => Some(Left::Unknown(error.to_string())),
        Ok((view, networks)) if view.is_gone() && networks.is_empty() => None,
        Ok((view, networks)) => {
            let ours = view.containers.iter();
            Some(Left::Seen {
                services: view.services.len(),
                tasks: view.orphans.len(),
                containers: ours
                    .filter(|container| container.stack.as_deref() == Some(stack))
                    .map(|container| container.name.clone())
                    .collect(),
                networks: networks.len(),
            })
        }
    }
}

/// Waits until a stack's services, tasks, containers and networks are gone; at the deadline,
/// what is left. An engine that cannot be asked is asked again until then.
pub async fn wait_until_gone(engine: &Engine, stack: &str, limit: Duration) -> Option<Left> {
    let end = Instant::now() + limit;
    loop {
        let left = look(engine, stack).await?;
        if Instant::now() + EVERY >= end {
            return Some(left);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Runs the commands, and waits for what the last of them began.
pub(super) async fn take_down(
    cx: &Cx<'_>,
    stack: &str,
    mut commands: Vec<Vec<String>>,
    env: Vec<(String, String)>,
) -> Undeployed {
    let end = Instant::now() + cx.limit;
    let mut report = DriverReport::default();
    let mut asked = None;
    loop {
        // First a look: what is down already is not taken down again.
        let Some(left) = look(cx.engine, stack).await else {
            return Undeployed { report, left: None };
        };
        let remaining = end.saturating_duration_since(Instant::now());
        if remaining <= EVERY {
            let left = Some(left);
            return Undeployed { report, left };
        }
        let again = match asked {
            None => true,
            Some(at) => left.is_only_networks() && Instant::now() - at >= AGAIN,
        };
        if again {
            for argv in &commands {
                let remaining = end.saturating_duration_since(Instant::now());
                report
                    .run(cx, remaining, argv.clone(), env.clone(), cx.scratch)
                    .await;
            }
            // What only prepares is not done twice.
            commands.drain(..commands.len().saturating_sub(1));
            asked = Some(Instant::now());
        }
        tokio::time::sleep(EVERY).await;
    }
}
