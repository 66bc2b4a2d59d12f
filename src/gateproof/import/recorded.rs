//! A check from a real run of its command: what was seen is what is expected.

use kit::text::Text;

use super::draft::{CheckDraft, Imported, Spot, Value};
use super::texts::{host_name, plain, quoted, slug};
use super::write::claim_checks;

/// A command to make a check of.
#[derive(Clone, Debug)]
pub struct RecordedCommand {
    /// The shell line.
    pub line: String,
    pub id: Option<String>,
    pub claim: Option<String>,
    /// The host that it runs on, as `ssh` knows it; this machine without one.
    pub host: Option<String>,
}

impl RecordedCommand {
    /// A claim file that asks the command, whatever comes of it.
    pub fn looked_at(&self) -> String {
        self.claim_file("{ exit: 0 }")
    }

    /// A claim file that expects what was seen: the exit code, and of standard output all of one line, or of
    /// several their number, the first and the last. Of a text that was cut only the first line counts.
    pub fn drafted(&self, exit: i32, stdout: &str, cut: bool) -> String {
        let lines: Vec<&str> = stdout.lines().collect();
        let printed = match lines.as_slice() {
            _ if stdout.trim().is_empty() => "{ empty: true }".to_owned(),
            [one] if !cut => quoted(&plain(one.trim())),
            [first, .., last] if !cut => {
                let (first, last) = (quoted(&plain(first)), quoted(&plain(last)));
                format!("{{ lines: {}, contains: [{first}, {last}] }}", lines.len())
            }
            [first, ..] => format!("{{ contains: {} }}", quoted(&plain(first))),
            [] => "{ empty: true }".to_owned(),
        };
        self.claim_file(&format!("{{ exit: {exit}, stdout: {printed} }}"))
    }

    fn claim_file(&self, expect: &str) -> String {
        let mut check = CheckDraft {
            id: self.id.clone().unwrap_or_else(|| slug(&self.line)),
            ..CheckDraft::default()
        };
        let claim = self
            .claim
            .clone()
            .unwrap_or_else(|| self.line.replace('\n', " "));
        let place = self.host.as_deref().map_or("local".to_owned(), host_name);
        check.set("claim", Value::Text(plain(&claim)), None);
        check.set("on", Value::Yaml(place), None);
        check.set("run", Value::Text(Text::escape(&self.line)), None);
        check.set("expect", Value::Yaml(expect.to_owned()), None);
        let hosts = self.host.iter();
        let hosts = hosts.map(|host| (host.clone(), Spot::FIRST_LINE)).collect();
        let imported = Imported {
            phase: "recorded".to_owned(),
            title: "a check from a run of its command".to_owned(),
            ..Imported::of_check(check, hosts)
        };
        claim_checks(&imported)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use kit::text::Scope;
    use kit::yaml::source::Source;

    fn expected(line: &str, exit: i32, stdout: &str, cut: bool) -> String {
        let asked = RecordedCommand {
            line: line.to_owned(),
            id: None,
            claim: None,
            host: None,
        };
        let text = asked.drafted(exit, stdout, cut);
        let source = Source {
            path: "c.yaml".into(),
            text: text.clone(),
        };
        match claim::read::parse(Arc::new(source), &Scope::new()) {
            Ok(file) => file.gates[0].checks[0].expected.clone(),
            Err(invalid) => panic!("{}\n{text}", invalid.render(false)),
        }
    }

    #[test]
    fn what_was_seen_is_what_is_expected() {
        for (stdout, exit, cut, words) in [
            ("Linux\n", 0, false, &["exit 0", "\"Linux\""][..]),
            ("", 1, false, &["exit 1", "empty"]),
            ("a\nb\n${c}\n", 0, false, &["3 lines", "\"a\"", "${c}"]),
            ("a\nb\n", 0, true, &["contains \"a\""]),
        ] {
            let found = expected("cat \"x ${y}\"", exit, stdout, cut);
            for word in words {
                assert!(found.contains(word), "{word} in {found}");
            }
        }
    }
}
