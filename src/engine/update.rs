//! The one place where the model changes.

use std::time::Duration;

use super::interest::Interest;
use super::{Effect, Message, Model, desk, interest, pace};
use crate::domain::event::Event;
use crate::domain::fact::{Ask, Observation};
use crate::domain::snapshot::{Applied, LATE, Standing};
use crate::domain::time::{Timestamp, after, since};
use crate::domain::{event, outlook::TagPart};

/// Looks on their way at the same time: GitHub's advice is few, and nothing here is urgent by the second.
const MOST_IN_FLIGHT: usize = 8;
/// The least time between two looks for an answer that must be newer than the one on record.
const A_MOMENT: Duration = Duration::from_secs(1);

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
            (model.pinned, model.chosen) = (run, run);
            refresh_outlook(model, &mut effects);
            effects.push(Effect::Save);
        }
        Message::Follow(run) => {
            model.pinned = Some(run);
            refresh_outlook(model, &mut effects);
        }
        Message::Version(version) => {
            model.given_version = version;
            refresh_outlook(model, &mut effects);
        }
        Message::Focus(job) => model.focus = job,
        Message::Refresh => {
            model.refreshes = model.refreshes.wrapping_add(1);
            // A service that asked for a pause gets it, whoever wants to know.
            let paused = |ask: &Ask| {
                let health = model.snapshot.health.get(&ask.source());
                health.is_some_and(|h| h.paused_until.is_some_and(|until| until > now))
            };
            model.forced = interest::of(model)
                .into_iter()
                .map(|interest| interest.ask)
                .filter(|ask| !paused(ask))
                .collect();
        }
        Message::Desk(message) => desk::take(model, message, &mut effects),
    }
    desk::force_needed(model);
    schedule(model, now, &mut effects);
    desk::make_when_known(model);
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
    let about_jobs = matches!(observation.ask, Ask::Jobs(_) | Ask::AttemptJobs(..));
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
        refresh_outlook(model, effects);
        effects.push(Effect::Save);
    } else if applied == Applied::Confirmed && about_jobs {
        // How a run ended follows from when its jobs were seen last, not from the jobs alone.
        refresh_outlook(model, effects);
    }
    if note_first_sight(model) {
        refresh_outlook(model, effects);
        effects.push(Effect::Save);
    }
    if model.cached_at.is_some() && !model.rests_on_the_disk() {
        model.cached_at = None;
    }
}

fn is_failing(model: &Model, ask: &Ask) -> bool {
    model
        .snapshot
        .health
        .get(&ask.source())
        .is_some_and(|health| !health.failing.is_empty())
}

/// Writes down what every tag of interest points to when its run is first seen. Says whether anything was new.
fn note_first_sight(model: &mut Model) -> bool {
    let Some(run) = model.outlook.run else {
        return false;
    };
    let newest = model
        .snapshot
        .runs
        .value()
        .and_then(|runs| runs.first())
        .map(|run| run.id);
    let mut noted = false;
    for (image, tags) in &model.outlook.tags {
        for tag in tags {
            let observed = model.snapshot.tag(image, &tag.tag);
            // What an earlier session saw may be from before another release.
            let seen_now = |at: Timestamp| at >= model.began;
            if !observed.is_some_and(|observed| observed.seen_at().is_some_and(seen_now)) {
                continue;
            }
            let there = observed
                .and_then(|observed| observed.value())
                .is_some_and(Option::is_some);
            // A prerelease tag speaks for this run only once it is there, and only while the run is the newest.
            let speaks = match tag.part {
                TagPart::Prerelease => there && newest == Some(run),
                TagPart::Arch => false,
                TagPart::Release | TagPart::Floating => true,
            };
            if speaks {
                noted |= model.snapshot.note_first_seen(run, image, &tag.tag);
            }
        }
    }
    noted
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
    model.note_ages(&interests);
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

    let is_asked = |ask: &Ask| interests.iter().any(|interest| interest.ask == *ask);
    for source in model.snapshot.forget_failures(is_asked) {
        effects.push(Effect::Announce(Event::SourceRecovered { source }));
    }

    let mut wake: Option<Timestamp> = None;
    for interest in interests {
        if model.in_flight.contains_key(&interest.ask) {
            continue;
        }
        let standing = model.snapshot.standing(&interest.ask);
        let due = if model.forced.contains(&interest.ask) {
            Some(Timestamp::MIN)
        } else {
            due(model, &interest, standing, now)
        };
        match due {
            // The end of what is on its way makes room for the rest.
            Some(due) if due <= now && model.in_flight.len() >= MOST_IN_FLIGHT => {}
            Some(due) if due <= now => {
                model.in_flight.insert(interest.ask.clone(), now);
                effects.push(Effect::Look(interest.ask));
            }
            Some(due) => wake = Some(wake.map_or(due, |wake| wake.min(due))),
            None => {}
        }
    }
    effects.extend(wake.map(Effect::WakeAt));
}

/// When a question is next due; `None`: answered for good.
fn due(
    model: &Model,
    interest: &Interest,
    standing: Standing,
    now: Timestamp,
) -> Option<Timestamp> {
    let health = model.snapshot.health.get(&interest.ask.source());
    let answered = standing.seen_at.filter(|_| standing.failed_at.is_none());
    // What changes is looked at anew in every session, however young the answer of the last.
    let of_before = |seen: &Timestamp| interest.every.is_some() && *seen < model.began;
    let early = if is_ahead(standing, now) || answered.as_ref().is_some_and(of_before) {
        Some(Timestamp::MIN)
    } else {
        answered
            .filter(|seen| !interest.is_met_by(*seen))
            .map(|seen| after(seen, A_MOMENT))
    };
    match early {
        Some(early) => {
            let paused = health.and_then(|health| health.paused_until);
            Some(paused.map_or(early, |paused| paused.max(early)))
        }
        None => pace::next_look(
            &interest.ask,
            standing,
            interest.every,
            model.snapshot.failure(&interest.ask),
            health.map(AsRef::as_ref),
            model.seed,
        ),
    }
}

/// Whether a look lies so far in the future that the clock must have been set back since.
fn is_ahead(standing: Standing, now: Timestamp) -> bool {
    // A good answer takes the failure away, so a failure is the later of the two.
    let latest = standing.failed_at.or(standing.seen_at);
    latest.is_some_and(|at| at > now && since(now, at) > LATE)
}
