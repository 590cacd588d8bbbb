//! An engine on another machine, behind TLS with certificates on both sides, as `docker --tlsverify` has it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use docker::{Connection, Engine, EngineError, Patience};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::stand_in::StandIn;

/// A folder as `DOCKER_CERT_PATH` names it: an authority, and what it signed for both sides.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// The same, where those of the `server` or the `client` are otherwise.
    fn with(otherwise: impl Fn(&str, &mut CertificateParams)) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
        let this = Self { folder: tempfile::tempdir().expect("a folder") };
        this.write("ca.pem", &authority.pem());
        for (name, usage) in
            [("server", ExtendedKeyUsagePurpose::ServerAuth), ("client", ExtendedKeyUsagePurpose::ClientAuth)]
        {
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
            params.extended_key_usages = vec![usage];
            otherwise(name, &mut params);
            let key = key();
            let certificate = params.signed_by(&key, &authority).expect("a certificate");
            this.write(&format!("{name}-cert.pem"), &certificate.pem());
            this.write(&format!("{name}-key.pem"), &key.serialize_pem());
        }
        this
    }

    fn write(&self, name: &str, pem: &str) {
        std::fs::write(self.file(name), pem).expect("a file");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// A stand-in's socket, reached through TLS alone.
struct Front {
    port: u16,
    certificates: Certificates,
    serving: JoinHandle<()>,
}

impl Front {
    async fn of(stand_in: &StandIn) -> Self {
        Self::with(stand_in, Certificates::new()).await
    }

    async fn with(stand_in: &StandIn, certificates: Certificates) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let acceptor = TlsAcceptor::from(Arc::new(server(&certificates)));
        let host = stand_in.connection().host.expect("a socket");
        let socket = PathBuf::from(host.trim_start_matches("unix://"));
        Self { port, certificates, serving: tokio::spawn(serve(listener, acceptor, socket)) }
    }

    fn connection(&self, trusted: &Certificates, identity: Option<&str>) -> Connection {
        let own = |what: &str| identity.map(|name| self.certificates.file(&format!("{name}-{what}.pem")));
        Connection {
            host: Some(format!("tcp://localhost:{}", self.port)),
            ca: Some(trusted.file("ca.pem")),
            cert: own("cert"),
            key: own("key"),
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn server(certificates: &Certificates) -> ServerConfig {
    let pem = |name: &str| CertificateDer::from_pem_file(certificates.file(name)).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(pem("ca.pem")).expect("an authority");
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let key = PrivateKeyDer::from_pem_file(certificates.file("server-key.pem")).expect("a key");
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_client_cert_verifier(verifier.expect("an authority"));
    config.with_single_cert(vec![pem("server-cert.pem")], key).expect("a matching key")
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, socket: PathBuf) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (acceptor, socket) = (acceptor.clone(), socket.clone());
        tokio::spawn(async move { pass_on(acceptor.accept(stream).await?, &socket).await });
    }
}

async fn pass_on(
    mut client: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    socket: &Path,
) -> std::io::Result<u64> {
    let mut engine = UnixStream::connect(socket).await?;
    let (_, back) = tokio::io::copy_bidirectional(&mut client, &mut engine).await?;
    Ok(back)
}

async fn host_at(connection: &Connection) -> Result<String, EngineError> {
    Engine::connect(connection).expect("good settings").host().await.map(|host| host.name)
}

#[tokio::test]
async fn an_engine_behind_tls_is_reached_with_certificates_on_both_sides() {
    let stand_in = StandIn::start().await;
    let front = Front::of(&stand_in).await;
    let connection = front.connection(&front.certificates, Some("client"));
    assert_eq!(host_at(&connection).await.as_deref(), Ok("stand-in"));
}

#[tokio::test]
async fn an_engine_whose_certificate_somebody_else_signed_is_told_nothing() {
    let stand_in = StandIn::start().await;
    let front = Front::of(&stand_in).await;
    let error =
        host_at(&front.connection(&Certificates::new(), Some("client"))).await.expect_err("a stranger").to_string();
    let told = "the Docker Engine cannot be reached: the engine's certificate is not signed by the authority in `ca`";
    assert_eq!(error, told);
}

#[tokio::test]
async fn an_engine_that_asks_for_a_certificate_refuses_who_has_none_or_the_wrong_one() {
    let stand_in = StandIn::start().await;
    let front = Front::of(&stand_in).await;
    for (identity, told) in [
        (None, "asks for a certificate: set `cert` and `key`"),
        (Some("server"), "needs the extended key usage clientAuth"),
    ] {
        let refused = host_at(&front.connection(&front.certificates, identity)).await.expect_err("refused").to_string();
        assert!(refused.contains(told), "{refused}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_in_words() {
    let stand_in = StandIn::start().await;
    let (past, future) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2090, 1, 1));
    let check = async |otherwise: &dyn Fn(&str, &mut CertificateParams), told: &str| {
        let front = Front::with(&stand_in, Certificates::with(otherwise)).await;
        let error = host_at(&front.connection(&front.certificates, Some("client"))).await.expect_err(told).to_string();
        assert!(error.contains(told), "«{told}» is not in: {error}");
    };
    check(
        &|name, it| {
            if name == "server" {
                it.not_after = past
            }
        },
        "the engine's certificate has expired: renew it",
    )
    .await;
    check(
        &|name, it| {
            if name == "server" {
                it.not_before = future
            }
        },
        "the engine's certificate is not valid yet",
    )
    .await;
    let elsewhere = |name: &str, it: &mut CertificateParams| {
        if name == "server" {
            it.subject_alt_names =
                CertificateParams::new(vec!["dock.example".to_owned()]).expect("a name").subject_alt_names;
        }
    };
    check(&elsewhere, "the engine's certificate is not for `localhost`").await;
    check(
        &|name, it| {
            if name == "client" {
                it.not_after = past
            }
        },
        "it is valid from 1975-01-01 00:00 UTC to 2020-01-01 00:00 UTC",
    )
    .await;
    check(
        &|name, it| {
            if name == "client" {
                it.not_before = future
            }
        },
        "it is valid from 2090-01-01 00:00 UTC",
    )
    .await;
}

#[tokio::test]
async fn our_certificate_of_another_authority_is_not_accepted_and_told_so() {
    let stand_in = StandIn::start().await;
    let (front, others) = (Front::of(&stand_in).await, Certificates::new());
    let foreign = Connection {
        cert: Some(others.file("client-cert.pem")),
        key: Some(others.file("client-key.pem")),
        ..front.connection(&front.certificates, None)
    };
    let error = host_at(&foreign).await.expect_err("a stranger").to_string();
    assert!(error.contains("must be signed by the authority that the engine trusts"), "{error}");
}

#[tokio::test]
async fn a_key_with_a_passphrase_is_refused_at_the_start() {
    let certificates = Certificates::new();
    certificates
        .write("client-key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let connection = Connection {
        host: Some("tcp://localhost:1".to_owned()),
        ca: Some(certificates.file("ca.pem")),
        cert: Some(certificates.file("client-cert.pem")),
        key: Some(certificates.file("client-key.pem")),
    };
    let error = Engine::connect(&connection).expect_err("encrypted").to_string();
    assert!(error.contains("client-key.pem") && error.contains("the key is encrypted"), "{error}");
}

#[tokio::test]
async fn certificates_that_are_replaced_count_from_the_next_connection_on_and_a_broken_one_changes_nothing() {
    let stand_in = StandIn::start().await;
    let front = Front::of(&stand_in).await;
    let stale = Certificates::new();
    let connection = front.connection(&stale, Some("client"));
    let engine = Engine::connect(&connection).expect("good settings");
    engine.host().await.expect_err("another authority's");
    let good = std::fs::read_to_string(front.certificates.file("ca.pem")).expect("a certificate");
    stale.write("ca.pem", &good);
    assert_eq!(engine.host().await.map(|host| host.name).as_deref(), Ok("stand-in"));
    stale.write("ca.pem", "half of a file");
    assert_eq!(engine.host().await.map(|host| host.name).as_deref(), Ok("stand-in"), "as it was before");
}

#[tokio::test]
async fn the_first_end_of_a_certificate_that_the_way_needs_is_known() {
    let stand_in = StandIn::start().await;
    for (whose, year) in [("server", 2040), ("client", 2039)] {
        let ends = move |name: &str, it: &mut CertificateParams| {
            it.not_after = rcgen::date_time_ymd(if name == whose { year } else { 2050 }, 1, 1);
        };
        let front = Front::with(&stand_in, Certificates::with(ends)).await;
        let engine = Engine::connect(&front.connection(&front.certificates, Some("client"))).expect("good settings");
        let ends_at = engine.host().await.expect("facts").certificate_ends_at.expect("TLS");
        assert!(ends_at.to_string().starts_with(&format!("{year}-01-01")), "{whose}: {ends_at}");
    }
}

#[tokio::test]
async fn who_takes_a_connection_and_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let certificates = Certificates::new();
    let port = silent.local_addr().expect("a bound port").port();
    let host = Some(format!("tcp://localhost:{port}"));
    let connection = Connection { host, ca: Some(certificates.file("ca.pem")), ..Connection::default() };
    let patience = Patience { connect: Duration::from_millis(50), ..Patience::default() };
    let engine = Engine::connect_with(&connection, patience).expect("good settings");
    let error = engine.host().await.expect_err("nobody answers").to_string();
    assert_eq!(error, "the Docker Engine cannot be reached: no connection in time");
}

#[tokio::test]
async fn plain_http_to_an_engine_behind_tls_is_an_error_and_no_hang() {
    let stand_in = StandIn::start().await;
    let front = Front::of(&stand_in).await;
    let plain = Connection { host: Some(format!("tcp://localhost:{}", front.port)), ..Connection::default() };
    assert!(host_at(&plain).await.is_err());
}

#[tokio::test]
async fn an_engine_that_speaks_tls_where_plain_http_was_meant_is_told_as_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    let serving = tokio::spawn(async move {
        // As a server in Go answers.
        let answer = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await.expect("a request");
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.expect("an answer");
        }
    });
    let plain = Connection { host: Some(format!("tcp://localhost:{port}")), ..Connection::default() };
    let error = host_at(&plain).await.expect_err("TLS").to_string();
    assert_eq!(error, "the Docker Engine cannot be reached: the engine speaks TLS there: set `ca`, `cert` and `key`");
    serving.abort();
}

#[tokio::test]
async fn a_certificate_that_is_not_of_its_key_is_refused_at_the_start() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let connection = Connection {
        host: Some("tcp://localhost:1".to_owned()),
        ca: Some(certificates.file("ca.pem")),
        cert: Some(certificates.file("client-cert.pem")),
        key: Some(others.file("client-key.pem")),
    };
    let error = Engine::connect(&connection).expect_err("not of one another").to_string();
    assert!(error.contains("client-cert.pem") && error.contains("is not of the key that `key` names"), "{error}");
}
