//! `gateproof import`: a document that somebody wrote, as the draft of a claim file.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::cli::progress::refuse;
use crate::cli::terminal;
use crate::import::{self, Imported, Question};
use claim::codes;
use claim::outcome::ExitCode;
use kit::count::count;
use kit::text::Scope;
use kit::yaml::diagnostic::Invalid;
use kit::yaml::source::Source;
use kit::yaml::tree;

/// Turn a STATUS or JOURNAL document into the draft of a claim file
///
/// Reads the document, and the answers to what it leaves open. On a terminal it asks each question. Writes the
/// claim file to standard output or to --output, and a file with the questions where --answers names none
/// that exists; it never overwrites a file. A check with an open question is skipped, so that its gate
/// cannot pass.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof import machine-docs/STATUS-shop.md --output claims/shop.yaml
  gateproof import STATUS-shop.md --answers answers.yaml > /tmp/shop.yaml

Exit codes:
  0  written; open questions are told
  2  the document or an answer cannot be read, or a file is there already
  3  it could not be written")]
pub(crate) struct ImportOptions {
    /// The document
    #[arg(value_name = "DOCUMENT")]
    document: PathBuf,
    /// The answers, as YAML; where there is no such file, it is written with every question to fill in
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Write the claim file there (default: to standard output)
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn import(options: &ImportOptions) -> anyhow::Result<ExitCode> {
    let document = match read(&options.document, "name a STATUS or JOURNAL document") {
        Ok(document) => document,
        Err(code) => return Ok(code),
    };
    if let Some(path) = options.output.as_ref().filter(|path| path.exists()) {
        return Ok(refuse(codes::COMMAND_LINE, &is_there(path)));
    }
    let mut imported = import::read(&document.text, &options.document.display().to_string());
    if imported.gates.is_empty() {
        let why = format!(
            "{} has neither a command with what must be seen nor a gate with demands",
            options.document.display()
        );
        return Ok(refuse(codes::COMMAND_LINE, &why));
    }
    let mut questions = None;
    match &options.answers {
        Some(path) if path.exists() => {
            let answers = match read(path, "leave --answers out to see the questions") {
                Ok(answers) => answers,
                Err(code) => return Ok(code),
            };
            match import::apply(&imported, &answers) {
                Ok(answered) => imported = answered,
                Err(invalid) => return Ok(invalid_input(&invalid)),
            }
        }
        Some(path) => questions = Some((path, import::questions_file(&imported))),
        None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            ask(&mut imported, &mut std::io::stdin().lock())?;
        }
        None => {}
    }
    let text = import::claim_file(&imported);
    // Only an answer can make of it what its reader does not take.
    let source = Arc::new(Source {
        path: options
            .output
            .clone()
            .unwrap_or_else(|| "standard output".into()),
        text: text.clone(),
    });
    if let Err(invalid) = claim::read::parse(source, &Scope::new()) {
        terminal::err("with these answers the claim file would not be valid; it is not written\n");
        return Ok(invalid_input(&invalid));
    }
    if let Some((path, text)) = questions {
        write(path, &text)?;
    }
    match &options.output {
        Some(path) => write(path, &text)?,
        None => terminal::out(&text),
    }
    terminal::err(&summary(&imported, options));
    Ok(ExitCode::Success)
}

fn read(path: &Path, hint: &str) -> Result<Arc<Source>, ExitCode> {
    match Source::read(path) {
        Ok(source) => Ok(Arc::new(source)),
        Err(error) => Err(invalid_input(&Invalid::unreadable(path, error, hint))),
    }
}

fn invalid_input(invalid: &Invalid) -> ExitCode {
    terminal::err(&invalid.render(false));
    ExitCode::Invalid
}

fn is_there(path: &Path) -> String {
    format!("{} is there already; name another file", path.display())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = kit::atomic::stage(folder, &name, text.as_bytes());
    let staged = staged.with_context(|| format!("write {}", path.display()))?;
    staged
        .persist_noclobber(path)
        .with_context(|| format!("write {}", path.display()))?;
    Ok(())
}

/// Asks one question after the other. An empty line leaves it open; the end of the input leaves all others.
fn ask(imported: &mut Imported, input: &mut dyn BufRead) -> anyhow::Result<()> {
    let all: Vec<Question> = import::all_questions(imported).cloned().collect();
    let number = all.len();
    for (at, question) in all.iter().enumerate() {
        // An earlier answer may have left its check out.
        while import::all_questions(imported).any(|open| open == question) {
            let place = question.at.of(&imported.document);
            terminal::err(&format!(
                "\n[{}/{number}] {place}: {}\n{} (empty: leave it open)\n> ",
                at + 1,
                question.text,
                import::offers(question)
            ));
            let mut line = String::new();
            if input.read_line(&mut line).context("read an answer")? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            let (root, problems) = tree::parse(&format!("answer: {line}"));
            let node = root.as_ref().and_then(|root| root.get("answer"));
            let taken = match (node, problems.first()) {
                (Some(node), None) => import::answer(imported, question, node),
                (_, problem) => Err(problem.map_or("not a valid answer".to_owned(), |problem| {
                    problem.message.clone()
                })),
            };
            if let Err(why) = taken {
                terminal::err(&format!("{why}\n"));
            }
        }
    }
    Ok(())
}

fn summary(imported: &Imported, options: &ImportOptions) -> String {
    let checks: usize = imported.gates.iter().map(|gate| gate.checks.len()).sum();
    let open = import::all_questions(imported).count();
    let mut text = format!(
        "{}: {}, {} open, {} not imported (each with its reason at the end of the file)\n",
        imported.document,
        count(checks, "check"),
        count(open, "question"),
        count(imported.left.len(), "part"),
    );
    match &options.answers {
        _ if open == 0 => {}
        Some(path) => text.push_str(&format!(
            "answer them in {} and run this again; until then their checks are skipped\n",
            path.display()
        )),
        None => text.push_str("`--answers FILE` writes them to a file to fill in; until then their checks are skipped\n"),
    }
    text
}
