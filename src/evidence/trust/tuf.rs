//! The Update Framework: what a repository of signed metadata says the trusted root is.
//!
//! Signatures, versions, ends and hashes are checked by `sigstore-tuf`, online and from the cache alike.

use std::borrow::Cow;
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use sigstore_trust_root::SigstoreInstance;
use sigstore_tuf::{Error, HttpRepository, MetadataStore as _, StoreRepository, Updater};

use super::staged::Staged;
use super::{Good, public_good};
use crate::domain::evidence::TrustOrigin;
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::Timestamp;

/// The file that is asked for.
const TARGET: &str = "trusted_root.json";
/// Where it is kept when the framework last confirmed what the folder holds.
const CHECKED: &str = "checked.json";
/// Where it is kept when the framework could last not tell.
const TRIED: &str = "tried.json";
/// How long a refresh may take as a whole.
const PATIENCE: Duration = Duration::from_secs(60);
/// What stays as it is after a failure.
const STAYS: &str = "The last good trusted root stays in use.";

/// A repository of trusted roots, and what is known of it before it is asked.
#[derive(Debug, Clone)]
pub struct TufRepository {
    /// Its address.
    pub url: String,
    /// The signed root of its keys, from which every later one must follow.
    pub root: Cow<'static, [u8]>,
    /// The `trusted_root.json` that holds until it is asked.
    pub built_in: Cow<'static, str>,
}

impl TufRepository {
    /// The public good instance's.
    pub fn public_good() -> Self {
        let instance = SigstoreInstance::PublicGood;
        Self {
            url: instance.tuf_url().to_owned(),
            root: Cow::Borrowed(instance.tuf_root()),
            built_in: Cow::Borrowed(public_good()),
        }
    }
}

/// When something was last done with the folder.
#[derive(Serialize, Deserialize)]
struct Done {
    at: Timestamp,
}

fn done(staged: &Staged, name: &str) -> Option<Timestamp> {
    let bytes = staged.load(name).ok()??;
    let done: Done = serde_json::from_slice(&bytes).ok()?;
    Some(done.at)
}

fn note(staged: &Staged, name: &str, at: Timestamp) {
    if let Ok(bytes) = serde_json::to_vec(&Done { at }) {
        let _ = staged.store(name, &bytes);
    }
}

/// When a refresh last failed.
pub(super) fn tried(folder: &Path) -> Option<Timestamp> {
    done(&Staged::over(Some(folder)), TRIED)
}

/// Notes that a refresh failed.
pub(super) fn note_try(folder: &Path, now: Timestamp) {
    let staged = Staged::over(Some(folder));
    note(&staged, TRIED, now);
    // Where it cannot be noted, it is only tried again sooner.
    let _ = staged.commit();
}

/// What the repository says now; kept in the folder `cache` once all of it holds.
pub(super) async fn refresh(
    repository: &TufRepository,
    cache: Option<&Path>,
    http: &reqwest::Client,
    now: Timestamp,
) -> Result<Good, Failure> {
    let staged = Staged::over(cache);
    let remote = HttpRepository::new(&repository.url)
        .map_err(|error| failure(&error))?
        .with_http_client(http.clone());
    let updater = Updater::new(remote, &repository.root)
        .map_err(|error| failure(&error))?
        .with_store(staged.clone());
    let told = tokio::time::timeout(PATIENCE, target(updater, now)).await;
    let (json, expires) = told
        .map_err(|_| {
            plain(
                FailureKind::Timeout,
                "did not answer in time",
                "It is asked again by itself.",
            )
        })?
        .map_err(|error| failure(&error))?;
    let good = good(&json, Some(now), expires)?;
    note(&staged, CHECKED, now);
    // Without a cache the next start begins with the built-in root, which is no reason not to use this one.
    if let Err(error) = staged.commit() {
        tracing::warn!("the trusted root could not be kept: {}", chain(&error));
    }
    Ok(good)
}

/// What the folder holds, verified as if it came from the repository; `None`: nothing.
///
/// What has ended since it was confirmed is verified as of that moment and says when it ended: the built-in root may
/// be older still, and may trust a key that was revoked in between.
pub(super) fn cached(
    repository: &TufRepository,
    folder: &Path,
    now: Timestamp,
) -> Result<Option<Good>, Failure> {
    let staged = Staged::over(Some(folder));
    if staged
        .load("timestamp.json")
        .map_err(|error| unusable(&error))?
        .is_none()
    {
        return Ok(None);
    }
    let checked_at = done(&staged, CHECKED).filter(|at| *at <= now);
    let as_of = |moment: Timestamp| {
        let staged = Staged::over(Some(folder));
        let updater = Updater::new(StoreRepository::new(staged.clone()), &repository.root)
            .map_err(|error| unusable(&error))?
            .with_store(staged);
        // Nothing is waited for on a disk, so the future is ready when it is first asked.
        let told = target(updater, moment).now_or_never();
        told.transpose().map_err(|error| unusable(&error))
    };
    let told = as_of(now).or_else(|failure| match checked_at {
        Some(at) => as_of(at).map_err(|_| failure),
        None => Err(failure),
    })?;
    let Some((json, expires)) = told else {
        return Ok(None);
    };
    good(&json, checked_at, expires).map(Some)
}

/// The trusted root that the signed metadata names, and the earliest end of what names it.
async fn target(
    mut updater: Updater,
    now: Timestamp,
) -> sigstore_tuf::Result<(Vec<u8>, Option<Timestamp>)> {
    updater.refresh(now).await?;
    let bytes = updater.get_target(TARGET, now).await?;
    let trusted = updater.trusted();
    let expires = [
        Some(trusted.root().expires),
        trusted.timestamp().map(|role| role.expires),
        trusted.snapshot().map(|role| role.expires),
        trusted.targets_role("targets").map(|role| role.expires),
    ]
    .into_iter()
    .flatten()
    .min();
    Ok((bytes, expires))
}

fn good(
    json: &[u8],
    checked_at: Option<Timestamp>,
    expires: Option<Timestamp>,
) -> Result<Good, Failure> {
    let refused = |why: &dyn std::fmt::Display| Failure {
        kind: FailureKind::Malformed,
        what: format!("What Sigstore's TUF repository names as the trusted root is none: {why}."),
        advice: STAYS.to_owned(),
        retry_at: None,
    };
    let json = std::str::from_utf8(json).map_err(|error| refused(&error))?;
    let mut good = Good::of(json, TrustOrigin::Tuf).map_err(|error| refused(&error))?;
    good.root.checked_at = checked_at;
    good.root.expires = expires;
    Ok(good)
}

/// Why what the repository answered does not count.
fn failure(error: &Error) -> Failure {
    let kind = kind(error);
    let (what, advice) = match error {
        Error::Transport { .. } => (
            format!("cannot be used ({})", chain(error)),
            "Check the network. It is asked again by itself.",
        ),
        Error::Expired { role, expires } => (
            format!("answers with {role} metadata that ended at {expires}, so it is not used"),
            "Check this machine's clock: with a right one, something holds back what is newer.",
        ),
        Error::Rollback { role, trusted, new } => (
            format!(
                "answers with {role} metadata of version {new}, and version {trusted} was seen before; it is not used"
            ),
            "Something gives out old metadata: check what stands between here and there.",
        ),
        Error::ThresholdNotMet { role, .. } => (
            format!(
                "answers with {role} metadata that is not signed by its own keys; it is not used"
            ),
            "Something else answers in its place: check what stands between here and there.",
        ),
        Error::IntegrityMismatch(_) => (
            format!(
                "answers with bytes that are not those it signed ({}); they are not used",
                chain(error)
            ),
            "It is asked again by itself.",
        ),
        _ => (
            format!("answers with something that is not used: {}", chain(error)),
            "It is asked again by itself.",
        ),
    };
    plain(kind, &what, advice)
}

/// Why what the folder holds does not count.
fn unusable(error: &Error) -> Failure {
    Failure {
        kind: kind(error),
        what: format!("The kept trusted root is not used: {}.", chain(error)),
        advice: "It is fetched anew by itself.".to_owned(),
        retry_at: None,
    }
}

fn kind(error: &Error) -> FailureKind {
    match error {
        Error::Transport { source, .. } => {
            let is_timeout = source
                .as_ref()
                .and_then(|source| source.downcast_ref::<reqwest::Error>())
                .is_some_and(reqwest::Error::is_timeout);
            if is_timeout {
                FailureKind::Timeout
            } else {
                FailureKind::Unreachable
            }
        }
        Error::IntegrityMismatch(_) => FailureKind::WrongDigest,
        _ => FailureKind::Malformed,
    }
}

fn plain(kind: FailureKind, what: &str, advice: &str) -> Failure {
    Failure {
        kind,
        what: format!("Sigstore's TUF repository {what}."),
        advice: format!("{advice} {STAYS}"),
        retry_at: None,
    }
}

/// An error with its causes, shortened.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    super::clip(&shown)
}
