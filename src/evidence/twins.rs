//! Platforms that an index names more than once.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::digest::Digest;
use crate::domain::evidence::{Collected, platform_name};

/// The platforms with more than one image, by name, and how many each has.
pub(super) fn of(collected: &Collected) -> Vec<(String, usize)> {
    let mut digests: BTreeMap<String, BTreeSet<&Digest>> = BTreeMap::new();
    for (platform, attached) in &collected.platforms {
        let of_name = digests.entry(platform_name(platform)).or_default();
        of_name.insert(&attached.digest);
    }
    let counts = digests
        .into_iter()
        .map(|(name, digests)| (name, digests.len()));
    counts.filter(|(_, count)| *count > 1).collect()
}
