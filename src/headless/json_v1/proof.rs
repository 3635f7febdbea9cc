//! What is proved of a tag's image, in one word each.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::digest::Digest;
use crate::domain::evidence::{SubjectVerdict, Verdict, platform_name};
use crate::domain::fact::ImageId;
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::evidence::expected;

/// The verdicts on one image.
#[derive(Debug, Serialize)]
pub(super) struct ProofV1 {
    verdict: Verdict,
    signature: SubjectVerdict,
    provenance: SubjectVerdict,
    sbom: BTreeMap<String, SubjectVerdict>,
    seen_at: Option<Timestamp>,
}

impl ProofV1 {
    /// What is proved of this image; `None`: it was not judged.
    pub(super) fn of(model: &Model, image: &ImageId, digest: &Digest) -> Option<Self> {
        let expected = expected(&model.outlook, image, digest);
        let observed = model.snapshot.evidence_of(image, digest, &expected)?;
        let found = observed.value()?.as_ref()?;
        Some(Self {
            verdict: found.verdict,
            signature: found.signature.verdict,
            provenance: found.provenance.verdict,
            sbom: found
                .sboms
                .iter()
                .map(|at| (clean(&platform_name(&at.platform)), at.report.verdict))
                .collect(),
            seen_at: observed.seen_at(),
        })
    }
}
