//! The result of a matcher, and how results combine.

use chrono::{DateTime, Utc};

use super::render::{self, LIMIT};
use kit::text::Scope;
use kit::yaml::source::Span;

/// One matcher that did not hold, with all a reader needs to see why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where the matcher stands in the claim file.
    pub span: Span,
    /// Which part was matched: `stdout`, `status`, `header location`, `json $.a` …
    pub subject: String,
    /// What was expected, in the claim's own terms.
    pub expected: String,
    /// What was there instead (bounded, one line where possible).
    pub observed: String,
    /// Why that is not the same, where it is not obvious: sentinel names, a truncated stream …
    pub note: Option<String>,
    /// A line diff, where text is compared.
    pub diff: Option<String>,
}

impl Mismatch {
    /// Adds a remark to those that it has.
    pub fn add_note(&mut self, more: &str) {
        self.note = Some(match self.note.take() {
            Some(note) => format!("{note}; {more}"),
            None => more.to_owned(),
        });
    }
}

/// The result of holding an observation against an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Every matcher held.
    Holds,
    /// These matchers did not hold.
    Differs(Vec<Mismatch>),
    /// It is not known, and why: for example because a stream was truncated.
    Undecidable(String),
}

/// The note of a negation whose inside holds.
pub(super) const HELD: &str = "that holds, though it must not";

/// What `not:` adds where there is nothing to match.
const NOTHING_TO_DENY: &str = "a `not` holds only where there is something to match";

/// The result of one matcher.
#[derive(Clone, Debug)]
pub(super) enum MatchResult {
    Holds,
    /// It does not hold.
    Differs {
        mismatches: Vec<Mismatch>,
        /// There was nothing fit to be matched: no body, no JSON, no number. Then the
        /// matcher's negation does not hold either.
        unfit: bool,
    },
    /// It is not known, and why.
    Undecidable(String),
}

impl MatchResult {
    /// Every part holds. One part that certainly differs decides, whatever else is unknown.
    pub(super) fn all(parts: impl IntoIterator<Item = MatchResult>) -> MatchResult {
        let mut found = Vec::new();
        let mut all_unfit = true;
        let mut unknown = Vec::new();
        for part in parts {
            match part {
                MatchResult::Holds => {}
                MatchResult::Differs { mismatches, unfit } => {
                    found.extend(mismatches);
                    all_unfit &= unfit;
                }
                MatchResult::Undecidable(why) => note_once(&mut unknown, why),
            }
        }
        let certain = !found.is_empty() && !all_unfit;
        if !unknown.is_empty() && !certain {
            // Also beside an unfit part: whether the negation holds depends on the rest.
            MatchResult::Undecidable(unknown.join("; "))
        } else if found.is_empty() {
            MatchResult::Holds
        } else {
            MatchResult::Differs {
                mismatches: found,
                unfit: all_unfit,
            }
        }
    }

    /// At least one part holds; else what each part lacked. `site` speaks for an empty list.
    pub(super) fn any(parts: Vec<MatchResult>, site: &MatchSite<'_>) -> MatchResult {
        let count = parts.len();
        let mut found = Vec::new();
        let mut any_unfit = false;
        let mut unknown = Vec::new();
        for (index, part) in parts.into_iter().enumerate() {
            match part {
                MatchResult::Holds => return MatchResult::Holds,
                MatchResult::Differs { mismatches, unfit } => {
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
                MatchResult::Undecidable(why) => note_once(&mut unknown, why),
            }
        }
        if !unknown.is_empty() {
            return MatchResult::Undecidable(unknown.join("; "));
        }
        if found.is_empty() {
            return site.differs("one of no alternatives", "nothing can match that");
        }
        MatchResult::Differs {
            mismatches: found,
            unfit: any_unfit,
        }
    }

    /// It must not hold; `held` makes the mismatch where it does.
    pub(super) fn negate(self, held: impl FnOnce() -> MatchResult) -> MatchResult {
        match self {
            MatchResult::Holds => held(),
            MatchResult::Differs { unfit: false, .. } => MatchResult::Holds,
            MatchResult::Differs {
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
                MatchResult::Differs {
                    mismatches,
                    unfit: true,
                }
            }
            unknown @ MatchResult::Undecidable(_) => unknown,
        }
    }

    /// From here on a difference is one that a negation may rest on.
    pub(super) fn firm(self) -> MatchResult {
        match self {
            MatchResult::Differs { mismatches, .. } => MatchResult::Differs {
                mismatches,
                unfit: false,
            },
            other => other,
        }
    }

    /// Adds an explanation to the mismatches that have none yet.
    pub(super) fn with_note(mut self, note: Option<String>) -> MatchResult {
        if let (MatchResult::Differs { mismatches, .. }, Some(note)) = (&mut self, note) {
            let note = render::clean(&note, LIMIT);
            for mismatch in mismatches {
                mismatch.note.get_or_insert_with(|| note.clone());
            }
        }
        self
    }

    /// Adds an explanation to every mismatch, after the one that it has.
    pub(super) fn with_remark(mut self, remark: &str) -> MatchResult {
        if let MatchResult::Differs { mismatches, .. } = &mut self {
            for mismatch in mismatches {
                let note = match mismatch.note.take() {
                    Some(note) => format!("{note}; {remark}"),
                    None => remark.to_owned(),
                };
                mismatch.note = Some(render::clean(&note, LIMIT));
            }
        }
        self
    }

    /// A difference that neither the matcher nor its negation may rest on.
    pub(super) fn unfit(self) -> MatchResult {
        match self {
            MatchResult::Differs { mismatches, .. } => MatchResult::Differs {
                mismatches,
                unfit: true,
            },
            other => other,
        }
    }

    /// Adds a diff to the mismatches that have none yet.
    pub(super) fn with_diff(mut self, diff: Option<String>) -> MatchResult {
        if let (MatchResult::Differs { mismatches, .. }, Some(diff)) = (&mut self, diff) {
            for mismatch in mismatches {
                mismatch.diff.get_or_insert_with(|| diff.clone());
            }
        }
        self
    }

    /// Whether it certainly holds.
    pub(super) fn holds(&self) -> bool {
        matches!(self, MatchResult::Holds)
    }

    /// Whether it certainly does not.
    pub(super) fn differs(&self) -> bool {
        matches!(self, MatchResult::Differs { .. })
    }
}

impl From<MatchResult> for Judgement {
    fn from(verdict: MatchResult) -> Self {
        match verdict {
            MatchResult::Holds => Judgement::Holds,
            MatchResult::Differs { mismatches, .. } => Judgement::Differs(mismatches),
            MatchResult::Undecidable(why) => Judgement::Undecidable(why),
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

/// Where a matcher stands, and what it matches. The one door through which text enters a
/// [`Mismatch`], so that all of it is bounded and harmless.
#[derive(Clone, Debug)]
pub(super) struct MatchSite<'a> {
    /// Where the matcher stands in the claim file.
    pub(super) span: Span,
    pub(super) subject: String,
    pub(super) scope: &'a Scope,
    /// When it was observed.
    pub(super) at: DateTime<Utc>,
}

impl MatchSite<'_> {
    /// The same place, for a part of the subject.
    pub(super) fn part(&self, part: &str) -> Self {
        let subject = if self.subject.is_empty() {
            part.to_owned()
        } else {
            format!("{} {part}", self.subject)
        };
        MatchSite {
            subject,
            ..self.clone()
        }
    }

    /// It does not hold.
    pub(super) fn differs(
        &self,
        expected: impl AsRef<str>,
        observed: impl AsRef<str>,
    ) -> MatchResult {
        MatchResult::Differs {
            mismatches: vec![self.mismatch(expected.as_ref(), observed.as_ref())],
            unfit: false,
        }
    }

    /// There is nothing fit to be matched.
    pub(super) fn unfit(
        &self,
        expected: impl AsRef<str>,
        observed: impl AsRef<str>,
    ) -> MatchResult {
        MatchResult::Differs {
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
