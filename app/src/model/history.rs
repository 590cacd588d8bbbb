//! What became of an environment: its activities, its part of the audit log, and how it last ended.

use serde::{Deserialize, Serialize};

use super::audit::Recorded;
use super::environment::{Environment, Step};
use super::time::Timestamp;

/// Most lines of a log that are kept after an end, and most bytes of them all.
pub const LINES_MAX: usize = 200;
const BYTES_MAX: usize = 64 * 1024;
/// Most characters of one line.
const LINE_MAX: usize = 2000;
/// What stands for a secret.
const MASK: &str = "[secret]";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub environment: Environment,
    /// Newest first.
    pub activities: Vec<PastActivity>,
    /// Newest first.
    pub audit: Vec<Recorded>,
    /// How it last ended, where it has.
    pub post_mortem: Option<PostMortem>,
}

/// One launch, start, stop or removal, with its steps in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastActivity {
    pub number: u32,
    pub steps: Vec<Step>,
}

/// What is known of a container after its end; it stays when the container is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMortem {
    /// When this was kept.
    pub at: Timestamp,
    /// What ended it, in words.
    pub why: String,
    /// `None` where it was still running when it was removed, or never ran.
    pub exit_code: Option<i64>,
    /// Ended by the kernel for want of memory.
    pub oom_killed: bool,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The last lines that it wrote, oldest first, without secrets.
    pub lines: Vec<String>,
}

impl PostMortem {
    /// The exit, as people say it.
    #[must_use]
    pub fn exit(&self) -> String {
        match (self.oom_killed, self.exit_code) {
            (true, code) => format!("out of memory, exit code {}", code.unwrap_or(137)),
            (false, Some(code)) => format!("exit code {code}"),
            (false, None) => "no exit code".to_owned(),
        }
    }
}

/// `text` with every secret blotted out, also where it was spread over lines.
#[must_use]
pub fn masked(text: &str, secrets: &[&str]) -> String {
    let mut pieces: Vec<&str> = secrets.iter().flat_map(|secret| secret.split(['\n', '\r', '\t'])).collect();
    pieces.retain(|piece| !piece.trim().is_empty());
    // A secret that holds another goes first.
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces.iter().fold(text.to_owned(), |text, piece| {
        let whole = text.replace(piece, MASK);
        if piece.trim() == *piece { whole } else { whole.replace(piece.trim(), MASK) }
    })
}

/// The last lines of a log that are kept: without secrets, and bounded each and together.
#[must_use]
pub fn kept(lines: &[String], secrets: &[&str]) -> Vec<String> {
    let mut left = BYTES_MAX;
    let last = lines.iter().rev().take(LINES_MAX).map(|line| {
        let line = masked(line, secrets);
        line.chars().take(LINE_MAX).collect::<String>()
    });
    let mut kept: Vec<String> = last
        .take_while(|line| {
            let fits = line.len() <= left;
            left = left.saturating_sub(line.len());
            fits
        })
        .collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_read_from_a_line() {
        for (text, secrets, left) in [
            ("key=hunter2!", &["hunter2"][..], "key=[secret]!"),
            ("hunter22 hunter2", &["hunter2", "hunter22"], "[secret] [secret]"),
            ("two of one\nkey", &["of one\nkey"], "two [secret]\n[secret]"),
            ("nothing", &["", " "], "nothing"),
            ("the padded one", &[" padded "], "the[secret]one"),
            ("padded", &[" padded "], "[secret]"),
        ] {
            assert_eq!(masked(text, secrets), left, "{text:?}");
        }
    }

    #[test]
    fn the_last_lines_are_kept_within_bounds() {
        let lines: Vec<String> = (0..500).map(|number| format!("line {number}")).collect();
        let last = kept(&lines, &[]);
        assert_eq!((last.len(), last[0].as_str(), last[199].as_str()), (200, "line 300", "line 499"));
        let long = vec!["é".repeat(16 * 1024); 100];
        let last = kept(&long, &[]);
        assert!(last.iter().all(|line| line.chars().count() <= LINE_MAX));
        assert!(!last.is_empty() && last.iter().map(String::len).sum::<usize>() <= BYTES_MAX);
    }
}
