//! Whether a file counts by its signature: one rule for claims, reviews, attestations, vetoes and
//! liftings. Pure.

use super::signers::{SignerLine, Signers, SignersOf};
use crate::gate::reason::Reason;
use crate::record::person;

/// What is known about the signature of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    #[default]
    Missing,
    /// It belongs to other bytes, or is not a signature; why.
    Broken(String),
    /// It could not be checked; why.
    Unchecked(String),
    /// It is that of a key over these bytes.
    By {
        /// The fingerprint, as `ssh-keygen -l` shows it.
        key: String,
        /// Which of [`Signers::lines`] let this key sign for the file's author at its time.
        lines: Vec<usize>,
        /// Whose key it is by other lines.
        others: Vec<String>,
    },
}

/// A file that a person made.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'s> {
    /// `review 2026…`, as messages name it.
    pub what: &'s str,
    /// The git author that it names.
    pub author: Option<&'s str>,
    pub signature: &'s Signature,
}

/// Why a file does not count by its signature. `claimants` are the authors of the claims that it is
/// about: a line of allowed signers that one of them wrote lets nobody else sign about the claim.
pub fn not_signed(file: Signed<'_>, signers: &Signers, claimants: &[String]) -> Option<Reason> {
    let what = file.what.to_owned();
    let author = file.author.unwrap_or_default();
    let must = signers.must_sign(author);
    match file.signature {
        Signature::Missing => must.then(|| Reason::Unsigned {
            what,
            author: author.to_owned(),
            file: signers.file.clone(),
        }),
        Signature::Broken(why) => Some(Reason::BrokenSignature {
            what,
            why: why.clone(),
        }),
        Signature::Unchecked(why) => must.then(|| Reason::SignatureUnchecked {
            what,
            why: why.clone(),
        }),
        // Nobody says whose key it is.
        Signature::By { .. } if signers.is_empty() && !must => None,
        Signature::By { key, lines, others } => {
            let own = claimants.iter().any(|it| person(it) == person(author));
            let wrong: Vec<Reason> = lines
                .iter()
                .map(|index| wrong_line(&what, signers.lines.get(*index)?, signers, own, claimants))
                .collect::<Option<_>>()?;
            let first = wrong.into_iter().next();
            Some(first.unwrap_or_else(|| Reason::OtherSigner {
                what,
                author: author.to_owned(),
                key: key.clone(),
                whose: others.clone(),
                file: signers.file.clone(),
            }))
        }
    }
}

/// Why a line that fits lets nobody sign about these claims.
fn wrong_line(
    what: &str,
    line: &SignerLine,
    signers: &Signers,
    own: bool,
    claimants: &[String],
) -> Option<Reason> {
    if own || claimants.is_empty() || signers.of != SignersOf::Repository {
        return None;
    }
    let Some(written) = &line.written_by else {
        return Some(Reason::SignerLineOfNobody {
            what: what.to_owned(),
            file: signers.file.clone(),
            line: line.number,
        });
    };
    let is_claimant = claimants
        .iter()
        .any(|claimant| person(claimant) == person(&written.author));
    is_claimant.then(|| Reason::SignerLineOfClaimant {
        what: what.to_owned(),
        file: signers.file.clone(),
        line: line.number,
        author: written.author.clone(),
        commit: written.commit.clone(),
        at: written.at,
    })
}

#[cfg(test)]
mod tests {
    use super::super::signers::WrittenBy;
    use super::*;

    fn signers(lines: &[(&str, Option<&str>)]) -> Signers {
        let written = |author: &str| WrittenBy {
            author: format!("{author} <{author}@example.org>"),
            commit: "c0".repeat(20),
            at: chrono::DateTime::UNIX_EPOCH,
        };
        let lines = (1..).zip(lines).filter_map(|(number, (mail, by))| {
            SignerLine::read(number, &format!("{mail} ssh-ed25519 A"), by.map(written))
        });
        Signers {
            file: "claims/allowed_signers".into(),
            lines: lines.collect(),
            ..Signers::default()
        }
    }

    fn by(lines: &[usize]) -> Signature {
        Signature::By {
            key: "SHA256:x".into(),
            lines: lines.to_vec(),
            others: Vec::new(),
        }
    }

    /// What is said of eve's review of bob's claim.
    fn of_eve(signature: &Signature, signers: &Signers, claimants: &[&str]) -> String {
        let file = Signed {
            what: "review r1",
            author: Some("Eve <eve@example.org>"),
            signature,
        };
        let claimants: Vec<String> = claimants
            .iter()
            .map(|name| format!("X <{name}@example.org>"))
            .collect();
        not_signed(file, signers, &claimants)
            .map(|why| why.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn who_is_named_must_sign_and_who_is_not_need_not() {
        let (none, named) = (signers(&[]), signers(&[("eve@example.org", Some("eve"))]));
        let missing = Signature::Missing;
        assert_eq!(of_eve(&missing, &none, &["bob"]), "");
        assert_eq!(
            of_eve(&missing, &signers(&[("ada@example.org", None)]), &["bob"]),
            ""
        );
        let why = of_eve(&missing, &named, &["bob"]);
        assert!(
            why.starts_with("review r1 is not signed") && why.contains("--sign KEY"),
            "{why}"
        );
        let broken = Signature::Broken("bad".into());
        assert!(of_eve(&broken, &none, &[]).contains("does not fit"));
        let unchecked = Signature::Unchecked("no ssh-keygen".into());
        assert_eq!(of_eve(&unchecked, &none, &[]), "");
        assert!(of_eve(&unchecked, &named, &[]).contains("no ssh-keygen"));
        assert_eq!(of_eve(&by(&[]), &none, &["bob"]), "");
        assert!(of_eve(&by(&[]), &named, &["bob"]).contains("not a key of"));
    }

    #[test]
    fn a_line_of_the_claims_author_lets_only_him_sign_about_the_claim() {
        let named = |by| signers(&[("eve@example.org", by)]);
        for (writer, fits) in [
            (Some("eve"), true),
            (Some("ann"), true),
            (Some("bob"), false),
            (None, false),
        ] {
            let why = of_eve(&by(&[0]), &named(writer), &["bob"]);
            assert_eq!(why.is_empty(), fits, "{writer:?}: {why}");
        }
        let why = of_eve(&by(&[0]), &named(Some("bob")), &["bob"]);
        assert!(
            why.contains("line 1") && why.contains("bob <bob@example.org>"),
            "{why}"
        );
        // His own key for what is his own, and where no claim is judged.
        assert_eq!(of_eve(&by(&[0]), &named(Some("eve")), &["eve", "bob"]), "");
        assert_eq!(of_eve(&by(&[0]), &named(None), &[]), "");
        // A second line that another person wrote.
        let two = signers(&[
            ("eve@example.org", Some("bob")),
            ("eve@example.org", Some("eve")),
        ]);
        assert_eq!(of_eve(&by(&[0, 1]), &two, &["bob"]), "");
        // Bob removes her line: she must still sign.
        let mut gone = signers(&[]);
        gone.gone = named(Some("eve")).lines;
        assert!(of_eve(&Signature::Missing, &gone, &["bob"]).contains("not signed"));
        assert!(of_eve(&by(&[]), &gone, &["bob"]).contains("not a key of"));
    }
}
