//! What SBOMs differ in, in words.

use crate::domain::evidence::{Package, PackageDiff};

/// Packages that are named; the rest is counted.
const NAMED: usize = 6;

/// In what two lists differ: how many of each, and the first few by name.
pub fn difference(diff: &PackageDiff) -> String {
    if diff.is_empty() {
        return "the same packages".to_owned();
    }
    let counts: Vec<String> = [
        (diff.added.len(), "added"),
        (diff.removed.len(), "removed"),
        (diff.changed.len(), "in another version"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    let version = |package: &Package| package.known_version().unwrap_or("?").to_owned();
    let label = |package: &Package| match package.known_version() {
        Some(version) => format!("{} {version}", package.name),
        None => package.name.clone(),
    };
    // A few of each kind, so that many of one do not hide the others.
    let each = NAMED / counts.len().max(1);
    let added = diff.added.iter().map(|it| format!("+ {}", label(it)));
    let removed = diff.removed.iter().map(|it| format!("− {}", label(it)));
    let changed = diff.changed.iter().map(|it| {
        let (from, to) = (version(&it.from), version(&it.to));
        format!("{} {from} → {to}", it.to.name)
    });
    let mut names: Vec<String> = added
        .take(each)
        .chain(removed.take(each))
        .chain(changed.take(each))
        .collect();
    let all = diff.added.len() + diff.removed.len() + diff.changed.len();
    if all > names.len() {
        names.push("…".to_owned());
    }
    format!("{}: {}", counts.join(", "), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(text: &str) -> Package {
        let (name, version) = text.split_once(' ').unwrap();
        Package {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            purl: None,
        }
    }

    #[test]
    fn the_first_few_of_each_kind_are_named() {
        let before = ["openssl 3.0.13", "curl 8"].map(package);
        let after = ["openssl 3.0.15", "zlib 1.3.1"].map(package);
        assert_eq!(
            difference(&PackageDiff::between(&before, &after)),
            "1 added, 1 removed, 1 in another version: + zlib 1.3.1, − curl 8, openssl 3.0.13 → 3.0.15"
        );
        assert_eq!(difference(&PackageDiff::default()), "the same packages");
        let many: Vec<_> = (0..50).map(|n| package(&format!("p{n} 1"))).collect();
        let words = difference(&PackageDiff::between(&[], &many));
        assert!(
            words.starts_with("50 added: + p0 1, ") && words.ends_with(", …"),
            "{words}"
        );
        assert_eq!(words.matches('+').count(), NAMED);
    }
}
