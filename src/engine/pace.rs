//! When a question is due: intervals, backoff with jitter, a service's own pauses. All pure.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::domain::fact::{Ask, Failure};
use crate::domain::snapshot::{Health, LONGEST_OBEYED, Standing};
use crate::domain::time::{Timestamp, after, since};

/// The first pause after a failed look.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause after failed looks that may pass by themselves.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The pause after a refusal that only a person can mend.
const REFUSED_PAUSE: Duration = Duration::from_secs(120);

/// How old an answer is, judged against the interval it is asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nobody has an answer yet.
    Unseen,
    /// Within two intervals, or a fact that does not change.
    Fresh,
    /// Older than two intervals: its age is shown.
    Aging(Duration),
    /// Older than six intervals: marked STALE.
    Stale(Duration),
}

/// Judges the age of an answer. Without an interval a good answer stays fresh.
pub fn freshness(standing: Standing, every: Option<Duration>, now: Timestamp) -> Freshness {
    let Some(seen) = standing.seen_at else {
        return Freshness::Unseen;
    };
    let age = since(seen, now);
    match every {
        Some(every) if age > every.saturating_mul(6) => Freshness::Stale(age),
        Some(every) if age > every.saturating_mul(2) => Freshness::Aging(age),
        None if standing.failures > 0 => Freshness::Aging(age),
        Some(_) | None => Freshness::Fresh,
    }
}

/// When a question is next due; `None`: answered for good.
pub fn next_look(
    ask: &Ask,
    standing: Standing,
    every: Option<Duration>,
    failure: Option<&Failure>,
    health: Option<&Health>,
    seed: u64,
) -> Option<Timestamp> {
    let by_itself = match (standing.failed_at, standing.seen_at) {
        (Some(failed), _) => {
            let pause = after(failed, pause(ask, standing.failures, failure, seed));
            let told = failure
                .and_then(|failure| failure.retry_at)
                .map(|at| at.min(after(failed, LONGEST_OBEYED)));
            Some(told.map_or(pause, |told| told.max(pause)))
        }
        (None, Some(last)) => every.map(|every| after(last, jittered(every, 0.05, ask, 0, seed))),
        (None, None) => Some(Timestamp::MIN),
    }?;
    let paused = health.and_then(|health| health.paused_until);
    Some(paused.map_or(by_itself, |paused| paused.max(by_itself)))
}

/// The pause after `failures` failed looks in a row: doubling, bounded, ±25 %.
fn pause(ask: &Ask, failures: u32, failure: Option<&Failure>, seed: u64) -> Duration {
    let base = if failure.is_some_and(|failure| !failure.kind.is_passing()) {
        REFUSED_PAUSE
    } else {
        let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
        doubled.min(LONGEST_PAUSE)
    };
    jittered(base, 0.25, ask, failures, seed)
}

/// `base` ± `share`, the same for the same question, count and process.
fn jittered(base: Duration, share: f64, ask: &Ask, count: u32, seed: u64) -> Duration {
    let mut hasher = std::hash::DefaultHasher::new();
    (seed, count, ask).hash(&mut hasher);
    let unit = f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    base.mul_f64(1.0 + share * (2.0 * unit - 1.0))
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;
    use crate::domain::fact::FailureKind;
    use crate::domain::snapshot::AskKey;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failure(kind: FailureKind, retry_at: Option<Timestamp>) -> Failure {
        Failure {
            kind,
            what: String::new(),
            advice: String::new(),
            retry_at,
        }
    }

    fn failed(times: u32) -> Standing {
        Standing {
            seen_at: None,
            failed_at: Some(at(1000)),
            failures: times,
        }
    }

    #[test]
    fn a_question_never_asked_is_due_and_one_answered_for_good_never_is() {
        let next = |standing, every| next_look(&Ask::Runs, standing, every, None, None, 7);
        assert_eq!(next(Standing::default(), None), Some(Timestamp::MIN));
        let seen = Standing {
            seen_at: Some(at(1000)),
            ..Standing::default()
        };
        assert_eq!(next(seen, None), None);
        let due = next(seen, Some(Duration::from_secs(100))).unwrap();
        assert!((1095..=1105).contains(&due.as_second()), "{due}");
    }

    #[test]
    fn pauses_double_and_stay_bounded_however_long_it_fails() {
        let timeout = failure(FailureKind::Timeout, None);
        let wait = |times| {
            let every = Some(Duration::from_secs(3));
            let next = next_look(&Ask::Runs, failed(times), every, Some(&timeout), None, 1);
            since(at(1000), next.unwrap())
        };
        assert!(wait(1) >= Duration::from_millis(1500) && wait(1) <= Duration::from_millis(2500));
        assert!(wait(3) > wait(1));
        for times in [10, 100, u32::MAX] {
            assert!(wait(times) <= LONGEST_PAUSE.mul_f64(1.25), "{times}");
        }
    }

    #[test]
    fn a_service_that_says_when_is_obeyed_by_all_its_questions_but_not_for_ever() {
        let limited = failure(FailureKind::RateLimited, Some(at(1300)));
        let next = next_look(&Ask::Runs, failed(1), None, Some(&limited), None, 1);
        assert_eq!(next, Some(at(1300)));

        let mut health = Health {
            paused_until: Some(at(1300)),
            ..Health::default()
        };
        health
            .failing
            .insert(AskKey(Ask::Runs), (limited, at(1000)));
        let other = next_look(
            &Ask::Viewer,
            Standing::default(),
            None,
            None,
            Some(&health),
            1,
        );
        assert_eq!(other, Some(at(1300)));

        let absurd = failure(FailureKind::RateLimited, Some(at(10_000_000)));
        let next = next_look(&Ask::Runs, failed(1), None, Some(&absurd), None, 1);
        assert_eq!(next, Some(at(1000 + 3600)));
    }

    #[test]
    fn a_refusal_waits_for_a_person() {
        let refused = failure(FailureKind::Unauthorized, None);
        let next = next_look(&Ask::Runs, failed(1), None, Some(&refused), None, 1).unwrap();
        assert!(since(at(1000), next) >= Duration::from_secs(90));
    }

    #[test]
    fn age_is_judged_by_the_interval() {
        let seen = Standing {
            seen_at: Some(at(1000)),
            ..Standing::default()
        };
        let judge = |second| freshness(seen, Some(Duration::from_secs(10)), at(second));
        assert_eq!(judge(1020), Freshness::Fresh);
        assert_eq!(judge(1021), Freshness::Aging(Duration::from_secs(21)));
        assert_eq!(judge(1061), Freshness::Stale(Duration::from_secs(61)));
        assert_eq!(freshness(seen, None, at(999_999)), Freshness::Fresh);
    }
}
