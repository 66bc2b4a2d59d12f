//! Reading the single values of an app file.

use std::path::PathBuf;

use super::reader::Reader;
use kit::json_path::JsonPath;
use kit::json_path::parse_json_path;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::source::Span;
use kit::yaml::tree::Node;

/// A child of the state folder that is no app's.
const RESERVED: &str = "alerts";

impl Reader {
    /// The name of an app or a recipe: it becomes the name of a folder of state.
    pub(super) fn app_name(&mut self, name: &str, span: &Span, what: &str) -> bool {
        if name == RESERVED {
            self.report(
                Diagnostic::new(
                    Code::BAD_NAME,
                    span.clone(),
                    format!("`{RESERVED}` cannot name {what}"),
                )
                .help("the folder of that name holds the alerts; choose another"),
            );
            return false;
        }
        self.check_name(name, span, what)
    }

    /// A domain as RFC 1123 allows it, in lower case because routers compare it so.
    pub(super) fn domain_text(&mut self, text: &str, span: &Span) -> bool {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if text.len() <= 253 && text.split('.').all(label) {
            return true;
        }
        let lower = text.to_ascii_lowercase();
        let help = if text.contains("://") || text.contains('/') {
            "only the name: scheme, port and path have keys of their own".to_owned()
        } else if text.contains(':') {
            "only the name; the port is `health_port:`".to_owned()
        } else if lower != text && lower.split('.').all(label) {
            format!("write it in lower case: `{lower}`")
        } else {
            "for example `traefik.ci.example.org`".to_owned()
        };
        let problem = Diagnostic::new(
            Code::BAD_DOMAIN,
            span.clone(),
            format!("`{text}` is not a valid domain name"),
        );
        self.report(problem.help(help));
        false
    }

    /// The name of a Swarm stack.
    pub(super) fn stack_text(&mut self, text: &str, span: &Span) -> bool {
        let good = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
            && text.len() <= 63
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !good {
            let problem = Diagnostic::new(
                Code::BAD_NAME,
                span.clone(),
                format!("`{text}` cannot name a stack"),
            );
            self.report(problem.help("letters, digits, `-` and `_`; a letter or digit first"));
        }
        good
    }

    pub(super) fn health_status(&mut self, text: &str, node: &Node) -> Option<u16> {
        if matches!(text, "999" | "000" | "0" | "no-answer") {
            self.report(
                Diagnostic::new(
                    Code::SENTINEL_AS_HEALTH,
                    node.span.clone(),
                    format!("`{text}` stands for no answer at all, and that is never health"),
                )
                .help("name the statuses of real answers, for example `[200]`"),
            );
            return None;
        }
        match text.parse::<u16>() {
            Ok(status @ 200..=599) if text.len() == 3 => Some(status),
            _ => {
                let problem = Diagnostic::new(
                    Code::BAD_STATUS,
                    node.span.clone(),
                    format!("`{text}` is not a final status"),
                );
                self.report(problem.help("a whole number from 200 to 599, exactly"));
                None
            }
        }
    }

    pub(super) fn absolute(&mut self, node: &Node, what: &str) -> Option<PathBuf> {
        let text = self.scalar(node, what)?;
        if text.starts_with('/') && !text.contains('\0') {
            return Some(PathBuf::from(text));
        }
        self.report(
            Diagnostic::new(
                Code::BAD_VALUE,
                node.span.clone(),
                format!("{what} must be an absolute path, not `{text}`"),
            )
            .help("the file is read by a service, which has no folder that you are in"),
        );
        None
    }

    /// The name of a systemd service.
    pub(super) fn unit(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.scalar(node, what)?.to_owned();
        let stem = text.strip_suffix(".service");
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b":-_.\\@".contains(&b);
        let good = stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(allowed))
            && text.len() <= 255;
        if good {
            return Some(text);
        }
        let problem = Diagnostic::new(
            Code::BAD_UNIT,
            node.span.clone(),
            format!("{what}: `{text}` names no service"),
        );
        let help = match stem {
            None if !text.is_empty() && text.bytes().all(allowed) => {
                format!("write `{text}.service`")
            }
            _ => "for example `deploy-proxy.service`".to_owned(),
        };
        self.report(problem.help(help));
        None
    }

    pub(super) fn identity_path(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
    ) -> Option<Option<JsonPath>> {
        let node = fields.get(key)?;
        let text = self.scalar(node, &format!("`{key}`"))?.to_owned();
        if text == "none" {
            return Some(None);
        }
        match parse_json_path(&text) {
            Ok(path) if path.is_singular() => Some(Some(path)),
            Ok(_) => {
                let problem = Diagnostic::new(
                    Code::BAD_JSON_PATH,
                    node.span.clone(),
                    format!("`{key}` must name one value, and `{text}` may find several"),
                );
                self.report(problem.help("name one value, such as `$.services[0].version`"));
                None
            }
            Err(error) => {
                let problem = Diagnostic::new(
                    Code::BAD_JSON_PATH,
                    node.span.clone(),
                    format!("`{key}` is not a valid path into JSON: {}", error.problem),
                );
                self.report(problem.help(error.help));
                None
            }
        }
    }
}
