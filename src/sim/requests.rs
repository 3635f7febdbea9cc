//! The record of what clients asked: for counting, and for waiting on the next request instead of on the clock.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use http::header::{AUTHORIZATION, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::watch;

use super::Now;

/// A simulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// GitHub's REST and GraphQL API.
    Github,
    /// The store that GitHub's logs and artifacts are redirected to.
    GithubStorage,
    /// The OCI registry.
    Registry,
    /// The store that blobs are redirected to.
    Cdn,
    /// Docker Hub's own API.
    DockerHub,
    /// The Python package index.
    Pypi,
}

/// Whether a request asked only for what has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// No condition.
    Plain,
    /// `If-None-Match` or `If-Modified-Since` was there.
    Conditional,
}

/// Whether a request brought an `Authorization` header; its value is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// None.
    Absent,
    /// Some.
    Present,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered yet.
    Pending,
    /// Answered with this status.
    Answered(u16),
    /// The client went away before an answer.
    Abandoned,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the order of arrival, from 0.
    pub sequence: u64,
    /// Who was asked.
    pub service: Service,
    /// The method.
    pub method: String,
    /// Path and query; values of secret parameters are replaced by `***`.
    pub target: String,
    /// Whether it was conditional.
    pub condition: Condition,
    /// Whether it brought a credential.
    pub credential: Credential,
    /// What became of it.
    pub outcome: Outcome,
    /// When it arrived, by the clock of the world.
    pub at: Timestamp,
}

impl Record {
    /// The status, once answered.
    pub fn status(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Answered(status) => Some(status),
            Outcome::Pending | Outcome::Abandoned => None,
        }
    }
}

/// How many requests a service had, over its whole life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Arrived.
    pub arrived: u64,
    /// Answered with anything.
    pub answered: u64,
    /// Of these, 304: free of charge on GitHub.
    pub not_modified: u64,
    /// Of these, 400 and above.
    pub failed: u64,
    /// Abandoned by the client.
    pub abandoned: u64,
}

/// A point in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// Requests that are kept in full; tallies count all.
const KEPT: usize = 50_000;

/// The log; clones share it.
#[derive(Clone)]
pub struct Requests {
    inner: Arc<Inner>,
}

struct Inner {
    now: Now,
    log: Mutex<Log>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Log {
    records: VecDeque<Record>,
    next: u64,
    tallies: BTreeMap<Service, Tally>,
}

impl Requests {
    /// An empty log.
    pub fn new(now: Now) -> Self {
        Self {
            inner: Arc::new(Inner {
                now,
                log: Mutex::default(),
                changed: watch::Sender::new(0),
            }),
        }
    }

    /// Records every request that reaches this router. Wrap last, so that faults are recorded too.
    pub fn wrap(&self, service: Service, router: Router) -> Router {
        let log = self.clone();
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let open = log.arrive(service, &request);
            async move {
                let response = next.run(request).await;
                open.answered(response.status().as_u16());
                response
            }
        }))
    }

    /// The present point in the order of arrival.
    pub fn mark(&self) -> Mark {
        Mark(self.log().next)
    }

    /// All requests since a mark that are still kept, in order of arrival.
    pub fn since(&self, mark: Mark) -> Vec<Record> {
        let log = self.log();
        let records = log.records.iter();
        records
            .filter(|record| record.sequence >= mark.0)
            .cloned()
            .collect()
    }

    /// All requests that are still kept, in order of arrival.
    pub fn all(&self) -> Vec<Record> {
        self.since(Mark(0))
    }

    /// The figures of one service.
    pub fn tally(&self, service: Service) -> Tally {
        self.log()
            .tallies
            .get(&service)
            .copied()
            .unwrap_or_default()
    }

    /// Waits for a request since the mark to be as wanted; gives the first such one, in any state.
    pub async fn arrival(&self, mark: Mark, wanted: impl Fn(&Record) -> bool) -> Record {
        self.first(mark, wanted).await
    }

    /// Waits for a request since the mark to be as wanted, and answered.
    pub async fn answer(&self, mark: Mark, wanted: impl Fn(&Record) -> bool) -> Record {
        self.first(mark, |record| record.status().is_some() && wanted(record))
            .await
    }

    async fn first(&self, mark: Mark, wanted: impl Fn(&Record) -> bool) -> Record {
        let mut changes = self.inner.changed.subscribe();
        loop {
            // What comes after this line wakes `changed` below, so nothing is missed.
            changes.mark_unchanged();
            let found = {
                let log = self.log();
                let mut records = log.records.iter();
                records
                    .find(|record| record.sequence >= mark.0 && wanted(record))
                    .cloned()
            };
            if let Some(record) = found {
                return record;
            }
            if changes.changed().await.is_err() {
                // The sender lives in `self`, so this cannot happen while we are here.
                std::future::pending::<()>().await;
            }
        }
    }

    fn arrive(&self, service: Service, request: &Request) -> Open {
        let headers = request.headers();
        let at = (self.inner.now)();
        let sequence = {
            let mut log = self.log();
            let sequence = log.next;
            log.next += 1;
            log.tallies.entry(service).or_default().arrived += 1;
            if log.records.len() >= KEPT {
                log.records.pop_front();
            }
            log.records.push_back(Record {
                sequence,
                service,
                method: request.method().to_string(),
                target: redacted(request.uri()),
                condition: condition(headers),
                credential: if headers.contains_key(AUTHORIZATION) {
                    Credential::Present
                } else {
                    Credential::Absent
                },
                outcome: Outcome::Pending,
                at,
            });
            sequence
        };
        self.wake();
        Open {
            log: self.clone(),
            service,
            sequence,
            settled: false,
        }
    }

    fn settle(&self, service: Service, sequence: u64, outcome: Outcome) {
        {
            let mut log = self.log();
            let tally = log.tallies.entry(service).or_default();
            match outcome {
                Outcome::Pending => {}
                Outcome::Abandoned => tally.abandoned += 1,
                Outcome::Answered(status) => {
                    tally.answered += 1;
                    tally.not_modified += u64::from(status == 304);
                    tally.failed += u64::from(status >= 400);
                }
            }
            let mut records = log.records.iter_mut().rev();
            if let Some(record) = records.find(|record| record.sequence == sequence) {
                record.outcome = outcome;
            }
        }
        self.wake();
    }

    fn wake(&self) {
        self.inner
            .changed
            .send_modify(|change| *change = change.wrapping_add(1));
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("arrived", &self.log().next)
            .finish_non_exhaustive()
    }
}

/// A request that is being answered; dropped without an answer, it was abandoned.
struct Open {
    log: Requests,
    service: Service,
    sequence: u64,
    settled: bool,
}

impl Open {
    fn answered(mut self, status: u16) {
        self.settled = true;
        self.log
            .settle(self.service, self.sequence, Outcome::Answered(status));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.settled {
            self.log
                .settle(self.service, self.sequence, Outcome::Abandoned);
        }
    }
}

fn condition(headers: &HeaderMap) -> Condition {
    if headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE) {
        Condition::Conditional
    } else {
        Condition::Plain
    }
}

/// Path and query without the values of parameters that are secrets.
fn redacted(uri: &Uri) -> String {
    let Some(query) = uri.query() else {
        return uri.path().to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if is_secret(key) => format!("{key}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{}?{}", uri.path(), pairs.join("&"))
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["token", "password", "secret", "sig", "credential"]
        .iter()
        .any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_query_are_not_kept() {
        let uri: Uri = "/a?sig=abc&page=2&access_token=x".parse().unwrap();
        assert_eq!(redacted(&uri), "/a?sig=***&page=2&access_token=***");
    }
}
