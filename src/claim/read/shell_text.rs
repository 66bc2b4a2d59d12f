//! Where in a shell line a parameter stands.

use kit::shell::{Quoting, ShellScanner};
use kit::text::{Part, Text};

/// The first parameter that stands inside single quotes, where the shell would not fill it in.
pub(super) fn single_quoted_param(text: &Text) -> Option<&str> {
    let mut scanner = ShellScanner::default();
    for part in &text.parts {
        match part {
            Part::Literal(literal) => scanner.scan(literal),
            Part::Param(name) if scanner.quoting() == Quoting::Single => return Some(name),
            Part::Param(_) => {}
        }
    }
    None
}
