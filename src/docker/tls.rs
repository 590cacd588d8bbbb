//! How the way to an engine on another machine is secured: certificates on both sides, as `docker --tlsverify` has it. Files that
//! are replaced count from the next connection on; what is wrong with a certificate is told in words.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use model::text::clean;
use model::time::Timestamp;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::connection::ConnectionError;
use super::error::EngineError;

/// Longest text of the library that is passed on, in characters.
const TEXT_MAX: usize = 200;

/// In PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    /// The authority that signed the engine's certificate.
    pub(super) ca: PathBuf,
    /// Our own certificate and its key, where the engine asks for them.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// TLS to one engine. Clones share what was read.
#[derive(Clone)]
pub(super) struct Tls(Arc<Inner>);

struct Inner {
    files: Files,
    name: ServerName<'static>,
    loaded: Mutex<Loaded>,
    /// When the certificate ends that the engine showed last.
    engine_ends_at: Mutex<Option<Timestamp>>,
}

/// What the files held.
#[derive(Clone)]
struct Loaded {
    stamp: Stamp,
    config: Arc<ClientConfig>,
    authority: Vec<Dates>,
    own: Option<Dates>,
}

/// When each file was written, and how long it is.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// From when on and until when a certificate counts, and whether it is for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dates {
    from: Timestamp,
    until: Timestamp,
    for_clients: bool,
}

/// Without the configuration: it holds a private key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files; opens no connection.
    pub(super) fn new(files: Files, name: ServerName<'static>) -> Result<Self, ConnectionError> {
        let loaded = Mutex::new(files.load()?);
        Ok(Self(Arc::new(Inner { files, name, loaded, engine_ends_at: Mutex::default() })))
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(self.now().config);
        let stream = connector.connect(self.0.name.clone(), stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        *lock(&self.0.engine_ends_at) = shown.and_then(|shown| dates(shown)).map(|dates| dates.until);
        Ok(stream)
    }

    /// When the first of the certificates ends that the way to the engine needs, as far as they are known.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        let Loaded { authority, own, .. } = self.now();
        let ours = authority.into_iter().chain(own).map(|dates| dates.until);
        ours.chain(*lock(&self.0.engine_ends_at)).min()
    }

    /// What the files hold now. Where a file has been replaced by something that cannot be used, what was there before.
    fn now(&self) -> Loaded {
        let mut loaded = lock(&self.0.loaded);
        let stamp = self.0.files.stamp();
        if stamp != loaded.stamp {
            match self.0.files.load() {
                Ok(fresh) => {
                    tracing::info!(name = %self.0.name.to_str(), "the certificates for an engine were replaced");
                    *loaded = fresh;
                }
                Err(error) => {
                    tracing::warn!(%error, "a certificate was replaced by one that cannot be used; the one before is kept");
                    loaded.stamp = stamp;
                }
            }
        }
        loaded.clone()
    }

    /// What is wrong with a certificate, where that is why a connection failed.
    pub(super) fn explained(&self, error: &(dyn std::error::Error + 'static)) -> Option<EngineError> {
        let words = match cause(error)? {
            TlsError::InvalidCertificate(wrong) => self.not_trusted(wrong),
            TlsError::AlertReceived(_) => self.not_accepted(),
            other => clean(&format!("TLS failed: {other}"), TEXT_MAX),
        };
        Some(EngineError::Unreachable(words))
    }

    fn not_trusted(&self, wrong: &CertificateError) -> String {
        match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the engine's certificate has expired: renew it, and restart the engine".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the engine's certificate is not valid yet: look whether the clock here or there is wrong".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let name = self.0.name.to_str();
                format!(
                    "the engine's certificate is not for `{name}`: it must name it as a subjectAltName, an address as an IP"
                )
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the engine's certificate is not signed by the authority in `ca`".to_owned()
            }
            other => clean(&format!("the engine's certificate cannot be trusted: {other}"), TEXT_MAX),
        }
    }

    /// An engine answers each fault of a client's certificate alike, so what is known of ours is told.
    fn not_accepted(&self) -> String {
        match self.now().own {
            None => "the engine asks for a certificate: set `cert` and `key`".to_owned(),
            Some(Dates { for_clients: false, .. }) => {
                "the engine does not accept our certificate, which is not for a client: it needs the extended key usage clientAuth".to_owned()
            }
            Some(Dates { from, until, .. }) => format!(
                "the engine does not accept our certificate: it must be signed by the authority that the engine trusts, and it is valid from {} to {}",
                from.short_utc(),
                until.short_utc()
            ),
        }
    }
}

impl Files {
    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        let identity = self.identity.iter().flat_map(|(cert, key)| [cert, key]);
        std::iter::once(&self.ca).chain(identity)
    }

    fn stamp(&self) -> Stamp {
        let of = |path: &PathBuf| {
            let file = std::fs::metadata(path).ok()?;
            Some((file.modified().ok()?, file.len()))
        };
        self.all().map(of).collect()
    }

    fn load(&self) -> Result<Loaded, ConnectionError> {
        let stamp = self.stamp();
        let authorities = certificates(&self.ca)?;
        let authority = authorities.iter().filter_map(dates).collect();
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(|error| unusable(&self.ca, &error))?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&self.ca, &error))?
            .with_root_certificates(roots);
        let (config, own) = match &self.identity {
            None => (config.with_no_client_auth(), None),
            Some((cert, key)) => {
                let (chain, private) = (certificates(cert)?, private_key(key)?);
                let own = chain.first().and_then(dates);
                let config = config.with_client_auth_cert(chain, private).map_err(|error| match error {
                    TlsError::InconsistentKeys(_) => unusable(cert, &"is not of the key that `key` names"),
                    other => unusable(cert, &other),
                })?;
                (config, own)
            }
        };
        Ok(Loaded { stamp, config: Arc::new(config), authority, own })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectionError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| unusable(path, &error))?;
    let all = read.collect::<Result<Vec<_>, _>>().map_err(|error| unusable(path, &error))?;
    if all.is_empty() { Err(unusable(path, &"holds no certificate")) } else { Ok(all) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectionError> {
    let text = std::fs::read(path).map_err(|error| unusable(path, &error))?;
    let is_encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match is_encrypted {
        true => unusable(
            path,
            &"the key is encrypted, and Berth knows no passphrase: write it in clear with `openssl pkey`",
        ),
        false => unusable(path, &error),
    })
}

fn unusable(path: &Path, why: &dyn fmt::Display) -> ConnectionError {
    ConnectionError::File { path: path.to_owned(), why: why.to_string() }
}

/// RFC 5280, sections 4.1.2.5 and 4.2.1.12: without an extended key usage a certificate is for everything.
fn dates(certificate: &CertificateDer<'_>) -> Option<Dates> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let usage = read.extended_key_usage().ok()?;
    let moment = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
    Some(Dates {
        from: moment(read.validity().not_before.timestamp()),
        until: moment(read.validity().not_after.timestamp()),
        for_clients: usage.is_none_or(|usage| usage.value.client_auth || usage.value.any),
    })
}

/// What TLS itself says, however deep it is.
fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a TlsError> {
    if let Some(io) = error.downcast_ref::<io::Error>() {
        return io.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    }
    error.source().and_then(cause)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
