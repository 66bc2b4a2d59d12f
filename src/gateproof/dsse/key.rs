//! The two kinds of SSH keys whose signatures other readers of DSSE can verify.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::wire::{Wire, string};
use crate::record::signature::fingerprint;

const ED25519_KIND: &str = "ssh-ed25519";
const P256_KIND: &str = "ecdsa-sha2-nistp256";

/// What stands before the bytes of a key in a SubjectPublicKeyInfo (RFC 8410, RFC 5480).
const ED25519_INFO: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
const P256_INFO: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// A public key that signs envelopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DsseKey {
    Ed25519([u8; 32]),
    /// ECDSA over NIST P-256 with SHA-256: the point, uncompressed.
    P256([u8; 65]),
}

/// Why a text is not a key that signs envelopes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DsseKeyError {
    /// An SSH key all the same.
    #[error("a key of the kind {kind} signs no DSSE envelope: {}", why(.kind))]
    Kind { kind: String },
    #[error("it is not a valid public key; write `ssh-ed25519 AAAA…` or `{P256_KIND} AAAA…`")]
    Invalid,
    #[error("it is a private key; name the file of its public key, which ends in .pub")]
    Private,
    #[error("it has no key")]
    Empty,
    #[error("line {line}: {fault}")]
    Line {
        line: usize,
        fault: Box<DsseKeyError>,
    },
}

fn why(kind: &str) -> &'static str {
    if kind.contains("-cert-") {
        "readers of DSSE know no SSH certificates; name the plain key"
    } else if kind.starts_with("sk-") {
        "a security key signs a counter and a flag along with the text"
    } else if kind == "ssh-rsa" {
        "an SSH agent signs with PKCS #1 v1.5, and securesystemslib expects PSS by default"
    } else {
        "the kinds that do are ssh-ed25519 and ecdsa-sha2-nistp256"
    }
}

impl DsseKey {
    /// Reads a key as SSH encodes it (RFC 8709, RFC 5656).
    ///
    /// # Errors
    /// [`DsseKeyError::Kind`], [`DsseKeyError::Invalid`].
    pub fn from_ssh(blob: &[u8]) -> Result<DsseKey, DsseKeyError> {
        let mut wire = Wire(blob);
        let kind = wire
            .string()
            .and_then(|kind| std::str::from_utf8(kind).ok());
        let key = match kind.ok_or(DsseKeyError::Invalid)? {
            ED25519_KIND => wire.string().and_then(|key| key.try_into().ok()),
            P256_KIND if wire.string() == Some(b"nistp256") => {
                return wire
                    .string()
                    .and_then(DsseKey::point)
                    .filter(|_| wire.is_at_end())
                    .ok_or(DsseKeyError::Invalid);
            }
            P256_KIND | "" => None,
            kind if kind.bytes().all(|byte| byte.is_ascii_graphic()) => {
                let kind = kind.to_owned();
                return Err(DsseKeyError::Kind { kind });
            }
            _ => None,
        };
        key.filter(|_| wire.is_at_end())
            .map(DsseKey::Ed25519)
            .ok_or(DsseKeyError::Invalid)
    }

    fn point(bytes: &[u8]) -> Option<DsseKey> {
        let point: [u8; 65] = bytes.try_into().ok()?;
        (point[0] == 4).then_some(DsseKey::P256(point))
    }

    /// Reads a public key as a line of SSH, with or without a comment.
    ///
    /// # Errors
    /// [`DsseKeyError`].
    pub fn from_line(line: &str) -> Result<DsseKey, DsseKeyError> {
        let mut words = line.split_whitespace();
        let (Some(kind), Some(key)) = (words.next(), words.next()) else {
            return Err(DsseKeyError::Invalid);
        };
        let blob = STANDARD.decode(key).map_err(|_| DsseKeyError::Invalid)?;
        if !blob.starts_with(&string(kind.as_bytes())) {
            return Err(DsseKeyError::Invalid);
        }
        DsseKey::from_ssh(&blob)
    }

    /// Reads a file of public keys: lines of SSH with one key each, where `#` begins a comment, or one
    /// key in PEM as `openssl` writes it.
    ///
    /// # Errors
    /// [`DsseKeyError`]; a file without a key is one.
    pub fn read_all(text: &str) -> Result<Vec<DsseKey>, DsseKeyError> {
        if let Some(body) = text.trim().strip_prefix(PEM_BEGIN) {
            let body = body.strip_suffix(PEM_END).ok_or(DsseKeyError::Invalid)?;
            return DsseKey::from_info(&body.split_whitespace().collect::<String>())
                .map(|key| vec![key]);
        }
        if text.contains("PRIVATE KEY-----") {
            return Err(DsseKeyError::Private);
        }
        let lines = text.lines().enumerate().map(|(at, line)| (at, line.trim()));
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let keys = keys.map(|(at, line)| {
            DsseKey::from_line(line).map_err(|fault| DsseKeyError::Line {
                line: at + 1,
                fault: Box::new(fault),
            })
        });
        let keys: Vec<DsseKey> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(DsseKeyError::Empty);
        }
        Ok(keys)
    }

    fn from_info(base64: &str) -> Result<DsseKey, DsseKeyError> {
        let info = STANDARD.decode(base64).map_err(|_| DsseKeyError::Invalid)?;
        let ed25519 = info.strip_prefix(ED25519_INFO);
        let ed25519 = ed25519.and_then(|key| key.try_into().ok());
        let p256 = || info.strip_prefix(P256_INFO).and_then(DsseKey::point);
        ed25519
            .map(DsseKey::Ed25519)
            .or_else(p256)
            .ok_or(DsseKeyError::Invalid)
    }

    /// The key as SSH encodes it.
    pub fn to_ssh(&self) -> Vec<u8> {
        match self {
            DsseKey::Ed25519(key) => [string(ED25519_KIND.as_bytes()), string(key)].concat(),
            DsseKey::P256(point) => [
                string(P256_KIND.as_bytes()),
                string(b"nistp256"),
                string(point),
            ]
            .concat(),
        }
    }

    /// The fingerprint, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.to_ssh())
    }

    /// The id of the key as securesystemslib computes it: the SHA-256 of its canonical JSON, in hex.
    pub fn keyid(&self) -> String {
        let (kind, scheme, public) = match self {
            DsseKey::Ed25519(key) => ("ed25519", "ed25519", hex(key)),
            DsseKey::P256(point) => {
                let info = STANDARD.encode([P256_INFO, point].concat());
                // 91 bytes: the first line of 64 characters, and a rest.
                let (first, rest) = info.split_at(64);
                let pem = format!("{PEM_BEGIN}\n{first}\n{rest}\n{PEM_END}\n");
                ("ecdsa", P256_KIND, pem)
            }
        };
        // Keys in order, no white space, and line ends as they are: only `"` and `\` would be escaped.
        let canonical = format!(
            r#"{{"keytype":"{kind}","keyval":{{"public":"{public}"}},"scheme":"{scheme}"}}"#
        );
        hex(&Sha256::digest(canonical))
    }

    /// The signature that DSSE carries, of the one that an SSH agent gave: 64 bytes for ed25519, the DER
    /// of (r, s) for ECDSA. `None` if it is not one of this kind of key.
    pub(super) fn signature(&self, of_agent: &[u8]) -> Option<Vec<u8>> {
        let mut wire = Wire(of_agent);
        let kind = wire.string()?;
        let body = wire.string().filter(|_| wire.is_at_end())?;
        match self {
            DsseKey::Ed25519(_) => (kind == ED25519_KIND.as_bytes()).then(|| body.to_vec()),
            DsseKey::P256(_) if kind == P256_KIND.as_bytes() => {
                let mut wire = Wire(body);
                let (r, s) = (wire.string()?, wire.string()?);
                // SSH's numbers have the bytes of DER's integers; 33 at most, so that a length is one byte.
                let integer = |bytes: &[u8]| -> Option<Vec<u8>> {
                    let length = u8::try_from(bytes.len()).ok().filter(|n| *n <= 33)?;
                    Some([&[2, length][..], bytes].concat())
                };
                let body = [integer(r)?, integer(s)?].concat();
                let length = u8::try_from(body.len()).ok()?;
                wire.is_at_end()
                    .then(|| [&[0x30, length][..], &body].concat())
            }
            DsseKey::P256(_) => None,
        }
    }

    /// Whether this key made that signature over these bytes.
    pub fn made(&self, signature: &[u8], bytes: &[u8]) -> bool {
        let verified = match self {
            DsseKey::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(bytes, signature),
            DsseKey::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(bytes, signature)
            }
        };
        verified.is_ok()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
