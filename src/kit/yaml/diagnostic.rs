//! What is wrong with a claim file: where, with which code, and what to write instead.

use std::path::Path;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::codes::Code;
use super::source::{Source, SourceError};
use crate::count::count;
use crate::yaml::source::Span;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Span,
    /// A few words at the place itself.
    pub label: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without label and help.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            span,
            label: None,
            help: None,
        }
    }

    /// With a few words at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything that is wrong with one file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", source_file.path.display(), count(diagnostics.len(), "error"))]
pub struct Invalid {
    pub source_file: std::sync::Arc<Source>,
    /// What is wrong, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Invalid {
    /// A file that could not even be read as text; `hint` helps when it is not there.
    pub fn unreadable(path: &Path, error: SourceError, hint: &str) -> Invalid {
        let (code, text, span, help) = match &error {
            SourceError::Io(_) => (Code::UNREADABLE, String::new(), 0..0, hint),
            SourceError::TooLarge(_) => (
                Code::TOO_LARGE,
                String::new(),
                0..0,
                "check the path: real files have a few kilobytes",
            ),
            SourceError::NotUtf8 { offset, readable } => (
                Code::NOT_UTF8,
                readable.clone(),
                *offset..*offset + 1,
                "convert it: `iconv -f latin1 -t utf-8 OLD > NEW`",
            ),
        };
        Invalid {
            source_file: Arc::new(Source {
                path: path.to_owned(),
                text,
            }),
            diagnostics: vec![Diagnostic::new(code, span, error.to_string()).help(help)],
        }
    }

    /// The errors as text for people, with the lines they speak of.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let path = self.source_file.path.display().to_string();
        let mut out = String::new();
        for diagnostic in &self.diagnostics {
            out.push_str(&renderer.render(&self.report(diagnostic, &path)));
            out.push_str("\n\n");
        }
        let errors = count(self.diagnostics.len(), "error");
        let code = self.diagnostics.first().map_or("CODE", |d| d.code.0);
        out.push_str(&format!(
            "{path}: {errors}; nothing was run. `gateproof explain {code}` tells more.\n"
        ));
        out
    }

    fn report<'a>(&'a self, diagnostic: &'a Diagnostic, path: &'a str) -> Vec<Group<'a>> {
        let text = &self.source_file.text;
        let span = clamp(text, &diagnostic.span);
        let mut group = Level::ERROR
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code.0)
            .element(
                Snippet::source(text.as_str()).path(path).annotation(
                    AnnotationKind::Primary
                        .span(span)
                        .label(diagnostic.label.as_deref()),
                ),
            );
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        vec![group]
    }
}

/// The span within the text, on character boundaries, and on one line: the rest of a long
/// block says nothing about the error and hides the line that does.
fn clamp(text: &str, span: &Span) -> Span {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    let end = floor(span.end.max(start));
    let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
    start..end.min(line_end).max(start)
}
