//! An OCI registry in memory: the distribution specification 1.1, with the habits of the registries in the field.
//!
//! What a world does to it goes through the methods of [`Registry`]; what a client does goes through
//! [`Registry::router`]. Manifests are bytes with a media type and are never written anew.

mod auth;
mod behaviour;
mod blobs;
mod digest;
mod error;
mod http;
mod lists;
mod manifests;
mod mischief;
mod store;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

pub use auth::{Action, User};
pub use behaviour::{
    Access, Behaviour, BlobDelivery, Deletes, Paging, PullLimit, Referrers, Tokens,
};
pub use digest::{Algorithm, Digest, Reference};
pub use error::Refused;
pub use mischief::{Lie, Mischief};
pub use store::{Descriptor, Manifest, Tagged};

pub(super) use auth::random_token;

use super::Now;
use store::Store;

/// A registry; clones share one store.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    now: Now,
    state: Mutex<State>,
}

struct State {
    store: Store,
    behaviour: Behaviour,
    auth: auth::Auth,
    pulls: behaviour::PullWindow,
    mischief: Vec<Mischief>,
}

impl Registry {
    /// An empty, open registry that does all that the specification describes.
    ///
    /// `now` dates pushes and the window of the pull limit.
    pub fn new(now: Now) -> Self {
        Self {
            inner: Arc::new(Inner {
                now,
                state: Mutex::new(State {
                    store: Store::default(),
                    behaviour: Behaviour::default(),
                    auth: auth::Auth::default(),
                    pulls: behaviour::PullWindow::default(),
                    mischief: Vec::new(),
                }),
            }),
        }
    }

    /// Changes how the registry behaves from the next request on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state().behaviour);
    }

    /// How the registry behaves at present.
    pub fn behaviour(&self) -> Behaviour {
        self.state().behaviour.clone()
    }

    /// Adds a user, or replaces the one of that name.
    pub fn add_user(&self, user: User) {
        self.state().auth.add(user);
    }

    /// Makes every token that was given out so far invalid, as a registry does when its key changes.
    pub fn revoke_tokens(&self) {
        self.state().auth.revoke();
    }

    /// Stores a blob and gives its digest.
    pub fn put_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let mut state = self.state();
        state.store.put_blob(repository, digest.clone(), bytes);
        digest
    }

    /// The bytes of a blob.
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        self.state().store.blob(repository, digest)
    }

    /// Stores a manifest under a tag or its digest, exactly as it is.
    ///
    /// What it refers to must be there first. Immutable tags do not bind this method.
    pub fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<Digest, Refused> {
        let reference = Reference::parse(reference).ok_or(Refused::BadReference)?;
        let at = self.now();
        let mut state = self.state();
        let stored = state
            .store
            .put_manifest(repository, &reference, media_type, bytes.into())?;
        if let Reference::Tag(tag) = reference {
            state.store.tag(repository, &tag, &stored.digest, at, None);
        }
        Ok(stored.digest)
    }

    /// Points a tag at a manifest that is there already.
    pub fn tag(&self, repository: &str, tag: &str, digest: &Digest) -> Result<(), Refused> {
        let at = self.now();
        let mut state = self.state();
        if state.store.manifest(repository, digest).is_none() {
            return Err(Refused::ManifestUnknown);
        }
        state.store.tag(repository, tag, digest, at, None);
        Ok(())
    }

    /// The digest that a tag points at.
    pub fn resolve(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.state()
            .store
            .tagged(repository, tag)
            .map(|tagged| tagged.digest.clone())
    }

    /// A manifest, by tag or digest.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Manifest> {
        let reference = Reference::parse(reference)?;
        self.state().store.find(repository, &reference)
    }

    /// All tags of a repository in lexical order.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.state().store.tag_names(repository)
    }

    /// What is known of one tag: where it points, and when and by whom it was pushed.
    pub fn tagged(&self, repository: &str, tag: &str) -> Option<Tagged> {
        self.state().store.tagged(repository, tag).cloned()
    }

    /// Removes one tag and nothing else; false where it was not there.
    pub fn delete_tag(&self, repository: &str, tag: &str) -> bool {
        self.state().store.delete_tag(repository, tag)
    }

    /// Removes a manifest and every tag that points at it; false where it was not there.
    pub fn delete_manifest(&self, repository: &str, digest: &Digest) -> bool {
        self.state().store.delete_manifest(repository, digest)
    }

    /// The manifests whose `subject` is this digest.
    pub fn referrers(&self, repository: &str, subject: &Digest) -> Vec<Descriptor> {
        self.state().store.referrers(repository, subject)
    }

    /// The names of all repositories that hold anything.
    pub fn repositories(&self) -> BTreeSet<String> {
        self.state().store.repositories()
    }

    /// The user of this name and password.
    pub(super) fn log_in(&self, name: &str, password: &str) -> Option<User> {
        self.state().auth.log_in(name, password).cloned()
    }

    /// The user of this name.
    pub(super) fn user(&self, name: &str) -> Option<User> {
        self.state().auth.user(name).cloned()
    }

    /// Whether a tag can neither be moved nor deleted by a client.
    pub(super) fn is_immutable(&self, tag: &str) -> bool {
        self.state().behaviour.is_immutable(tag)
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.inner.now)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock means that another request panicked; the store itself is still whole.
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
