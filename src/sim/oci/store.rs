//! What a registry holds: repositories of blobs, manifests and tags.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Digest, Reference, Refused};

/// A manifest as it was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of its bytes.
    pub digest: Digest,
    /// The media type that it was pushed with.
    pub media_type: String,
    /// Its bytes, untouched.
    pub bytes: Bytes,
    pub(super) subject: Option<Digest>,
    artifact_type: Option<String>,
    annotations: Map<String, Value>,
}

/// Where a tag points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The manifest.
    pub digest: Digest,
    /// When it was last pushed.
    pub pushed: Timestamp,
    /// When the tag was last pulled by a client.
    pub pulled: Option<Timestamp>,
    /// Who pushed it; `None` for the world itself and for strangers.
    pub pusher: Option<String>,
}

/// A referrer, as the referrers API lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type of the manifest.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: usize,
    /// Its artifact type; for an image without one, the media type of its config.
    pub artifact_type: Option<String>,
    /// Its annotations.
    pub annotations: Map<String, Value>,
}

impl Descriptor {
    /// The JSON form of the specification.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "mediaType": self.media_type,
            "digest": self.digest.as_str(),
            "size": self.size,
        });
        if let Some(object) = value.as_object_mut() {
            if let Some(artifact_type) = &self.artifact_type {
                object.insert("artifactType".to_owned(), json!(artifact_type));
            }
            if !self.annotations.is_empty() {
                object.insert("annotations".to_owned(), json!(self.annotations));
            }
        }
        value
    }
}

/// Uploads that are under way at most; the oldest is given up for a new one.
const MAX_UPLOADS: usize = 256;

/// All repositories.
#[derive(Debug, Default)]
pub(super) struct Store {
    repositories: BTreeMap<String, Repository>,
    uploads: BTreeMap<String, Upload>,
    next_upload: u64,
}

#[derive(Debug, Default)]
struct Repository {
    blobs: BTreeMap<Digest, Bytes>,
    manifests: BTreeMap<Digest, Manifest>,
    tags: BTreeMap<String, Tagged>,
}

/// An upload that is under way.
#[derive(Debug)]
struct Upload {
    repository: String,
    bytes: Vec<u8>,
}

impl Store {
    pub(super) fn repositories(&self) -> BTreeSet<String> {
        self.repositories.keys().cloned().collect()
    }

    pub(super) fn knows(&self, repository: &str) -> bool {
        self.repositories.contains_key(repository)
    }

    pub(super) fn put_blob(&mut self, repository: &str, digest: Digest, bytes: Bytes) {
        self.open(repository).blobs.insert(digest, bytes);
    }

    pub(super) fn blob(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        let blobs = &self.repositories.get(repository)?.blobs;
        blobs.get(digest).cloned()
    }

    /// A blob of any repository: what a content network holds, and what an open registry mounts from.
    pub(super) fn blob_anywhere(&self, digest: &Digest) -> Option<Bytes> {
        let mut repositories = self.repositories.values();
        repositories.find_map(|repository| repository.blobs.get(digest).cloned())
    }

    pub(super) fn delete_blob(&mut self, repository: &str, digest: &Digest) -> bool {
        self.repositories
            .get_mut(repository)
            .is_some_and(|repository| repository.blobs.remove(digest).is_some())
    }

    pub(super) fn manifest(&self, repository: &str, digest: &Digest) -> Option<Manifest> {
        let manifests = &self.repositories.get(repository)?.manifests;
        manifests.get(digest).cloned()
    }

    pub(super) fn find(&self, repository: &str, reference: &Reference) -> Option<Manifest> {
        match reference {
            Reference::Digest(digest) => self.manifest(repository, digest),
            Reference::Tag(tag) => self.manifest(repository, &self.tagged(repository, tag)?.digest),
        }
    }

    pub(super) fn tagged(&self, repository: &str, tag: &str) -> Option<&Tagged> {
        self.repositories.get(repository)?.tags.get(tag)
    }

    pub(super) fn tag_names(&self, repository: &str) -> Vec<String> {
        self.repositories
            .get(repository)
            .map(|repository| repository.tags.keys().cloned().collect())
            .unwrap_or_default()
    }

    pub(super) fn note_pull(&mut self, repository: &str, tag: &str, at: Timestamp) {
        if let Some(tagged) = self
            .repositories
            .get_mut(repository)
            .and_then(|repository| repository.tags.get_mut(tag))
        {
            tagged.pulled = Some(at);
        }
    }

    pub(super) fn tag(
        &mut self,
        repository: &str,
        tag: &str,
        digest: &Digest,
        at: Timestamp,
        pusher: Option<String>,
    ) {
        let tags = &mut self.open(repository).tags;
        let pulled = tags.get(tag).and_then(|tagged| tagged.pulled);
        tags.insert(
            tag.to_owned(),
            Tagged {
                digest: digest.clone(),
                pushed: at,
                pulled,
                pusher,
            },
        );
    }

    pub(super) fn delete_tag(&mut self, repository: &str, tag: &str) -> bool {
        self.repositories
            .get_mut(repository)
            .is_some_and(|repository| repository.tags.remove(tag).is_some())
    }

    pub(super) fn delete_manifest(&mut self, repository: &str, digest: &Digest) -> bool {
        let Some(repository) = self.repositories.get_mut(repository) else {
            return false;
        };
        repository.tags.retain(|_, tagged| tagged.digest != *digest);
        repository.manifests.remove(digest).is_some()
    }

    /// Tags that point at a digest.
    pub(super) fn tags_of(&self, repository: &str, digest: &Digest) -> Vec<String> {
        let Some(repository) = self.repositories.get(repository) else {
            return Vec::new();
        };
        let tags = repository.tags.iter();
        tags.filter(|(_, tagged)| tagged.digest == *digest)
            .map(|(name, _)| name.clone())
            .collect()
    }

    pub(super) fn referrers(&self, repository: &str, subject: &Digest) -> Vec<Descriptor> {
        let Some(repository) = self.repositories.get(repository) else {
            return Vec::new();
        };
        let manifests = repository.manifests.values();
        manifests
            .filter(|manifest| manifest.subject.as_ref() == Some(subject))
            .map(|manifest| Descriptor {
                media_type: manifest.media_type.clone(),
                digest: manifest.digest.clone(),
                size: manifest.bytes.len(),
                artifact_type: manifest.artifact_type.clone(),
                annotations: manifest.annotations.clone(),
            })
            .collect()
    }

    /// Checks a manifest and keeps it under its digest; a tag is the caller's to set.
    pub(super) fn put_manifest(
        &mut self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Manifest, Refused> {
        if !super::digest::is_repository(repository) {
            return Err(Refused::BadName);
        }
        let digest = match reference {
            Reference::Digest(digest) if !digest.matches(&bytes) => {
                return Err(Refused::DigestMismatch);
            }
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(_) => Digest::of(&bytes),
        };
        let wire: WireManifest = serde_json::from_slice(&bytes)
            .map_err(|_| Refused::ManifestInvalid("it cannot be read"))?;
        if wire
            .media_type
            .as_deref()
            .is_some_and(|own| own != media_type)
        {
            return Err(Refused::ManifestInvalid(
                "its mediaType is not the Content-Type",
            ));
        }
        self.check_children(repository, &wire)?;
        let manifest = Manifest {
            digest: digest.clone(),
            media_type: media_type.to_owned(),
            bytes,
            subject: wire
                .subject
                .and_then(|subject| Digest::parse(&subject.digest)),
            artifact_type: wire
                .artifact_type
                .filter(|given| !given.is_empty())
                .or_else(|| wire.config.and_then(|config| config.media_type)),
            annotations: wire.annotations.unwrap_or_default(),
        };
        let manifests = &mut self.open(repository).manifests;
        manifests.insert(digest, manifest.clone());
        Ok(manifest)
    }

    /// Everything but foreign layers and the subject must be in the repository.
    fn check_children(&self, repository: &str, wire: &WireManifest) -> Result<(), Refused> {
        let held = self.repositories.get(repository);
        let blobs = wire.config.iter().chain(wire.layers.iter().flatten());
        for blob in blobs.filter(|blob| !blob.is_foreign()) {
            let digest = Digest::parse(&blob.digest).ok_or(Refused::BadDigest)?;
            if !held.is_some_and(|held| held.blobs.contains_key(&digest)) {
                return Err(Refused::ChildUnknown(digest));
            }
        }
        for child in wire.manifests.iter().flatten() {
            let digest = Digest::parse(&child.digest).ok_or(Refused::BadDigest)?;
            if !held.is_some_and(|held| held.manifests.contains_key(&digest)) {
                return Err(Refused::ChildUnknown(digest));
            }
        }
        Ok(())
    }

    pub(super) fn begin_upload(&mut self, repository: &str) -> String {
        self.next_upload += 1;
        if self.uploads.len() >= MAX_UPLOADS {
            self.uploads.pop_first();
        }
        let id = format!("upload-{:08}", self.next_upload);
        self.uploads.insert(
            id.clone(),
            Upload {
                repository: repository.to_owned(),
                bytes: Vec::new(),
            },
        );
        id
    }

    /// The bytes that an upload holds.
    pub(super) fn uploaded(&self, repository: &str, id: &str) -> Result<usize, Refused> {
        match self.uploads.get(id) {
            Some(upload) if upload.repository == repository => Ok(upload.bytes.len()),
            _ => Err(Refused::UploadUnknown),
        }
    }

    /// Adds a chunk; gives the new length.
    pub(super) fn append(
        &mut self,
        repository: &str,
        id: &str,
        chunk: &[u8],
        limit: usize,
    ) -> Result<usize, Refused> {
        let held = self.uploaded(repository, id)?;
        if held.saturating_add(chunk.len()) > limit {
            return Err(Refused::TooLarge);
        }
        let upload = self.uploads.get_mut(id).ok_or(Refused::UploadUnknown)?;
        upload.bytes.extend_from_slice(chunk);
        Ok(upload.bytes.len())
    }

    /// Ends an upload: the bytes become a blob if they have this digest.
    pub(super) fn finish(
        &mut self,
        repository: &str,
        id: &str,
        digest: &Digest,
    ) -> Result<(), Refused> {
        self.uploaded(repository, id)?;
        let upload = self.uploads.remove(id).ok_or(Refused::UploadUnknown)?;
        if !digest.matches(&upload.bytes) {
            return Err(Refused::DigestMismatch);
        }
        self.put_blob(repository, digest.clone(), upload.bytes.into());
        Ok(())
    }

    pub(super) fn cancel(&mut self, repository: &str, id: &str) -> Result<(), Refused> {
        self.uploaded(repository, id)?;
        self.uploads.remove(id);
        Ok(())
    }

    fn open(&mut self, repository: &str) -> &mut Repository {
        self.repositories.entry(repository.to_owned()).or_default()
    }
}

/// The parts of a manifest that a registry looks at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest {
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<WireDescriptor>,
    layers: Option<Vec<WireDescriptor>>,
    manifests: Option<Vec<WireDescriptor>>,
    subject: Option<WireDescriptor>,
    annotations: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDescriptor {
    media_type: Option<String>,
    digest: String,
}

impl WireDescriptor {
    /// Layers that a registry must not insist on: their licence forbids to push them.
    fn is_foreign(&self) -> bool {
        self.media_type.as_deref().is_some_and(|media_type| {
            media_type.contains("nondistributable") || media_type.contains("foreign.diff")
        })
    }
}
