//! The reader of an app file: the kit's reader of fields, with the methods that know app files.

use std::ops::{Deref, DerefMut};

use kit::text::Scope;
use kit::yaml::fields;

/// Reads an app file and goes on after an error, so that all of them are told at once.
pub(super) struct Reader(fields::Reader);

impl Reader {
    pub(super) fn new(scope: Scope) -> Reader {
        Reader(fields::Reader::new(scope))
    }
}

impl Deref for Reader {
    type Target = fields::Reader;

    fn deref(&self) -> &fields::Reader {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut fields::Reader {
        &mut self.0
    }
}
