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
