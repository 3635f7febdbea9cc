//! A Python package index: the Simple API in JSON and HTML, the JSON API, and files that are never replaced.

mod dist;
mod http;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use bytes::Bytes;
use jiff::Timestamp;
use sha2::Digest as _;

pub use dist::{Dist, sdist, wheel};

use super::Now;

/// An index; clones share it.
#[derive(Clone)]
pub struct Index {
    inner: Arc<Inner>,
}

struct Inner {
    now: Now,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shelf: Shelf,
    /// What clients see instead, while the content network serves an old state.
    stale: Option<Shelf>,
    /// Every name that was ever used; deletion does not give one back.
    used: BTreeSet<String>,
}

/// All projects at one moment. The bytes are shared, so that a copy is cheap.
#[derive(Clone, Default)]
struct Shelf {
    /// By normalised name.
    projects: BTreeMap<String, Project>,
    serial: u64,
}

#[derive(Clone)]
struct Project {
    name: String,
    serial: u64,
    /// By version, in lexical order: the index does not sort versions as versions either.
    releases: BTreeMap<String, Vec<File>>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, such as `rocket-1.6.9-py3-none-any.whl`.
    pub filename: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// The SHA-256 of its bytes in hexadecimal.
    pub sha256: String,
    /// The versions of Python that may install it, such as `>=3.9`.
    pub requires_python: Option<String>,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// Why it was yanked, if it was; the reason may be empty.
    pub yanked: Option<String>,
}

/// Why an upload is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefused {
    /// The name was used before; deleting a file, a release or a project does not free it.
    #[error("400 This filename has already been used, use a different version.")]
    FilenameUsed,
    /// The name is not that of a wheel or source distribution of this project and version.
    #[error("400 Invalid filename for this project and version.")]
    BadFilename,
}

impl Index {
    /// An empty index; `now` dates the uploads.
    pub fn new(now: Now) -> Self {
        Self {
            inner: Arc::new(Inner {
                now,
                state: Mutex::default(),
            }),
        }
    }

    /// The service: `/simple/`, `/pypi/`, `/packages/`, `/integrity/`.
    pub fn router(&self) -> Router {
        http::router(self.clone())
    }

    /// Uploads one file.
    pub fn upload(&self, project: &str, version: &str, dist: Dist) -> Result<(), UploadRefused> {
        if !dist.is_of(project, version) {
            return Err(UploadRefused::BadFilename);
        }
        let uploaded = (self.inner.now)();
        let mut state = self.state();
        if !state.used.insert(dist.filename.clone()) {
            return Err(UploadRefused::FilenameUsed);
        }
        state.shelf.change(project, |project| {
            let files = project.releases.entry(version.to_owned()).or_default();
            files.push(File {
                sha256: hex::encode(sha2::Sha256::digest(&dist.bytes)),
                filename: dist.filename,
                bytes: dist.bytes,
                requires_python: dist.requires_python,
                uploaded,
                yanked: None,
            });
        });
        Ok(())
    }

    /// Uploads a wheel and a source distribution of a small package.
    pub fn release(&self, project: &str, version: &str) -> Result<(), UploadRefused> {
        self.upload(project, version, wheel(project, version))?;
        self.upload(project, version, sdist(project, version))
    }

    /// Yanks all files of a version, or takes that back with `None`; false where there is no such version.
    pub fn yank(&self, project: &str, version: &str, reason: Option<&str>) -> bool {
        let mut state = self.state();
        if state.shelf.files(project, version).is_empty() {
            return false;
        }
        state.shelf.change(project, |project| {
            for file in project.releases.get_mut(version).into_iter().flatten() {
                file.yanked = reason.map(str::to_owned);
            }
        });
        true
    }

    /// Deletes a version with its files; their names stay used. False where there is no such version.
    pub fn delete(&self, project: &str, version: &str) -> bool {
        let mut state = self.state();
        if state.shelf.files(project, version).is_empty() {
            return false;
        }
        state.shelf.change(project, |project| {
            project.releases.remove(version);
        });
        true
    }

    /// The files of a version, as they are now.
    pub fn files(&self, project: &str, version: &str) -> Vec<File> {
        self.state().shelf.files(project, version)
    }

    /// From now on clients see what is there at this moment, as behind a content network that does not refresh.
    pub fn freeze(&self) {
        let mut state = self.state();
        let copy = state.shelf.clone();
        state.stale.get_or_insert(copy);
    }

    /// Clients see the present state again.
    pub fn thaw(&self) {
        self.state().stale = None;
    }

    /// What clients see.
    fn visible(&self) -> Shelf {
        let state = self.state();
        state.stale.as_ref().unwrap_or(&state.shelf).clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").finish_non_exhaustive()
    }
}

impl Shelf {
    fn project(&self, name: &str) -> Option<&Project> {
        self.projects.get(&normalised(name))
    }

    fn files(&self, project: &str, version: &str) -> Vec<File> {
        self.project(project)
            .and_then(|project| project.releases.get(version))
            .cloned()
            .unwrap_or_default()
    }

    /// Changes a project, made where there is none; every change has a serial number of its own.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Project)) {
        self.serial += 1;
        let project = self
            .projects
            .entry(normalised(name))
            .or_insert_with(|| Project {
                name: name.to_owned(),
                serial: 0,
                releases: BTreeMap::new(),
            });
        project.serial = self.serial;
        change(project);
    }
}

/// A project's name as PEP 503 compares it: lower case, runs of `-`, `_` and `.` as one `-`.
pub fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index::new(Arc::new(|| "2026-03-01T12:00:00Z".parse().unwrap()))
    }

    #[test]
    fn a_file_name_is_used_once_and_for_ever() {
        let index = index();
        index.release("Rocket.Launcher", "1.0").unwrap();
        assert_eq!(index.files("rocket-launcher", "1.0").len(), 2);
        assert!(index.delete("rocket_launcher", "1.0"));
        assert_eq!(
            index.release("Rocket.Launcher", "1.0"),
            Err(UploadRefused::FilenameUsed)
        );
    }

    #[test]
    fn a_file_of_another_version_is_refused() {
        let refused = index().upload("rocket", "1.0", wheel("rocket", "1.1"));
        assert_eq!(refused, Err(UploadRefused::BadFilename));
    }
}
