//! `line:` and `every_line:`. `\r\n` ends a line as `\n` does.

use crate::matchers::each::every;
use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, holds_for_samples, vacuous_text};
use kit::count::count;
use kit::text::Scope;

use super::lines::split_lines;

/// Line `number` matches: 1 is the first, -1 the last.
pub(super) struct Line<'m> {
    pub(super) number: i64,
    pub(super) inner: Box<dyn TextRule + 'm>,
}

impl TextRule for Line<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        line(site, self.number, self.inner.as_ref(), observed)
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("line {} {}", self.number, self.inner.describe(scope))
    }

    fn prospects(&self) -> Prospects {
        let inner = self.inner.prospects();
        Prospects {
            never: self.number == 0 || inner.never,
            ..of_lines(self, self.inner.as_ref())
        }
    }

    fn params(&self) -> Vec<String> {
        self.inner.params()
    }
}

/// There is at least one line, and every line matches.
pub(super) struct EveryLine<'m>(pub(super) Box<dyn TextRule + 'm>);

impl TextRule for EveryLine<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        every_line(site, self.0.as_ref(), observed)
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("every line {}", self.0.describe(scope))
    }

    fn prospects(&self) -> Prospects {
        of_lines(self, self.0.as_ref())
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

fn of_lines(rule: &dyn TextRule, inner: &dyn TextRule) -> Prospects {
    let Prospects {
        never, by_samples, ..
    } = inner.prospects();
    Prospects {
        vacuous: vacuous_text(inner),
        always: by_samples && holds_for_samples(rule),
        never,
        by_samples,
        count: None,
    }
}

fn line(
    site: &MatchSite<'_>,
    number: i64,
    inner: &dyn TextRule,
    observed: &ObservedText<'_>,
) -> MatchResult {
    let site = site.part(&format!("line {number}"));
    let (lines, open) = split_lines(observed);
    if open && number < 0 {
        return MatchResult::Undecidable(observed.cut.clone().unwrap_or_default());
    }
    let index = match usize::try_from(number) {
        Ok(0) => {
            return site
                .unfit(inner.describe(site.scope), "there is no line 0")
                .with_note(Some(
                    "lines are counted from 1, or from -1 at the end".to_owned(),
                ));
        }
        Ok(number) => Some(number - 1),
        Err(_) => usize::try_from(number.unsigned_abs())
            .ok()
            .and_then(|back| lines.len().checked_sub(back)),
    };
    match index.and_then(|index| Some((index, lines.get(index)?))) {
        Some((index, line)) => {
            let unfinished = open && index + 1 == lines.len();
            inner.judge(&site, &observed.part(line, unfinished))
        }
        None => observed.undecidable().unwrap_or_else(|| {
            site.differs(
                inner.describe(site.scope),
                format!("there {}", is_are(lines.len(), "line")),
            )
        }),
    }
}

fn is_are(lines: usize, noun: &str) -> String {
    match lines {
        0 => format!("is no {noun}"),
        1 => format!("is only 1 {noun}"),
        _ => format!("are only {}", count(lines, noun)),
    }
}

fn every_line(
    site: &MatchSite<'_>,
    inner: &dyn TextRule,
    observed: &ObservedText<'_>,
) -> MatchResult {
    let (lines, open) = split_lines(observed);
    if lines.is_empty() {
        return observed.undecidable().unwrap_or_else(|| {
            site.differs(
                format!("every line {}", inner.describe(site.scope)),
                "there is no line",
            )
        });
    }
    let each = lines.iter().enumerate().map(|(index, line)| {
        let site = site.part(&format!("line {}", index + 1));
        let unfinished = open && index + 1 == lines.len();
        inner.judge(&site, &observed.part(line, unfinished))
    });
    let wrong = each.filter(|result| !result.holds()).collect();
    MatchResult::all(
        [every(wrong, "line")]
            .into_iter()
            .chain(observed.undecidable()),
    )
}
