//! Text of strangers, made fit for one line of a page or a log.

use std::iter::Peekable;
use std::str::Chars;

/// One line of at most `longest` characters, whatever `text` holds.
pub(super) fn plain(text: &str, longest: usize) -> String {
    let clean = harmless(text);
    let mut line: String = clean.trim().chars().take(longest).collect();
    if clean.trim().chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

/// Without what moves a cursor, colours, rings or turns the direction of writing.
pub(super) fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut rest),
            '\t' | '\n' | '\r' => clean.push(' '),
            c if c.is_control() || turns(c) => clean.push('\u{fffd}'),
            c => clean.push(c),
        }
    }
    clean
}

const fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_leave_no_trace() {
        for (text, left) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("\u{1b}(Bplain", "Bplain"),
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

    #[test]
    fn a_line_is_cut_and_says_so() {
        assert_eq!(plain("  abc\n", 3), "abc");
        assert_eq!(plain("abcd", 3), "abc…");
    }
}
