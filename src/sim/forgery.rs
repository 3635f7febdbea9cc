//! What is not as it should be in a release: forged evidence, and incidents of the pipeline.
//!
//! A scenario is made worse by naming forgeries behind it: `waiting-gate+tag-swapped`. Each says what the truth about
//! such a release is, so that a verdict can be held against it.

mod ending;
mod hand;
mod identity;
mod incident;
mod layout;
mod pipeline;
mod provenance;
mod sbom;
mod shape;
mod trust;

use serde::{Deserialize, Deserializer};

use super::SimError;
use super::scenario::Scenario;
use super::signing::Draft;
use super::world::World;
use super::world::attempt::Effect;

/// One thing that is not as it should be.
pub struct Forgery {
    name: &'static str,
    summary: &'static str,
    incident: Option<u8>,
    truth: Truth,
    /// Changes what is signed.
    sign: Option<fn(&mut Draft)>,
    /// Changes how the release runs.
    shape: Option<fn(&mut Scenario)>,
    /// Changes the world at a moment.
    befall: Option<(When, Deed)>,
    /// Changes what verifiers are told to trust.
    root: Root,
    /// An architecture that is not built.
    leaves_out: Option<&'static str>,
}

type Deed = fn(&mut World) -> Result<(), SimError>;

/// When something befalls the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the release run starts.
    Start,
    /// Right after its run did this.
    After(Effect),
}

/// Which trust root verifiers get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Root {
    /// The right one.
    #[default]
    Honest,
    /// The right keys, none of them valid any more when the release was signed.
    Expired,
    /// One without any key.
    Empty,
    /// That of another instance.
    Other,
}

/// Whether an image may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Go,
    /// It may not.
    NoGo,
    /// It cannot be told.
    Unknown,
}

/// Whether what proves something is there and holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// One at least holds.
    Valid,
    /// There are some, and none holds.
    Invalid,
    /// There is none.
    Absent,
}

/// What is so about a release with this forgery, and with no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truth {
    /// What a board must say at the scenario's last gate.
    pub verdict: Verdict,
    /// The signature of the index.
    pub signature: Held,
    /// The provenance of the index.
    pub provenance: Held,
    /// The SBOMs of amd64 and arm64.
    pub sbom: [Held; 2],
    /// Why the evidence is refused, in short names.
    pub reasons: &'static [&'static str],
    /// What must be warned of, in short names.
    pub warnings: &'static [&'static str],
}

impl Truth {
    /// All is well.
    const GO: Self = Self {
        verdict: Verdict::Go,
        signature: Held::Valid,
        provenance: Held::Valid,
        sbom: [Held::Valid; 2],
        reasons: &[],
        warnings: &[],
    };
    /// The evidence is good; something else forbids the release.
    const OTHERWISE_NO_GO: Self = Self {
        verdict: Verdict::NoGo,
        ..Self::GO
    };

    const fn warned(warnings: &'static [&'static str]) -> Self {
        Self {
            warnings,
            ..Self::GO
        }
    }

    const fn no_go(reasons: &'static [&'static str]) -> Self {
        Self {
            verdict: Verdict::NoGo,
            reasons,
            ..Self::GO
        }
    }

    const fn nothing_holds(reasons: &'static [&'static str]) -> Self {
        Self {
            signature: Held::Invalid,
            provenance: Held::Invalid,
            sbom: [Held::Invalid; 2],
            ..Self::no_go(reasons)
        }
    }

    const fn bad_signature(reasons: &'static [&'static str]) -> Self {
        Self {
            signature: Held::Invalid,
            ..Self::no_go(reasons)
        }
    }

    const fn bad_provenance(reasons: &'static [&'static str]) -> Self {
        Self {
            provenance: Held::Invalid,
            ..Self::no_go(reasons)
        }
    }

    /// Whether a verifier of evidence alone must refuse the image.
    pub fn is_refused(&self) -> bool {
        !self.reasons.is_empty()
    }
}

/// What a forgery is made of, where it does nothing.
const HONEST: Forgery = Forgery {
    name: "",
    summary: "",
    incident: None,
    truth: Truth::GO,
    sign: None,
    shape: None,
    befall: None,
    root: Root::Honest,
    leaves_out: None,
};

impl Forgery {
    /// All of them, in groups: identity, provenance, SBOM, layout, trust, shape, incidents, the pipeline, endings.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [
            identity::ALL,
            provenance::ALL,
            sbom::ALL,
            layout::ALL,
            trust::ALL,
            shape::ALL,
            incident::ALL,
            pipeline::ALL,
            ending::ALL,
        ]
        .into_iter()
        .flatten()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Result<&'static Self, SimError> {
        Self::all()
            .find(|forgery| forgery.name == name)
            .ok_or_else(|| SimError::UnknownForgery {
                name: name.to_owned(),
            })
    }

    /// Its short name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One sentence.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// The number of the incident that it plays, in the pipeline's list.
    pub fn incident(&self) -> Option<u8> {
        self.incident
    }

    /// What is so about a release with it.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Which trust root verifiers get.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Whether it changes what is signed, or what is trusted, and nothing else.
    pub fn is_of_evidence(&self) -> bool {
        (self.sign.is_some() || self.root != Root::Honest)
            && self.shape.is_none()
            && self.befall.is_none()
    }

    /// Whether it leaves this architecture unbuilt.
    pub(crate) fn leaves_out(&self, architecture: &str) -> bool {
        self.leaves_out == Some(architecture)
    }

    pub(crate) fn sign(&self, draft: &mut Draft) {
        if let Some(sign) = self.sign {
            sign(draft);
        }
    }

    pub(crate) fn shape(&self, scenario: &mut Scenario) {
        if let Some(shape) = self.shape {
            shape(scenario);
        }
    }

    pub(crate) fn befall(&self, when: When, world: &mut World) -> Result<(), SimError> {
        match self.befall {
            Some((mine, deed)) if mine == when => deed(world),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Forgery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Forgeries by their names.
pub(super) fn by_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<&'static Forgery>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names
        .iter()
        .map(|name| Forgery::named(name).map_err(serde::de::Error::custom))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own_and_a_sentence() {
        let mut names: Vec<&str> = Forgery::all().map(Forgery::name).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        for forgery in Forgery::all() {
            assert!(forgery.summary.ends_with('.'), "{forgery:?}");
            assert!(!forgery.name.contains('+'), "{forgery:?}");
        }
    }
}
