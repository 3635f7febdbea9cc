//! Who may do what: users, passwords, bearer tokens and the challenges that ask for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::http::parse_query;
use super::{Access, Registry, Tokens, error};

/// What a user may do in every repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read.
    Pull,
    /// Write blobs, manifests and tags.
    Push,
    /// Delete.
    Delete,
}

impl Action {
    const ALL: [Self; 3] = [Self::Pull, Self::Push, Self::Delete];

    /// The word of the token specification.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

/// Someone with a password.
#[derive(Clone)]
pub struct User {
    name: String,
    password: String,
    actions: BTreeSet<Action>,
}

impl User {
    /// A user who may do only these things.
    pub fn new(name: &str, password: &str, actions: impl IntoIterator<Item = Action>) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            actions: actions.into_iter().collect(),
        }
    }

    /// A user who may do everything.
    pub fn owner(name: &str, password: &str) -> Self {
        Self::new(name, password, Action::ALL)
    }

    /// The user's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the user may do this.
    pub fn may(&self, action: Action) -> bool {
        self.actions.contains(&action)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("actions", &self.actions)
            .finish_non_exhaustive()
    }
}

/// The users of a registry and the tokens it gave out.
#[derive(Default)]
pub(super) struct Auth {
    users: BTreeMap<String, User>,
    grants: BTreeMap<String, Grant>,
}

/// What a token allows.
struct Grant {
    user: Option<String>,
    /// Real time: a token belongs to the connection, not to the simulated world.
    expires: Timestamp,
    scopes: BTreeSet<(String, Action)>,
}

/// Tokens that are kept at most; older ones are forgotten first when they expire.
const MAX_GRANTS: usize = 10_000;

/// One thing that a request needs.
pub(super) type Need<'a> = (&'a str, Action);

impl Auth {
    pub(super) fn add(&mut self, user: User) {
        self.users.insert(user.name.clone(), user);
    }

    pub(super) fn revoke(&mut self) {
        self.grants.clear();
    }

    pub(super) fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// The user of this name and password.
    pub(super) fn log_in(&self, name: &str, password: &str) -> Option<&User> {
        self.users
            .get(name)
            .filter(|user| user.password == password)
    }

    fn grant(&mut self, grant: Grant, form: Tokens) -> String {
        let now = Timestamp::now();
        self.grants.retain(|_, grant| grant.expires > now);
        if self.grants.len() >= MAX_GRANTS {
            self.grants.clear();
        }
        let token = match form {
            Tokens::Opaque => random_token(),
            Tokens::Telling => telling(&grant),
        };
        self.grants.insert(token.clone(), grant);
        token
    }

    /// Who asks, if they may have all that is needed; else the answer that says what is missing.
    pub(super) fn admit(
        &self,
        access: Access,
        headers: &HeaderMap,
        needs: &[Need<'_>],
    ) -> Result<Option<String>, Box<Response>> {
        match access {
            Access::Open => Ok(basic(headers)
                .filter(|(name, password)| self.log_in(name, password).is_some())
                .map(|(name, _)| name)),
            Access::Basic => self.admit_basic(headers, needs),
            Access::Token { .. } => self.admit_token(headers, needs),
        }
    }

    fn admit_basic(
        &self,
        headers: &HeaderMap,
        needs: &[Need<'_>],
    ) -> Result<Option<String>, Box<Response>> {
        let user = basic(headers).and_then(|(name, password)| self.log_in(&name, &password));
        let Some(user) = user else {
            let basic = "Basic realm=\"simulated registry\"".to_owned();
            return Err(Box::new(challenge(basic)));
        };
        match needs.iter().find(|(_, action)| !user.may(*action)) {
            Some(_) => Err(Box::new(denied())),
            None => Ok(Some(user.name.clone())),
        }
    }

    fn admit_token(
        &self,
        headers: &HeaderMap,
        needs: &[Need<'_>],
    ) -> Result<Option<String>, Box<Response>> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let grant = token
            .and_then(|token| self.grants.get(token))
            .filter(|grant| grant.expires > Timestamp::now());
        let error = match (token, grant) {
            (None, _) => "",
            (Some(_), None) => ",error=\"invalid_token\"",
            (Some(_), Some(grant)) => {
                let held = |(name, action): &Need<'_>| {
                    grant.scopes.contains(&((*name).to_owned(), *action))
                };
                if needs.iter().all(held) {
                    return Ok(grant.user.clone());
                }
                ",error=\"insufficient_scope\""
            }
        };
        let host = host(headers);
        let scope = match scope_words(needs) {
            words if words.is_empty() => words,
            words => format!(",scope=\"{words}\""),
        };
        Err(Box::new(challenge(format!(
            "Bearer realm=\"http://{host}/token\",service=\"{SERVICE}\"{scope}{error}"
        ))))
    }
}

/// A token in the form of a JSON Web Token. Its signature is only random: who knows it is who was given it.
fn telling(grant: &Grant) -> String {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, action) in &grant.scopes {
        by_name.entry(name).or_default().push(action.word());
    }
    let access = by_name
        .into_iter()
        .map(|(name, actions)| json!({"type": "repository", "name": name, "actions": actions}));
    let claims = json!({
        "iss": SERVICE,
        "exp": grant.expires.as_second(),
        "access": access.collect::<Vec<_>>(),
    });
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"typ": "JWT", "alg": "none"}));
    format!("{head}.{}.{}", part(claims), random_token())
}

/// The service name of the token specification.
const SERVICE: &str = "simulated-registry";

/// `repository:a:pull,push repository:b:pull`
fn scope_words(needs: &[Need<'_>]) -> String {
    let mut by_name: BTreeMap<&str, BTreeSet<Action>> = BTreeMap::new();
    for (name, action) in needs {
        by_name.entry(name).or_default().insert(*action);
    }
    let words = by_name.into_iter().map(|(name, actions)| {
        let actions: Vec<_> = actions.into_iter().map(Action::word).collect();
        format!("repository:{name}:{}", actions.join(","))
    });
    words.collect::<Vec<_>>().join(" ")
}

fn challenge(value: String) -> Response {
    let body = error::body(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "authentication required",
        serde_json::Value::Null,
    );
    ([(WWW_AUTHENTICATE, value)], body).into_response()
}

pub(super) fn denied() -> Response {
    error::body(
        StatusCode::FORBIDDEN,
        "DENIED",
        "requested access to the resource is denied",
        serde_json::Value::Null,
    )
}

/// `GET /token?service=&scope=`: a token for what the user may have of what was asked.
pub(super) async fn token(
    State(registry): State<Registry>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut state = registry.state();
    let (ttl, anonymous_pull) = match state.behaviour.access {
        Access::Token {
            ttl,
            anonymous_pull,
        } => (ttl, anonymous_pull),
        Access::Open | Access::Basic => return StatusCode::NOT_FOUND.into_response(),
    };
    let user = match basic(&headers) {
        None => None,
        Some((name, password)) => {
            let Some(user) = state.auth.log_in(&name, &password) else {
                let details = json!({"details": "incorrect username or password"});
                return (StatusCode::UNAUTHORIZED, Json(details)).into_response();
            };
            Some(user.clone())
        }
    };
    let allowed = |action: Action| match &user {
        Some(user) => user.may(action),
        None => anonymous_pull && action == Action::Pull,
    };
    let query = parse_query(query.as_deref());
    let scopes = query
        .iter()
        .filter(|(key, _)| key == "scope")
        .flat_map(|(_, scopes)| scopes.split(' '))
        .filter_map(parse_scope)
        .flat_map(|(name, actions)| {
            actions
                .into_iter()
                .map(move |action| (name.clone(), action))
        })
        .filter(|(_, action)| allowed(*action))
        .take(100)
        .collect();
    let issued = Timestamp::now();
    let form = state.behaviour.tokens;
    let grant = Grant {
        user: user.map(|user| user.name),
        expires: later(issued, ttl),
        scopes,
    };
    let token = state.auth.grant(grant, form);
    Json(json!({
        "token": token,
        "access_token": token,
        "expires_in": ttl.as_secs(),
        "issued_at": issued.to_string(),
    }))
    .into_response()
}

/// `repository:acme/rocket:pull,push`; the name may hold colons, the action list may not.
fn parse_scope(text: &str) -> Option<(String, Vec<Action>)> {
    let (name, words) = text.strip_prefix("repository:")?.rsplit_once(':')?;
    let actions = words.split(',').flat_map(|word| {
        Action::ALL
            .into_iter()
            .filter(move |action| word == "*" || word == action.word())
    });
    Some((name.to_owned(), actions.collect()))
}

/// Name and password of an `Authorization: Basic` header.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The host that the client calls us by.
pub(super) fn host(headers: &HeaderMap) -> &str {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost")
}

/// `ttl` after `at`, or the end of time.
pub(super) fn later(at: Timestamp, ttl: Duration) -> Timestamp {
    at.checked_add(ttl).unwrap_or(Timestamp::MAX)
}

/// 40 random hexadecimal digits.
pub(in crate::sim) fn random_token() -> String {
    let mut bytes = [0_u8; 20];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("no randomness: the simulated token is guessable");
    }
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written() {
        assert_eq!(
            parse_scope("repository:a/b:pull,delete"),
            Some(("a/b".to_owned(), vec![Action::Pull, Action::Delete]))
        );
        assert_eq!(
            parse_scope("repository:a:*").map(|(_, all)| all.len()),
            Some(3)
        );
        assert_eq!(parse_scope("registry:catalog:*"), None);
        assert_eq!(
            scope_words(&[
                ("b", Action::Pull),
                ("a", Action::Push),
                ("a", Action::Pull)
            ]),
            "repository:a:pull,push repository:b:pull"
        );
    }
}
