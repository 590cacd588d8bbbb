//! Networks of the engine, as far as they keep containers apart.
//!
//! On a bridge whose inter-container communication is off, no packet passes from one container to another by an inner address;
//! between two bridges none passes anyway. <https://docs.docker.com/engine/network/drivers/bridge/>

use std::collections::HashMap;
use std::fmt;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use ipnet::IpNet;
use model::host::DEFAULT_BRIDGE;
use model::name::TeamName;
use model::time::Timestamp;
use serde::Deserialize;

use super::container::moment;
use super::labels::{CHECK, INSTALLATION, Labels, TEAM};

/// The option of a bridge that lets its containers talk to each other.
const ICC: &str = "com.docker.network.bridge.enable_icc";

/// Where a container hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// The engine's own bridge.
    DefaultBridge,
    /// A network that Berth made.
    Own { id: String, name: String },
}

impl Attachment {
    /// Which network it is: its id, since names may be used again, and [`DEFAULT_BRIDGE`] for the engine's own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::DefaultBridge => DEFAULT_BRIDGE,
            Self::Own { id, .. } => id,
        }
    }

    /// As a specification has it. By the name, since from 25 on an engine starts a container on no network but the one that its
    /// specification names: one that was removed can be made again under its name, and never under its id.
    pub(super) fn mode(&self) -> String {
        match self {
            Self::DefaultBridge => DEFAULT_BRIDGE.to_owned(),
            Self::Own { name, .. } => name.clone(),
        }
    }
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A network that the engine has, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub labels: Labels,
    pub subnets: Vec<IpNet>,
    /// Whether it is a bridge whose containers cannot talk to each other, by any version of the internet protocol.
    pub is_apart: bool,
    pub created_at: Option<Timestamp>,
}

impl Network {
    /// The team for which this installation made it.
    #[must_use]
    pub fn team_of(&self, installation: &str) -> Option<TeamName> {
        (self.labels.installation() == Some(installation)).then(|| self.labels.get(TEAM)?.parse().ok())?
    }

    /// As what containers hang on.
    #[must_use]
    pub fn attachment(&self) -> Attachment {
        Attachment::Own { id: self.id.clone(), name: self.name.clone() }
    }

    /// Whether this installation made it for an isolation check.
    #[must_use]
    pub fn is_of_a_check(&self, installation: &str) -> bool {
        self.labels.get(CHECK) == Some(installation)
    }
}

/// A network to make: a bridge without inter-container communication.
#[derive(Debug, Clone, Copy)]
pub struct NetworkSpec<'a> {
    pub installation: &'a str,
    pub purpose: Purpose<'a>,
    /// Its addresses, with the first for the host; `None`: the engine chooses from its own pools.
    pub subnet: Option<IpNet>,
}

/// What a network is made for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// The containers of a team. The name is the same each time, so that what lost its network starts on the next.
    Team(&'a TeamName),
    /// An isolation check, which the mark tells apart from others.
    Check(&'a str),
}

impl NetworkSpec<'_> {
    fn name(&self) -> String {
        match self.purpose {
            Purpose::Team(team) => format!("berth-{team}-{}", self.installation),
            Purpose::Check(mark) => format!("berth-check-{mark}"),
        }
    }

    pub(super) fn body(&self) -> NetworkCreateRequest {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        // Killed while it removes a network without a stated gateway, an Engine 20.10 never starts again (its reservePools panics).
        let config = self.subnet.map(|subnet| IpamConfig {
            subnet: Some(subnet.to_string()),
            gateway: subnet.hosts().next().map(|first| first.to_string()),
            ..IpamConfig::default()
        });
        let labels = match self.purpose {
            Purpose::Team(team) => HashMap::from([label(INSTALLATION, self.installation), label(TEAM, team.as_str())]),
            Purpose::Check(_) => HashMap::from([label(CHECK, self.installation)]),
        };
        NetworkCreateRequest {
            name: self.name(),
            driver: Some("bridge".to_owned()),
            internal: Some(false),
            attachable: Some(false),
            ingress: Some(false),
            enable_ipv6: Some(false),
            ipam: config.map(|config| Ipam { config: Some(vec![config]), ..Ipam::default() }),
            options: Some(HashMap::from([label(ICC, "false")])),
            labels: Some(labels),
            ..NetworkCreateRequest::default()
        }
    }
}

/// One of `GET /networks`, or `GET /networks/{id}`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NetworkAnswer {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    driver: String,
    #[serde(rename = "EnableIPv6", default)]
    has_ipv6: bool,
    #[serde(default)]
    options: Option<HashMap<String, String>>,
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(rename = "IPAM", default)]
    ipam: Option<IpamAnswer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IpamAnswer {
    #[serde(default)]
    config: Option<Vec<SubnetAnswer>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SubnetAnswer {
    subnet: Option<String>,
}

impl From<NetworkAnswer> for Network {
    fn from(answer: NetworkAnswer) -> Self {
        let option = answer.options.as_ref().and_then(|options| options.get(ICC));
        let subnets = answer.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        Self {
            id: answer.id,
            name: answer.name,
            labels: answer.labels.unwrap_or_default(),
            subnets: subnets.iter().filter_map(|config| config.subnet.as_deref()?.parse().ok()).collect(),
            // Before 27 an engine forbids nothing over IPv6, whatever the option says.
            created_at: moment(answer.created.as_deref()),
            is_apart: answer.driver == "bridge" && !answer.has_ipv6 && option.is_some_and(|icc| icc == "false"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_declared_addresses_states_its_gateway() {
        let subnet = Some("10.60.3.0/24".parse().expect("a subnet"));
        let body = NetworkSpec { installation: "a1", purpose: Purpose::Check("m"), subnet }.body();
        let config = body.ipam.expect("addresses").config.expect("a range");
        let stated = config.iter().map(|range| (range.subnet.as_deref(), range.gateway.as_deref())).collect::<Vec<_>>();
        assert_eq!(stated, [(Some("10.60.3.0/24"), Some("10.60.3.1"))]);
    }
}
