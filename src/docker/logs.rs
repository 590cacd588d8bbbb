//! The last lines that a container wrote: what explains that it ended at once.

use std::collections::VecDeque;

use bollard::container::LogOutput;
use model::text::clean;

/// Most lines, and most characters of one.
pub(super) const LINES_MAX: usize = 200;
const LINE_MAX: usize = 16 * 1024;
/// What is kept of a line that is not at its end yet, in bytes.
const OPEN_MAX: usize = 4 * LINE_MAX;

/// Puts the frames of the engine together: a long line comes in several, cut anywhere, and each stream has its own.
#[derive(Debug)]
pub(super) struct Tail {
    most: usize,
    lines: VecDeque<String>,
    /// What stdout and stderr have not ended yet.
    open: [Vec<u8>; 2],
}

impl Tail {
    pub(super) fn of(most: usize) -> Self {
        Self { most, lines: VecDeque::new(), open: Default::default() }
    }

    pub(super) fn add(&mut self, frame: &LogOutput) {
        let stream = usize::from(matches!(frame, LogOutput::StdErr { .. }));
        for piece in frame.as_ref().split_inclusive(|byte| *byte == b'\n') {
            let open = &mut self.open[stream];
            let room = OPEN_MAX.saturating_sub(open.len());
            open.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                self.end_line(stream);
            }
        }
    }

    /// The last lines, oldest first, harmless and bounded.
    pub(super) fn lines(mut self) -> Vec<String> {
        for stream in [0, 1] {
            if !self.open[stream].is_empty() {
                self.end_line(stream);
            }
        }
        self.lines.into()
    }

    fn end_line(&mut self, stream: usize) {
        let bytes = std::mem::take(&mut self.open[stream]);
        self.lines.push_back(clean(&String::from_utf8_lossy(&bytes), LINE_MAX));
        if self.lines.len() > self.most {
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(message: impl Into<Vec<u8>>) -> LogOutput {
        LogOutput::StdOut { message: message.into().into() }
    }

    fn lines(frames: impl IntoIterator<Item = LogOutput>) -> Vec<String> {
        let mut tail = Tail::of(LINES_MAX);
        frames.into_iter().for_each(|frame| tail.add(&frame));
        tail.lines()
    }

    #[test]
    fn one_line_is_one_line_however_the_engine_cuts_it() {
        let long = "ä".repeat(10_000);
        let bytes = format!("x{long}\nlast\n").into_bytes();
        let frames = bytes.chunks(16 * 1024).map(|chunk| out(chunk.to_vec()));
        let read = lines(frames);
        assert_eq!((read.len(), read[0].chars().count(), read[1].as_str()), (2, 10_001, "last"));
        assert!(!read[0].contains('\u{fffd}'));
    }

    #[test]
    fn each_stream_has_its_own_line() {
        let error = LogOutput::StdErr { message: "broken\n".into() };
        assert_eq!(lines([out("half "), error, out("a line\n")]), ["broken", "half a line"]);
    }

    #[test]
    fn lines_are_harmless_and_bounded_and_the_last_ones_are_kept() {
        assert_eq!(lines([out("one\r\n")]), ["one"]);
        assert_eq!(lines([out("one\ntwo")]), ["one", "two"]);
        assert_eq!(lines([out(b"\xff\x00".to_vec())]), ["\u{fffd}\u{fffd}"]);
        assert_eq!(lines([out("x".repeat(1 << 20))])[0].chars().count(), LINE_MAX + 1);
        let many = lines([out("\n".repeat(10_000) + "x")]);
        assert_eq!((many.len(), many.last().map(String::as_str)), (LINES_MAX, Some("x")));
    }
}
