//! The release that stopped half-way: the image is out, and what follows it is not.

use super::Scene;
use crate::domain::artifact::PypiVersion;
use crate::domain::assess::{Row, Verdict};
use crate::domain::fact::Ask;
use crate::domain::outlook::TagPart;
use crate::domain::release::{self, Stage, role};
use crate::domain::run::{Conclusion, Run};

/// After the run has ended, the package and the Release are out like the image (incidents 6, 7, 8 and 24).
pub(super) fn half_published(scene: &Scene<'_>) -> Vec<Row> {
    if scene.outlook.stage.0 != Stage::HalfPublished {
        return Vec::new();
    }
    let say = |title: &str, sentence: String, remedy: &str| {
        Row::new("half-published", Verdict::NoGo, title, sentence).remedy(remedy)
    };
    let publish = scene
        .outlook
        .publish_run
        .and_then(|run| scene.snapshot.run(run));
    let version = scene
        .outlook
        .version
        .as_ref()
        .map(|version| version.value.as_str());
    let held = version.and_then(|version| scene.snapshot.pypi.get(version)?.value());
    let is_held = held.is_some_and(PypiVersion::is_there);
    let monitored = scene.jobs().iter().any(|job| {
        release::caller(&job.name) == role::MONITOR_PYPI && failed(job.conclusion.as_ref())
    });
    let promote_failed = scene.jobs().iter().find(|job| {
        release::caller(&job.name) == role::PUBLISH_DOCKER && failed(job.conclusion.as_ref())
    });
    if let Some(job) = promote_failed {
        let row = say(
            "promote failed after tags had moved",
            format!(
                "`{}` did not end well, and release tags hold the image already: it is out without what must follow.",
                job.name
            ),
            "Read its log; roll the tags back to what they were, or finish the promote.",
        );
        let tags = scene.outlook.tags.iter().flat_map(|(image, tags)| {
            let of_release = tags.iter().filter(|tag| tag.part == TagPart::Release);
            of_release.map(|tag| Ask::Tag(image.clone(), tag.tag.clone()))
        });
        return vec![row.rests_on(scene.jobs_ask()).rests_on(tags)];
    }
    let row = match publish {
        _ if is_held && monitored => say(
            "Release is missing",
            "The package is out, but the job that waited for it gave up: the Release was not made."
                .to_owned(),
            "Re-run `monitor-pypi` alone: the Release follows it.",
        ),
        _ if is_held => say(
            "Release is missing",
            "The image and the package are out, and there is no Release.".to_owned(),
            "Re-run the job that makes the Release, or make it at the released commit.",
        ),
        Some(run) if failed(run.conclusion.as_ref()) => say(
            "publishing the package failed",
            format!(
                "The image is out and the publish run #{} failed: the package index lacks the version.",
                run.number
            ),
            "Re-run the failed jobs of the publish run; never build again.",
        ),
        Some(run) if !run.is_over() => return vec![waits(scene, run)],
        Some(_) => say(
            "package is not there",
            "The publish run has ended well, and the package index lacks the version.".to_owned(),
            "The index may be late; look again before anything else.",
        ),
        None if scene.package().is_some() => say(
            "publish never started",
            "The image is out and no publish run belongs to it: the dispatch started none."
                .to_owned(),
            "Dispatch it again with the same payload.",
        ),
        None => say(
            "Release is missing",
            "The image is out, and there is no Release.".to_owned(),
            "Make the Release at the released commit.",
        ),
    };
    let asks = scene.jobs_ask().into_iter().chain([Ask::PublishRuns]);
    let package = version.map(|version| Ask::Pypi(version.to_owned()));
    vec![row.rests_on(asks.chain(package))]
}

/// The publish run goes on though the release run has ended.
fn waits(scene: &Scene<'_>, run: &Run) -> Row {
    let gates = release::gates(scene.snapshot, run.id);
    let sentence = if gates.is_empty() {
        format!(
            "The release run has ended; its publish run #{} still runs.",
            run.number
        )
    } else {
        format!(
            "The release run has ended; its publish run #{} waits at a gate.",
            run.number
        )
    };
    Row::new(
        "half-published",
        Verdict::Warn,
        "package is on its way",
        sentence,
    )
    .rests_on([Ask::PublishRuns, Ask::Run(run.id)])
}

fn failed(conclusion: Option<&Conclusion>) -> bool {
    conclusion
        .is_some_and(|conclusion| conclusion.is_failure() || *conclusion == Conclusion::Cancelled)
}
