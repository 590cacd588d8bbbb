//! Whether a port answers yet: what makes a started environment a running one.

use std::time::Duration;

use model::environment::Port;
use model::name::PortName;
use model::template::Readiness;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::Reach;

/// One attempt may take this long.
const ATTEMPT: Duration = Duration::from_secs(2);
/// A connection that stays open for this long was accepted by the service itself, and not only by the engine's proxy.
const KEPT: Duration = Duration::from_millis(50);

#[derive(Debug, Clone)]
pub struct Probes {
    http: reqwest::Client,
}

/// The next pause between attempts: short at first, since most services are there in milliseconds.
#[must_use]
pub fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(4 << attempt.min(6))
}

impl Probes {
    #[must_use]
    pub fn new() -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(ATTEMPT)
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client without TLS files can always be built");
        Self { http }
    }

    /// One attempt on the port that `ready` names, where `reach` knows it to be.
    ///
    /// # Errors
    /// In words, what was answered instead.
    pub async fn attempt(&self, ready: &Readiness, ports: &[Port], reach: &Reach) -> Result<(), String> {
        match ready {
            Readiness::Started | Readiness::Health { .. } => Ok(()),
            Readiness::Tcp { port, .. } => {
                let port = published(port, ports)?;
                tcp(&reach.probed_at(port)?, port.host_port).await
            }
            Readiness::Http { port, path, .. } => {
                let port = published(port, ports)?;
                self.http(&reach.probed_at(port)?, port.host_port, path).await
            }
        }
    }

    async fn http(&self, host: &str, port: u16, path: &str) -> Result<(), String> {
        let brackets = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let answer = self.http.get(format!("http://{}:{port}{path}", brackets(host))).send().await;
        match answer {
            Ok(answer) if answer.status().as_u16() < 400 => Ok(()),
            Ok(answer) => Err(format!("port {port} answered {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => {
                Err(format!("port {port} did not answer within {} s", ATTEMPT.as_secs()))
            }
            Err(_) => Err(format!("port {port} does not answer")),
        }
    }
}

fn published<'a>(name: &PortName, ports: &'a [Port]) -> Result<&'a Port, String> {
    let port = ports.iter().find(|port| port.name == *name);
    port.ok_or_else(|| format!("the port `{name}` is not published"))
}

/// The engine's proxy accepts for the container and hangs up at once when nothing listens there.
async fn tcp(host: &str, port: u16) -> Result<(), String> {
    let connected = tokio::time::timeout(ATTEMPT, TcpStream::connect((host, port))).await;
    let Ok(Ok(mut stream)) = connected else {
        return Err(format!("port {port} does not accept a connection"));
    };
    let mut byte = [0];
    match tokio::time::timeout(KEPT, stream.read(&mut byte)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0) | Err(_)) => Err(format!("port {port} hangs up")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::template::{Protocol, Scheme};
    use model::units::Span;
    use tokio::net::TcpListener;

    fn ready() -> Readiness {
        Readiness::Tcp { port: PortName::parse("db").expect("a name"), within: Span::seconds(1) }
    }

    fn port(host_port: u16) -> Port {
        Port {
            name: PortName::parse("db").expect("a name"),
            container: 5432,
            protocol: Protocol::Tcp,
            scheme: Scheme::Raw,
            host_ip: "127.0.0.1".to_owned(),
            host_port,
            url: None,
            address: String::new(),
        }
    }

    #[tokio::test]
    async fn a_port_that_hangs_up_at_once_is_not_ready() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let number = listener.local_addr().expect("an address").port();
        let hang_up = tokio::spawn(async move { drop(listener.accept().await) });
        let refused = Probes::new().attempt(&ready(), &[port(number)], &Reach::default()).await;
        assert_eq!(refused, Err(format!("port {number} hangs up")));
        hang_up.await.expect("the listener ends");
        let gone = Probes::new().attempt(&ready(), &[port(number)], &Reach::default()).await;
        assert_eq!(gone, Err(format!("port {number} does not accept a connection")));
    }

    #[tokio::test]
    async fn a_port_that_keeps_the_connection_is_ready() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let number = listener.local_addr().expect("an address").port();
        assert_eq!(Probes::new().attempt(&ready(), &[port(number)], &Reach::default()).await, Ok(()));
    }

    #[test]
    fn pauses_grow_and_stay_short() {
        assert_eq!(backoff(0), Duration::from_millis(4));
        assert_eq!(backoff(40), Duration::from_millis(256));
    }
}
