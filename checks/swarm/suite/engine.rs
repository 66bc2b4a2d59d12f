//! The engine's client and the `stack` driver against a real Docker engine of the tests' own.

mod driver;
mod kit;
mod observe;

use libtest_mimic::Trial;

pub fn trials() -> impl Iterator<Item = Trial> {
    observe::trials().into_iter().chain(driver::trials())
}
