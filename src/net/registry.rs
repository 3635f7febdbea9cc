//! The registry core: one repository of one OCI registry, as bytes with a media type.
//!
//! Nothing is parsed and written back, nothing is retried but a 401 with a token that may have ended, and no
//! request leaves the registry's own origin with a credential. Of what may be asked only reading is named here: who
//! may change something asks through [`Registry::submit`].

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::address::{self, Next};
use super::{Limits, failure};
use crate::domain::digest::Digest;
use crate::domain::fact::{Cost, Failure, FailureKind, Rate};
use crate::domain::policy::{ImageRepository, Tag};
use crate::domain::time::Timestamp;
use crate::secret::{Login, Provider};

pub mod challenge;
mod entry;
mod exchange;
mod referrers;
pub mod said;
mod submit;
pub mod token;

pub use exchange::{Lost, Payload};
use exchange::{Reply, Request};
pub use referrers::ReferrersPage;
pub use submit::{Submission, Submitted};
use token::{Entrances, Scope};

/// Largest manifest or configuration that is read, bytes.
pub const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;
/// Largest page of a listing that is read, bytes.
const LARGEST_PAGE: usize = 4 * 1024 * 1024;
/// Tags asked for a page: what the reference server allows at most.
const TAGS_A_PAGE: usize = 1000;

/// All manifest types that are asked for.
///
/// With fewer, a registry may answer with one platform's manifest, or with one that it made up.
const MANIFEST_TYPES: ManifestTypes = ManifestTypes(
    "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json",
);

/// Media types as the header `Accept` lists them.
struct ManifestTypes(&'static str);

impl ManifestTypes {
    fn contains(&self, media_type: &str) -> bool {
        self.0.split(", ").any(|known| known == media_type)
    }
}

/// A repository and how to get at it.
#[derive(Debug, Clone)]
pub struct RegistryAccess {
    /// The image's repository, which also says whose rules hold.
    pub image: ImageRepository,
    /// Where requests go.
    pub registry_url: Url,
    /// Name and password, looked up when the registry first asks for them.
    pub credentials: Provider<Login>,
}

/// What the requests of one look cost, and the budget that the latest answer told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    /// The cost so far.
    pub cost: Cost,
    /// The latest word on the budget.
    pub rate: Option<Rate>,
}

impl Meter {
    /// Counts one request and reads the budget from its answer.
    pub fn count(&mut self, status: Option<StatusCode>, rate: Option<Rate>) {
        let charged = u32::from(status != Some(StatusCode::NOT_MODIFIED));
        self.cost += Cost {
            requests: 1,
            charged,
        };
        self.rate = rate.or(self.rate);
    }
}

/// How a manifest is named.
#[derive(Debug, Clone, Copy)]
pub enum Reference<'a> {
    /// By a tag, which may move.
    Tag(&'a Tag),
    /// By its content.
    Digest(&'a Digest),
}

impl Reference<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag.as_str(),
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

/// What a registry says of a manifest.
#[derive(Debug, Clone)]
pub struct Headed {
    /// Its digest.
    pub digest: Digest,
    /// The answer's `Content-Type`, without parameters; empty where there was none.
    pub media_type: String,
}

/// A manifest as the registry keeps it.
#[derive(Debug, Clone)]
pub struct RawManifest {
    /// The exact bytes.
    pub bytes: Bytes,
    /// Their digest, computed here.
    pub digest: Digest,
    /// The answer's `Content-Type`, without parameters; empty where there was none.
    pub media_type: String,
}

/// One page of tags.
#[derive(Debug)]
pub struct TagPage {
    /// The tags, in the registry's order.
    pub tags: Vec<String>,
    /// Where the next page is.
    pub next: Option<Url>,
    /// Whether the answer has the header of the reference server's interface.
    pub is_of_reference_server: bool,
}

/// One repository of one registry; its tokens are shared by all who look.
#[derive(Debug)]
pub struct Registry {
    http: Client,
    access: RegistryAccess,
    limits: Limits,
    entrances: Entrances,
    /// What looks ask for.
    scope: Scope,
}

impl Registry {
    /// A repository, asked through this client (which follows no redirect by itself).
    pub fn new(http: Client, access: RegistryAccess) -> Self {
        Self {
            http,
            scope: Scope::pull(access.image.path()),
            access,
            limits: Limits::default(),
            entrances: Entrances::default(),
        }
    }

    /// The same, where looks come in with the right to push too: who will push then needs one token for both.
    #[must_use]
    pub fn for_pushing(mut self) -> Self {
        self.scope = Scope::push(self.access.image.path());
        self
    }

    /// The same with other limits for each request.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The image's repository.
    pub fn image(&self) -> &ImageRepository {
        &self.access.image
    }

    /// The address below which the registry answers.
    pub fn url_of_all(&self) -> &Url {
        &self.access.registry_url
    }

    /// The registry as it is called in sentences.
    pub fn service(&self) -> &str {
        if self.access.image.is_docker_hub() {
            "Docker Hub"
        } else {
            self.access.image.registry()
        }
    }

    /// The digest that a reference resolves to, by the cheapest request; `None`: there is none.
    ///
    /// Where the registry does not say the digest, the manifest is read and hashed.
    pub async fn resolve(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<Digest>, Failure> {
        let headed = self.head(reference, now, meter).await?;
        Ok(headed.map(|headed| headed.digest))
    }

    /// What a registry says of a manifest without sending it; `None`: there is none.
    ///
    /// Where it does not say the digest, the manifest is read and hashed.
    pub async fn head(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<Headed>, Failure> {
        let url = self.url(&["manifests", reference.as_str()])?;
        let request = Request {
            method: Method::HEAD,
            url: &url,
            accept: Some(MANIFEST_TYPES.0),
            limit: 0,
            body: None,
        };
        let reply = self.send(&request, now, meter).await?;
        match reply.status {
            StatusCode::OK => match (self.announced(&reply.headers)?, reference) {
                (Some(digest), Reference::Digest(asked)) if digest != *asked => {
                    if digest.algorithm() == asked.algorithm() {
                        return Err(self.other_than(asked, "was asked for"));
                    }
                    self.hashed(reference, now, meter).await
                }
                (Some(digest), _) => Ok(Some(Headed {
                    digest,
                    media_type: media_type(&reply.headers),
                })),
                (None, _) => self.hashed(reference, now, meter).await,
            },
            StatusCode::NOT_FOUND if !is_page(&reply.headers) => Ok(None),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                self.hashed(reference, now, meter).await
            }
            _ => Err(self.refused(&reply, now)),
        }
    }

    async fn hashed(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<Headed>, Failure> {
        let found = self.manifest(reference, now, meter).await?;
        Ok(found.map(|raw| Headed {
            digest: raw.digest,
            media_type: raw.media_type,
        }))
    }

    /// A manifest's bytes, hashed; `None`: there is none.
    pub async fn manifest(
        &self,
        reference: Reference<'_>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<RawManifest>, Failure> {
        let url = self.url(&["manifests", reference.as_str()])?;
        let request = Request {
            method: Method::GET,
            url: &url,
            accept: Some(MANIFEST_TYPES.0),
            limit: LARGEST_MANIFEST,
            body: None,
        };
        let reply = self.send(&request, now, meter).await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND if !is_page(&reply.headers) => return Ok(None),
            _ => return Err(self.refused(&reply, now)),
        }
        let media_type = media_type(&reply.headers);
        let announced = self.announced(&reply.headers)?;
        let digest = match reference {
            Reference::Digest(asked) => {
                self.check(asked, &reply.body, "was asked for")?;
                asked.clone()
            }
            // Without a digest to hold it against, whatever stands in between could be hashed here.
            Reference::Tag(_) if announced.is_none() && !MANIFEST_TYPES.contains(&media_type) => {
                return Err(failure::malformed(self.service(), "a manifest"));
            }
            Reference::Tag(_) => Digest::of(&reply.body),
        };
        if let Some(announced) = announced {
            self.check(&announced, &reply.body, "was announced")?;
        }
        Ok(Some(RawManifest {
            media_type,
            bytes: reply.body,
            digest,
        }))
    }

    /// A blob of at most `limit` bytes, hashed.
    pub async fn blob(
        &self,
        digest: &Digest,
        limit: usize,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Bytes, Failure> {
        let url = self.url(&["blobs", digest.as_str()])?;
        let request = Request {
            method: Method::GET,
            url: &url,
            accept: None,
            limit,
            body: None,
        };
        let reply = self.send(&request, now, meter).await?;
        if reply.status != StatusCode::OK {
            return Err(self.refused(&reply, now));
        }
        self.check(digest, &reply.body, "was asked for")?;
        Ok(reply.body)
    }

    /// One page of tags: the first, or the one that the page before named.
    ///
    /// A repository that the registry does not know has no tags.
    pub async fn tags(
        &self,
        page: Option<&Url>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<TagPage, Failure> {
        #[derive(Deserialize)]
        struct Wire {
            tags: Option<Vec<String>>,
        }
        let url = match page {
            Some(page) => page.clone(),
            None => self.tags_url(None)?,
        };
        let request = Request {
            method: Method::GET,
            url: &url,
            accept: Some("application/json"),
            limit: LARGEST_PAGE,
            body: None,
        };
        let reply = self.send(&request, now, meter).await?;
        if reply.status == StatusCode::NOT_FOUND && said::read(&reply.body).is("NAME_UNKNOWN") {
            return Ok(TagPage {
                tags: Vec::new(),
                next: None,
                is_of_reference_server: false,
            });
        }
        if reply.status != StatusCode::OK {
            return Err(self.refused(&reply, now));
        }
        let wire: Wire = serde_json::from_slice(&reply.body)
            .map_err(|err| failure::json(self.service(), "a list of tags", &err))?;
        let next = match address::next(&url, &reply.headers) {
            Next::End => None,
            Next::Page(next) => Some(next),
            Next::Elsewhere => {
                return Err(failure::malformed(
                    self.service(),
                    "a next page of tags on its own address",
                ));
            }
        };
        let tags = wire.tags.unwrap_or_default();
        let next = match (next, tags.last()) {
            // A page that is exactly full and names no next one may have one all the same.
            (None, Some(last)) if tags.len() == TAGS_A_PAGE => Some(self.tags_url(Some(last))?),
            (next, _) => next,
        };
        Ok(TagPage {
            tags,
            next,
            is_of_reference_server: reply
                .headers
                .contains_key("docker-distribution-api-version"),
        })
    }

    /// A page of so many tags, where the registry heeds that.
    pub async fn first_tags(
        &self,
        count: usize,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<TagPage, Failure> {
        let url = self.paged(count, None)?;
        self.tags(Some(&url), now, meter).await
    }

    /// The address of the tags behind this one, else of the first.
    fn tags_url(&self, last: Option<&str>) -> Result<Url, Failure> {
        self.paged(TAGS_A_PAGE, last)
    }

    fn paged(&self, count: usize, last: Option<&str>) -> Result<Url, Failure> {
        let mut url = self.url(&["tags", "list"])?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("n", &count.to_string());
            if let Some(last) = last {
                query.append_pair("last", last);
            }
        }
        Ok(url)
    }

    /// The address of something in the repository.
    fn url(&self, rest: &[&str]) -> Result<Url, Failure> {
        let path: Vec<&str> = std::iter::once("v2")
            .chain(self.access.image.path().split('/'))
            .chain(rest.iter().copied())
            .collect();
        super::address::below(&self.access.registry_url, &path).ok_or_else(|| {
            failure::plain(
                FailureKind::Unreachable,
                format!(
                    "The registry's address for {} is not one of HTTP.",
                    self.image()
                ),
                "Set the image's `registry_url`; `gonogo config show --origin` prints it.",
            )
        })
    }

    /// The digest that the answer announces.
    fn announced(&self, headers: &HeaderMap) -> Result<Option<Digest>, Failure> {
        let Some(value) = headers.get("docker-content-digest") else {
            return Ok(None);
        };
        value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map(Some)
            .ok_or_else(|| {
                wrong_digest(&format!(
                    "{} announced a digest that is none, so the manifest is not used.",
                    self.service()
                ))
            })
    }

    fn check(&self, digest: &Digest, bytes: &[u8], how: &str) -> Result<(), Failure> {
        if digest.matches(bytes) {
            return Ok(());
        }
        Err(self.other_than(digest, how))
    }

    fn other_than(&self, digest: &Digest, how: &str) -> Failure {
        wrong_digest(&format!(
            "{} sent bytes of {} that are not those of {}, which {how}; they are not used.",
            self.service(),
            self.image(),
            digest.short()
        ))
    }

    /// The failure that an answer without success is.
    fn refused(&self, reply: &Reply, now: Timestamp) -> Failure {
        said::refusal(
            self.service(),
            self.image(),
            reply.status,
            &reply.headers,
            &reply.body,
            &reply.who,
            now,
        )
    }
}

fn wrong_digest(what: &str) -> Failure {
    failure::plain(
        FailureKind::WrongDigest,
        what,
        "Trust nothing that this registry says of the image until it is clear what stands between it and here.",
    )
}

/// Whether the answer is a page for people: a registry answers otherwise, even where it has nothing.
fn is_page(headers: &HeaderMap) -> bool {
    media_type(headers) == "text/html"
}

fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map(|text| text.trim().to_ascii_lowercase())
        .unwrap_or_default()
}
