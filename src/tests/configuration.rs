//! What the operator writes, and what Berth says about it.

use std::path::Path;

use model::units::{Memory, Span};
use secrecy::ExposeSecret;

use crate::config::{Config, ConfigError};

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(Some((Path::new("berth.toml"), text)), environment)
}

/// The configuration is refused, and the message has every part.
#[track_caller]
fn refused(text: &str, environment: &[(&str, &str)], parts: &[&str]) {
    let message = read(text, environment).expect_err("refused").to_string();
    for part in parts {
        assert!(message.contains(part), "«{part}» is not in:\n{message}");
    }
}

const PROVIDER: &str = "[oidc]\nissuer = \"https://id.example.org\"\nclient_id = \"berth\"\n";

#[test]
fn without_a_file_everything_has_a_default_and_only_loopback_is_served() {
    let config = Config::read(None, []).expect("defaults");
    assert_eq!(config.server.addr.to_string(), "127.0.0.1:3000");
    assert!(config.oidc.is_none());
    assert!(config.defaults.bind_ip.is_loopback());
    assert_eq!(config.sessions.idle, Span::hours(8));
}

#[test]
fn every_key_is_read_from_the_file() {
    let config = read(
        r#"
        [server]
        addr = "0.0.0.0:8080"
        public_url = "https://berth.example.org"
        public_host = "apps.example.org"
        data_dir = "/var/lib/berth"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        [docker]
        host = "tcp://10.1.2.3:2376"
        [oidc]
        issuer = "https://id.example.org/realms/x"
        client_id = "berth"
        client_secret = "s3cret"
        scopes = ["openid", "groups"]
        groups_claim = "roles"
        admin_group = "berth-admins"
        allowed_groups = ["staff"]
        [sessions]
        idle = "1h30m"
        absolute = "2d"
        [defaults]
        host_memory_reserve = "512MiB"
        host_cpu_ratio = 2
        host_memory_ratio = 0.9
        bind_ip = "10.1.2.3"
        "#,
        &[],
    )
    .expect("a configuration");
    assert_eq!(config.server.public_url.map(|url| url.to_string()).as_deref(), Some("https://berth.example.org"));
    assert_eq!(config.server.public_host.as_deref(), Some("apps.example.org"));
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.hosts[0].address.as_deref(), Some("tcp://10.1.2.3:2376"));
    let oidc = config.oidc.expect("oidc");
    assert_eq!((oidc.groups_claim.as_str(), oidc.scopes.len()), ("roles", 2));
    assert_eq!(oidc.client_secret.expect("a secret").expose_secret(), "s3cret");
    assert_eq!((config.sessions.idle, config.sessions.absolute), (Span::seconds(5400), Span::hours(48)));
    assert_eq!(config.defaults.host_memory_reserve, Memory::mib(512));
    assert!((config.defaults.host_cpu_ratio - 2.0).abs() < f64::EPSILON);
}

#[test]
fn a_variable_beats_the_file_and_an_empty_one_is_none() {
    let file = "[server]\naddr = \"127.0.0.1:1\"\ndata_dir = \"here\"\n";
    let environment = [
        ("BERTH_SERVER__ADDR", "127.0.0.1:2"),
        ("BERTH_SERVER__DATA_DIR", ""),
        ("BERTH_OIDC__ISSUER", "https://id.example.org"),
        ("BERTH_OIDC__CLIENT_ID", "berth"),
        ("BERTH_OIDC__ALLOWED_GROUPS", "staff, guests"),
        ("BERTH_CONFIG", "elsewhere.toml"),
        ("PATH", "/bin"),
    ];
    let config = read(file, &environment).expect("a configuration");
    assert_eq!(config.server.addr.port(), 2);
    assert_eq!(config.server.data_dir, Path::new("here"));
    assert_eq!(config.oidc.expect("oidc").allowed_groups, ["staff", "guests"]);
}

#[test]
fn a_wrong_key_or_value_is_named_with_its_place_and_what_is_allowed() {
    for (text, parts) in [
        ("\n[server]\nadr = \"x\"", &["berth.toml, line 3", "server.adr", "addr, data_dir, public_host"][..]),
        (
            "[servers]\naddr = \"x\"",
            &[
                "berth.toml, line 1",
                "[servers]",
                "server, docker, hosts.NAME, oidc, sessions, limits, defaults, retention",
            ],
        ),
        ("[surprise]", &["[surprise]"]),
        ("addr = \"x\"", &["berth.toml, line 1", "`addr` stands outside a section"]),
        ("[server]\naddr = \"localhost\"", &["line 2", "server.addr = \"localhost\"", "such as 127.0.0.1:3000"]),
        ("[server]\naddr = true", &["server.addr", "such as 127.0.0.1:3000"]),
        ("[server]\npublic_url = \"http://berth.example.org\"", &["server.public_url", "http only on loopback"]),
        ("[server]\npublic_url = \"https://b.example.org/x\"", &["server.public_url", "without a path"]),
        ("[server]\ntrusted_proxies = [\"proxy\"]", &["\"proxy\" in server.trusted_proxies", "10.0.0.0/8"]),
        ("[server]\ntrusted_proxies = \"10.0.0.1\"", &["server.trusted_proxies", "a list of"]),
        ("[sessions]\nidle = \"soon\"", &["sessions.idle = \"soon\"", "8h"]),
        ("[sessions]\nidle = \"0s\"", &["sessions.idle", "from 1s"]),
        ("[sessions]\nidle = \"9d\"\nabsolute = \"1d\"", &["line 2", "sessions.idle = 9d", "sessions.absolute = 1d"]),
        ("[defaults]\nhost_cpu_ratio = 0", &["defaults.host_cpu_ratio = \"0\"", "0.1 to 100"]),
        ("[defaults]\nbind_ip = \"all\"", &["defaults.bind_ip = \"all\"", "0.0.0.0"]),
        ("[docker]\nhost = \"10.0.0.1\"", &["docker.host", "unix:///var/run/docker.sock"]),
        ("[docker]\nhost = \"npipe:////./pipe/docker_engine\"", &["line 2", "docker.host", "tcp://host:2376"]),
        ("[docker]\nhost = \"tcp://a:b\"", &["line 2", "docker.host"]),
        ("[docker]\nhost = \"https://dock:2376\"", &["docker.ca is missing"]),
        ("[docker]\nprobe_host = \"dock:80\"", &["docker.probe_host", "without a port"]),
        ("[docker]\nca = \"/not/there\"", &["docker.ca", "no such file"]),
        ("[retention]\nremoved = \"1h\"", &["line 2", "retention.removed = \"1h\"", "from 1d to 3650d"]),
        ("[limits]\nreads = 0", &["line 2", "limits.reads = \"0\"", "from 1 to 1000000"]),
        ("[limits]\nlaunches = \"many\"", &["limits.launches = \"many\"", "a whole number"]),
        (
            "[oidc]\nissuer = \"https://id.example\"\nclient_id = \"b\"\ngroups_valid_for = \"1d\"",
            &["line 4", "oidc.groups_valid_for = 1d", "shorter than sessions.absolute = 7d"],
        ),
        ("[server\naddr", &["berth.toml, line 1", "not TOML"]),
    ] {
        refused(text, &[], parts);
    }
}

#[test]
fn a_public_host_may_be_an_address_of_version_6_with_or_without_brackets() {
    for text in ["::1", "[::1]"] {
        let config = read(&format!("[server]\npublic_host = \"{text}\"\n[docker]\nprobe_host = \"{text}\""), &[]);
        let config = config.expect("a configuration");
        assert_eq!(config.server.public_host.as_deref(), Some("[::1]"), "as a part of links");
        assert_eq!(config.hosts[0].probe_host.as_deref(), Some("::1"), "as an address");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let environment = [("BERTH_SERVER__ADDR", "x"), ("BERTH_SESSIONS__IDEL", "1h"), ("BERTH_DOCKER_HOST", "x")];
    let parts = [
        "the environment variable BERTH_SERVER__ADDR: server.addr = \"x\"",
        "BERTH_SESSIONS__IDEL: there is no key sessions.idel; there are absolute, idle",
        "BERTH_DOCKER_HOST: between section and key stand two underscores: BERTH_DOCKER__HOST",
    ];
    refused("", &environment, &parts);
}

#[test]
fn anything_but_loopback_needs_a_provider() {
    refused("[server]\naddr = \"0.0.0.0:3000\"", &[], &["server.addr = 0.0.0.0:3000", "on loopback only", "[oidc]"]);
    refused("[server]\npublic_url = \"https://b.example.org\"", &[], &["server.public_url", "without [oidc]"]);
    refused(&format!("{PROVIDER}[server]\naddr = \"0.0.0.0:1\""), &[], &["server.public_url is missing"]);
    let named = format!("{PROVIDER}[server]\naddr = \"0.0.0.0:1\"\npublic_url = \"https://b.example.org\"");
    assert!(read(&named, &[]).is_ok());
}

#[test]
fn a_half_configured_provider_is_refused() {
    refused("[oidc]", &[], &["oidc.issuer is missing", "oidc.client_id is missing"]);
    refused("[oidc]\nissuer = \"http://id.example.org\"\nclient_id = \"b\"", &[], &["oidc.issuer", "https"]);
    let absent = format!("{PROVIDER}client_secret_file = \"/not/there\"");
    refused(&absent, &[], &["oidc.client_secret_file = \"/not/there\"", "No such file"]);
}

#[test]
fn the_provider_s_secret_can_stand_in_a_file_and_is_never_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, "from-a-file\n").expect("written");
    let config = read(&format!("{PROVIDER}client_secret_file = {file:?}"), &[]).expect("a configuration");
    let oidc = config.oidc.expect("oidc");
    assert_eq!(oidc.client_secret.as_ref().expect("a secret").expose_secret(), "from-a-file");
    assert!(!format!("{oidc:?}").contains("from-a-file"));

    let twice = format!("{PROVIDER}client_secret = \"hush-hush\"\nclient_secret_file = {file:?}");
    let broken = format!("{PROVIDER}client_secret = \"hush-hush\" x");
    for text in [twice, broken, format!("{PROVIDER}client_secret = [\"hush-hush\"]")] {
        let message = read(&text, &[]).expect_err("refused").to_string();
        assert!(!message.contains("hush-hush"), "{message}");
    }
}

#[test]
fn a_message_repeats_little_and_nothing_unprintable() {
    let message = read("[server]\naddr = \"\\u001b[31m\"", &[]).expect_err("refused").to_string();
    assert!(!message.contains('\u{1b}'));
    let long = format!("[server]\naddr = \"{}\"", "x".repeat(1 << 20));
    assert!(read(&long, &[]).expect_err("refused").to_string().len() < 500);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let message = Config::load(Some(Path::new("/not/there.toml")), []).expect_err("refused").to_string();
    assert!(message.contains("/not/there.toml"), "{message}");
}
