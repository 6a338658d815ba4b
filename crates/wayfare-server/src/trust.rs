//! Whom the server believes when it calls others over TLS, and what it shows of itself.
//!
//! In: a file of authorities, or none for those that are commonly trusted; a certificate of the server's own
//! with its key, where the other side wants one. Out: what a connection is made with. Nothing turns the
//! checks off: whoever believes any certificate sends passwords to whoever stands in between.

use std::{fmt, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::config::ClientCertificate;

/// What connections are made with whose other side one of these authorities vouches for, and to which this
/// certificate is shown.
///
/// # Errors
/// A file cannot be read, holds no certificate or no key, or one that is none; or the two do not belong
/// together.
pub(crate) fn trusting(
    authorities: Option<&Path>,
    shown: Option<&ClientCertificate>,
) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.map_err(|error| wrong(path, &error))?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    Ok(Arc::new(match shown {
        None => builder.with_no_client_auth(),
        Some(shown) => {
            let key = PrivateKeyDer::from_pem_file(&shown.key);
            let key = key.map_err(|error| wrong(&shown.key, &error))?;
            builder
                .with_client_auth_cert(certificates(&shown.certificate)?, key)
                .map_err(|error| wrong(&shown.certificate, &error))?
        }
    }))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).map_err(|error| wrong(path, &error))?;
    let all: Result<Vec<_>, _> = all.collect();
    let all = all.map_err(|error| wrong(path, &error))?;
    if all.is_empty() {
        return Err(wrong(path, &"there is no certificate in it"));
    }
    Ok(all)
}

fn wrong(path: &Path, why: &dyn fmt::Display) -> String {
    format!("{}: {why}", path.display())
}
