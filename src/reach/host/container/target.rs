//! Which container is meant.

use std::fmt;

use kit::shell::quote;

/// The label by which the containers of a Swarm service are found.
pub(super) const SERVICE_LABEL: &str = "com.docker.swarm.service.name";

/// A container, as the claim file names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ContainerTarget {
    /// A name, or an id.
    Container(String),
    /// The one task of a Swarm service that runs on this machine.
    Service(String),
}

impl ContainerTarget {
    /// Whether `docker` takes a text for a name: letters, digits and `_.-`, of which the first is
    /// a letter or a digit. So nothing can be taken for an option.
    pub fn is_name(text: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain)
    }

    /// The line that runs another one there by hand.
    pub(super) fn reproduce(&self, line: &str) -> String {
        let container = match self {
            ContainerTarget::Container(name) => quote(name),
            ContainerTarget::Service(name) => format!(
                "\"$(docker ps -q --filter status=running --filter label={SERVICE_LABEL}={name})\""
            ),
        };
        format!("docker exec {container} sh -c {}", quote(line))
    }
}

impl fmt::Display for ContainerTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContainerTarget::Container(name) => write!(f, "container {name}"),
            ContainerTarget::Service(name) => write!(f, "container of service {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_docker_takes_for_an_option_is_a_name() {
        for name in ["web", "7f3a", "a_b.c-d", "stack_web.1.x9"] {
            assert!(ContainerTarget::is_name(name), "{name}");
        }
        for name in ["", "-x", "_x", "a b", "a;b", "a/b", "ä", "$(x)", "a\n"] {
            assert!(!ContainerTarget::is_name(name), "{name:?}");
        }
    }

    #[test]
    fn a_line_to_copy_runs_in_the_container() {
        let web = ContainerTarget::Container("web".to_owned());
        assert_eq!(
            web.reproduce("echo 'a b'"),
            r"docker exec web sh -c 'echo '\''a b'\'''"
        );
        let service = ContainerTarget::Service("app_web".to_owned());
        assert_eq!(
            service.reproduce("ls"),
            "docker exec \"$(docker ps -q --filter status=running --filter \
             label=com.docker.swarm.service.name=app_web)\" sh -c ls"
        );
    }
}
