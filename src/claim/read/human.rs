//! Reading `human:`: what a person must look at, and the file to look at.

use std::path::Path;

use super::reader::Reader;
use crate::expectation::Expect;
use crate::{HumanProbe, Place, Probe};
use kit::text::Text;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;

/// The keys that belong to `human:`.
pub(super) const HUMAN_KEYS: &[&str] = &["human", "artefact"];
/// What else a check that a person attests may have.
const BESIDE: &[&str] = &["id", "claim", "on", "for", "needs", "tags", "skip"];

/// What stands in place of an expectation: no matcher judges a person's word.
pub(super) const EXPECTED: &str = "a person's word";

impl Reader {
    /// The probe of a check that a person attests, and what stands for its expectation.
    pub(super) fn human(
        &mut self,
        fields: &Fields<'_>,
        on: Option<&Place>,
    ) -> Option<(Probe, Expect)> {
        let node = fields.get("human")?;
        for (key, _) in fields.iter() {
            let name = key.text.as_str();
            if BESIDE.contains(&name) || HUMAN_KEYS.contains(&name) {
                continue;
            }
            let help = match name {
                "run" | "http" => {
                    "make two checks of it: one with a probe, and one that a person attests"
                }
                "expect" | "control" => {
                    "leave it out, and describe in `human:` what must be observed: an attestation is not compared with anything"
                }
                "with" => {
                    "leave it out: a person attests at another time, not while a disturbance is in force"
                }
                _ => "leave it out",
            };
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    format!("`{name}` does not go together with `human:`"),
                )
                .help(help),
            );
        }
        if let Some(Place::Host(host)) = on {
            let at = fields.get("on").unwrap_or(node);
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    at.span.clone(),
                    format!("a person does not attest from `{host}`"),
                )
                .help("write `on: clone` or `on: local`: there the `artefact:` is read"),
            );
        }
        let instruction = self.fixed(node, "`human`")?;
        if instruction.trim().is_empty() {
            self.report(
                Diagnostic::new(Code::EMPTY, node.span.clone(), "`human` is empty").help(
                    "describe what a person must look at and what must be observed: `human: open shot.png; the dashboard lists six recipes`",
                ),
            );
            return None;
        }
        let artefact = match fields.get("artefact") {
            None => None,
            Some(node) => Some(self.artefact(node)?),
        };
        let probe = Probe::Human(HumanProbe {
            instruction,
            artefact,
        });
        Some((probe, Expect::All(Vec::new())))
    }

    fn artefact(&mut self, node: &kit::yaml::tree::Node) -> Option<Text> {
        let text = self.text(node, "`artefact`")?;
        // Of a captured value is known only in the run whether it stays inside.
        let fixed = text.params().next().is_none();
        let path = text.render(&self.scope);
        if fixed && !is_inside(&path) {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    node.span.clone(),
                    "an artefact is a file of the place where the check is, named from its folder",
                )
                .help("a relative path without `..`: `artefact: shots/dashboard.png`"),
            );
            return None;
        }
        Some(text)
    }

    /// Says that `artefact:` stands without `human:`.
    pub(super) fn refuse_artefact(&mut self, fields: &Fields<'_>) {
        if let Some((key, _)) = fields.key("artefact")
            && !fields.meant("human")
        {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "`artefact` belongs to `human:`",
                )
                .help("leave it out; a command's own output is held by `sha256:`"),
            );
        }
    }
}

/// Whether a path names something below the folder that it is relative to, and not in `.git`.
pub fn is_inside(path: &str) -> bool {
    !path.is_empty() && kit::inside::words(Path::new(path)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Check, ClaimFile};
    use kit::text::Scope;
    use kit::yaml::source::Source;

    fn parse(on: &str, checks: &str) -> Result<ClaimFile, String> {
        let text = format!(
            "phase: p\non: {on}\nhosts: {{ h: {{ ssh: h }} }}\nvars: {{ shots: shots }}\ngates:\n  M1:\n    checks:\n{checks}"
        );
        let source = Source {
            path: "p.yaml".into(),
            text,
        };
        crate::read::parse(Arc::new(source), &Scope::new()).map_err(|all| all.render(false))
    }

    fn one(rest: &str) -> Result<Check, String> {
        let check = format!("      - {{ id: a, claim: c, {rest} }}\n");
        parse("clone", &check).map(|mut file| file.gates.remove(0).checks.remove(0))
    }

    #[test]
    fn a_person_is_asked_in_place_of_a_program() {
        let check = one("human: 'open ${shots}; all green', artefact: '${shots}/a.png'").unwrap();
        let Probe::Human(human) = &check.probe else {
            panic!("{:?}", check.probe)
        };
        assert_eq!(human.instruction, "open shots; all green");
        let artefact = human.artefact.as_ref().unwrap().render(&Scope::new());
        assert_eq!(artefact, "shots/a.png");
        assert_eq!(
            (check.expected.as_str(), &check.on),
            (EXPECTED, &Place::Clone)
        );
        let many = parse(
            "local",
            "      - { id: a, claim: c, for: { n: [x, y] }, human: 'open ${n}' }\n",
        );
        let many = many.unwrap();
        assert_eq!(many.gates[0].checks[1].id, "a[y]");
        // A captured name is known in the run only, and makes the check wait for it.
        let captured = parse(
            "clone",
            "      - { id: a, claim: c, human: open it, artefact: '${made}' }\n      - { id: m, claim: c, run: ls x, expect: x, capture: { made: stdout } }\n",
        );
        assert_eq!(captured.unwrap().gates[0].checks[0].needs, ["m"]);
    }

    #[test]
    fn what_does_not_go_with_a_person_is_refused_by_its_name() {
        let conflicts = [
            ("run: ls", "`run`"),
            ("http: 'http://x.test/'", "`http`"),
            ("expect: yes", "`expect`"),
            ("control: { run: ls, expect: x }", "`control`"),
            ("capture: { v: stdout }", "`capture`"),
            ("within: 5s", "`within`"),
            ("timeout: 5s", "`timeout`"),
            ("effect: observe", "`effect`"),
            ("stdin: x", "`stdin`"),
            ("on: h", "from `h`"),
        ];
        for (key, words) in conflicts {
            let shown = one(&format!("human: open it, {key}")).unwrap_err();
            assert!(shown.contains("GP2205") && shown.contains(words), "{shown}");
        }
        let cases = [
            ("human: ''", "GP2206", "is empty"),
            ("human: [a, b]", "GP2204", "`human`"),
            ("human: '${nobody}'", "GP2303", "nobody"),
            ("humane: open it", "GP2201", "did you mean `human`"),
            (
                "human: open it, artefact: /etc/passwd",
                "GP2405",
                "without `..`",
            ),
            (
                "human: open it, artefact: a/../../b",
                "GP2405",
                "without `..`",
            ),
            ("human: open it, artefact: ''", "GP2405", "without `..`"),
            (
                "run: ls, expect: x, artefact: a",
                "GP2205",
                "belongs to `human:`",
            ),
        ];
        for (rest, code, words) in cases {
            let shown = one(rest).unwrap_err();
            assert!(shown.contains(code) && shown.contains(words), "{shown}");
        }
        // A file whose default is a host must say where a person's artefact is.
        let shown = parse("h", "      - { id: a, claim: c, human: open it }\n").unwrap_err();
        assert!(shown.contains("`on: clone` or `on: local`"), "{shown}");
        // Only checks: neither fixtures nor controls can wait for a person.
        let shown = one("run: ls, expect: x, control: { human: open it, expect: y }").unwrap_err();
        assert!(shown.contains("GP2201"), "{shown}");
    }
}
