//! The watch after a version became last-good: it looks as every later run does, and leaves a
//! version that becomes unhealthy. A run that is killed here has done its work; the next one looks
//! by the same rule.

use std::time::{Duration, Instant};

use super::{End, Machine, RunError};
use crate::decide::outcome::ExitCode;
use crate::decide::way_out::About;
use crate::decide::{Ask, Plan};
use crate::inspect::gather;

/// The pause between two looks.
const EVERY: Duration = Duration::from_secs(5);

impl Machine<'_> {
    /// Watches what a run has just made last-good. How the run ends: as it did, or rolled back.
    pub(super) async fn watch(&self, end: End) -> Result<End, RunError> {
        let bake = self.site.spec.times.bake;
        if bake.is_zero() || !end.acted || end.outcome.exit() != ExitCode::Current {
            return Ok(end);
        }
        let until = Instant::now() + bake;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(end);
            }
            self.say(
                &format!(
                    "watching it for {} more",
                    humantime::format_duration(Duration::from_secs(left.as_secs()))
                ),
                left + self.site.spec.times.first_gate,
            );
            tokio::time::sleep(left.min(EVERY).min(bake / 10)).await;
            let mut seen = gather(self.site, Ask::Run, false).await;
            let plan = self.decided(&mut seen).await?;
            if matches!(&plan, Plan::RollBack { .. }) && seen.world.baking {
                let about = About::of(&plan, &seen.world, &self.site.spec.stack);
                self.flight.decided(&seen, &plan, about);
                let left = Box::pin(self.carry_out(plan, seen)).await?;
                return Ok(left.unwrap_or(end));
            }
        }
    }
}
