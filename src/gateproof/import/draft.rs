//! What an import comes to, as plain data: drafts of gates, checks and fixtures, the questions that only a
//! person can answer, and what was left out.

/// Where something stands in the imported document, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub line: usize,
    /// Only in a document that lost its line breaks.
    pub column: Option<usize>,
}

impl Spot {
    /// Of what stands in no document.
    pub(super) const FIRST_LINE: Spot = Spot {
        line: 1,
        column: None,
    };

    /// `STATUS.md:41`, `STATUS.md:1:1830`.
    pub fn of(self, document: &str) -> String {
        match self.column {
            Some(column) => format!("{document}:{}:{column}", self.line),
            None => format!("{document}:{}", self.line),
        }
    }
}

/// A document as drafts.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The name of the document, as comments show it.
    pub document: String,
    pub phase: String,
    pub title: String,
    /// Whether its line breaks were recovered.
    pub recovered: bool,
    /// The hosts, by the names that `ssh` knows, each with the place of its first use.
    pub hosts: Vec<(String, Spot)>,
    pub fixtures: Vec<FixtureDraft>,
    pub gates: Vec<GateDraft>,
    pub left: Vec<LeftOut>,
}

impl Imported {
    /// One check alone, in a gate M1.
    pub(super) fn of_check(check: CheckDraft, hosts: Vec<(String, Spot)>) -> Imported {
        Imported {
            hosts,
            gates: vec![GateDraft {
                id: "M1".to_owned(),
                at: Spot::FIRST_LINE,
                why: None,
                changed: Vec::new(),
                checks: vec![check],
            }],
            ..Imported::default()
        }
    }
}

#[derive(Clone, Debug)]
pub struct GateDraft {
    pub id: String,
    pub at: Spot,
    pub why: Option<(String, Spot)>,
    pub changed: Vec<(String, Spot)>,
    pub checks: Vec<CheckDraft>,
}

/// A key of a check or fixture, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDraft {
    pub key: String,
    pub value: Value,
    /// Where it was read; `None` where an answer says it.
    pub at: Option<Spot>,
}

/// A value of a claim file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, which is quoted where it is written.
    Text(String),
    /// YAML in one line.
    Yaml(String),
}

#[derive(Clone, Debug, Default)]
pub struct CheckDraft {
    pub id: String,
    pub keys: Vec<KeyDraft>,
    /// The command as it stood there, where it was changed, and what its place is.
    pub original: Option<(String, Spot)>,
    /// What a reader should know of it.
    pub notes: Vec<String>,
    pub questions: Vec<Question>,
}

/// A disturbance that several checks may share.
#[derive(Clone, Debug)]
pub struct FixtureDraft {
    pub name: String,
    pub keys: Vec<KeyDraft>,
    pub questions: Vec<Question>,
}

/// A question that the document does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// `M1/old-probe.within`: of what, and about what.
    pub id: String,
    pub text: String,
    pub at: Spot,
    /// The key that a text as an answer gives; without one only the words below are answers.
    pub key: Option<String>,
    /// Words that settle it as the draft is.
    pub settles: Vec<String>,
    /// The word with which the check is left out.
    pub drops: Option<String>,
    /// Whether nothing of the check is run before it is answered: what it asks cannot show its claim.
    pub refuses: bool,
}

/// What was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub at: Spot,
    pub what: String,
    pub why: String,
}

impl Question {
    /// A question about a part of something, whose id and place are completed where it is added.
    pub(super) fn about(part: &str, text: impl Into<String>) -> Question {
        Question {
            id: part.to_owned(),
            text: text.into(),
            at: Spot::FIRST_LINE,
            key: None,
            settles: Vec::new(),
            drops: None,
            refuses: false,
        }
    }

    /// A text as an answer is the value of this key.
    pub(super) fn key(mut self, key: &str) -> Question {
        self.key = Some(key.to_owned());
        self
    }

    /// This word settles it.
    pub(super) fn settled_by(mut self, word: &str) -> Question {
        self.settles.push(word.to_owned());
        self
    }

    /// With this word the check is left out.
    pub(super) fn dropped_by(mut self, word: &str) -> Question {
        self.drops = Some(word.to_owned());
        self
    }

    /// Nothing of the check is run before it is answered.
    pub(super) fn refusing(mut self) -> Question {
        self.refuses = true;
        self
    }
}

impl CheckDraft {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        get(&self.keys, key)
    }

    pub(super) fn set(&mut self, key: &str, value: Value, at: Option<Spot>) {
        set(&mut self.keys, key, value, at);
    }

    /// The text of a key; empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Value::Text(text) | Value::Yaml(text)) => text,
            None => "",
        }
    }

    /// Whether it asks something and says what must be seen.
    pub(super) fn is_whole(&self) -> bool {
        (self.get("run").is_some() || self.get("http").is_some()) && self.get("expect").is_some()
    }
}

pub(super) fn get<'k>(keys: &'k [KeyDraft], key: &str) -> Option<&'k Value> {
    keys.iter()
        .find(|draft| draft.key == key)
        .map(|draft| &draft.value)
}

/// Gives a key its value, in its old place where it has one.
pub(super) fn set(keys: &mut Vec<KeyDraft>, key: &str, value: Value, at: Option<Spot>) {
    let draft = KeyDraft {
        key: key.to_owned(),
        value,
        at,
    };
    match keys.iter_mut().find(|old| old.key == key) {
        Some(old) => *old = draft,
        None => keys.push(draft),
    }
}
