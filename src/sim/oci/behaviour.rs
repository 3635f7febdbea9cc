//! The habits in which real registries differ, as switches.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::sim::glob;

/// How a registry behaves where registries differ.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// What a DELETE of a manifest does.
    pub deletes: Deletes,
    /// Whether there is a referrers API.
    pub referrers: Referrers,
    /// How tag lists are cut into pages.
    pub paging: Paging,
    /// Tags that can neither be moved nor deleted; `*` stands for any run of characters.
    pub immutable_tags: BTreeSet<String>,
    /// Where the bytes of a blob come from.
    pub blobs: BlobDelivery,
    /// Who may come in.
    pub access: Access,
    /// What tokens say of themselves.
    pub tokens: Tokens,
    /// How many manifests may be fetched in a window of time.
    pub pull_limit: Option<PullLimit>,
}

impl Behaviour {
    /// Whether a tag can neither be moved nor deleted.
    pub(super) fn is_immutable(&self, tag: &str) -> bool {
        let mut patterns = self.immutable_tags.iter();
        patterns.any(|pattern| glob::matches(pattern, tag))
    }
}

/// What a DELETE of a manifest does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deletes {
    /// A tag alone by its name; a digest with all its tags (olareg, distribution 3).
    #[default]
    TagsAndDigests,
    /// A digest with all its tags; a tag is refused with 400 `DIGEST_INVALID` (docker-registry 2.8).
    DigestsOnly,
    /// A tag is refused with 405, a digest takes its tags along (ferro).
    DigestsOnlyUnsupported,
    /// Both are refused with 405 (Docker Hub).
    Refused,
}

/// Whether there is a referrers API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Referrers {
    /// Answered, and a push with a subject says `OCI-Subject`.
    #[default]
    Served,
    /// 404 in plain text, so that clients turn to the fallback tag (docker-registry, Docker Hub).
    Absent,
}

/// How tag lists are cut into pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paging {
    /// `n` and `last`, with a `Link` to the next page.
    #[default]
    Links,
    /// `n` and `last` are ignored, the order is none, and an empty list is `null` (docker-registry 2.8).
    Whole,
    /// `n` and `last` without `Link`; after the final tag the list begins anew (ggcr).
    Restarting,
}

/// Where the bytes of a blob come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BlobDelivery {
    /// From the registry itself.
    #[default]
    Direct,
    /// By a 307 to this base address, which [`super::Registry::cdn_router`] serves.
    Redirected(String),
}

/// Who may come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Anyone, for everything.
    #[default]
    Open,
    /// Users with name and password in every request.
    Basic,
    /// Bearer tokens from `/token`.
    Token {
        /// Whether a token without a user may pull.
        anonymous_pull: bool,
        /// How long a token is valid, in real time.
        ttl: Duration,
    },
}

/// What tokens say of themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tokens {
    /// They are JSON Web Tokens whose claim `access` lists what they allow (docker-registry's own service, Docker Hub).
    #[default]
    Telling,
    /// Nothing.
    Opaque,
}

/// A limit on manifest downloads: `ratelimit-limit: <pulls>;w=<seconds>`. HEAD is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullLimit {
    /// Manifest GETs in one window.
    pub pulls: u32,
    /// Length of the window in seconds; Docker Hub's is 21600.
    pub window_seconds: u32,
}

/// The pulls of the current window.
#[derive(Debug, Default)]
pub(super) struct PullWindow {
    began: Option<Timestamp>,
    used: u32,
}

/// What a limited registry says about a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) limit: PullLimit,
    pub(super) remaining: u32,
    /// Seconds until the window ends, where the pull was refused.
    pub(super) refused_for: Option<i64>,
}

/// Whether a pull counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    Free,
    Counted,
}

impl PullWindow {
    pub(super) fn take(&mut self, limit: PullLimit, pull: Pull, at: Timestamp) -> Allowance {
        let length = i64::from(limit.window_seconds);
        let began = match self.began {
            Some(began) if at.as_second() - began.as_second() < length => began,
            _ => {
                self.used = 0;
                *self.began.insert(at)
            }
        };
        let refused_for = match pull {
            Pull::Counted if self.used >= limit.pulls => {
                Some(length - (at.as_second() - began.as_second()))
            }
            Pull::Counted => {
                self.used += 1;
                None
            }
            Pull::Free => None,
        };
        Allowance {
            limit,
            remaining: limit.pulls.saturating_sub(self.used),
            refused_for,
        }
    }
}
