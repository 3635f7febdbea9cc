//! Any bytes as an SBOM, or two of them: unread, or lists whose difference makes one of the other.
#![no_main]

use std::collections::BTreeSet;

use gonogo::domain::evidence::{Package, PackageDiff, Recipe, SbomSummary};
use gonogo::evidence::read_sbom;
use libfuzzer_sys::fuzz_target;

fn identities(packages: &[Package]) -> BTreeSet<(&str, Option<&str>)> {
    packages
        .iter()
        .map(|package| (package.key(), package.known_version()))
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    // A line end in the middle makes two documents of it.
    let (one, other) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, bytes),
    };
    for kind in [Recipe::SPDX, Recipe::CYCLONEDX] {
        let read = |bytes| read_sbom(kind, bytes);
        let (Some(SbomSummary { packages: before, .. }), Some(SbomSummary { packages: after, .. })) =
            (read(one), read(other))
        else {
            continue;
        };
        assert!(PackageDiff::between(&before, &before).is_empty());
        let diff = PackageDiff::between(&before, &after);
        assert_eq!(identities(&diff.apply(&before)), identities(&after));
    }
});
