//! Any bytes as a package index's listing: refused, or files with clean names.
#![no_main]

use gonogo::domain::policy::PypiName;
use gonogo::sources::pypi::{legacy, simple};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(project) = "rocket".parse::<PypiName>() else {
        return;
    };
    for listing in [simple::read(bytes, &project), legacy::read(bytes)]
        .into_iter()
        .flatten()
    {
        for version in ["1.6.9", "1.0rc1", ""] {
            for file in listing.files_of(version) {
                assert!(!file.filename.chars().any(char::is_control));
                assert!(file.sha256.is_none_or(|hex| hex.len() == 64));
            }
            let other = listing.newest_but(version);
            assert!(other.as_deref() != Some(version));
        }
    }
});
