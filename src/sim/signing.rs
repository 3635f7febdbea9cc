//! What the pipeline signs about an image: drafted honestly, changed by what a scenario forges, then signed.

mod tamper;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::image::Platform;
use super::oci::{Digest, Registry};
use super::sigstore::{
    Attached, BuildFacts, Claims, Craft, Existing, IN_TOTO, SLSA_V1, SLSA_V02, SPDX, SignError,
    Sigstore, Subject, slsa_v1, slsa_v02, spdx,
};
use super::world::outside::{Attestation, Delivery, Order};
use super::world::run::Built;

pub(crate) use tamper::Tamper;

/// The workflow that is started.
pub(crate) const CALLER: &str = ".github/workflows/release.yml";
/// The workflow that builds and signs.
pub(crate) const SIGNER: &str = ".github/workflows/prerelease-docker.yml";

/// All that is signed about one image.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// What the pipeline knows of its build.
    pub(crate) facts: BuildFacts,
    /// Who signs in honesty.
    pub(crate) claims: Claims,
    /// The index.
    pub(crate) index: Subject,
    /// Architecture and manifest of each platform.
    pub(crate) platforms: Vec<(String, Subject)>,
    /// The pieces.
    pub(crate) items: Vec<Item>,
    pub(crate) at: Timestamp,
}

/// One piece.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) what: What,
    pub(crate) form: Form,
    /// Where it hangs; what it is about is in the payload.
    pub(crate) on: Digest,
    pub(crate) craft: Craft,
    pub(crate) payload: Payload,
    pub(crate) existing: Existing,
    /// What happens to it after it was signed.
    pub(crate) tamper: Option<Tamper>,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Signature,
    Provenance,
    /// Of this architecture.
    Sbom(String),
}

/// How a piece is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A layer under a tag `.sig` or `.att`.
    Legacy,
    /// A bundle that refers to the image.
    Bundle,
    /// A bundle that GitHub keeps.
    Github(Delivery),
}

/// What is signed.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// That the image is signed.
    Image(Subject),
    /// Something about subjects.
    Statement {
        subjects: Vec<Value>,
        predicate_type: String,
        predicate: Value,
    },
    /// Any bytes.
    Raw {
        predicate_type: String,
        bytes: Vec<u8>,
    },
}

/// A subject as a statement names it.
pub(crate) fn named(subject: &Subject) -> Value {
    json!({"name": subject.name, "digest": {"sha256": subject.digest.hex()}})
}

/// Who signs: the called workflow, in a run of the release workflow.
fn claims(order: &Order) -> Claims {
    let run = (order.run, attempt(order));
    let (repo, git_ref) = (&order.repo, &order.full_ref);
    let mut claims = Claims::github(repo, CALLER, SIGNER, git_ref, &order.sha, run);
    claims.trigger.clone_from(&order.event);
    claims
}

fn attempt(order: &Order) -> u32 {
    u32::try_from(order.attempt).unwrap_or(u32::MAX)
}

fn digest(text: &str) -> Result<Digest, SignError> {
    Digest::parse(text).ok_or(SignError::NoSubject)
}

impl Draft {
    /// What the reference pipeline signs: the index, its provenance, and an SBOM of each platform.
    pub(crate) fn honest(
        order: &Order,
        built: &Built,
        name: &str,
        project: &str,
    ) -> Result<Self, SignError> {
        let subject = |text: &str| {
            Ok::<_, SignError>(Subject {
                name: name.to_owned(),
                digest: digest(text)?,
            })
        };
        let facts = BuildFacts {
            repository: order.repo.clone(),
            builder: SIGNER.to_owned(),
            entry_point: CALLER.to_owned(),
            git_ref: order.full_ref.clone(),
            sha: order.sha.clone(),
            run_id: order.run,
            attempt: attempt(order),
            started: order.started,
            finished: order.at,
        };
        let claims = claims(order);
        let index = subject(&built.digest)?;
        let mut platforms = Vec::new();
        for (arch, text) in &built.platforms {
            platforms.push((arch.clone(), subject(text)?));
        }
        let item = |what, on: &Subject, payload| Item {
            existing: if what == What::Signature {
                Existing::Kept
            } else {
                Existing::Replaced
            },
            what,
            form: Form::Legacy,
            on: on.digest.clone(),
            craft: Craft::from(&claims),
            payload,
            tamper: None,
        };
        let statement = |about: &Subject, predicate_type: &str, predicate| Payload::Statement {
            subjects: vec![named(about)],
            predicate_type: predicate_type.to_owned(),
            predicate,
        };
        let mut items = vec![
            item(What::Signature, &index, Payload::Image(index.clone())),
            item(
                What::Provenance,
                &index,
                statement(&index, SLSA_V02, slsa_v02(&facts)),
            ),
        ];
        for (arch, about) in &platforms {
            let document = spdx(project, &order.version, &Platform::linux(arch), order.at);
            let payload = statement(about, SPDX, document);
            items.push(item(What::Sbom(arch.clone()), about, payload));
        }
        Ok(Self {
            facts,
            claims,
            index,
            platforms,
            items,
            at: order.at,
        })
    }

    /// The pieces of a kind.
    pub(crate) fn of(&mut self, what: &What) -> impl Iterator<Item = &mut Item> {
        self.items.iter_mut().filter(move |item| item.what == *what)
    }

    /// Changes who signs every piece.
    pub(crate) fn crafts(&mut self, change: impl Fn(&mut Craft)) {
        for item in &mut self.items {
            change(&mut item.craft);
        }
    }

    /// Changes what the provenance says, whichever form it has.
    pub(crate) fn provenance(&mut self, change: impl Fn(&mut BuildFacts)) {
        let mut facts = self.facts.clone();
        change(&mut facts);
        for item in self.of(&What::Provenance) {
            if let Payload::Statement {
                predicate_type,
                predicate,
                ..
            } = &mut item.payload
            {
                *predicate = if predicate_type == SLSA_V1 {
                    slsa_v1(&facts)
                } else {
                    slsa_v02(&facts)
                };
            }
        }
    }

    /// The same pieces in another form beside these.
    pub(crate) fn also_as(&mut self, form: Form) {
        let copies: Vec<Item> = self
            .items
            .iter()
            .filter(|item| !matches!(form, Form::Github(_)) || item.what != What::Signature)
            .map(|item| Item {
                form,
                ..item.clone()
            })
            .collect();
        self.items.extend(copies);
    }
}

impl Payload {
    /// The bytes of a statement as they are signed.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Image(subject) => super::sigstore::simple_signing(subject).into_bytes(),
            Self::Statement {
                subjects,
                predicate_type,
                predicate,
            } => json!({
                "_type": "https://in-toto.io/Statement/v0.1",
                "predicateType": predicate_type,
                "subject": subjects,
                "predicate": predicate,
            })
            .to_string()
            .into_bytes(),
            Self::Raw { bytes, .. } => bytes.clone(),
        }
    }

    fn predicate_type(&self) -> &str {
        match self {
            Self::Image(_) => "",
            Self::Statement { predicate_type, .. } | Self::Raw { predicate_type, .. } => {
                predicate_type
            }
        }
    }
}

/// Where signed pieces go.
pub(crate) struct Shelf<'a> {
    pub(crate) sigstore: &'a Sigstore,
    pub(crate) registry: &'a Registry,
    pub(crate) repository: &'a str,
}

impl Shelf<'_> {
    /// Signs one piece and hangs it where it belongs; what GitHub keeps is given back.
    pub(crate) fn put(&self, item: &Item, at: Timestamp) -> Result<Option<Attestation>, SignError> {
        let predicate_type = item.payload.predicate_type();
        match (item.form, &item.payload) {
            (Form::Legacy, payload) => {
                let make = || match payload {
                    Payload::Image(_) => self.sigstore.sign_raw(&item.craft, &payload.bytes(), at),
                    _ => self.sigstore.attest_raw(
                        &item.craft,
                        IN_TOTO,
                        &payload.bytes(),
                        predicate_type,
                        at,
                    ),
                };
                let mut layer = make()?;
                if let Some(tamper) = item.tamper {
                    tamper.layer(&mut layer, &make()?)?;
                }
                let attached = match item.what {
                    What::Signature => Attached::Signatures,
                    What::Provenance | What::Sbom(_) => Attached::Attestations,
                };
                let (registry, repository) = (self.registry, self.repository);
                layer.push(registry, repository, &item.on, attached, item.existing)?;
                Ok(None)
            }
            (form, payload) => {
                let make = || match payload {
                    Payload::Image(subject) => {
                        self.sigstore.sign_image_bundle(&item.craft, subject, at)
                    }
                    _ => self.sigstore.bundle_raw(
                        &item.craft,
                        IN_TOTO,
                        &payload.bytes(),
                        predicate_type,
                        at,
                    ),
                };
                let mut bundle = make()?;
                if let Some(tamper) = item.tamper {
                    tamper.bundle(&mut bundle, &make()?)?;
                }
                if let Form::Github(delivery) = form {
                    return Ok(Some(Attestation {
                        digest: item.on.as_str().to_owned(),
                        predicate_type: bundle.predicate_type,
                        bundle: Bytes::clone(&bundle.json),
                        delivery,
                    }));
                }
                bundle.push(self.registry, self.repository, &item.on, at)?;
                Ok(None)
            }
        }
    }
}
