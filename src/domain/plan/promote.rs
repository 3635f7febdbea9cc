//! Putting the tested image under the release tags.

use super::registry::{Image, Release, guard_first};
use super::weigh::{blocks, weigh};
use super::words::list;
use super::{
    Action, Condition, Draft, Ground, Intent, Override, Plan, Refusal, RefusalKind, Repeat, Step,
    Undo,
};
use crate::domain::assess::{Act, Board, Row};
use crate::domain::digest::Digest;
use crate::domain::fact::Ask;
use crate::domain::release::Stage;

/// Rules that say no of just what a promote mends.
const MENDED: [&str; 3] = ["release-tags", "half-published", "leftovers"];
/// The rule that a run which failed is over: of a job that failed to promote the promote itself is the remedy.
const ENDED: &str = "ended";
/// The name under which the move of a version's own tag stands among what was overridden.
const VERSION_TAG: &str = "version-tag";

/// The questions whose fresh answers the plan needs.
pub(super) fn needs(_: &Intent, ground: &Ground<'_>) -> Vec<Ask> {
    let Ok(release) = Release::of(ground) else {
        return ground.outlook.run.map(Ask::Run).into_iter().collect();
    };
    let mut asks = asks(&release);
    // Only to say how a tag that the promote makes would be taken back.
    let of_new = |image: &Image<'_>| {
        let mut tags = image.release_tags().into_iter();
        let is_hub = image.spec.repository.is_docker_hub();
        !is_hub && tags.any(|tag| image.resolve(tag).is_none())
    };
    let removals = release.images().filter(of_new);
    asks.extend(removals.map(|image| Ask::Removal(image.id)));
    for ask in board(ground).rows.into_iter().flat_map(|row| row.rests_on) {
        if !asks.contains(&ask) {
            asks.push(ask);
        }
    }
    asks
}

fn asks(release: &Release<'_>) -> Vec<Ask> {
    let mut asks = vec![Ask::Run(release.run.id), Ask::Jobs(release.run.id)];
    for image in release.images() {
        let tags = image.prerelease_tag().into_iter();
        let tags = tags.chain(image.release_tags());
        asks.extend(tags.map(|tag| image.ask(tag)));
    }
    asks
}

fn board(ground: &Ground<'_>) -> Board {
    Board::before(
        Act::Promote,
        ground.snapshot,
        ground.policy,
        ground.outlook,
        ground.stale,
    )
}

/// The plan, or why there is none.
pub(super) fn plan(intent: &Intent, ground: &Ground<'_>) -> Result<Plan, Refusal> {
    let reason = match intent {
        Intent::Promote { reason } => reason.as_deref().map(str::trim),
        _ => None,
    };
    let reason = reason.filter(|text| !text.is_empty());
    let release = Release::of(ground)?;
    let asks = asks(&release);
    ground.known(&asks)?;
    release.cannot_promote_any_more("Approve its gate instead: `gonogo approve`.")?;
    let mut draft = Draft {
        phrase: Some(release.version.to_owned()),
        rests_on: asks,
        ..Draft::default()
    };
    let board = board(ground);
    let failed = matches!(ground.outlook.stage.0, Stage::Failed | Stage::HalfPublished);
    let counts = |row: &&Row| {
        blocks(row) && !MENDED.contains(&row.id.as_str()) && !(failed && row.id == ENDED)
    };
    let against: Vec<&Row> = board.rows.iter().filter(counts).collect();
    let (overridden, notes) = weigh(&against, reason)?;
    draft.overridden = overridden;
    draft.notes.extend(notes);
    let mut moved = Vec::new();
    for image in release.images() {
        moved.extend(of_image(&release, &image, reason, &mut draft)?);
    }
    if draft.steps.is_empty() {
        return Err(Refusal::new(
            RefusalKind::Nothing,
            format!(
                "Every release tag of {} points to the tested image already.",
                release.version
            ),
            "There is nothing to promote.",
        ));
    }
    guard_first(release.run.id, &mut draft.steps);
    moved.dedup();
    draft.title = format!(
        "Promote {}: point {} to the tested image",
        release.version,
        list(moved)
    );
    draft
        .notes
        .push("The prerelease tags stay: `gonogo cleanup` removes them.".to_owned());
    Ok(ground.plan(intent, draft))
}

/// The steps of one image; gives the tags that move.
fn of_image<'g>(
    release: &Release<'g>,
    image: &Image<'g>,
    reason: Option<&str>,
    draft: &mut Draft,
) -> Result<Vec<&'g str>, Refusal> {
    let built = image.built()?;
    let tags = image.release_tags();
    let of = release.of_image(&image.id);
    let (there, ahead): (Vec<&str>, Vec<&str>) = tags
        .into_iter()
        .partition(|tag| image.resolve(tag) == Some(built));
    if !there.is_empty() {
        draft.notes.push(format!(
            "Already there{of}: {}.",
            list(there.iter().copied())
        ));
    }
    if ahead.is_empty() {
        return Ok(ahead);
    }
    let at = draft.steps.len();
    let source = source(release, image, built, &there, draft)?;
    for tag in &ahead {
        let now = image.resolve(tag);
        if let Some(other) = now.filter(|_| image.is_own(tag)) {
            move_version_tag(image, tag, other, reason, draft)?;
        }
        draft.steps.push(image.put(tag, now, built));
    }
    if let Some(first) = draft.steps.get_mut(at) {
        first.before.insert(0, source);
    }
    Ok(ahead)
}

/// A tag that names this version in full and holds something else is moved only where a person says why.
fn move_version_tag(
    image: &Image<'_>,
    tag: &str,
    other: &Digest,
    reason: Option<&str>,
    draft: &mut Draft,
) -> Result<(), Refusal> {
    let sentence = format!(
        "`{tag}` of {} points to {} already, which is not the tested image: a version's tag is never moved by itself.",
        image.id,
        other.short()
    );
    let Some(reason) = reason else {
        return Err(Refusal::new(
            RefusalKind::NoGo,
            sentence,
            "Find out who pushed it. Release under another version, take it back with `gonogo rollback`, or say why it may move: `--override REASON`.",
        )
        .by([VERSION_TAG.to_owned()]));
    };
    let overridden = draft.overridden.get_or_insert_with(|| Override {
        rules: Vec::new(),
        reason: reason.to_owned(),
    });
    if !overridden.rules.iter().any(|rule| rule == VERSION_TAG) {
        overridden.rules.push(VERSION_TAG.to_owned());
    }
    draft.notes.push(format!("Overridden: {sentence}"));
    Ok(())
}

/// What has to be true of the image before its first tag moves; where another repository holds it, it is copied first.
fn source(
    release: &Release<'_>,
    image: &Image<'_>,
    built: &Digest,
    there: &[&str],
    draft: &mut Draft,
) -> Result<Condition, Refusal> {
    let is = |image: &Image<'_>, tag: &str| Condition::SourceIs {
        image: image.id.clone(),
        tag: tag.to_owned(),
        digest: built.clone(),
    };
    let swapped = |tag: &str, other: &Digest| {
        Refusal::new(
            RefusalKind::Firm,
            format!(
                "`{tag}` of {} points to {} and not to the tested {}: somebody moved it.",
                image.id,
                other.short(),
                built.short()
            ),
            "Reject the release, and rotate the registry's token.",
        )
        .by(["tested-digest".to_owned()])
    };
    let tag = image.prerelease_tag();
    match tag.and_then(|tag| Some((tag, image.resolve(tag)?))) {
        Some((tag, now)) if now == built => return Ok(is(image, tag)),
        Some((tag, other)) => return Err(swapped(tag, other)),
        None => {}
    }
    // Once a release tag holds it, the prerelease tag is rightly gone.
    if let Some(tag) = there.first() {
        return Ok(is(image, tag));
    }
    let elsewhere = release.images().find_map(|other| {
        let tag = other.prerelease_tag()?;
        let is_it = other.id != image.id && other.resolve(tag) == Some(built);
        is_it.then_some((other, tag))
    });
    let Some((from, tag)) = elsewhere else {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            format!(
                "{} is not in {} and no release tag holds the image: there is nothing to promote.",
                tag.map_or_else(|| "The prerelease tag".to_owned(), |tag| format!("`{tag}`")),
                image.id
            ),
            "Tag the tested digest again, or release anew.",
        ));
    };
    let has = Condition::HasManifest {
        image: image.id.clone(),
        digest: built.clone(),
    };
    draft.steps.push(Step {
        action: Action::Copy {
            from: from.id.clone(),
            to: image.id.clone(),
            digest: built.clone(),
        },
        before: Vec::new(),
        after: vec![has],
        undo: Undo::NotNeeded,
        repeat: Repeat::Safe,
    });
    draft.notes.push(format!(
        "The image is copied from {} first; signatures and attestations stay there.",
        from.id
    ));
    Ok(is(&from, tag))
}
