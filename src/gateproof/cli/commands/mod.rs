//! The commands. A new one is a file here with its options, its help and its work, a line in
//! [`Command`] and a line in [`Command::work`].

mod attest;
mod audit;
mod check;
mod ci;
mod claim;
mod completions;
mod diff;
mod done;
mod explain;
mod import;
mod inbox;
mod init;
mod lift;
mod list;
mod log;
mod man;
mod record;
mod review;
mod runner;
mod schema;
mod show;
mod stand_in;
mod statement;
mod status;
mod teeth;
mod undo;
mod verify;
mod veto;
mod watch;

use clap::Subcommand;

use ::claim::outcome::ExitCode;
use kit::runtime::Work;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::InitOptions),
    Import(import::ImportOptions),
    Record(record::RecordOptions),
    Verify(verify::VerifyOptions),
    Claim(claim::ClaimOptions),
    Review(review::ReviewOptions),
    Attest(attest::AttestOptions),
    Diff(diff::DiffOptions),
    Veto(veto::VetoOptions),
    Lift(lift::LiftOptions),
    Check(check::CheckOptions),
    List(list::ListOptions),
    Status(status::StatusOptions),
    Done(done::DoneOptions),
    Audit(audit::AuditOptions),
    Statement(statement::StatementOptions),
    Explain(explain::ExplainOptions),
    Schema(schema::SchemaOptions),
    Ci(Box<ci::CiOptions>),
    Watch(watch::WatchOptions),
    Inbox(inbox::InboxOptions),
    Undo(undo::UndoOptions),
    Log(log::LogOptions),
    Show(show::ShowOptions),
    Teeth(Box<teeth::TeethOptions>),
    Completions(completions::CompletionsOptions),
    Man(man::ManOptions),
    Runner(runner::RunnerOptions),
    StandIn(stand_in::StandInOptions),
}

impl Command {
    pub(super) fn work(self) -> Work<'static, anyhow::Result<ExitCode>> {
        match self {
            Command::Init(options) => Box::pin(init::init(options)),
            Command::Import(options) => Box::pin(async move { import::import(&options) }),
            Command::Record(options) => Box::pin(record::record(options)),
            Command::Verify(options) => Box::pin(verify::verify(options)),
            Command::Claim(options) => Box::pin(claim::claim(options)),
            Command::Review(options) => Box::pin(review::review(options)),
            Command::Attest(options) => Box::pin(attest::attest(options)),
            Command::Diff(options) => Box::pin(diff::diff(options)),
            Command::Veto(options) => Box::pin(veto::veto(options)),
            Command::Lift(options) => Box::pin(lift::lift(options)),
            Command::Check(options) => Box::pin(async move { Ok(check::check(&options)) }),
            Command::List(options) => Box::pin(async move { Ok(list::list(&options)) }),
            Command::Status(options) => Box::pin(status::status(options)),
            Command::Done(options) => Box::pin(done::done(options)),
            Command::Audit(options) => Box::pin(async move { audit::audit(options) }),
            Command::Statement(options) => Box::pin(async move { statement::statement(&options) }),
            Command::Explain(options) => Box::pin(async move { Ok(explain::explain(&options)) }),
            Command::Schema(options) => Box::pin(async move { Ok(schema::schema(&options)) }),
            Command::Ci(options) => Box::pin(ci::ci(*options)),
            Command::Watch(options) => Box::pin(watch::watch(options)),
            Command::Inbox(options) => Box::pin(inbox::inbox(options)),
            Command::Undo(options) => Box::pin(undo::undo(options)),
            Command::Log(options) => Box::pin(async move { log::log(&options) }),
            Command::Show(options) => Box::pin(async move { show::show(&options) }),
            Command::Teeth(options) => Box::pin(teeth::teeth(*options)),
            Command::Completions(options) => {
                Box::pin(async move { Ok(completions::completions(&options)) })
            }
            Command::Man(options) => Box::pin(async move { man::man(&options) }),
            Command::Runner(_) => Box::pin(async { Ok(runner::runner()) }),
            Command::StandIn(options) => Box::pin(stand_in::stand_in(options)),
        }
    }
}
