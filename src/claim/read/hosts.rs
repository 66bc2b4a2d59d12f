//! Reading `hosts:`: how each host is reached, and what cannot be asked from it.

use indexmap::IndexMap;
use reach::host::{Address, ContainerTarget};

use crate::command::Doing;
use crate::{ClaimFile, HostSpec, HttpProbe, Place, Probe, Ready};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::source::Span;
use kit::yaml::tree::Node;

use super::reader::Reader;

pub(super) const HOST_KEYS: &[&str] = &["ssh", "container", "service", "revision"];
/// The keys that name an address; a host has one of them.
const ADDRESSES: &[&str] = &["ssh", "container", "service"];
const SSH_HELP: &str = "an alias of your ssh_config, or `user@host:port`";

impl Reader {
    pub(super) fn hosts(&mut self, fields: &Fields<'_>) -> IndexMap<String, HostSpec> {
        let mut hosts = IndexMap::new();
        let Some(map) = fields
            .get("hosts")
            .and_then(|node| self.open_map(node, "`hosts`"))
        else {
            return hosts;
        };
        for (key, node) in map.iter() {
            self.check_name(&key.text, &key.span, "a host");
            if matches!(key.text.as_str(), "local" | "clone") {
                self.report(
                    Diagnostic::new(
                        Code::BAD_NAME,
                        key.span.clone(),
                        format!("`{}` is always this machine", key.text),
                    )
                    .help("give the host another name"),
                );
            }
            if let Some(host) = self.host(&key.text, node, key.span.clone()) {
                hosts.insert(key.text.clone(), host);
            }
        }
        hosts
    }

    fn host(&mut self, name: &str, node: &Node, span: Span) -> Option<HostSpec> {
        let what = format!("host `{name}`");
        let fields = self.map(node, &what, HOST_KEYS)?;
        let address = self.address(&fields, &what)?;
        let revision = match fields.get("revision") {
            Some(node) => Some(self.command_node(node, "`revision`")?),
            None => None,
        };
        let does = revision.as_ref().map(|command| self.command_does(command));
        let revision_doubt = match (does, fields.get("revision")) {
            (Some(Doing::Mutates(change)), Some(node)) => {
                self.refuse_change(&change.what, &node.span);
                None
            }
            (Some(Doing::Unknown(why)), _) => Some(why),
            _ => None,
        };
        Some(HostSpec {
            name: name.to_owned(),
            address,
            revision,
            revision_doubt,
            span,
        })
    }

    fn address(&mut self, fields: &Fields<'_>, what: &str) -> Option<Address> {
        let mut named = ADDRESSES.iter().filter_map(|key| fields.key(key));
        let Some((key, node)) = named.next() else {
            self.missing_in(
                fields,
                what,
                "ssh",
                &format!("{SSH_HELP}; or `container:`, or `service:`"),
            );
            return None;
        };
        if let Some((other, _)) = named.next() {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    other.span.clone(),
                    format!("{what} has `{}:` and `{}:`", key.text, other.text),
                )
                .help("a host is reached by one of them"),
            );
            return None;
        }
        let text = self.fixed(node, &format!("`{}`", key.text))?;
        let (address, problem) = match key.text.as_str() {
            "container" => {
                let problem = (
                    "not the name of a container",
                    "its name or id, as `docker ps` shows it",
                );
                (container(&text, ContainerTarget::Container), problem)
            }
            "service" => {
                let problem = (
                    "not the name of a Swarm service",
                    "its name as `docker service ls` shows it: STACK_SERVICE",
                );
                (container(&text, ContainerTarget::Service), problem)
            }
            _ => (ssh(&text), ("not an ssh destination", SSH_HELP)),
        };
        if address.is_none() {
            self.report(
                Diagnostic::new(Code::BAD_VALUE, node.span.clone(), problem.0).help(problem.1),
            );
        }
        address
    }

    /// Not every transport carries an HTTP request: that is an error of the file, and not of each
    /// run.
    pub(super) fn refuse_http_without_a_route(&mut self, file: &ClaimFile) {
        for check in file.gates.iter().flat_map(|gate| &gate.checks) {
            let control = check.control.iter().filter_map(|c| c.probe.as_ref());
            for probe in control.chain([&check.probe]) {
                self.refuse_http_from(file, probe, &check.on, &check.span);
            }
        }
        for fixture in file.fixtures.values() {
            let ready = match &fixture.ready {
                Some(Ready::Step(step)) => Some(step.as_ref()),
                _ => None,
            };
            let steps = fixture.act.iter().chain(&fixture.undo);
            let steps = steps.chain(&fixture.baseline).chain(&fixture.until);
            for step in steps.chain(&fixture.settled).chain(ready) {
                let on = step.on.as_ref().unwrap_or(&fixture.on);
                self.refuse_http_from(file, &step.probe, on, &fixture.span);
            }
        }
    }

    fn refuse_http_from(&mut self, file: &ClaimFile, probe: &Probe, on: &Place, span: &Span) {
        let Probe::Http(http) = probe else { return };
        for place in vantages(http, on) {
            let spec = file.hosts.get(place.name());
            if let Some(why) = spec.and_then(|spec| spec.address.refuses_http()) {
                let title = format!("no HTTP request can be sent from `{}`", place.name());
                self.report(Diagnostic::new(Code::CONFLICT, span.clone(), title).help(why));
            }
        }
    }
}

/// The places that a request is sent from.
fn vantages<'p>(http: &'p HttpProbe, on: &'p Place) -> Vec<&'p Place> {
    if http.vantage.is_empty() {
        vec![on]
    } else {
        http.vantage.iter().collect()
    }
}

fn ssh(text: &str) -> Option<Address> {
    reach::host::check_ssh(text)
        .is_ok()
        .then(|| Address::Ssh(text.to_owned()))
}

fn container(text: &str, target: fn(String) -> ContainerTarget) -> Option<Address> {
    ContainerTarget::is_name(text).then(|| Address::Container(target(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::text::Scope;
    use kit::yaml::source::Source;
    use reach::host::{Address, ContainerTarget};

    use crate::read::parse;

    fn read(hosts: &str, check: &str) -> Result<crate::ClaimFile, String> {
        let text = format!(
            "phase: p\non: web\nhosts: {{ web: {hosts} }}\ngates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, {check} }}\n"
        );
        let source = Source {
            path: "p.yaml".into(),
            text,
        };
        parse(Arc::new(source), &Scope::new()).map_err(|invalid| invalid.render(false))
    }

    #[test]
    fn a_host_has_one_of_three_addresses() {
        let address = |hosts: &str| {
            read(hosts, "run: echo x, expect: x").unwrap().hosts["web"]
                .address
                .clone()
        };
        assert_eq!(address("{ ssh: cc-ci }"), Address::Ssh("cc-ci".into()));
        let target = |target| Address::Container(target);
        assert_eq!(
            address("{ container: web-1 }"),
            target(ContainerTarget::Container("web-1".into()))
        );
        assert_eq!(
            address("{ service: app_web }"),
            target(ContainerTarget::Service("app_web".into()))
        );
    }

    #[test]
    fn an_address_that_is_missing_double_or_not_a_name_is_refused() {
        let refused = |hosts: &str| read(hosts, "run: echo x, expect: x").unwrap_err();
        assert!(refused("{ revision: echo x }").contains("`container:`"));
        let both = refused("{ ssh: a, container: b }");
        assert!(both.contains("has `ssh:` and `container:`"), "{both}");
        assert!(refused("{ container: --privileged }").contains("not the name of a container"));
        assert!(refused("{ service: a b }").contains("not the name of a Swarm service"));
        for odd in [
            "-x", "u@", "'@h'", "h:99999", "'h:0'", "'h:'", "user@-oX", "'u@h:x'", "'[::1]x'", "''",
        ] {
            let refused = refused(&format!("{{ ssh: {odd} }}"));
            assert!(
                refused.contains("not an ssh destination") || odd == "''",
                "{odd}: {refused}"
            );
        }
        for good in [
            "h",
            "u@h",
            "u@h:22",
            "'::1'",
            "'[::1]:22'",
            "u@d@h",
            "10.0.0.1",
        ] {
            assert!(
                read(&format!("{{ ssh: {good} }}"), "run: echo x, expect: x").is_ok(),
                "{good}"
            );
        }
    }

    #[test]
    fn a_request_from_inside_a_container_is_refused_with_what_to_write_instead() {
        for check in [
            "http: http://x.test/, expect: 200",
            "on: local, http: http://x.test/, vantage: [local, web], expect: 200",
            "run: echo x, expect: x, control: { http: http://x.test/, expect: 200 }",
        ] {
            let refused = read("{ container: web }", check).unwrap_err();
            assert!(
                refused.contains("no HTTP request can be sent from `web`"),
                "{refused}"
            );
            assert!(refused.contains("`on: local`"), "{refused}");
            assert!(read("{ ssh: web }", check).is_ok(), "{check}");
        }
    }
}
