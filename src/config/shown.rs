//! The configuration as auditors and admins read it: every key with its value, where that was set and what it does, and no secret.

use app::api::settings::Setting;
use identity::settings::Oidc;

use super::{Config, Host};

impl Config {
    #[must_use]
    pub fn shown(&self) -> Vec<Setting> {
        let mut all = Vec::new();
        let mut show = |key: &str, value: Option<String>, about: &str| {
            let value = value.filter(|value| !value.is_empty()).unwrap_or_else(|| "not set".to_owned());
            let origin = self.origin(key);
            all.push(Setting { key: key.to_owned(), value, origin, about: about.to_owned() });
        };
        let Self { server, hosts, oidc, sessions, limits, defaults, retention, origins: _ } = self;
        show("server.addr", Some(server.addr.to_string()), "Where it listens.");
        show("server.public_url", server.public_url.as_ref().map(ToString::to_string), "Where people reach it.");
        show(
            "server.public_host",
            server.public_host.clone(),
            "The host in links to ports; not set: where they are published, or else the host of server.public_url. Behind https, \
             browsers are told to come by https only (HSTS) where this is another name than that host.",
        );
        show("server.data_dir", Some(server.data_dir.display().to_string()), "Where the database is.");
        show("server.trusted_proxies", list(&server.trusted_proxies), "Whose X-Forwarded-For counts.");
        for host in hosts {
            shown_host(host, &mut show);
        }
        show("sessions.idle", Some(sessions.idle.words()), "A session ends when it is not used for so long.");
        show("sessions.absolute", Some(sessions.absolute.words()), "A session ends at the latest after so long.");
        let count = |count: &dyn ToString| Some(count.to_string());
        let about = "Sign-ins that are begun and credentials that are no good, a minute, by address.";
        show("limits.sign_ins", count(&limits.sign_ins.a_minute), about);
        let about = "Launches, starts and restarts a minute, by person or token.";
        show("limits.launches", count(&limits.launches.a_minute), about);
        show("limits.launches_at_once", count(&limits.launches.burst), "How many of them may come in one moment.");
        show("limits.streams", count(&limits.streams), "Live pages and terminals that are open, by person or token.");
        show("limits.reads", count(&limits.reads), "Reads under way, by person or token.");
        show("limits.connections", count(&limits.connections), "Connections to the server; more wait for one to end.");
        let ratio = |ratio: f64| Some(format!("{ratio} times what the host has"));
        let reserve = defaults.host_memory_reserve.to_string();
        show("defaults.host_memory_reserve", Some(reserve), "What environments leave of the host's memory.");
        show(
            "defaults.host_memory_ratio",
            ratio(defaults.host_memory_ratio),
            "How much memory is promised; at 1 it is never oversold.",
        );
        show("defaults.host_cpu_ratio", ratio(defaults.host_cpu_ratio), "How much CPU is promised.");
        show("defaults.bind_ip", Some(defaults.bind_ip.to_string()), "Where the ports of environments are published.");
        let about = "How long the page and the history of an environment are kept after its removal. The audit log is kept for good.";
        show("retention.removed", Some(retention.removed.words()), about);
        match oidc {
            None => show("oidc", None, "Without an identity provider there is one operator, on loopback."),
            Some(oidc) => provider(oidc, &mut show),
        }
        all
    }

    /// Where a value comes from. The secret may stand in a file of its own, which another key names.
    fn origin(&self, key: &str) -> String {
        let set = self.origins.of(key);
        let file = (key == "oidc.client_secret").then(|| self.origins.of("oidc.client_secret_file")).flatten();
        let file = file.map(|named| format!("the file that {named} names"));
        set.or(file).unwrap_or_else(|| "default".to_owned())
    }
}

fn shown_host(host: &Host, show: &mut impl FnMut(&str, Option<String>, &str)) {
    let at = &host.section;
    let about = if at == "docker" { "The engine; not set: as DOCKER_HOST says." } else { "Its engine." };
    show(&format!("{at}.{}", host.address_key()), host.address.clone(), about);
    for (key, path, about) in [
        ("ca", &host.ca, "The certificate that the engine is known by."),
        ("cert", &host.cert, "Our certificate for the engine."),
        ("key", &host.key, "The file with its key."),
    ] {
        show(&format!("{at}.{key}"), path.as_ref().map(|path| path.display().to_string()), about);
    }
    let about = "Where readiness probes go; not set: where ports are published.";
    show(&format!("{at}.probe_host"), host.probe_host.clone(), about);
    show(
        &format!("{at}.address_pool"),
        host.address_pool.map(|pool| pool.to_string()),
        "The addresses of the networks of teams; not set: the engine chooses.",
    );
    show(
        &format!("{at}.without_limits"),
        Some(if host.without_limits { "allow" } else { "refuse" }.to_owned()),
        "What happens where the engine does not limit memory, CPU or processes.",
    );
    if at == "docker" {
        return;
    }
    let about = "The host in links to its ports; not set: that of its address, or else server.public_host.";
    show(&format!("{at}.public_host"), host.public_host.clone(), about);
    show(&format!("{at}.bind_ip"), Some(host.bind_ip.to_string()), "Where ports of its environments are published.");
    show(
        &format!("{at}.memory_reserve"),
        Some(host.memory_reserve.to_string()),
        "What environments leave of its memory.",
    );
    let ratio = |ratio: f64| Some(format!("{ratio} times what it has"));
    show(&format!("{at}.memory_ratio"), ratio(host.memory_ratio), "How much of its memory is promised.");
    show(&format!("{at}.cpu_ratio"), ratio(host.cpu_ratio), "How much of its CPU is promised.");
}

fn provider(oidc: &Oidc, show: &mut impl FnMut(&str, Option<String>, &str)) {
    let secret = oidc.client_secret.as_ref().map(|_| "set, and shown to nobody".to_owned());
    show("oidc.issuer", Some(oidc.issuer.clone()), "The identity provider.");
    show("oidc.client_id", Some(oidc.client_id.clone()), "As which it knows this server.");
    show("oidc.client_secret", secret, "What this server proves itself with there.");
    show("oidc.scopes", list(&oidc.scopes), "What is asked of it.");
    show("oidc.groups_claim", Some(oidc.groups_claim.clone()), "The claim that lists somebody's groups.");
    show("oidc.admin_group", oidc.admin_group.clone(), "Whose people are admins.");
    show("oidc.auditor_group", oidc.auditor_group.clone(), "Whose people are auditors.");
    show("oidc.admin_subjects", list(&oidc.admin_subjects), "Who is an admin by the provider's own id for them.");
    show("oidc.allowed_groups", list(&oidc.allowed_groups), "Whose people get in without a team.");
    show(
        "oidc.groups_when_absent",
        Some(oidc.groups_when_absent.as_str().to_owned()),
        "What a sign-in without the groups claim means: no group, or those of the sign-in before.",
    );
    show(
        "oidc.groups_valid_for",
        Some(oidc.groups_valid_for.words()),
        "How long after a sign-in the groups and the role that came with it count, for sessions and tokens alike.",
    );
    show("oidc.trusted_audiences", list(&oidc.trusted_audiences), "Who else an ID token may be for.");
}

fn list<T: ToString>(items: &[T]) -> Option<String> {
    Some(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Config;

    #[test]
    fn what_is_configured_is_shown_and_no_secret_is() {
        let text = "[server]\npublic_url = \"https://berth.example\"\n[oidc]\nissuer = \"https://id.example\"\nclient_id = \"berth\"\nclient_secret = \"hunter2\"\n";
        let config = Config::read(Some((Path::new("berth.toml"), text)), []).expect("a configuration");
        let shown = config.shown();
        let value = |key: &str| shown.iter().find(|setting| setting.key == key).map(|setting| setting.value.as_str());
        assert_eq!(value("oidc.client_secret"), Some("set, and shown to nobody"));
        assert_eq!(value("defaults.host_memory_ratio"), Some("1 times what the host has"));
        assert_eq!((value("server.public_host"), value("oidc.issuer")), (Some("not set"), Some("https://id.example")));
        assert!(shown.iter().all(|setting| !format!("{setting:?}").contains("hunter2")));
    }

    #[test]
    fn each_value_says_where_it_was_set() {
        let text = "[server]\naddr = \"127.0.0.1:4000\"\npublic_host = \"one.example\"\n";
        let variable = ("BERTH_SERVER__PUBLIC_HOST".to_owned(), "two.example".to_owned());
        let config = Config::read(Some((Path::new("berth.toml"), text)), [variable]).expect("a configuration");
        let shown = config.shown();
        for (key, value, origin) in [
            ("server.addr", "127.0.0.1:4000", "berth.toml, line 2"),
            ("server.public_host", "two.example", "the environment variable BERTH_SERVER__PUBLIC_HOST"),
            ("server.data_dir", "berth-data", "default"),
            ("oidc", "not set", "default"),
        ] {
            let setting = shown.iter().find(|setting| setting.key == key).expect(key);
            assert_eq!((setting.value.as_str(), setting.origin.as_str()), (value, origin), "{key}");
        }
    }

    #[test]
    fn a_secret_in_a_file_of_its_own_says_which_key_names_it_and_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "hunter2\n").expect("a secret");
        let text = "[oidc]\nissuer = \"https://id.example\"\nclient_id = \"berth\"\n";
        let variable = ("BERTH_OIDC__CLIENT_SECRET_FILE".to_owned(), secret.display().to_string());
        let config = Config::read(Some((Path::new("berth.toml"), text)), [variable]).expect("a configuration");
        let shown = config.shown();
        let setting = shown.iter().find(|setting| setting.key == "oidc.client_secret").expect("the secret");
        let origin = "the file that the environment variable BERTH_OIDC__CLIENT_SECRET_FILE names";
        assert_eq!((setting.value.as_str(), setting.origin.as_str()), ("set, and shown to nobody", origin));
        assert!(shown.iter().all(|setting| !format!("{setting:?}").contains("hunter2")));
    }
}
