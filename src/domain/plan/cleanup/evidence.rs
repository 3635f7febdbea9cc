//! What proves an image goes only once no tag reaches the image any more.

use std::collections::BTreeSet;

use crate::domain::artifact::ManifestContent;
use crate::domain::digest::Digest;
use crate::domain::plan::registry::Image;
use crate::domain::plan::words::list;
use crate::domain::plan::{Action, Condition, Repeat, Step, Undo};
use crate::domain::survey::Survey;

/// How the names of the tags of one image's evidence end.
const ENDS: [&str; 4] = ["", ".sig", ".att", ".sbom"];

/// The image of which a tag of this name holds evidence.
pub(super) fn subject_of(tag: &str) -> Option<Digest> {
    let rest = tag.strip_prefix("sha256-")?;
    let (hex, end) = rest.split_at_checked(64)?;
    let digest = format!("sha256:{hex}").parse().ok()?;
    ENDS.contains(&end).then_some(digest)
}

/// The parts of an image as its manifest was seen, also where no tag holds it any more.
pub(super) fn parts(image: &Image<'_>, digest: &Digest) -> Vec<Digest> {
    let record = image.ground.snapshot.image(&image.id);
    let seen = record.and_then(|record| record.manifests.get(digest)?.value()?.as_ref());
    match seen.map(|manifest| &manifest.content) {
        Some(ManifestContent::Index {
            platforms,
            attestations,
        }) => {
            let platforms = platforms.iter().map(|entry| entry.digest.clone());
            let attestations = attestations.iter().map(|entry| entry.digest.clone());
            platforms.chain(attestations).collect()
        }
        _ => Vec::new(),
    }
}

/// The steps that remove the evidence of these images, where nothing reaches them once the tags are as they will be.
pub(super) fn steps(
    image: &Image<'_>,
    survey: &Survey,
    will_be: &Survey,
    subjects: &BTreeSet<Digest>,
    notes: &mut Vec<String>,
) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for subject in subjects {
        let names = ENDS.map(|end| format!("sha256-{}{end}", subject.hex()));
        let tags: Vec<(&String, &Digest)> = names
            .iter()
            .filter_map(|name| survey.tags.get_key_value(name))
            .collect();
        let none = BTreeSet::new();
        let referrers = survey.referrers.get(subject).unwrap_or(&none);
        for name in names
            .iter()
            .filter(|name| survey.unseen.contains_key(*name))
        {
            notes.push(format!("Left: `{name}` could not be looked up."));
        }
        if tags.is_empty() && referrers.is_empty() {
            continue;
        }
        let what = what(subject, &tags, referrers.len());
        match will_be.users(subject) {
            Err(why) => {
                notes.push(format!(
                    "Left: {what}. Whether it is in use cannot be told: {why}"
                ));
                continue;
            }
            Ok(users) if !users.is_empty() => {
                notes.push(format!("Kept: {what}, in use by {}.", list(users)));
                continue;
            }
            Ok(_) => notes.push(format!("Safe: {what}; no tag reaches that image any more.")),
        }
        let unused = Condition::OnlyTagsOf {
            image: image.id.clone(),
            digest: subject.clone(),
            tags: Vec::new(),
        };
        for (tag, digest) in tags {
            let mut step = image.delete(tag, digest);
            step.before.push(unused.clone());
            steps.push(step);
        }
        for referrer in referrers {
            let is_tagged = will_be
                .tags_of(referrer)
                .any(|tag| !Survey::holds_evidence(tag));
            if is_tagged {
                continue;
            }
            let has = Condition::HasManifest {
                image: image.id.clone(),
                digest: referrer.clone(),
            };
            steps.push(Step {
                action: Action::DeleteManifest {
                    image: image.id.clone(),
                    digest: referrer.clone(),
                },
                before: vec![has, unused.clone()],
                after: vec![Condition::LacksManifest {
                    image: image.id.clone(),
                    digest: referrer.clone(),
                }],
                undo: Undo::By(Action::PutManifest {
                    image: image.id.clone(),
                    digest: referrer.clone(),
                }),
                repeat: Repeat::OnlyIfUnchanged,
            });
        }
    }
    if let Some(why) = &survey.referrers_unread {
        notes.push(format!(
            "Left: what refers to some images could not be read: {why}"
        ));
    }
    steps
}

fn what(subject: &Digest, tags: &[(&String, &Digest)], referrers: usize) -> String {
    let ends: Vec<&str> = tags
        .iter()
        .filter_map(|(tag, _)| tag.rsplit_once(subject.hex()))
        .map(|(_, end)| if end.is_empty() { "index" } else { end })
        .collect();
    let mut parts = Vec::new();
    if !ends.is_empty() {
        parts.push(ends.join(", "));
    }
    if referrers > 0 {
        parts.push(format!("{referrers} referring"));
    }
    format!("evidence of {} ({})", subject.short(), parts.join(", "))
}
