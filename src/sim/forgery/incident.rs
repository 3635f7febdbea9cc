//! What befalls a release from outside of its pipeline, before anybody looked at the gate.

use super::{Forgery, HONEST, Truth, When};
use crate::sim::SimError;
use crate::sim::world::World;
use crate::sim::world::attempt::Effect;
use crate::sim::world::repo::{OTHER, Release};
use crate::sim::world::run::{Built, Run};

/// A month, in minutes: the longest wait that GitHub allows.
const LONG: u32 = 43_200;

/// When all evidence is in place.
const ATTESTED: When = When::After(Effect::Attest);

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "tag-swapped",
        summary: "Somebody pointed the prerelease tag at another image after the build.",
        incident: Some(1),
        truth: Truth::OTHERWISE_NO_GO,
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            let tag = format!("prerelease-v{}-{}", run.version, run.short_sha());
            point_elsewhere(world, &run, &tag)
        })),
        ..HONEST
    },
    Forgery {
        name: "unprotected-environment",
        summary: "The environment asks nobody: it only lets some time pass.",
        incident: Some(9),
        truth: Truth::OTHERWISE_NO_GO,
        befall: Some((When::Start, |world| {
            reviewers_gone(world, LONG);
            Ok(())
        })),
        ..HONEST
    },
    Forgery {
        name: "signature-deleted",
        summary: "The signature was deleted after the build, while the tags stay.",
        incident: Some(17),
        truth: Truth {
            signature: super::Held::Absent,
            ..Truth::no_go(&["signature-absent"])
        },
        befall: Some((ATTESTED, |world| {
            let (_, built) = star(world)?;
            let tag = format!("{}.sig", built.digest.replace(':', "-"));
            world.outside.untag(&tag);
            Ok(())
        })),
        ..HONEST
    },
    Forgery {
        name: "floating-tag-unsigned",
        summary: "The floating tag points at an image whose signature is gone.",
        incident: Some(17),
        truth: Truth::warned(&[]),
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            point_elsewhere(world, &run, "prerelease")
        })),
        ..HONEST
    },
    Forgery {
        name: "git-tag-elsewhere",
        summary: "The git tag was on another commit before the run began.",
        incident: Some(19),
        truth: Truth::OTHERWISE_NO_GO,
        befall: Some((When::Start, move_git_tag)),
        ..HONEST
    },
    Forgery {
        name: "git-tag-moved",
        summary: "Somebody moved the git tag to another commit while the run was under way.",
        incident: Some(19),
        truth: Truth::OTHERWISE_NO_GO,
        befall: Some((ATTESTED, move_git_tag)),
        ..HONEST
    },
    Forgery {
        name: "git-tag-deleted",
        summary: "Somebody deleted the git tag while the run was under way.",
        incident: Some(19),
        truth: Truth::OTHERWISE_NO_GO,
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            let name = format!("v{}", run.version);
            world.repo.tags.retain(|tag| tag.name != name);
            Ok(())
        })),
        ..HONEST
    },
    Forgery {
        name: "released-too-early",
        summary: "The GitHub Release is published while neither the registry nor the package index has the version.",
        incident: Some(18),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| scenario.expect.released = true),
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            let at = world.now;
            let id = world.ids.next_other();
            world.repo.releases.push(Release {
                id,
                tag: format!("v{}", run.version),
                target: run.sha.clone(),
                body: "Too early.".to_owned(),
                draft: false,
                prerelease: false,
                created: at,
                published: Some(at),
                author: OTHER.to_owned(),
                assets: Vec::new(),
            });
            Ok(())
        })),
        ..HONEST
    },
    Forgery {
        name: "version-tag-taken",
        summary: "The version's tag is in the registry already, on another image.",
        incident: Some(2),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            let tag = scenario.version.clone();
            scenario.expect.tags.push(tag);
            scenario.expect.tags.sort();
        }),
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            let tag = run.version.clone();
            point_elsewhere(world, &run, &tag)
        })),
        ..HONEST
    },
    Forgery {
        name: "arch-tag-swapped",
        summary: "Somebody pointed one platform's prerelease tag at another image.",
        incident: Some(1),
        truth: Truth::OTHERWISE_NO_GO,
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            let tag = format!("prerelease-v{}-{}-arm64", run.version, run.short_sha());
            point_elsewhere(world, &run, &tag)
        })),
        ..HONEST
    },
    Forgery {
        name: "source-tag-missing",
        summary: "The prerelease tag is gone before anything was promoted.",
        incident: Some(1),
        truth: Truth::OTHERWISE_NO_GO,
        shape: Some(|scenario| {
            let gone = format!("prerelease-v{}-{{short_sha}}", scenario.version);
            scenario.expect.tags.retain(|tag| *tag != gone);
        }),
        befall: Some((ATTESTED, |world| {
            let (run, _) = star(world)?;
            let tag = format!("prerelease-v{}-{}", run.version, run.short_sha());
            world.outside.untag(&tag);
            Ok(())
        })),
        ..HONEST
    },
];

/// The run that the scenario is about, and what it built.
pub(super) fn star(world: &World) -> Result<(Run, Built), SimError> {
    let missing = |what: &str| SimError::Missing {
        what: what.to_owned(),
    };
    let run = world.star().ok_or_else(|| missing("the release run"))?;
    let built = run.built.clone().ok_or_else(|| missing("its image"))?;
    Ok((run.clone(), built))
}

fn point_elsewhere(world: &mut World, run: &Run, tag: &str) -> Result<(), SimError> {
    let order = world.order_for(run, 1);
    let strange = world.outside.smuggle(&order)?;
    world.outside.tag(tag, &strange, world.now)
}

fn move_git_tag(world: &mut World) -> Result<(), SimError> {
    let name = format!("v{}", world.scenario.version);
    let before = world.repo.commits.iter().rev().nth(1);
    let commit = before.map(|commit| commit.sha.clone());
    let tag = world.repo.tags.iter_mut().find(|tag| tag.name == name);
    let (Some(commit), Some(tag)) = (commit, tag) else {
        return Err(SimError::Missing {
            what: format!("the git tag {name}, or a commit to move it to"),
        });
    };
    tag.commit = commit;
    // Pushed by force as a plain tag.
    tag.object = None;
    Ok(())
}

/// Takes the reviewers from the release environment.
pub(super) fn reviewers_gone(world: &mut World, wait_minutes: u32) {
    for environment in &mut world.repo.environments {
        if environment.name == "release" {
            environment.reviewers.clear();
            environment.wait_minutes = wait_minutes;
        }
    }
}
