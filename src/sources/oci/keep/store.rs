//! Evidence on disk: bytes by their digest, and lists of what hung on an image at one moment.
//!
//! Nothing read here is believed: a list carries the digest of its text and each of its bytes is hashed again, so what
//! is damaged is as if it were not there. Whoever changes a list can take evidence away and add none.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::digest::Digest;
use crate::domain::policy::ImageRepository;
use crate::domain::time::{Timestamp, since};

/// Bytes that are kept at most; what was used longest ago goes first.
const ROOM: u64 = 256 * 1024 * 1024;
/// Bytes of one file that is read at most.
const LARGEST: u64 = 64 * 1024 * 1024;
/// For so long a list stands for another look.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// Grows when a list can no longer be read as what it was.
const SCHEMA: u32 = 1;

/// Where evidence is kept between two looks.
#[derive(Debug, Clone)]
pub struct Keep {
    folder: PathBuf,
    room: u64,
}

/// What hung on an image when it was looked at.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Listing {
    schema: u32,
    /// When it was looked at.
    pub(super) collected_at: Timestamp,
    /// The type that the registry gave the image's manifest.
    pub(super) media_type: String,
    /// What hung on the image and on each of its platforms.
    pub(super) attached: Vec<Hung>,
}

impl Listing {
    pub(super) fn new(collected_at: Timestamp, media_type: String, attached: Vec<Hung>) -> Self {
        Self {
            schema: SCHEMA,
            collected_at,
            media_type,
            attached,
        }
    }
}

/// What hung on one digest.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hung {
    pub(super) digest: Digest,
    pub(super) pieces: Vec<Kept>,
}

/// One piece, without its bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) place: KeptPlace,
    pub(super) digest: Digest,
    pub(super) annotations: std::collections::BTreeMap<String, String>,
}

/// Where it hung in the registry.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeptPlace {
    Sig,
    Att,
    Referrer,
}

impl Keep {
    /// Keeps evidence below this folder, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, room: ROOM }
    }

    /// The same with another bound, bytes.
    #[must_use]
    pub fn with_room(mut self, room: u64) -> Self {
        self.room = room;
        self
    }

    /// Whether anything is kept of an image's repository.
    pub(super) fn knows_any(&self, registry: &Url, image: &ImageRepository) -> bool {
        std::fs::read_dir(self.lists(registry, image)).is_ok_and(|mut all| all.next().is_some())
    }

    /// The list of a digest, where it is young enough to stand for a look `now`.
    pub(super) fn listing(
        &self,
        registry: &Url,
        image: &ImageRepository,
        digest: &Digest,
        now: Timestamp,
    ) -> Option<Listing> {
        let path = self.lists(registry, image).join(file_name(digest));
        let text = read(&path)?;
        let line = text.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = text.split_at(line);
        let body = body.get(1..)?;
        let told: Digest = std::str::from_utf8(head).ok()?.parse().ok()?;
        if !told.matches(body) {
            return None;
        }
        let listing: Listing = serde_json::from_slice(body).ok()?;
        let at = listing.collected_at;
        let is_young = listing.schema == SCHEMA && at <= now && since(at, now) <= LIFE;
        is_young.then(|| {
            touch(&path, now);
            listing
        })
    }

    /// The bytes of a digest, hashed again.
    pub(super) fn bytes(&self, digest: &Digest, now: Timestamp) -> Option<Bytes> {
        let path = self.blobs().join(file_name(digest));
        let bytes = read(&path)?;
        if digest.matches(&bytes) {
            touch(&path, now);
            Some(bytes.into())
        } else {
            // So that it is written anew and not taken for what it should be.
            let _ = std::fs::remove_file(&path);
            None
        }
    }

    /// Keeps a list with its bytes, and makes room for them.
    pub(super) fn store<'a>(
        &self,
        registry: &Url,
        image: &ImageRepository,
        digest: &Digest,
        listing: &Listing,
        blobs: impl Iterator<Item = (&'a Digest, &'a Bytes)>,
    ) -> std::io::Result<()> {
        let at = listing.collected_at;
        for (digest, bytes) in blobs {
            let path = self.blobs().join(file_name(digest));
            let is_there = std::fs::metadata(&path).is_ok_and(|file| {
                touch(&path, at);
                file.len() == bytes.len() as u64
            });
            if !is_there {
                write(&path, &[bytes], at)?;
            }
        }
        let body = serde_json::to_vec(listing)?;
        let head = format!("{}\n", Digest::of(&body));
        let path = self.lists(registry, image).join(file_name(digest));
        write(&path, &[head.as_bytes(), &body], at)?;
        self.make_room()
    }

    /// Removes what was used longest ago, until the rest fits.
    fn make_room(&self) -> std::io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)?.flatten() {
                let Ok(about) = entry.metadata() else {
                    continue;
                };
                if about.is_dir() {
                    folders.push(entry.path());
                } else {
                    let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push((used, about.len(), entry.path()));
                }
            }
        }
        let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
        if size <= self.room {
            return Ok(());
        }
        files.sort();
        for (_, bytes, path) in files {
            // A little more than needed, so that this is not done again at once.
            if size <= self.room / 8 * 7 {
                break;
            }
            // Another program may have been quicker.
            if std::fs::remove_file(path).is_ok() {
                size = size.saturating_sub(bytes);
            }
        }
        Ok(())
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    fn lists(&self, registry: &Url, image: &ImageRepository) -> PathBuf {
        let key = Digest::of(format!("{registry}\n{image}").as_bytes());
        self.folder.join("lists").join(key.hex())
    }
}

fn file_name(digest: &Digest) -> String {
    digest.as_str().replacen(':', "-", 1)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let file = std::fs::File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    if size > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).ok()?);
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Notes that a file was used. Where that fails it is only removed earlier than it should be.
fn touch(path: &Path, at: Timestamp) {
    let file = std::fs::OpenOptions::new().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(SystemTime::from(at)));
}

/// Writes a file under a new name and puts it in place, so that a reader never sees half of it.
fn write(path: &Path, parts: &[&[u8]], at: Timestamp) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let new = path.with_extension(format!("{}-{count}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Evidence of a private image is nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        for part in parts {
            file.write_all(part)?;
        }
        file.set_modified(SystemTime::from(at))
    });
    written
        .and_then(|()| std::fs::rename(&new, path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&new);
        })
}
