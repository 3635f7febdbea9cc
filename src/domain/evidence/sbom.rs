//! What an SBOM lists, and in what two lists differ.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an SBOM lists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SbomSummary {
    /// The document's name.
    pub name: Option<String>,
    /// The packages, in the document's order.
    pub packages: Vec<Package>,
}

/// One package of an SBOM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, where it is known.
    pub version: Option<String>,
    /// Its package URL, where it has one.
    pub purl: Option<String>,
}

impl Package {
    /// What stays the same when only its version, place or architecture changes: its package URL without version and
    /// qualifiers, else its name.
    pub fn key(&self) -> &str {
        self.purl
            .as_deref()
            .filter(|purl| purl.starts_with("pkg:"))
            .map_or(&self.name, |purl| split(purl).0)
    }

    /// Its version, else that of its package URL.
    pub fn known_version(&self) -> Option<&str> {
        let purl = self.purl.as_deref();
        let own = self.version.as_deref().filter(|text| !text.is_empty());
        own.or_else(|| split(purl?).1)
    }
}

/// A package URL without qualifiers, and its version.
fn split(purl: &str) -> (&str, Option<&str>) {
    let bare = purl.split(['?', '#']).next().unwrap_or(purl);
    let name_from = bare.rfind('/').map_or(0, |slash| slash + 1);
    match bare.rfind('@') {
        // An `@` at the start of a name or before it is part of a scope.
        Some(at) if at > name_from => (
            bare.get(..at).unwrap_or(bare),
            bare.get(at + 1..).filter(|version| !version.is_empty()),
        ),
        _ => (bare, None),
    }
}

/// Which way a version went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To a higher one.
    Upgraded,
    /// To a lower one.
    Downgraded,
    /// To one that is neither.
    Changed,
}

/// A package that has another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionChange {
    /// As it was.
    pub from: Package,
    /// As it is.
    pub to: Package,
    /// Which way.
    pub direction: Direction,
}

/// In what two lists differ. A package that is listed twice with one version counts once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackageDiff {
    /// What is only in the second.
    pub added: Vec<Package>,
    /// What is only in the first.
    pub removed: Vec<Package>,
    /// What is in both with another version.
    pub changed: Vec<VersionChange>,
}

/// Versions of one package, each once.
type Versions<'a> = BTreeMap<Option<&'a str>, &'a Package>;

fn by_key(packages: &[Package]) -> BTreeMap<&str, Versions<'_>> {
    let mut all: BTreeMap<&str, Versions<'_>> = BTreeMap::new();
    for package in packages {
        let versions = all.entry(package.key()).or_default();
        versions.entry(package.known_version()).or_insert(package);
    }
    all
}

impl PackageDiff {
    /// What must be done to the first list to get the second.
    pub fn between(before: &[Package], after: &[Package]) -> Self {
        let (before, after) = (by_key(before), by_key(after));
        let mut diff = Self::default();
        let none = Versions::new();
        let mut keys: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let old = before.get(key).unwrap_or(&none);
            let new = after.get(key).unwrap_or(&none);
            let gone = only_in(old, new);
            let come = only_in(new, old);
            // With several versions of one name, the highest are taken for each other.
            let pairs = gone.len().min(come.len());
            let (gone_alone, gone_paired) = gone.split_at(gone.len() - pairs);
            let (come_alone, come_paired) = come.split_at(come.len() - pairs);
            diff.removed
                .extend(gone_alone.iter().map(|it| (*it).clone()));
            diff.added.extend(come_alone.iter().map(|it| (*it).clone()));
            for (from, to) in gone_paired.iter().zip(come_paired) {
                let direction = match compare(from.known_version(), to.known_version()) {
                    Ordering::Less => Direction::Upgraded,
                    Ordering::Greater => Direction::Downgraded,
                    Ordering::Equal => Direction::Changed,
                };
                diff.changed.push(VersionChange {
                    from: (*from).clone(),
                    to: (*to).clone(),
                    direction,
                });
            }
        }
        diff
    }

    /// Whether the lists are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// The second list, made of the first: each version of a package once, in the order of names.
    pub fn apply(&self, before: &[Package]) -> Vec<Package> {
        let mut all = by_key(before);
        let gone = self.changed.iter().map(|change| &change.from);
        for package in self.removed.iter().chain(gone) {
            if let Some(versions) = all.get_mut(package.key()) {
                versions.remove(&package.known_version());
            }
        }
        let come = self.changed.iter().map(|change| &change.to);
        for package in self.added.iter().chain(come) {
            let versions = all.entry(package.key()).or_default();
            versions.insert(package.known_version(), package);
        }
        all.into_values()
            .flat_map(BTreeMap::into_values)
            .cloned()
            .collect()
    }
}

/// Versions of the one that the other has not, lowest first.
fn only_in<'a>(one: &Versions<'a>, other: &Versions<'_>) -> Vec<&'a Package> {
    let mut only: Vec<&Package> = one
        .iter()
        .filter(|(version, _)| !other.contains_key(*version))
        .map(|(_, package)| *package)
        .collect();
    only.sort_by(|a, b| compare(a.known_version(), b.known_version()));
    only
}

/// Compares versions as Debian does, whose rule fits most others: an epoch, then runs of digits as numbers and runs
/// of other characters as text; `~` comes before everything, even the end.
fn compare(one: Option<&str>, other: Option<&str>) -> Ordering {
    let (Some(one), Some(other)) = (one, other) else {
        return one.is_some().cmp(&other.is_some());
    };
    let (one, other) = (epoch(one), epoch(other));
    number(one.0, other.0).then_with(|| runs(one.1, other.1))
}

fn epoch(version: &str) -> (&str, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
        _ => ("", version),
    }
}

fn number(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn runs(mut one: &str, mut other: &str) -> Ordering {
    let is_digit = |c: char| c.is_ascii_digit();
    while !(one.is_empty() && other.is_empty()) {
        let (text, rest) = one.split_at(one.find(is_digit).unwrap_or(one.len()));
        let (other_text, other_rest) = other.split_at(other.find(is_digit).unwrap_or(other.len()));
        let by_text = weights(text).cmp(weights(other_text));
        if by_text.is_ne() {
            return by_text;
        }
        let end = |text: &str| text.find(|c| !is_digit(c)).unwrap_or(text.len());
        let (digits, rest) = rest.split_at(end(rest));
        let (other_digits, other_rest) = other_rest.split_at(end(other_rest));
        let by_number = number(digits, other_digits);
        if by_number.is_ne() {
            return by_number;
        }
        (one, other) = (rest, other_rest);
    }
    Ordering::Equal
}

/// The end of a run weighs more than `~` and less than anything else; letters weigh less than signs.
fn weights(text: &str) -> impl Iterator<Item = u32> {
    let weight = |c: char| match c {
        '~' => 0,
        c if c.is_ascii_alphabetic() => 1 + u32::from(c),
        c => 0x100 + u32::from(c),
    };
    text.chars().map(weight).chain([1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            purl: None,
        }
    }

    #[test]
    fn versions_are_ordered_as_packagers_order_them() {
        for (lower, higher) in [
            ("3.0.13", "3.0.15"),
            ("1.9", "1.10"),
            ("1.0~rc1", "1.0"),
            ("1.0", "1.0-1"),
            ("2.36-9+deb12u4", "2.36-9+deb12u10"),
            ("9.9", "1:0.1"),
            ("v1.2.3", "v1.2.4"),
            ("1.0a", "1.0b"),
            ("1.0a", "1.0+"),
        ] {
            assert_eq!(
                compare(Some(lower), Some(higher)),
                Ordering::Less,
                "{lower} {higher}"
            );
            assert_eq!(compare(Some(higher), Some(lower)), Ordering::Greater);
        }
        assert_eq!(compare(Some("1.01"), Some("1.1")), Ordering::Equal);
        assert_eq!(compare(None, Some("0")), Ordering::Less);
    }

    #[test]
    fn a_package_is_known_by_its_address_without_version_and_place() {
        for (purl, key, version) in [
            (
                "pkg:deb/debian/zlib1g@1:1.2?arch=amd64&distro=debian-12",
                "pkg:deb/debian/zlib1g",
                Some("1:1.2"),
            ),
            ("pkg:npm/%40scope/x@1.0", "pkg:npm/%40scope/x", Some("1.0")),
            ("pkg:npm/@scope/x", "pkg:npm/@scope/x", None),
            ("pkg:pypi/rocket", "pkg:pypi/rocket", None),
            ("pkg:golang/a/b@v1#sub", "pkg:golang/a/b", Some("v1")),
        ] {
            let package = Package {
                name: "n".to_owned(),
                version: None,
                purl: Some(purl.to_owned()),
            };
            assert_eq!((package.key(), package.known_version()), (key, version));
        }
        assert_eq!(package("n", "1").key(), "n");
    }

    #[test]
    fn several_versions_of_one_name_are_told_apart() {
        let before = ["1.0", "2.0", "3.0"].map(|version| package("left-pad", version));
        let after = ["2.0", "3.1"].map(|version| package("left-pad", version));
        let diff = PackageDiff::between(&before, &after);
        assert_eq!(diff.removed, [package("left-pad", "1.0")]);
        assert_eq!(diff.added, []);
        let [change] = &diff.changed[..] else {
            panic!("{diff:?}");
        };
        assert_eq!(change.from, package("left-pad", "3.0"));
        assert_eq!(change.direction, Direction::Upgraded);
        let back = PackageDiff::between(&after, &before);
        assert_eq!(back.changed[0].direction, Direction::Downgraded);
    }

    fn any_package() -> impl Strategy<Value = Package> {
        let version = proptest::option::of("[0-9~a.:+-]{0,4}");
        let purl = proptest::option::of("(pkg:)?[ab/]{1,3}(@[0-9]{0,2})?(\\?arch=x)?");
        ("[a-c]", version, purl).prop_map(|(name, version, purl)| Package {
            name,
            version,
            purl,
        })
    }

    fn identities(packages: &[Package]) -> std::collections::BTreeSet<(String, Option<String>)> {
        let identity = |it: &Package| (it.key().to_owned(), it.known_version().map(str::to_owned));
        packages.iter().map(identity).collect()
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(list in proptest::collection::vec(any_package(), 0..12)) {
            prop_assert!(PackageDiff::between(&list, &list).is_empty());
        }

        #[test]
        fn what_differs_makes_one_list_of_the_other(
            before in proptest::collection::vec(any_package(), 0..12),
            after in proptest::collection::vec(any_package(), 0..12),
        ) {
            let diff = PackageDiff::between(&before, &after);
            prop_assert_eq!(identities(&diff.apply(&before)), identities(&after));
            let back = PackageDiff::between(&after, &before);
            prop_assert_eq!(back.added.len(), diff.removed.len());
            prop_assert_eq!(back.changed.len(), diff.changed.len());
        }

        #[test]
        fn versions_have_one_order(a in ".{0,6}", b in ".{0,6}", c in "[0-9a~.]{0,6}") {
            let of = |one: &str, other: &str| compare(Some(one), Some(other));
            prop_assert_eq!(of(&a, &a), Ordering::Equal);
            prop_assert_eq!(of(&a, &b), of(&b, &a).reverse());
            if of(&a, &b).is_le() && of(&b, &c).is_le() {
                prop_assert!(of(&a, &c).is_le());
            }
        }
    }
}
