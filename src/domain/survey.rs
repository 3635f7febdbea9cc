//! A whole repository of a registry at one moment: what each tag points to, what that is made of, what hangs on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// Everything that decides what can go from a repository. What could not be looked up is told, and never absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Survey {
    /// What each tag points to.
    pub tags: BTreeMap<String, Digest>,
    /// Tags that are listed and could not be looked up, and why.
    pub unseen: BTreeMap<String, String>,
    /// What each tagged manifest lists, directly or through another; nothing for one platform's image.
    ///
    /// Of what holds evidence (`sha256-…`) it is not asked.
    pub lists: BTreeMap<Digest, BTreeSet<Digest>>,
    /// Tagged manifests of which that could not be read, and why.
    pub unread: BTreeMap<Digest, String>,
    /// What refers to each of those images and their parts, where the registry keeps such lists.
    pub referrers: BTreeMap<Digest, BTreeSet<Digest>>,
    /// Why those lists could not be read, where they could not.
    pub referrers_unread: Option<String>,
    /// How a tag is removed here, as far as it can be told without trying.
    pub removal: Removal,
    /// What a token that was asked for with all rights says that it allows; `None`: it does not say.
    pub granted: Option<BTreeSet<String>>,
}

/// How a registry removes a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// By Docker Hub's own interface: the tag alone.
    Hub,
    /// Only whole manifests, with every tag that they have.
    WholeManifests,
    /// That shows when it is tried.
    #[default]
    Unknown,
}

impl Survey {
    /// Whether a tag holds evidence of an image, and is no image of its own.
    pub fn holds_evidence(tag: &str) -> bool {
        tag.starts_with("sha256-")
    }

    /// The tags that reach a manifest, by pointing to it or to an index that lists it. Evidence reaches nothing.
    ///
    /// An error names what would have to be known to tell.
    pub fn users(&self, digest: &Digest) -> Result<Vec<&str>, String> {
        if let Some((tag, why)) = self.unseen.iter().next() {
            return Err(format!("`{tag}` could not be looked up: {why}"));
        }
        let mut users = Vec::new();
        for (tag, held) in &self.tags {
            if Self::holds_evidence(tag) {
                continue;
            }
            if held == digest {
                users.push(tag.as_str());
                continue;
            }
            match (self.lists.get(held), self.unread.get(held)) {
                (Some(lists), _) => {
                    if lists.contains(digest) {
                        users.push(tag.as_str());
                    }
                }
                (None, Some(why)) => {
                    return Err(format!("what `{tag}` is made of could not be read: {why}"));
                }
                (None, None) => {
                    return Err(format!("what `{tag}` is made of was not looked up"));
                }
            }
        }
        Ok(users)
    }

    /// Every tag that points to just this manifest.
    pub fn tags_of(&self, digest: &Digest) -> impl Iterator<Item = &str> {
        let tags = self.tags.iter();
        tags.filter(move |(_, held)| *held == digest)
            .map(|(tag, _)| tag.as_str())
    }
}
