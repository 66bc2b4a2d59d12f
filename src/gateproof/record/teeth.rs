//! What shows that a check can fail, as it is recorded.

use serde::{Deserialize, Serialize};

/// What shows that a check can fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TeethRecord {
    /// The proofs, the strongest first; none where nothing shows it.
    pub proofs: Vec<Proof>,
    /// The findings of the reader that are waived: code, last day, reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<String>,
    /// Why its command was not run among failing tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_starved: Option<String>,
    /// Some of the changes of what was seen that the expectation does not notice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unnoticed: Vec<String>,
    /// What it would not notice although it may matter, and what to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One thing that shows that a check can fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    pub by: ProofBy,
    /// What was seen, in words.
    pub how: String,
}

/// What shows that a check can fail, from the strongest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProofBy {
    /// Its control went red.
    Control,
    /// In the same run the same question had an answer for which the expectation does not hold.
    Disturbed,
    /// It is red when the tools of its line fail.
    Starved,
    /// It is red when what was printed is changed.
    Mutated,
    /// Nothing, by declaration.
    Waived,
}

impl ProofBy {
    /// The word in tables and documents.
    pub fn name(self) -> &'static str {
        match self {
            ProofBy::Control => "control",
            ProofBy::Disturbed => "disturbed",
            ProofBy::Starved => "starved",
            ProofBy::Mutated => "mutated",
            ProofBy::Waived => "waived",
        }
    }
}

impl TeethRecord {
    /// Adds a proof in its place.
    pub fn add(&mut self, by: ProofBy, how: impl Into<String>) {
        let how = how.into();
        self.proofs.push(Proof { by, how });
        self.proofs.sort_by_key(|proof| proof.by);
    }

    /// Whether something shows it; a waiver does not.
    pub fn shown(&self) -> bool {
        self.proofs.iter().any(|proof| proof.by != ProofBy::Waived)
    }

    /// Whether it has something to show, or a reason for having nothing.
    pub fn answered(&self) -> bool {
        !self.proofs.is_empty()
    }

    /// The strongest proof as one word.
    pub fn word(&self) -> &'static str {
        self.proofs.first().map_or("none", |proof| proof.by.name())
    }

    /// The strongest proof as one word, and the codes that are waived beside it.
    pub fn brief(&self) -> String {
        let codes = self
            .waivers
            .iter()
            .filter_map(|waiver| waiver.split(' ').next());
        let codes: Vec<&str> = codes.collect();
        match codes.as_slice() {
            [] => self.word().to_owned(),
            codes => format!("{}; {} waived", self.word(), codes.join(", ")),
        }
    }

    /// All proofs in words, each with what was seen, and what is waived.
    pub fn describe(&self) -> String {
        let waivers = self.waivers.iter().map(|waiver| format!("; {waiver}"));
        format!("{}{}", self.shown_by(), waivers.collect::<String>())
    }

    fn shown_by(&self) -> String {
        if self.proofs.is_empty() {
            return match &self.not_starved {
                Some(why) => format!("none; not starved: {why}"),
                None => "none".to_owned(),
            };
        }
        let each = self.proofs.iter();
        let each: Vec<String> = each
            .map(|proof| format!("{}: {}", proof.by.name(), proof.how))
            .collect();
        each.join("; ")
    }
}
