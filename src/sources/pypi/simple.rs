//! The listing of a project's files in JSON (PEP 691, PEP 700).

use serde::Deserialize;
use serde_json::Value;

use super::filename::{Spelled, version_of};
use crate::domain::artifact::PypiFile;
use crate::domain::policy::PypiName;
use crate::net::text::clean;

/// What an index holds of a project.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files whose version is known.
    pub(super) files: Vec<(Spelled, PypiFile)>,
    /// Versions that are listed, in no order.
    pub(super) versions: Vec<Spelled>,
}

impl Listing {
    /// The files of a version, in the index's order.
    pub fn files_of(&self, version: &str) -> Vec<PypiFile> {
        let wanted = Spelled::new(version);
        self.files
            .iter()
            .filter(|(version, _)| version.is_same(&wanted))
            .map(|(_, file)| file.clone())
            .collect()
    }

    /// The newest version but this one, by the order of versions.
    pub fn newest_but(&self, version: &str) -> Option<String> {
        let left_out = Spelled::new(version);
        self.versions
            .iter()
            .chain(self.files.iter().map(|(version, _)| version))
            .filter(|version| version.parsed.is_some() && !version.is_same(&left_out))
            .rev()
            .max_by(|one, other| one.parsed.cmp(&other.parsed))
            .map(|version| clean(&version.text))
    }
}

#[derive(Deserialize)]
struct Wire {
    files: Option<Vec<Value>>,
    versions: Option<Vec<Value>>,
}

/// Reads a listing. A file without a proper name is left out.
pub fn read(body: &[u8], project: &PypiName) -> Result<Listing, serde_json::Error> {
    let wire: Wire = serde_json::from_slice(body)?;
    let files = wire.files.unwrap_or_default();
    let versions = wire.versions.unwrap_or_default();
    Ok(Listing {
        files: files
            .iter()
            .filter_map(|entry| {
                let filename = entry.get("filename")?.as_str()?;
                let version = version_of(filename, project)?;
                Some((
                    Spelled::new(&version),
                    file(entry, filename, "size", "upload-time", "hashes"),
                ))
            })
            .collect(),
        versions: versions
            .iter()
            .filter_map(Value::as_str)
            .map(Spelled::new)
            .collect(),
    })
}

/// A file's entry; this interface and the older one differ only in the names of three keys.
pub(super) fn file(
    entry: &Value,
    filename: &str,
    size: &str,
    uploaded: &str,
    hashes: &str,
) -> PypiFile {
    let sha256 = entry
        .get(hashes)
        .and_then(|hashes| hashes.get("sha256"))
        .and_then(Value::as_str)
        .filter(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    PypiFile {
        filename: clean(filename),
        sha256: sha256.map(str::to_ascii_lowercase),
        size: entry.get(size).and_then(Value::as_u64),
        uploaded_at: entry
            .get(uploaded)
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok()),
        yanked: yanked(entry.get("yanked"), entry.get("yanked_reason")),
    }
}

/// A file is yanked where the value is true or a text that is not empty, which is then the reason.
fn yanked(value: Option<&Value>, reason: Option<&Value>) -> Option<String> {
    match value? {
        Value::Bool(true) => Some(clean(reason.and_then(Value::as_str).unwrap_or_default())),
        Value::String(reason) if !reason.is_empty() => Some(clean(reason)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn project() -> PypiName {
        "rocket".parse().unwrap()
    }

    #[test]
    fn a_listing_gives_files_and_the_newest_other_version() {
        let hash = "Ab".repeat(32);
        let body = json!({
            "meta": {"api-version": "1.1", "_last-serial": 7},
            "name": "rocket",
            "versions": ["1.10.0", "1.9.3", "1.0rc1", "old-one", 7],
            "files": [
                {"filename": "rocket-1.9.3-py3-none-any.whl", "hashes": {"sha256": hash}, "size": 5,
                 "upload-time": "2026-01-02T03:04:05.5Z", "yanked": false, "url": "x"},
                {"filename": "rocket-1.9.3.0.tar.gz", "hashes": {"sha256": "short"}, "yanked": "broken\u{1b}[2J"},
                {"filename": "rocket-1.10.0.tar.gz", "hashes": {}, "yanked": true},
                {"filename": "other-1.9.3.tar.gz"}, {"filename": 7}, null,
            ],
        });
        let listing = read(body.to_string().as_bytes(), &project()).unwrap();
        let files = listing.files_of("v1.9.3");
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].sha256, Some(hash.to_ascii_lowercase()));
        assert_eq!(files[0].size, Some(5));
        assert_eq!(files[0].yanked, None);
        assert_eq!(files[1].sha256, None);
        assert_eq!(files[1].yanked.as_deref(), Some("broken [2J"));
        assert_eq!(listing.files_of("1.10")[0].yanked.as_deref(), Some(""));
        assert_eq!(listing.newest_but("1.9.3").as_deref(), Some("1.10.0"));
        assert_eq!(listing.newest_but("1.10").as_deref(), Some("1.9.3"));
        assert!(listing.files_of("1.9").is_empty());
    }

    #[test]
    fn yanked_is_true_or_a_reason() {
        for (value, expected) in [
            (json!(true), Some("")),
            (json!("why"), Some("why")),
            (json!(""), None),
            (json!(false), None),
            (json!(null), None),
            (json!(1), None),
        ] {
            assert_eq!(yanked(Some(&value), None).as_deref(), expected, "{value}");
        }
        assert_eq!(yanked(None, None), None);
        assert_eq!(
            yanked(Some(&json!(true)), Some(&json!("old"))).as_deref(),
            Some("old")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, &project());
        }

        #[test]
        fn any_entry_is_read_without_panic(name in "\\PC{0,40}", version in "\\PC{0,40}", time in "\\PC{0,30}") {
            let body = json!({"files": [{"filename": format!("rocket-{name}.tar.gz"), "upload-time": time}], "versions": [version]});
            let listing = read(body.to_string().as_bytes(), &project()).unwrap();
            let _ = (listing.files_of(&name), listing.newest_but(&version));
        }
    }
}
