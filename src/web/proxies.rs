//! Where a request comes from: the peer, or what a listed proxy says. What only a proxy may say is dropped from others.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

/// The client's address, for limits and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The configured proxies.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

/// Headers by which some proxies name the person. Nothing here believes any; none comes further than this.
const IDENTITIES: [&str; 14] = [
    "remote-user",
    "remote-email",
    "remote-name",
    "remote-groups",
    "x-remote-user",
    "x-remote-groups",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-auth-request-groups",
    "x-webauth-user",
];

impl Proxies {
    #[must_use]
    pub fn new(listed: &[IpNet]) -> Self {
        Self(listed.to_vec())
    }

    fn lists(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Walks back from the peer for as long as each hop is a listed proxy.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let said = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = said.flat_map(|value| value.split(',')).collect();
        let mut client = peer;
        for hop in hops.iter().rev() {
            let (true, Ok(before)) = (self.lists(client), hop.trim().parse::<IpAddr>()) else { break };
            client = before.to_canonical();
        }
        client
    }
}

/// The middleware: notes the [`ClientAddress`] and drops what this client may not say.
pub async fn note(State(proxies): State<Arc<Proxies>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
    if let Some(peer) = peer {
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    let trusted = peer.is_some_and(|peer| proxies.lists(peer));
    drop_claims(request.headers_mut(), trusted);
    next.run(request).await
}

/// Spellings with underscores are as good as those with hyphens to some servers.
fn drop_claims(headers: &mut HeaderMap, trusted: bool) {
    let claims = |name: &HeaderName| {
        let name = name.as_str().replace('_', "-");
        let forwarded = name == "forwarded" || name == "x-real-ip" || name.starts_with("x-forwarded-");
        IDENTITIES.contains(&name.as_str()) || (forwarded && !trusted)
    };
    let dropped: Vec<HeaderName> = headers.keys().filter(|name| claims(name)).cloned().collect();
    for name in dropped {
        headers.remove(name);
    }
}
