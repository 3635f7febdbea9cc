//! The journal: a file of JSON lines that only grows.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::digest::Digest;
use crate::domain::journal::{Entry, SCHEMA};

/// Largest journal that is read, bytes: some hundred thousand steps.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What is wrong with what the door writes down.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk refused.
    #[error("{} cannot be {what}: {source}. Nothing is sent that cannot be written down first", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line in the middle is no entry.
    #[error("{}, line {line}, is no entry of the journal: {source}. Move the file away to begin a new one", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why it is none.
        source: serde_json::Error,
    },
    /// A newer gonogo wrote it.
    #[error("{} was written by a newer gonogo (form {found}, this one knows {SCHEMA}): use that one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
    /// It is too large to be one.
    #[error("{} is larger than any journal: move it away to begin a new one", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Kept bytes are not what they were.
    #[error("the kept bytes of {digest} are not those of that digest any more; they are not used")]
    Spoiled {
        /// The manifest.
        digest: Digest,
    },
    /// Somebody else is at it.
    #[error("another plan for this release is under way: {owner}. Wait for it, or stop it there")]
    Locked {
        /// Who, since when.
        owner: String,
    },
}

impl StoreError {
    pub(super) fn disk(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Disk {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

/// The journal's file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in this file, which need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Everything in it. A last line without its end was cut off by a crash and never counted.
    pub fn read(&self) -> Result<Vec<Entry>, StoreError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::disk("opened", &self.path, error)),
        };
        let mut bytes = Vec::new();
        let read = (&mut file).take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|error| StoreError::disk("read", &self.path, error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(StoreError::TooLarge {
                path: self.path.clone(),
            });
        }
        self.parse(&bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
        /// What every form has.
        #[derive(serde::Deserialize)]
        struct Form {
            schema: u32,
        }
        let mut entries = Vec::new();
        let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            // What stands behind the last end of a line was being written when the process died.
            let is_last = lines.peek().is_none();
            if is_last || line.is_empty() {
                continue;
            }
            if let Ok(form) = serde_json::from_slice::<Form>(line)
                && form.schema > SCHEMA
            {
                return Err(StoreError::Newer {
                    path: self.path.clone(),
                    found: form.schema,
                });
            }
            match serde_json::from_slice(line) {
                Ok(entry) => entries.push(entry),
                // Such a line whose end came with the next entry.
                Err(error) if error.is_eof() => {}
                Err(source) => {
                    return Err(StoreError::Line {
                        path: self.path.clone(),
                        line: at + 1,
                        source,
                    });
                }
            }
        }
        Ok(entries)
    }

    /// Adds a line and waits until it is on the disk.
    pub fn append(&self, entry: &Entry) -> Result<(), StoreError> {
        let disk = |what| move |error| StoreError::disk(what, &self.path, error);
        let is_new = !self.path.exists();
        if is_new && let Some(folder) = self.path.parent() {
            super::bytes::make_folder(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path).map_err(disk("opened"))?;
        let mut line = Vec::new();
        if !ends_in_newline(&mut file).map_err(disk("read"))? {
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, entry)
            .map_err(|error| StoreError::disk("written", &self.path, error.into()))?;
        line.push(b'\n');
        // One write: two processes that add at once do not mix their lines.
        file.write_all(&line).map_err(disk("written"))?;
        file.sync_data().map_err(disk("brought to the disk"))?;
        if is_new && let Some(folder) = self.path.parent() {
            super::bytes::sync_folder(folder)?;
        }
        Ok(())
    }
}

fn ends_in_newline(file: &mut File) -> std::io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}
