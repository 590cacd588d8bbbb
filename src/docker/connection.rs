//! Where the engine listens and how the way to it is secured, as the docker client's own settings say it.

use std::fmt;
use std::path::{Path, PathBuf};
#[cfg(any(test, feature = "testing"))]
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::rustls::pki_types::ServerName;

use super::tls::{Files, Tls};

/// The socket of an engine on this machine.
const USUAL: &str = "unix:///var/run/docker.sock";

/// Where the engine is. What is not set is the docker client's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// As `DOCKER_HOST`: `unix:///path`, `tcp://host:port`.
    pub host: Option<String>,
    /// The authority that signed the engine's certificate, in PEM. Its presence turns TLS on.
    pub ca: Option<PathBuf>,
    /// Our own certificate and key, in PEM, where the engine asks for them.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// Why these settings cannot be used. None of them depends on whether an engine is there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectionError {
    #[error("`{0}` is no address of a Docker Engine: write unix:///path/to/docker.sock or tcp://host:port")]
    Host(String),
    #[error("`{0}` is a socket of this machine, which has no TLS: remove ca, cert and key")]
    SocketWithTls(String),
    #[error("cert and key go together, beside ca")]
    HalfIdentity,
    #[error("`{}`: {why}", path.display())]
    File { path: PathBuf, why: String },
}

/// Whether `text` can be the address of an engine, as far as that shows without connecting.
#[must_use]
pub fn names_an_engine(text: &str) -> bool {
    match text.split_once("://") {
        Some(("unix", path)) => !path.is_empty(),
        Some(("tcp" | "http" | "https", place)) => host_and_port(place, 0).is_some(),
        Some(_) | None => false,
    }
}

impl Connection {
    /// The host of an engine that is reached over the network, without brackets; `None` for one on this machine's socket.
    #[must_use]
    pub fn network_host(&self) -> Option<String> {
        let (scheme, place) = self.host.as_deref()?.split_once("://")?;
        let (host, _) = host_and_port(place, 0).filter(|_| matches!(scheme, "tcp" | "http" | "https"))?;
        Some(host.trim_matches(['[', ']']).to_owned())
    }

    /// These settings where they name a host; otherwise `DOCKER_HOST`, with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`,
    /// as the docker client reads them. `variable` gives an environment variable's value.
    #[must_use]
    pub fn or_environment(self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        if self.host.is_some() {
            return self;
        }
        let Some(host) = set("DOCKER_HOST") else { return self };
        if host.starts_with("unix://") || set("DOCKER_TLS_VERIFY").is_none() {
            return Self { host: Some(host), ..self };
        }
        let home = || set("HOME").map(|home| Path::new(&home).join(".docker"));
        let folder = set("DOCKER_CERT_PATH").map(PathBuf::from).or_else(home).unwrap_or_default();
        let file = |name| Some(folder.join(name));
        Self { host: Some(host), ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") }
    }

    /// Reads the certificates; opens no connection.
    pub(super) fn address(&self) -> Result<Address, ConnectionError> {
        let host = self.host.as_deref().unwrap_or(USUAL);
        let refused = || ConnectionError::Host(host.chars().filter(|c| !c.is_control()).take(200).collect());
        let (scheme, rest) = host.split_once("://").ok_or_else(refused)?;
        let files = self.files()?;
        match scheme {
            "unix" if rest.is_empty() => Err(refused()),
            "unix" if files.is_some() => Err(ConnectionError::SocketWithTls(host.to_owned())),
            "unix" => Ok(Address::Socket(PathBuf::from(rest))),
            "https" if files.is_none() => Err(ConnectionError::HalfIdentity),
            "tcp" | "http" | "https" => {
                let (host, port) =
                    host_and_port(rest, if files.is_some() { 2376 } else { 2375 }).ok_or_else(refused)?;
                let tls = match files {
                    Some(files) => {
                        let name = host.trim_matches(['[', ']']).to_owned();
                        Some(Tls::new(files, ServerName::try_from(name).map_err(|_| refused())?)?)
                    }
                    None => None,
                };
                Ok(Address::Tcp { host, port, tls })
            }
            _ => Err(refused()),
        }
    }

    /// The files that TLS needs, if it is on.
    fn files(&self) -> Result<Option<Files>, ConnectionError> {
        match (&self.ca, &self.cert, &self.key) {
            (None, None, None) => Ok(None),
            (Some(ca), None, None) => Ok(Some(Files { ca: ca.clone(), identity: None })),
            (Some(ca), Some(cert), Some(key)) => {
                Ok(Some(Files { ca: ca.clone(), identity: Some((cert.clone(), key.clone())) }))
            }
            _ => Err(ConnectionError::HalfIdentity),
        }
    }
}

/// Where requests go.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Socket(PathBuf),
    Tcp {
        host: String,
        port: u16,
        tls: Option<Tls>,
    },
    /// There is none, for this reason: nothing is ever reached.
    Absent(&'static str),
    /// In the same process, so that a test decides in which order things happen.
    #[cfg(any(test, feature = "testing"))]
    Inside(Inside),
}

/// The way to an engine in the same process: `None` while it is away.
#[cfg(any(test, feature = "testing"))]
#[derive(Clone)]
pub struct Inside(pub Arc<dyn Fn() -> Option<tokio::io::DuplexStream> + Send + Sync>);

#[cfg(any(test, feature = "testing"))]
impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inside")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port, .. } => write!(f, "tcp://{host}:{port}"),
            Self::Absent(why) => f.write_str(why),
            #[cfg(any(test, feature = "testing"))]
            Self::Inside(_) => f.write_str("inside"),
        }
    }
}

/// `host`, `host:port` or `[v6]:port`; an address of version 6 keeps its brackets.
fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let after_bracket = text.rfind(']').unwrap_or(0);
    let (host, port) = match text[after_bracket..].rfind(':') {
        Some(colon) => (&text[..after_bracket + colon], text[after_bracket + colon + 1..].parse().ok()?),
        None => (text, default),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    let plausible = !host.is_empty() && host.chars().all(allowed) && (host.starts_with('[') || !host.contains(':'));
    plausible.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str) -> Result<String, ConnectionError> {
        let connection = Connection { host: Some(host.to_owned()), ..Connection::default() };
        connection.address().map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_written_as_the_docker_client_takes_it() {
        for (host, address) in [
            ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
            ("tcp://build.example:2375", "tcp://build.example:2375"),
            ("tcp://build.example/", "tcp://build.example:2375"),
            ("tcp://[::1]:4000", "tcp://[::1]:4000"),
            ("http://127.0.0.1", "tcp://127.0.0.1:2375"),
        ] {
            assert_eq!(at(host).as_deref(), Ok(address), "{host}");
        }
        assert_eq!(Connection::default().address().map(|a| a.to_string()).as_deref(), Ok(USUAL));
    }

    #[test]
    fn the_host_of_an_engine_is_known_where_it_is_reached_over_the_network() {
        for (host, on) in [
            ("tcp://build.example:2375", Some("build.example")),
            ("tcp://build.example/", Some("build.example")),
            ("tcp://[::1]:2375", Some("::1")),
            ("https://10.0.0.7:2376", Some("10.0.0.7")),
            ("unix:///var/run/docker.sock", None),
        ] {
            let connection = Connection { host: Some(host.to_owned()), ..Connection::default() };
            assert_eq!((connection.network_host().as_deref(), names_an_engine(host)), (on, true), "{host}");
        }
        assert_eq!(Connection::default().network_host(), None);
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for host in
            ["", "docker", "unix://", "npipe:////./pipe/docker_engine", "ssh://x", "tcp://", "tcp://a:b", "tcp://a b"]
        {
            assert!(matches!(at(host), Err(ConnectionError::Host(_))) && !names_an_engine(host), "{host}");
        }
        let shown = at("tcp://\u{1b}[31m").expect_err("control characters").to_string();
        assert!(shown.contains("unix:///") && !shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn the_environment_counts_only_where_no_host_is_configured() {
        let environment = |name: &str| match name {
            "DOCKER_HOST" => Some("tcp://far:2376".to_owned()),
            "DOCKER_TLS_VERIFY" => Some("1".to_owned()),
            "HOME" => Some("/home/bea".to_owned()),
            _ => None,
        };
        let read = Connection::default().or_environment(environment);
        assert_eq!(read.host.as_deref(), Some("tcp://far:2376"));
        assert_eq!(read.ca.as_deref(), Some(Path::new("/home/bea/.docker/ca.pem")));
        let configured = Connection { host: Some("tcp://near".to_owned()), ..Connection::default() };
        assert_eq!(configured.clone().or_environment(environment), configured);
    }

    #[test]
    fn verification_is_asked_for_by_the_variable_and_never_on_a_socket() {
        let authority = |host: &str, verify: &str| {
            let value = |name: &str| match name {
                "DOCKER_HOST" => Some(host.to_owned()),
                "DOCKER_TLS_VERIFY" => Some(verify.to_owned()),
                "DOCKER_CERT_PATH" => Some("/certs".to_owned()),
                _ => None,
            };
            Connection::default().or_environment(value).ca
        };
        assert_eq!(authority("tcp://a", ""), None);
        assert_eq!(authority("unix:///a", "1"), None);
        assert_eq!(authority("tcp://a", "1"), Some(PathBuf::from("/certs/ca.pem")));
    }

    #[test]
    fn half_of_an_identity_and_missing_files_are_named() {
        let host = Some("tcp://a".to_owned());
        let half = Connection { host: host.clone(), ca: Some("/ca".into()), cert: Some("/c".into()), key: None };
        assert_eq!(half.address().map(drop), Err(ConnectionError::HalfIdentity));
        let missing = Connection { host, ca: Some("/nowhere/ca.pem".into()), ..Connection::default() };
        let shown = missing.address().map(drop).expect_err("no such file").to_string();
        assert!(shown.contains("/nowhere/ca.pem"), "{shown}");
        let socket = Connection { host: None, ca: Some("/nowhere/ca.pem".into()), ..Connection::default() };
        assert!(socket.address().is_err());
    }
}
