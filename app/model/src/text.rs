//! Text of strangers on its way into a page, a log line or the database: bounded, on one line, and nothing in it that a terminal
//! or a reader could take for something else.

use std::iter::Peekable;
use std::str::Chars;

/// What is kept of a text in a log line, in characters.
const LINE_MAX: usize = 300;

/// As it may stand in a log.
#[must_use]
pub fn line(text: &str) -> String {
    clean(text, LINE_MAX)
}

/// One line of at most `max` characters, trimmed, as [`harmless`] leaves it; what is cut off shows as `…`. Nothing beyond is looked
/// at, however long the text is.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    let mut kept = String::new();
    let mut pieces = Harmless::of(text.trim());
    for _ in 0..max {
        match pieces.next() {
            Some(c) => kept.push(c),
            None => return kept.trim().to_owned(),
        }
    }
    let more = pieces.any(|c| !c.is_whitespace());
    let kept = kept.trim();
    if more { format!("{kept}…") } else { kept.to_owned() }
}

/// Without what moves a cursor, colours, rings, or reorders or hides text. Line breaks and tabs become blanks.
#[must_use]
pub fn harmless(text: &str) -> String {
    Harmless::of(text).collect()
}

struct Harmless<'a> {
    rest: Peekable<Chars<'a>>,
    before: Option<char>,
}

impl<'a> Harmless<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text.chars().peekable(), before: None }
    }

    /// Whether what comes next and what came before are of a script that is written with joiners.
    fn joins(&mut self) -> bool {
        let beside = |c: Option<char>| {
            c.is_some_and(|c| !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_deceptive(c))
        };
        beside(self.before) && beside(self.rest.peek().copied())
    }
}

impl Iterator for Harmless<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            let c = self.rest.next()?;
            let shown = match c {
                '\u{1b}' => {
                    skip_sequence(&mut self.rest);
                    continue;
                }
                '\t' | '\n' | '\r' => ' ',
                c if is_joiner(c) && self.joins() => c,
                c if c.is_control() || is_deceptive(c) => '\u{fffd}',
                c => c,
            };
            self.before = Some(c);
            return Some(shown);
        }
    }
}

/// Zero width non-joiner and joiner, which Persian, scripts of India and emoji of families are written with.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Line and paragraph separators, marks that turn the direction of writing, and characters without width.
const fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// After an escape: `[` up to its final letter, `]` up to its end, anything else is one character (ECMA-48).
fn skip_sequence(rest: &mut Peekable<Chars<'_>>) {
    match rest.next() {
        Some('[') => while rest.next().is_some_and(|c| !matches!(c, '\u{40}'..='\u{7e}')) {},
        Some(']') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        // ESC ( B and its like name a character set in two.
        Some('(' | ')') => drop(rest.next()),
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_stays_on_its_line_and_short() {
        assert_eq!(clean(" Bea Müller ", 20), "Bea Müller");
        assert_eq!(clean("a\nb\r\u{1b}[31m\u{0}\u{202e}c", 20), "a b \u{fffd}\u{fffd}c");
        assert_eq!(clean(&"é".repeat(1 << 20), 10), format!("{}…", "é".repeat(10)));
        assert_eq!(clean("exactly10!", 10), "exactly10!");
        assert_eq!(clean("  abc\n", 3), "abc");
        assert_eq!(clean("abcd", 3), "abc…");
        for name in ["علی\u{200c}رضا", "👩\u{200d}💻", "🏳\u{fe0f}\u{200d}🌈"] {
            assert_eq!(clean(name, 20), name);
        }
        assert_eq!(clean("a\u{200d}b \u{200c}é\u{200d}\u{200d}é", 20), "a\u{fffd}b \u{fffd}é\u{fffd}\u{fffd}é");
    }

    #[test]
    fn terminal_sequences_leave_no_trace() {
        for (text, left) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("\u{1b}(Bplain", "plain"),
            ("bell\u{7}", "bell\u{fffd}"),
            ("one\r\n\ttwo", "one   two"),
            ("\u{202e}txt.exe", "\u{fffd}txt.exe"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("\u{1b}]", ""),
        ] {
            assert_eq!(harmless(text), left, "{text:?}");
        }
    }
}
