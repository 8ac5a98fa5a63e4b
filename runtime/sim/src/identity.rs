//! What a cluster is known by to its clients: its port, its token and its certificate.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::SimError;

/// A new token, which nobody can guess.
pub(crate) fn new_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Kept over restarts, so that a kubeconfig once written stays good.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) port: u16,
    pub(crate) token: String,
    /// The authority that clients trust.
    pub(crate) authority: String,
    certificate: String,
    key: String,
}

impl Identity {
    /// A new one.
    pub(crate) fn new(port: u16) -> Result<Self, SimError> {
        let authority_key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "embedded cluster's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = params.self_signed(&authority_key)?;
        let issuer = Issuer::new(params, authority_key);
        let key = KeyPair::generate()?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        Ok(Self {
            port,
            token: new_token(),
            authority: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// The server's side of TLS.
    pub(crate) fn server(&self) -> Result<ServerConfig, SimError> {
        let broken = |_| SimError::Identity;
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let provider = std::sync::Arc::new(ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SimError::Identity)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.map_err(broken)?], key.map_err(broken)?)
            .map_err(|_| SimError::Identity)
    }
}
