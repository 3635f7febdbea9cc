//! The order of versions, as PEP 440 has it.

use std::cmp::Ordering;

/// A version, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    epoch: u64,
    release: Vec<u64>,
    pre: Pre,
    post: Option<u64>,
    dev: Dev,
}

/// Where a version stands before its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    /// `1.0.dev1`: before every pre-release of 1.0.
    OnlyDev,
    Alpha(u64),
    Beta(u64),
    Candidate(u64),
    Final,
}

/// A development version comes before the version that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dev {
    Number(u64),
    None,
}

impl Version {
    /// Reads a version in its normal form; what cannot be read is `None`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let public = text.split('+').next()?.to_ascii_lowercase();
        let (epoch, rest) = match public.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, public.trim_start_matches('v')),
        };
        let (rest, dev) = suffix(rest, ".dev")?;
        let (rest, post) = suffix(rest, ".post")?;
        let mut pre = if dev.is_some() && post.is_none() {
            Pre::OnlyDev
        } else {
            Pre::Final
        };
        let mut release = rest;
        for (word, make) in [
            ("rc", Pre::Candidate as fn(u64) -> Pre),
            ("b", Pre::Beta),
            ("a", Pre::Alpha),
        ] {
            if let (before, Some(number)) = suffix(rest, word)? {
                (release, pre) = (before, make(number));
                break;
            }
        }
        let mut numbers = release
            .split('.')
            .map(|number| number.parse().ok())
            .collect::<Option<Vec<u64>>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Self {
            epoch,
            release: numbers,
            pre,
            post,
            dev: dev.map_or(Dev::None, Dev::Number),
        })
    }

    /// Whether installers take it without being told to.
    pub(super) fn is_stable(&self) -> bool {
        self.pre == Pre::Final && self.dev == Dev::None
    }
}

/// Splits a numbered suffix off; `None` where the word is there without a number.
fn suffix<'a>(text: &'a str, word: &str) -> Option<(&'a str, Option<u64>)> {
    match text.split_once(word) {
        None => Some((text, None)),
        Some((before, number)) => Some((before, Some(number.parse().ok()?))),
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |version: &Self| (version.epoch, version.release.clone());
        key(self)
            .cmp(&key(other))
            .then(self.pre.cmp(&other.pre))
            .then(self.post.cmp(&other.post))
            .then(self.dev.cmp(&other.dev))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_ordered_as_pep_440_orders_them() {
        let ordered = [
            "1.0.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1.dev1",
            "1.0rc1",
            "1.0",
            "1.0.post1.dev1",
            "1.0.post1",
            "1.6.9",
            "1.6.10",
            "1.10",
            "2!0.1",
        ];
        let parsed: Vec<_> = ordered
            .iter()
            .map(|text| Version::parse(text).unwrap())
            .collect();
        for pair in parsed.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        assert_eq!(Version::parse("1.0"), Version::parse("1.0.0"));
        assert!(!Version::parse("1.0rc1").unwrap().is_stable());
        assert_eq!(Version::parse("latest"), None);
    }
}
