//! Who may sign in a repository, and what the signatures of its files are worth.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use thiserror::Error;

use super::blame::{BlamedLine, blame};
use crate::gate::counts::{Signature, SignerLine, Signers, SignersOf};
use crate::record::signature::{self, AllowedSigners, SignatureResult};
use crate::record::{RunRecord, person};
use kit::git::{self, GitError};

/// The file of the repository that says who may sign.
pub const ALLOWED_SIGNERS: &str = "claims/allowed_signers";

/// Why nobody knows who may sign.
#[derive(Debug, Error)]
pub enum SignersError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("cannot read `{path}`: {source}")]
    Read { path: PathBuf, source: io::Error },
}

/// Who may sign in a repository: by its own file, else by what git is configured with. `revision` is
/// where the file is read; without it HEAD, and lines of the working tree as nobody's.
///
/// # Errors
/// [`SignersError`].
pub fn signers(root: &Path, revision: Option<&str>) -> Result<Signers, SignersError> {
    let own = of_repository(root, revision)?;
    if !own.lines.is_empty() || !own.gone.is_empty() {
        return Ok(own);
    }
    match configured(root, "gpg.ssh.allowedSignersFile")? {
        Some(file) => of_reader(&file, SignersOf::Configuration),
        None => Ok(own),
    }
}

/// The reader's own file of allowed signers.
///
/// # Errors
/// [`SignersError::Read`]: a file that cannot be read would make every signature look like somebody
/// else's.
pub fn of_reader(file: &Path, of: SignersOf) -> Result<Signers, SignersError> {
    let text = fs::read(file).map_err(|source| SignersError::Read {
        path: file.to_owned(),
        source,
    })?;
    let text = String::from_utf8_lossy(&text);
    let lines = (1..).zip(text.lines());
    Ok(Signers {
        of,
        file: file.display().to_string(),
        lines: lines
            .filter_map(|(number, line)| SignerLine::read(number, line, None))
            .collect(),
        gone: Vec::new(),
    })
}

fn of_repository(root: &Path, revision: Option<&str>) -> Result<Signers, SignersError> {
    let path = Path::new(ALLOWED_SIGNERS);
    let at = revision.unwrap_or("HEAD");
    let committed = blame(root, Some(at), path)?;
    let read =
        |(number, (text, by)): (usize, &BlamedLine)| SignerLine::read(number, text, by.clone());
    let mut lines: Vec<SignerLine> = (1..).zip(&committed).filter_map(read).collect();
    if revision.is_none() {
        let here = match fs::read(root.join(path)) {
            Ok(here) => here,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                return Err(SignersError::Read {
                    path: root.join(path),
                    source,
                });
            }
        };
        let here = String::from_utf8_lossy(&here);
        let new = (1..).zip(here.lines());
        let new = new.filter(|(_, text)| !committed.iter().any(|(old, _)| old == text));
        lines.extend(new.filter_map(|(number, text)| SignerLine::read(number, text, None)));
    }
    let there: BTreeSet<&str> = committed.iter().map(|(text, _)| text.as_str()).collect();
    let gone = history(root, at)?.into_iter();
    let gone = gone.filter(|text| !there.contains(text.as_str()));
    Ok(Signers {
        of: SignersOf::Repository,
        file: ALLOWED_SIGNERS.to_owned(),
        lines,
        gone: gone
            .filter_map(|text| SignerLine::read(0, &text, None))
            .collect(),
    })
}

/// Every line that the file ever had.
fn history(root: &Path, revision: &str) -> Result<BTreeSet<String>, GitError> {
    let words = [
        "log",
        "--format=",
        "-p",
        "-m",
        "--unified=0",
        "--full-history",
        "--no-renames",
        "--no-textconv",
        "--no-ext-diff",
        "--no-color",
        "--no-show-signature",
        revision,
        "--",
        ALLOWED_SIGNERS,
    ];
    let told = match git::read(root, &words) {
        Ok(told) => told,
        // There is no commit yet.
        Err(GitError::Failed { .. }) => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    let told = String::from_utf8_lossy(&told);
    let added = told.lines().filter(|line| !line.starts_with("+++"));
    Ok(added
        .filter_map(|line| line.strip_prefix('+').map(str::to_owned))
        .collect())
}

fn configured(root: &Path, name: &str) -> Result<Option<PathBuf>, GitError> {
    let path = git::line(root, &["config", "--type=path", name])?;
    Ok(path.map(|path| root.join(path)))
}

/// A file that may be signed.
#[derive(Clone, Debug)]
pub(crate) struct SignedFile {
    /// Names it among the others.
    pub(crate) key: String,
    pub(crate) author: Option<String>,
    /// When it was made.
    pub(crate) at: DateTime<Utc>,
    pub(crate) bytes: Vec<u8>,
    /// The armored signature.
    pub(crate) signature: Option<Vec<u8>>,
}

impl SignedFile {
    /// The file of a record.
    pub(crate) fn of_record(
        record: &RunRecord,
        bytes: Vec<u8>,
        signature: Option<Vec<u8>>,
    ) -> SignedFile {
        SignedFile {
            key: record.run_id.clone(),
            author: record.author.clone(),
            at: record.ended,
            bytes,
            signature,
        }
    }
}

/// What the signatures of files are worth.
///
/// # Errors
/// When git cannot be asked for the revoked keys.
pub(crate) fn signatures(
    root: &Path,
    files: &[SignedFile],
    signers: &Signers,
) -> Result<BTreeMap<String, Signature>, SignersError> {
    if files.iter().all(|file| file.signature.is_none()) {
        let missing = |file: &SignedFile| (file.key.clone(), Signature::Missing);
        return Ok(files.iter().map(missing).collect());
    }
    let folder = tempfile::Builder::new()
        .prefix("gateproof-verify-")
        .tempdir();
    let folder = folder.map_err(|source| SignersError::Read {
        path: std::env::temp_dir(),
        source,
    })?;
    let checking = Checking {
        signers,
        revoked: configured(root, "gpg.ssh.revocationFile")?,
        folder: folder.path(),
    };
    let mut found = BTreeMap::new();
    for (file, signature) in files.iter().zip(checking.all(files)) {
        // A copy of a file without its signature takes nothing from the file.
        if signature != Signature::Missing || !found.contains_key(&file.key) {
            found.insert(file.key.clone(), signature);
        }
    }
    Ok(found)
}

/// Checks signatures, each by a process of its own.
struct Checking<'s> {
    signers: &'s Signers,
    revoked: Option<PathBuf>,
    /// Where the files are that the processes read.
    folder: &'s Path,
}

impl Checking<'_> {
    /// What the signature of each file is worth, in the order of the files.
    fn all(&self, files: &[SignedFile]) -> Vec<Signature> {
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(index) else {
                    return done;
                };
                done.push((index, self.one(index, file)));
            }
        };
        // A process waits longer for its start than it computes.
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let workers = files.len().min(2 * processors);
        let mut found = vec![Signature::Unchecked("it was not asked".to_owned()); files.len()];
        thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
            for done in running
                .into_iter()
                .filter_map(|it| it.join().ok())
                .flatten()
            {
                found[done.0] = done.1;
            }
        });
        found
    }

    fn one(&self, index: usize, file: &SignedFile) -> Signature {
        let Some(armored) = &file.signature else {
            return Signature::Missing;
        };
        let found = self.check(index, file, armored);
        found.unwrap_or_else(Signature::Unchecked)
    }

    fn check(&self, index: usize, file: &SignedFile, armored: &[u8]) -> Result<Signature, String> {
        let key = match signature::key(armored) {
            Ok(key) => key,
            Err(why) => return Ok(Signature::Broken(why)),
        };
        let (path, allowed) = (
            self.folder.join(format!("{index}.sig")),
            self.folder.join(format!("{index}.allowed")),
        );
        let signers = self.signers;
        fs::write(&path, armored).map_err(|error| error.to_string())?;
        // Of a certificate the line has the key of its authority.
        let encoded = STANDARD.encode(&key);
        let has_key = |line: &SignerLine| line.key.split_whitespace().any(|word| word == encoded);
        let may_fit = |line: &SignerLine| {
            has_key(line) || line.key.to_ascii_lowercase().contains("cert-authority")
        };
        let author = file.author.as_deref().unwrap_or_default();
        let mail = person(author);
        let mut lines = Vec::new();
        for (index, line) in signers.lines.iter().enumerate() {
            if !(line.names(author) && is_plain(&mail) && may_fit(line)) {
                continue;
            }
            // The pattern was matched already, in any case of letters.
            fs::write(&allowed, format!("{mail} {}\n", line.key))
                .map_err(|error| error.to_string())?;
            let one = AllowedSigners {
                file: allowed.clone(),
                revoked: self.revoked.clone(),
            };
            let allows = signature::allows(&file.bytes, &path, &one, &mail, file.at);
            if allows.map_err(|error| kit::error_chain(&error))? {
                lines.push(index);
            }
        }
        if lines.is_empty() {
            let intact =
                signature::intact(&file.bytes, &path).map_err(|error| kit::error_chain(&error))?;
            if let SignatureResult::Broken { message } = intact {
                let first = message.lines().next().unwrap_or_default().trim_end();
                return Ok(Signature::Broken(first.to_owned()));
            }
        }
        let others = signers.lines.iter().filter(|line| has_key(line));
        let others = others.filter(|line| !line.names(author));
        Ok(Signature::By {
            key: signature::fingerprint(&key),
            lines,
            others: others.map(|line| line.principals.join(",")).collect(),
        })
    }
}

/// Whether a mail address stands for itself in a file of allowed signers.
fn is_plain(mail: &str) -> bool {
    let special = |c: char| c.is_whitespace() || c.is_control() || "\",*?!#".contains(c);
    !mail.is_empty() && !mail.contains(special)
}
