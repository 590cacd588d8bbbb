//! References to images: named by a tag, which can change under the name, or pinned by what they are.
//!
//! The grammar is the one of the registry's specification (`distribution/reference`), in the form in which Docker Engines of
//! every age take it: `[host[:port]/]path[:tag][@digest]`.

/// Longest name, with the registry that a short one means, in bytes. Tag and digest do not count.
const NAME_MAX: usize = 255;
const TAG_MAX: usize = 128;

/// What is wrong with `reference`, in words; `None` where it can name an image. Whether that exists, only the engine can tell.
#[must_use]
pub fn problem(reference: &str) -> Option<&'static str> {
    check(reference).err()
}

fn check(reference: &str) -> Result<(), &'static str> {
    if reference.contains("://") {
        return Err("it is a reference, not a URL: leave out the scheme");
    }
    let (tagged, pin) = match reference.split_once('@') {
        Some((tagged, pin)) => (tagged, Some(pin)),
        None => (reference, None),
    };
    let last = tagged.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match tagged[last..].split_once(':') {
        Some((end, tag)) => (&tagged[..last + end.len()], Some(tag)),
        None => (tagged, None),
    };
    let (host, path) = split_host(name);
    if !host.is_none_or(is_host) {
        return Err("the registry before the first `/` is no host, with or without a port");
    }
    if path.is_empty() || !path.split('/').all(is_component) {
        return Err(
            "a name is made of a-z and 0-9, in parts set apart by `/`, with single `.`, `_`, `__` or `-` inside them",
        );
    }
    if is_hex(reference, 64) {
        return Err("it is the id of an image: write its name and tag, or its name and digest");
    }
    if full_length(host, path) > NAME_MAX {
        return Err("the name before the tag is longer than 255 characters");
    }
    if !tag.is_none_or(is_tag) {
        return Err("a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and does not begin with `.` or `-`");
    }
    if !pin.is_none_or(is_digest) {
        return Err("a digest is written as sha256: and 64 digits of 0-9 and a-f");
    }
    Ok(())
}

/// The registry, where the first part of the name can only be one, and the rest.
fn split_host(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, name),
    }
}

/// With what the engine adds to a short name.
fn full_length(host: Option<&str>, path: &str) -> usize {
    let added = match (host, path.contains('/')) {
        (Some(host), _) => host.len() + 1,
        (None, true) => "docker.io/".len(),
        (None, false) => "docker.io/library/".len(),
    };
    added + path.len()
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let label = |label: &str| {
        let ends = label.starts_with('-') || label.ends_with('-');
        !label.is_empty() && !ends && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let in_brackets = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_named = match in_brackets {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(label),
    };
    is_named && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// A part of a path: runs of letters and digits with one separator between two.
fn is_component(text: &str) -> bool {
    let is_run = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut separators =
        text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|between| !between.is_empty());
    text.bytes().next().is_some_and(is_run)
        && text.bytes().last().is_some_and(is_run)
        && separators.all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= TAG_MAX
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

/// Of the algorithms that engines know.
fn is_digest(text: &str) -> bool {
    let digits = |algorithm| match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    };
    text.split_once(':').is_some_and(|(algorithm, hex)| digits(algorithm).is_some_and(|digits| is_hex(hex, digits)))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `reference` with the digest of what the engine has under that name; `digests` are the engine's, `name@sha256:…` each.
/// `None` where the engine knows none for this name.
#[must_use]
pub fn pinned(reference: &str, digests: &[String]) -> Option<String> {
    let tagged = reference.split('@').next().unwrap_or(reference);
    let digest = digests.iter().find_map(|known| {
        let (name, digest) = known.split_once('@')?;
        (repository(name) == repository(tagged)).then_some(digest)
    })?;
    Some(format!("{tagged}@{digest}"))
}

/// The name without its tag, and without what the engine adds to short names.
fn repository(reference: &str) -> &str {
    let last = reference.rfind('/').map_or(0, |slash| slash + 1);
    let name = reference[last..].find(':').map_or(reference, |colon| &reference[..last + colon]);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_name_an_image_is_taken_and_nothing_else() {
        let hex = "a0".repeat(32);
        let (long, tag) = ("a".repeat(220), "t".repeat(128));
        for good in [
            "nginx".to_owned(),
            "berth/web:1".to_owned(),
            "localhost/web".to_owned(),
            "localhost:5000/web:1".to_owned(),
            "reg.example:5000/team/sub-team/web__x.y:1.29-alpine_3".to_owned(),
            format!("reg.example:5000/t/web:1@sha256:{hex}"),
            format!("web@sha256:{hex}"),
            format!("web@sha512:{hex}{hex}"),
            "[2001:db8::1]:5000/web:1".to_owned(),
            "[::1]/web".to_owned(),
            "Reg.Example/web".to_owned(),
            "a---b".to_owned(),
            format!("reg.example:5000/{long}:{tag}@sha256:{hex}"),
            format!("{hex}:1"),
            format!("team/{hex}"),
        ] {
            assert_eq!(problem(&good), None, "{good}");
        }
        for bad in [
            "",
            "a b",
            "Berth/Web:1",
            "Berth/web:1",
            "berth/web:",
            "berth/web:.1",
            "berth/web:a/b",
            "berth/web:1:2",
            "https://reg.example/web:1",
            "berth//web:1",
            "/web",
            "web/",
            "reg.example:port/web",
            "reg.example:/web",
            "reg..example/web",
            "-reg.example/web",
            "[::1/web",
            "[::g]/web",
            "reg.example/",
            "web._x",
            "web___x",
            "web..x",
            "-web",
            "web-",
            "wéb",
            "web\n",
            "web\u{0}",
            "web@",
            "web@sha256:",
            "web@md5:0123456789abcdef0123456789abcdef",
            "@sha256:aa",
            &format!("web@sha256:{}", "A0".repeat(32)),
            &format!("web@sha256:{hex}@sha256:{hex}"),
            &hex,
            &format!("reg.example/{}", "a".repeat(244)),
            &"a".repeat(238),
            &format!("web:{}", "t".repeat(129)),
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
        assert_eq!(problem(&format!("reg.example/{}", "a".repeat(243))), None);
        assert_eq!(problem(&"a".repeat(237)), None);
    }

    #[test]
    fn an_image_is_pinned_to_what_the_engine_has_under_its_name() {
        let check = |reference: &str, digests: &[&str], pinned_to: Option<&str>| {
            let digests: Vec<String> = digests.iter().map(|digest| (*digest).to_owned()).collect();
            assert_eq!(pinned(reference, &digests).as_deref(), pinned_to, "{reference}");
        };
        check("postgres:17", &["postgres@sha256:aa"], Some("postgres:17@sha256:aa"));
        check("docker.io/library/postgres", &["postgres@sha256:aa"], Some("docker.io/library/postgres@sha256:aa"));
        check("host:5000/a/b:1", &["a/b@sha256:00", "host:5000/a/b@sha256:bb"], Some("host:5000/a/b:1@sha256:bb"));
        check("postgres:17@sha256:old", &["postgres@sha256:new"], Some("postgres:17@sha256:new"));
        check("berth/web:1", &[], None);
        check("berth/web:1", &["other@sha256:aa"], None);
    }
}
