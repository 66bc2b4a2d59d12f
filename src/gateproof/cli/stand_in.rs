//! `gateproof stand-in`: the quickstart's stand-in of a proxy host.

use claim::outcome::ExitCode;

use crate::cli::console;
use crate::cli::options::StandInCommand;

pub(crate) async fn stand_in(command: StandInCommand) -> anyhow::Result<ExitCode> {
    let (control, words) = match command {
        StandInCommand::Serve => {
            crate::stand_in::serve(std::io::stdout()).await?;
            return Ok(ExitCode::Success);
        }
        StandInCommand::Scale { control, change } => (control, vec!["scale".to_owned(), change]),
        StandInCommand::Ps { control } => (control, vec!["ps".to_owned()]),
    };
    let answer = crate::stand_in::command(&control, &words).await?;
    console::out(&answer);
    Ok(ExitCode::Success)
}
