//! `gonogo status`: one snapshot in plain text, fit for a log.

use std::fmt::Write as _;

use crate::domain::artifact::ManifestContent;
use crate::domain::fact::ImageId;
use crate::domain::ids::RunId;
use crate::domain::observed::Observed;
use crate::domain::outlook::TagOfInterest;
use crate::domain::policy::{Certainty, ImageSpec};
use crate::domain::release;
use crate::domain::run::{Conclusion, Job, Status};
use crate::domain::time::{Timestamp, since};
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::phrases::{source, stage, state, verdict};
use crate::present::words;

/// The watched release, a line a fact, the verdict first.
pub fn text(model: &Model) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut out, model);
    let _ = jobs(&mut out, model);
    let _ = images(&mut out, model);
    let _ = index_and_release(&mut out, model);
    let _ = super::check::rows(&mut out, model);
    let _ = sources(&mut out, model);
    out
}

fn head(out: &mut String, model: &Model) -> std::fmt::Result {
    let outlook = &model.outlook;
    write!(out, "{}", model.policy.repo)?;
    if let Some(version) = &outlook.version {
        write!(out, " v{}", clean(&version.value))?;
    }
    if let Some(commit) = &outlook.commit {
        write!(out, " {}", commit.short())?;
    }
    let why = model
        .board
        .decisive()
        .map_or("nothing is known yet.", |row| row.sentence.as_str());
    writeln!(out, "\n{}  {}", verdict(model.board.verdict()), clean(why))?;
    for open in model.ledger().open() {
        writeln!(
            out,
            "plan   {} is {}: {}; `gonogo journal resume {}` goes on, `gonogo journal undo {}` takes it back",
            open.plan.id,
            open.state().name(),
            clean(&open.plan.title),
            open.plan.id,
            open.plan.id
        )?;
    }
    if let Some(fault) = &model.desk.fault {
        writeln!(out, "plan   the journal cannot be read: {}", clean(fault))?;
    }
    if let Some(written) = model.cached_at {
        writeln!(
            out,
            "stale  from the last session, {}",
            words::ago(written, model.now)
        )?;
    }
    let Some(run) = outlook.run.and_then(|id| model.snapshot.run(id)) else {
        return writeln!(out, "run    {}", why_unseen(model));
    };
    let age = run.started_at.map(|start| {
        let end = if run.is_over() {
            run.updated_at
        } else {
            model.now
        };
        words::duration(since(start, end))
    });
    writeln!(
        out,
        "run    #{} attempt {}  {}  {}\n       {}",
        run.number,
        run.attempt,
        stage(&outlook.stage.0),
        age.unwrap_or_default(),
        clean(&run.html_url),
    )?;
    let others = outlook.runs.iter().filter(|(id, _)| *id != run.id).count();
    if others > 0 {
        writeln!(
            out,
            "       {} (gonogo runs)",
            words::number_of(others, "other release run")
        )?;
    }
    Ok(())
}

/// Why the watched run was not seen in this session.
pub fn why_unseen(model: &Model) -> String {
    let own = model
        .outlook
        .run
        .and_then(|run| model.snapshot.record(run)?.run.failure());
    let failure = own.or_else(|| model.snapshot.runs.failure());
    match failure {
        Some(failure) => format!("{} {}", clean(&failure.what), clean(&failure.advice)),
        None if model.snapshot.runs.value().is_some_and(Vec::is_empty) => format!(
            "{} has no runs of {}.",
            model.policy.repo,
            model.policy.pipeline.release_workflow.as_str()
        ),
        None => "no release run is known yet".to_owned(),
    }
}

/// `  (seen 3h ago)` behind what the latest look did not confirm.
fn aged<T>(observed: &Observed<T>, now: Timestamp) -> String {
    match (observed.failed_at(), observed.seen_at()) {
        (Some(_), Some(at)) => format!("  (seen {})", words::ago(at, now)),
        _ => String::new(),
    }
}

fn jobs(out: &mut String, model: &Model) -> std::fmt::Result {
    let record = model.outlook.run.and_then(|run| model.snapshot.record(run));
    let Some(jobs) = record.and_then(|record| record.jobs.value()) else {
        return writeln!(out, "jobs   not known yet");
    };
    let over = jobs.iter().filter(|job| job.is_over()).count();
    let path = &model.outlook.expected.critical;
    let decides = match (path.total.is_zero(), model.outlook.stage.0.is_live()) {
        (false, true) => format!(
            "  the run takes about {} and the waiting for people",
            words::duration(path.total)
        ),
        _ => String::new(),
    };
    let age = record.map_or(String::new(), |record| aged(&record.jobs, model.now));
    writeln!(out, "jobs   {over}/{}{age}{decides}", jobs.len())?;
    for job in jobs.iter().filter(|job| is_worth_a_line(job)) {
        let advisory = if model.policy.pipeline.is_advisory(&job.name) {
            " (advisory)"
        } else {
            ""
        };
        let ran = job
            .ran_for(model.now)
            .map(words::duration)
            .unwrap_or_default();
        writeln!(
            out,
            "       {:<11} {}{advisory}  {ran}",
            state(job),
            clean(&job.name)
        )?;
    }
    gates(out, model, model.outlook.run)?;
    let Some(publish) = model
        .outlook
        .publish_run
        .and_then(|id| model.snapshot.run(id))
    else {
        return Ok(());
    };
    let how = publish.conclusion.as_ref().map_or_else(
        || "has not ended".to_owned(),
        crate::present::phrases::conclusion_word,
    );
    writeln!(
        out,
        "publish run #{} attempt {}  {how}\n       {}",
        publish.number,
        publish.attempt,
        clean(&publish.html_url)
    )?;
    gates(out, model, Some(publish.id))
}

fn gates(out: &mut String, model: &Model, run: Option<RunId>) -> std::fmt::Result {
    let gates = run.map_or(&[][..], |run| release::gates(&model.snapshot, run));
    for gate in gates {
        let may = if gate.viewer_may_approve {
            "you may approve"
        } else {
            "you may not approve"
        };
        writeln!(out, "gate   {}: {may}", clean(&gate.name))?;
    }
    Ok(())
}

fn is_worth_a_line(job: &Job) -> bool {
    !matches!(
        job.conclusion,
        Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral)
    ) && !matches!(job.status, Status::Queued | Status::Requested)
}

fn images(out: &mut String, model: &Model) -> std::fmt::Result {
    for (image, tags) in &model.outlook.tags {
        write!(out, "image  {image}")?;
        let guessed =
            |spec: &ImageSpec| ImageId::of(spec) == *image && spec.certainty == Certainty::Guessed;
        if model.policy.images.iter().any(guessed) {
            write!(
                out,
                "  (a guess from the workflow files: confirm it with GONOGO_IMAGE or [[image]])"
            )?;
        }
        match model.outlook.digests.get(image) {
            Some(digest) => writeln!(out, "\n       {}  {}", digest.value, source(&digest.source))?,
            None => writeln!(
                out,
                "\n       the digest that the run built is not known yet"
            )?,
        }
        for tag in tags {
            writeln!(out, "       {}", tag_line(model, image, tag))?;
        }
    }
    if model.outlook.tags.is_empty() {
        writeln!(
            out,
            "image  none configured: set GONOGO_IMAGE or [[image]] in the configuration"
        )?;
    }
    Ok(())
}

fn tag_line(model: &Model, image: &ImageId, tag: &TagOfInterest) -> String {
    let name = words::left(&clean(&tag.tag), 28);
    let seen = model.snapshot.tag(image, &tag.tag);
    let Some(digest) = seen.and_then(|seen| seen.value()) else {
        let why = seen
            .and_then(|seen| seen.failure())
            .map(|failure| clean(&failure.what));
        return format!(
            "{name} {}",
            why.unwrap_or_else(|| "not looked up yet".to_owned())
        );
    };
    let Some(digest) = digest else {
        let age = seen.map_or(String::new(), |seen| aged(seen, model.now));
        return format!("{name} –  not there{age}");
    };
    let built = model.outlook.digests.get(image).map(|built| &built.value);
    let same = if built == Some(digest) {
        "  the built image"
    } else {
        ""
    };
    let platforms = match model
        .snapshot
        .manifest(image, digest)
        .map(|manifest| &manifest.content)
    {
        Some(ManifestContent::Index { platforms, .. }) => {
            let names: Vec<String> = platforms
                .iter()
                .map(|entry| entry.platform.to_string())
                .collect();
            format!("  {}", names.join(", "))
        }
        _ => String::new(),
    };
    let age = seen.map_or(String::new(), |seen| aged(seen, model.now));
    format!("{name} {}{platforms}{same}{age}", words::digest(digest))
}

fn index_and_release(out: &mut String, model: &Model) -> std::fmt::Result {
    let Some(version) = model
        .outlook
        .version
        .as_ref()
        .map(|version| version.value.as_str())
    else {
        if model.policy.pypi.is_some() {
            writeln!(out, "pypi   waits for the version to be known")?;
        }
        return writeln!(out, "release waits for the version to be known");
    };
    if let Some(spec) = &model.policy.pypi {
        let seen = model.snapshot.pypi.get(version);
        let said = match seen.map(|seen| (seen.value(), seen.failure())) {
            Some((Some(held), _)) if held.is_there() => words::number_of(held.files.len(), "file"),
            Some((Some(_), _)) => "not there".to_owned(),
            Some((None, Some(failure))) => clean(&failure.what),
            _ => "not looked up yet".to_owned(),
        };
        let guess = match spec.certainty {
            Certainty::Guessed => "  (the project's name is a guess)",
            Certainty::Configured => "",
        };
        let age = seen.map_or(String::new(), |seen| aged(seen, model.now));
        writeln!(
            out,
            "pypi   {} {}: {said}{age}{guess}",
            spec.project.as_str(),
            clean(version)
        )?;
    }
    let release = model.snapshot.releases.value().map(|list| {
        list.iter()
            .find(|release| release.tag == format!("v{version}"))
    });
    let said = match release {
        Some(Some(release)) if release.draft => "a draft".to_owned(),
        Some(Some(release)) => format!("published  {}", clean(&release.html_url)),
        Some(None) => "not made".to_owned(),
        None => "not looked up yet".to_owned(),
    };
    let age = aged(&model.snapshot.releases, model.now);
    writeln!(out, "release v{}: {said}{age}", clean(version))
}

fn sources(out: &mut String, model: &Model) -> std::fmt::Result {
    for (id, health) in &model.snapshot.health {
        let said = match health.latest_failure() {
            Some((failure, at)) => format!(
                "{} ({}) {}",
                clean(&failure.what),
                words::ago(*at, model.now),
                clean(&failure.advice)
            ),
            None => "ok".to_owned(),
        };
        let budget = health.rate.map_or(String::new(), |rate| {
            format!(
                "  {} of {} calls left",
                words::count(rate.remaining),
                words::count(rate.limit)
            )
        });
        writeln!(out, "source {id}: {said}{budget}")?;
    }
    Ok(())
}
