use super::wire::string;
use super::*;

/// Keys of `ssh-keygen`, and the ids that securesystemslib 1.6.0 computes for them.
const KEYS: [(&str, &str); 2] = [
    (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHA2l4NyhhOhB8ML+Y29b78YDWp3CG/lackr9NRTtqSO",
        "a5b4ab8fa23983918e820b995eac6f2aa136c4448fcf8bd04c308a821fcd063c",
    ),
    (
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBkvsF2/UwSiD6gIoLuJCnGk7olq7hf7M2xzhZXYEomstAXCggzBcoJbmEicQjSsQUF5BQW7fcE5YHyQKmJxdy4=",
        "55159321c0c60167dc24477287f504a728e1fd43e83f85ab3e79988f75afd0d3",
    ),
];

fn key(at: usize) -> DsseKey {
    DsseKey::from_line(KEYS[at].0).unwrap()
}

#[test]
fn what_is_signed_is_encoded_as_the_specification_says() {
    // The test vector of DSSE's protocol.md.
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    // Lengths are those of the bytes, and nothing is still a length.
    assert_eq!(pae("ä", b"\xff\0"), b"DSSEv1 2 \xc3\xa4 2 \xff\0");
    assert_eq!(
        pae("application/vnd.in-toto+json", b""),
        b"DSSEv1 28 application/vnd.in-toto+json 0 "
    );
}

#[test]
fn the_id_of_a_key_is_the_one_of_securesystemslib() {
    for (line, id) in KEYS {
        assert_eq!(DsseKey::from_line(line).unwrap().keyid(), id);
    }
}

#[test]
fn a_key_is_read_whole_or_not_at_all() {
    let (ed25519, p256) = (key(0).to_ssh(), key(1).to_ssh());
    for blob in [&ed25519, &p256] {
        assert_eq!(DsseKey::from_ssh(blob).unwrap().to_ssh(), *blob);
        for end in 0..blob.len() {
            let error = DsseKey::from_ssh(&blob[..end]).unwrap_err();
            assert_eq!(error, DsseKeyError::Invalid, "{end}");
        }
        let longer = [&blob[..], b"\0"].concat();
        assert_eq!(DsseKey::from_ssh(&longer), Err(DsseKeyError::Invalid));
    }
    // A compressed point, another curve's name.
    let mut compressed = p256.clone();
    let first = compressed.len() - 65;
    compressed[first] = 2;
    assert_eq!(DsseKey::from_ssh(&compressed), Err(DsseKeyError::Invalid));
    let kind = [string(b"ecdsa-sha2-nistp256"), string(b"nistp384")].concat();
    assert_eq!(DsseKey::from_ssh(&kind), Err(DsseKeyError::Invalid));
}

#[test]
fn a_key_that_signs_no_envelope_is_told_why() {
    for (kind, why) in [
        ("ssh-rsa", "PKCS"),
        ("sk-ssh-ed25519@openssh.com", "counter"),
        ("sk-ecdsa-sha2-nistp256@openssh.com", "counter"),
        ("ssh-ed25519-cert-v01@openssh.com", "certificates"),
        ("ecdsa-sha2-nistp521", "the kinds that do"),
    ] {
        let error = DsseKey::from_ssh(&string(kind.as_bytes())).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    // The word before a key is not believed.
    let (_, base64) = KEYS[0].0.split_once(' ').unwrap();
    let error = DsseKey::from_line(&format!("ssh-rsa {base64}")).unwrap_err();
    assert_eq!(error, DsseKeyError::Invalid);
}

#[test]
fn a_file_of_keys_is_read_line_by_line_and_a_fault_has_its_place() {
    let text = format!("# ours\n\n{} ada\n{}\n", KEYS[0].0, KEYS[1].0);
    assert_eq!(DsseKey::read_all(&text).unwrap(), [key(0), key(1)]);
    let fault = DsseKey::read_all(&format!("{}\nada@example.org\n", KEYS[0].0)).unwrap_err();
    assert!(fault.to_string().starts_with("line 2: "), "{fault}");
    assert_eq!(DsseKey::read_all("# none\n"), Err(DsseKeyError::Empty));
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n";
    assert_eq!(DsseKey::read_all(private), Err(DsseKeyError::Private));
    let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(DsseKey::read_all(pem), Err(DsseKeyError::Invalid));
}

#[test]
fn a_signature_of_ecdsa_becomes_der_and_a_torn_one_nothing() {
    // r needs its leading zero; s is short.
    let (r, s) = ([&[0][..], &[0x80; 32]].concat(), vec![1; 31]);
    let body = [string(&r), string(&s)].concat();
    let whole = [string(b"ecdsa-sha2-nistp256"), string(&body)].concat();
    let der = [&[0x30, 68, 2, 33][..], &r, &[2, 31], &s].concat();
    assert_eq!(key(1).signature(&whole), Some(der));
    assert_eq!(key(0).signature(&whole), None, "of another kind of key");
    for end in 0..whole.len() {
        assert_eq!(key(1).signature(&whole[..end]), None, "{end}");
    }
    let long = [string(&[1; 34]), string(&s)].concat();
    let long = [string(b"ecdsa-sha2-nistp256"), string(&long)].concat();
    assert_eq!(key(1).signature(&long), None);
}

#[test]
fn an_envelope_of_two_payloads_is_none() {
    let one = r#"{"payload":"e30=","payloadType":"t","signatures":[]"#;
    assert!(DsseEnvelope::read(format!("{one}}}").as_bytes()).is_ok());
    assert!(DsseEnvelope::read(format!("{one},\"x\":1}}").as_bytes()).is_ok());
    for more in [",\"payload\":\"e30=\"}", "", "}}"] {
        assert!(DsseEnvelope::read(format!("{one}{more}").as_bytes()).is_err());
    }
}
