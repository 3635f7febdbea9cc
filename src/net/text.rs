//! Text that a server wrote, made fit to stand in a sentence of ours.

/// Longest text of a server that is shown, in characters.
const SHOWN: usize = 200;

/// One line without control characters or direction marks, white space collapsed, clipped with `…`.
pub fn clean(text: &str) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in text.chars().take(SHOWN * 20) {
        if c.is_whitespace() || c.is_control() {
            gap = !out.is_empty();
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        if count >= SHOWN {
            out.push('…');
            break;
        }
        if gap {
            out.push(' ');
            count += 1;
            gap = false;
        }
        out.push(c);
        count += 1;
    }
    out
}

/// Marks that change how their neighbours are drawn and draw nothing themselves.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without a secret that a server may have echoed.
pub fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        text.to_owned()
    } else {
        text.replace(secret, "[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_go() {
        assert_eq!(
            clean("  a\u{1b}[31m\nred\t\u{202e}b\u{9b}2J\0 "),
            "a [31m red b 2J"
        );
        assert_eq!(clean(""), "");
    }

    #[test]
    fn long_text_is_clipped() {
        let clipped = clean(&"é".repeat(10_000));
        assert_eq!(clipped.chars().count(), SHOWN + 1);
        assert!(clipped.ends_with('…'));
    }

    #[test]
    fn an_echoed_secret_goes() {
        assert_eq!(without("bad token abc!", "abc"), "bad token [secret]!");
        assert_eq!(without("x", ""), "x");
    }
}
