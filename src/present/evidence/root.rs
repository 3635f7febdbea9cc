//! The trusted root in words: where it is from and how old it is.

use crate::domain::evidence::{TrustOrigin, TrustRoot};
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::role::Sign;
use crate::present::words;

/// Where it is from, in a word.
pub fn word(root: &TrustRoot) -> &'static str {
    match root.origin {
        TrustOrigin::BuiltIn => "built in",
        TrustOrigin::Tuf => "by TUF",
        TrustOrigin::File(_) => "from a file",
        TrustOrigin::Given => "given",
    }
}

/// Whether it is the public good instance's, whose log anybody can search.
pub fn is_public_good(root: &TrustRoot) -> bool {
    matches!(root.origin, TrustOrigin::BuiltIn | TrustOrigin::Tuf)
}

/// What to think of it: a root that has run out is worth a warning.
pub fn sign(root: &TrustRoot, now: Timestamp) -> Sign {
    match root.expires {
        Some(end) if end <= now => Sign::Warning,
        _ => Sign::Done,
    }
}

/// Where it is from and how old, in sentences.
pub fn sentences(root: &TrustRoot, now: Timestamp) -> Vec<(Sign, String)> {
    let origin = match &root.origin {
        TrustOrigin::BuiltIn => {
            "It is the public good instance's, as it was when this program was built.".to_owned()
        }
        TrustOrigin::Tuf => {
            "It is the public good instance's, fetched and verified by The Update Framework."
                .to_owned()
        }
        TrustOrigin::File(path) => format!("It stands in the file {}.", clean(path)),
        TrustOrigin::Given => "It was handed over with the command.".to_owned(),
    };
    let mut said = vec![(Sign::Done, origin)];
    match (root.checked_at, is_public_good(root)) {
        (Some(at), _) => said.push((
            Sign::Done,
            format!("It was confirmed {}.", words::ago(at, now)),
        )),
        (None, true) => said.push((
            Sign::Warning,
            "It was not confirmed yet: keys that were taken back since are not known.".to_owned(),
        )),
        // A file is taken as it is.
        (None, false) => {}
    }
    match root.expires {
        Some(end) if end <= now => said.push((
            Sign::Warning,
            format!(
                "Its confirmation ran out {}: keys that were taken back since are not known.",
                words::ago(end, now)
            ),
        )),
        Some(end) => said.push((
            Sign::Done,
            format!(
                "Its confirmation holds; it runs out {}.",
                words::until(end, now)
            ),
        )),
        None => {}
    }
    said
}
