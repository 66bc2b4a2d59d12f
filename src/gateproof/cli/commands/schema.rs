//! `gateproof schema`: the JSON Schemas of what is read and written.

use clap::{Args, ValueEnum};

use crate::cli::terminal;
use claim::outcome::ExitCode;

/// Print the JSON Schema of claim files
///
/// For editors and validators. Reads no file. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof schema > claim.schema.json

In a claim file, for editors with a YAML language server:
  # yaml-language-server: $schema=../claim.schema.json

Exit codes:
  0  printed
  2  there is no such schema")]
pub(crate) struct SchemaOptions {
    /// The format
    #[arg(value_enum, default_value_t = Format::Claim)]
    format: Format,
}

/// The text of a schema in docs/schemas/.
macro_rules! published {
    ($name:literal) => {
        include_str!(concat!("../../../../docs/schemas/", $name, ".schema.json")).to_owned()
    };
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Claim files
    Claim,
    /// A run: the files in reports/runs, and `--format json` of what runs
    Record,
    /// A person's word: the files in reports/attestations
    Attestation,
    /// `status --format json`
    Status,
    /// `log --format json`
    Log,
    /// `diff GATE --json`
    Diff,
    /// `diff A..B --json`
    Softenings,
    /// `audit --format json`
    Audit,
    /// `undo --format json`
    Undo,
}

impl Format {
    /// The schema as JSON. But for that of claim files, which the reader knows, it is the published one: a test
    /// holds it to the types that are written.
    fn text(self) -> String {
        match self {
            Format::Claim => format!("{:#}\n", claim::read::schema()),
            Format::Record => published!("record"),
            Format::Attestation => published!("attestation"),
            Format::Status => published!("status"),
            Format::Log => published!("log"),
            Format::Diff => published!("diff"),
            Format::Softenings => published!("softenings"),
            Format::Audit => published!("audit"),
            Format::Undo => published!("undo"),
        }
    }
}

pub(crate) fn schema(options: &SchemaOptions) -> ExitCode {
    terminal::out(&options.format.text());
    ExitCode::Success
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::ValueEnum;
    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, Schema};

    use super::Format;
    use crate::audit::Audit;
    use crate::cli::commands::{diff, log, undo};
    use crate::gate::state::PhaseStatus;
    use crate::record::{Attestation, RunRecord};
    use crate::role::Comparison;

    /// What `status` adds to the state of a phase.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is of use")]
    struct Phase {
        #[schemars(flatten)]
        status: PhaseStatus,
        /// The state of the phase in a line.
        summary: String,
        exit_code: u8,
    }

    /// The state of phases, as `status --format json` writes it.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is of use")]
    struct StatusDocument {
        /// `gateproof.status/1`.
        schema: String,
        /// Whether the hosts were asked what they run now (`--probe`).
        hosts_asked: bool,
        phases: Vec<Phase>,
    }

    /// One run, or several files' in the order of the command line.
    #[derive(JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is of use")]
    enum Records {
        One(Box<RunRecord>),
        Several(Vec<RunRecord>),
    }

    /// What is written now.
    fn of<T: JsonSchema>() -> Schema {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<T>()
    }

    /// What is kept in a repository: older versions have written fewer fields.
    fn kept<T: JsonSchema>() -> Schema {
        let settings = SchemaSettings::draft2020_12().for_deserialize();
        settings.into_generator().into_root_schema_for::<T>()
    }

    fn derived(format: Format) -> Option<Schema> {
        Some(match format {
            Format::Claim => return None,
            Format::Record => kept::<Records>(),
            Format::Attestation => kept::<Attestation>(),
            Format::Status => of::<StatusDocument>(),
            Format::Log => of::<Vec<log::LogEntry<'_>>>(),
            Format::Diff => of::<Vec<Comparison>>(),
            Format::Softenings => of::<diff::FileDifference<'_>>(),
            Format::Audit => of::<Audit>(),
            Format::Undo => of::<undo::Listing<'_>>(),
        })
    }

    #[test]
    fn the_published_schemas_are_those_of_what_is_written() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
        for format in Format::value_variants() {
            let Some(schema) = derived(*format) else {
                continue;
            };
            let text = format!("{:#}\n", schema.as_value());
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                let name = format.to_possible_value().unwrap();
                let file = folder.join(format!("{}.schema.json", name.get_name()));
                std::fs::write(file, &text).unwrap();
            } else {
                assert!(
                    text == format.text(),
                    "{format:?}: UPDATE_GOLDEN=1 writes it anew"
                );
            }
        }
    }
}
