//! What the claim files of a push demand less of than where their gates were last accepted.

use crate::report::{Annotation, Level};
use crate::role::RecordHistory;
use claim::softening::{Softening, unacknowledged};

use crate::cli::runs::Located;
use crate::cli::softening::{line, since_accepted};

/// What is said of it, and whether it fails the job.
#[derive(Default)]
pub(super) struct SofteningReport {
    pub(super) annotations: Vec<Annotation>,
    pub(super) fails: bool,
}

impl SofteningReport {
    /// Holds each gate of the files against its last accepted claim.
    pub(super) async fn of(located: &[Located<'_>]) -> anyhow::Result<SofteningReport> {
        let mut report = SofteningReport::default();
        for (file, repository) in located {
            let Some(repository) = repository else {
                continue;
            };
            let root = repository.root();
            let history = RecordHistory::read(root, &["HEAD"], false).await?;
            let mut all: Vec<Softening> = Vec::new();
            for gate in &file.gates {
                match since_accepted(root, &history, (file, &gate.id), None).await {
                    Ok(since) => {
                        let found = since.map_or_else(Vec::new, |since| since.found);
                        // What is said of the whole file concerns each of its gates.
                        all.extend(
                            found
                                .into_iter()
                                .filter(|it| !all.contains(it))
                                .collect::<Vec<_>>(),
                        );
                    }
                    Err(why) => report.add(Level::Warning, why),
                }
            }
            report.fails |= unacknowledged(&all).next().is_some();
            for softening in &all {
                let open = unacknowledged(std::slice::from_ref(softening))
                    .next()
                    .is_some();
                let level = if open { Level::Error } else { Level::Warning };
                report.add(level, line(softening));
            }
        }
        Ok(report)
    }

    fn add(&mut self, level: Level, message: String) {
        self.annotations.push(Annotation {
            level,
            place: None,
            title: "claim demands less".to_owned(),
            message,
        });
    }
}
