//! The way to the engine: one request over one connection, with nothing kept open between two, so that an engine may
//! die and return at any time. Both our own look-ups and the library's calls go this way.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, body_full};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use model::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::connection::Address;
use super::error::EngineError;
use super::tls::Tls;

/// Longest answer that is read as a whole: a list of many thousand containers.
const ANSWER_MAX: usize = 64 << 20;

/// Between us and a remote engine may stand what forgets a connection that is silent, and tells nobody: a dead one is found
/// after 30 seconds.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5)).with_retries(3);

#[derive(Debug)]
pub(super) struct Wire {
    address: Address,
    patience: Duration,
    version: Mutex<Option<Version>>,
}

/// Version of the engine's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(usize, usize);

impl Wire {
    /// Opens no connection. A connection that is asked for takes at most `patience`.
    pub(super) fn new(address: Address, patience: Duration) -> Self {
        Self { address, patience, version: Mutex::new(None) }
    }

    /// Sends a request in the version of the API that the engine and we both speak, and gives the answer's beginning.
    pub(super) async fn send(&self, request: BollardRequest) -> Result<Response<Incoming>, EngineError> {
        let Version(major, minor) = self.version().await?;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("/v{major}.{minor}{path}").parse::<Uri>().map_err(EngineError::nonsense)?;
        self.exchange(Request::from_parts(parts, body)).await
    }

    /// Looks something up at `path`, which may hold a query.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
        read(self.open(path).await?).await
    }

    /// The beginning of what the engine answers at `path`; its refusal is an error.
    pub(super) async fn open(&self, path: &str) -> Result<Response<Incoming>, EngineError> {
        accepted(self.send(look_up(path)?).await?).await
    }

    /// Asks for what is answered by handing over the connection, to read and write as the engine then says.
    pub(super) async fn take_over(&self, path: &str, body: &serde_json::Value) -> Result<Upgraded, EngineError> {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "tcp")
            .body(body_full(Bytes::from(body.to_string())))
            .map_err(EngineError::nonsense)?;
        let response = self.send(request).await?;
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(hyper::upgrade::on(response).await?),
            status if status.is_success() => Err(EngineError::nonsense("it keeps the connection to itself")),
            _ => Err(refusal(response).await),
        }
    }

    /// When the first of the certificates ends that the way to the engine needs; `None` without TLS.
    pub(super) fn certificate_ends_at(&self) -> Option<Timestamp> {
        match &self.address {
            Address::Tcp { tls: Some(tls), .. } => tls.ends_at(),
            _ => None,
        }
    }

    /// An engine that was away may return as another version.
    pub(super) fn forget_version(&self) {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn version(&self) -> Result<Version, EngineError> {
        let known = *self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = known {
            return Ok(version);
        }
        let response = accepted(self.exchange(look_up("/version")?).await?).await?;
        let spoken = read::<Spoken>(response).await?;
        let version = spoken.common().ok_or_else(|| EngineError::nonsense("it tells no version"))?;
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
        Ok(version)
    }

    async fn exchange(&self, request: BollardRequest) -> Result<Response<Incoming>, EngineError> {
        let answer = self.connect_and_send(request).await;
        if answer.is_err() {
            self.forget_version();
        }
        answer
    }

    async fn connect_and_send(&self, request: BollardRequest) -> Result<Response<Incoming>, EngineError> {
        match &self.address {
            Address::Socket(path) => {
                let stream = self.in_time(UnixStream::connect(path)).await?;
                Ok(over(stream, "docker", request).await?)
            }
            Address::Absent(why) => Err(EngineError::Unreachable((*why).to_owned())),
            #[cfg(any(test, feature = "testing"))]
            Address::Inside(way) => {
                let stream = (way.0)().ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
                Ok(over(stream, "docker", request).await?)
            }
            Address::Tcp { host, port, tls } => {
                let stream = self.in_time(TcpStream::connect((host.trim_matches(['[', ']']), *port))).await?;
                stream.set_nodelay(true)?;
                SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;
                match tls {
                    None => Ok(over(stream, host, request).await?),
                    Some(tls) => {
                        let secured = self.in_time(tls.connect(stream)).await;
                        let stream = secured.map_err(|error| tls.explained(&error).unwrap_or_else(|| error.into()))?;
                        over(stream, host, request).await.map_err(|broken| broken.explained_by(tls))
                    }
                }
            }
        }
    }

    async fn in_time<T>(&self, connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        timeout(self.patience, connecting).await.unwrap_or_else(|_| Err(late()))
    }
}

/// Sends one request over a new connection, which closes when the answer has been read or is dropped.
async fn over<S>(stream: S, host: &str, mut request: BollardRequest) -> Result<Response<Incoming>, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let host = HeaderValue::from_str(host).map_err(|error| Broken::Ours(EngineError::nonsense(error)))?;
    request.headers_mut().insert(HOST, host);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the answer, or lives on as what the answer switches to; what goes wrong on the connection, the reader is told.
    tokio::spawn(connection.with_upgrades());
    Ok(sender.send_request(request).await?)
}

/// Why there is no answer.
enum Broken {
    Connection(hyper::Error),
    Ours(EngineError),
}

impl Broken {
    /// A certificate of ours is refused with the first answer only.
    fn explained_by(self, tls: &Tls) -> EngineError {
        match self {
            Self::Connection(error) => tls.explained(&error).unwrap_or_else(|| error.into()),
            Self::Ours(error) => error,
        }
    }
}

impl From<hyper::Error> for Broken {
    fn from(error: hyper::Error) -> Self {
        Self::Connection(error)
    }
}

impl From<Broken> for EngineError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Connection(error) => error.into(),
            Broken::Ours(error) => error,
        }
    }
}

fn look_up(path: &str) -> Result<BollardRequest, EngineError> {
    Request::get(path).body(body_full(Bytes::new())).map_err(EngineError::nonsense)
}

async fn accepted(response: Response<Incoming>) -> Result<Response<Incoming>, EngineError> {
    if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
}

async fn read<T: DeserializeOwned>(response: Response<Incoming>) -> Result<T, EngineError> {
    let bytes = whole(response.into_body(), ANSWER_MAX).await?;
    serde_json::from_slice(&bytes).map_err(EngineError::nonsense)
}

async fn whole<B>(body: B, longest: usize) -> Result<Bytes, EngineError>
where
    B: Body<Data = Bytes, Error = hyper::Error>,
{
    match Limited::new(body, longest).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(match error.downcast::<hyper::Error>() {
            Ok(broken) => (*broken).into(),
            Err(_) => EngineError::nonsense("it is too long"),
        }),
    }
}

/// What the engine says of why it refuses.
async fn refusal(response: Response<Incoming>) -> EngineError {
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let status = response.status();
    match whole(response.into_body(), 64 << 10).await {
        Err(error) => error,
        Ok(bytes) => match serde_json::from_slice::<Message>(&bytes) {
            Ok(Message { message }) => EngineError::answered(status.as_u16(), &message),
            Err(_) if bytes.starts_with(SPEAKS_TLS) => {
                EngineError::Unreachable("the engine speaks TLS there: set `ca`, `cert` and `key`".to_owned())
            }
            Err(_) => EngineError::answered(status.as_u16(), canonical(status)),
        },
    }
}

/// How a server in Go answers plain HTTP where it speaks TLS.
const SPEAKS_TLS: &[u8] = b"Client sent an HTTP request to an HTTPS server";

fn canonical(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("no reason given")
}

/// The versions that the engine speaks.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spoken {
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    min_api_version: Option<String>,
}

impl Spoken {
    /// The newest that both speak; the engine's oldest where it has left ours behind.
    fn common(&self) -> Option<Version> {
        let ours = Version(API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
        let newest = Version::parse(&self.api_version)?;
        let oldest = self.min_api_version.as_deref().and_then(Version::parse).unwrap_or(newest);
        Some(ours.min(newest).max(oldest))
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

/// A value in a query: everything but letters and digits is escaped.
pub(super) fn escape(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a String takes everything");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    #[test]
    fn both_sides_speak_the_newest_version_they_share() {
        let common = |newest: &str, oldest: Option<&str>| {
            let spoken = Spoken { api_version: newest.to_owned(), min_api_version: oldest.map(str::to_owned) };
            spoken.common()
        };
        assert_eq!(common("1.41", Some("1.12")), Some(Version(1, 41)));
        assert_eq!(common("1.99", Some("1.44")), Some(Version(1, 53)));
        assert_eq!(common("2.3", Some("2.0")), Some(Version(2, 0)));
        assert_eq!(common("1.24", None), Some(Version(1, 24)));
        assert_eq!(common("new", None), None);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_is_not_read() {
        let body = || Full::new(Bytes::from_static(b"four")).map_err(|never| match never {});
        assert_eq!(whole(body(), 4).await.as_deref(), Ok(b"four".as_slice()));
        assert!(matches!(whole(body(), 3).await, Err(EngineError::Nonsense(_))));
    }

    #[test]
    fn nothing_in_a_value_ends_it() {
        assert_eq!(escape("a=b&c d/\"ü"), "a%3Db%26c%20d%2F%22%C3%BC");
    }
}
