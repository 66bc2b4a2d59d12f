//! Stopping and starting one service, for the controls that show that a gate can fail.

use super::{Cx, DriverReport};

/// Asks for so many replicas of a service (by its whole name), and returns at once: whether its
/// containers are gone or there, [`crate::reconcile::engine::settled`] tells.
pub async fn scale(service: &str, replicas: u32, cx: &Cx<'_>) -> DriverReport {
    let argv = scale_argv(&cx.programs.docker, service, replicas);
    let env = vec![("DOCKER_HOST".to_owned(), cx.engine.docker_host())];
    let mut report = DriverReport::default();
    report.run(cx, cx.limit, argv, env, cx.scratch).await;
    report
}

/// Without `--detach` the tool waits for ever at 0 replicas on some releases (docker/cli 627).
fn scale_argv(docker: &str, service: &str, replicas: u32) -> Vec<String> {
    let wanted = format!("{service}={replicas}");
    [docker, "service", "scale", "--detach", &wanted]
        .map(str::to_owned)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_command_line() {
        assert_eq!(
            scale_argv("docker", "web_test_app", 0).join(" "),
            "docker service scale --detach web_test_app=0"
        );
    }
}
