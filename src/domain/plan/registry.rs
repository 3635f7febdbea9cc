//! What the planners of promote, roll-back and clean-up share: the release at its registries.

use std::collections::{BTreeMap, BTreeSet};

use super::stand_in;
use super::words::list;
use super::{Action, Condition, Ground, Refusal, RefusalKind, Repeat, Step, Tagged, Undo};
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, ImageId};
use crate::domain::ids::RunId;
use crate::domain::outlook::TagPart;
use crate::domain::policy::ImageSpec;
use crate::domain::release::{self, role};
use crate::domain::run::{Conclusion, Job, Run};
use crate::domain::survey::{Removal, Survey};

/// The watched release, where it is known well enough to change something of it.
pub(super) struct Release<'g> {
    pub(super) ground: &'g Ground<'g>,
    pub(super) run: &'g Run,
    pub(super) version: &'g str,
}

/// One image of it.
pub(super) struct Image<'g> {
    pub(super) ground: &'g Ground<'g>,
    pub(super) spec: &'g ImageSpec,
    pub(super) id: ImageId,
    pub(super) version: &'g str,
    /// What the run built, where that is known.
    pub(super) built: Option<&'g Digest>,
}

impl<'g> Release<'g> {
    pub(super) fn of(ground: &'g Ground<'g>) -> Result<Self, Refusal> {
        let missing =
            |what: &str, unblock: &str| Err(Refusal::new(RefusalKind::CannotTell, what, unblock));
        let run = ground.outlook.run.and_then(|run| ground.snapshot.run(run));
        let Some(run) = run else {
            return missing("No release run is known yet.", "Name one: `--run ID`.");
        };
        let Some(version) = &ground.outlook.version else {
            return missing(
                "The version of this release is not known.",
                "Its tag or its prerelease tag would tell; see `gonogo status`.",
            );
        };
        if ground.policy.images.is_empty() {
            return missing(
                "No image is configured.",
                "Name it under `[[image]]` in the configuration.",
            );
        }
        Ok(Self {
            ground,
            run,
            version: &version.value,
        })
    }

    /// Its images.
    pub(super) fn images(&self) -> impl Iterator<Item = Image<'g>> {
        let (ground, version) = (self.ground, self.version);
        ground.policy.images.iter().map(move |spec| {
            let id = ImageId::of(spec);
            Image {
                ground,
                spec,
                version,
                built: ground.outlook.digests.get(&id).map(|built| &built.value),
                id,
            }
        })
    }

    /// How an image is called in a sentence: by its name where there are several.
    pub(super) fn of_image(&self, image: &ImageId) -> String {
        if self.ground.policy.images.len() > 1 {
            format!(" of {image}")
        } else {
            String::new()
        }
    }

    fn jobs(&self) -> impl Iterator<Item = &'g Job> {
        let record = self.ground.snapshot.record(self.run.id);
        let jobs = record.and_then(|record| record.jobs.value());
        jobs.into_iter().flatten()
    }

    /// The jobs of the run's workflow that this one calls, or is.
    pub(super) fn jobs_of(&self, caller: &'static str) -> impl Iterator<Item = &'g Job> {
        self.jobs()
            .filter(move |job| release::caller(&job.name) == caller)
    }

    /// Whether the pipeline itself has promoted the image.
    pub(super) fn was_promoted_by_the_run(&self) -> bool {
        let mut jobs = self.jobs_of(role::PUBLISH_DOCKER).peekable();
        let is_there = jobs.peek().is_some();
        let passed = |job: &Job| {
            matches!(
                job.conclusion,
                Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral)
            )
        };
        let succeeded = |job: &Job| job.conclusion == Some(Conclusion::Success);
        let jobs: Vec<&Job> = jobs.collect();
        is_there && jobs.iter().all(|job| passed(job)) && jobs.iter().any(|job| succeeded(job))
    }

    /// Refuses while the run can still move the release tags by itself.
    pub(super) fn cannot_promote_any_more(&self, instead: &str) -> Result<(), Refusal> {
        if self.run.is_over() {
            return Ok(());
        }
        let mut promoting = self.jobs_of(role::PUBLISH_DOCKER).peekable();
        if promoting.peek().is_some() && promoting.all(Job::is_over) {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalKind::Precondition,
            format!(
                "Run #{} is not over: the pipeline will promote {} itself.",
                self.run.number, self.version
            ),
            instead,
        ))
    }
}

impl<'g> Image<'g> {
    /// Refuses where it is not known what the run built.
    pub(super) fn built(&self) -> Result<&'g Digest, Refusal> {
        self.built.ok_or_else(|| {
            Refusal::new(
                RefusalKind::CannotTell,
                format!("Which digest the run built for {} is not known.", self.id),
                "The log of the job that joins the image tells it; see `gonogo status`.",
            )
        })
    }

    /// The release tags: those that name the version in full first, those that move on with later releases last.
    pub(super) fn release_tags(&self) -> Vec<&'g str> {
        let tags = self.tags_of(TagPart::Release);
        let (own, floating): (Vec<_>, Vec<_>) = tags.partition(|tag| self.is_own(tag));
        own.into_iter().chain(floating).collect()
    }

    /// Whether a release tag names the version in full, and so no other release.
    pub(super) fn is_own(&self, tag: &str) -> bool {
        tag.contains(self.version)
    }

    /// The tag under which the tested image waits.
    pub(super) fn prerelease_tag(&self) -> Option<&'g str> {
        self.tags_of(TagPart::Prerelease).next()
    }

    fn tags_of(&self, part: TagPart) -> impl Iterator<Item = &'g str> {
        let tags = self.ground.outlook.tags.get(&self.id).into_iter().flatten();
        tags.filter(move |tag| tag.part == part)
            .map(|tag| tag.tag.as_str())
    }

    /// What a tag pointed to when it was last looked up; `None`: it is not there, or nobody looked.
    pub(super) fn resolve(&self, tag: &str) -> Option<&'g Digest> {
        self.ground.snapshot.tag(&self.id, tag)?.value()?.as_ref()
    }

    /// The question what a tag points to.
    pub(super) fn ask(&self, tag: &str) -> Ask {
        Ask::Tag(self.id.clone(), tag.to_owned())
    }

    /// The latest survey of its repository.
    pub(super) fn survey(&self) -> Result<&'g Survey, Refusal> {
        let ask = Ask::Survey(self.id.clone());
        self.ground.known(std::slice::from_ref(&ask))?;
        let record = self.ground.snapshot.image(&self.id);
        let survey = record.and_then(|record| record.survey.value());
        survey.map(AsRef::as_ref).ok_or_else(|| {
            Refusal::new(
                RefusalKind::CannotTell,
                format!("What is in {} was not looked up yet.", self.id),
                "Look again.",
            )
        })
    }

    pub(super) fn tagged(&self, tag: &str, digest: &Digest) -> Tagged {
        Tagged {
            image: self.id.clone(),
            tag: tag.to_owned(),
            digest: digest.clone(),
        }
    }

    pub(super) fn tag_is(&self, tag: &str, digest: Option<&Digest>) -> Condition {
        Condition::TagIs {
            image: self.id.clone(),
            tag: tag.to_owned(),
            digest: digest.cloned(),
        }
    }

    /// The step that points a tag from what it is to something else.
    pub(super) fn put(&self, tag: &str, from: Option<&Digest>, to: &Digest) -> Step {
        Step {
            action: Action::PutTag(self.tagged(tag, to)),
            before: vec![self.tag_is(tag, from)],
            after: vec![self.tag_is(tag, Some(to))],
            undo: match from {
                Some(old) => Undo::By(Action::PutTag(self.tagged(tag, old))),
                None if self.removal() == Some(Removal::WholeManifests) => {
                    self.undo_by_stand_in(tag)
                }
                None => Undo::By(self.delete_action(tag, to)),
            },
            repeat: Repeat::OnlyIfUnchanged,
        }
    }

    /// How a tag is removed there, where that was looked up.
    pub(super) fn removal(&self) -> Option<Removal> {
        let record = self.ground.snapshot.image(&self.id)?;
        record.removal.value().copied()
    }

    /// A tag that shares its manifest is taken back by way of one that it shares with none.
    fn undo_by_stand_in(&self, tag: &str) -> Undo {
        let stand_in = stand_in::digest(tag);
        Undo::InTurn(vec![
            Action::PutTag(self.tagged(tag, &stand_in)),
            self.delete_action(tag, &stand_in),
        ])
    }

    /// The step that removes a tag.
    pub(super) fn delete(&self, tag: &str, digest: &Digest) -> Step {
        Step {
            action: self.delete_action(tag, digest),
            before: vec![self.tag_is(tag, Some(digest))],
            after: vec![self.tag_is(tag, None)],
            undo: Undo::By(Action::PutTag(self.tagged(tag, digest))),
            repeat: Repeat::OnlyIfUnchanged,
        }
    }

    fn delete_action(&self, tag: &str, digest: &Digest) -> Action {
        Action::DeleteTag {
            tagged: self.tagged(tag, digest),
            together: vec![tag.to_owned()],
        }
    }
}

/// Refuses where a token was shown to lack the right to remove: nothing is begun that stops half-way.
///
/// Docker Hub's own interface decides by the access token itself, so there only the first answer tells.
pub(super) fn may_delete(image: &ImageId, survey: &Survey) -> Result<(), Refusal> {
    match &survey.granted {
        Some(granted)
            if survey.removal != Removal::Hub
                && !granted.contains("delete")
                && !granted.contains("*") =>
        {
            let has: Vec<&str> = granted.iter().map(String::as_str).collect();
            Err(Refusal::new(
                RefusalKind::NotAllowed,
                format!(
                    "The credential for {image} gets no token with the action `delete`; it gets {}.",
                    list(has)
                ),
                "Use a credential that may delete in this repository. Nothing was removed.",
            ))
        }
        _ => Ok(()),
    }
}

/// What the tags of a repository will be once these steps are done.
pub(super) fn after(survey: &Survey, image: &ImageId, steps: &[Step]) -> Survey {
    let mut survey = survey.clone();
    for step in steps {
        match &step.action {
            Action::PutTag(tagged) if tagged.image == *image => {
                survey
                    .tags
                    .insert(tagged.tag.clone(), tagged.digest.clone());
            }
            Action::DeleteTag { tagged, .. } if tagged.image == *image => {
                survey.tags.remove(&tagged.tag);
            }
            _ => {}
        }
    }
    survey
}

/// Where a registry removes whole manifests alone, leaves out every removal that would take a tag along that stays.
///
/// What stays may keep other manifests alive, so it is looked through until nothing more has to stay. Gives a sentence
/// for each that is left out.
pub(super) fn leave_what_is_shared(
    image: &ImageId,
    survey: &Survey,
    steps: &mut Vec<Step>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if survey.removal != Removal::WholeManifests {
        return notes;
    }
    loop {
        let will_be = after(survey, image, steps);
        let is_shared = |step: &Step| match &step.action {
            Action::DeleteTag { tagged, .. } if tagged.image == *image => {
                let users = will_be.users(&tagged.digest);
                let why = match users {
                    Ok(users) if users.is_empty() => {
                        // Evidence may share a manifest too.
                        let others: Vec<&str> = will_be.tags_of(&tagged.digest).collect();
                        if others.is_empty() {
                            return None;
                        }
                        format!("{} needs it", list(others))
                    }
                    Ok(users) => format!("{} needs it", list(users)),
                    Err(why) => why,
                };
                Some(format!(
                    "Left: `{}`. This registry removes only whole manifests, and {why}.",
                    tagged.tag
                ))
            }
            _ => None,
        };
        let before = steps.len();
        steps.retain(|step| match is_shared(step) {
            Some(note) => {
                notes.push(note);
                false
            }
            None => true,
        });
        if steps.len() == before {
            return notes;
        }
    }
}

/// Tells each removal of a tag which other tags of the same manifest go in the same plan.
pub(super) fn fill_together(steps: &mut [Step]) {
    let mut groups: BTreeMap<(ImageId, Digest), BTreeSet<String>> = BTreeMap::new();
    for step in steps.iter() {
        if let Action::DeleteTag { tagged, .. } = &step.action {
            let key = (tagged.image.clone(), tagged.digest.clone());
            groups.entry(key).or_default().insert(tagged.tag.clone());
        }
    }
    for step in steps {
        if let Action::DeleteTag { tagged, together } = &mut step.action {
            let key = (tagged.image.clone(), tagged.digest.clone());
            *together = groups.get(&key).into_iter().flatten().cloned().collect();
        }
    }
}

/// Lets the first step be begun only where the run can promote no more.
pub(super) fn guard_first(run: RunId, steps: &mut [Step]) {
    if let Some(first) = steps.first_mut() {
        first.before.insert(0, Condition::CannotPromote { run });
    }
}
