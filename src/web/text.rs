//! Text of strangers on its way into a log line or the database: bounded, on one line, and nothing in it that a terminal
//! or a reader could take for something else.

/// What is kept of a text in a log line, in characters.
const LINE_MAX: usize = 300;

/// As it may stand in a log.
#[must_use]
pub fn line(text: &str) -> String {
    clean(text, LINE_MAX)
}

/// Without control characters and what reorders or hides text, trimmed, and cut after `max` characters.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    // Nothing beyond is looked at, however long the text is.
    let start: Vec<char> = text.trim().chars().take(max + 1).collect();
    let plain = |(at, c): (usize, &char)| match *c {
        c if is_joiner(c) && joins(&start, at) => c,
        c if c.is_control() || is_deceptive(c) => '\u{fffd}',
        c => c,
    };
    let kept: String = start.iter().enumerate().map(plain).collect();
    match kept.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &kept[..end]),
        None => kept,
    }
}

/// Zero width non-joiner and joiner, which Persian, scripts of India and emoji of families are written with.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether what is at `at` stands between two characters of such a script.
fn joins(text: &[char], at: usize) -> bool {
    let beside = |at: Option<usize>| {
        let c = at.and_then(|at| text.get(at)).copied();
        c.is_some_and(|c| !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_deceptive(c))
    };
    beside(at.checked_sub(1)) && beside(at.checked_add(1))
}

/// Line and paragraph separators, marks that turn the direction of writing, and characters without width.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_stays_on_its_line_and_short() {
        assert_eq!(clean(" Bea Müller ", 20), "Bea Müller");
        assert_eq!(clean("a\nb\r\u{1b}[31m\u{0}\u{202e}c", 20), "a\u{fffd}b\u{fffd}\u{fffd}[31m\u{fffd}\u{fffd}c");
        assert_eq!(clean(&"é".repeat(1 << 20), 10), format!("{}…", "é".repeat(10)));
        assert_eq!(clean("exactly10!", 10), "exactly10!");
        for name in ["علی\u{200c}رضا", "👩\u{200d}💻", "🏳\u{fe0f}\u{200d}🌈"] {
            assert_eq!(clean(name, 20), name);
        }
        assert_eq!(clean("a\u{200d}b \u{200c}é\u{200d}\u{200d}é", 20), "a\u{fffd}b \u{fffd}é\u{fffd}\u{fffd}é");
    }
}
