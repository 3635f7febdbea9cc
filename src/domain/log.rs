//! What a job's log tells that no endpoint does.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::CommitSha;

/// Lines of a log's end that are kept.
pub const TAIL_LINES: usize = 400;
/// Bytes of one line that are looked at and kept.
pub const LINE_BYTES: usize = 4096;

/// The facts read from a job's log, and its last lines as they came (not yet fit for a terminal).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobLog {
    /// Lines in all.
    pub lines: u64,
    /// The last lines, without GitHub's time stamps.
    pub tail: Vec<String>,
    /// The image index's digest that the log states, if it states exactly one.
    pub manifest_digest: Option<Digest>,
    /// The commit that the log says was checked out.
    pub checkout: Option<CommitSha>,
    /// What a scanner of images counted, if the log is one's.
    #[serde(default)]
    pub scan: Option<ScanCount>,
}

/// What a scanner counted over all that it looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScanCount {
    /// Vulnerabilities, of the severities that it was asked for.
    pub total: u64,
    /// Of them high, where the scanner says.
    pub high: Option<u64>,
    /// Of them critical, where the scanner says.
    pub critical: Option<u64>,
}

/// Reads a log line by line in bounded memory.
#[derive(Debug, Default)]
pub struct LogScan {
    lines: u64,
    tail: std::collections::VecDeque<String>,
    digest: Stated,
    checkout: Option<CommitSha>,
    scan: Option<ScanCount>,
}

/// A statement that may be made once, and made again only with the same words.
#[derive(Debug, Default)]
enum Stated {
    #[default]
    Nothing,
    Once(Digest),
    Contradicted,
}

impl LogScan {
    /// Takes the next line, without its line end.
    pub fn line(&mut self, raw: &str) {
        self.lines = self.lines.saturating_add(1);
        let raw = raw.trim_start_matches('\u{feff}').trim_end_matches('\r');
        let line = clip(without_time(raw), LINE_BYTES);
        if let Some(digest) = stated_digest(line) {
            self.digest = match std::mem::take(&mut self.digest) {
                Stated::Nothing => Stated::Once(digest),
                Stated::Once(before) if before == digest => Stated::Once(before),
                _ => Stated::Contradicted,
            };
        }
        if let Some(sha) = checked_out(line) {
            self.checkout = Some(sha);
        }
        if let Some(count) = counted(line) {
            let sum = self.scan.get_or_insert_with(|| ScanCount {
                total: 0,
                high: count.high.map(|_| 0),
                critical: count.critical.map(|_| 0),
            });
            let add = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
            sum.total = sum.total.saturating_add(count.total);
            sum.high = add(sum.high, count.high);
            sum.critical = add(sum.critical, count.critical);
        }
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
    }

    /// The facts of all lines seen.
    pub fn finish(self) -> JobLog {
        JobLog {
            lines: self.lines,
            tail: self.tail.into(),
            manifest_digest: match self.digest {
                Stated::Once(digest) => Some(digest),
                Stated::Nothing | Stated::Contradicted => None,
            },
            checkout: self.checkout,
            scan: self.scan,
        }
    }
}

/// `manifest_digest=sha256:…` or `manifest digest: sha256:…`, as the reference pipeline prints its output.
///
/// Other digests in the log (layers, cosign's own) are not statements about the index. A line that only
/// echoes the script (`echo "manifest_digest=${DIGEST}"`) holds no digest and does not count.
fn stated_digest(line: &str) -> Option<Digest> {
    let lower = line.to_ascii_lowercase();
    let at = ["manifest_digest", "manifest digest", "manifest-digest"]
        .iter()
        .find_map(|label| lower.find(label).map(|at| at + label.len()))?;
    let rest = line
        .get(at..)?
        .trim_start_matches(['=', ':', ' ', '"', '\'', '`']);
    let end = rest
        .char_indices()
        .find(|(_, c)| !(c.is_ascii_alphanumeric() || *c == ':'))
        .map_or(rest.len(), |(at, _)| at);
    rest.get(..end)?.parse().ok()
}

/// `Total: 3 (HIGH: 2, CRITICAL: 1)`, as Trivy sums up each target that it looked at.
fn counted(line: &str) -> Option<ScanCount> {
    let rest = line.trim().strip_prefix("Total: ")?;
    let (total, parts) = rest.split_once(" (")?;
    let parts = parts.trim_end().strip_suffix(')')?;
    let of = |severity: &str| {
        let mut parts = parts.split(", ").filter_map(|part| part.split_once(": "));
        let found = parts.find(|(name, _)| *name == severity);
        found.and_then(|(_, count)| count.parse().ok())
    };
    Some(ScanCount {
        total: total.parse().ok()?,
        high: of("HIGH"),
        critical: of("CRITICAL"),
    })
}

/// `HEAD is now at …` names only a short commit; `git checkout` by full commit and the output of
/// `git log -1 --format='%H'` (a line that is nothing but a commit) name all of it.
fn checked_out(line: &str) -> Option<CommitSha> {
    let line = line.trim().trim_matches(['\'', '"']);
    line.parse().ok()
}

/// GitHub puts `2026-11-23T10:00:00.0000000Z ` before every line.
fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((stamp, rest))
            if stamp.len() >= 20
                && stamp.ends_with('Z')
                && stamp.as_bytes().get(10) == Some(&b'T') =>
        {
            rest
        }
        _ => line,
    }
}

fn clip(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> JobLog {
        let mut scan = LogScan::default();
        text.lines().for_each(|line| scan.line(line));
        scan.finish()
    }

    #[test]
    fn the_digest_is_read_where_it_is_stated_once() {
        let d = Digest::of(b"index");
        let log = scan(&format!(
            "2026-11-23T10:00:00.1234567Z echo \"manifest_digest=${{D}}\" >> $GITHUB_OUTPUT\n\
             2026-11-23T10:00:01.1234567Z pushed layer {}\n\
             2026-11-23T10:00:02.1234567Z manifest_digest={d}\n\
             2026-11-23T10:00:03.1234567Z Manifest digest: `{d}`",
            Digest::of(b"layer"),
        ));
        assert_eq!(log.manifest_digest, Some(d));
        assert_eq!(log.lines, 4);
        assert!(
            log.tail[0].starts_with("echo"),
            "time stamps go: {:?}",
            log.tail[0]
        );
    }

    #[test]
    fn two_different_statements_are_none() {
        let log = scan(&format!(
            "manifest_digest={}\nmanifest_digest={}\nmanifest_digest={}",
            Digest::of(b"1"),
            Digest::of(b"2"),
            Digest::of(b"1"),
        ));
        assert_eq!(log.manifest_digest, None);
    }

    #[test]
    fn memory_is_bounded_whatever_the_log() {
        let mut scan = LogScan::default();
        for _ in 0..10 * TAIL_LINES {
            scan.line(&"é".repeat(LINE_BYTES));
        }
        let log = scan.finish();
        assert_eq!(log.tail.len(), TAIL_LINES);
        assert!(log.tail.iter().all(|line| line.len() <= LINE_BYTES));
    }

    #[test]
    fn what_a_scanner_counted_is_summed_over_its_targets() {
        let log = scan(
            "2026-11-23T10:00:00.1234567Z rocket (debian 12.9)\n\
             2026-11-23T10:00:00.1234567Z Total: 2 (HIGH: 2, CRITICAL: 0)\n\
             2026-11-23T10:00:00.1234567Z Python (python-pkg)\n\
             2026-11-23T10:00:00.1234567Z Total: 1 (HIGH: 0, CRITICAL: 1)\n\
             Total: many (HIGH: x)",
        );
        let sum = log.scan.unwrap();
        assert_eq!((sum.total, sum.high, sum.critical), (3, Some(2), Some(1)));
        assert_eq!(scan("Total 3 files").scan, None);
    }

    #[test]
    fn the_checkout_is_the_full_commit() {
        let sha = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
        assert_eq!(scan(&format!("'{sha}'")).checkout.unwrap().as_str(), sha);
        assert_eq!(scan("HEAD is now at a1b2c3d fix").checkout, None);
    }
}
