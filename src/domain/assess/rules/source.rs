//! Rules about the commit, and about whether the services let us look at all.

use super::Scene;
use crate::domain::assess::{Act, Row, Verdict};
use crate::domain::evidence::capital;
use crate::domain::fact::{Ask, Failure, FailureKind, SourceId};
use crate::domain::ids::CommitSha;
use crate::domain::release::Stage;
use crate::domain::run::Run;

/// The name of the rule about looks that are refused.
pub(super) const CREDENTIALS: &str = "credentials";

/// Services that refuse us: without an answer nothing can be told (incidents 21 and 23).
pub(super) fn credentials(scene: &Scene<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (source, health) in &scene.snapshot.health {
        // The keys have an answer of their own: the last good ones. Docker Hub's list is of dates and sizes alone.
        if matches!(source, SourceId::Sigstore | SourceId::Hub(_)) {
            continue;
        }
        let refused = health.failing.iter().find(|(ask, (failure, _))| {
            match failure.kind {
                // A workflow's own token may not ask whose it is, and public repositories need none: whatever else
                // cannot be seen for that is told of itself.
                FailureKind::Forbidden | FailureKind::NoCredential => ask.0 != Ask::Viewer,
                FailureKind::Unauthorized | FailureKind::RateLimited => true,
                _ => false,
            }
        });
        let Some((_, (failure, _))) = refused else {
            continue;
        };
        let title = if failure.kind == FailureKind::RateLimited {
            format!("{source} asks for a pause")
        } else {
            format!("{source} refuses us")
        };
        rows.push(
            Row::new(CREDENTIALS, Verdict::Unknown, title, failure.what.clone())
                .about(source.to_string())
                .remedy(capital(&failure.advice)),
        );
    }
    rows
}

/// The Git tag stands on the commit that was built (incident 19).
pub(super) fn git_tag(scene: &Scene<'_>) -> Vec<Row> {
    let say =
        |verdict, title: &str, sentence: String| Row::new("git-tag", verdict, title, sentence);
    let (Some(version), Some(commit)) = (&scene.outlook.version, &scene.outlook.commit) else {
        let sentence = "The version is not known yet.".to_owned();
        return vec![say(Verdict::Unknown, "git tag", sentence)];
    };
    let tag = format!("v{}", version.value);
    let seen = scene.snapshot.tag_refs.get(&tag);
    let row = match seen.and_then(|seen| seen.value()) {
        None => say(
            Verdict::Unknown,
            "git tag",
            format!("`{tag}` was not looked up yet."),
        ),
        Some(None) if scene.outlook.release_tag.is_some() => say(
            Verdict::Unknown,
            "git tag is gone",
            format!("There is a Release `{tag}`, and its Git tag cannot be seen."),
        ),
        Some(None) if started_by(scene, &tag) => say(
            Verdict::NoGo,
            "git tag is gone",
            format!("`{tag}` started this run and does not exist any more: somebody deleted it."),
        )
        .remedy("Find out why; push the tag again at the released commit, or reject."),
        Some(None) => say(
            Verdict::NotApplicable,
            "git tag",
            format!("`{tag}` does not exist yet: the Release makes it."),
        ),
        Some(Some(found)) if found.commit == *commit => say(
            Verdict::Go,
            "git tag is the released commit",
            format!("`{tag}` stands on {}, the released commit.", commit.short()),
        ),
        Some(Some(found)) => say(
            Verdict::NoGo,
            "git tag on another commit",
            format!(
                "`{tag}` is {} but the image was built from {}.",
                found.commit.short(),
                commit.short()
            ),
        )
        .remedy("Move the tag back or release the other commit; do not approve."),
    };
    vec![row.rests_on([Ask::TagRef(tag)])]
}

/// Whether the push of this tag started the watched run.
fn started_by(scene: &Scene<'_>, tag: &str) -> bool {
    let run = scene.outlook.run.and_then(|run| scene.snapshot.run(run));
    run.is_some_and(|run| run.event == "push" && run.head_branch.as_deref() == Some(tag))
}

/// The publish run publishes the released commit (incident 20).
pub(super) fn publish_commit(scene: &Scene<'_>) -> Vec<Row> {
    let say = |verdict, title: &str, sentence: String| {
        Row::new("publish-commit", verdict, title, sentence)
    };
    let outlook = scene.outlook;
    let publish = outlook.publish_run.and_then(|id| scene.snapshot.run(id));
    let (Some(run), Some(commit)) = (publish, &outlook.commit) else {
        let seen = &scene.snapshot.publish_runs;
        // No such workflow is an answer too.
        let is_absent = |failure: &Failure| failure.kind == FailureKind::NotFound;
        let is_known = seen.value().is_some() || seen.failure().is_some_and(is_absent);
        let (title, sentence) = if !is_known {
            (
                "publish runs not looked up",
                "Whether a publish run of another commit is under way could not be looked up yet.",
            )
        } else if scene.next.acts.contains(&Act::Publish) && outlook.stage.0 == Stage::Publishing {
            (
                "publish run not seen",
                "No publish run belongs to this release yet, so nothing tells what it would upload.",
            )
        } else {
            return Vec::new();
        };
        return vec![
            say(Verdict::Unknown, title, sentence.to_owned()).rests_on([Ask::PublishRuns]),
        ];
    };
    let id = run.id;
    let asks = [Ask::PublishRuns, Ask::Run(id)];
    let row = match published_commit(scene, run) {
        Some(found) if is_of(&found, commit) => say(
            Verdict::Go,
            "publishes the released commit",
            format!("The publish run #{} works on {}.", run.number, commit.short()),
        ),
        Some(found) => say(
            Verdict::NoGo,
            "publishes another commit",
            format!(
                "The publish run #{} works on {found}, and {} was released.",
                run.number,
                commit.short()
            ),
        )
        .remedy("Cancel the publish run; then dispatch it again with the released commit."),
        // Whoever lets the upload go must know what is uploaded.
        None if scene.next.acts.contains(&Act::Publish) => say(
            Verdict::Unknown,
            "publish run's commit not known",
            format!(
                "Neither the title of the publish run #{} nor its log says which commit it publishes.",
                run.number
            ),
        )
        .remedy("Let its `run-name` or its checkout print the commit."),
        None => return Vec::new(),
    };
    vec![row.rests_on(asks)]
}

/// The commit that a publish run works on: by its title, else by its checkout's log.
fn published_commit(scene: &Scene<'_>, run: &Run) -> Option<String> {
    let words = run.title.split(|c: char| !c.is_ascii_alphanumeric());
    let in_title = words
        .filter(|word| (7..=40).contains(&word.len()))
        .filter(|word| word.bytes().all(|b| b.is_ascii_hexdigit()))
        // A run's number is made of digits too.
        .find(|word| word.len() == 40 || word.bytes().any(|b| b.is_ascii_alphabetic()));
    if let Some(word) = in_title {
        return Some(word.to_ascii_lowercase());
    }
    let record = scene.snapshot.record(run.id)?;
    let logs = record.logs.values().filter_map(|log| log.value()?.as_ref());
    logs.filter_map(|log| log.checkout.as_ref())
        .map(|sha| sha.as_str().to_owned())
        .next()
}

fn is_of(found: &str, commit: &CommitSha) -> bool {
    commit.as_str().starts_with(found)
}
