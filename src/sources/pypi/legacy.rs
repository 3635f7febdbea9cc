//! The older JSON interface: one document for a project, one for each version.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::filename::Spelled;
use super::simple::{Listing, file};

#[derive(Deserialize)]
struct Wire {
    info: Info,
    releases: Option<Map<String, Value>>,
    urls: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Info {
    version: String,
}

/// Reads either document: `urls` are the files of `info.version`, `releases` may list the others.
pub fn read(body: &[u8]) -> Result<Listing, serde_json::Error> {
    let wire: Wire = serde_json::from_slice(body)?;
    let mut listing = Listing::default();
    let own = Spelled::new(&wire.info.version);
    let urls = wire.urls.unwrap_or_default();
    add(&mut listing, &own, &urls);
    for (version, entries) in wire.releases.iter().flatten() {
        let version = Spelled::new(version);
        let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        if urls.is_empty() || !version.is_same(&own) {
            add(&mut listing, &version, entries);
        }
        if !entries.is_empty() {
            listing.versions.push(version);
        }
    }
    Ok(listing)
}

fn add(listing: &mut Listing, version: &Spelled, entries: &[Value]) {
    listing.files.extend(entries.iter().filter_map(|entry| {
        let filename = entry.get("filename")?.as_str()?;
        Some((
            version.clone(),
            file(entry, filename, "size", "upload_time_iso_8601", "digests"),
        ))
    }));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn both_documents_are_read() {
        let urls = json!([{"filename": "rocket-1.1.tar.gz", "digests": {"sha256": "0".repeat(64)},
            "size": 9, "upload_time_iso_8601": "2026-01-02T03:04:05Z", "yanked": true, "yanked_reason": "bad"}]);
        let version = json!({"info": {"version": "1.1"}, "urls": urls});
        let listing = read(version.to_string().as_bytes()).unwrap();
        let files = listing.files_of("1.1.0");
        assert_eq!(files[0].yanked.as_deref(), Some("bad"));
        assert!(files[0].sha256.is_some() && files[0].uploaded_at.is_some());

        let project = json!({"info": {"version": "1.1"}, "urls": urls, "releases": {
            "1.0": [{"filename": "rocket-1.0.zip"}], "0.9": [], "1.1": urls, "9.0": "odd"}});
        let listing = read(project.to_string().as_bytes()).unwrap();
        assert_eq!(listing.files_of("1.1").len(), 1);
        assert_eq!(listing.files_of("1").len(), 1);
        assert_eq!(listing.newest_but("1.1").as_deref(), Some("1.0"));
        assert!(read(b"{}").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
