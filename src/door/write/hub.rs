//! Docker Hub's own interface, for the one thing that its registry does not do: removing a tag.

use http::{Method, StatusCode};

use super::registry::{Removed, lost_of, settled};
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::policy::Tag;
use crate::domain::time::Timestamp;
use crate::door::Sent;
use crate::net::registry::Meter;
use crate::sources::hub::{Client, HubAccess};

/// The client.
#[derive(Debug)]
pub(in crate::door) struct Hub {
    client: Client,
}

impl Hub {
    /// A client; making one costs nothing.
    pub(in crate::door) fn new(http: reqwest::Client, access: HubAccess) -> Self {
        let client = Client::new(http, access);
        Self { client }
    }

    /// Removes a tag and nothing but the tag; whether it is gone is for the registry to say.
    pub(in crate::door) async fn remove(&self, tag: &Tag, now: Timestamp) -> Removed {
        let mut meter = Meter::default();
        let answer = self.client.submit(Method::DELETE, tag, now, &mut meter);
        let (status, failure) = match answer.await {
            Ok(answer) => answer,
            Err(lost) => return Removed::Else(lost_of(lost)),
        };
        let lacks_right = matches!(
            failure.kind,
            FailureKind::Unauthorized | FailureKind::Forbidden
        );
        match status {
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Removed::Gone,
            StatusCode::NOT_FOUND => Removed::Absent(failure),
            _ if lacks_right => Removed::Else(Sent::Refused(Failure {
                kind: FailureKind::Forbidden,
                what: format!("Docker Hub does not let this credential remove `{tag}`. {}", failure.what),
                advice: "It needs an access token with Read, Write, Delete (Account settings, Personal access tokens); \
                         nothing else is removed before it has one."
                    .to_owned(),
                retry_at: failure.retry_at,
            })),
            _ => Removed::Else(settled(
                status,
                Failure {
                    advice: match failure.retry_at {
                        Some(at) => format!("Nothing was removed. It takes requests again at {at}: resume then."),
                        None if status.is_client_error() => {
                            "Nothing was removed; see what Docker Hub says.".to_owned()
                        }
                        None => "It may be gone all the same: look before anything else.".to_owned(),
                    },
                    ..failure
                },
            )),
        }
    }
}
