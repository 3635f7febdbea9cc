//! GitHub's interface, for writing: one try, no retry, no redirect.

use crate::sources::github::GithubAccess;

/// The client.
#[derive(Debug)]
pub(in crate::door) struct Github {
    access: GithubAccess,
}

impl Github {
    /// A client; making one costs nothing.
    pub(in crate::door) fn new(access: GithubAccess) -> Self {
        Self { access }
    }
}
