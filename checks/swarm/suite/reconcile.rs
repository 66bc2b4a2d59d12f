//! `warm-reconcile` as built, against a real Docker engine of the tests' own and real Traefik.

mod duties;
mod faults;
mod kills;
mod registry;
mod stateful;
mod story;
mod walks;
mod ways_out;

use libtest_mimic::Trial;

pub fn trials() -> impl Iterator<Item = Trial> {
    let trials = walks::trials().into_iter().chain(story::trials());
    let trials = trials.chain(kills::trials());
    trials
        .chain(stateful::trials())
        .chain(faults::trials())
        .chain(ways_out::trials())
        .chain(duties::trials())
        .chain(registry::trials())
}
