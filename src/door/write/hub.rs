//! Docker Hub's own interface, for the one thing that its registry does not do: removing a tag.

use crate::sources::hub::HubAccess;

/// The client.
#[derive(Debug)]
pub(in crate::door) struct Hub {
    http: reqwest::Client,
    access: HubAccess,
}

impl Hub {
    /// A client; making one costs nothing.
    pub(in crate::door) fn new(http: reqwest::Client, access: HubAccess) -> Self {
        Self { http, access }
    }
}
