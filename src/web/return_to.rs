//! Where somebody goes on after signing in: a path on this site, and nothing that a browser could read as another one.

/// Longest path that is kept.
const MAX: usize = 2048;

/// The path asked for, or `/` when it is anything but a plain local one.
#[must_use]
pub fn local_path(asked: Option<&str>) -> &str {
    asked.filter(|asked| is_local(asked)).unwrap_or("/")
}

fn is_local(asked: &str) -> bool {
    let path = asked.split(['?', '#']).next().unwrap_or_default();
    let printable = asked.len() <= MAX && asked.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    // Back into a sign-in would go round in circles.
    let leads_back = ["/auth/", "/sign-in"].iter().any(|own| path.starts_with(own));
    let Some(segments) = path.strip_prefix('/') else { return false };
    let doubled = segments.starts_with('/') || segments.contains("//");
    printable && !leads_back && !doubled && segments.split('/').all(is_plain)
}

/// Browsers drop dot segments, and something on the way may read an escape as what it stands for.
fn is_plain(segment: &str) -> bool {
    let folded = segment.to_ascii_lowercase();
    let dots = folded.replace("%2e", ".");
    let escapes = |escape: &str| folded.contains(escape);
    let hidden =
        (0..0x20).any(|code| escapes(&format!("%{code:02x}"))) || ["%5c", "%2f", "%7f"].into_iter().any(escapes);
    !hidden && dots != "." && dots != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_returned_to() {
        for good in [
            "/",
            "/environments",
            "/environments/",
            "/environments/0193?tab=logs#end",
            "/launch?template=web&next=//x",
            "/@someone",
            "/a%20b",
        ] {
            assert_eq!(local_path(Some(good)), good);
        }
        for bad in [
            "",
            "environments",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/\n/evil.example",
            "/%09/evil.example",
            "/%0d%0aLocation:x",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/%2f/evil.example",
            "/%2Fevil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/%2e//evil.example",
            "/%2E%2e//evil.example",
            "/./evil",
            "/a//b",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "//user@evil.example",
            "https://berth.example@evil.example",
            "/x\u{0}",
            "/ä",
            "/auth/start",
            "/auth/operator/x",
            "/sign-in",
            "/sign-in?problem=denied",
        ] {
            assert_eq!(local_path(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(local_path(Some(&format!("/{}", "x".repeat(MAX)))), "/");
        assert_eq!(local_path(None), "/");
    }

    /// What a browser makes of an accepted path stays on this site, at this path.
    #[test]
    fn a_browser_stays_here_with_every_accepted_path() {
        let here = url::Url::parse("https://berth.example/sign-in").expect("an address");
        let parts = ["/", "\\", ".", "%2e", "%2f", "%5c", "%09", "\t", "a", "@", ":", "evil.example", "?", "#"];
        for first in parts {
            for second in parts {
                for third in parts {
                    let asked = format!("/{first}{second}{third}");
                    let there = here.join(local_path(Some(&asked))).expect("an address");
                    assert_eq!(there.origin(), here.origin(), "{asked}");
                    assert!(!there.path().starts_with("//"), "{asked}");
                }
            }
        }
    }
}
