//! Text inside the elements whose content the framework writes as it is: a title and a text area.

/// `text`, so that a browser reads it as text there. Nothing but these two signs means anything in such an element.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_tag_is_text() {
        assert_eq!(escaped("</title>&lt;"), "&lt;/title>&amp;lt;");
    }
}
