//! `gateproof veto` and `gateproof lift`: the Adversary forbids DONE, and allows it again.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::Args;

use crate::report::documents::Document;
use crate::role::{
    Checkout, CommitRequest, LocalClone, Veto, entry_id, lift_block, open_vetoes, veto_block,
    veto_subject, vetoes,
};
use crate::run::{Role, who};
use claim::outcome::ExitCode;
use kit::redact::Redactor;
use kit::yaml::codes::Code;

use crate::cli::claim::claims_of;
use crate::cli::console;
use crate::cli::options::Color;
use crate::cli::review::words;
use crate::cli::roles::{self, Publish, Written, load, told};
use crate::cli::verify::refuse;

/// Which phase, and what becomes of the file.
#[derive(Clone, Debug, Args)]
pub(crate) struct About {
    /// The phase, where claims/ has several
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    #[command(flatten)]
    publish: Publish,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct VetoOptions {
    /// Why the phase must not be done
    #[arg(required_unless_present = "list", value_parser = words)]
    reason: Option<String>,
    /// The condition under which it is to be lifted
    #[arg(long, value_name = "CONDITION", value_parser = words)]
    until: Option<String>,
    /// List the vetoes of the phase; exit 1 when one is open
    #[arg(long, conflicts_with_all = ["reason", "until"])]
    list: bool,
    #[command(flatten)]
    about: About,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct LiftOptions {
    /// Why it may be lifted: what was seen
    #[arg(value_parser = words)]
    why: String,
    /// Which one, where several are open: V2
    #[arg(long, value_name = "VETO")]
    veto: Option<String>,
    #[command(flatten)]
    about: About,
}

/// The REVIEW document of a phase.
struct Review {
    here: LocalClone,
    phase: String,
    docs: PathBuf,
    text: String,
    /// Where to push to, if that was wished.
    upstream: Option<Checkout>,
}

impl Review {
    fn by(&self) -> String {
        self.here.author.clone().unwrap_or_else(who)
    }
}

pub(crate) async fn veto(wish: VetoOptions) -> anyhow::Result<ExitCode> {
    let review = match open(&wish.about).await? {
        Ok(review) => review,
        Err(code) => return Ok(code),
    };
    let Some(reason) = wish.reason.as_deref().map(clean) else {
        return Ok(list(&review.text));
    };
    let at = Utc::now();
    let until = wish.until.as_deref().map(clean);
    let by = review.by();
    let block = veto_block(
        &review.phase,
        &reason,
        until.as_deref(),
        &by,
        at,
        &entry_id(at),
    );
    let mut written = Written::into(&review.here.root, &review.docs);
    written.block(&block, Role::Adversary, false)?;
    let subject = veto_subject(&review.phase, &format!("VETO {reason}"));
    publish(&review, subject, &written.files, &wish.about.publish).await
}

pub(crate) async fn lift(wish: LiftOptions) -> anyhow::Result<ExitCode> {
    let review = match open(&wish.about).await? {
        Ok(review) => review,
        Err(code) => return Ok(code),
    };
    let history = review.here.history().await?;
    told(&history);
    let claims = history.claims();
    let mine = claims
        .iter()
        .find(|(phase, _, claim)| *phase == review.phase && review.here.is_mine(claim));
    if let Some((_, gate, _)) = mine {
        let why = format!("you have claimed {gate}: only the Adversary lifts a veto");
        return Ok(refuse(Code::SAME_HANDS, &why));
    }
    let open = open_vetoes(&review.text);
    let veto = match pick(&open, wish.veto.as_deref()) {
        Ok(veto) => veto,
        Err(why) => return Ok(refuse(Code::NOT_A_VETO, &why)),
    };
    let (at, why) = (Utc::now(), clean(&wish.why));
    let block = lift_block(&review.phase, veto, &why, &review.by(), at, &entry_id(at));
    let mut written = Written::into(&review.here.root, &review.docs);
    written.block(&block, Role::Adversary, false)?;
    let words = format!("V{} lifted: {why}", veto.number);
    let subject = veto_subject(&review.phase, &words);
    publish(&review, subject, &written.files, &wish.about.publish).await
}

/// The open veto that is meant.
fn pick<'v>(open: &'v [Veto], named: Option<&str>) -> Result<&'v Veto, String> {
    let names = || {
        let each = open.iter().map(|v| format!("V{} ({})", v.number, v.reason));
        each.collect::<Vec<_>>().join(", ")
    };
    match (named, open) {
        (_, []) => Err("no veto is open in the phase".to_owned()),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!(
            "several are open; say which with --veto: {}",
            names()
        )),
        (Some(name), _) => {
            let number = name.trim_start_matches(['V', 'v']);
            let mut all = open.iter();
            all.find(|veto| veto.number.to_string() == number)
                .ok_or_else(|| format!("{name} is not open; open are {}", names()))
        }
    }
}

fn list(text: &str) -> ExitCode {
    for veto in vetoes(text) {
        let state = match veto.lifted_at {
            Some(line) => format!("lifted at line {line}"),
            None => "OPEN".to_owned(),
        };
        console::out(&format!("V{}  {state}  {}\n", veto.number, veto.reason));
    }
    match open_vetoes(text).is_empty() {
        true => ExitCode::Success,
        false => ExitCode::Failed,
    }
}

/// Finds the phase and reads its REVIEW; what is wrong is told.
async fn open(about: &About) -> anyhow::Result<Result<Review, ExitCode>> {
    let folder = std::env::current_dir().context("find the current folder")?;
    let Some(here) = LocalClone::find(&folder).await else {
        return Ok(Err(refuse(
            Code::NOT_CLAIMABLE,
            "this is no git repository",
        )));
    };
    let files: Vec<_> = claims_of(&here.root)
        .iter()
        .filter_map(|path| load(&here.root, path, Color::Auto))
        .collect();
    let wanted = |phase: &str| about.phase.as_deref().is_none_or(|p| p == phase);
    let mut phases: Vec<(&str, &Path)> = files
        .iter()
        .map(|file| (file.phase.as_str(), file.docs.as_path()))
        .filter(|(phase, _)| wanted(phase))
        .collect();
    phases.dedup();
    let [(phase, docs)] = phases[..] else {
        let names: Vec<&str> = files.iter().map(|file| file.phase.as_str()).collect();
        let why = format!(
            "say which phase with --phase; the claim files of claims/ have {}",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        );
        return Ok(Err(refuse(Code::COMMAND_LINE, &why)));
    };
    let path = here.root.join(docs).join(Document::Review.file_name(phase));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("read {}", path.display()));
        }
    };
    let upstream = match about.publish.upstream(&here.root).await {
        Ok(upstream) => upstream,
        Err(why) => return Ok(Err(refuse(Code::NOT_CLAIMABLE, &why.to_string()))),
    };
    let (phase, docs) = (phase.to_owned(), docs.to_owned());
    Ok(Ok(Review {
        here,
        upstream,
        phase,
        docs,
        text,
    }))
}

fn clean(text: &str) -> String {
    let redactor = Redactor::new(Vec::<String>::new());
    redactor.text(text).into_owned()
}

async fn publish(
    review: &Review,
    subject: String,
    files: &[String],
    wish: &Publish,
) -> anyhow::Result<ExitCode> {
    let body = String::new();
    let commit = CommitRequest {
        subject,
        body,
        files,
    };
    let upstream = review.upstream.as_ref();
    roles::publish(&review.here.root, upstream, commit, wish, false).await?;
    Ok(ExitCode::Success)
}
