//! Zip archives of small files, as GitHub hands out artifacts and logs.

use std::io::{Cursor, Write as _};

use super::world::repo::SmallFile;

/// An archive of these files, stored as they are, without dates.
pub(crate) fn zip(files: &[SmallFile]) -> std::io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for file in files {
        archive.start_file(file.name.as_str(), options)?;
        archive.write_all(&file.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
