//! Forms of single values: durations, addresses, program lines, and texts that hide nothing.

use std::fmt::Write as _;
use std::time::Duration;

use url::{Host, Url};

/// Whether a text holds what a terminal would obey or a reader would not see.
///
/// Control characters, direction overrides and invisible characters have no place in any value.
pub(super) fn hides_something(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control()
            || matches!(c,
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    })
}

/// A text for an error's sentence: cut, and without what `hides_something` finds.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| !hides_something(c.encode_utf8(&mut [0; 4])))
        .take(80)
        .collect()
}

/// A path for a sentence: nothing in it moves the terminal, whatever a folder is called.
pub(super) fn path_text(path: &std::path::Path) -> String {
    path.to_string_lossy()
        .chars()
        .filter(|c| !hides_something(c.encode_utf8(&mut [0; 4])))
        .collect()
}

/// Whether a text is a token of a known kind, by the prefix that its issuer gives it.
pub(super) fn looks_like_secret(text: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "dckr_pat_",
        "dckr_oat_",
        "pypi-Ag",
    ];
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .any(|word| word.len() >= 20 && PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
}

/// A duration as `3s`, `500ms`, `1m30s`, `2h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || {
        format!(
            "`{}` is not a duration: write 3s, 500ms or 1m30s",
            shown(text)
        )
    };
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    let mut last_unit = u64::MAX;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(bad()),
        };
        if millis >= last_unit {
            return Err(bad());
        }
        last_unit = millis;
        total = number
            .checked_mul(millis)
            .and_then(|millis| total.checked_add(Duration::from_millis(millis)))
            .ok_or_else(bad)?;
        rest = tail.trim_start();
    }
    Ok(total)
}

/// A duration as it is written: the inverse of [`duration`].
pub(super) fn duration_text(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, millis) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if rest >= millis {
            // Writing into a String cannot fail.
            let _ = write!(text, "{}{unit}", rest / millis);
            rest %= millis;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// The address of a service: https, or http on this machine alone; no credentials, query or fragment.
pub(super) fn service_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("`{}` is not an address: {error}", shown_url(text)))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address must not hold a name or a password: use `token` or `credentials`"
                .to_owned(),
        );
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(format!(
                "`{}` is not encrypted: write https (http is for this machine alone)",
                shown(text)
            ));
        }
        other => {
            return Err(format!(
                "`{}` is not the scheme of a service: write https",
                shown(other)
            ));
        }
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address must end before `?` and `#`".to_owned());
    }
    Ok(url)
}

/// An address in an error's sentence: what stands before an `@` may be a password.
fn shown_url(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => shown(&format!("…@{host}")),
        None => shown(text),
    }
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A program and its arguments. Quotes keep words together; nothing else has a meaning, because no
/// shell sees the line.
pub(super) fn program_line(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let next = chars.next().ok_or("the line ends in a backslash")?;
                word.get_or_insert_default().push(next);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err("the line names no program".to_owned()),
    }
}

/// Whether a text can be the name of a variable of the environment.
pub(super) fn is_variable_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, millis) in [
            ("3s", 3_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1h 2s", 3_602_000),
        ] {
            let read = duration(text).unwrap();
            assert_eq!(read, Duration::from_millis(millis), "{text}");
            assert_eq!(duration(&duration_text(read)), Ok(read), "{text}");
        }
        for bad in [
            "",
            "3",
            "s",
            "-3s",
            "3 s",
            "3s3s",
            "3s1m",
            "3d",
            "99999999999999999999s",
            "3s\u{1b}",
            "é",
        ] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_service_is_asked_over_https_or_on_this_machine() {
        for good in [
            "https://api.github.com",
            "http://127.0.0.1:8080/api",
            "http://[::1]:1",
            "http://api.localhost",
        ] {
            assert!(service_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.github.com",
            "ftp://x",
            "file:///etc/passwd",
            "api.github.com",
            "https://u:p@x",
            "https://x?a",
            "https://x#a",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "",
        ] {
            assert!(service_url(bad).is_err(), "{bad}");
        }
        let error = service_url("https://alice:hunter2@x y").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_program_line_is_split_without_a_shell() {
        let split = |text| program_line(text).unwrap();
        assert_eq!(split("gh auth  token"), ["gh", "auth", "token"]);
        assert_eq!(
            split(r#"pass "a b" 'c "d' e\ f ''"#),
            ["pass", "a b", "c \"d", "e f", ""]
        );
        assert_eq!(split("a;b $(c) | d"), ["a;b", "$(c)", "|", "d"]);
        for bad in ["", "  ", "a 'b", "a \\", "''"] {
            assert!(program_line(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_hides_is_found() {
        for bad in ["\u{1b}[31m", "a\u{202e}b", "a\u{200b}", "a\nb", "a\u{9b}b"] {
            assert!(hides_something(bad), "{bad:?}");
        }
        assert!(!hides_something("Größe ✓ /a-b_c.d"));
    }
}
