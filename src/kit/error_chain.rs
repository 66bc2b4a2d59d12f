//! An error with its causes as one line of text.

use std::error::Error;

/// The message of an error and those of its causes, outermost first: `read x: not found`.
///
/// No message appears twice. Many messages name their cause in the middle of a sentence
/// (`cannot write x: no space left; make room`), and libraries do the same, so a cause is left
/// out where the text so far contains it.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use thiserror::Error;

    #[derive(Debug, Error)]
    enum Sample {
        #[error("the disk is full")]
        Full,
        #[error("read x")]
        Read { source: Box<Sample> },
        #[error("cannot write x: {source}; make room")]
        Write { source: Box<Sample> },
    }

    #[test]
    fn every_cause_is_named_once() {
        let full = || Box::new(Sample::Full);
        assert_eq!(error_chain(&Sample::Full), "the disk is full");
        let read = Sample::Read { source: full() };
        assert_eq!(error_chain(&read), "read x: the disk is full");
        let write = Sample::Write { source: full() };
        assert_eq!(
            error_chain(&write),
            "cannot write x: the disk is full; make room"
        );
        let both = Sample::Read {
            source: Box::new(write),
        };
        assert_eq!(
            error_chain(&both),
            "read x: cannot write x: the disk is full; make room"
        );
    }
}
