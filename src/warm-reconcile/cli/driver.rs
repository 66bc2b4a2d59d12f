//! `warm-reconcile check-driver`: what the app's driver takes for granted, and whether it holds here.

use anyhow::Context;

use crate::decide::outcome::ExitCode as Code;
use crate::deploy::Cx;
use crate::deploy::assumptions::{Found, assumptions};

use super::{Ended, Session, block_on};

impl Session {
    /// 30 where an assumption fails, else 40 where one could not be looked at.
    pub(super) fn check_driver(&self, app: &str) -> Ended {
        let site = self.site(app)?;
        let scratch = tempfile::tempdir().context("make a scratch folder")?;
        let all = block_on(Box::pin(async {
            let cx = Cx {
                host: &site.host,
                engine: &site.engine,
                scratch: scratch.path(),
                limit: site.spec.times.deploy,
                programs: &site.programs,
            };
            let all = assumptions(&site.spec, &site.abra_dir, &cx).await;
            site.host.close().await;
            Ok(all)
        }))?;
        if self.output.wants_json() {
            self.output.document(&all);
        } else {
            for one in &all {
                let mark = match one.found {
                    Found::Holds => "holds",
                    Found::Fails => "FAILS",
                    Found::Unknown => "unknown",
                };
                self.output
                    .text(&format!("{mark:<8} {}: {}\n", one.name, one.seen));
            }
        }
        let any = |found| all.iter().any(|one| one.found == found);
        Ok(match () {
            () if any(Found::Fails) => Code::Degraded.code(),
            () if any(Found::Unknown) => Code::Inconclusive.code(),
            () => Code::Current.code(),
        })
    }
}
