//! One repository of a registry, for writing: raw manifests by tag or digest.

use crate::net::Limits;
use crate::net::registry::{Registry as Core, RegistryAccess};

/// The client.
#[derive(Debug)]
pub(in crate::door) struct Registry {
    core: Core,
}

impl Registry {
    /// A client; making one costs nothing.
    pub(in crate::door) fn new(
        http: reqwest::Client,
        access: RegistryAccess,
        limits: Limits,
    ) -> Self {
        let core = Core::new(http, access).with_limits(limits);
        Self { core }
    }
}
