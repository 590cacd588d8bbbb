//! What became of an environment: its activities, its part of the audit log, and how it last ended.

use serde::{Deserialize, Serialize};

use super::activity::Activity;
use super::audit::Recorded;
use super::environment::{Environment, Step};
use super::time::Timestamp;

/// Most lines of a log that are kept after an end, and most bytes of them all.
pub const LINES_MAX: usize = 200;
const BYTES_MAX: usize = 64 * 1024;
/// Most characters of one line.
const LINE_MAX: usize = 2000;
/// Most characters of a reason; of the lines that it quotes, all and each.
const REASON_MAX: usize = 400;
const QUOTED_MAX: usize = 240;
const QUOTED_LINE_MAX: usize = 120;
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
    #[serde(flatten)]
    pub activity: Activity,
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

/// At most as much of a reason as fits beside a name: the whole story is in the history.
#[must_use]
pub fn bounded(reason: &str) -> String {
    cut(reason, REASON_MAX)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// The last of these lines in a sentence, without secrets: as many as fit, each cut.
#[must_use]
pub fn quoted(lines: &[String], secrets: &[&str]) -> String {
    let mut left = QUOTED_MAX;
    let last = lines.iter().rev().map(|line| cut(&masked(line, secrets), QUOTED_LINE_MAX));
    let mut quoted: Vec<String> = last
        .take_while(|line| {
            let fits = line.chars().count() <= left;
            left = left.saturating_sub(line.chars().count());
            fits
        })
        .collect();
    quoted.reverse();
    quoted.join(" ⏎ ")
}

/// `text` with every secret blotted out, also where it was spread over lines. One of one or two letters only where it stands
/// alone: blotted out everywhere it would tell itself.
#[must_use]
pub fn masked(text: &str, secrets: &[&str]) -> String {
    const BREAKS: [char; 3] = ['\n', '\r', '\t'];
    let (short, long): (Vec<&str>, Vec<&str>) = secrets.iter().map(|secret| secret.trim()).partition(|it| is_short(it));
    let text = short.iter().filter(|it| !it.is_empty()).fold(text.to_owned(), |text, it| masked_alone(&text, it));
    let long = secrets.iter().filter(|secret| long.contains(&secret.trim()));
    let mut pieces: Vec<&str> = long.flat_map(|secret| secret.split(BREAKS)).collect();
    pieces.retain(|piece| !is_short(piece.trim()));
    // A secret that holds another goes first.
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces.iter().fold(text, |text, piece| {
        let whole = text.replace(piece, MASK);
        if piece.trim() == *piece { whole } else { whole.replace(piece.trim(), MASK) }
    })
}

fn is_short(secret: &str) -> bool {
    secret.chars().count() <= 2
}

/// Without `word` where nothing but spaces, quotes and the like stand around it.
fn masked_alone(text: &str, word: &str) -> String {
    let is_edge = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "=:,;\"'`()[]<>".contains(c));
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(word) {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        if is_edge(before) && is_edge(after) {
            masked.push_str(&text[done..at]);
            masked.push_str(MASK);
            done = at + word.len();
        }
    }
    masked + &text[done..]
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
            ("It ended: KEY=e 'e'", &["e"], "It ended: KEY=[secret] '[secret]'"),
            ("{\"key\": \"hunter2\"}", &["{\n\"key\": \"hunter2\"\n}"], "{[secret]}"),
        ] {
            assert_eq!(masked(text, secrets), left, "{text:?}");
        }
    }

    #[test]
    fn a_reason_is_short_however_long_the_lines_are() {
        let lines: Vec<String> = (0..5).map(|number| format!("{}{number}", "ä".repeat(16_000))).collect();
        let said = quoted(&lines, &[]);
        assert!(said.chars().count() <= QUOTED_MAX + 20 && said.starts_with('ä'), "{}", said.chars().count());
        assert_eq!(quoted(&["one".to_owned(), "two e".to_owned()], &["e"]), "one ⏎ two [secret]");
        assert_eq!(bounded(&"x".repeat(80_000)).chars().count(), REASON_MAX + 1);
        assert_eq!(bounded("It ended."), "It ended.");
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
