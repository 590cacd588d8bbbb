//! The last lines that a container wrote: what explains that it ended at once.

use bollard::container::LogOutput;

use super::text::plain;

/// Most lines, and most characters of one.
pub(super) const LINES_MAX: usize = 200;
const LINE_MAX: usize = 16 * 1024;

/// The lines of one frame of the engine's, harmless and bounded.
pub(super) fn lines_of(frame: &LogOutput) -> Vec<String> {
    let text = String::from_utf8_lossy(frame.as_ref());
    text.trim_end_matches(['\r', '\n']).split('\n').take(LINES_MAX).map(|line| plain(line, LINE_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(message: impl Into<Vec<u8>>) -> Vec<String> {
        lines_of(&LogOutput::StdOut { message: message.into().into() })
    }

    #[test]
    fn a_frame_is_cut_into_lines_and_each_is_bounded() {
        assert_eq!(lines("one\r\n"), ["one"]);
        assert_eq!(lines("one\ntwo"), ["one", "two"]);
        assert_eq!(lines(b"\xff\x00".to_vec()), ["\u{fffd}\u{fffd}"]);
        assert_eq!(lines("x".repeat(1 << 20))[0].chars().count(), LINE_MAX + 1);
        assert_eq!(lines("\n".repeat(10_000) + "x").len(), LINES_MAX);
    }
}
