//! Whether containers are apart, measured: of two on one network, one tries the other's addresses. They run a helper of ours
//! from an image that is imported from this very program, never pulled.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bollard::body_full;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures::StreamExt;
use hyper::body::Bytes;
use model::host::{Findings, Reachability};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::container::{ContainerId, ImageId};
use super::engine::Engine;
use super::error::EngineError;
use super::labels::CHECK;
use super::network::Attachment;
use super::spec::CheckSpec;
use super::wire::escape;

/// The helper; empty where it could not be built, as on a system without a static C library.
const HELPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/isolation-helper"));
const PROGRAM: &str = "/berth-check";
/// On which the helper listens.
pub(super) const PORT: u16 = 8080;
/// How long one of the two may take for its part.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks whether it listens.
const LOOK: Duration = Duration::from_millis(100);
const METADATA: &str = "169.254.169.254:80";

/// What is checked.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    pub installation: &'a str,
    /// Tells this check apart from others, in names.
    pub mark: &'a str,
    pub network: &'a Attachment,
    /// As for environments.
    pub bind: Option<IpAddr>,
    /// Where this server listens, if it is on the engine's host.
    pub server_port: Option<u16>,
}

/// Where one of the two is reached.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Placed {
    network_settings: Settings,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    #[serde(default)]
    networks: BTreeMap<String, Endpoint>,
    #[serde(default)]
    ports: BTreeMap<String, Option<Vec<HostPort>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    #[serde(rename = "IPAddress", default)]
    address: String,
    #[serde(default)]
    gateway: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostPort {
    #[serde(default)]
    host_port: String,
}

impl Engine {
    /// Lets one container try another's addresses, and takes both away.
    ///
    /// # Errors
    /// [`EngineError`]; `Nonsense` where the helper does not tell what it found.
    pub async fn check_isolation(&self, check: &Check<'_>) -> Result<Findings, EngineError> {
        self.clear_checks(check.installation).await?;
        let checked = self.try_addresses(check).await;
        self.clear_checks(check.installation).await?;
        checked
    }

    async fn try_addresses(&self, check: &Check<'_>) -> Result<Findings, EngineError> {
        let image = self.helper_image().await?;
        let listens = self.run_helper(check, &image, "listens", vec!["listen".to_owned()]).await?;
        self.listening(&listens).await?;
        let placed: Placed = self.look_up(&format!("/containers/{listens}/json")).await?;
        let targets = placed.targets(check)?;
        let tries = std::iter::once("try".to_owned()).chain(targets.iter().map(|(name, at)| format!("{name}={at}")));
        let tries = self.run_helper(check, &image, "tries", tries.collect()).await?;
        self.ended(&tries).await?;
        let told = self.logs_tail(&tries, 20).await?;
        let said = |name: &str| {
            let state = told.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            match state {
                Some("open") => Ok(Reachability::Open),
                Some("closed") => Ok(Reachability::Closed),
                _ => Err(EngineError::nonsense(format!("the helper of the isolation check does not tell of {name}"))),
            }
        };
        if said("own")? == Reachability::Closed {
            return Err(EngineError::nonsense("the helper of the isolation check makes no connection at all"));
        }
        Ok(Findings {
            inner: said("inner")?,
            published: said("published")?,
            server: targets.contains_key("server").then(|| said("server")).transpose()?,
            metadata: said("metadata")?,
        })
    }

    async fn helper_image(&self) -> Result<ImageId, EngineError> {
        if HELPER.is_empty() {
            return Err(EngineError::nonsense("this build of Berth has no helper for the isolation check"));
        }
        let tag: String = Sha256::digest(HELPER).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("berth/check:{tag}");
        if let Some(there) = self.image(&name).await? {
            return Ok(there);
        }
        let options = CreateImageOptionsBuilder::new().from_src("-").repo("berth/check").tag(&tag).build();
        let mut lines = self.calls().create_image(Some(options), Some(body_full(layer())), None);
        while let Some(line) = self.lanes().sign_of_life(lines.next()).await? {
            line.map_err(EngineError::of_pull)?;
        }
        self.image(&name).await?.ok_or_else(|| EngineError::nonsense("an imported image is not there"))
    }

    async fn run_helper(
        &self,
        check: &Check<'_>,
        image: &ImageId,
        part: &str,
        arguments: Vec<String>,
    ) -> Result<ContainerId, EngineError> {
        let command = std::iter::once(PROGRAM.to_owned()).chain(arguments).collect();
        let body = CheckSpec { check, image, command }.body().map_err(EngineError::nonsense)?;
        let name = format!("berth-check-{}-{part}", check.mark);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let create = async { Ok(self.calls().create_container(Some(options), body).await?) };
        let made = self.lanes().launch(create).await?;
        let id = ContainerId::parse(&made.id).ok_or_else(|| EngineError::nonsense("it gives no id of a container"))?;
        self.start(&id).await?;
        Ok(id)
    }

    /// Waits until the helper says that it listens.
    async fn listening(&self, id: &ContainerId) -> Result<(), EngineError> {
        let listens = async {
            loop {
                if self.logs_tail(id, 5).await?.iter().any(|line| line == "listening") {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        timeout(PATIENCE, listens).await.unwrap_or(Err(EngineError::TimedOut(PATIENCE)))
    }

    async fn ended(&self, id: &ContainerId) -> Result<(), EngineError> {
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let mut ends = self.calls().wait_container(id.as_str(), Some(options));
        let end = async {
            // What it says counts, whatever its exit code.
            drop(ends.next().await);
            Ok(())
        };
        timeout(PATIENCE, end).await.unwrap_or(Err(EngineError::TimedOut(PATIENCE)))
    }

    /// Takes away what checks of this installation have left, as when the server was killed meanwhile.
    async fn clear_checks(&self, installation: &str) -> Result<(), EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Left {
            id: ContainerId,
        }
        let filters = serde_json::json!({ "label": [format!("{CHECK}={installation}")] }).to_string();
        let left: Vec<Left> = self.look_up(&format!("/containers/json?all=true&filters={}", escape(&filters))).await?;
        for Left { id } in left {
            self.remove(&id).await?;
        }
        Ok(())
    }
}

impl Placed {
    /// The addresses to try, by name.
    fn targets(&self, check: &Check<'_>) -> Result<BTreeMap<&'static str, SocketAddr>, EngineError> {
        let address = |text: &str| text.parse::<IpAddr>().ok();
        let Settings { networks, ports } = &self.network_settings;
        let endpoint = networks.values().find(|endpoint| address(&endpoint.address).is_some());
        let endpoint = endpoint.ok_or_else(|| EngineError::nonsense("a container has no address"))?;
        let (Some(inner), Some(gateway)) = (address(&endpoint.address), address(&endpoint.gateway)) else {
            return Err(EngineError::nonsense("a network has no gateway"));
        };
        let published = ports.get(&format!("{PORT}/tcp")).and_then(Option::as_ref).and_then(|places| places.first());
        let published = published.and_then(|place| place.host_port.parse().ok());
        let published: u16 = published.ok_or_else(|| EngineError::nonsense("a port is not published"))?;
        let metadata = METADATA.parse().expect("an address");
        let mut targets = BTreeMap::from([
            ("inner", SocketAddr::new(inner, PORT)),
            ("published", SocketAddr::new(gateway, published)),
            ("metadata", metadata),
        ]);
        targets.extend(check.server_port.map(|port| ("server", SocketAddr::new(gateway, port))));
        Ok(targets)
    }
}

/// The one layer of the image, as a tar archive.
fn layer() -> Bytes {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(HELPER.len() as u64);
    header.set_mode(0o755);
    let written = archive.append_data(&mut header, PROGRAM.trim_start_matches('/'), HELPER);
    written.and_then(|()| archive.into_inner()).expect("memory takes all that is written").into()
}
