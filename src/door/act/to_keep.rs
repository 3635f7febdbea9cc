//! The bytes that a change would lose, read before it is made.

use crate::domain::digest::Digest;
use crate::domain::fact::{Failure, FailureKind, ImageId};
use crate::domain::plan::Action;
use crate::domain::time::Timestamp;
use crate::door::Door;
use crate::door::check::tag_of;
use crate::door::store::Kept;
use crate::net::failure;
use crate::net::registry::{RawManifest, Reference};

impl Door {
    /// The manifests that an action replaces or removes, with their bytes.
    pub(in crate::door) async fn to_keep(
        &self,
        action: &Action,
        now: Timestamp,
    ) -> Result<Vec<(Digest, Kept)>, Failure> {
        let found = match action {
            Action::PutTag(tagged) => {
                let tag = tag_of(&tagged.tag)?;
                let registry = self.registry(&tagged.image)?;
                match registry.last_seen(&tag) {
                    Some(None) => None,
                    Some(Some(old)) if old == tagged.digest => None,
                    Some(Some(old)) => Some(self.whole(&tagged.image, &old, now).await?),
                    None => {
                        let old = registry.get(Reference::Tag(&tag), now).await?;
                        old.filter(|old| old.digest != tagged.digest)
                    }
                }
            }
            Action::DeleteTag { tagged, .. } => {
                Some(self.whole(&tagged.image, &tagged.digest, now).await?)
            }
            Action::DeleteManifest { image, digest } => Some(self.whole(image, digest, now).await?),
            _ => None,
        };
        let kept = found.map(|raw| {
            let kept = Kept {
                media_type: raw.media_type,
                bytes: raw.bytes,
            };
            (raw.digest, kept)
        });
        Ok(kept.into_iter().collect())
    }

    /// A manifest that has to be there, because it could not be put back otherwise.
    async fn whole(
        &self,
        image: &ImageId,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<RawManifest, Failure> {
        let registry = self.registry(image)?;
        if let Some(raw) = registry.known(digest) {
            return Ok(raw);
        }
        let found = registry.get(Reference::Digest(digest), now).await?;
        found.ok_or_else(|| {
            failure::plain(
                FailureKind::NotFound,
                format!(
                    "{} of {image} cannot be read, so it could not be put back: nothing was removed.",
                    digest.short()
                ),
                "Look again; somebody may have removed it already.",
            )
        })
    }
}
