//! The pass that a registry's requests carry: nothing, a password, or a token with an end.
//!
//! One entrance for each scope: whoever is in it asks for the token, the others wait and share what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use serde::Deserialize;
use tokio::sync::MutexGuard;
use url::Url;

use super::entry::Who;
use crate::domain::fact::Failure;
use crate::domain::time::{Timestamp, after, since};
use crate::secret::Secret;

/// What the distribution specification says of a token that does not tell its end.
const UNTOLD_LIFE: Duration = Duration::from_secs(60);

/// A token is renewed this long before its end, so that none expires on the way.
const EARLY: Duration = Duration::from_secs(30);

/// What a token is for, as the token service understands it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(String);

impl Scope {
    /// To read one repository.
    pub fn pull(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull"))
    }

    /// To read and write one repository.
    pub fn push(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull,push"))
    }

    /// To read one repository, write it, and remove from it.
    pub fn delete(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull,push,delete"))
    }

    /// To write one repository and read another of the same registry.
    pub fn mount(repository: &str, from: &str) -> Self {
        Self(format!(
            "repository:{repository}:pull,push repository:{from}:pull"
        ))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// All entrances of one registry.
#[derive(Debug, Default)]
pub(super) struct Entrances {
    by_scope: Mutex<BTreeMap<Scope, Arc<Entrance>>>,
    /// How the one that was found out last is let in.
    way: Mutex<Known>,
}

impl Entrances {
    /// The entrance of a scope.
    pub(super) fn of(&self, scope: &Scope) -> Arc<Entrance> {
        let entrances = self.by_scope.lock();
        let mut entrances = entrances.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(entrances.entry(scope.clone()).or_default())
    }

    /// How another entrance is let in: one registry asks for the same at each.
    pub(super) fn way(&self) -> Known {
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        way.clone()
    }

    /// Remembers how an entrance is let in; forgets it where that did not work.
    pub(super) fn found(&self, known: &Known) {
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        *way = known.clone();
    }
}

/// Where those who want in wait while one of them finds out how.
#[derive(Debug, Default)]
pub(super) struct Entrance {
    slot: tokio::sync::Mutex<Slot>,
    /// How many tries to be let in have failed.
    failed: AtomicU64,
}

impl Entrance {
    /// What is known, for one at a time. Who waited for a try that failed shares its failure:
    /// a password that is wrong is shown once, and a registry that is away is waited for once.
    pub(super) async fn enter(&self) -> Result<MutexGuard<'_, Slot>, Failure> {
        let before = self.failed.load(Ordering::SeqCst);
        let slot = self.slot.lock().await;
        match &slot.failure {
            Some(failure) if self.failed.load(Ordering::SeqCst) != before => Err(failure.clone()),
            _ => Ok(slot),
        }
    }

    /// Notes a try that failed; the next one begins from the start.
    pub(super) fn failed(&self, slot: &mut Slot, failure: Failure) -> Failure {
        slot.set(Known::Unasked, Who::Unasked);
        slot.failure = Some(failure.clone());
        self.failed.fetch_add(1, Ordering::SeqCst);
        failure
    }
}

/// What is known of one scope.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) known: Known,
    who: Who,
    /// Why the latest try failed, if it did.
    failure: Option<Failure>,
    /// Counts the passes, so that a refused one is renewed by one of those who hold it.
    generation: u64,
}

/// How requests are let in.
#[derive(Debug, Clone, Default)]
pub(super) enum Known {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// The registry asks for nothing.
    Open,
    /// With a name and password.
    Basic(HeaderValue),
    /// With a token of this service.
    Bearer {
        realm: Url,
        service: Option<String>,
        token: Token,
    },
}

/// A token and its end.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    /// From here on a new one is asked for.
    pub(super) until: Timestamp,
    /// What it says that it allows, by repository; `None` where it does not say.
    pub(super) grants: Option<Vec<Grant>>,
}

/// What a token allows in one repository, by its own word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Grant {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    actions: Vec<String>,
}

impl Token {
    /// The actions that it says it allows in a repository; `None` where it does not say.
    pub(super) fn granted(&self, repository: &str) -> Option<BTreeSet<String>> {
        let grants = self.grants.as_ref()?.iter();
        let here = grants.filter(|grant| grant.kind == "repository" && grant.name == repository);
        Some(here.flat_map(|grant| grant.actions.clone()).collect())
    }
}

/// What one request carries.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub(super) header: Option<HeaderValue>,
    pub(super) who: Who,
    pub(super) generation: u64,
}

impl Slot {
    /// Whether nobody has asked yet.
    pub(super) fn is_unasked(&self) -> bool {
        matches!(self.known, Known::Unasked)
    }

    /// Whether its token has to be renewed.
    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        matches!(&self.known, Known::Bearer { token, .. } if token.until <= now)
    }

    /// Takes in how requests are let in from now on.
    pub(super) fn set(&mut self, known: Known, who: Who) {
        self.known = known;
        self.who = who;
        self.failure = None;
        self.generation = self.generation.wrapping_add(1);
    }

    /// What a request carries now.
    pub(super) fn pass(&self) -> Pass {
        let header = match &self.known {
            Known::Unasked | Known::Open => None,
            Known::Basic(header) => Some(header.clone()),
            Known::Bearer { token, .. } => Some(token.header.clone()),
        };
        Pass {
            header,
            who: self.who.clone(),
            generation: self.generation,
        }
    }

    /// Whether this pass is still the newest, so that it is on its holder to renew it.
    pub(super) fn is_newest(&self, generation: u64) -> bool {
        self.generation == generation
    }

    /// Gives up a pass that was refused though it is new: the next look begins from the start.
    ///
    /// It stays the newest, so that one of those who hold it as well renews it.
    pub(super) fn give_up(&mut self, generation: u64) {
        if self.is_newest(generation) {
            self.known = Known::Unasked;
        }
    }
}

/// The token service's address with the question in it.
pub(super) fn question(realm: &Url, service: Option<&str>, scope: &Scope) -> Url {
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        // One parameter for each repository: not every service splits them.
        for part in scope.as_str().split(' ') {
            query.append_pair("scope", part);
        }
    }
    url
}

#[derive(Deserialize)]
struct Wire {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<serde_json::Value>,
}

/// Reads the token service's answer, got at `now`. The error is a sentence's end without the token.
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<Token, &'static str> {
    let wire: Wire = serde_json::from_slice(body).map_err(|_| "is not a token in JSON")?;
    let text = [wire.token, wire.access_token]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty())
        .ok_or("holds no token")?;
    let life = wire
        .expires_in
        .as_ref()
        .and_then(seconds)
        .or_else(|| claims(&text)?.exp.map(|end| since(now, end)))
        .unwrap_or(UNTOLD_LIFE);
    let header = Some(&text)
        .filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))
        .and_then(|text| Secret::new(text).ok()?.to_header("Bearer").ok())
        .ok_or("holds no usable token")?;
    Ok(Token {
        grants: claims(&text).and_then(|claims| claims.access),
        header,
        until: after(now, life.saturating_sub(EARLY.min(life / 2))),
    })
}

/// A number of seconds; some services write it as text.
fn seconds(value: &serde_json::Value) -> Option<Duration> {
    let number = value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))?;
    // A day is longer than any real token and keeps the sum inside the calendar.
    (number > 0).then(|| Duration::from_secs(number.min(24 * 3600)))
}

/// What a JSON Web Token tells of itself.
struct Claims {
    exp: Option<Timestamp>,
    access: Option<Vec<Grant>>,
}

/// Reads a token's own words. Only read, never trusted: a wrong one costs a request.
fn claims(token: &str) -> Option<Claims> {
    #[derive(Deserialize)]
    struct Wire {
        exp: Option<i64>,
        access: Option<serde_json::Value>,
    }
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let wire: Wire = serde_json::from_slice(&bytes).ok()?;
    Some(Claims {
        exp: wire.exp.and_then(|at| Timestamp::from_second(at).ok()),
        access: wire
            .access
            .and_then(|list| serde_json::from_value(list).ok()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn life(body: &str) -> i64 {
        let token = read(body.as_bytes(), now()).unwrap();
        assert!(token.header.is_sensitive());
        token.until.as_second() - now().as_second()
    }

    #[test]
    fn a_token_is_renewed_half_a_minute_before_its_end() {
        assert_eq!(life(r#"{"token":"a","expires_in":300}"#), 270);
        assert_eq!(life(r#"{"access_token":"a","expires_in":"300"}"#), 270);
        assert_eq!(life(r#"{"token":"","access_token":"a"}"#), 30);
        assert_eq!(life(r#"{"token":"a","expires_in":0}"#), 30);
        assert_eq!(life(r#"{"token":"a","expires_in":10}"#), 5);
        assert_eq!(
            life(r#"{"token":"a","expires_in":18446744073709551615}"#),
            86_370
        );
        let claims = format!(r#"{{"exp":{}}}"#, now().as_second() + 900);
        let jwt = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(life(&format!(r#"{{"token":"{jwt}"}}"#)), 870);
        let past = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(r#"{"exp":1}"#));
        assert_eq!(life(&format!(r#"{{"token":"{past}"}}"#)), 0);
    }

    #[test]
    fn what_is_no_token_is_told_without_it() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"token":7}"#,
            r#"{"token":"a\nb"}"#,
            "{\"token\":\"\u{e9}\"}",
            "<html>",
        ] {
            assert!(read(body.as_bytes(), now()).is_err(), "{body}");
        }
    }

    #[test]
    fn the_question_keeps_what_the_realm_has() {
        let realm = "https://auth.example/token?tenant=a b".parse().unwrap();
        let url = question(&realm, Some("reg & co"), &Scope::pull("acme/rocket"));
        assert_eq!(
            url.as_str(),
            "https://auth.example/token?tenant=a%20b&service=reg+%26+co&scope=repository%3Aacme%2Frocket%3Apull"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, now());
        }

        #[test]
        fn any_claims_are_read_without_panic(exp in any::<i64>(), expires in any::<i64>()) {
            let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{exp}}}"#));
            let _ = read(format!(r#"{{"token":"e.{claims}.s"}}"#).as_bytes(), now());
            let _ = read(format!(r#"{{"token":"t","expires_in":{expires}}}"#).as_bytes(), now());
        }
    }
}
