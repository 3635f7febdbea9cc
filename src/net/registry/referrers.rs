//! What refers to a manifest: the list that a registry with the referrers API keeps.

use bytes::Bytes;
use http::{Method, StatusCode};
use url::Url;

use super::exchange::Request;
use super::{LARGEST_PAGE, Meter, Registry, media_type};
use crate::domain::digest::Digest;
use crate::domain::fact::Failure;
use crate::domain::time::Timestamp;
use crate::net::address::{self, Next};
use crate::net::failure;

/// The type of the list.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// One page of what refers to a manifest.
#[derive(Debug)]
pub struct ReferrersPage {
    /// An image index, as it came.
    pub index: Bytes,
    /// What comes after it.
    pub next: Next,
}

impl Registry {
    /// One page of what refers to `subject`: the first, or the one that the page before named.
    ///
    /// `None`: this registry has no such list, and the tag that stands in for it must be looked at.
    pub async fn referrers(
        &self,
        subject: &Digest,
        page: Option<&Url>,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<ReferrersPage>, Failure> {
        let url = match page {
            Some(page) => page.clone(),
            None => self.url(&["referrers", subject.as_str()])?,
        };
        let request = Request {
            method: Method::GET,
            url: &url,
            accept: Some(INDEX),
            limit: LARGEST_PAGE,
            body: None,
        };
        let reply = self.send(&request, now, meter).await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED => {
                return Ok(None);
            }
            _ => return Err(self.refused(&reply, now)),
        }
        let sent = media_type(&reply.headers);
        if sent != INDEX && sent != "application/json" {
            return Err(failure::malformed(self.service(), "a list of referrers"));
        }
        let next = address::next(&url, &reply.headers);
        Ok(Some(ReferrersPage {
            index: reply.body,
            next,
        }))
    }
}
