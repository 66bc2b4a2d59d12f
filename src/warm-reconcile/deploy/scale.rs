//! Stopping and starting one service: for the controls that show that a gate can fail, and where a
//! deploy of an unchanged spec changed nothing.

use super::{Cx, DriverReport};

/// Asks for so many replicas of a service (by its whole name), and returns at once: whether its
/// containers are gone or there, [`crate::engine::settled`] tells.
pub async fn scale(service: &str, replicas: u32, cx: &Cx<'_>) -> DriverReport {
    let argv = scale_argv(&cx.programs.docker, service, replicas);
    let env = vec![("DOCKER_HOST".to_owned(), cx.engine.docker_host())];
    let mut report = DriverReport::default();
    report.run(cx, cx.limit, argv, env, cx.scratch).await;
    report
}

/// Makes the engine replace a service's tasks although its spec is the same, and returns at once.
pub async fn restart(service: &str, cx: &Cx<'_>) -> DriverReport {
    let argv = restart_argv(&cx.programs.docker, service);
    let env = vec![("DOCKER_HOST".to_owned(), cx.engine.docker_host())];
    let mut report = DriverReport::default();
    report.run(cx, cx.limit, argv, env, cx.scratch).await;
    report
}

fn restart_argv(docker: &str, service: &str) -> Vec<String> {
    [docker, "service", "update", "--detach", "--force", service]
        .map(str::to_owned)
        .into()
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
            restart_argv("docker", "web_test_app").join(" "),
            "docker service update --detach --force web_test_app"
        );
        assert_eq!(
            scale_argv("docker", "web_test_app", 0).join(" "),
            "docker service scale --detach web_test_app=0"
        );
    }
}
