//! What a world lets one lay hands on while it stands still: how its release run signs, and what that run says it built.

use super::incident::star;
use crate::sim::oci::Digest;
use crate::sim::signing::Draft;
use crate::sim::sigstore::{Layout, Signing};
use crate::sim::{Sim, SimError};

impl Sim {
    /// How the release run signs the image that it built, as of now.
    pub fn signing(&self, layout: Layout) -> Result<Signing, SimError> {
        self.stage.with(|world| {
            let (run, built) = star(world)?;
            let order = world.order_for(&run, built.attempt);
            let name = format!("docker.io/{}", order.repo);
            let project = world.scenario.project();
            let draft = Draft::honest(&order, &built, &name, project)
                .map_err(|error| SimError::refused(&error))?;
            Ok(Signing {
                name,
                program: project.to_owned(),
                version: order.version,
                claims: draft.claims,
                facts: draft.facts,
                layout,
            })
        })
    }

    /// Makes the release run say, from now on, that what it built is the image of this digest.
    pub fn say_built(&self, digest: &Digest) -> Result<(), SimError> {
        self.stage.with(|world| {
            let (run, mut built) = star(world)?;
            digest.as_str().clone_into(&mut built.digest);
            if let Some(run) = world.runs.get_mut(&run.id) {
                run.built = Some(built);
            }
            Ok(())
        })
    }
}
