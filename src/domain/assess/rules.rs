//! The rules: one function each, with the incident of the pipeline's list that it guards.

mod outside;

use super::{Row, Verdict};
use crate::domain::artifact::ManifestContent;
use crate::domain::fact::ImageId;
use crate::domain::outlook::{Outlook, TagPart};
use crate::domain::policy::Policy;
use crate::domain::release::{self, Stage, role};
use crate::domain::run::{Conclusion, Job};
use crate::domain::snapshot::Snapshot;

/// A rule looks at the facts and says one thing.
type Rule = fn(&Snapshot, &Policy, &Outlook) -> Row;

/// Every rule, in the order in which a person asks.
pub(super) const ALL: &[Rule] = &[
    required_jobs,
    tested_digest,
    platforms,
    evidence,
    git_tag,
    gate_protected,
    outside::release_tags_agree,
    advisory_jobs,
    outside::released_last,
];

fn row(id: &str, verdict: Verdict, title: impl Into<String>, sentence: impl Into<String>) -> Row {
    Row {
        id: id.to_owned(),
        verdict,
        title: title.into(),
        sentence: sentence.into(),
        remedy: None,
    }
}

impl Row {
    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

fn jobs<'a>(snapshot: &'a Snapshot, outlook: &Outlook) -> &'a [Job] {
    outlook
        .run
        .and_then(|run| snapshot.record(run)?.jobs.value())
        .map_or(&[], Vec::as_slice)
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` and `{two}`"),
        [one, two, rest @ ..] => format!("`{one}`, `{two}` and {} more", rest.len()),
    }
}

/// Jobs that the build depends on have succeeded (incident 29: skipped or cancelled blocks too).
fn required_jobs(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "required-jobs";
    let jobs = jobs(snapshot, outlook);
    if jobs.is_empty() {
        return row(
            id,
            Verdict::Unknown,
            "required jobs",
            "The run's jobs are not known yet.",
        );
    }
    let required = || {
        jobs.iter()
            .filter(|job| !policy.pipeline.is_advisory(&job.name))
            .filter(|job| !after_the_gate(&job.name))
    };
    let names = |test: &dyn Fn(&Job) -> bool| -> Vec<&str> {
        required()
            .filter(|job| test(job))
            .map(|job| job.name.as_str())
            .collect()
    };
    let failed = names(&|job| job.conclusion.as_ref().is_some_and(Conclusion::is_failure));
    if !failed.is_empty() {
        return row(
            id,
            Verdict::NoGo,
            format!("{} failed", list(&failed)),
            format!(
                "{} failed, so the image was not tested as required.",
                list(&failed)
            ),
        )
        .remedy("Read the job's log; mend the cause and release again.");
    }
    let cancelled = names(&|job| job.conclusion == Some(Conclusion::Cancelled));
    if !cancelled.is_empty() {
        return row(
            id,
            Verdict::NoGo,
            format!("{} cancelled", list(&cancelled)),
            format!(
                "{} was cancelled, which blocks the build like a failure.",
                list(&cancelled)
            ),
        )
        .remedy("Re-run the cancelled job.");
    }
    if outlook.stage.0 == Stage::NothingToRelease {
        return row(
            id,
            Verdict::NotApplicable,
            "required jobs",
            "There is nothing to release.",
        );
    }
    let skipped = skipped_whole(jobs, policy);
    if !skipped.is_empty() {
        return row(
            id,
            Verdict::NoGo,
            format!("{} skipped", list(&skipped)),
            format!(
                "{} was skipped, so nothing shows that the image passes it.",
                list(&skipped)
            ),
        )
        .remedy("See why its condition was false.");
    }
    let running = names(&|job| !job.is_over());
    if running.is_empty() {
        row(
            id,
            Verdict::Go,
            "required jobs passed",
            "Every required job has succeeded.",
        )
    } else {
        let verb = if running.len() == 1 { "has" } else { "have" };
        row(
            id,
            Verdict::Unknown,
            match running.len() {
                1 => "1 required job to go".to_owned(),
                more => format!("{more} required jobs to go"),
            },
            format!("{} {verb} not ended yet.", list(&running)),
        )
    }
}

/// Gates, and the jobs that make the image, of which every job was skipped. A condition inside one is its own business.
fn skipped_whole<'a>(jobs: &'a [Job], policy: &Policy) -> Vec<&'a str> {
    let mut callers: Vec<&str> = jobs
        .iter()
        .filter(|job| !policy.pipeline.is_advisory(&job.name))
        .map(|job| release::caller(&job.name))
        .filter(|name| name.ends_with("-gate") || [role::BUILD, role::PRERELEASE].contains(name))
        .collect();
    callers.sort_unstable();
    callers.dedup();
    let is_skipped = |job: &Job| job.conclusion == Some(Conclusion::Skipped);
    callers.retain(|name| {
        let mut of_it = jobs
            .iter()
            .filter(|job| release::caller(&job.name) == *name);
        of_it.all(is_skipped)
    });
    callers
}

/// What comes after the image is tested: judged by what they leave behind, not here.
fn after_the_gate(name: &str) -> bool {
    [
        role::PUBLISH_DOCKER,
        role::TRIGGER_PYPI,
        role::MONITOR_PYPI,
        role::CREATE_RELEASE,
        "cleanup-on-rejection",
    ]
    .contains(&release::caller(name))
}

/// The prerelease tag still points to the digest that was tested (incident 1).
fn tested_digest(_: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "tested-digest";
    let title = "tag is the tested digest";
    if policy.images.is_empty() {
        return row(id, Verdict::NotApplicable, title, "No image is configured.");
    }
    let mut held = Vec::new();
    for spec in &policy.images {
        let image = ImageId::of(spec);
        let Some(built) = outlook.digests.get(&image) else {
            return row(
                id,
                Verdict::Unknown,
                "tested digest not known yet",
                format!("The digest that the run built for `{image}` is not known yet."),
            );
        };
        let source_tag = outlook
            .tags
            .get(&image)
            .into_iter()
            .flatten()
            .find(|tag| tag.part == TagPart::Prerelease)
            .map(|tag| tag.tag.clone());
        let resolved = source_tag
            .as_ref()
            .and_then(|tag| outlook.resolved.get(&(image.clone(), tag.clone())));
        match (source_tag, resolved) {
            (Some(tag), Some(Some(now))) if *now != built.value => {
                return row(
                    id,
                    Verdict::NoGo,
                    "tag was swapped",
                    format!(
                        "`{tag}` points to {} and not to the tested {}: somebody moved it.",
                        now.short(),
                        built.value.short()
                    ),
                )
                .remedy("Reject the gate, and rotate the registry's token.");
            }
            (Some(tag), Some(None)) if !promoted(outlook, &image) => {
                return row(
                    id,
                    Verdict::Unknown,
                    "prerelease tag is gone",
                    format!("`{tag}` is not in the registry, and no release tag holds the image."),
                );
            }
            (Some(tag), None) => {
                return row(
                    id,
                    Verdict::Unknown,
                    "prerelease tag not looked up",
                    format!("What `{tag}` points to could not be looked up yet."),
                );
            }
            _ if !built.source.is_strong() => {
                return row(
                    id,
                    Verdict::Unknown,
                    "tested digest unproven",
                    "Only the tag itself tells the digest, and a tag proves nothing about itself.",
                );
            }
            _ => held.push(built.value.short()),
        }
    }
    row(
        id,
        Verdict::Go,
        title,
        format!(
            "The image is still the one that was tested: {}.",
            held.join(", ")
        ),
    )
}

/// Whether the version tag resolves to the built digest.
fn promoted(outlook: &Outlook, image: &ImageId) -> bool {
    let Some(built) = outlook.digests.get(image) else {
        return false;
    };
    outlook
        .tags
        .get(image)
        .into_iter()
        .flatten()
        .find(|tag| tag.part == TagPart::Release)
        .and_then(|tag| outlook.resolved.get(&(image.clone(), tag.tag.clone())))
        .is_some_and(|digest| digest.as_ref() == Some(&built.value))
}

/// The index holds every configured platform.
fn platforms(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "platforms";
    for spec in &policy.images {
        let image = ImageId::of(spec);
        let Some(built) = outlook.digests.get(&image) else {
            return row(
                id,
                Verdict::Unknown,
                "platforms",
                "No image has been built yet.",
            );
        };
        let Some(manifest) = snapshot.manifest(&image, &built.value) else {
            let sentence = format!("The index {} could not be read yet.", built.value.short());
            return row(id, Verdict::Unknown, "platforms", sentence);
        };
        let ManifestContent::Index { platforms, .. } = &manifest.content else {
            return row(
                id,
                Verdict::NoGo,
                "not a multi-platform image",
                format!(
                    "{} is a single manifest, not an index.",
                    built.value.short()
                ),
            )
            .remedy("See the job that joins the index.");
        };
        let missing: Vec<String> = spec
            .platforms
            .iter()
            .filter(|wanted| {
                !platforms
                    .iter()
                    .any(|entry| wanted.matches(&entry.platform))
            })
            .map(ToString::to_string)
            .collect();
        if let [first, ..] = missing.as_slice() {
            return row(
                id,
                Verdict::NoGo,
                format!("{first} is missing"),
                format!("The index has no image for {}.", missing.join(", ")),
            )
            .remedy("See the build job of that architecture.");
        }
    }
    if policy.images.is_empty() {
        return row(
            id,
            Verdict::NotApplicable,
            "platforms",
            "No image is configured.",
        );
    }
    row(
        id,
        Verdict::Go,
        "every platform is there",
        "The index holds every configured platform.",
    )
}

/// Signatures and attestations are not part of the board yet: it cannot say GO without them.
fn evidence(_: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "evidence";
    let built = outlook
        .digests
        .iter()
        .next()
        .filter(|_| !policy.images.is_empty());
    let Some((image, digest)) = built else {
        return row(
            id,
            Verdict::NotApplicable,
            "evidence",
            "There is no image to ask about.",
        );
    };
    row(
        id,
        Verdict::Unknown,
        "signatures not checked",
        "The board does not know of signatures and attestations yet: it cannot say GO for you.",
    )
    .remedy(format!(
        "Run `gonogo verify {image}@{}` before you approve.",
        digest.value
    ))
}

/// The Git tag stands on the commit that was built (incident 19).
fn git_tag(snapshot: &Snapshot, _: &Policy, outlook: &Outlook) -> Row {
    let id = "git-tag";
    let (Some(version), Some(commit)) = (&outlook.version, &outlook.commit) else {
        return row(
            id,
            Verdict::Unknown,
            "git tag",
            "The version is not known yet.",
        );
    };
    let tag = format!("v{}", version.value);
    match snapshot.tag_refs.get(&tag).and_then(|seen| seen.value()) {
        None => row(
            id,
            Verdict::Unknown,
            "git tag",
            format!("`{tag}` was not looked up yet."),
        ),
        Some(None) => row(
            id,
            Verdict::NotApplicable,
            "git tag",
            format!("`{tag}` does not exist yet: the Release makes it."),
        ),
        Some(Some(found)) if found.commit == *commit => row(
            id,
            Verdict::Go,
            format!("from {}", commit.short()),
            format!("`{tag}` is the built commit."),
        ),
        Some(Some(found)) => row(
            id,
            Verdict::NoGo,
            "git tag on another commit",
            format!(
                "`{tag}` is {} but the image was built from {}.",
                found.commit.short(),
                commit.short()
            ),
        )
        .remedy("Move the tag back or release the other commit; do not approve."),
    }
}

/// Every environment of the pipeline asks for a reviewer (incident 9).
fn gate_protected(snapshot: &Snapshot, policy: &Policy, _: &Outlook) -> Row {
    let id = "gate-protected";
    let Some(known) = snapshot.environments.value() else {
        return row(
            id,
            Verdict::Unknown,
            "gate protection",
            "The environments are not known yet.",
        );
    };
    let open: Vec<&str> = policy
        .pipeline
        .environments
        .iter()
        .map(String::as_str)
        .filter(|name| {
            !known
                .iter()
                .any(|env| env.name == **name && env.required_reviewers.is_some())
        })
        .collect();
    if open.is_empty() {
        row(
            id,
            Verdict::Go,
            "gate is protected",
            "Every gate asks for a reviewer.",
        )
    } else {
        row(
            id,
            Verdict::NoGo,
            format!("{} is not protected", list(&open)),
            format!(
                "{} has no required reviewers: it lets everything through.",
                list(&open)
            ),
        )
        .remedy("Add required reviewers in the repository's settings, Environments.")
    }
}

/// Advisory jobs that failed: told, not blocking.
fn advisory_jobs(snapshot: &Snapshot, policy: &Policy, outlook: &Outlook) -> Row {
    let id = "advisory-jobs";
    let mut failed: Vec<&str> = jobs(snapshot, outlook)
        .iter()
        .filter(|job| policy.pipeline.is_advisory(&job.name))
        .filter(|job| job.conclusion.as_ref().is_some_and(Conclusion::is_failure))
        .map(|job| release::caller(&job.name))
        .collect();
    failed.dedup();
    if failed.is_empty() {
        return row(
            id,
            Verdict::NotApplicable,
            "advisory jobs",
            "No advisory job has failed.",
        );
    }
    row(
        id,
        Verdict::Warn,
        format!("{} failed (advisory)", list(&failed)),
        format!(
            "{} failed; it is advisory and does not block.",
            list(&failed)
        ),
    )
}
