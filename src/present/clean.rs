//! Makes text from outside fit for a terminal, a title, a notification or the clipboard.
//!
//! Logs, names of jobs and tags, commit messages and the answers of services are all written by others.

use std::str::Chars;

/// Longest text that is looked at, bytes: nothing on a screen is longer, and names have no other bound.
const MOST_BYTES: usize = 16 * 1024;

/// One line without anything that a terminal would obey, or that hides or reorders what is read.
///
/// Escape sequences go whole, other control characters and line ends become a space, and characters
/// without a width (bidirectional overrides, zero-width joiners, variation selectors) go.
pub fn clean(text: &str) -> String {
    let text = head(text);
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match sort(c) {
            Sort::Text => out.push(c),
            Sort::Space => out.push(' '),
            Sort::Hidden => {}
            Sort::Escape => {
                skip_escape(&mut rest);
            }
            Sort::Introducer(kind) => skip_body(&mut rest, kind),
        }
    }
    out
}

/// A piece of a log line with the colour that the program which wrote it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    /// The text, clean.
    pub text: String,
    /// The foreground, by its number among the 16 of a terminal.
    pub colour: Option<u8>,
    /// Whether it is bold.
    pub bold: bool,
}

/// A log line in its pieces: colour is kept by number, every other sequence goes.
pub fn coloured(line: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut now = Piece::default();
    let mut rest = head(line).chars();
    while let Some(c) = rest.next() {
        match sort(c) {
            Sort::Text => now.text.push(c),
            Sort::Space => now.text.push(' '),
            Sort::Hidden => {}
            Sort::Introducer(kind) => skip_body(&mut rest, kind),
            Sort::Escape => {
                if let Some(parameters) = skip_escape(&mut rest) {
                    let next = recolour(&now, &parameters);
                    if !now.text.is_empty() {
                        pieces.push(std::mem::take(&mut now));
                    }
                    now = next;
                }
            }
        }
    }
    if !now.text.is_empty() {
        pieces.push(now);
    }
    pieces
}

/// Text as one word for a POSIX shell.
pub fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    let text = clean(text);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn head(text: &str) -> &str {
    let mut end = MOST_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

enum Sort {
    Text,
    Space,
    Hidden,
    Escape,
    Introducer(Kind),
}

/// How a sequence ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With its first byte from `@` to `~`.
    Control,
    /// With BEL or ST.
    Text,
}

fn sort(c: char) -> Sort {
    match c {
        '\u{1b}' => Sort::Escape,
        '\u{9b}' => Sort::Introducer(Kind::Control),
        '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => Sort::Introducer(Kind::Text),
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Sort::Space,
        c if c.is_control() || hides(c) => Sort::Hidden,
        // A terminal that has no glyph for a space of another width may draw none.
        c if c.is_whitespace() => Sort::Space,
        _ => Sort::Text,
    }
}

/// Characters without a width of their own, or that change the order or the look of others.
fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Skips what follows ESC; gives the parameters where it was a change of colour.
fn skip_escape(rest: &mut Chars<'_>) -> Option<String> {
    let mut ahead = rest.clone();
    match ahead.next()? {
        '[' => {
            *rest = ahead;
            let mut parameters = String::new();
            for c in rest.by_ref() {
                match c {
                    '@'..='~' => return (c == 'm').then_some(parameters),
                    ' '..='?' if parameters.len() < 64 => parameters.push(c),
                    ' '..='?' => {}
                    // Not a sequence after all; what hides in it must not be shown either.
                    _ => return None,
                }
            }
            None
        }
        ']' | 'P' | 'X' | '^' | '_' => {
            *rest = ahead;
            skip_body(rest, Kind::Text);
            None
        }
        // Intermediates and one final byte, such as `ESC ( B`.
        ' '..='/' => {
            for c in ahead.by_ref() {
                if !(' '..='/').contains(&c) {
                    break;
                }
            }
            *rest = ahead;
            None
        }
        '0'..='~' => {
            *rest = ahead;
            None
        }
        _ => None,
    }
}

fn skip_body(rest: &mut Chars<'_>, kind: Kind) {
    while let Some(c) = rest.next() {
        match kind {
            Kind::Control if ('@'..='~').contains(&c) => return,
            Kind::Text if c == '\u{7}' || c == '\u{9c}' => return,
            Kind::Text if c == '\u{1b}' => {
                let mut ahead = rest.clone();
                if ahead.next() == Some('\\') {
                    *rest = ahead;
                }
                return;
            }
            Kind::Control | Kind::Text => {}
        }
    }
}

/// Applies SGR parameters; colours outside the 16 are read over and left out.
fn recolour(now: &Piece, parameters: &str) -> Piece {
    let mut next = Piece {
        text: String::new(),
        ..now.clone()
    };
    let mut codes = parameters
        .split([';', ':'])
        .map(|code| code.parse::<u8>().unwrap_or(0));
    while let Some(code) = codes.next() {
        match code {
            0 => next = Piece::default(),
            1 => next.bold = true,
            22 => next.bold = false,
            30..=37 => next.colour = Some(code - 30),
            90..=97 => next.colour = Some(code - 90 + 8),
            39 => next.colour = None,
            38 | 48 => match codes.next() {
                Some(5) => {
                    let index = codes.next();
                    if code == 38 {
                        next.colour = index.filter(|index| *index < 16);
                    }
                }
                Some(2) => {
                    codes.by_ref().take(3).for_each(drop);
                    if code == 38 {
                        next.colour = None;
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for (dirty, expected) in [
            ("plain", "plain"),
            ("red \x1b[31mtext\x1b[0m", "red text"),
            ("title \x1b]0;owned\x07 after", "title  after"),
            ("copy \x1b]52;c;cm0gLXJm\x1b\\ after", "copy  after"),
            ("dcs \x1bP+q544e\x1b\\ after", "dcs  after"),
            ("8-bit \u{9b}2J\u{9d}0;x\u{9c} after", "8-bit  after"),
            ("charset \x1b(0 after", "charset  after"),
            ("two\nlines\r\tand a tab", "two lines  and a tab"),
            ("gnp\u{202e}.exe\u{2066}", "gnp.exe"),
            ("zero\u{200b}width\u{feff}\u{fe0f}", "zerowidth"),
            ("tags \u{e0041}\u{e007f}", "tags "),
            ("never ends \x1b]0;", "never ends "),
            ("never ends \x1b[", "never ends "),
            ("bell\x07 back\x08space\x7f", "bell backspace"),
            ("größe 日本 ✓", "größe 日本 ✓"),
        ] {
            assert_eq!(clean(dirty), expected, "{dirty:?}");
            let pieces: String = coloured(dirty).into_iter().map(|p| p.text).collect();
            assert_eq!(pieces, expected, "{dirty:?}");
        }
    }

    #[test]
    fn a_log_keeps_its_colours_by_number_and_nothing_else() {
        let pieces = coloured("\x1b[1;31merror\x1b[0m: \x1b[38;5;3mtea\x1b[38;2;1;2;3mpot\x1b[2J!");
        let told: Vec<_> = pieces
            .iter()
            .map(|p| (p.text.as_str(), p.colour, p.bold))
            .collect();
        assert_eq!(
            told,
            [
                ("error", Some(1), true),
                (": ", None, false),
                ("tea", Some(3), false),
                ("pot!", None, false)
            ]
        );
    }

    #[test]
    fn a_quoted_word_stays_one_word() {
        assert_eq!(
            shell_quoted("docker.io/acme/rocket@sha256:00"),
            "docker.io/acme/rocket@sha256:00"
        );
        assert_eq!(shell_quoted("a b"), "'a b'");
        assert_eq!(shell_quoted("x'; rm -rf ~ #"), r"'x'\''; rm -rf ~ #'");
        assert_eq!(shell_quoted(""), "''");
    }
}
