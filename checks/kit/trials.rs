//! Trials of suites that say themselves what they run.

use libtest_mimic::Trial;

/// A trial that panics where it fails.
pub fn trial(name: &str, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}
