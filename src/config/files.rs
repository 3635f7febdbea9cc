//! Reading of configuration files, bounded.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::error::{ConfigError, Place};
use super::origin::Origin;

const LIMIT: u64 = 256 * 1024;

/// A file's text, or `None` where there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, ConfigError> {
    match read(path) {
        Err(ConfigError::Read { source, .. })
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// The text of a checkout's file: a plain file only, because a link to a pipe or a terminal would
/// hold the program up.
pub(super) fn read_plain_if_there(path: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(ConfigError::Read {
            path: path.to_owned(),
            source: std::io::Error::other("it is no plain file"),
        }),
        _ => read_if_there(path),
    }
}

/// A file's text; that there is no such file is an error.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    // A pipe is a fair way to hand a configuration over (`--config <(…)`); a folder is not.
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            limit: LIMIT,
        });
    }
    String::from_utf8(bytes).map_err(|_| ConfigError::Syntax {
        place: Place(Origin::File(path.to_owned(), 1)),
        message: "it is not UTF-8 text".to_owned(),
    })
}
