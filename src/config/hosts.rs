//! The hosts of the configuration: `[hosts.NAME]` each, or `[docker]`, which is the host `default`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use docker::{Connection, names_an_engine};
use ipnet::Ipv4Net;
use model::host::SUBNET_PREFIX;
use model::name::HostName;
use model::units::Memory;

use super::read::Reader;
use super::{Defaults, RATIO, Server, named_host, parsed, ratio};

/// One Docker Engine, and what the operator decides of the host that it is on.
#[derive(Debug, Clone)]
pub struct Host {
    pub name: HostName,
    /// Where its keys stand: `docker`, or `hosts.NAME`.
    pub section: String,
    /// As the docker command line's `DOCKER_HOST`, and its files for TLS.
    pub address: Option<String>,
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The host in links to published ports; `None`: as Berth itself is reached.
    pub public_host: Option<String>,
    /// The address on which environments' ports are published.
    pub bind_ip: IpAddr,
    /// Where published ports are probed, without brackets; `None`: where they are published.
    pub probe_host: Option<String>,
    /// What environments leave of its memory.
    pub memory_reserve: Memory,
    pub memory_ratio: f64,
    pub cpu_ratio: f64,
    /// Addresses for the networks of teams; `None`: the engine chooses.
    pub address_pool: Option<Ipv4Net>,
    /// Whether environments are started where the engine does not limit them.
    pub without_limits: bool,
}

impl Host {
    /// The way to its engine. That of `[docker]` is, where it names none, as the environment says.
    #[must_use]
    pub fn connection(&self) -> Connection {
        let configured = Connection {
            host: self.address.clone(),
            ca: self.ca.clone(),
            cert: self.cert.clone(),
            key: self.key.clone(),
        };
        match self.section.as_str() {
            DOCKER => configured.or_environment(|variable| std::env::var(variable).ok()),
            _ => configured,
        }
    }

    /// The key of its address.
    pub(super) fn address_key(&self) -> &'static str {
        address_key(&self.section)
    }
}

const DOCKER: &str = "docker";

fn address_key(section: &str) -> &'static str {
    if section == DOCKER { "host" } else { "address" }
}

/// By name; where none is configured, the one of this machine.
pub(super) fn read(reader: &mut Reader, server: &Server, defaults: &Defaults) -> Vec<Host> {
    let mut hosts: Vec<Host> = Vec::new();
    for name in reader.hosts() {
        let section = format!("hosts.{name}");
        let read = host(reader, section.clone(), server, defaults);
        match HostName::parse(&name) {
            Ok(name) => hosts.push(Host { name, ..read }),
            Err(error) => reader.section_fault(&section, format!("cannot be a host: {error}")),
        }
        reader.require(&section, "address", "where its Docker Engine is, such as tcp://dock-2.example:2376");
    }
    let is_default = |host: &Host| host.name == HostName::default_host();
    if reader.has(DOCKER) && hosts.iter().any(is_default) {
        reader.section_fault("hosts.default", "and [docker] are the same host: keep one".to_owned());
    }
    if hosts.is_empty() || reader.has(DOCKER) {
        hosts.push(host(reader, DOCKER.to_owned(), server, defaults));
    }
    hosts.sort_by(|one, other| one.name.cmp(&other.name));
    for (at, host) in hosts.iter().enumerate() {
        let same = hosts[..at].iter().find(|other| other.address.is_some() && other.address == host.address);
        if let Some(other) = same {
            reader.fault(
                &host.section,
                host.address_key(),
                format!("is that of host {}: one engine is one host", other.name),
            );
        }
    }
    hosts
}

fn host(reader: &mut Reader, section: String, server: &Server, defaults: &Defaults) -> Host {
    let at = section.as_str();
    let allowed = "as in DOCKER_HOST: unix:///var/run/docker.sock or tcp://host:2376";
    let engine = |text: &str| names_an_engine(text).then(|| text.to_owned());
    let address = reader.value(at, address_key(at), allowed, engine);
    let [ca, cert, key] = ["ca", "cert", "key"].map(|key| reader.text(at, key).map(PathBuf::from));
    let name = "a host's name or address, without a port";
    let probe_host = reader.value(at, "probe_host", name, |text| {
        Some(match named_host(text)? {
            url::Host::Ipv6(address) => address.to_string(),
            host @ (url::Host::Domain(_) | url::Host::Ipv4(_)) => host.to_string(),
        })
    });
    let without_limits = reader.value(at, "without_limits", "refuse or allow", |text| match text {
        "refuse" => Some(false),
        "allow" => Some(true),
        _ => None,
    });
    let pool = "a range of IPv4 addresses of at least /24, such as 10.213.0.0/16";
    let address_pool = reader.value(at, "address_pool", pool, |text| {
        parsed::<Ipv4Net>(text).filter(|pool| pool.prefix_len() <= SUBNET_PREFIX && *pool == pool.trunc())
    });
    let mut host = Host {
        name: HostName::default_host(),
        address,
        ca,
        cert,
        key,
        public_host: server.public_host.clone(),
        bind_ip: defaults.bind_ip,
        probe_host,
        memory_reserve: defaults.host_memory_reserve,
        memory_ratio: defaults.host_memory_ratio,
        cpu_ratio: defaults.host_cpu_ratio,
        address_pool,
        without_limits: without_limits.unwrap_or_default(),
        section: section.clone(),
    };
    if at != DOCKER {
        of_its_own(reader, &mut host);
    }
    check_tls(reader, &host);
    host
}

/// What `[docker]` takes from [server] and [defaults], a named host may have for itself. One that is reached over the network is
/// where its engine is.
fn of_its_own(reader: &mut Reader, host: &mut Host) {
    let at = host.section.clone();
    let over_network = host.connection().network_host();
    let link = |text: &str| named_host(text).map(|host| host.to_string());
    let public_host = reader.value(&at, "public_host", "a host's name or address, without a port", link);
    host.public_host = public_host.or_else(|| over_network.as_deref().and_then(link)).or(host.public_host.take());
    if over_network.is_some() {
        host.bind_ip = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    }
    let bind_ip = reader.value(&at, "bind_ip", "an address of that host, such as 10.0.0.7 or 0.0.0.0", parsed);
    host.bind_ip = bind_ip.unwrap_or(host.bind_ip);
    let reserve = reader.value(&at, "memory_reserve", "an amount of memory, such as 1GiB", parsed);
    host.memory_reserve = reserve.unwrap_or(host.memory_reserve);
    host.memory_ratio = reader.value(&at, "memory_ratio", RATIO, ratio).unwrap_or(host.memory_ratio);
    host.cpu_ratio = reader.value(&at, "cpu_ratio", RATIO, ratio).unwrap_or(host.cpu_ratio);
}

fn check_tls(reader: &mut Reader, host: &Host) {
    let at = host.section.as_str();
    for (key, path) in [("ca", &host.ca), ("cert", &host.cert), ("key", &host.key)] {
        if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
            reader.fault(at, key, format!("= \"{}\": there is no such file", path.display()));
        }
    }
    if host.cert.is_some() != host.key.is_some() {
        let missing = if host.cert.is_some() { "key" } else { "cert" };
        reader.require(at, missing, &format!("{at}.cert and {at}.key belong together"));
    }
    let is_https = host.address.as_ref().is_some_and(|address| address.starts_with("https://"));
    if host.cert.is_some() || host.key.is_some() || is_https {
        reader.require(at, "ca", "an engine is trusted over TLS by the certificate of its authority");
    }
    if host.ca.is_some() && host.address.as_ref().is_some_and(|address| address.starts_with("unix://")) {
        reader.fault(at, "ca", "is set beside a socket of this machine, which has no TLS");
    }
}
