//! `warm-reconcile probe` and `prove-gate`.

use std::time::Duration;

use crate::Version;
use crate::decide::outcome::ExitCode as Code;
use crate::health::probe_once::ProbeOnce;
use crate::health::prove::{prove_gate, store};
use kit::count::count;
use reach::probe::TlsTrust;

use super::{Ended, Session, block_on};

impl Session {
    pub(super) fn probe(
        &self,
        target: &str,
        resolve: Option<&str>,
        insecure: bool,
        timeout: Duration,
    ) -> Ended {
        let tls = if insecure {
            TlsTrust::Insecure
        } else {
            TlsTrust::Verify
        };
        let probe = if target.contains("://") {
            ProbeOnce::url(target, resolve, tls, timeout)?
        } else {
            ProbeOnce::app(self.app(target)?)?
        };
        let report = block_on(Box::pin(async { Ok(probe.ask().await) }))?;
        if self.output.wants_json() {
            self.output.document(&report.json());
        } else {
            self.output.text(&report.stdout());
        }
        self.output.error(&report.stderr());
        Ok(report.exit())
    }

    pub(super) fn prove_gate(&self, app: &str, version: &Version, arm: bool) -> Ended {
        let spec = self.app(app)?;
        let certificate = block_on(Box::pin(async { Ok(prove_gate(spec, version).await?) }))?;
        if arm {
            store(&self.prepared(app)?, &certificate)?;
        }
        if self.output.wants_json() {
            self.output.document(&certificate);
        } else {
            for shown in &certificate.controls {
                let name = serde_json::to_value(shown.control)?;
                let name = name.as_str().unwrap_or_default();
                // What was not asked did not hold.
                self.output.text(&match &shown.not_applicable {
                    Some(why) => format!("left out {name}: {why}\n"),
                    None => format!(
                        "{:<8} {name} ({}, {} ms)\n",
                        if shown.holds() { "holds" } else { "BROKEN" },
                        count(shown.probes, "probe"),
                        shown.took_ms
                    ),
                });
            }
            let teeth = if certificate.teeth {
                "the gate has teeth"
            } else {
                "the gate has NO teeth"
            };
            self.output
                .text(&format!("{app}: {teeth} (gate {})\n", certificate.gate));
            if arm && certificate.teeth {
                self.output.text(&format!("{app}: the gate is armed\n"));
            }
        }
        Ok(if certificate.teeth {
            Code::Current.code()
        } else {
            Code::Degraded.code()
        })
    }
}
