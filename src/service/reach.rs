//! Where a published port is reached: by people, under the name that the operator gives the host, and by the server's own probes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::environment::Port;
use model::template::{Protocol, Scheme};

/// What is known of the host on which ports are published. Addresses of version 6 have their brackets in `public_host` and
/// `own_host`, which become parts of links, and nowhere else.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// The address on which ports are published; `None`: all of version 4.
    pub bind: Option<IpAddr>,
    /// What the operator calls the host.
    pub public_host: Option<String>,
    /// The host of Berth's own address, which is the Docker host's where nothing else is said.
    pub own_host: String,
    /// The host of an engine that is reached over the network; `None`: it is on this machine.
    pub engine_host: Option<String>,
    /// Where this server listens, where it is on the engine's host.
    pub server_port: Option<u16>,
    /// Where the operator says that probes go, whatever is published where.
    pub probe_host: Option<String>,
}

impl Reach {
    /// The port as people see it: with its address, and with its link where a browser can open it.
    pub fn show(&self, port: &mut Port) {
        let host = self.host_of(port);
        port.address = format!("{host}:{}", port.host_port);
        let scheme = match (port.protocol, port.scheme) {
            (Protocol::Tcp, Scheme::Http) => Some("http"),
            (Protocol::Tcp, Scheme::Https) => Some("https"),
            (Protocol::Udp, _) | (Protocol::Tcp, Scheme::Raw) => None,
        };
        port.url = scheme.map(|scheme| format!("{scheme}://{}:{}", self.without_our_cookies(&host), port.host_port));
    }

    /// Cookies know no port: under the name by which a browser comes to Berth itself, it would give whoever listens the session.
    /// On loopback there is another name. Elsewhere Berth is on https, and its cookie stays there.
    fn without_our_cookies<'a>(&self, host: &'a str) -> &'a str {
        match host {
            _ if host != self.own_host => host,
            "127.0.0.1" => "localhost",
            "localhost" => "127.0.0.1",
            _ => host,
        }
    }

    /// The host of a port's link. One that is on loopback while others are published elsewhere is closed to everybody who is
    /// not on the host: no other name leads to it.
    fn host_of(&self, port: &Port) -> String {
        let published = address(port);
        let loopback_only = |at: &IpAddr| at.is_loopback() && !self.bind.is_some_and(|bind| bind.is_loopback());
        match (published, &self.public_host) {
            (Some(at), _) if loopback_only(&at) => in_link(at),
            (_, Some(name)) => name.clone(),
            (Some(at), None) if !at.is_unspecified() => in_link(at),
            (Some(_) | None, None) => self.own_host.clone(),
        }
    }

    /// The host that a probe of the port connects to.
    ///
    /// # Errors
    /// In words, where this server cannot reach it.
    pub fn probed_at(&self, port: &Port) -> Result<String, String> {
        if let Some(host) = &self.probe_host {
            return Ok(host.clone());
        }
        let published = address(port);
        match (published, &self.engine_host) {
            (Some(at), Some(engine)) if at.is_loopback() && !is_loopback(engine) => Err(format!(
                "port {} is published on the Docker host's loopback, which this server does not reach",
                port.host_port
            )),
            (Some(at), _) if !at.is_unspecified() => Ok(at.to_string()),
            (_, Some(engine)) => Ok(engine.clone()),
            (Some(IpAddr::V6(_)), None) => Ok(Ipv6Addr::LOCALHOST.to_string()),
            (_, None) => Ok(Ipv4Addr::LOCALHOST.to_string()),
        }
    }
}

/// Where the engine says that it is published; an engine may say nothing, which means everywhere.
fn address(port: &Port) -> Option<IpAddr> {
    port.host_ip.parse().ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn in_link(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::name::PortName;

    fn port(host_ip: &str) -> Port {
        Port {
            name: PortName::parse("web").expect("a name"),
            container: 80,
            protocol: Protocol::Tcp,
            scheme: Scheme::Http,
            host_ip: host_ip.to_owned(),
            host_port: 32_768,
            url: None,
            address: String::new(),
        }
    }

    fn reach(bind: &str, public_host: Option<&str>, engine_host: Option<&str>) -> Reach {
        Reach {
            bind: Some(bind.parse().expect("an address")),
            public_host: public_host.map(str::to_owned),
            own_host: "berth.example".to_owned(),
            engine_host: engine_host.map(str::to_owned),
            server_port: None,
            probe_host: None,
        }
    }

    #[test]
    fn a_link_leads_to_where_the_port_is_published_under_the_name_that_the_operator_gives_it() {
        let check = |bind: &str, public_host, host_ip: &str, host: &str| {
            let mut shown = port(host_ip);
            reach(bind, public_host, None).show(&mut shown);
            assert_eq!(shown.address, format!("{host}:32768"), "{bind} {public_host:?} {host_ip}");
            assert_eq!(shown.url, Some(format!("http://{host}:32768")));
        };
        check("0.0.0.0", None, "0.0.0.0", "berth.example");
        check("0.0.0.0", None, "", "berth.example");
        check("::", None, "::", "berth.example");
        check("0.0.0.0", Some("dock.example"), "0.0.0.0", "dock.example");
        check("10.1.2.3", None, "10.1.2.3", "10.1.2.3");
        check("10.1.2.3", Some("[2001:db8::1]"), "10.1.2.3", "[2001:db8::1]");
        check("127.0.0.2", None, "127.0.0.2", "127.0.0.2");
        check("127.0.0.1", Some("dock.example"), "127.0.0.1", "dock.example");
        check("::1", None, "::1", "[::1]");
        check("0.0.0.0", Some("dock.example"), "127.0.0.1", "127.0.0.1");
        check("10.1.2.3", Some("dock.example"), "::1", "[::1]");
        // Published before the configuration changed.
        check("0.0.0.0", None, "10.1.2.3", "10.1.2.3");
    }

    #[test]
    fn on_loopback_a_link_has_another_name_than_berth_whose_cookie_the_browser_would_send_along() {
        for (own, link) in [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1"), ("berth.example", "127.0.0.1")] {
            let mut shown = port("127.0.0.1");
            Reach { own_host: own.to_owned(), ..reach("127.0.0.1", None, None) }.show(&mut shown);
            assert_eq!(shown.url, Some(format!("http://{link}:32768")), "{own}");
            assert_eq!(shown.address, "127.0.0.1:32768", "a program has no cookies");
        }
    }

    #[test]
    fn what_is_no_page_has_an_address_and_no_link() {
        for (protocol, scheme) in [(Protocol::Tcp, Scheme::Raw), (Protocol::Udp, Scheme::Raw)] {
            let mut shown = Port { protocol, scheme, ..port("0.0.0.0") };
            reach("0.0.0.0", Some("dock.example"), None).show(&mut shown);
            assert_eq!((shown.address.as_str(), shown.url), ("dock.example:32768", None));
        }
    }

    #[test]
    fn a_probe_goes_to_where_the_port_is_published() {
        let check = |host_ip: &str, engine_host, probed: Option<&str>| {
            let at = reach("0.0.0.0", Some("dock.example"), engine_host).probed_at(&port(host_ip));
            assert_eq!(at.ok().as_deref(), probed, "{host_ip} {engine_host:?}");
        };
        check("0.0.0.0", None, Some("127.0.0.1"));
        check("", None, Some("127.0.0.1"));
        check("::", None, Some("::1"));
        check("127.0.0.2", None, Some("127.0.0.2"));
        check("10.1.2.3", None, Some("10.1.2.3"));
        check("::1", None, Some("::1"));
        check("0.0.0.0", Some("dock-2"), Some("dock-2"));
        check("0.0.0.0", Some("::1"), Some("::1"));
        check("10.1.2.3", Some("dock-2"), Some("10.1.2.3"));
        check("127.0.0.1", Some("::1"), Some("127.0.0.1"));
        check("127.0.0.1", Some("dock-2"), None);
        let told = Reach { probe_host: Some("172.17.0.1".to_owned()), ..reach("127.0.0.1", None, Some("dock-2")) };
        assert_eq!(told.probed_at(&port("127.0.0.1")).as_deref(), Ok("172.17.0.1"));
    }
}
