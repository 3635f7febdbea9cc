//! What older releases left behind, over the whole repository.

use crate::domain::plan::registry::{Image, Release};
use crate::domain::plan::{Action, Step};
use crate::domain::policy::Variable;
use crate::domain::release::version_of_tag;
use crate::domain::run::Run;
use crate::domain::survey::Survey;

/// Why a tag of another release may go, or stays.
enum Standing {
    /// Its run is over, or a later release is out.
    Over,
    /// It stays, and why.
    Stays(String),
}

/// The prerelease tags of releases that are over; what cannot be told stays, and is named.
pub(super) fn tags(
    release: &Release<'_>,
    image: &Image<'_>,
    survey: &Survey,
    notes: &mut Vec<String>,
) -> Vec<Step> {
    let own = image.prerelease_tag();
    let own_parts = own.map(|own| format!("{own}-"));
    let mut steps = Vec::new();
    for (tag, digest) in &survey.tags {
        let is_own = own == Some(tag.as_str())
            || own_parts.as_ref().is_some_and(|part| tag.starts_with(part));
        let Some((version, commit)) = read(image, tag).filter(|_| !is_own) else {
            continue;
        };
        match standing(release, &version, &commit) {
            Standing::Over => steps.push(image.delete(tag, digest)),
            Standing::Stays(why) => notes.push(format!("Left: `{tag}`, {why}.")),
        }
    }
    steps.extend(floating(image, survey, &steps));
    // Indexes before their parts, which a registry might break otherwise.
    steps.sort_by_key(|step| match &step.action {
        Action::DeleteTag { tagged, .. } => survey
            .lists
            .get(&tagged.digest)
            .is_none_or(std::collections::BTreeSet::is_empty),
        _ => true,
    });
    steps
}

/// The floating tag, where it follows an image that goes: nothing else would keep that image.
fn floating(image: &Image<'_>, survey: &Survey, steps: &[Step]) -> Option<Step> {
    let tag = image.spec.floating_tag.as_str();
    let digest = survey.tags.get(tag)?;
    let goes = |other: &str| {
        steps.iter().any(
            |step| matches!(&step.action, Action::DeleteTag { tagged, .. } if tagged.tag == other),
        )
    };
    let mut others = survey
        .tags_of(digest)
        .filter(|other| *other != tag)
        .peekable();
    others.peek()?;
    others.all(goes).then(|| image.delete(tag, digest))
}

/// The version and the commit that a prerelease tag names, of a whole image or of one platform.
fn read(image: &Image<'_>, tag: &str) -> Option<(String, String)> {
    let spec = image.spec;
    // The more telling form first: the other would read the platform as part of the commit.
    let forms = [&spec.arch_tag, &spec.prerelease_tag];
    forms.into_iter().find_map(|form| {
        let vars = form.parse_tag(tag)?;
        let commit = vars.get(Variable::Sha).or(vars.get(Variable::ShortSha))?;
        let is_commit = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        let version = vars.get(Variable::Version)?;
        semver::Version::parse(version).ok()?;
        is_commit.then(|| (version.to_owned(), commit.to_owned()))
    })
}

fn standing(release: &Release<'_>, version: &str, commit: &str) -> Standing {
    let snapshot = release.ground.snapshot;
    let runs = snapshot.runs.value().into_iter().flatten();
    let of_it: Vec<&Run> = runs
        .filter(|run| run.head_sha.as_str().starts_with(commit))
        .collect();
    if let Some(run) = of_it.iter().find(|run| !run.is_over()) {
        return Standing::Stays(format!("run #{} is not over", run.number));
    }
    if !of_it.is_empty() {
        return Standing::Over;
    }
    // Its run is too old to be listed. Behind a later release nobody waits for it any more.
    let this = semver::Version::parse(version).ok();
    let releases = snapshot.releases.value().into_iter().flatten();
    let is_behind = releases
        .filter(|found| !found.draft && !found.prerelease)
        .filter_map(|found| version_of_tag(&found.tag))
        .filter_map(|found| semver::Version::parse(found).ok())
        .any(|found| this.as_ref().is_some_and(|this| *this < found));
    if is_behind {
        Standing::Over
    } else {
        Standing::Stays(
            "whose run is not known, so it cannot be told whether it is over".to_owned(),
        )
    }
}
