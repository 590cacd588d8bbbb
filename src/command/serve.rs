//! `berth serve`: puts the parts together, serves until told to end, and ends in order.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use docker::Engine;
use identity::{Auth, PublicUrl};
use model::units::shorten;
use service::{HostSettings, Reach, Reserve, Service, Settings};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use web::connections;

use super::{Stop, data};
use crate::config::{self, Config};
use crate::jobs;

/// How long open requests may take to end once the server was told to.
const GRACE: Duration = Duration::from_secs(10);

pub async fn run(config: Config) -> Result<(), Stop> {
    log_to_stdout()?;
    let ending = Ending::listen()?;
    let clock = Clock::system();
    let listener = listen(config.server.addr).await?;
    let bound = listener.local_addr().map_err(Stop::failed)?;
    let public_url = config.server.public_url_on(bound);
    if public_url.is_https() && !config.links_lead_elsewhere(&public_url) {
        tracing::warn!(
            "links to ports lead to the host of server.public_url, so that browsers are not told to come by https only (HSTS): set server.public_host to another name of the host"
        );
    }
    let (store, _lock) = data::serve(&config).await?;
    let candidate = clock::hex(&clock.random::<8>());
    let installation = store.installation_value("id", &candidate).await.map_err(Stop::failed)?;
    let settings = Settings {
        installation: installation.clone(),
        launches: config.limits.launches,
        groups_valid_for: config.oidc.as_ref().map(|oidc| oidc.groups_valid_for),
        keep_removed: config.retention.removed,
    };
    let hosts = config.hosts.iter().map(|host| managed(host, &public_url, bound)).collect::<Result<_, _>>()?;
    let service = Service::new(store.clone(), clock.clone(), settings, hosts).showing(config.shown());
    service.remember_hosts().await.map_err(Stop::failed)?;
    let auth =
        Auth::new(config.identity(), public_url, store.clone(), clock, identity::PATIENCE).map_err(Stop::failed)?;
    let auth = Arc::new(auth);
    let router = web::router(&config.web(auth.public_url()), &service, &auth);
    jobs::start(&service, &auth);
    // What is wrong with it is in the log before anybody comes.
    let asks = Arc::clone(&auth);
    service.spawn(async move {
        if let Some(provider) = asks.provider() {
            drop(provider.known().await);
        }
    });
    welcome(&auth, bound, &installation);
    let served = serve(listener, router, config.limits.connections, &service, ending).await;
    store.close().await;
    served
}

/// The last lines before it serves: where, by which label its containers are known, and without a provider how to sign in.
fn welcome(auth: &Auth, bound: SocketAddr, installation: &str) {
    tracing::info!(address = %bound, public_url = %auth.public_url(), installation, "serving");
    println!("Berth serves on {}", auth.public_url());
    if let Some(link) = auth.operator() {
        println!("Sign in with this link, once: {}{}", auth.public_url(), link.path());
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Stop> {
    TcpListener::bind(address).await.map_err(|error| Stop::failed(format!("cannot listen on {address}: {error}")))
}

/// Whoever tells the server to end. Listened to from the start, so that it ends in order however early it is told.
struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Ending {
    fn listen() -> Result<Self, Stop> {
        let on = |kind| signal(kind).map_err(Stop::failed);
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn serve(
    listener: TcpListener,
    router: axum::Router,
    connections: NonZeroU32,
    service: &Service,
    mut ending: Ending,
) -> Result<(), Stop> {
    let closing = service.closing();
    let server = connections::serve(listener, router, connections, closing.clone());
    let mut server = pin!(server);
    tokio::select! {
        () = &mut server => return Err(Stop::failed("the server ended by itself")),
        () = ending.told() => {}
    }
    tracing::info!("ending: no new requests, what is under way comes to its end");
    closing.cancel();
    if tokio::time::timeout(GRACE, &mut server).await.is_err() {
        tracing::warn!("requests were cut off");
    }
    service.close(GRACE).await;
    Ok(())
}

/// A host as the service works with it.
fn managed(host: &config::Host, public_url: &PublicUrl, bound: SocketAddr) -> Result<HostSettings, Stop> {
    let connection = host.connection();
    let wrong = |error| Stop { code: 2, message: format!("{}: {error}", host.section) };
    Ok(HostSettings {
        name: host.name.clone(),
        engine: Engine::connect(&connection).map_err(wrong)?,
        reach: Reach {
            bind: Some(host.bind_ip),
            public_host: host.public_host.clone(),
            own_host: public_url.host().to_owned(),
            server_port: connection.network_host().is_none().then(|| bound.port()),
            engine_host: connection.network_host(),
            probe_host: host.probe_host.clone(),
        },
        reserve: Reserve { memory: host.memory_reserve, memory_ratio: host.memory_ratio, cpu_ratio: host.cpu_ratio },
        without_limits: host.without_limits,
        address_pool: host.address_pool,
    })
}

/// JSON lines, or text at a terminal. `BERTH_LOG` chooses what, as `RUST_LOG` would; bodies of engine calls never.
fn log_to_stdout() -> Result<(), Stop> {
    let wanted = std::env::var("BERTH_LOG").ok().filter(|text| !text.is_empty());
    let wanted = wanted.unwrap_or_else(|| "info".to_owned());
    let wrong = |error: ParseError| Stop { code: 2, message: format!("BERTH_LOG = \"{}\": {error}", shorten(&wanted)) };
    let filter: EnvFilter = wanted.parse().map_err(wrong)?;
    let filter = filter.add_directive("bollard=info".parse().expect("a directive"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        log.compact().init();
    } else {
        log.json().flatten_event(true).init();
    }
    Ok(())
}
