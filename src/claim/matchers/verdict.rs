//! What a matcher can say, and how that combines.

use chrono::{DateTime, Utc};

use super::render::{self, LIMIT};
use super::{Judgement, Mismatch};
use kit::text::Scope;
use kit::yaml::source::Span;

/// What `not:` adds where there is nothing to look at.
const NOTHING_TO_DENY: &str = "a `not` holds only where there is something to look at";

/// What one matcher says.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    Differs {
        /// Why not.
        mismatches: Vec<Mismatch>,
        /// There was nothing fit to be looked at: no body, no JSON, no number. Then the
        /// matcher's negation does not hold either.
        unfit: bool,
    },
    /// It cannot be told, and why.
    Undecidable(String),
}

impl Verdict {
    /// Every part holds. One part that certainly differs decides, whatever else is unknown.
    pub(super) fn all(parts: impl IntoIterator<Item = Verdict>) -> Verdict {
        let mut found = Vec::new();
        let mut all_unfit = true;
        let mut unknown = Vec::new();
        for part in parts {
            match part {
                Verdict::Holds => {}
                Verdict::Differs { mismatches, unfit } => {
                    found.extend(mismatches);
                    all_unfit &= unfit;
                }
                Verdict::Undecidable(why) => note_once(&mut unknown, why),
            }
        }
        let certain = !found.is_empty() && !all_unfit;
        if !unknown.is_empty() && !certain {
            // Also beside an unfit part: whether the negation holds depends on the rest.
            Verdict::Undecidable(unknown.join("; "))
        } else if found.is_empty() {
            Verdict::Holds
        } else {
            Verdict::Differs {
                mismatches: found,
                unfit: all_unfit,
            }
        }
    }

    /// At least one part holds; else what each part lacked. `site` speaks for an empty list.
    pub(super) fn any(parts: Vec<Verdict>, site: &Site<'_>) -> Verdict {
        let count = parts.len();
        let mut found = Vec::new();
        let mut any_unfit = false;
        let mut unknown = Vec::new();
        for (index, part) in parts.into_iter().enumerate() {
            match part {
                Verdict::Holds => return Verdict::Holds,
                Verdict::Differs { mismatches, unfit } => {
                    any_unfit |= unfit;
                    found.extend(mismatches.into_iter().map(|mut mismatch| {
                        if count > 1 {
                            prefix_note(
                                &mut mismatch,
                                &format!("alternative {} of {count}", index + 1),
                            );
                        }
                        mismatch
                    }));
                }
                Verdict::Undecidable(why) => note_once(&mut unknown, why),
            }
        }
        if !unknown.is_empty() {
            return Verdict::Undecidable(unknown.join("; "));
        }
        if found.is_empty() {
            return site.differs("one of no alternatives", "nothing can match that");
        }
        Verdict::Differs {
            mismatches: found,
            unfit: any_unfit,
        }
    }

    /// It must not hold; `held` says what did.
    pub(super) fn negate(self, held: impl FnOnce() -> Verdict) -> Verdict {
        match self {
            Verdict::Holds => held(),
            Verdict::Differs { unfit: false, .. } => Verdict::Holds,
            Verdict::Differs {
                mut mismatches,
                unfit: true,
            } => {
                for mismatch in &mut mismatches {
                    match &mut mismatch.note {
                        Some(note) if note.contains(NOTHING_TO_DENY) => {}
                        Some(note) => *note = format!("{note}; {NOTHING_TO_DENY}"),
                        empty => *empty = Some(NOTHING_TO_DENY.to_owned()),
                    }
                }
                Verdict::Differs {
                    mismatches,
                    unfit: true,
                }
            }
            unknown @ Verdict::Undecidable(_) => unknown,
        }
    }

    /// From here on a difference is one that a negation may rest on.
    pub(super) fn firm(self) -> Verdict {
        match self {
            Verdict::Differs { mismatches, .. } => Verdict::Differs {
                mismatches,
                unfit: false,
            },
            other => other,
        }
    }

    /// Adds an explanation to the mismatches that have none yet.
    pub(super) fn with_note(mut self, note: Option<String>) -> Verdict {
        if let (Verdict::Differs { mismatches, .. }, Some(note)) = (&mut self, note) {
            let note = render::clean(&note, LIMIT);
            for mismatch in mismatches {
                mismatch.note.get_or_insert_with(|| note.clone());
            }
        }
        self
    }

    /// Adds a diff to the mismatches that have none yet.
    pub(super) fn with_diff(mut self, diff: Option<String>) -> Verdict {
        if let (Verdict::Differs { mismatches, .. }, Some(diff)) = (&mut self, diff) {
            for mismatch in mismatches {
                mismatch.diff.get_or_insert_with(|| diff.clone());
            }
        }
        self
    }

    /// Whether it certainly holds.
    pub(super) fn holds(&self) -> bool {
        matches!(self, Verdict::Holds)
    }

    /// Whether it certainly does not.
    pub(super) fn differs(&self) -> bool {
        matches!(self, Verdict::Differs { .. })
    }
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Judgement::Holds,
            Verdict::Differs { mismatches, .. } => Judgement::Differs(mismatches),
            Verdict::Undecidable(why) => Judgement::Undecidable(why),
        }
    }
}

fn note_once(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

fn prefix_note(mismatch: &mut Mismatch, prefix: &str) {
    mismatch.note = Some(match mismatch.note.take() {
        Some(note) => format!("{prefix}: {note}"),
        None => prefix.to_owned(),
    });
}

/// Where a matcher stands and what it looks at. The one door through which text enters a
/// [`Mismatch`], so that all of it is bounded and harmless.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    /// Where the matcher stands in the claim file.
    pub(super) span: Span,
    /// What is looked at.
    pub(super) subject: String,
    /// Values of parameters.
    pub(super) scope: &'a Scope,
    /// When it was seen.
    pub(super) at: DateTime<Utc>,
}

impl Site<'_> {
    /// The same place, looking at a part of it.
    pub(super) fn part(&self, part: &str) -> Self {
        let subject = if self.subject.is_empty() {
            part.to_owned()
        } else {
            format!("{} {part}", self.subject)
        };
        Site {
            subject,
            ..self.clone()
        }
    }

    /// It does not hold.
    pub(super) fn differs(&self, expected: impl AsRef<str>, observed: impl AsRef<str>) -> Verdict {
        Verdict::Differs {
            mismatches: vec![self.mismatch(expected.as_ref(), observed.as_ref())],
            unfit: false,
        }
    }

    /// There is nothing fit to be looked at.
    pub(super) fn unfit(&self, expected: impl AsRef<str>, observed: impl AsRef<str>) -> Verdict {
        Verdict::Differs {
            mismatches: vec![self.mismatch(expected.as_ref(), observed.as_ref())],
            unfit: true,
        }
    }

    fn mismatch(&self, expected: &str, observed: &str) -> Mismatch {
        Mismatch {
            span: self.span.clone(),
            subject: render::clean(&self.subject, LIMIT),
            expected: render::clean(render::or_empty(expected), LIMIT),
            observed: render::clean(render::or_empty(observed), LIMIT),
            note: None,
            diff: None,
        }
    }
}
