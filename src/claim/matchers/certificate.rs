//! The certificate a server presented.

use super::bounds::{self, Domain};
use super::describe;
use super::limits;
use super::verdict::{Site, Verdict};
use crate::expectation::CertificateMatcher;
use reach::observation::Certificate;

/// Holds a certificate, or that there was none, against a matcher.
pub(super) fn judge(
    site: &Site<'_>,
    matcher: &CertificateMatcher,
    certificate: Option<&Certificate>,
) -> Verdict {
    let Some(certificate) = certificate else {
        return site
            .unfit(
                describe::certificate(matcher, site.scope),
                "no certificate was presented",
            )
            .with_note(Some("the answer did not come over TLS".to_owned()));
    };
    Verdict::all(
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
    site: &Site<'_>,
    matcher: &CertificateMatcher,
    certificate: &Certificate,
) -> Option<Verdict> {
    let wanted = matcher.days_left.as_ref()?;
    let days = certificate.days_left;
    Some(match limits::fixed(site, wanted, Domain::Whole) {
        Err(verdict) => verdict,
        Ok(plain) if bounds::within(&plain, days as f64) => Verdict::Holds,
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
    site: &Site<'_>,
    matcher: &CertificateMatcher,
    certificate: &Certificate,
) -> Option<Verdict> {
    let wanted = matcher.sha256.as_ref()?;
    Some(if wanted.eq_ignore_ascii_case(&certificate.sha256) {
        Verdict::Holds
    } else {
        site.part("sha256").differs(wanted, &certificate.sha256)
    })
}

fn name(
    site: &Site<'_>,
    matcher: &CertificateMatcher,
    certificate: &Certificate,
) -> Option<Verdict> {
    let wanted = matcher.name.as_ref()?.render(site.scope);
    let wanted = wanted.trim();
    let names = &certificate.names;
    if names.iter().any(|name| name.eq_ignore_ascii_case(wanted)) {
        return Some(Verdict::Holds);
    }
    let wildcard = names
        .iter()
        .find(|name| is_covered_by(wanted, name))
        .map(|name| format!("`{name}` covers it, but the claim asks for the name itself"));
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
