//! The trusted root: built in at once, a verified cache where there is one, and TUF's newest word in the background.
//!
//! Whatever is refused on the way, the last good root stays in use.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sigstore_trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::Verifier;

use super::{Judge, TrustError, clip};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Recipe, TrustOrigin, TrustRoot};
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::{Timestamp, since};

mod staged;
mod tuf;

pub use tuf::TufRepository;

/// Largest trusted root that is read, bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// For so long nobody asks TUF again for a root that it confirmed.
const CONFIRMED: Duration = Duration::from_secs(24 * 60 * 60);
/// For so long nobody asks TUF again after it could not tell.
const TRIED: Duration = Duration::from_secs(60 * 60);

/// A trusted root that judges are made of. Cheap to make: nothing is read before its first use.
#[derive(Debug)]
pub struct Trust {
    source: Source,
    good: Mutex<Option<Good>>,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Given(String),
    Tuf {
        repository: TufRepository,
        cache: Option<PathBuf>,
        /// When it is looked at first: what a cache holds must not have ended by then.
        now: Timestamp,
    },
}

/// A root that can be used.
#[derive(Clone)]
pub(super) struct Good {
    pub(super) verifier: Arc<Verifier>,
    pub(super) root: TrustRoot,
}

impl std::fmt::Debug for Good {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.root.fmt(f)
    }
}

impl Trust {
    /// Trusts the public good instance of Sigstore: as it was when this program was built, or as the folder `cache`
    /// holds it, if that is verified and has not ended `now`.
    pub fn of_public_good(cache: Option<PathBuf>, now: Timestamp) -> Self {
        Self::of_repository(TufRepository::public_good(), cache, now)
    }

    /// Trusts what a TUF repository says, from the root that it begins with.
    pub fn of_repository(
        repository: TufRepository,
        cache: Option<PathBuf>,
        now: Timestamp,
    ) -> Self {
        Self::of(Source::Tuf {
            repository,
            cache,
            now,
        })
    }

    /// Trusts what this `trusted_root.json` holds.
    pub fn of_file(path: PathBuf) -> Self {
        Self::of(Source::File(path))
    }

    /// Trusts what the text of a `trusted_root.json` holds.
    pub fn of_json(json: String) -> Self {
        Self::of(Source::Given(json))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            good: Mutex::new(None),
        }
    }

    /// A judge by the root that is known now. Blocks at its first use, for milliseconds.
    pub fn judge(&self, recipe: Recipe) -> Result<Judge, TrustError> {
        Judge::by(self.good()?, recipe)
    }

    /// The root that is known now. Blocks at its first use, for milliseconds.
    pub fn root(&self) -> Result<TrustRoot, TrustError> {
        Ok(self.good()?.root)
    }

    /// Whether it is time to look for a newer root: TUF has not confirmed this one for a day, and was not tried within
    /// the hour. Never for a file. Blocks at its first use, for milliseconds.
    pub fn wants_refresh(&self, now: Timestamp) -> bool {
        let Source::Tuf { cache, .. } = &self.source else {
            return false;
        };
        let is_within =
            |at: Option<Timestamp>, span| at.is_some_and(|at| at <= now && since(at, now) <= span);
        let checked = self.root().ok().and_then(|root| root.checked_at);
        let tried = || cache.as_deref().and_then(tuf::tried);
        !is_within(checked, CONFIRMED) && !is_within(tried(), TRIED)
    }

    /// Looks for a newer root: by TUF, through this client; a file is read again. It takes at most a minute. What is
    /// refused changes nothing.
    pub async fn refresh(
        &self,
        http: &reqwest::Client,
        now: Timestamp,
    ) -> Result<TrustRoot, Failure> {
        let good = match &self.source {
            Source::Tuf {
                repository, cache, ..
            } => {
                let told = tuf::refresh(repository, cache.as_deref(), http, now);
                let refreshed = Box::pin(told).await;
                if let (Err(_), Some(cache)) = (&refreshed, cache) {
                    tuf::note_try(cache, now);
                }
                refreshed?
            }
            Source::File(_) | Source::Given(_) => self.load().map_err(|error| Failure {
                kind: FailureKind::Malformed,
                what: format!("{error}."),
                advice: "Write the file anew; the last good root stays in use.".to_owned(),
                retry_at: None,
            })?,
        };
        let root = good.root.clone();
        *self.lock() = Some(good);
        Ok(root)
    }

    fn good(&self) -> Result<Good, TrustError> {
        let mut known = self.lock();
        if let Some(good) = known.as_ref() {
            return Ok(good.clone());
        }
        let good = self.load()?;
        *known = Some(good.clone());
        Ok(good)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Good>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) -> Result<Good, TrustError> {
        match &self.source {
            Source::File(path) => {
                let json = read(path).map_err(|error| {
                    TrustError::Unread(path.display().to_string(), error.to_string())
                })?;
                Good::of(&json, TrustOrigin::File(path.display().to_string()))
            }
            Source::Given(json) => Good::of(json, TrustOrigin::Given),
            Source::Tuf {
                repository,
                cache,
                now,
            } => {
                if let Some(cache) = cache {
                    match tuf::cached(repository, cache, *now) {
                        Ok(Some(good)) => return Ok(good),
                        Ok(None) => {}
                        Err(failure) => tracing::warn!(
                            "{} The built-in trusted root is used instead.",
                            failure.what
                        ),
                    }
                }
                Good::of(&repository.built_in, TrustOrigin::BuiltIn)
            }
        }
    }
}

impl Good {
    /// The public good instance's root, as it was when this program was built.
    pub(super) fn built_in() -> Result<Self, TrustError> {
        Self::of(public_good(), TrustOrigin::BuiltIn)
    }

    /// The root that this text of a `trusted_root.json` is.
    pub(super) fn of(json: &str, origin: TrustOrigin) -> Result<Self, TrustError> {
        Ok(Self {
            verifier: Arc::new(verifier(json)?),
            root: TrustRoot {
                origin,
                digest: Digest::of(json.as_bytes()),
                checked_at: None,
                expires: None,
            },
        })
    }
}

/// The verifier that trusts what this text of a `trusted_root.json` holds.
fn verifier(json: &str) -> Result<Verifier, TrustError> {
    let unusable = |why: String| TrustError::Root(why);
    if json.trim().is_empty() {
        return Err(unusable("it is empty".to_owned()));
    }
    let root = TrustedRoot::from_json(json).map_err(|error| {
        let is_cut =
            serde_json::from_str::<serde::de::IgnoredAny>(json).is_err_and(|error| error.is_eof());
        unusable(if is_cut {
            "it ends too early".to_owned()
        } else {
            clip(&error.to_string())
        })
    })?;
    for (what, is_absent) in [
        (
            "certificate authority",
            root.certificate_authorities.is_empty(),
        ),
        ("transparency log", root.tlogs.is_empty()),
        ("log of certificates", root.ctlogs.is_empty()),
    ] {
        if is_absent {
            return Err(unusable(format!("it names no {what}")));
        }
    }
    Verifier::new(&root).map_err(|error| unusable(clip(&error.to_string())))
}

fn public_good() -> &'static str {
    SigstoreInstance::PublicGood.embedded_trusted_root_json()
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let mut file = std::fs::File::open(path)?.take(LARGEST + 1);
    if file.read_to_string(&mut text)? as u64 > LARGEST {
        return Err(std::io::Error::other("it is too large for a trusted root"));
    }
    Ok(text)
}
