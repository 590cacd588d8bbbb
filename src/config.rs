//! What the operator decides: `berth.toml` and the environment, read and checked once, at start.

mod hosts;
mod read;
mod shown;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use identity::PublicUrl;
use identity::address::{PUBLIC_URL_ALLOWED, is_loopback};
use identity::rates::Pace;
use identity::settings::{self, Oidc, Sessions, WhenAbsent};
use ipnet::IpNet;
use model::units::{Memory, Span};
use secrecy::SecretString;
use url::Url;

pub use hosts::Host;
use read::{Origins, Reader};

const SECTIONS: [&str; 8] = ["server", "docker", "hosts.NAME", "oidc", "sessions", "limits", "defaults", "retention"];
const FILE: &str = "berth.toml";

#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    /// At least one, by name.
    pub hosts: Vec<Host>,
    /// Without it there is one operator, on loopback.
    pub oidc: Option<Oidc>,
    pub sessions: Sessions,
    pub limits: Limits,
    pub defaults: Defaults,
    pub retention: Retention,
    /// Where each of these values was set.
    pub origins: Origins,
}

#[derive(Debug, Clone)]
pub struct Server {
    pub addr: SocketAddr,
    /// As configured; [`Server::public_url_on`] has the address in any case.
    pub public_url: Option<PublicUrl>,
    /// The host in links to ports that are published on this machine; without it the one that the browser used.
    pub public_host: Option<String>,
    pub data_dir: PathBuf,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
}

/// How much one address or one person may ask for. There is no "without a limit".
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sign-ins that are begun, and credentials that are no good, by address.
    pub sign_ins: Pace,
    /// Launches, starts and restarts, by person or token.
    pub launches: Pace,
    /// Live pages and terminals that are open, by person or token.
    pub streams: NonZeroU32,
    /// Reads under way, by person or token.
    pub reads: NonZeroU32,
    /// Connections to the server, of all together.
    pub connections: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        const fn count(count: u32) -> NonZeroU32 {
            NonZeroU32::new(count).expect("not zero")
        }
        Self {
            sign_ins: const { Pace { a_minute: count(60), burst: count(60) } },
            launches: const { Pace { a_minute: count(300), burst: count(200) } },
            streams: const { count(20) },
            reads: const { count(64) },
            connections: const { count(4096) },
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// What environments leave of a host's memory.
    pub host_memory_reserve: Memory,
    /// How much of a host's CPU may be promised: 2.0 is twice what it has.
    pub host_cpu_ratio: f64,
    pub host_memory_ratio: f64,
    /// The address on which environments' ports are published.
    pub bind_ip: IpAddr,
}

/// How long is kept what nothing needs any more. The audit log is kept for good.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// An environment's page and history after its removal.
    pub removed: Span,
}

impl Config {
    /// What is decided of sign-in and sessions.
    #[must_use]
    pub fn identity(&self) -> settings::Settings {
        settings::Settings { oidc: self.oidc.clone(), sessions: self.sessions, sign_ins: self.limits.sign_ins }
    }

    /// What is decided of how it is reached.
    #[must_use]
    pub fn web(&self, public_url: &PublicUrl) -> web::Settings {
        web::Settings {
            trusted_proxies: self.server.trusted_proxies.clone(),
            links_lead_elsewhere: self.links_lead_elsewhere(public_url),
            streams: self.limits.streams,
            reads: self.limits.reads,
        }
    }

    /// Whether links to ports lead to another host than Berth's own. They are in clear, and a browser that was told to come to a
    /// host by https only does so on each of its ports (RFC 6797, section 8.3).
    #[must_use]
    pub fn links_lead_elsewhere(&self, public_url: &PublicUrl) -> bool {
        self.hosts.iter().all(|host| match &host.public_host {
            Some(host) => host != public_url.host(),
            None => !host.bind_ip.is_unspecified(),
        })
    }
}

/// Everything that is wrong with the configuration, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<String>,
}

impl ConfigError {
    fn new(faults: Vec<String>) -> Self {
        Self { faults }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The configuration cannot be used:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the file at `path`, or `berth.toml` here if there is one, and then the variables of `environment`.
    ///
    /// # Errors
    /// With every key that is unknown or has a value that cannot be used.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let here = Path::new(FILE);
        let path = path.or_else(|| here.exists().then_some(here));
        let unreadable = |path: &Path, error| ConfigError::new(vec![format!("{}: {error}", path.display())]);
        let text =
            path.map(|path| std::fs::read_to_string(path).map_err(|error| unreadable(path, error))).transpose()?;
        Self::read(path.zip(text.as_deref()), environment)
    }

    /// As [`Config::load`], from a file's path and text.
    ///
    /// # Errors
    /// As there.
    pub fn read(
        file: Option<(&Path, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(file, environment)?;
        let has_oidc = reader.has("oidc");
        let sessions = sessions(&mut reader);
        let oidc = if has_oidc { oidc(&mut reader, sessions) } else { None };
        let server = server(&mut reader, has_oidc);
        let limits = limits(&mut reader);
        let defaults = defaults(&mut reader, has_oidc);
        let hosts = hosts::read(&mut reader, &server, &defaults);
        let retention = retention(&mut reader);
        let origins = reader.finish()?;
        Ok(Self { server, hosts, oidc, sessions, limits, defaults, retention, origins })
    }
}

impl Server {
    /// Where people reach a server that listens on `bound`.
    #[must_use]
    pub fn public_url_on(&self, bound: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(bound))
    }
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// Reads a length of time that is in this range.
fn within(range: RangeInclusive<Span>) -> impl Fn(&str) -> Option<Span> {
    move |text| parsed(text).filter(|span| range.contains(span))
}

fn server(reader: &mut Reader, has_oidc: bool) -> Server {
    let addr = reader
        .value("server", "addr", "an address with a port, such as 127.0.0.1:3000", parsed)
        .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)));
    let public_url: Option<PublicUrl> = reader.value("server", "public_url", PUBLIC_URL_ALLOWED, parsed);
    let public_host = reader.value("server", "public_host", "a host's name or address, without a port", |text| {
        named_host(text).map(|host| host.to_string())
    });
    let data_dir = reader.text("server", "data_dir").map_or_else(|| PathBuf::from("berth-data"), PathBuf::from);
    let trusted_proxies = reader
        .list("server", "trusted_proxies", "addresses or networks, such as 10.0.0.0/8", |text| {
            parsed(text).or_else(|| parsed::<IpAddr>(text).map(IpNet::from))
        })
        .unwrap_or_default();
    if !has_oidc && !addr.ip().is_loopback() {
        reader.fault(
            "server",
            "addr",
            format!("= {addr}: without [oidc] there is one operator, on loopback only (such as 127.0.0.1:3000); to serve others, set oidc.issuer and oidc.client_id"),
        );
    }
    if !has_oidc && public_url.as_ref().is_some_and(|url| !url.is_loopback()) {
        let problem = "is not on loopback: without [oidc] there is one operator, on loopback only; to serve others, set oidc.issuer and oidc.client_id";
        reader.fault("server", "public_url", problem);
    }
    if has_oidc && public_url.is_none() && !addr.ip().is_loopback() {
        let why = format!("people who sign in come back to it; write {PUBLIC_URL_ALLOWED}");
        reader.require("server", "public_url", &why);
    }
    Server { addr, public_url, public_host, data_dir, trusted_proxies }
}

/// A host's name or address; one of version 6 with or without brackets.
fn named_host(text: &str) -> Option<url::Host> {
    parsed(text).map(url::Host::Ipv6).or_else(|| url::Host::parse(text).ok())
}

fn oidc(reader: &mut Reader, sessions: Sessions) -> Option<Oidc> {
    let issuer = reader.value("oidc", "issuer", "the provider's https address (http only on loopback)", issuer);
    let client_id = reader.text("oidc", "client_id");
    let client_secret = client_secret(reader);
    let scopes = reader.list("oidc", "scopes", "scopes, such as \"openid\"", |text| {
        (!text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())).then(|| text.to_owned())
    });
    let groups_claim = reader.text("oidc", "groups_claim").unwrap_or_else(|| "groups".to_owned());
    let admin_group = reader.text("oidc", "admin_group");
    let auditor_group = reader.text("oidc", "auditor_group");
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let admin_subjects =
        reader.list("oidc", "admin_subjects", "ids of people at the provider", named).unwrap_or_default();
    let allowed_groups = reader.list("oidc", "allowed_groups", "groups' names", named).unwrap_or_default();
    let trusted_audiences = reader.list("oidc", "trusted_audiences", "audiences' names", named).unwrap_or_default();
    let groups_when_absent = reader.value("oidc", "groups_when_absent", "none or keep", |text| {
        [WhenAbsent::None, WhenAbsent::Keep].into_iter().find(|when| when.as_str() == text)
    });
    let within = within(Span::seconds(1)..=Span::hours(3650 * 24));
    let groups_valid_for =
        reader.value("oidc", "groups_valid_for", "a length of time up to 3650d, such as 30d", within);
    let groups_valid_for = groups_valid_for.unwrap_or(sessions.absolute.max(Span::hours(30 * 24)));
    if groups_valid_for < sessions.absolute {
        let longer = format!("= {groups_valid_for} is shorter than sessions.absolute = {}", sessions.absolute);
        reader.fault("oidc", "groups_valid_for", longer);
    }
    reader.require("oidc", "issuer", "[oidc] needs the provider's address");
    reader.require("oidc", "client_id", "[oidc] needs the name under which the provider knows Berth");
    let default_scopes = || ["openid", "profile", "email"].map(str::to_owned).into();
    Some(Oidc {
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        scopes: scopes.unwrap_or_else(default_scopes),
        groups_claim,
        admin_group,
        auditor_group,
        admin_subjects,
        allowed_groups,
        groups_when_absent: groups_when_absent.unwrap_or_default(),
        groups_valid_for,
        trusted_audiences,
    })
}

fn issuer(text: &str) -> Option<String> {
    let url: Url = text.parse().ok()?;
    let schemes = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    (schemes && url.query().is_none() && url.fragment().is_none()).then(|| text.to_owned())
}

fn client_secret(reader: &mut Reader) -> Option<SecretString> {
    let direct = reader.secret("oidc", "client_secret");
    let Some(file) = reader.text("oidc", "client_secret_file") else { return direct };
    if direct.is_some() {
        reader.fault("oidc", "client_secret_file", "and oidc.client_secret are both set: keep one");
    }
    match std::fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => Some(text.trim().into()),
        Ok(_) => {
            reader.fault("oidc", "client_secret_file", format!("= \"{file}\": the file is empty"));
            None
        }
        Err(error) => {
            reader.fault("oidc", "client_secret_file", format!("= \"{file}\": {error}"));
            None
        }
    }
}

fn sessions(reader: &mut Reader) -> Sessions {
    const ALLOWED: &str = "a length of time from 1s to 365d, such as 8h";
    let within = within(Span::seconds(1)..=Span::hours(365 * 24));
    let idle = reader.value("sessions", "idle", ALLOWED, &within).unwrap_or(Span::hours(8));
    let absolute = reader.value("sessions", "absolute", ALLOWED, within).unwrap_or(Span::hours(7 * 24));
    if idle > absolute {
        reader.fault("sessions", "idle", format!("= {idle} is longer than sessions.absolute = {absolute}"));
    }
    Sessions { idle, absolute }
}

fn retention(reader: &mut Reader) -> Retention {
    let within = within(Span::hours(24)..=Span::hours(3650 * 24));
    let removed = reader.value("retention", "removed", "a length of time from 1d to 3650d, such as 90d", within);
    Retention { removed: removed.unwrap_or(Span::hours(90 * 24)) }
}

fn limits(reader: &mut Reader) -> Limits {
    let mut number = |key, otherwise| {
        let within = |text: &str| parsed::<u32>(text).filter(|count| (1..=1_000_000).contains(count));
        let read = reader.value("limits", key, "a whole number from 1 to 1000000", within).and_then(NonZeroU32::new);
        read.unwrap_or(otherwise)
    };
    let otherwise = Limits::default();
    let sign_ins = number("sign_ins", otherwise.sign_ins.a_minute);
    Limits {
        sign_ins: Pace { a_minute: sign_ins, burst: sign_ins },
        launches: Pace {
            a_minute: number("launches", otherwise.launches.a_minute),
            burst: number("launches_at_once", otherwise.launches.burst),
        },
        streams: number("streams", otherwise.streams),
        reads: number("reads", otherwise.reads),
        connections: number("connections", otherwise.connections),
    }
}

const RATIO: &str = "a number from 0.1 to 100, such as 1.5";

fn ratio(text: &str) -> Option<f64> {
    parsed::<f64>(text).filter(|ratio| (0.1..=100.0).contains(ratio))
}

fn defaults(reader: &mut Reader, has_oidc: bool) -> Defaults {
    let everywhere = if has_oidc { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    Defaults {
        host_memory_reserve: reader
            .value("defaults", "host_memory_reserve", "an amount of memory, such as 1GiB", parsed)
            .unwrap_or(Memory::gib(1)),
        host_cpu_ratio: reader.value("defaults", "host_cpu_ratio", RATIO, ratio).unwrap_or(4.0),
        host_memory_ratio: reader.value("defaults", "host_memory_ratio", RATIO, ratio).unwrap_or(1.0),
        bind_ip: reader
            .value("defaults", "bind_ip", "an address of this host, such as 127.0.0.1 or 0.0.0.0", parsed)
            .unwrap_or(IpAddr::V4(everywhere)),
    }
}
