//! What checks, controls, fixtures and hosts do: what is declared, else what their words tell.

use crate::codes;
use crate::command::{Doing, Mutation, Reach, doing, requesting};
use crate::{CommandProbe, Effect, Place, Probe};
use kit::text::Scope;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;

use super::forms::form_of;
use super::reader::Reader;

/// An effect, and why it is not known for certain.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) effect: Effect,
    pub(super) doubt: Option<String>,
}

impl Known {
    pub(super) fn declared(effect: Effect) -> Known {
        Known {
            effect,
            doubt: None,
        }
    }

    /// What is known of both together.
    pub(super) fn and(self, other: Known) -> Known {
        Known {
            effect: self.effect.max(other.effect),
            doubt: self.doubt.or(other.doubt),
        }
    }

    /// What is known of something that does this.
    pub(super) fn of(doing: Doing) -> Known {
        match doing {
            Doing::Observes => Known::declared(Effect::Observe),
            Doing::Unknown(why) => Known {
                effect: Effect::Observe,
                doubt: Some(why),
            },
            Doing::Mutates(Mutation { what, .. }) => Known {
                effect: Effect::Mutate,
                doubt: Some(format!("`{what}` changes something")),
            },
        }
    }
}

impl Reader {
    /// What a probe does, with the values that are known while reading.
    pub(super) fn doing(&self, probe: &Probe) -> Doing {
        match probe {
            Probe::Command(command) => self.command_does(command),
            Probe::Http(request) => requesting(request),
            Probe::Human(_) => Doing::Observes,
        }
    }

    pub(super) fn command_does(&self, command: &CommandProbe) -> Doing {
        let mut scope: Scope = self.scope.clone();
        scope.retain(|name, _| !self.captures.contains(name));
        if form_of(command, &scope).is_some() {
            return Doing::Observes;
        }
        doing(command, &scope)
    }

    /// What an undeclared probe does, where nothing would undo it. What is known to change something is
    /// refused, unless it stays inside of a fresh clone or only keeps its output.
    pub(super) fn known(
        &mut self,
        probe: &Probe,
        span: &Span,
        on: Option<&Place>,
        undone: bool,
    ) -> Known {
        let doing = self.doing(probe);
        if let Doing::Mutates(Mutation { what, reach }) = &doing {
            let harmless = match reach {
                Reach::Output => true,
                Reach::Folder => on == Some(&Place::Clone),
                Reach::World => false,
            };
            if harmless {
                return Known {
                    effect: Effect::Observe,
                    doubt: Some(format!("`{what}` changes something")),
                };
            }
            if !undone {
                self.refuse_change(what, span);
            }
        }
        Known::of(doing)
    }

    pub(super) fn refuse_change(&mut self, what: &str, span: &Span) {
        self.report(
            Diagnostic::new(
                codes::EFFECT,
                span.clone(),
                format!("`{what}` changes something, and nothing undoes it"),
            )
            .help("put it into the `do:` of a fixture with its `undo:`; if it only appears to change something, add `effect: observe`"),
        );
    }
}
