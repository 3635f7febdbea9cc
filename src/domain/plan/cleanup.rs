//! Removing what a release that did not come to be left behind, in the order in which nothing is lost that is in use.

mod evidence;
mod orphans;

use std::collections::BTreeSet;

use super::registry::{
    Image, Release, after, fill_together, guard_first, leave_what_is_shared, may_delete,
};
use super::rollback::{self, Back};
use super::words::list;
use super::{Action, Draft, Ground, Intent, Plan, Refusal, RefusalKind, Step, Target, Verb};
use crate::domain::digest::Digest;
use crate::domain::fact::Ask;
use crate::domain::journal::State;
use crate::domain::release::role;
use crate::domain::run::{Job, Status};
use crate::domain::survey::Survey;

/// The questions whose fresh answers the plan needs.
pub(super) fn needs(_: &Intent, ground: &Ground<'_>) -> Vec<Ask> {
    match Release::of(ground) {
        Ok(release) => asks(&release),
        Err(_) => ground.outlook.run.map(Ask::Run).into_iter().collect(),
    }
}

fn asks(release: &Release<'_>) -> Vec<Ask> {
    let mut asks = rollback::asks(release);
    asks.push(Ask::Runs);
    asks.push(Ask::Pending(release.run.id));
    for image in release.images() {
        if let Some(built) = image.built {
            asks.push(Ask::Manifest(image.id.clone(), built.clone()));
        }
    }
    asks
}

/// The plan, or why there is none.
pub(super) fn plan(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    let orphans = matches!(intent, Intent::CleanUp { orphans: true });
    let release = Release::of(ground)?;
    let asks = asks(&release);
    ground.known(&deciding(&asks))?;
    is_over(&release)?;
    let mut draft = Draft {
        phrase: Some(release.version.to_owned()),
        rests_on: asks,
        ..Draft::default()
    };
    if let Some(Back {
        floating,
        own,
        notes,
    }) = partial(&release)?
    {
        draft.steps.extend(floating);
        draft.steps.extend(own);
        draft.notes.extend(notes);
    }
    for image in release.images() {
        let survey = image.survey()?;
        may_delete(&image.id, survey)?;
        let mut steps = tags(&image, survey, &mut draft.notes);
        if orphans {
            let found = orphans::tags(&release, &image, survey, &mut draft.notes);
            let is_new = |step: &Step| !steps.iter().any(|known| known.action == step.action);
            let found: Vec<Step> = found.into_iter().filter(is_new).collect();
            steps.extend(found);
        }
        draft.steps.extend(steps);
        let left = leave_what_is_shared(&image.id, survey, &mut draft.steps);
        draft.notes.extend(left);
        let will_be = after(survey, &image.id, &draft.steps);
        let subjects = subjects(&image, survey, &draft.steps, orphans);
        let steps = evidence::steps(&image, survey, &will_be, &subjects, &mut draft.notes);
        draft.steps.extend(steps);
        let left = leave_what_is_shared(&image.id, survey, &mut draft.steps);
        draft.notes.extend(left);
    }
    fill_together(&mut draft.steps);
    if draft.steps.is_empty() {
        let unblock = if draft.notes.is_empty() {
            "There is nothing to clean up.".to_owned()
        } else {
            draft.notes.join(" ")
        };
        return Err(Refusal::new(
            RefusalKind::Nothing,
            format!("Nothing of {} can go.", release.version),
            unblock,
        ));
    }
    guard_first(release.run.id, &mut draft.steps);
    draft.title = format!(
        "Clean up after {}{}: {} steps",
        release.version,
        if orphans { " and older releases" } else { "" },
        draft.steps.len()
    );
    Ok(ground.plan(intent, draft))
}

/// The questions without whose answers nothing is decided. The image's own manifest may be gone.
fn deciding(asks: &[Ask]) -> Vec<Ask> {
    let decides = |ask: &&Ask| !matches!(ask, Ask::Manifest(..) | Ask::Pending(_));
    asks.iter().filter(decides).cloned().collect()
}

/// Refuses while the run could still promote, or clean up by itself.
fn is_over(release: &Release<'_>) -> Result<(), Refusal> {
    release.cannot_promote_any_more("Wait for its end, or reject its gate.")?;
    if release.run.is_over() {
        return Ok(());
    }
    let number = release.run.number;
    let mut cleaning = release.jobs_of(role::CLEANUP).filter(|job| !job.is_over());
    let cleaning: Option<&Job> = cleaning.next();
    match cleaning {
        Some(job) if job.status == Status::Waiting => Err(Refusal::new(
            RefusalKind::Precondition,
            format!(
                "`{}` of run #{number} waits at its gate and would clean up itself.",
                job.name
            ),
            "Approve that gate: `gonogo approve`; or reject it, and clean up here.",
        )),
        Some(job) => Err(Refusal::new(
            RefusalKind::Precondition,
            format!(
                "`{}` of run #{number} is about to clean up itself.",
                job.name
            ),
            "Wait for its end.",
        )),
        None if release.was_promoted_by_the_run() => Ok(()),
        None => Err(Refusal::new(
            RefusalKind::Precondition,
            format!("Run #{number} is not over yet, and may clean up by itself."),
            "Wait for its end.",
        )),
    }
}

/// Whether the release is out: then its tags, and what proves its image, are in use.
fn is_out(release: &Release<'_>) -> bool {
    let ground = release.ground;
    let tag = format!("v{}", release.version);
    let mut releases = ground.snapshot.releases.value().into_iter().flatten();
    let by_hand = ground.ledger.newest_first().find(|record| {
        let about = &record.plan.about;
        record.plan.verb() == Verb::Promote
            && about.repo == ground.policy.repo
            && about.version.as_deref() == Some(release.version)
            && record.confirmed_at.is_some()
    });
    let everywhere = || {
        release.images().all(|image| {
            let tags = image.release_tags();
            let is_ours = |tag: &&str| image.built.is_some() && image.resolve(tag) == image.built;
            !tags.is_empty() && tags.iter().all(is_ours)
        })
    };
    release.was_promoted_by_the_run()
        || releases.any(|found| found.tag == tag && !found.draft)
        || by_hand.is_some_and(|record| record.state() == State::Done)
        || everywhere()
}

/// The way back of release tags that a promote moved in part: they come first, because they need what goes after them.
fn partial(release: &Release<'_>) -> Result<Option<Back>, Refusal> {
    let ours = |image: &Image<'_>| {
        let mut tags = image.release_tags().into_iter();
        image.built.is_some() && tags.any(|tag| image.resolve(tag) == image.built)
    };
    if is_out(release) || !release.images().any(|image| ours(&image)) {
        return Ok(None);
    }
    rollback::back(release, &Target::Previous).map(Some)
}

/// The prerelease tags of just this version and commit, and the floating one where it is this image.
fn tags(image: &Image<'_>, survey: &Survey, notes: &mut Vec<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(own) = image.prerelease_tag() else {
        return steps;
    };
    // With the dash: the tags of 1.6.91 begin like those of 1.6.9.
    let prefix = format!("{own}-");
    let mine = |tag: &str| tag == own || tag.starts_with(&prefix);
    let floating = image.spec.floating_tag.as_str();
    let arch = image.ground.outlook.arch_tags.get(&image.id);
    let arch: BTreeSet<&str> = arch
        .into_iter()
        .flatten()
        .map(|(_, tag)| tag.as_str())
        .collect();
    for tag in survey.unseen.keys().filter(|tag| mine(tag)) {
        notes.push(format!("Left: `{tag}` could not be looked up."));
    }
    // The index goes before its parts: a registry that removes whole manifests would break it otherwise.
    let held = survey.tags.iter();
    let (index, parts): (Vec<_>, Vec<_>) = held
        .filter(|(tag, digest)| {
            let is_ours = Some(*digest) == image.built;
            mine(tag) || arch.contains(tag.as_str()) || (tag.as_str() == floating && is_ours)
        })
        .partition(|(tag, _)| *tag == own || *tag == floating);
    for (tag, digest) in index.into_iter().chain(parts) {
        if tag == own && image.built.is_some_and(|built| built != digest) {
            notes.push(format!(
                "`{tag}` points to {}, which is not what the run built; the tag goes all the same.",
                digest.short()
            ));
        }
        steps.push(image.delete(tag, digest));
    }
    let others = survey
        .tags
        .get(floating)
        .filter(|digest| Some(*digest) != image.built);
    if let Some(other) = others {
        notes.push(format!(
            "Left alone: `{floating}` points to {}, not to this release.",
            other.short()
        ));
    }
    if !steps.is_empty() {
        let names = steps.iter().filter_map(|step| match &step.action {
            Action::DeleteTag { tagged, .. } => Some(tagged.tag.as_str()),
            _ => None,
        });
        notes.push(format!(
            "Safe: {}, which nothing else follows.",
            list(names)
        ));
    }
    steps
}

/// The images whose evidence may go: what the run built, what the removed tags pointed to, and all their parts.
fn subjects(image: &Image<'_>, survey: &Survey, steps: &[Step], orphans: bool) -> BTreeSet<Digest> {
    let mut subjects: BTreeSet<Digest> = image.built.into_iter().cloned().collect();
    for step in steps {
        if let Action::DeleteTag { tagged, .. } = &step.action
            && tagged.image == image.id
        {
            subjects.insert(tagged.digest.clone());
        }
    }
    if orphans {
        subjects.extend(
            survey
                .tags
                .keys()
                .filter_map(|tag| evidence::subject_of(tag)),
        );
        subjects.extend(survey.referrers.keys().cloned());
    }
    for subject in subjects.clone() {
        subjects.extend(survey.lists.get(&subject).into_iter().flatten().cloned());
        subjects.extend(evidence::parts(image, &subject));
    }
    subjects
}
