//! What the simulated repository holds beside its runs: commits, tags, releases, artifacts, issues, environments.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::outside::Attestation;

/// The people of the simulated world: login, id, and whether they are the viewer.
pub(crate) const VIEWER: &str = "nova-hale";
pub(crate) const OTHER: &str = "orion-vega";
pub(crate) const BOT: &str = "github-actions[bot]";

/// A commit on `main`.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) parent: Option<String>,
    pub(crate) message: String,
    pub(crate) author: String,
    pub(crate) at: Timestamp,
    /// Version in the file `VERSION` at this commit, without `v`.
    pub(crate) version: String,
}

/// A tag; `object` is the tag object of an annotated one.
#[derive(Debug, Clone)]
pub(crate) struct GitTag {
    pub(crate) name: String,
    pub(crate) commit: String,
    pub(crate) object: Option<String>,
    pub(crate) message: String,
    pub(crate) by: String,
    pub(crate) at: Timestamp,
}

/// A small file kept in memory.
#[derive(Debug, Clone)]
pub(crate) struct SmallFile {
    pub(crate) name: String,
    pub(crate) bytes: Arc<[u8]>,
}

impl SmallFile {
    pub(crate) fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.to_owned(),
            bytes: bytes.into().into(),
        }
    }

    pub(crate) fn sha256(&self) -> String {
        hex_sha256(&self.bytes)
    }
}

/// A workflow artifact.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    pub(crate) id: u64,
    pub(crate) run: u64,
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    pub(crate) files: Vec<SmallFile>,
}

/// A GitHub Release.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) id: u64,
    pub(crate) tag: String,
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) draft: bool,
    pub(crate) prerelease: bool,
    pub(crate) created: Timestamp,
    pub(crate) published: Option<Timestamp>,
    pub(crate) author: String,
    pub(crate) assets: Vec<(u64, SmallFile)>,
}

/// An issue.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) label: String,
    pub(crate) open: bool,
    pub(crate) at: Timestamp,
    pub(crate) by: String,
}

/// A deployment environment.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) reviewers: Vec<String>,
    pub(crate) prevent_self_review: bool,
    /// A wait before jobs go on, in minutes; 0 = none. Nobody has to agree to it.
    pub(crate) wait_minutes: u32,
    pub(crate) created: Timestamp,
}

/// Commits, tags, releases and the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repo {
    pub(crate) commits: Vec<Commit>,
    pub(crate) tags: Vec<GitTag>,
    pub(crate) releases: Vec<Release>,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) environments: Vec<Environment>,
    /// What GitHub keeps of what was attested, with its numbers, oldest first.
    pub(crate) attestations: Vec<(u64, Attestation)>,
}

impl Repo {
    pub(crate) fn head(&self) -> Option<&Commit> {
        self.commits.last()
    }

    pub(crate) fn commit(&self, sha: &str) -> Option<&Commit> {
        self.commits.iter().find(|commit| commit.sha == sha)
    }

    /// A commit by branch, tag, full or short name.
    pub(crate) fn resolve(&self, name: &str) -> Option<&Commit> {
        if matches!(name, "main" | "HEAD" | "heads/main" | "refs/heads/main") {
            return self.head();
        }
        let tag = name.trim_start_matches("refs/").trim_start_matches("tags/");
        if let Some(tag) = self.tags.iter().find(|known| known.name == tag) {
            return self.commit(&tag.commit);
        }
        let long_enough = name.len() >= 7;
        self.commits
            .iter()
            .find(|commit| commit.sha == name || (long_enough && commit.sha.starts_with(name)))
    }

    pub(crate) fn release(&self, tag: &str) -> Option<&Release> {
        self.releases
            .iter()
            .find(|release| release.tag == tag && !release.draft)
    }

    pub(crate) fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.name == name)
    }

    /// Adds a commit on top of `main` and returns its name.
    pub(crate) fn push(
        &mut self,
        message: &str,
        author: &str,
        version: &str,
        at: Timestamp,
    ) -> String {
        let parent = self.head().map(|commit| commit.sha.clone());
        let seed = format!("commit {parent:?} {message} {author} {}", at.as_second());
        let sha = object_name(&seed);
        self.commits.push(Commit {
            sha: sha.clone(),
            parent,
            message: message.to_owned(),
            author: author.to_owned(),
            at,
            version: version.to_owned(),
        });
        sha
    }

    /// Tags a commit; an existing tag stays as it is.
    pub(crate) fn tag(
        &mut self,
        name: &str,
        commit: &str,
        annotated: bool,
        by: &str,
        at: Timestamp,
    ) {
        if self.tags.iter().any(|tag| tag.name == name) {
            return;
        }
        let object = annotated.then(|| object_name(&format!("tag {name} {commit}")));
        self.tags.push(GitTag {
            name: name.to_owned(),
            commit: commit.to_owned(),
            object,
            message: format!("Release {name}\n"),
            by: by.to_owned(),
            at,
        });
    }
}

/// A name of forty hexadecimal digits that depends on `seed` alone.
pub(crate) fn object_name(seed: &str) -> String {
    let mut name = hex_sha256(seed.as_bytes());
    name.truncate(40);
    name
}

pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
