//! The records of a phase as they are on a commit, without their observations: the reviewer finds
//! the claim here, and stays blind to what its author observed.

use std::collections::BTreeMap;
use std::path::Path;

use super::header::RecordHeader;
use crate::record::{Act, FiledFinding, RunRecord, phase_of};
use kit::digest;
use kit::git;
use reach::host::Fault;

/// Where records are in a repository.
pub const RUNS: &str = "reports/runs";

/// The sound records of all phases, each phase in the order of its chain.
#[derive(Clone, Debug, Default)]
pub struct RecordHistory {
    headers: Vec<RecordHeader>,
    /// Records that are missing or damaged, by path, and how. They do not count.
    pub damaged: Vec<String>,
}

/// Files of records by path from the top folder, and the commit they are from.
#[derive(Default)]
struct Files {
    found: BTreeMap<String, (Vec<u8>, Option<String>)>,
    differing: Vec<String>,
}

impl Files {
    /// The first file that is found under a path counts; a different one is reported.
    fn add(&mut self, path: &str, bytes: Vec<u8>, at: Option<&str>) {
        match self.found.get(path) {
            None => {
                let at = at.map(str::to_owned);
                self.found.insert(path.to_owned(), (bytes, at));
            }
            Some((other, _)) if *other == bytes => {}
            Some((_, first)) => self.differing.push(format!(
                "{path}: {} has another one than {}",
                at.unwrap_or("the working tree"),
                first.as_deref().unwrap_or("the working tree")
            )),
        }
    }
}

impl RecordHistory {
    /// The records that stand on commits, and, with `folder`, those in the working tree, which
    /// nobody may have committed yet.
    ///
    /// # Errors
    /// When git cannot tell.
    pub async fn read(
        root: &Path,
        revisions: &[&str],
        folder: bool,
    ) -> Result<RecordHistory, Fault> {
        let mut files = Files::default();
        for revision in revisions {
            let list = ["ls-tree", "-r", "--name-only", "-z", revision, "--", RUNS];
            let listed = git::ask(root, &list).await?;
            let paths: Vec<&str> = listed.split('\0').filter(|path| is_record(path)).collect();
            for (path, bytes) in blobs(root, revision, &paths).await? {
                files.add(path, bytes, Some(revision));
            }
        }
        if folder {
            add_folder(&mut files, root);
        }
        Ok(RecordHistory::of(files))
    }

    fn of(files: Files) -> RecordHistory {
        let mut history = RecordHistory {
            headers: Vec::new(),
            damaged: files.differing,
        };
        let mut phases: BTreeMap<&Path, Vec<(&str, &[u8])>> = BTreeMap::new();
        for (path, (bytes, _)) in &files.found {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let files = phases.entry(Path::new(folder)).or_default();
            files.push((name, bytes));
        }
        for (folder, contents) in phases {
            let phase = phase_of(folder, contents);
            for fault in &phase.faults {
                let within = folder.display();
                history.damaged.push(format!("{within}/{fault}"));
            }
            for stored in phase.sound() {
                let path = stored.path.to_string_lossy();
                let at = files.found.get(&*path).and_then(|(_, at)| at.clone());
                history.headers.push(RecordHeader {
                    at,
                    ..RecordHeader::of_record(&stored.record, &stored.link.sha256, &path)
                });
            }
        }
        history
    }

    /// The whole record of a header, with what was observed.
    ///
    /// # Errors
    /// When it cannot be read any more, or is not the one that it was.
    pub async fn whole(root: &Path, header: &RecordHeader) -> Result<RunRecord, Fault> {
        let changed = |why: &str| Fault::Other(format!("the record `{}` {why}", header.path));
        let bytes = match &header.at {
            Some(revision) => {
                let found = blobs(root, revision, &[header.path.as_str()]).await?;
                found.into_iter().next().map(|(_, bytes)| bytes)
            }
            None => std::fs::read(root.join(&header.path)).ok(),
        };
        let bytes = bytes.ok_or_else(|| changed("is gone"))?;
        if digest::sha256(&bytes) != header.sha256 {
            return Err(changed("was changed meanwhile"));
        }
        serde_json::from_slice(&bytes).map_err(|error| changed(&format!("cannot be read: {error}")))
    }

    /// All records, each phase in the order of its chain.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &RecordHeader> {
        self.headers.iter()
    }

    /// The newest claim of a gate of a phase.
    pub fn claim(&self, phase: &str, gate: &str) -> Option<&RecordHeader> {
        self.all()
            .rev()
            .find(|header| header.claim.phase == phase && header.claims(gate))
    }

    /// The newest run of an Adversary that names the claim, a verdict or not, and for which
    /// `whose` holds.
    pub fn run_of(
        &self,
        claim: &RecordHeader,
        whose: impl Fn(&RecordHeader) -> bool,
    ) -> Option<&RecordHeader> {
        self.all().rev().find(|header| {
            header.role.as_deref() == Some("adversary")
                && header
                    .reviews
                    .as_ref()
                    .is_some_and(|link| *link == claim.link())
                && whose(header)
        })
    }

    /// The newest verdict about a claim.
    pub fn review(&self, claim: &RecordHeader) -> Option<&RecordHeader> {
        self.all().rev().find(|header| header.judges(claim))
    }

    /// The newest verdict about any claim of a gate, if it is not a PASS.
    pub fn failed(&self, phase: &str, gate: &str) -> Option<&RecordHeader> {
        let about = |header: &&RecordHeader| {
            header.act == Act::Review
                && header.claim.phase == phase
                && header.gates.iter().any(|other| other == gate)
        };
        self.all()
            .rev()
            .find(about)
            .filter(|header| !header.passed())
    }

    /// The newest claim of every gate, by phase and gate.
    pub fn claims(&self) -> Vec<(&str, &str, &RecordHeader)> {
        let mut newest: BTreeMap<(&str, &str), &RecordHeader> = BTreeMap::new();
        for header in self.all() {
            for gate in header.gates.iter().filter(|gate| header.claims(gate)) {
                newest.insert((&header.claim.phase, gate), header);
            }
        }
        let each = newest.into_iter();
        each.map(|((phase, gate), header)| (phase, gate, header))
            .collect()
    }

    /// Everything that was filed about a gate, in order.
    pub fn filed(&self, phase: &str, gate: &str) -> Vec<&FiledFinding> {
        self.all()
            .filter(|header| header.claim.phase == phase)
            .flat_map(|header| &header.filed)
            .filter(|finding| finding.gate == gate)
            .collect()
    }

    /// The number of the next finding of the phase: one more than the highest in the records and in
    /// the REVIEW document, where people file by hand, too.
    pub fn next_finding(&self, phase: &str, review: &str) -> u32 {
        let recorded = self
            .all()
            .filter(|header| header.claim.phase == phase)
            .flat_map(|header| &header.filed)
            .filter_map(|finding| number(&finding.id));
        let by_hand = review.lines().filter_map(|line| {
            let text = line.trim_start_matches(['#', '-', '*', ' ']);
            let begins = line.starts_with(['#', '-', '*']);
            begins.then(|| number(text)).flatten()
        });
        recorded.chain(by_hand).max().unwrap_or(0).saturating_add(1)
    }
}

/// The 3 of `A3 [adversary] …`.
fn number(text: &str) -> Option<u32> {
    let rest = text.strip_prefix('A')?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let ends = rest[digits..]
        .chars()
        .next()
        .is_none_or(|c| !c.is_alphanumeric() && c != '-');
    ends.then(|| rest[..digits].parse().ok()).flatten()
}

/// Whether a path is that of a record or its signature, and not of one that is being written.
fn is_record(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.starts_with('.') && (name.ends_with(".json") || name.ends_with(".json.sig"))
}

fn add_folder(files: &mut Files, root: &Path) {
    let phases = std::fs::read_dir(root.join(RUNS)).into_iter().flatten();
    for phase in phases.flatten() {
        let inside = std::fs::read_dir(phase.path()).into_iter().flatten();
        for file in inside.flatten() {
            let path = file.path();
            let name = file.file_name().to_string_lossy().into_owned();
            if is_record(&name)
                && let Ok(bytes) = std::fs::read(&path)
            {
                let shown = path.strip_prefix(root).unwrap_or(&path);
                files.add(&shown.to_string_lossy(), bytes, None);
            }
        }
    }
}

/// The records of a phase, and their signatures, that git does not know yet. A record follows all
/// records that were there before it, so they are published with it: a record that nobody else has
/// would be a hole in the chain.
pub async fn unknown_records(root: &Path, phase: &str) -> Vec<String> {
    let folder = format!("{RUNS}/{phase}");
    let list = ["ls-files", "--others", "-z", "--", &folder];
    let listed = git::ask(root, &list).await.unwrap_or_default();
    listed
        .split('\0')
        .filter(|path| is_record(path))
        .map(str::to_owned)
        .collect()
}

/// The contents of files on a commit, all by one process.
pub(crate) async fn blobs<'p>(
    root: &Path,
    revision: &str,
    paths: &[&'p str],
) -> Result<Vec<(&'p str, Vec<u8>)>, Fault> {
    // Git reads a name from each line; nothing of ours has such a name.
    let paths = paths.iter().copied().filter(|path| !path.contains('\n'));
    let paths: Vec<&str> = paths.collect();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |what: &str| Fault::Other(format!("git cat-file: {what}"));
    let asked: String = paths
        .iter()
        .map(|path| format!("{revision}:{path}\n"))
        .collect();
    let root = root.to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        git::read_with(&root, &["cat-file", "--batch"], Some(asked.as_bytes()))
    });
    let answer = answer.await.map_err(|error| failed(&error.to_string()))??;
    let mut rest = answer.as_slice();
    let mut found = Vec::new();
    for path in paths {
        let end = rest.iter().position(|b| *b == b'\n');
        let end = end.ok_or_else(|| failed("a short answer"))?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let Some(size) = head
            .rsplit(' ')
            .next()
            .and_then(|n| n.parse::<usize>().ok())
        else {
            continue; // `… missing`
        };
        if rest.len() <= size {
            return Err(failed("a short answer"));
        }
        found.push((path, rest[..size].to_vec()));
        rest = &rest[size + 1..];
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::header::tests::header;
    use super::*;

    fn history(headers: Vec<RecordHeader>) -> RecordHistory {
        RecordHistory {
            headers,
            damaged: Vec::new(),
        }
    }

    #[test]
    fn the_newest_is_told_by_the_chain_and_a_damaged_record_is_named_and_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join(RUNS).join("pxgate");
        let mut record = crate::report::sample::record();
        record.act = Act::Claim;
        record.role = Some("builder".into());
        record.exit_code = 0;
        record.gates = vec!["M1".into()];
        record.repository.as_mut().unwrap().tree = "clone".into();
        record.run_id = "20261121T120000Z-00000001".into();
        crate::record::write(&record, &runs).unwrap();
        // The clock of the second one is a day behind, and so is its name.
        record.run_id = "20261120T120000Z-00000002".into();
        record.started -= chrono::TimeDelta::days(1);
        let second = crate::record::write(&record, &runs).unwrap();
        let read = || {
            let mut files = Files::default();
            add_folder(&mut files, folder.path());
            RecordHistory::of(files)
        };
        let newest =
            |history: &RecordHistory| history.claim("pxgate", "M1").unwrap().run_id.clone();
        assert_eq!(newest(&read()), record.run_id);
        assert_eq!(read().damaged, [""; 0]);

        let text = std::fs::read_to_string(&second).unwrap();
        std::fs::write(&second, text.replacen("M1", "M2", 1)).unwrap();
        let history = read();
        assert_eq!(newest(&history), "20261121T120000Z-00000001");
        assert_eq!(history.damaged.len(), 1, "{history:?}");
        let named = "reports/runs/pxgate/20261120T120000Z-00000002.json: it was changed";
        assert!(history.damaged[0].starts_with(named), "{history:?}");
    }

    #[test]
    fn the_newest_claim_counts_and_a_review_is_of_the_very_claim_it_names() {
        let (first, second) = (
            header("1", Act::Claim, "builder"),
            header("4", Act::Claim, "builder"),
        );
        let mut review = header("3", Act::Review, "adversary");
        review.reviews = Some(first.link());
        review.exit_code = 1;
        let phase = first.claim.phase.clone();
        let all = history(vec![first.clone(), review.clone(), second.clone()]);
        assert_eq!(all.claim(&phase, "M1").unwrap().run_id, "4");
        assert!(all.claim("other", "M1").is_none());
        assert_eq!(all.review(&first).unwrap().run_id, "3");
        assert!(all.review(&second).is_none());
        assert_eq!(all.failed(&phase, "M1").unwrap().run_id, "3");
        assert_eq!(all.claims().len(), 1);
        // The same run id with other contents is another record.
        let mut forged = first.clone();
        forged.sha256 = "0".to_owned();
        assert!(!review.judges(&forged));
    }

    #[test]
    fn findings_are_numbered_over_the_phase_also_after_those_of_people() {
        let mut review = header("3", Act::Review, "adversary");
        let file = |id: &str| FiledFinding {
            id: id.to_owned(),
            gate: "M1".to_owned(),
            text: "t".to_owned(),
        };
        review.filed = vec![file("A1"), file("A2")];
        let phase = review.claim.phase.clone();
        let all = history(vec![review]);
        assert_eq!(all.next_finding(&phase, ""), 3);
        assert_eq!(all.next_finding("other", ""), 1);
        assert_eq!(all.next_finding(&phase, "### A7 [adversary] x\n"), 8);
        assert_eq!(
            all.next_finding(
                &phase,
                "- **A4 [adversary] CLOSED**\nA9 in prose\n# A100x\n### A5-b"
            ),
            5
        );
        assert_eq!(all.filed(&phase, "M1").len(), 2);
        assert!(all.filed(&phase, "M2").is_empty());
    }
}
