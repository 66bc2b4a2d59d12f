//! Under which options a shell runs a line.

use super::super::tree::{Simple, Word};

/// What a shell does with commands that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Strict {
    /// `-e`: it ends at a command that fails.
    pub(in super::super) exit: bool,
    /// `-o pipefail`: a pipe fails with any of its parts.
    pub(in super::super) pipe: bool,
}

impl Strict {
    /// After a command that may be `set -e`, `set -o pipefail`, `set -euo pipefail`, as far as it is known.
    pub(in super::super) fn after(mut self, command: &Simple) -> Strict {
        let mut args = command.words.iter().map_while(Word::text);
        if args.next() != Some("set") {
            return self;
        }
        while let Some(text) = args.next() {
            let on = text.starts_with('-');
            if text == "--" || !on && !text.starts_with('+') {
                break;
            }
            if text.contains('e') {
                self.exit = on;
            }
            if text.ends_with('o') {
                match args.next() {
                    Some("errexit") => self.exit = on,
                    Some("pipefail") => self.pipe = on,
                    _ => {}
                }
            }
        }
        self
    }
}
