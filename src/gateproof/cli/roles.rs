//! What the commands of the Builder and the Adversary share: reading a claim file from a cold
//! clone, running one gate, and committing what was written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::record::{Act, ClaimedBy, RunRecord, SIGNATURE, Signer};
use crate::report::documents::{Block, Document};
use crate::role::{Checkout, CommitRequest, RUNS, RecordHistory, Refusal, push, unknown_records};
use crate::run::{Options, Purpose, Repository, Role, RunEvent, Selection};
use claim::ClaimFile;
use claim::outcome::ExitCode;
use kit::interrupt::Interrupt;
use kit::text::Scope;
use kit::yaml::source::Source;
use reach::host::SshOptions;

use crate::cli::console;
use crate::cli::options::{Allowed, Color};
use crate::cli::signing::SigningOptions;
use crate::cli::verify::tell;

/// How the checks of a gate are run.
#[derive(Clone, Debug, Args)]
pub(crate) struct How {
    /// Allow checks that cannot be undone
    #[arg(long, value_enum, value_name = "EFFECT")]
    allow: Vec<Allowed>,
    /// Another ssh configuration than your own
    #[arg(long, value_name = "FILE", env = "GATEPROOF_SSH_CONFIG")]
    ssh_config: Option<PathBuf>,
    /// How long to wait for a host to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    connect_timeout: Duration,
    /// How long to wait for somebody else who disturbs a host
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = humantime::parse_duration)]
    wait_lease: Duration,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Color,
    /// Do not tell what is going on
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    signing: SigningOptions,
}

/// What becomes of the files that were written.
#[derive(Clone, Debug, Args)]
pub(crate) struct Publish {
    /// Commit exactly the files that were written
    #[arg(long)]
    commit: bool,
    /// Commit and push; when others were faster, on top of theirs
    #[arg(long)]
    push: bool,
}

impl Publish {
    /// Where to push to, when that is wished: looked for before anything is written.
    pub(crate) async fn upstream(&self, here: &Path) -> Result<Option<Checkout>, Refusal> {
        match self.push {
            true => Checkout::read(here).await.map(Some),
            false => Ok(None),
        }
    }
}

impl How {
    /// Who signs the record; found out before anything is run.
    pub(crate) fn signer(&self, root: &Path) -> anyhow::Result<Option<Signer>> {
        self.signing
            .signer(true, root)
            .context("sign the record (--no-sign leaves it unsigned)")
    }
}

/// Reads a claim file of a clone, under its path in the repository. What is wrong with it is told.
pub(crate) fn load(tree: &Path, path: &Path, color: Color) -> Option<ClaimFile> {
    let source = match Source::read(&tree.join(path)) {
        Ok(source) => source,
        Err(error) => {
            console::err(&format!("{}: {error}\nnothing was run.\n", path.display()));
            return None;
        }
    };
    let source = Source {
        path: path.to_owned(),
        text: source.text,
    };
    match claim::read::parse(Arc::new(source), &Scope::new()) {
        Ok(file) => Some(file),
        Err(invalid) => {
            console::err(&invalid.render(console::color_err(color)));
            None
        }
    }
}

/// Runs one gate from the clone, tells what goes on, and prints the table.
pub(crate) async fn run_gate(
    file: &ClaimFile,
    gate: &str,
    repository: &Arc<Repository>,
    (role, act, besides): (Role, Act, Option<ClaimedBy>),
    how: &How,
    interrupt: &Interrupt,
) -> anyhow::Result<RunRecord> {
    let tree = repository
        .clone_folder()
        .await
        .context("clone the commit")?;
    let options = Options {
        role: Some(role),
        act,
        selection: Selection {
            gates: vec![gate.to_owned()],
            ..Selection::default()
        },
        ssh: SshOptions {
            config_file: how.ssh_config.clone(),
            connect_timeout: how.connect_timeout,
        },
        folder: tree,
        repository: Some(repository.clone()),
        besides,
        allow_destructive: how.allow.contains(&Allowed::Destructive),
        program: std::env::current_exe().ok(),
        lease_wait: how.wait_lease,
    };
    let mut progress = |event: &RunEvent| {
        if !how.quiet {
            console::err(&tell(event));
        }
    };
    // In a box: the layout of the futures around it would nest too deep for the compiler.
    let run = crate::run::run(file, &options, interrupt, &mut progress);
    let record = Box::pin(run).await;
    let color = console::color_out(how.color);
    let table = crate::report::table(&record, console::width(), color);
    console::out(&format!("\n{table}\n"));
    Ok(record)
}

/// Says what is wrong with the clone and stops nobody.
pub(crate) fn notes_of(checkout: &Checkout, purpose: Purpose) {
    for finding in checkout.remarks(purpose) {
        console::err(&format!("note: {}; {}\n", finding.what, finding.remedy));
    }
}

/// Says which records are missing or damaged, and so count for nothing.
pub(crate) fn told(history: &RecordHistory) {
    for what in &history.damaged {
        console::err(&format!("not believed: {what}\n"));
    }
}

/// The exit code that a record tells.
pub(crate) fn exit_of(record: &RunRecord) -> ExitCode {
    ExitCode::try_from(record.exit_code).unwrap_or(ExitCode::CouldNotCheck)
}

/// The files of a commit, from the top folder.
pub(crate) struct Written<'r> {
    root: &'r Path,
    docs: PathBuf,
    pub(crate) files: Vec<String>,
}

impl<'r> Written<'r> {
    /// Nothing yet.
    pub(crate) fn into(root: &'r Path, docs: &Path) -> Written<'r> {
        Written {
            root,
            docs: docs.to_owned(),
            files: Vec::new(),
        }
    }

    fn add(&mut self, path: &Path) {
        let shown = path.strip_prefix(self.root).unwrap_or(path);
        self.files.push(shown.to_string_lossy().into_owned());
    }

    /// Writes the record, with its signature where somebody signs. Records of earlier looks, which
    /// it follows and git does not know yet, belong to the same commit.
    pub(crate) async fn record(
        &mut self,
        record: &RunRecord,
        signer: Option<&Signer>,
    ) -> anyhow::Result<()> {
        let phase = &record.claim.phase;
        let runs = self.root.join(RUNS).join(phase);
        self.files.extend(unknown_records(self.root, phase).await);
        let path = crate::record::write_signed(record, &runs, signer)?;
        self.add(&path);
        if signer.is_some() {
            let mut signature = path.into_os_string();
            signature.push(SIGNATURE);
            self.add(Path::new(&signature));
        }
        self.attestations(record);
        Ok(())
    }

    /// What people attested for the run belongs to it: nobody else could see it otherwise.
    fn attestations(&mut self, record: &RunRecord) {
        let words = record.checks.iter().filter_map(|c| c.attestation.as_ref());
        for word in words {
            for name in [word.file.clone(), format!("{}{SIGNATURE}", word.file)] {
                if self.root.join(&name).is_file() && !self.files.contains(&name) {
                    self.files.push(name);
                }
            }
        }
    }

    /// The path of a document.
    pub(crate) fn path(&self, document: Document, phase: &str) -> PathBuf {
        let docs = self.root.join(&self.docs);
        docs.join(document.file_name(phase))
    }

    /// Writes a block into its document, as that role.
    pub(crate) fn block(&mut self, block: &Block, role: Role, force: bool) -> anyhow::Result<()> {
        let docs = self.root.join(&self.docs);
        std::fs::create_dir_all(&docs)
            .with_context(|| format!("create the folder {}", docs.display()))?;
        let path = self.path(block.document, &block.phase);
        let document = block.document.open(&path, Some(role))?;
        document.write(std::slice::from_ref(block), force)?;
        self.add(&path);
        Ok(())
    }
}

/// Prints the subject, and commits and pushes as it was wished.
pub(crate) async fn publish(
    root: &Path,
    upstream: Option<&Checkout>,
    commit: CommitRequest<'_>,
    wish: &Publish,
    quiet: bool,
) -> anyhow::Result<()> {
    console::out(&format!("{}\n", commit.subject));
    if !quiet {
        for file in commit.files {
            console::err(&format!("wrote {file}\n"));
        }
    }
    if !wish.commit && !wish.push {
        if !quiet {
            console::err(&format!("to commit exactly these: {}\n", commit.by_hand()));
            console::err(
                "nobody else sees it before that and `git push`; --commit --push do both\n",
            );
        }
        return Ok(());
    }
    let made = commit.make(root).await?;
    let short = made.get(..12).unwrap_or(&made);
    let upstream = upstream.filter(|_| wish.push);
    if let Some(upstream) = upstream {
        push(upstream).await?;
    }
    let told = match upstream {
        Some(upstream) => format!("committed and pushed to {}\n", upstream.upstream),
        None => format!("committed as {short}; others see it after `git push`\n"),
    };
    console::err(&told);
    Ok(())
}
