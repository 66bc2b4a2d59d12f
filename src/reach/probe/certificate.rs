//! Reads a server's certificate.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use crate::observation::Certificate;
use kit::digest;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Reads a leaf certificate from its DER bytes; `now` is in seconds since the epoch.
///
/// # Errors
/// Why the bytes are not an X.509 certificate.
pub fn read(der: &[u8], now: i64) -> Result<Certificate, String> {
    let (_, certificate) =
        x509_parser::parse_x509_certificate(der).map_err(|error| error.to_string())?;
    let not_after = certificate.validity().not_after.timestamp();
    Ok(Certificate {
        sha256: digest::sha256(der),
        not_after,
        // Rounded down, so that a certificate in its last hours has 0 days and one that ended
        // a minute ago has -1.
        days_left: (not_after - now).div_euclid(SECONDS_A_DAY),
        names: names(&certificate),
    })
}

/// The common name, then the DNS names, each once.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok());
    let alternative = certificate
        .subject_alternative_name()
        .ok()
        .flatten()
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default()
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        });
    let mut names: Vec<String> = Vec::new();
    for name in common.chain(alternative) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    /// 2030-01-01T00:00:00Z
    const END: i64 = 1_893_456_000;

    fn sample() -> Vec<u8> {
        let names = vec!["a.test".into(), "*.b.test".into(), "127.0.0.1".into()];
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "common.test");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn names_are_the_common_name_and_the_dns_names() {
        let read = read(&sample(), 0).unwrap();
        assert_eq!(
            read.names,
            [
                "rcgen self signed cert",
                "common.test",
                "a.test",
                "*.b.test"
            ][1..]
        );
        assert_eq!(read.not_after, END);
    }

    #[test]
    fn days_left_are_rounded_down_on_both_sides_of_the_end() {
        let der = sample();
        let days = |now| read(&der, now).unwrap().days_left;
        assert_eq!(days(END - 10 * SECONDS_A_DAY), 10);
        assert_eq!(days(END - 10 * SECONDS_A_DAY + 1), 9);
        assert_eq!(days(END - 1), 0);
        assert_eq!(days(END), 0);
        assert_eq!(days(END + 1), -1);
        assert_eq!(days(END + SECONDS_A_DAY), -1);
    }

    #[test]
    fn the_fingerprint_is_the_one_other_tools_show() {
        // `openssl x509 -fingerprint -sha256` is SHA-256 over the DER bytes.
        assert_eq!(
            digest::sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let der = sample();
        assert_eq!(read(&der, 0).unwrap().sha256, digest::sha256(&der));
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_an_error_or_a_certificate_but_never_a_panic(at in 0usize..400, byte: u8) {
            let mut der = sample();
            let at = at % der.len();
            der[at] = byte;
            let _ = read(&der, 0);
            prop_assert!(read(&der[..at], 0).is_err());
        }
    }
}
