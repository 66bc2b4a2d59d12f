//! Reading the tree of an app file: every key and every value, all problems at once.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use super::reader::Reader;
use crate::spec::{Driver, SpecTls};
use kit::json_path::JsonPath;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::source::Span;
use kit::yaml::tree::{Node, NodeKind};

use super::draft::{Draft, DraftHooks, DraftTimes};
use super::{Creators, Layer};

const FILE_KEYS: &[&str] = &["apps", "routes", "stacks", "proxy"];

const APP_KEYS: &[&str] = &[
    "recipe",
    "domain",
    "stateful",
    "health_domain",
    "health_path",
    "health_ok",
    "health_scheme",
    "health_port",
    "tls",
    "identity",
    "driver",
    "stack",
    "repository",
    "compose",
    "env",
    "min_age",
    "pre_releases",
    "variant",
    "times",
    "hooks",
    "armed_gate",
    "alert_relay",
    "unit",
];

const TIME_KEYS: &[&str] = &[
    "first_gate",
    "gate",
    "probe",
    "every",
    "successes",
    "steady",
    "deploy",
    "undeploy",
    "snapshot",
    "hook",
    "bake",
];

impl Reader {
    pub(super) fn app_file(&mut self, root: &Node) -> Option<Layer> {
        let fields = self.map(root, "an app file", FILE_KEYS)?;
        let mut layer = Layer::default();
        if let Some(node) = fields.get("apps")
            && let Some(apps) = self.open_map(node, "`apps`")
        {
            for (key, node) in apps.iter() {
                let good = self.app_name(&key.text, &key.span, "an app");
                if let Some(draft) = self.app(&key.text, key.span.clone(), node)
                    && good
                {
                    layer.apps.insert(key.text.clone(), draft);
                }
            }
        }
        layer.creators = Creators {
            routes: self.units_by(&fields, "routes", Reader::domain_text),
            stacks: self.units_by(&fields, "stacks", Reader::stack_text),
            proxy: fields
                .get("proxy")
                .and_then(|node| self.unit(node, "`proxy`")),
        };
        Some(layer)
    }

    fn app(&mut self, name: &str, span: Span, node: &Node) -> Option<Draft> {
        let what = format!("app `{name}`");
        let fields = self.map(node, &what, APP_KEYS)?;
        let word = |reader: &mut Self, key: &str| {
            let node = fields.get(key)?;
            reader.scalar(node, &format!("`{key}`")).map(str::to_owned)
        };
        let (version, started) = self.identity(&fields);
        Some(Draft {
            span,
            recipe: word(self, "recipe").filter(|recipe| {
                let span = fields.get("recipe").map_or(0..0, |node| node.span.clone());
                self.app_name(recipe, &span, "a recipe")
            }),
            domain: self.domain(&fields, "domain"),
            stateful: self.flag(&fields, "stateful"),
            health_domain: self.domain(&fields, "health_domain"),
            health_path: self.health_path(&fields),
            health_ok: self.health_ok(&fields),
            health_scheme: fields.get("health_scheme").and_then(|node| {
                let schemes = ["https", "http"];
                let at = self.one_of(node, "`health_scheme`", &schemes)?;
                Some(schemes[at].to_owned())
            }),
            health_port: fields.get("health_port").and_then(|node| {
                let port = self.integer(node, "`health_port`", 1, 65_535)?;
                u16::try_from(port).ok()
            }),
            tls: fields.get("tls").and_then(|node| self.spec_tls(node)),
            version,
            started,
            driver: fields.get("driver").and_then(|node| {
                let at = self.one_of(node, "`driver`", &["abra", "stack"])?;
                Some([Driver::Abra, Driver::Stack][at])
            }),
            stack: fields.get("stack").and_then(|node| {
                let text = self.scalar(node, "`stack`")?.to_owned();
                self.stack_text(&text, &node.span).then_some(text)
            }),
            repository: self.repository(&fields),
            compose: self.compose(&fields),
            env: fields.get("env").map(|node| self.app_env(node)),
            min_age: fields
                .get("min_age")
                .and_then(|node| self.duration(node, "`min_age`")),
            pre_releases: self.flag(&fields, "pre_releases"),
            variant: fields
                .get("variant")
                .and_then(|node| Some(self.scalar(node, "`variant`")?.to_owned())),
            times: fields
                .key("times")
                .map(|(key, node)| self.times(key.span.clone(), node))
                .unwrap_or_default(),
            hooks: self.hooks(&fields),
            armed_gate: self.flag(&fields, "armed_gate"),
            alert_relay: self.argument_list(&fields, "alert_relay"),
            unit: fields
                .get("unit")
                .and_then(|node| self.unit(node, "`unit`")),
        })
    }

    fn flag(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        let node = fields.get(key)?;
        self.boolean(node, &format!("`{key}`"))
    }

    fn domain(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let node = fields.get(key)?;
        let text = self.scalar(node, &format!("`{key}`"))?.to_owned();
        self.domain_text(&text, &node.span).then_some(text)
    }

    fn health_path(&mut self, fields: &Fields<'_>) -> Option<String> {
        let node = fields.get("health_path")?;
        let text = self.scalar(node, "`health_path`")?;
        let problem = if !text.starts_with('/') {
            Some(("it must begin with `/`", format!("write `/{text}`")))
        } else if text.contains('#') {
            Some((
                "a fragment is never sent to a server",
                "leave `#…` out".to_owned(),
            ))
        } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
            Some((
                "it has a character that a URL must encode",
                "percent-encode it: a space is `%20`".to_owned(),
            ))
        } else {
            None
        };
        match problem {
            None => Some(text.to_owned()),
            Some((why, help)) => {
                let problem = Diagnostic::new(
                    Code::BAD_HEALTH_PATH,
                    node.span.clone(),
                    format!("`{text}` is not a valid path of a URL: {why}"),
                );
                self.report(problem.help(help));
                None
            }
        }
    }

    fn health_ok(&mut self, fields: &Fields<'_>) -> Option<Vec<u16>> {
        let node = fields.get("health_ok")?;
        let items = self.items(node, "`health_ok`");
        let mut statuses = Vec::new();
        for item in items {
            let text = self.scalar(item, "a status of `health_ok`")?.to_owned();
            statuses.push(self.health_status(&text, item)?);
        }
        (!statuses.is_empty()).then_some(statuses)
    }

    fn spec_tls(&mut self, node: &Node) -> Option<SpecTls> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.map(node, "`tls`", &["ca"])?;
            let Some(ca) = fields.get("ca") else {
                self.missing(&node.span, "`tls`", "ca", "tls: { ca: /path/to/ca.pem }");
                return None;
            };
            return self.absolute(ca, "`ca`").map(SpecTls::Ca);
        }
        let at = self.one_of(node, "`tls`", &["verify", "insecure"])?;
        Some([SpecTls::Verify, SpecTls::Insecure][at].clone())
    }

    #[allow(
        clippy::type_complexity,
        reason = "two values, each said or not, each `none` or a path"
    )]
    fn identity(
        &mut self,
        fields: &Fields<'_>,
    ) -> (Option<Option<JsonPath>>, Option<Option<JsonPath>>) {
        let Some(node) = fields.get("identity") else {
            return (None, None);
        };
        if matches!(&node.kind, NodeKind::Scalar { text, .. } if text == "none") {
            return (Some(None), Some(None));
        }
        let Some(inner) = self.map(node, "`identity`", &["version", "started"]) else {
            return (None, None);
        };
        (
            self.identity_path(&inner, "version"),
            self.identity_path(&inner, "started"),
        )
    }

    fn repository(&mut self, fields: &Fields<'_>) -> Option<PathBuf> {
        let node = fields.get("repository")?;
        self.absolute(node, "`repository`")
    }

    fn compose(&mut self, fields: &Fields<'_>) -> Option<Vec<String>> {
        let node = fields.get("compose")?;
        let mut files = Vec::new();
        for item in self.items(node, "`compose`") {
            let file = self.scalar(item, "a compose file")?.to_owned();
            let inside = !file.is_empty()
                && !file.starts_with(['/', '-'])
                && !file.contains('\0')
                && file.split('/').all(|part| part != "..");
            if !inside {
                let problem = Diagnostic::new(
                    Code::BAD_VALUE,
                    item.span.clone(),
                    format!("`{file}` is not a file of the recipe"),
                );
                self.report(problem.help("a path inside the recipe, such as `compose.yml`"));
                return None;
            }
            files.push(file);
        }
        (!files.is_empty()).then_some(files)
    }

    fn app_env(&mut self, node: &Node) -> IndexMap<String, String> {
        let mut env = IndexMap::new();
        let Some(fields) = self.open_map(node, "`env`") else {
            return env;
        };
        for (key, value) in fields.iter() {
            let named = self.check_variable(&key.text, &key.span);
            // Compose has its own `${…}`: nothing is filled in here.
            if let Some(text) = self.scalar(value, "an environment variable")
                && named
            {
                if text.contains('\0') {
                    let span = value.span.clone();
                    let message = "an environment variable cannot hold a NUL character";
                    self.report(Diagnostic::new(Code::BAD_VALUE, span, message));
                }
                env.insert(key.text.clone(), text.to_owned());
            }
        }
        env
    }

    fn argument_list(&mut self, fields: &Fields<'_>, key: &str) -> Option<Vec<String>> {
        let node = fields.get(key)?;
        let what = format!("a word of `{key}`");
        let mut words = Vec::new();
        for item in self.items(node, &format!("`{key}`")) {
            words.push(self.scalar(item, &what)?.to_owned());
        }
        if words.first().is_some_and(|program| !program.is_empty()) {
            return Some(words);
        }
        if !words.is_empty() {
            let message = format!("`{key}` begins with the name of a program");
            self.report(Diagnostic::new(Code::BAD_VALUE, node.span.clone(), message));
        }
        None
    }

    fn hooks(&mut self, fields: &Fields<'_>) -> DraftHooks {
        let inner = fields.get("hooks");
        let Some(inner) = inner.and_then(|node| self.map(node, "`hooks`", &["before", "after"]))
        else {
            return DraftHooks::default();
        };
        DraftHooks {
            before: self.argument_list(&inner, "before"),
            after: self.argument_list(&inner, "after"),
        }
    }

    fn times(&mut self, span: Span, node: &Node) -> DraftTimes {
        let Some(fields) = self.map(node, "`times`", TIME_KEYS) else {
            return DraftTimes::default();
        };
        let mut time = |key: &str| {
            let node = fields.get(key)?;
            let time = self.duration(node, &format!("`{key}`"))?;
            // Zero says something only of those that may be left out.
            if time > Duration::ZERO || matches!(key, "steady" | "bake") {
                return Some(time);
            }
            let problem = Diagnostic::new(
                Code::APP_TIMES,
                node.span.clone(),
                format!("`{key}` must be more than nothing"),
            );
            self.report(problem.help("an action without any time can only fail"));
            None
        };
        DraftTimes {
            span: Some(span),
            first_gate: time("first_gate"),
            gate: time("gate"),
            probe: time("probe"),
            every: time("every"),
            steady: time("steady"),
            deploy: time("deploy"),
            undeploy: time("undeploy"),
            snapshot: time("snapshot"),
            hook: time("hook"),
            bake: time("bake"),
            successes: fields.get("successes").and_then(|node| {
                let count = self.integer(node, "`successes`", 1, 1000)?;
                u32::try_from(count).ok()
            }),
        }
    }

    fn units_by(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        check: fn(&mut Reader, &str, &Span) -> bool,
    ) -> IndexMap<String, String> {
        let mut units = IndexMap::new();
        let Some(map) = fields
            .get(key)
            .and_then(|node| self.open_map(node, &format!("`{key}`")))
        else {
            return units;
        };
        for (name, node) in map.iter() {
            let good = check(self, &name.text, &name.span);
            if let Some(unit) = self.unit(node, &format!("`{key}`"))
                && good
            {
                units.insert(name.text.clone(), unit);
            }
        }
        units
    }
}
