//! The certificate a server presented.

use super::bounds::{self, Domain};
use super::limits::{self, Limits};
use super::result::{MatchResult, MatchSite};
use super::rule::{names, vacuous_limits};
use kit::decimal::Decimal;
use kit::text::{Scope, Text};
use reach::observation::Certificate;

/// What the presented certificate must be like; all that are set must hold.
#[derive(Clone, Debug, Default)]
pub struct CertificateMatcher {
    /// Days until it expires.
    pub days_left: Option<Limits>,
    /// SHA-256 fingerprint of the DER bytes, lower-case hex without colons.
    pub sha256: Option<String>,
    /// One of its names is this.
    pub name: Option<Text>,
}

impl CertificateMatcher {
    /// The names of the parameters in the matcher.
    pub(crate) fn params(&self) -> Vec<String> {
        let days_left = self.days_left.iter().flat_map(Limits::params);
        names(&self.name).into_iter().chain(days_left).collect()
    }
}

/// Holds a certificate, or that there was none, against a matcher.
pub(super) fn judge(
    site: &MatchSite<'_>,
    matcher: &CertificateMatcher,
    certificate: Option<&Certificate>,
) -> MatchResult {
    let Some(certificate) = certificate else {
        return site
            .unfit(
                describe(matcher, site.scope),
                "no certificate was presented",
            )
            .with_note(Some("the answer did not come over TLS".to_owned()));
    };
    MatchResult::all(
        [
            days_left(site, matcher, certificate),
            fingerprint(site, matcher, certificate),
            name(site, matcher, certificate),
        ]
        .into_iter()
        .flatten(),
    )
}

fn days_left(
    site: &MatchSite<'_>,
    matcher: &CertificateMatcher,
    certificate: &Certificate,
) -> Option<MatchResult> {
    let wanted = matcher.days_left.as_ref()?;
    let days = certificate.days_left;
    Some(match limits::fixed(site, wanted, Domain::Whole) {
        Err(verdict) => verdict,
        Ok(plain) if bounds::within(&plain, &Decimal::from(days)) => MatchResult::Holds,
        Ok(_) => site
            .part("days_left")
            .differs(
                limits::describe(wanted, "days", site.scope),
                format!("{days} days"),
            )
            .with_note((days < 0).then(|| "it has expired".to_owned())),
    })
}

fn fingerprint(
    site: &MatchSite<'_>,
    matcher: &CertificateMatcher,
    certificate: &Certificate,
) -> Option<MatchResult> {
    let wanted = matcher.sha256.as_ref()?;
    Some(if wanted.eq_ignore_ascii_case(&certificate.sha256) {
        MatchResult::Holds
    } else {
        site.part("sha256").differs(wanted, &certificate.sha256)
    })
}

fn name(
    site: &MatchSite<'_>,
    matcher: &CertificateMatcher,
    certificate: &Certificate,
) -> Option<MatchResult> {
    let wanted = matcher.name.as_ref()?.render(site.scope);
    let wanted = wanted.trim();
    let names = &certificate.names;
    if names.iter().any(|name| name.eq_ignore_ascii_case(wanted)) {
        return Some(MatchResult::Holds);
    }
    let wildcard = names
        .iter()
        .find(|name| is_covered_by(wanted, name))
        .map(|name| format!("`{name}` covers it, but the claim expects the name itself"));
    let observed = if names.is_empty() {
        "it has no names".to_owned()
    } else {
        names.join(", ")
    };
    Some(
        site.part("name")
            .differs(wanted, observed)
            .with_note(wildcard),
    )
}

/// Whether the wildcard stands for the name: one label in place of the star (RFC 6125, 6.4.3).
fn is_covered_by(name: &str, wildcard: &str) -> bool {
    match (name.split_once('.'), wildcard.strip_prefix("*.")) {
        (Some((label, rest)), Some(domain)) => {
            !label.is_empty() && rest.eq_ignore_ascii_case(domain)
        }
        _ => false,
    }
}

/// What a certificate must be like.
pub(super) fn describe(matcher: &CertificateMatcher, scope: &Scope) -> String {
    let days = matcher
        .days_left
        .as_ref()
        .map(|limits| format!("days_left {}", limits::describe(limits, "", scope)));
    let digest = matcher.sha256.as_ref().map(|hex| format!("sha256 {hex}"));
    let name = matcher
        .name
        .as_ref()
        .map(|name| format!("name {}", name.render(scope).trim()));
    let parts: Vec<String> = [days, digest, name].into_iter().flatten().collect();
    if parts.is_empty() {
        "any".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Why the matcher, or a part of it, cannot fail.
pub(super) fn vacuous(matcher: &CertificateMatcher) -> Option<String> {
    let CertificateMatcher {
        days_left,
        sha256,
        name,
    } = matcher;
    if days_left.is_none() && sha256.is_none() && name.is_none() {
        let why = "a certificate without days_left, sha256 or name has no effect";
        return Some(why.to_owned());
    }
    vacuous_limits(days_left.as_ref()?, Domain::Whole, "days")
}

/// Whether no certificate can match.
pub(super) fn never(matcher: &CertificateMatcher) -> bool {
    let days_left = matcher.days_left.as_ref();
    days_left.is_some_and(|limits| limits::never(limits, Domain::Whole))
}
