//! How a server's certificate is judged, and whether the server asked for one of ours.
//!
//! The configuration of TLS is built here and not by `reqwest`, because only its resolver of client
//! certificates sees that the server asks for one. In TLS 1.3 the refusal comes after the client has
//! finished its handshake, so how it arrives (as an alert, a close, or a cancelled request) is a race.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, sign::CertifiedKey,
};

use super::request::{RequestError, TlsTrust};
use crate::host::Fault;

/// Whether a server asked for a client certificate. There is none to give.
#[derive(Debug, Default)]
pub(super) struct Asked(AtomicBool);

impl Asked {
    pub(super) fn seen(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::SeqCst);
        None
    }

    fn has_certs(&self) -> bool {
        // Else a server that asks is not heard.
        true
    }
}

/// The configuration of TLS for one request. `https`: TLS will be spoken.
///
/// # Errors
/// A CA file that cannot be used, or a machine without a trust store where one is needed.
pub(super) fn config(
    trust: &TlsTrust,
    https: bool,
    asked: &Arc<Asked>,
) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Other(error.to_string()))?;
    let builder = match trust {
        TlsTrust::Insecure => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider))),
        TlsTrust::Ca(pem) => {
            let roots =
                roots(pem).map_err(|why| Fault::Other(RequestError::Ca(why).to_string()))?;
            builder.with_root_certificates(roots)
        }
        // Plain HTTP must not fail on a machine without a trust store; nobody is trusted there.
        TlsTrust::Verify if !https => builder.with_root_certificates(RootCertStore::empty()),
        TlsTrust::Verify => {
            let verifier = rustls_platform_verifier::Verifier::new(provider);
            let verifier = verifier.map_err(|error| Fault::Other(error.to_string()))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config =
        builder.with_client_cert_resolver(Arc::clone(asked) as Arc<dyn ResolvesClientCert>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Each request stands for itself, its certificate included.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The certificates of a PEM file, at least one.
fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("it holds no PEM certificate".to_owned());
    }
    Ok(roots)
}

/// Takes every certificate; that its owner holds the key is verified all the same.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
