//! A terminal in an environment: how large it is, and what its two ends tell each other beside the bytes.

use serde::{Deserialize, Serialize};

/// Columns and rows of characters, each 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "Given")]
pub struct Size {
    cols: u16,
    rows: u16,
}

#[derive(Deserialize)]
struct Given {
    cols: u16,
    rows: u16,
}

impl From<Given> for Size {
    fn from(Given { cols, rows }: Given) -> Self {
        Self::new(cols, rows)
    }
}

impl Size {
    /// The nearest that is allowed.
    #[must_use]
    pub const fn new(cols: u16, rows: u16) -> Self {
        const fn within(count: u16) -> u16 {
            match count {
                0 => 1,
                1..=1000 => count,
                _ => 1000,
            }
        }
        Self { cols: within(cols), rows: within(rows) }
    }

    #[must_use]
    pub const fn cols(self) -> u16 {
        self.cols
    }

    #[must_use]
    pub const fn rows(self) -> u16 {
        self.rows
    }
}

/// What who types says, as JSON: first whether it is a new terminal or an earlier one, then each new size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Open(Size),
    Resume {
        terminal: String,
        /// How many bytes of its output are there already.
        received: u64,
        #[serde(flatten)]
        size: Size,
    },
    Resize(Size),
}

/// What the server says, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    Opened {
        terminal: String,
        /// How many bytes of its output came before the first that follows now.
        from: u64,
    },
    /// The last word.
    Ended {
        reason: String,
        /// The shell's, where it ended by itself.
        exit_code: Option<i64>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_and_no_size_is_out_of_bounds() {
        let ask = |text: &str| serde_json::from_str::<Ask>(text).ok();
        assert_eq!(ask(r#"{"open":{"cols":80,"rows":24}}"#), Some(Ask::Open(Size::new(80, 24))));
        assert_eq!(ask(r#"{"resize":{"cols":0,"rows":65535}}"#), Some(Ask::Resize(Size { cols: 1, rows: 1000 })));
        let resume = ask(r#"{"resume":{"terminal":"a","received":7,"cols":80,"rows":24}}"#);
        assert_eq!(resume, Some(Ask::Resume { terminal: "a".to_owned(), received: 7, size: Size::new(80, 24) }));
        for nonsense in ["", "{}", r#"{"open":{}}"#, r#"{"open":{"cols":-1,"rows":1}}"#, r#"{"close":{}}"#] {
            assert_eq!(ask(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_told_is_json_of_one_word() {
        let opened = Told::Opened { terminal: "a".to_owned(), from: 3 };
        assert_eq!(serde_json::to_string(&opened).expect("JSON"), r#"{"opened":{"terminal":"a","from":3}}"#);
        let ended = Told::Ended { reason: "It ended.".to_owned(), exit_code: None };
        assert_eq!(
            serde_json::to_string(&ended).expect("JSON"),
            r#"{"ended":{"reason":"It ended.","exit_code":null}}"#
        );
    }
}
