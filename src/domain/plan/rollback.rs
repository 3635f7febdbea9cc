//! Putting the release tags back.

mod before;

use std::collections::BTreeSet;

use super::registry::{
    Image, Release, fill_together, guard_first, leave_what_is_shared, may_delete,
};
use super::words::list;
use super::{
    Action, Condition, Draft, Ground, Intent, Mark, Plan, Refusal, RefusalKind, Repeat, Step,
    Target, Undo,
};
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, ImageId};
use crate::domain::run;
use before::{Before, before};

/// The questions whose fresh answers the plan needs.
pub(super) fn needs(_: &Intent, ground: &Ground<'_>) -> Vec<Ask> {
    match Release::of(ground) {
        Ok(release) => asks(&release),
        Err(_) => ground.outlook.run.map(Ask::Run).into_iter().collect(),
    }
}

pub(super) fn asks(release: &Release<'_>) -> Vec<Ask> {
    let run = release.run.id;
    let mut asks = vec![Ask::Run(run), Ask::Jobs(run), Ask::Releases];
    for image in release.images() {
        let mut tags: Vec<String> = image
            .release_tags()
            .into_iter()
            .map(str::to_owned)
            .collect();
        tags.extend(before::version_tags_of_earlier(&image));
        tags.dedup();
        asks.extend(tags.iter().map(|tag| image.ask(tag)));
        asks.push(Ask::Survey(image.id.clone()));
    }
    asks
}

/// The plan, or why there is none.
pub(super) fn plan(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    let previous = Target::Previous;
    let target = match intent {
        Intent::RollBack { to } => to,
        _ => &previous,
    };
    let release = Release::of(ground)?;
    let asks = asks(&release);
    // The survey is for what is removed: where nothing is, nobody waits for it.
    let decides = |ask: &&Ask| !matches!(ask, Ask::Survey(_));
    let deciding: Vec<Ask> = asks.iter().filter(decides).cloned().collect();
    ground.known(&deciding)?;
    release.cannot_promote_any_more(
        "Reject its gate, or cancel it (`gonogo cancel`); then roll back what it has moved.",
    )?;
    let Back {
        floating,
        own,
        mut notes,
    } = back(&release, target)?;
    if floating.is_empty() && own.is_empty() {
        let mut refusal = Refusal::new(
            RefusalKind::Nothing,
            format!("No release tag points to the image of {}.", release.version),
            "There is nothing to roll back.",
        );
        if let Some(note) = notes.first() {
            refusal.unblock.clone_from(note);
        }
        return Err(refusal);
    }
    let mut steps = floating;
    // The Release never stays marked as out while its version tag is gone.
    steps.extend(mark(&release));
    steps.extend(own);
    for image in release.images() {
        let removes = |step: &Step| matches!(&step.action, Action::DeleteTag { tagged, .. } if tagged.image == image.id);
        if steps.iter().any(removes) {
            let survey = image.survey()?;
            may_delete(&image.id, survey)?;
            notes.extend(leave_what_is_shared(&image.id, survey, &mut steps));
        }
    }
    fill_together(&mut steps);
    if !steps.iter().any(changes_a_tag) {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            format!("Nothing of {} can be put back here.", release.version),
            notes.join(" "),
        ));
    }
    guard_first(release.run.id, &mut steps);
    notes.extend(package(&release));
    let moved: BTreeSet<&str> = steps.iter().filter_map(tag_of).collect();
    let title = format!(
        "Roll {} back: {} no longer {} to it",
        release.version,
        list(moved.iter().copied()),
        if moved.len() == 1 { "points" } else { "point" }
    );
    let draft = Draft {
        title,
        phrase: Some(release.version.to_owned()),
        notes,
        steps,
        rests_on: asks,
        ..Draft::default()
    };
    Ok(ground.plan(intent, draft))
}

fn tag_of(step: &Step) -> Option<&str> {
    match &step.action {
        Action::PutTag(tagged) | Action::DeleteTag { tagged, .. } => Some(&tagged.tag),
        _ => None,
    }
}

fn changes_a_tag(step: &Step) -> bool {
    tag_of(step).is_some()
}

/// The tags that go back.
#[derive(Default)]
pub(super) struct Back {
    /// Those that move on with later releases, the most looked at first.
    pub(super) floating: Vec<Step>,
    /// Those that name the version in full.
    pub(super) own: Vec<Step>,
    /// What is left alone, and where each digest is known from.
    pub(super) notes: Vec<String>,
}

/// The steps that put back every release tag which points to the release's image now, and no other (incident 26).
pub(super) fn back(release: &Release<'_>, target: &Target) -> Result<Back, Refusal> {
    let mut back = Back::default();
    let mut held = Vec::new();
    for image in release.images() {
        let built = image.built()?;
        let tags = image.release_tags();
        let (ours, others): (Vec<&str>, Vec<&str>) = tags
            .into_iter()
            .partition(|tag| image.resolve(tag) == Some(built));
        let of = release.of_image(&image.id);
        for tag in others {
            back.notes.push(match image.resolve(tag) {
                Some(other) => format!(
                    "Left alone: `{tag}`{of} points to {}, not to this release.",
                    other.short()
                ),
                None => format!("Left alone: `{tag}`{of} is not there."),
            });
        }
        if ours.is_empty() {
            continue;
        }
        held.push(image.id.clone());
        let wanted = wanted(target, &image.id, built)?;
        let mut looked_at: Vec<&Digest> = Vec::new();
        // In the opposite order of a promote: what most people pull is put right first.
        for tag in ours.into_iter().rev() {
            one(&image, tag, built, wanted, &mut looked_at, &of, &mut back)?;
        }
    }
    if let (Target::Digest(_), [first, _, ..]) = (target, held.as_slice()) {
        return Err(Refusal::new(
            RefusalKind::Ambiguous,
            "Several repositories hold this release, and a digest is of one of them.",
            format!("Name it: `--to {first}@DIGEST`."),
        ));
    }
    Ok(back)
}

/// The digest that was asked for; `None`: what was there before.
fn wanted<'t>(
    target: &'t Target,
    image: &ImageId,
    built: &Digest,
) -> Result<Option<&'t Digest>, Refusal> {
    let digest = match target {
        Target::Digest(digest) => digest,
        Target::DigestOf(of, digest) if of == image => digest,
        Target::Previous | Target::DigestOf(..) => return Ok(None),
    };
    if digest == built {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            format!("{} is the image of this release itself.", digest.short()),
            "Name the digest of an earlier release.",
        ));
    }
    Ok(Some(digest))
}

fn one<'d>(
    image: &Image<'d>,
    tag: &str,
    built: &Digest,
    wanted: Option<&'d Digest>,
    looked_at: &mut Vec<&'d Digest>,
    of: &str,
    back: &mut Back,
) -> Result<(), Refusal> {
    let is_own = image.is_own(tag);
    let before = match wanted.filter(|_| !is_own) {
        Some(digest) => Before::Was(digest, "as asked".to_owned()),
        None => before(image, tag, built),
    };
    let step = match before {
        Before::Was(old, how) => {
            back.notes
                .push(format!("`{tag}`{of} goes back to {}: {how}.", old.short()));
            let mut step = image.put(tag, Some(built), old);
            if !looked_at.contains(&old) {
                looked_at.push(old);
                let has = Condition::HasManifest {
                    image: image.id.clone(),
                    digest: old.clone(),
                };
                step.before.insert(0, has);
            }
            step
        }
        Before::Absent(how) => {
            back.notes.push(format!("`{tag}`{of} is removed: {how}."));
            image.delete(tag, built)
        }
        Before::Unknown if is_own => {
            back.notes.push(format!(
                "Left: nobody wrote down whether `{tag}`{of} was there before this release."
            ));
            return Ok(());
        }
        Before::Unknown => {
            return Err(Refusal::new(
                RefusalKind::CannotTell,
                format!(
                    "Nobody wrote down what `{tag}`{of} pointed to before this release, and no earlier release tells."
                ),
                "Name the image to go back to: `gonogo rollback --to DIGEST`.",
            ));
        }
    };
    if is_own {
        back.own.push(step);
    } else {
        back.floating.push(step);
    }
    Ok(())
}

/// The Release is told to be none that is out, where it exists.
fn mark(release: &Release<'_>) -> Option<Step> {
    let tag = format!("v{}", release.version);
    let mut releases = release.ground.snapshot.releases.value()?.iter();
    let found: &run::Release = releases.find(|found| found.tag == tag)?;
    if found.draft || found.prerelease {
        return None;
    }
    let (id, tag) = (found.id, found.tag.clone());
    let mark = |prerelease| Mark {
        draft: false,
        prerelease,
    };
    let is = |mark| Condition::ReleaseIs {
        id,
        tag: tag.clone(),
        mark,
    };
    let action = |mark| Action::MarkRelease {
        id,
        tag: tag.clone(),
        mark,
    };
    Some(Step {
        action: action(mark(true)),
        before: vec![is(mark(false))],
        after: vec![is(mark(true))],
        undo: Undo::By(action(mark(false))),
        repeat: Repeat::OnlyIfUnchanged,
    })
}

/// What was uploaded stays: the index takes nothing back.
fn package(release: &Release<'_>) -> Option<String> {
    let spec = release.ground.policy.pypi.as_ref()?;
    let files = release.ground.outlook.pypi_files;
    (files > 0).then(|| {
        format!(
            "Cannot be undone: the package index holds {files} {} of {} {}. Yank the version on the index's own page, /manage/project/{}/release/{}/; a file name is never free again.",
            if files == 1 { "file" } else { "files" },
            spec.project.as_str(),
            release.version,
            spec.project.normalized(),
            release.version
        )
    })
}
