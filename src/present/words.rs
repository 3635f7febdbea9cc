//! Durations, ages, counts, digests and cut names: the same form on every screen and in every line.

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::digest::Digest;
use crate::domain::time::{Timestamp, since};

/// What stands where something was left out.
pub const ELLIPSIS: &str = "…";

/// `4s`, `1m 02s`, `2h 05m`, `3d 04h`.
pub fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days}d {:02}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h {:02}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m {:02}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

/// `38m`, `2h 05m`: where seconds would claim too much.
pub fn minutes(span: Duration) -> String {
    let minutes = span.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h {minutes:02}m"),
    }
}

/// `12s ago`, of a moment that has passed.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", duration(since(then, now)))
}

/// `in 42s`, of a moment to come; `now` once it has come.
pub fn until(then: Timestamp, now: Timestamp) -> String {
    match since(now, then).as_secs() {
        0 => "now".to_owned(),
        _ => format!("in {}", duration(since(now, then))),
    }
}

/// A clock time in the machine's own zone, `14:02:11 CET`.
pub fn clock(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%H:%M:%S %Z")
        .to_string()
}

/// A moment in the machine's own zone with its day, `2026-11-23 13:02:11 CET`.
pub fn moment(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// `950`, `4.8k`, `1.2M`.
pub fn count(n: u64) -> String {
    let scaled = |unit: u64| format!("{}.{}", n / unit, n % unit * 10 / unit);
    match n {
        0..1_000 => n.to_string(),
        1_000..10_000 => format!("{}k", scaled(1_000)),
        10_000..1_000_000 => format!("{}k", n / 1_000),
        _ => format!("{}M", scaled(1_000_000)),
    }
}

/// `412 B`, `3.1 kB`, `58 MB`: powers of ten, as registries and package indexes print them.
pub fn size(bytes: u64) -> String {
    let scaled = |unit: u64, name: &str| {
        if bytes / unit < 10 {
            format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
        } else {
            format!("{} {name}", bytes / unit)
        }
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => scaled(1_000, "kB"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "MB"),
        _ => scaled(1_000_000_000, "GB"),
    }
}

/// `1 job`, `3 jobs`.
pub fn number_of(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `9f86d081…4b2c`: the form of a digest on every screen.
pub fn digest(digest: &Digest) -> String {
    digest.short()
}

/// `77c1…`: where a column has room for no more and the digest stands in full elsewhere.
pub fn digest_head(digest: &Digest) -> String {
    format!("{}{ELLIPSIS}", digest.hex().get(..4).unwrap_or_default())
}

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns`: a long one loses its middle, never the end that tells it apart.
pub fn middle(text: &str, columns: usize) -> String {
    let full = width(text);
    if full <= columns {
        return text.to_owned();
    }
    if columns <= 1 {
        return ELLIPSIS.repeat(columns);
    }
    let kept = columns - 1;
    let head = take(text.graphemes(true), kept.div_ceil(2));
    let tail = take(text.graphemes(true).rev(), kept - width(&head));
    let tail: String = tail.graphemes(true).rev().collect();
    format!("{head}{ELLIPSIS}{tail}")
}

/// The text in at most `columns`: a long one loses its end. For sentences, never for names.
pub fn end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let head = take(text.graphemes(true), columns - 1);
    format!("{}{ELLIPSIS}", head.trim_end())
}

/// The text in exactly `columns`, filled up on the right.
pub fn left(text: &str, columns: usize) -> String {
    let text = middle(text, columns);
    let gap = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(gap))
}

/// The text in exactly `columns`, filled up on the left.
pub fn right(text: &str, columns: usize) -> String {
    let text = middle(text, columns);
    let gap = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(gap))
}

/// The text in lines of at most `columns`, broken between words; a word that is too long loses its middle.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let word = middle(word, columns);
        let joined = width(&line) + usize::from(!line.is_empty()) + width(&word);
        if joined > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn take<'a>(graphemes: impl Iterator<Item = &'a str>, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for grapheme in graphemes {
        let next = used + width(grapheme);
        if next > columns {
            break;
        }
        used = next;
        out.push_str(grapheme);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_their_form() {
        for (seconds, expected) in [
            (0, "0s"),
            (4, "4s"),
            (62, "1m 02s"),
            (3_599, "59m 59s"),
            (7_500, "2h 05m"),
            (273_600, "3d 04h"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn counts_are_short() {
        for (n, expected) in [
            (7, "7"),
            (999, "999"),
            (4_812, "4.8k"),
            (59_999, "59k"),
            (1_250_000, "1.2M"),
        ] {
            assert_eq!(count(n), expected);
        }
        assert_eq!(size(412), "412 B");
        assert_eq!(size(3_100), "3.1 kB");
        assert_eq!(size(58_400_000), "58 MB");
    }

    #[test]
    fn a_long_name_keeps_the_end_that_tells_it_apart() {
        assert_eq!(middle("build (ubuntu-24.04, 3.12)", 12), "build …3.12)");
        assert_eq!(middle("short", 12), "short");
        assert_eq!(middle("日本語テスト", 6), "日…ト");
        assert_eq!(end("a long sentence", 8), "a long…");
        for columns in 0..20 {
            assert!(width(&middle("e\u{301}日本語 wide text", columns)) <= columns);
            assert!(width(&end("e\u{301}日本語 wide text", columns)) <= columns);
            assert_eq!(width(&left("日本語 wide text", columns)), columns);
            assert_eq!(width(&right("日本語 wide text", columns)), columns);
        }
    }

    #[test]
    fn sentences_wrap_between_words() {
        assert_eq!(
            wrap("The prerelease tag was moved", 12),
            ["The", "prerelease", "tag was", "moved"]
        );
        assert!(wrap("", 12).is_empty());
        assert_eq!(wrap("sha256:0123456789abcdef", 8), ["sha2…def"]);
    }
}
