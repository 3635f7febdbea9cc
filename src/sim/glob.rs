//! Patterns in which `*` stands for any run of characters.

/// Whether a text matches a pattern as a whole.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_run() {
        assert!(matches("a*c", "abbc") && matches("*", "") && matches("*x*", "axb"));
        assert!(matches("a", "a") && matches("*b*d", "abcd") && matches("v*", "v"));
        assert!(!matches("a*c", "abd") && !matches("a", "ab") && !matches("ab*ba", "aba"));
    }
}
