//! What keeps containers apart, with packets on a real engine.

use docker::{Attachment, Check, ContainerId, EngineError, Listed, NetworkSpec, Purpose, Status};
use ipnet::IpNet;
use model::host::Reachability;
use model::name::TeamName;

use super::{Draft, Site, get};

contract! {
    a_network_is_found_by_its_labels_until_it_is_removed,
    addresses_of_another_network_are_refused_as_such,
    a_container_that_does_not_run_is_moved_and_loses_nothing_when_its_network_is_gone,
}

impl Site {
    async fn network(&self, team: &TeamName, subnet: Option<IpNet>) -> Result<Attachment, EngineError> {
        let installation = &self.installation;
        self.engine.make_network(&NetworkSpec { installation, purpose: Purpose::Team(team), subnet }).await
    }

    /// Whether the engine is of this line of releases or a later one.
    async fn is_from(&self, release: u32) -> bool {
        let version = self.engine.host().await.expect("facts").engine;
        version.split('.').next().and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= release)
    }

    /// A network as somebody makes it who keeps nothing apart.
    fn open_network(&self) -> Attachment {
        let labels = serde_json::json!({ "berth.installation": self.installation });
        let name = format!("open-{}", self.installation);
        let body = serde_json::json!({ "Name": name, "Labels": labels }).to_string();
        let (_, answer) = self
            .real
            .as_ref()
            .expect("a real engine")
            .ask("POST", "/networks/create", body.as_bytes())
            .expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        Attachment::Own { id: answer["Id"].as_str().expect("an id").to_owned(), name }
    }

    /// Runs a container on `network`.
    async fn on(&mut self, image: &str, attempt: u32, network: &Attachment, command: &[&str]) -> ContainerId {
        let image = self.image(image).await;
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let draft = Draft { attempt, network: network.clone(), command, ..Draft::new(image) };
        let id = self.engine.create(&draft.spec(&self.installation)).await.expect("a container");
        self.engine.start(&id).await.expect("started");
        id
    }

    /// Whether a container on `from` gets the page that another serves on `to`, by its inner address.
    async fn reaches(&mut self, from: &Attachment, to: &Attachment, attempt: u32) -> bool {
        let serves = self.on("serves", attempt, to, &[]).await;
        let real = self.real.clone().expect("a real engine");
        let address = real.inner_addresses(serves.as_str()).pop().expect("an address");
        let ask = format!(r"printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 {address} 80; echo $?");
        let asks = self.on("sleeps", attempt + 1, from, &["sh", "-c", &ask]).await;
        self.ended(&asks).await;
        let lines = self.engine.logs_tail(&asks, 50).await.expect("lines").join(" ");
        assert!(!lines.contains("fault"), "{lines}");
        lines.contains("HTTP/1")
    }
}

fn team(name: &str) -> TeamName {
    name.parse().expect("a name")
}

async fn a_network_is_found_by_its_labels_until_it_is_removed(site: &mut Site) {
    let blue = team("blue");
    let made = site.network(&blue, None).await.expect("a network");
    let all = site.engine.networks().await.expect("networks");
    let ours = all.iter().find(|network| network.team_of(&site.installation) == Some(blue.clone())).expect("ours");
    assert_eq!((ours.attachment(), ours.is_apart), (made.clone(), true));
    assert_eq!(ours.team_of("another-installation"), None);
    site.engine.remove_network(made.as_str()).await.expect("removed");
    site.engine.remove_network(made.as_str()).await.expect("what is gone is removed");
    assert!(!site.engine.networks().await.expect("networks").iter().any(|network| network.id == made.as_str()));
}

async fn addresses_of_another_network_are_refused_as_such(site: &mut Site) {
    let subnet = Some("10.213.77.0/24".parse().expect("a subnet"));
    let (blue, green) = (team("blue"), team("green"));
    site.network(&blue, subnet).await.expect("a network");
    let refused = site.network(&green, subnet).await;
    assert!(matches!(refused, Err(EngineError::NoAddresses(_))), "{refused:?}");
}

async fn a_container_that_does_not_run_is_moved_and_loses_nothing_when_its_network_is_gone(site: &mut Site) {
    let blue = team("blue");
    let first = site.network(&blue, None).await.expect("a network");
    let id = site.on("serves", 1, &first, &[]).await;
    let hangs_on = |all: Vec<Listed>| all.into_iter().find(|listed| listed.id == id).expect("listed").network;
    let listed = site.engine.ours(&site.installation).await.expect("a list");
    assert_eq!(hangs_on(listed).as_deref(), Some(first.as_str()));
    site.engine.stop(&id, model::units::Span::seconds(1)).await.expect("stopped");
    site.engine.remove_network(first.as_str()).await.expect("what is stopped does not hold its network");
    assert!(matches!(site.engine.start(&id).await, Err(EngineError::NotFound(_))));
    let second = site.network(&blue, None).await.expect("a network");
    assert_ne!(first, second);
    for network in [second, Attachment::DefaultBridge] {
        let container = site.engine.inspect(&id).await.expect("a container");
        site.engine.move_to(&container, &network).await.expect("moved");
        match site.engine.start(&id).await {
            // Such an engine starts a container on no network but one of the name that it was made for.
            Err(EngineError::NotFound(_)) if network == Attachment::DefaultBridge && site.is_from(25).await => return,
            started => started.expect("started"),
        }
        let listed = site.engine.ours(&site.installation).await.expect("a list");
        assert_eq!(hangs_on(listed).as_deref(), Some(network.as_str()));
        let container = site.engine.inspect(&id).await.expect("a container");
        assert_eq!((container.status, container.networks.len()), (Status::Running, 1));
        let port = container.ports.iter().find(|port| port.container == 80).expect("its port");
        if site.real.as_ref().is_some_and(super::RealEngine::is_here) {
            assert!(get(port.host_port).await.starts_with("HTTP/1"));
        }
        site.engine.stop(&id, model::units::Span::seconds(1)).await.expect("stopped");
    }
}

#[tokio::test]
async fn no_packet_passes_between_containers_on_networks_of_berth_s() {
    let Some(mut site) = Site::real() else { return };
    let (blue, green) = (team("blue"), team("green"));
    let made = [site.network(&blue, None).await, site.network(&green, None).await];
    let [blue, green] = made.map(|made| made.expect("a network"));
    assert!(!site.reaches(&blue, &green, 1).await, "another team");
    assert!(!site.reaches(&blue, &blue, 3).await, "the same team");
}

/// The engine's word is true in both ways: so a page that is not reached above is not reached for that reason.
#[tokio::test]
async fn on_the_default_bridge_packets_pass_just_where_the_engine_says_that_containers_may_talk() {
    let Some(mut site) = Site::real() else { return };
    let is_apart = site.engine.host().await.expect("facts").default_bridge_is_apart;
    let bridge = Attachment::DefaultBridge;
    assert_eq!(site.reaches(&bridge, &bridge, 1).await, !is_apart);
}

/// What reaches it in one case and not in the other is the network: so the check can find both.
#[tokio::test]
async fn an_isolation_check_finds_what_packets_do() {
    let Some(site) = Site::real() else { return };
    let blue = team("blue");
    let is_apart = site.engine.host().await.expect("facts").default_bridge_is_apart;
    let own = site.network(&blue, None).await.expect("a network");
    let open = site.open_network();
    for (network, closed) in [(&Attachment::DefaultBridge, is_apart), (&own, true), (&open, false)] {
        let mark = site.installation.clone();
        let check = Check { installation: &site.installation, mark: &mark, network, bind: None, server_port: Some(1) };
        let found = site.engine.check_isolation(&check).await.expect("findings");
        let inner = if closed { Reachability::Closed } else { Reachability::Open };
        assert_eq!((found.inner, found.server), (inner, Some(Reachability::Closed)), "{network}");
    }
    site.engine.remove_network(open.as_str()).await.expect("removed");
}
