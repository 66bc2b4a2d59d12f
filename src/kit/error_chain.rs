//! An error with its causes, each said once.

use std::error::Error;

/// The error's message and those of its causes, from the outside in: `a: b: c`. A cause whose
/// message stands in the text before it is left out, so that nothing is said twice.
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

    #[derive(Debug, thiserror::Error)]
    enum Layer {
        #[error("no scratch folder")]
        Plain(#[source] std::io::Error),
        #[error("no scratch folder: {0}")]
        Repeats(#[source] std::io::Error),
        #[error("cannot write: {0}; it is as it was before")]
        Inside(#[source] std::io::Error),
        #[error("the run stopped")]
        Outer(#[source] Box<Layer>),
    }

    #[test]
    fn every_cause_is_said_once() {
        let cause = || std::io::Error::other("the disk is full");
        let wanted = "no scratch folder: the disk is full";
        assert_eq!(error_chain(&Layer::Plain(cause())), wanted);
        assert_eq!(error_chain(&Layer::Repeats(cause())), wanted);
        let inside = error_chain(&Layer::Inside(cause()));
        assert_eq!(
            inside,
            "cannot write: the disk is full; it is as it was before"
        );
        let outer = Layer::Outer(Box::new(Layer::Plain(cause())));
        assert_eq!(error_chain(&outer), format!("the run stopped: {wanted}"));
    }
}
