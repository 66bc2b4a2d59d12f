//! The digest of a file's content, by which holes are neither read nor hashed.

use std::io::{self, Read as _, Write};

use kit::digest::Hashing;
use serde::{Deserialize, Serialize};

/// Holes are whole blocks of zeros on every file system that we know; a smaller one is only hashed.
const BLOCK: usize = 4096;

static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// What of a file its digest is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Every byte, holes as zeros: what `sha256sum` prints.
    #[default]
    Whole,
    /// Each block of 4096 bytes that is not all zeros, its number (8 bytes, the lowest first)
    /// before it. It does not depend on where the file system has holes.
    Blocks,
}

impl Form {
    pub(super) fn is_whole(&self) -> bool {
        *self == Form::Whole
    }
}

/// Digests what is written to it, and what is said to be zeros.
pub(super) struct Content {
    form: Form,
    hasher: Hashing<io::Sink>,
    /// The bytes of the block that is not whole yet.
    begun: Vec<u8>,
    block: u64,
    length: u64,
}

impl Content {
    pub(super) fn new(form: Form) -> Content {
        Content {
            form,
            hasher: Hashing::new(io::sink()),
            begun: Vec::with_capacity(BLOCK),
            block: 0,
            length: 0,
        }
    }

    /// A hole of so many bytes.
    pub(super) fn hole(&mut self, mut length: u64) -> io::Result<()> {
        if self.form == Form::Whole {
            return io::copy(&mut io::repeat(0).take(length), self).map(drop);
        }
        if !self.begun.is_empty() {
            let rest = (BLOCK - self.begun.len()) as u64;
            let part = length.min(rest);
            self.add(&ZEROS[..part as usize])?;
            length -= part;
        }
        self.block += length / BLOCK as u64;
        self.length += length / BLOCK as u64 * BLOCK as u64;
        self.add(&ZEROS[..(length % BLOCK as u64) as usize])
    }

    /// The digest, and how many bytes that were.
    pub(super) fn finish(mut self) -> io::Result<(String, u64)> {
        self.end_block()?;
        let (_, digest, _) = self.hasher.finish();
        Ok((digest, self.length))
    }

    fn add(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if self.form == Form::Whole {
            return self.hasher.write_all(bytes);
        }
        while !bytes.is_empty() {
            let room = BLOCK - self.begun.len();
            let (now, rest) = bytes.split_at(bytes.len().min(room));
            self.begun.extend_from_slice(now);
            bytes = rest;
            if self.begun.len() == BLOCK {
                self.end_block()?;
                self.block += 1;
            }
        }
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.begun != ZEROS[..self.begun.len()] {
            self.hasher.write_all(&self.block.to_le_bytes())?;
            self.hasher.write_all(&self.begun)?;
        }
        self.begun.clear();
        Ok(())
    }
}

impl Write for Content {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(form: Form, parts: &[Part]) -> (String, u64) {
        let mut content = Content::new(form);
        for part in parts {
            match part {
                Part::Data(bytes) => content.write_all(bytes).unwrap(),
                Part::Hole(length) => content.hole(*length).unwrap(),
            }
        }
        content.finish().unwrap()
    }

    #[derive(Clone, Debug)]
    enum Part {
        Data(Vec<u8>),
        Hole(u64),
    }

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            (0..9000u64).prop_map(Part::Hole),
            (0..9000usize, any::<u8>()).prop_map(|(length, byte)| Part::Data(vec![byte; length])),
            Just(Part::Data(b"x".to_vec())),
        ]
    }

    proptest! {
        /// A hole and zeros that are written are the same, cut in whatever way.
        #[test]
        fn the_same_bytes_have_the_same_digest_wherever_the_holes_are(
            parts in prop::collection::vec(part(), 0..8), cut in 1..5000usize,
        ) {
            let mut bytes = Vec::new();
            for part in &parts {
                match part {
                    Part::Data(data) => bytes.extend_from_slice(data),
                    Part::Hole(length) => bytes.resize(bytes.len() + *length as usize, 0),
                }
            }
            let cut: Vec<Part> = bytes.chunks(cut).map(|part| Part::Data(part.to_vec())).collect();
            for form in [Form::Whole, Form::Blocks] {
                prop_assert_eq!(of(form, &parts), of(form, &cut));
            }
            let whole = (kit::digest::sha256(&bytes), bytes.len() as u64);
            prop_assert_eq!(of(Form::Whole, &parts), whole);
            // Another byte anywhere is another digest.
            if let Some(at) = bytes.len().checked_sub(1) {
                bytes[at / 2] ^= 1;
                prop_assert_ne!(of(Form::Blocks, &parts), of(Form::Blocks, &[Part::Data(bytes)]));
            }
        }
    }
}
