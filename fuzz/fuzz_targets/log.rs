//! Any text as a job's log: bounded, and no digest that the log does not state.
#![no_main]

use gonogo::domain::log::{LINE_BYTES, LogScan, TAIL_LINES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut scan = LogScan::default();
    let lines = text.split('\n').map(|line| scan.line(line)).count();
    let log = scan.finish();
    assert_eq!(log.lines, lines as u64);
    assert_eq!(log.tail.len(), lines.min(TAIL_LINES));
    assert!(log.tail.iter().all(|line| line.len() <= LINE_BYTES));
    if let Some(digest) = log.manifest_digest {
        let hex = digest.to_string();
        let hex = hex.rsplit(':').next().unwrap_or_default();
        assert!(text.to_ascii_lowercase().contains(hex));
    }
    if let Some(sha) = log.checkout {
        assert!(text.to_ascii_lowercase().contains(&sha.to_string()));
    }
});
