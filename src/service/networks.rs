//! Environments are apart on the network: on the engine's default bridge where its containers cannot talk to each other, else
//! on a network of their team that is made when it is first needed and removed when the team has no environment any more.

use std::collections::HashSet;

use docker::{Attachment, EngineError, Network, NetworkSpec, Purpose};
use ipnet::{IpNet, Ipv4Net};
use model::host::{Isolation, SUBNET_PREFIX};
use model::name::TeamName;
use store::StoreError;
use store::environments::Stored;

use super::activity::Broken;
use super::runner::Runner;
use super::{Service, container_of};

/// How many ranges of addresses are tried for one network: the engine knows of some that it does not list.
const TRIES: usize = 16;

impl Service {
    /// Where the container of an environment hangs when it starts. What has been on a network of its team stays on one: many an
    /// engine starts it nowhere else. Whoever has just been told a network has an environment of the team in the database, and
    /// so nobody removes it.
    pub(super) async fn network_of(&self, stored: &Stored) -> Result<Attachment, Broken> {
        let hangs_on =
            stored.main().network.as_deref().filter(|network| *network != Attachment::DefaultBridge.as_str());
        let runner = self.hosts.of(&stored.environment.host);
        if runner.now().isolation == Some(Isolation::DefaultBridge) && hangs_on.is_none() {
            return Ok(Attachment::DefaultBridge);
        }
        let (service, runner) = (self.clone(), runner.clone());
        let (team, hangs_on) = (stored.environment.team.clone(), hangs_on.map(str::to_owned));
        // A driver may be sent away, and the engine makes what it was asked for all the same: nobody else looks before that.
        let found = self.uncut(async move { service.network_of_team(&runner, &team, hangs_on.as_deref()).await }).await;
        Ok(found.map_err(|_| Broken::Superseded)??)
    }

    async fn network_of_team(
        &self,
        runner: &Runner,
        team: &TeamName,
        hangs_on: Option<&str>,
    ) -> Result<Attachment, EngineError> {
        let _making = runner.networks.lock().await;
        let there = runner.engine().networks().await?;
        let installation = &self.settings.installation;
        let is_theirs = |network: &&Network| network.is_apart && network.team_of(installation).as_ref() == Some(team);
        let theirs = || there.iter().filter(is_theirs);
        if let Some(ours) = theirs().find(|it| Some(it.id.as_str()) == hangs_on).or_else(|| theirs().next()) {
            // An engine that lost the answer to who asked for one may have made two, and then starts nothing on either.
            for other in theirs().filter(|other| other.id != ours.id) {
                if let Err(error) = runner.engine().remove_network(&other.id).await {
                    tracing::warn!(%error, host = %runner.name(), %team, "a second network of the team is in use");
                }
            }
            return Ok(ours.attachment());
        }
        let network = self.make_network(runner, Purpose::Team(team), &there).await?;
        tracing::info!(host = %runner.name(), %team, %network, "a network for the team is made");
        Ok(network)
    }

    pub(super) async fn make_network(
        &self,
        runner: &Runner,
        purpose: Purpose<'_>,
        there: &[Network],
    ) -> Result<Attachment, EngineError> {
        let spec = NetworkSpec { installation: &self.settings.installation, purpose, subnet: None };
        let engine = runner.engine();
        let Some(pool) = runner.settings.address_pool else { return engine.make_network(&spec).await };
        let mut refused = EngineError::NoAddresses(format!("each range of {pool} is in use"));
        for subnet in free_subnets(pool, there).take(TRIES) {
            match engine.make_network(&NetworkSpec { subnet: Some(subnet), ..spec }).await {
                Err(error @ EngineError::NoAddresses(_)) => refused = error,
                done => return done,
            }
        }
        Err(refused)
    }

    /// Puts the container of an environment that does not run where it belongs, and gives where that is. What ran before
    /// Berth kept environments apart, and what lost its network, is moved here.
    pub(super) async fn attached(&self, stored: &Stored) -> Result<Attachment, Broken> {
        let network = self.network_of(stored).await?;
        let hangs_on = stored.main().network.as_deref().unwrap_or(Attachment::DefaultBridge.as_str());
        if hangs_on != network.as_str()
            && let Some(id) = container_of(stored)
        {
            let engine = self.hosts.of(&stored.environment.host).engine();
            let container = engine.inspect(&id).await?;
            engine.move_to(&container, &network).await?;
            tracing::info!(id = %stored.environment.id, %network, "its container was moved to another network");
        }
        Ok(network)
    }

    /// Removes a team's network where its last environment on the host has just gone.
    pub(super) async fn sweep_after(&self, runner: &Runner, team: &TeamName) {
        if runner.now().isolation != Some(Isolation::TeamNetworks) {
            return;
        }
        let swept = async {
            let environments = self.store.environments().await?;
            let is_theirs =
                |stored: &Stored| stored.environment.team == *team && stored.environment.host == *runner.name();
            match environments.iter().any(is_theirs) {
                true => Ok(()),
                false => self.sweep_networks(runner).await,
            }
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, host = %runner.name(), %team, "its network is removed with the next look");
        }
    }

    /// Removes the networks of teams that have no environment on the host any more, and counts what is left. What fails is left for the
    /// next look.
    pub(super) async fn sweep_networks(&self, runner: &Runner) -> Result<(), StoreError> {
        let _making = runner.networks.lock().await;
        let Ok(mut there) = runner.engine().networks().await.inspect_err(|error| {
            tracing::warn!(%error, host = %runner.name(), "the engine's networks cannot be listed");
        }) else {
            return Ok(());
        };
        let environments = self.store.environments().await?;
        let here = environments.iter().filter(|stored| stored.environment.host == *runner.name());
        let teams: HashSet<&TeamName> = here.map(|stored| &stored.environment.team).collect();
        let installation = &self.settings.installation;
        let empty = there.iter().filter(|network| network.team_of(installation).is_some_and(|of| !teams.contains(&of)));
        let mut gone = HashSet::new();
        for network in empty {
            match runner.engine().remove_network(&network.id).await {
                Ok(()) => drop(gone.insert(network.id.clone())),
                Err(error) => {
                    tracing::warn!(%error, host = %runner.name(), network = network.id, "a network is removed with the next look")
                }
            }
        }
        there.retain(|network| !gone.contains(&network.id));
        let ours = there.iter().filter(|network| network.team_of(installation).is_some()).count();
        let left = runner.settings.address_pool.map(|pool| free_subnets(pool, &there).count());
        self.change_host(runner, |host| (host.networks, host.networks_left) = (ours, left));
        Ok(())
    }
}

/// The ranges of `pool` that none of these networks overlaps.
fn free_subnets(pool: Ipv4Net, there: &[Network]) -> impl Iterator<Item = IpNet> {
    let overlaps = |one: &IpNet, other: &IpNet| one.contains(other) || other.contains(one);
    let subnets = pool.subnets(SUBNET_PREFIX).into_iter().flatten().map(IpNet::V4);
    subnets.filter(move |subnet| !there.iter().flat_map(|network| &network.subnets).any(|used| overlaps(subnet, used)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_another_network_overlaps_is_not_free() {
        let network = |subnets: &[&str]| Network {
            id: "0123456789ab".to_owned(),
            name: "one".to_owned(),
            labels: docker::Labels::default(),
            subnets: subnets.iter().map(|subnet| subnet.parse().expect("a subnet")).collect(),
            is_apart: false,
            created_at: None,
        };
        let free = |there: &[&str]| -> Vec<String> {
            let pool = "10.60.0.0/22".parse().expect("a pool");
            free_subnets(pool, &[network(there)]).map(|subnet| subnet.to_string()).collect()
        };
        assert_eq!(free(&["172.17.0.0/16"]), ["10.60.0.0/24", "10.60.1.0/24", "10.60.2.0/24", "10.60.3.0/24"]);
        assert_eq!(free(&["10.60.0.0/24", "10.60.2.128/28"]), ["10.60.1.0/24", "10.60.3.0/24"]);
        assert!(free(&["10.0.0.0/8"]).is_empty());
        assert!(free(&["10.60.0.0/23", "fd00::/64", "10.60.2.0/23"]).is_empty());
    }
}
