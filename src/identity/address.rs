//! Where people reach Berth: the public address, from which redirects, cookies and the origin check are derived, never from
//! what a request says.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use url::{Host, Url};

/// Scheme, host and port, without a path. `http` only on loopback: elsewhere the session cookie would cross the network
/// in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

pub const PUBLIC_URL_ALLOWED: &str = "an address without a path, such as https://berth.example.org (http only on loopback, such as http://localhost:3000)";

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Url = text.parse().map_err(|_| PUBLIC_URL_ALLOWED)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let schemes = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if bare && anonymous && schemes { Ok(Self(url)) } else { Err(PUBLIC_URL_ALLOWED) }
    }
}

impl fmt::Display for PublicUrl {
    /// Without a slash at the end: also the form in which a browser names this origin.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl PublicUrl {
    /// The address of a server that listens on `addr` and has no other name.
    #[must_use]
    pub fn of_listener(addr: SocketAddr) -> Self {
        Self(format!("http://{addr}").parse().expect("a socket address makes a URL"))
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Name or address, without a port; an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, also where the address leaves it out.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// A place under this address; `path` begins with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// The origins that our own pages have: on loopback, every name of it.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let mut origins = vec![self.to_string()];
        if !self.is_https() {
            let port = self.0.port().map_or_else(String::new, |port| format!(":{port}"));
            origins.extend(["localhost", "127.0.0.1", "[::1]"].map(|host| format!("http://{host}{port}")));
        }
        origins
    }
}

/// Whether a browser names an address of this machine as where a page is from, in clear.
#[must_use]
pub fn is_loopback_origin(origin: &str) -> bool {
    let url = origin.parse::<Url>().ok().filter(|url| url.scheme() == "http" && is_loopback(url));
    url.is_some_and(|url| url.origin().ascii_serialization() == origin)
}

/// Whether a URL's host is this machine for whoever opens it.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_an_origin_and_in_clear_only_on_loopback() {
        for (text, shown) in [
            ("https://berth.example.org", "https://berth.example.org"),
            ("https://berth.example.org:443/", "https://berth.example.org"),
            ("https://Berth.Example.org:8443", "https://berth.example.org:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://berth.localhost", "http://berth.localhost"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().map(|url| url.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for bad in [
            "",
            "berth.example.org",
            "http://berth.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "https://berth.example.org/path",
            "https://berth.example.org/?q",
            "https://user@berth.example.org",
            "ftp://localhost",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_name_of_loopback_is_our_origin_there_and_nowhere_else() {
        let local = PublicUrl::of_listener(([127, 0, 0, 1], 3000).into());
        assert!(local.origins().contains(&"http://localhost:3000".to_owned()));
        let public: PublicUrl = "https://berth.example.org".parse().expect("an address");
        assert_eq!(public.origins(), ["https://berth.example.org"]);
    }
}
