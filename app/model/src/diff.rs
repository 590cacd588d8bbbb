//! What changed from one text to the next, line by line.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "line", rename_all = "lowercase")]
pub enum Line {
    Gone(String),
    New(String),
}

/// The longest text that is compared line by line, in lines; past that everything counts as changed.
const LINES_MAX: usize = 2000;

/// The lines that only one of the two texts has, in the order of reading: what is gone before what is new in its place.
#[must_use]
pub fn changes(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    if old.len().max(new.len()) > LINES_MAX {
        let gone = old.iter().map(|line| Line::Gone((*line).to_owned()));
        return gone.chain(new.iter().map(|line| Line::New((*line).to_owned()))).collect();
    }
    let kept = common(old, new);
    let (mut lines, mut at_old, mut at_new) = (Vec::new(), 0, 0);
    for (to_old, to_new) in kept.into_iter().chain([(old.len(), new.len())]) {
        lines.extend(old[at_old..to_old].iter().map(|line| Line::Gone((*line).to_owned())));
        lines.extend(new[at_new..to_new].iter().map(|line| Line::New((*line).to_owned())));
        (at_old, at_new) = (to_old + 1, to_new + 1);
    }
    lines
}

/// Where the lines of a longest common subsequence stand in both.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut longest = vec![0u32; (old.len() + 1) * width];
    for at_old in (0..old.len()).rev() {
        for at_new in (0..new.len()).rev() {
            longest[at_old * width + at_new] = if old[at_old] == new[at_new] {
                longest[(at_old + 1) * width + at_new + 1] + 1
            } else {
                longest[(at_old + 1) * width + at_new].max(longest[at_old * width + at_new + 1])
            };
        }
    }
    let (mut kept, mut at_old, mut at_new) = (Vec::new(), 0, 0);
    while at_old < old.len() && at_new < new.len() {
        if old[at_old] == new[at_new] {
            kept.push((at_old, at_new));
            (at_old, at_new) = (at_old + 1, at_new + 1);
        } else if longest[(at_old + 1) * width + at_new] >= longest[at_old * width + at_new + 1] {
            at_old += 1;
        } else {
            at_new += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(old: &str, new: &str) -> String {
        let line = |line: Line| match line {
            Line::Gone(line) => format!("-{line} "),
            Line::New(line) => format!("+{line} "),
        };
        changes(old, new).into_iter().map(line).collect()
    }

    #[test]
    fn only_lines_that_differ_are_told() {
        assert_eq!(shown("a\nb\nc", "a\nb\nc"), "");
        assert_eq!(shown("a\nb\nc", "a\nx\nc"), "-b +x ");
        assert_eq!(shown("a\nb\nc\nd", "a\nc\nd\ne"), "-b +e ");
        assert_eq!(shown("", "a\nb"), "+a +b ");
        assert_eq!(shown("a\nb", ""), "-a -b ");
    }

    proptest! {
        #[test]
        fn as_many_lines_are_gone_and_new_as_the_texts_differ_by(old in "([abc]\n){0,12}", new in "([abc]\n){0,12}") {
            let lines = changes(&old, &new);
            let gone = lines.iter().filter(|line| matches!(line, Line::Gone(_))).count();
            prop_assert_eq!(old.lines().count() - gone, new.lines().count() - (lines.len() - gone));
            prop_assert_eq!(lines.is_empty(), old == new);
        }
    }
}
