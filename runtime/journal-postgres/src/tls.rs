//! Encryption, with the server's certificate verified: against the machine's authorities, or one that is named.

use std::path::Path;
use std::sync::Arc;

use bp_journal::StoreError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::refused;

/// Connections to servers whose certificate one of these authorities has signed for their name.
pub(crate) fn verified(roots: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let roots = match roots {
        Some(file) => of_file(file)?,
        None => of_machine()?,
    };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(format!("no encrypted connection can be made: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn of_file(file: &Path) -> Result<RootCertStore, StoreError> {
    let failed = |why: &dyn std::fmt::Display| {
        refused(format!(
            "the certificates of `sslrootcert`, {}, can't be used: {why}; name a file with the authority's \
             certificate as PEM",
            file.display()
        ))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() {
        return Err(failed(&"it holds none"));
    }
    Ok(roots)
}

fn of_machine() -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    // What can't be read among many is no harm: it signed nothing that is met.
    let _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(refused(
            "this machine knows no authorities that sign servers' certificates: install `ca-certificates`, or \
             name one by `sslrootcert=FILE` in the journal's URL",
        ));
    }
    Ok(roots)
}
