//! Docker Hub's own API: when a tag was pushed and how large it is, which no registry tells.

use http::header::AUTHORIZATION;
use http::{Method, StatusCode};
use reqwest::Client as Http;
use tokio::sync::Mutex;
use url::Url;

use crate::domain::artifact::HubTag;
use crate::domain::fact::{Ask, Fact, Failure, FailureKind, Rate};
use crate::domain::policy::{ImageRepository, Tag};
use crate::domain::time::Timestamp;
use crate::net::registry::{Lost, Meter, said};
use crate::net::{Limits, address, body, failure};
use crate::secret::{Credential, Login, Provider};
use crate::sources::Answer;

mod login;
mod wire;

use login::Pass;

/// The service as it is called in sentences.
const SERVICE: &str = "Docker Hub's API";
/// Tags a page: the most it gives.
const TAGS_A_PAGE: &str = "100";
/// Pages that are read: the newest thousand tags.
const MOST_PAGES: u32 = 10;
/// Largest page that is read, bytes.
const LARGEST_PAGE: usize = 8 * 1024 * 1024;

/// A repository on Docker Hub and how to get at it.
#[derive(Debug, Clone)]
pub struct HubAccess {
    /// The image's repository.
    pub image: ImageRepository,
    /// Where requests go.
    pub api_url: Url,
    /// Name and password or access token, the same as for the registry.
    pub credentials: Provider<Login>,
}

/// Looks at one repository through Docker Hub's API.
#[derive(Debug)]
pub struct Client {
    http: Http,
    access: HubAccess,
    pass: Mutex<Option<Pass>>,
}

/// An answer, read to its end.
struct Reply {
    status: StatusCode,
    headers: http::HeaderMap,
    body: bytes::Bytes,
}

impl Client {
    /// A client for one image; `http` is [`crate::net::client`].
    pub fn new(http: Http, access: HubAccess) -> Self {
        Self {
            http,
            access,
            pass: Mutex::default(),
        }
    }

    /// Answers [`Ask::HubTags`], with the newest thousand tags.
    pub async fn look(&self, ask: &Ask, now: Timestamp) -> Answer {
        let mut meter = Meter::default();
        let outcome = match ask {
            Ask::HubTags(_) => self.tags(now, &mut meter).await.map(Fact::HubTags),
            _ => Err(failure::plain(
                FailureKind::Unexpected,
                "Docker Hub's API was asked what it cannot know.",
                "Please report this.",
            )),
        };
        Answer {
            outcome,
            cost: meter.cost,
            rate: meter.rate,
        }
    }

    async fn tags(&self, now: Timestamp, meter: &mut Meter) -> Result<Vec<HubTag>, Failure> {
        let mut tags = Vec::new();
        // The pages are counted here: the address of the next one that the answer holds is not followed.
        for page in 1..=MOST_PAGES {
            let url = self.tags_url(page)?;
            let reply = self.get(&url, now, meter).await?;
            if page > 1 && reply.status == StatusCode::NOT_FOUND {
                // The list grew shorter while it was read.
                break;
            }
            if reply.status != StatusCode::OK {
                return Err(self.refused(&reply, now));
            }
            let read = wire::tags(&reply.body)
                .map_err(|err| failure::json(SERVICE, "a list of tags", &err))?;
            tags.extend(read.tags);
            if !read.has_more {
                break;
            }
        }
        Ok(tags)
    }

    fn tags_url(&self, page: u32) -> Result<Url, Failure> {
        let mut url = self.api(&["v2", "namespaces"])?;
        let path = self.access.image.path();
        let (namespace, repository) = path.split_once('/').unwrap_or(("library", path));
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend([namespace, "repositories", repository, "tags"]);
        }
        url.query_pairs_mut()
            .append_pair("page", &page.to_string())
            .append_pair("page_size", TAGS_A_PAGE);
        Ok(url)
    }

    /// Sends a request about a tag once; where the pass has ended, which is told before anything is done, once more.
    ///
    /// Gives the status, and the failure that it is where it is no success. Which methods change something is for the
    /// door to know.
    pub async fn submit(
        &self,
        method: Method,
        tag: &Tag,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<(StatusCode, Failure), Lost> {
        let mut url = self.api(&["v2", "repositories"]).map_err(Lost::Unsent)?;
        let path = self.access.image.path();
        let (namespace, repository) = path.split_once('/').unwrap_or(("library", path));
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend([namespace, repository, "tags", tag.as_str(), ""]);
        }
        let pass = self.pass(now, meter).await.map_err(Lost::Unsent)?;
        let Some(pass) = pass else {
            let todo = match self.access.credentials.get().await {
                Credential::Missing { todo } => todo,
                Credential::Present { .. } => "Log in with a name and an access token.".to_owned(),
            };
            return Err(Lost::Unsent(failure::plain(
                FailureKind::NoCredential,
                format!("{SERVICE} changes nothing without a login."),
                todo,
            )));
        };
        let mut reply = self.send(method.clone(), &url, &pass, meter).await?;
        if reply.status == StatusCode::UNAUTHORIZED {
            self.give_up(&pass).await;
            if let Some(pass) = self.pass(now, meter).await.map_err(Lost::Unsent)? {
                reply = self.send(method, &url, &pass, meter).await?;
            }
        }
        Ok((reply.status, Self::refused_change(&reply, now)))
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        pass: &Pass,
        meter: &mut Meter,
    ) -> Result<Reply, Lost> {
        let request = self.http.request(method, url.clone());
        let request = request.timeout(Limits::default().whole);
        let sent = request.header(AUTHORIZATION, pass.header.clone());
        let sent = sent.send().await;
        let is_unsent = sent
            .as_ref()
            .is_err_and(|err| err.is_connect() || err.is_builder());
        let read = self.read(sent, LARGEST_PAGE, meter).await;
        read.map_err(|failure| {
            if is_unsent {
                Lost::Unsent(failure)
            } else {
                Lost::Sent(failure)
            }
        })
    }

    fn refused_change(reply: &Reply, now: Timestamp) -> Failure {
        let said = said::read(&reply.body);
        let base = failure::status(SERVICE, reply.status, &reply.headers, &said.message, now);
        // It wraps a refusal of the registry behind it into an error of its own.
        if reply.status == StatusCode::INTERNAL_SERVER_ERROR && said.lacks_right() {
            return Failure {
                kind: FailureKind::Forbidden,
                ..base
            };
        }
        base
    }

    /// An address below the API's root.
    fn api(&self, path: &[&str]) -> Result<Url, Failure> {
        address::below(&self.access.api_url, path).ok_or_else(|| {
            failure::plain(
                FailureKind::Unreachable,
                "The address of Docker Hub's API is not one of HTTP.",
                "Set the image's `hub_api_url`; `gonogo config show --origin` prints it.",
            )
        })
    }

    /// Asks with a pass where there is a credential; once more with a new one where it had ended.
    async fn get(&self, url: &Url, now: Timestamp, meter: &mut Meter) -> Result<Reply, Failure> {
        let pass = self.pass(now, meter).await?;
        let reply = self.once(url, pass.as_ref(), meter).await?;
        let Some(refused) = pass.filter(|_| reply.status == StatusCode::UNAUTHORIZED) else {
            return Ok(reply);
        };
        self.give_up(&refused).await;
        let pass = self.pass(now, meter).await?;
        self.once(url, pass.as_ref(), meter).await
    }

    async fn once(
        &self,
        url: &Url,
        pass: Option<&Pass>,
        meter: &mut Meter,
    ) -> Result<Reply, Failure> {
        let mut builder = self.http.get(url.clone()).timeout(Limits::default().whole);
        if let Some(pass) = pass {
            builder = builder.header(AUTHORIZATION, pass.header.clone());
        }
        self.read(builder.send().await, LARGEST_PAGE, meter).await
    }

    /// Counts an answer and reads it to its end.
    async fn read(
        &self,
        sent: Result<reqwest::Response, reqwest::Error>,
        limit: usize,
        meter: &mut Meter,
    ) -> Result<Reply, Failure> {
        let answer = match sent {
            Ok(answer) => answer,
            Err(err) => {
                meter.count(None, None);
                return Err(failure::transport(SERVICE, &err));
            }
        };
        meter.count(Some(answer.status()), rate(answer.headers()));
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = body::read(reqwest::Body::from(answer), limit).await;
        let body = if status.is_success() {
            body.map_err(|err| failure::unread(SERVICE, err))?
        } else {
            body.unwrap_or_default()
        };
        Ok(Reply {
            status,
            headers,
            body,
        })
    }

    fn refused(&self, reply: &Reply, now: Timestamp) -> Failure {
        let said = said::read(&reply.body);
        let base = failure::status(SERVICE, reply.status, &reply.headers, &said.message, now);
        match base.kind {
            FailureKind::NotFound => Failure {
                what: format!("{SERVICE} knows no repository {}.", self.access.image),
                advice: "Check the image's `repository`; a private one needs a credential that may read it."
                    .to_owned(),
                ..base
            },
            _ => base,
        }
    }
}

/// The budget of the API.
fn rate(headers: &http::HeaderMap) -> Option<Rate> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    Some(Rate {
        limit: text("x-ratelimit-limit")?.parse().ok()?,
        remaining: text("x-ratelimit-remaining")?.parse().ok()?,
        reset: text("x-ratelimit-reset").and_then(failure::unix_time),
    })
}
