//! Versions, as file names carry them and as they are compared (PEP 440).

use std::str::FromStr;

use pep440_rs::Version;

use crate::domain::policy::PypiName;

/// A version as it was written, and as it is compared.
///
/// What is no version by PEP 440 is equal only to itself and older than every version.
#[derive(Debug, Clone)]
pub(super) struct Spelled {
    pub(super) text: String,
    pub(super) parsed: Option<Version>,
}

impl Spelled {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            // Longer ones are nobody's version and would cost time at every comparison.
            parsed: Some(text.trim())
                .filter(|text| text.len() <= 200)
                .and_then(|text| Version::from_str(text).ok()),
        }
    }

    /// Whether both are one version.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (&self.parsed, &other.parsed) {
            (Some(one), Some(other)) => one == other,
            _ => self.text == other.text,
        }
    }
}

/// The version in the name of a wheel or of a source archive of this project.
pub(super) fn version_of(filename: &str, project: &PypiName) -> Option<String> {
    let is_project = |name: &str| {
        name.parse::<PypiName>()
            .is_ok_and(|name| name.normalized() == project.normalized())
    };
    if let Some(stem) = filename.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let name = parts.next()?;
        let version = parts.next()?;
        // Python tag, ABI and platform follow, and a build number may stand before them.
        let is_wheel = matches!(parts.count(), 3 | 4);
        return (is_wheel && is_project(name)).then(|| version.to_owned());
    }
    let stem = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"]
        .iter()
        .find_map(|suffix| filename.strip_suffix(suffix))?;
    // Old archives keep dashes in the project's name, so each dash may be the one that ends it.
    stem.match_indices('-')
        .filter_map(|(at, _)| Some((stem.get(..at)?, stem.get(at + 1..)?)))
        .find(|(name, version)| is_project(name) && !version.is_empty())
        .map(|(_, version)| version.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn project() -> PypiName {
        "Local-Deep.Research".parse().unwrap()
    }

    #[test]
    fn names_of_wheels_and_archives_carry_the_version() {
        for (filename, version) in [
            ("local_deep_research-1.9.3-py3-none-any.whl", Some("1.9.3")),
            (
                "local_deep_research-1.9.3-1build-cp311-abi3-linux_x86_64.whl",
                Some("1.9.3"),
            ),
            ("local_deep_research-1.9.3.tar.gz", Some("1.9.3")),
            ("local-deep-research-1.9.3rc1.zip", Some("1.9.3rc1")),
            ("local-deep-research-1.9.3-1.tar.gz", Some("1.9.3-1")),
            (
                "local_deep_research-1!2.0+local.1.tar.gz",
                Some("1!2.0+local.1"),
            ),
            ("local_deep-1.9.3.tar.gz", None),
            ("local_deep_research_extra-1.9.3.tar.gz", None),
            ("local_deep_research-1.9.3-py3.whl", None),
            ("local_deep_research-.tar.gz", None),
            ("local_deep_research.tar.gz", None),
            ("local_deep_research-1.9.3.exe", None),
            ("", None),
        ] {
            assert_eq!(
                version_of(filename, &project()).as_deref(),
                version,
                "{filename}"
            );
        }
    }

    #[test]
    fn versions_are_one_whatever_their_spelling() {
        let same = |a: &str, b: &str| Spelled::new(a).is_same(&Spelled::new(b));
        for (a, b) in [
            ("1.0", "1.0.0"),
            ("v1.0RC1", "1.0c1"),
            ("1.0-1", "1.0.post1"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1.6.9", "1.6.91"),
            ("1.0", "1.0+local"),
            ("odd", "1.0"),
            ("odd", "even"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
        assert!(same("odd", "odd"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
            let _ = version_of(&text, &project());
            let _ = version_of(&format!("local-deep-research-{text}.tar.gz"), &project());
            let _ = Spelled::new(&text).is_same(&Spelled::new("1.0"));
        }
    }
}
