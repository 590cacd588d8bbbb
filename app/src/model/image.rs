//! References to images: named by a tag, which can change under the name, or pinned by what they are.

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
