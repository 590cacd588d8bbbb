//! What a container of ours may be: the one place where a specification for the engine is made.
//!
//! The profile is safe by default and has no hole to ask for more: no field of it comes from anybody unchecked, and what
//! is not named here is not asked of the engine.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, PortBinding, RestartPolicy,
    RestartPolicyNameEnum,
};
use model::environment::{Limits, TemplateVersion};
use model::name::{EnvironmentId, EnvironmentName, PartName, TeamName};
use model::template::{PortSpec, VALUE_MAX, command_problem};
use model::text::clean;
use model::units::{Memory, MilliCpu, shorten};
use thiserror::Error;

use super::container::ImageId;
use super::isolation::{Check, PORT};
use super::labels::{self, Labels};
use super::network::Attachment;

/// What root in a container keeps of root's powers: enough to install and serve, nothing that reaches the host.
const CAPABILITIES: [&str; 7] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "NET_BIND_SERVICE", "KILL"];

/// The engine takes no less.
const MEMORY_MIN: Memory = Memory::mib(6);

/// Longest name of a container, so that it is a host name too.
const NAME_MAX: usize = 63;

/// What is wanted of a container, in the model's words.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub environment: &'a EnvironmentId,
    pub name: &'a EnvironmentName,
    pub team: &'a TeamName,
    /// Name or e-mail address of the member who launches it.
    pub owner: &'a str,
    pub template: &'a TemplateVersion,
    pub part: &'a PartName,
    /// Counts the attempts to make this environment's container, from 1.
    pub attempt: u32,
    /// The id of this installation of Berth.
    pub installation: &'a str,
    pub image: &'a ImageId,
    /// Replaces the image's command unless empty; an argument list.
    pub command: &'a [String],
    pub variables: &'a BTreeMap<String, String>,
    pub ports: &'a [PortSpec],
    pub limits: Limits,
    pub network: &'a Attachment,
    /// The address of the host on which ports are published; `None` for all of version 4.
    pub bind: Option<IpAddr>,
}

/// Why no container is made of it. Values of variables are never repeated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpecError {
    #[error("{0} must be limited: a limit of zero would be none")]
    Unlimited(&'static str),
    #[error("a container needs at least {MEMORY_MIN} of memory, this one has {0}")]
    TooLittleMemory(Memory),
    #[error("`{0}` cannot be the name of a variable here")]
    VariableName(String),
    #[error("the value of `{0}` is too long or holds a NUL")]
    VariableValue(String),
    #[error("the command has too many arguments, or one that is too long or holds a NUL")]
    Command,
    #[error("there is no port 0")]
    Port,
    #[error("`{0}` is no id of an installation")]
    Installation(String),
}

/// A checked specification, ready to be sent.
#[derive(Clone, PartialEq)]
pub struct ContainerSpec {
    name: String,
    labels: Labels,
    /// The values of variables, which no message repeats.
    values: Vec<String>,
    body: ContainerCreateBody,
}

/// Without the body: it holds secrets.
impl std::fmt::Debug for ContainerSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContainerSpec").field("name", &self.name).field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl ContainerSpec {
    /// # Errors
    /// When something in `wanted` would make a container that is not limited, or that the engine cannot make.
    pub fn new(wanted: &Wanted<'_>) -> Result<Self, SpecError> {
        let labels = labels_of(wanted)?;
        Ok(Self {
            name: container_name(wanted),
            values: wanted.variables.values().cloned().collect(),
            body: ContainerCreateBody {
                hostname: Some(wanted.name.to_string()),
                image: Some(wanted.image.to_string()),
                cmd: command(wanted.command)?,
                env: Some(variables(wanted)?),
                labels: Some(labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
                exposed_ports: Some(wanted.ports.iter().map(port_key).collect()),
                host_config: Some(profile(wanted.limits, wanted.network, published(wanted.ports, wanted.bind)?)?),
                ..ContainerCreateBody::default()
            },
            labels,
        })
    }

    /// The container's name on the host: the same for the same attempt.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(super) fn body(&self) -> ContainerCreateBody {
        self.body.clone()
    }

    /// Whether it limits what the container writes to disk.
    pub(super) fn limits_disk(&self) -> bool {
        self.body.host_config.as_ref().is_some_and(|config| config.storage_opt.is_some())
    }

    /// The same without that limit.
    pub(super) fn body_without_disk(&self) -> ContainerCreateBody {
        let host_config = self.body.host_config.clone().map(|config| HostConfig { storage_opt: None, ..config });
        ContainerCreateBody { host_config, ..self.body.clone() }
    }

    /// Values of variables that are long enough to be recognised in a message.
    pub(super) fn secrets(&self) -> Vec<&str> {
        self.values.iter().map(String::as_str).filter(|value| value.len() >= 4).collect()
    }
}

/// One of the two containers of an isolation check.
#[derive(Debug)]
pub(super) struct CheckSpec<'a> {
    pub check: &'a Check<'a>,
    pub image: &'a ImageId,
    pub command: Vec<String>,
}

impl CheckSpec<'_> {
    const LIMITS: Limits = Limits { cpus: MilliCpu::new(500), memory: Memory::mib(32), pids: 32, disk: None };

    pub(super) fn body(self) -> Result<ContainerCreateBody, SpecError> {
        let Self { check, image, command } = self;
        let port = format!("{PORT}/tcp");
        let ports = HashMap::from([(port.clone(), Some(vec![place(check.bind)]))]);
        Ok(ContainerCreateBody {
            image: Some(image.to_string()),
            cmd: Some(command),
            labels: Some(HashMap::from([(labels::CHECK.to_owned(), check.installation.to_owned())])),
            exposed_ports: Some(vec![port]),
            host_config: Some(profile(Self::LIMITS, check.network, ports)?),
            ..ContainerCreateBody::default()
        })
    }
}

/// What is published where.
type Ports = HashMap<String, Option<Vec<PortBinding>>>;

/// The safe profile.
fn profile(limits: Limits, network: &Attachment, ports: Ports) -> Result<HostConfig, SpecError> {
    let Limits { cpus, memory, pids, disk } = limits;
    if cpus == MilliCpu::default() {
        return Err(SpecError::Unlimited("CPU"));
    }
    if pids == 0 {
        return Err(SpecError::Unlimited("the number of processes"));
    }
    if memory < MEMORY_MIN {
        return Err(SpecError::TooLittleMemory(memory));
    }
    let memory = i64::try_from(memory.as_bytes()).map_err(|_| SpecError::Unlimited("memory"))?;
    let nano_cpus = i64::try_from(cpus.as_milli()).ok().and_then(|milli| milli.checked_mul(1_000_000));
    Ok(HostConfig {
        memory: Some(memory),
        // Together with swap: no more by swapping.
        memory_swap: Some(memory),
        nano_cpus: Some(nano_cpus.ok_or(SpecError::Unlimited("CPU"))?),
        pids_limit: Some(i64::from(pids)),
        storage_opt: disk.map(|disk| options([("size", &disk.as_bytes().to_string())])),
        privileged: Some(false),
        security_opt: Some(vec!["no-new-privileges=true".to_owned()]),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(CAPABILITIES.map(str::to_owned).to_vec()),
        network_mode: Some(network.mode()),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        auto_remove: Some(false),
        init: Some(true),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(options([("max-size", "10m"), ("max-file", "3")])),
        }),
        publish_all_ports: Some(false),
        port_bindings: Some(ports),
        ..HostConfig::default()
    })
}

/// Each declared port on a host port that the engine picks; on the host's loopback where the template says so.
fn published(ports: &[PortSpec], bind: Option<IpAddr>) -> Result<Ports, SpecError> {
    if ports.iter().any(|port| port.number == 0) {
        return Err(SpecError::Port);
    }
    let loopback = match bind {
        // Some other address of it may be what the operator chose.
        Some(bind) if bind.is_loopback() => bind,
        Some(IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
        Some(IpAddr::V4(_)) | None => Ipv4Addr::LOCALHOST.into(),
    };
    let bind_of = |port: &PortSpec| if port.loopback { Some(loopback) } else { bind };
    Ok(ports.iter().map(|port| (port_key(port), Some(vec![place(bind_of(port))]))).collect())
}

/// On an address of the host, on a port that the engine picks.
fn place(bind: Option<IpAddr>) -> PortBinding {
    let bind = bind.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_string();
    PortBinding { host_ip: Some(bind), host_port: Some(String::new()) }
}

fn port_key(port: &PortSpec) -> String {
    format!("{}/{}", port.number, port.protocol)
}

fn options<const N: usize>(pairs: [(&str, &str); N]) -> HashMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `berth-TEAM-NAME-ID-ATTEMPT`, with the end of the environment's id. Team and name are cut where they are long; the id
/// keeps the whole apart from every other.
fn container_name(wanted: &Wanted<'_>) -> String {
    let id = wanted.environment.as_str();
    let end = format!("-{}-{}", &id[id.len() - 8..], wanted.attempt);
    let room = NAME_MAX - "berth-".len() - "-".len() - end.len();
    let team = cut(wanted.team.as_str(), room - wanted.name.as_str().len().min(room / 2));
    let name = cut(wanted.name.as_str(), room - team.len());
    format!("berth-{team}-{name}{end}")
}

/// Names are ASCII, so that any cut is one between letters.
fn cut(text: &str, longest: usize) -> &str {
    text[..text.len().min(longest)].trim_end_matches('-')
}

fn labels_of(wanted: &Wanted<'_>) -> Result<Labels, SpecError> {
    let installation = wanted.installation;
    let plausible = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if installation.is_empty() || installation.len() > 64 || !installation.chars().all(plausible) {
        return Err(SpecError::Installation(shorten(installation)));
    }
    Ok(Labels::new([
        (labels::ENVIRONMENT, wanted.environment.to_string()),
        (labels::TEAM, wanted.team.to_string()),
        (labels::OWNER, owner(wanted)),
        (labels::TEMPLATE, format!("{}:{}", wanted.template.slug, wanted.template.version)),
        (labels::PART, wanted.part.to_string()),
        (labels::ATTEMPT, wanted.attempt.to_string()),
        (labels::INSTALLATION, installation.to_owned()),
    ]))
}

/// An owner's name comes from the identity provider: one line of it.
fn owner(wanted: &Wanted<'_>) -> String {
    clean(wanted.owner, 120)
}

/// The template's variables with ours, in order of their names.
fn variables(wanted: &Wanted<'_>) -> Result<Vec<String>, SpecError> {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in wanted.variables {
        if !is_variable_name(name) {
            return Err(SpecError::VariableName(shorten(name)));
        }
        if value.len() > VALUE_MAX || value.contains('\0') {
            return Err(SpecError::VariableValue(name.clone()));
        }
        all.insert(name, value.clone());
    }
    all.insert("BERTH_TEAM", wanted.team.to_string());
    all.insert("BERTH_ENVIRONMENT", wanted.name.to_string());
    all.insert("BERTH_OWNER", owner(wanted));
    // What scripts for the old helper know it by.
    all.insert("mobTeam", wanted.team.to_string());
    Ok(all.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
}

/// Ours are not taken, since ours are put in.
fn is_variable_name(name: &str) -> bool {
    let allowed = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    allowed
        && name.chars().next().is_some_and(|c| !c.is_ascii_digit())
        && !name.starts_with("BERTH_")
        && name != "mobTeam"
}

fn command(arguments: &[String]) -> Result<Option<Vec<String>>, SpecError> {
    if command_problem(arguments).is_some() {
        return Err(SpecError::Command);
    }
    Ok((!arguments.is_empty()).then(|| arguments.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::name::{PortName, TemplateName};
    use model::template::{ARGUMENT_MAX, ARGUMENTS_MAX, Protocol, Scheme};
    use serde_json::{Value, json};

    /// Owned parts of a [`Wanted`].
    struct Parts {
        environment: EnvironmentId,
        name: EnvironmentName,
        team: TeamName,
        template: TemplateVersion,
        part: PartName,
        image: ImageId,
        command: Vec<String>,
        variables: BTreeMap<String, String>,
        ports: Vec<PortSpec>,
    }

    fn parts() -> Parts {
        let port = |name: &str, number, protocol| PortSpec {
            name: PortName::parse(name).expect("a name"),
            number,
            protocol,
            scheme: Scheme::Raw,
            loopback: false,
        };
        Parts {
            environment: EnvironmentId::parse("0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b").expect("an id"),
            name: EnvironmentName::parse("checkout").expect("a name"),
            part: PartName::main(),
            team: TeamName::parse("blue").expect("a name"),
            template: TemplateVersion { slug: TemplateName::parse("web").expect("a name"), version: 3 },
            image: ImageId::parse(&format!("sha256:{}", "a".repeat(64))).expect("an id"),
            command: Vec::new(),
            variables: BTreeMap::from([("GREETING".to_owned(), "hello\nthere=1".to_owned())]),
            ports: vec![port("http", 80, Protocol::Tcp), port("syslog", 514, Protocol::Udp)],
        }
    }

    impl Parts {
        fn wanted(&self) -> Wanted<'_> {
            Wanted {
                environment: &self.environment,
                name: &self.name,
                team: &self.team,
                owner: "Bea",
                template: &self.template,
                part: &self.part,
                attempt: 1,
                installation: "here",
                image: &self.image,
                command: &self.command,
                variables: &self.variables,
                ports: &self.ports,
                limits: Limits { cpus: MilliCpu::new(500), memory: Memory::mib(64), pids: 64, disk: None },
                network: &Attachment::DefaultBridge,
                bind: None,
            }
        }

        fn sent(&self) -> Value {
            sent(&self.wanted())
        }
    }

    fn sent(wanted: &Wanted<'_>) -> Value {
        let spec = ContainerSpec::new(wanted).expect("a good specification");
        serde_json::to_value(spec.body()).expect("JSON")
    }

    #[test]
    fn the_profile_that_is_sent_is_this_and_nothing_else() {
        let expected = json!({
            "Memory": 67_108_864,
            "MemorySwap": 67_108_864,
            "NanoCpus": 500_000_000,
            "PidsLimit": 64,
            "Privileged": false,
            "SecurityOpt": ["no-new-privileges=true"],
            "CapDrop": ["ALL"],
            "CapAdd": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "NET_BIND_SERVICE", "KILL"],
            "NetworkMode": "bridge",
            "IpcMode": "private",
            "CgroupnsMode": "private",
            "RestartPolicy": {"Name": "no"},
            "AutoRemove": false,
            "Init": true,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "PublishAllPorts": false,
            "PortBindings": {
                "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}],
                "514/udp": [{"HostIp": "0.0.0.0", "HostPort": ""}],
            },
        });
        assert_eq!(parts().sent()["HostConfig"], expected);
    }

    #[test]
    fn beside_the_profile_only_name_image_variables_labels_and_ports_are_sent() {
        let mut sent = parts().sent();
        let body = sent.as_object_mut().expect("an object");
        body.remove("HostConfig");
        let expected = json!({
            "Hostname": "checkout",
            "Image": format!("sha256:{}", "a".repeat(64)),
            "Env": [
                "BERTH_ENVIRONMENT=checkout", "BERTH_OWNER=Bea", "BERTH_TEAM=blue", "GREETING=hello\nthere=1", "mobTeam=blue",
            ],
            "Labels": {
                "berth.environment": "0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
                "berth.team": "blue",
                "berth.owner": "Bea",
                "berth.template": "web:3",
                "berth.attempt": "1",
                "berth.part": "main",
                "berth.installation": "here",
            },
            "ExposedPorts": {"80/tcp": {}, "514/udp": {}},
        });
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_command_is_a_list_of_arguments_and_nothing_when_the_image_has_its_own() {
        let mut parts = parts();
        assert_eq!(parts.sent().get("Cmd"), None);
        parts.command = vec!["serve".to_owned(), "--name=$(id); rm -rf /".to_owned()];
        assert_eq!(parts.sent()["Cmd"], json!(["serve", "--name=$(id); rm -rf /"]));
    }

    #[test]
    fn ports_are_published_where_the_caller_says() {
        let parts = parts();
        let place = |bind: Option<&str>| {
            let bind = bind.map(|bind| bind.parse().expect("an address"));
            let ports = [PortSpec { loopback: true, ..parts.ports[0].clone() }, parts.ports[1].clone()];
            let bindings = &sent(&Wanted { bind, ports: &ports, ..parts.wanted() })["HostConfig"]["PortBindings"];
            ["80/tcp", "514/udp"].map(|port| bindings[port][0]["HostIp"].as_str().expect("an address").to_owned())
        };
        assert_eq!(place(None), ["127.0.0.1", "0.0.0.0"], "one for the host itself only");
        assert_eq!(place(Some("10.1.2.3")), ["127.0.0.1", "10.1.2.3"]);
        assert_eq!(place(Some("127.0.0.2")), ["127.0.0.2", "127.0.0.2"]);
        assert_eq!(place(Some("::")), ["::1", "::"]);
        let wanted = Wanted { bind: Some("127.0.0.1".parse().expect("an address")), ..parts.wanted() };
        assert_eq!(sent(&wanted)["HostConfig"]["PortBindings"]["80/tcp"][0]["HostIp"], "127.0.0.1");
    }

    #[test]
    fn nothing_unlimited_is_made() {
        let parts = parts();
        let with = |cpus, memory, pids| {
            let limits = Limits { cpus: MilliCpu::new(cpus), memory: Memory::bytes(memory), pids, disk: None };
            ContainerSpec::new(&Wanted { limits, ..parts.wanted() }).map(drop)
        };
        assert_eq!(with(1, 6 << 20, 1), Ok(()));
        assert_eq!(with(0, 6 << 20, 1), Err(SpecError::Unlimited("CPU")));
        assert_eq!(with(u64::MAX, 6 << 20, 1), Err(SpecError::Unlimited("CPU")));
        assert_eq!(with(1, 0, 1), Err(SpecError::TooLittleMemory(Memory::bytes(0))));
        assert_eq!(with(1, u64::MAX, 1), Err(SpecError::Unlimited("memory")));
        assert_eq!(with(1, 6 << 20, 0), Err(SpecError::Unlimited("the number of processes")));
    }

    #[test]
    fn what_is_malformed_is_refused_and_no_value_is_repeated() {
        let with = |change: fn(&mut Parts)| {
            let mut parts = parts();
            change(&mut parts);
            ContainerSpec::new(&parts.wanted()).map(drop).expect_err("malformed").to_string()
        };
        for change in [
            (|p| drop(p.variables.insert("A=B".to_owned(), "hunter2".to_owned()))) as fn(&mut Parts),
            |p| drop(p.variables.insert(String::new(), "hunter2".to_owned())),
            |p| drop(p.variables.insert("1A".to_owned(), "hunter2".to_owned())),
            |p| drop(p.variables.insert("BERTH_TEAM".to_owned(), "hunter2".to_owned())),
            |p| drop(p.variables.insert("mobTeam".to_owned(), "hunter2".to_owned())),
            |p| drop(p.variables.insert("A".to_owned(), "hunter2\0".to_owned())),
            |p| drop(p.variables.insert("A".to_owned(), "hunter2".repeat(VALUE_MAX))),
            |p| p.command.push("hunter2\0".to_owned()),
            |p| p.command.push("hunter2".repeat(ARGUMENT_MAX)),
            |p| p.command = vec!["hunter2".to_owned(); ARGUMENTS_MAX + 1],
            |p| p.ports[0].number = 0,
        ] {
            let refused = with(change);
            assert!(!refused.contains("hunter2") && refused.len() < 200, "{refused}");
        }
    }

    #[test]
    fn an_installation_without_an_id_makes_nothing() {
        let parts = parts();
        for installation in ["", "a b", "a\"}", &"x".repeat(65)] {
            let made = ContainerSpec::new(&Wanted { installation, ..parts.wanted() });
            assert!(matches!(made, Err(SpecError::Installation(_))), "{installation}");
        }
    }

    #[test]
    fn an_owner_s_name_is_one_line_wherever_it_goes() {
        let parts = parts();
        let owner = format!("Bea\nPATH=/evil\u{1b}[31m{}", "x".repeat(1 << 20));
        let sent = sent(&Wanted { owner: &owner, ..parts.wanted() });
        let label = sent["Labels"]["berth.owner"].as_str().expect("a label");
        assert!(label.starts_with("Bea PATH=/evil") && label.chars().count() <= 121, "{label}");
        assert_eq!(sent["Env"][1], format!("BERTH_OWNER={label}"));
    }

    #[test]
    fn a_container_s_name_is_a_host_name_and_tells_attempts_apart() {
        let mut parts = parts();
        let name = |parts: &Parts, attempt| {
            ContainerSpec::new(&Wanted { attempt, ..parts.wanted() }).expect("a specification").name().to_owned()
        };
        assert_eq!(name(&parts, 1), "berth-blue-checkout-8e9f0a1b-1");
        assert_ne!(name(&parts, 1), name(&parts, 2));
        for (team, environment) in
            [("a".repeat(40), "b".repeat(40)), ("a".repeat(40), "b".to_owned()), ("a".to_owned(), "b".repeat(40))]
        {
            parts.team = TeamName::parse(&team).expect("a name");
            parts.name = EnvironmentName::parse(&environment).expect("a name");
            for attempt in [1, u32::MAX] {
                let name = name(&parts, attempt);
                assert!(
                    name.len() <= NAME_MAX && name.contains("-b") && name.ends_with(&format!("-{attempt}")),
                    "{name}"
                );
                assert!(name.starts_with("berth-a"), "{name}");
            }
        }
    }

    #[test]
    fn a_specification_shown_for_debugging_holds_no_value() {
        let parts = parts();
        let shown = format!("{:?}", ContainerSpec::new(&parts.wanted()));
        assert!(shown.contains("berth-blue-checkout") && !shown.contains("hello"), "{shown}");
    }
}
