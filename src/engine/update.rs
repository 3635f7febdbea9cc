//! The one place where the model changes.

use super::{Effect, Message, Model, interest, pace};
use crate::domain::event::Event;
use crate::domain::fact::{Ask, Observation};
use crate::domain::snapshot::Applied;
use crate::domain::time::Timestamp;
use crate::domain::{event, outlook::TagPart};

/// Looks on their way at the same time: GitHub's advice is few, and nothing here is urgent by the second.
const MOST_IN_FLIGHT: usize = 8;

/// Takes a message in at a time and says what is to be done.
pub fn update(model: &mut Model, message: Message, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    let mut effects = Vec::new();
    match message {
        Message::Tick => {}
        Message::Observed(observation) => observed(model, *observation, &mut effects),
        Message::Cancelled(ask) => {
            model.in_flight.remove(&ask);
        }
        Message::Watch(run) => {
            model.pinned = run;
            refresh_outlook(model, &mut effects);
        }
        Message::Version(version) => {
            model.given_version = version;
            refresh_outlook(model, &mut effects);
        }
        Message::Focus(job) => model.focus = job,
        Message::Refresh => {
            model.refreshes = model.refreshes.wrapping_add(1);
            model.forced = interest::of(model)
                .into_iter()
                .map(|interest| interest.ask)
                .collect();
        }
    }
    schedule(model, now, &mut effects);
    effects
}

fn observed(model: &mut Model, observation: Observation, effects: &mut Vec<Effect>) {
    model.in_flight.remove(&observation.ask);
    model.forced.remove(&observation.ask);
    let source = observation.ask.source();
    let failure = observation
        .outcome
        .as_ref()
        .err()
        .map(|failure| failure.what.clone());
    let failing_before = is_failing(model, &observation.ask);
    let applied = model.snapshot.apply(observation);
    match (failing_before, failure) {
        (false, Some(what)) => effects.push(Effect::Announce(Event::SourceFails { source, what })),
        (true, None)
            if model
                .snapshot
                .health
                .get(&source)
                .is_some_and(|h| h.failing.is_empty()) =>
        {
            effects.push(Effect::Announce(Event::SourceRecovered { source }));
        }
        _ => {}
    }
    if applied == Applied::Changed {
        model.cached_at = None;
        note_first_sight(model);
        refresh_outlook(model, effects);
        effects.push(Effect::Save);
    }
}

fn is_failing(model: &Model, ask: &Ask) -> bool {
    model
        .snapshot
        .health
        .get(&ask.source())
        .is_some_and(|health| !health.failing.is_empty())
}

/// Writes down what every tag of interest points to when its run is first seen.
fn note_first_sight(model: &mut Model) {
    let Some(run) = model.outlook.run else { return };
    let newest = model
        .snapshot
        .runs
        .value()
        .and_then(|runs| runs.first())
        .map(|run| run.id);
    for (image, tags) in &model.outlook.tags {
        for tag in tags {
            let there = model
                .snapshot
                .tag(image, &tag.tag)
                .and_then(|observed| observed.value())
                .is_some_and(Option::is_some);
            // A prerelease tag speaks for this run only once it is there, and only while the run is the newest.
            let speaks = match tag.part {
                TagPart::Prerelease => there && newest == Some(run),
                TagPart::Arch => false,
                TagPart::Release | TagPart::Floating => true,
            };
            if speaks {
                model.snapshot.note_first_seen(run, image, &tag.tag);
            }
        }
    }
}

fn refresh_outlook(model: &mut Model, effects: &mut Vec<Effect>) {
    let before = std::sync::Arc::clone(&model.outlook);
    model.refresh_outlook();
    let events = event::between(&before, &model.outlook);
    effects.extend(events.into_iter().map(Effect::Announce));
}

/// Sends what is due, gives up what nobody needs any more, and says when to wake.
fn schedule(model: &mut Model, now: Timestamp, effects: &mut Vec<Effect>) {
    let interests = interest::of(model);
    model
        .forced
        .retain(|ask| interests.iter().any(|interest| interest.ask == *ask));
    let unneeded: Vec<Ask> = model
        .in_flight
        .keys()
        .filter(|ask| !interests.iter().any(|interest| interest.ask == **ask))
        .cloned()
        .collect();
    for ask in unneeded {
        model.in_flight.remove(&ask);
        effects.push(Effect::Cancel(ask));
    }

    let mut wake: Option<Timestamp> = None;
    for interest in interests {
        if model.in_flight.contains_key(&interest.ask) {
            continue;
        }
        let due = if model.forced.contains(&interest.ask) {
            Some(Timestamp::MIN)
        } else {
            pace::next_look(
                &interest.ask,
                model.snapshot.standing(&interest.ask),
                interest.every,
                model.snapshot.failure(&interest.ask),
                model
                    .snapshot
                    .health
                    .get(&interest.ask.source())
                    .map(AsRef::as_ref),
                model.seed,
            )
        };
        match due {
            Some(due) if due <= now => {
                if model.in_flight.len() < MOST_IN_FLIGHT {
                    model.in_flight.insert(interest.ask.clone(), now);
                    effects.push(Effect::Look(interest.ask));
                }
            }
            Some(due) => wake = Some(wake.map_or(due, |wake| wake.min(due))),
            None => {}
        }
    }
    effects.extend(wake.map(Effect::WakeAt));
}
