//! The last snapshot on disk, so that the next start draws at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::ids::{RepoSlug, RunId};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;

/// Grows when a stored snapshot can no longer be read as what it was.
const SCHEMA: u32 = 1;
/// A larger file is not ours.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// Where the snapshot of one repository is kept.
#[derive(Debug, Clone)]
pub struct Cache {
    file: PathBuf,
    repo: RepoSlug,
}

/// A stored snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// What was known.
    pub snapshot: Snapshot,
    /// When it was written.
    pub written: Timestamp,
    /// The run that the user had chosen.
    pub pinned: Option<RunId>,
}

#[derive(Serialize, Deserialize)]
struct Stored<S> {
    schema: u32,
    repo: RepoSlug,
    written: Timestamp,
    pinned: Option<RunId>,
    snapshot: S,
}

impl Cache {
    /// The cache of a repository below this folder.
    ///
    /// `world` is where it is looked at: a repository of the same name on another server is another.
    pub fn new(folder: &Path, repo: &RepoSlug, world: &str) -> Self {
        let world = Digest::of(world.as_bytes());
        let world = world.hex().get(..12).unwrap_or_default();
        let file = folder.join(format!("{}+{}+{world}.json", repo.owner(), repo.name()));
        Self {
            file,
            repo: repo.clone(),
        }
    }

    /// The stored snapshot; `None` where there is none, or where it is not one of this version.
    ///
    /// A cache that cannot be read is worth nothing and costs nothing: it is written again.
    pub fn read(&self) -> Option<Cached> {
        if std::fs::metadata(&self.file).ok()?.len() > MOST_BYTES {
            return None;
        }
        let bytes = std::fs::read(&self.file).ok()?;
        let stored: Stored<Snapshot> = serde_json::from_slice(&bytes).ok()?;
        (stored.schema == SCHEMA && stored.repo == self.repo).then_some(Cached {
            snapshot: stored.snapshot,
            written: stored.written,
            pinned: stored.pinned,
        })
    }

    /// Writes a snapshot under a new name and puts it in place, so that a reader never sees half of it.
    pub fn write(
        &self,
        snapshot: &Snapshot,
        pinned: Option<RunId>,
        now: Timestamp,
    ) -> std::io::Result<()> {
        let stored = Stored {
            schema: SCHEMA,
            repo: self.repo.clone(),
            written: now,
            pinned,
            snapshot,
        };
        let bytes = serde_json::to_vec(&stored)?;
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let new = self
            .file
            .with_extension(format!("{}.new", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // Logs of a private repository are nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&new)?.write_all(&bytes)?;
        std::fs::rename(&new, &self.file)
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_comes_back_as_it_was_and_another_repositorys_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let repo: RepoSlug = "acme/rocket".parse().unwrap();
        let cache = Cache::new(folder.path(), &repo, "https://github.example");
        let elsewhere = Cache::new(folder.path(), &repo, "https://other.example");
        assert_eq!(cache.read(), None);

        let snapshot = Snapshot {
            revision: 7,
            ..Snapshot::default()
        };
        let now = Timestamp::from_second(1000).unwrap();
        cache.write(&snapshot, Some(RunId(42)), now).unwrap();
        let cached = cache.read().unwrap();
        assert_eq!(
            (cached.snapshot, cached.written, cached.pinned),
            (snapshot, now, Some(RunId(42)))
        );

        assert_eq!(elsewhere.read(), None, "the same name on another server");
        let other = Cache {
            file: cache.file.clone(),
            repo: "acme/other".parse().unwrap(),
        };
        assert_eq!(other.read(), None);
        std::fs::write(&cache.file, b"{\"schema\":1").unwrap();
        assert_eq!(cache.read(), None, "half a file is no cache");
    }
}
