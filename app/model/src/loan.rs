//! What is lent on top of a quota until a time, and comes back by itself: nobody has to do anything then, because whoever
//! decides asks which loans are out at that moment.

use serde::{Deserialize, Serialize};

use super::quota::Holding;
use super::time::Timestamp;
use super::units::Span;

/// For how long a refusal mentions a loan that returned.
pub const LOAN_REMEMBERED: Span = Span::hours(7 * 24);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    pub more: Holding,
    /// At this moment it is back.
    pub until: Timestamp,
}

impl Loan {
    #[must_use]
    pub fn is_out(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
