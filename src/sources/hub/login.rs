//! The login to Docker Hub's API: one of the few requests here that are a POST, and it changes nothing.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::{Client, SERVICE};
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::{Timestamp, after};
use crate::net::registry::Meter;
use crate::net::text::clean;
use crate::net::{Limits, failure};
use crate::secret::{Credential, Login, Secret};

/// A pass is good for ten minutes; it is renewed before that.
const LIFE: Duration = Duration::from_secs(9 * 60);
/// Largest answer that is read, bytes.
const LARGEST: usize = 256 * 1024;

/// What lets requests in, for a while.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) header: HeaderValue,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Wire {
    access_token: Option<String>,
}

impl Client {
    /// The pass of the configured credential; `None` where there is none: public tags need none.
    ///
    /// Whoever asks while a login is under way waits for it.
    pub(super) async fn pass(
        &self,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Option<Pass>, Failure> {
        let mut slot = self.pass.lock().await;
        if let Some(pass) = slot.as_ref().filter(|pass| now < pass.until) {
            return Ok(Some(pass.clone()));
        }
        let Credential::Present {
            value: Login::Basic { username, password },
            from,
        } = self.access.credentials.get().await
        else {
            return Ok(None);
        };
        let pass = self.log_in(&username, &password, &from, now, meter).await?;
        *slot = Some(pass.clone());
        Ok(Some(pass))
    }

    /// Gives up a pass that was refused, unless somebody has a new one already.
    pub(super) async fn give_up(&self, refused: &Pass) {
        let mut slot = self.pass.lock().await;
        if slot
            .as_ref()
            .is_some_and(|pass| pass.header == refused.header)
        {
            *slot = None;
        }
    }

    async fn log_in(
        &self,
        username: &str,
        password: &Secret,
        from: &str,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<Pass, Failure> {
        let url = self.api(&["v2", "auth", "token"])?;
        let body = serde_json::json!({ "identifier": username, "secret": password.expose() });
        let request = self.http.post(url).timeout(Limits::default().whole);
        let sent = request.json(&body).send().await;
        let reply = self.read(sent, LARGEST, meter).await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
                self.access.credentials.forget().await;
                return Err(failure::plain(
                    FailureKind::Unauthorized,
                    format!("{SERVICE} refused the credential of {}.", clean(username)),
                    format!(
                        "It came from {}: check that it has not ended, or make a new access token.",
                        clean(from)
                    ),
                ));
            }
            _ => return Err(self.refused(&reply, now)),
        }
        let wire: Wire = serde_json::from_slice(&reply.body)
            .map_err(|err| failure::json(SERVICE, "a login in JSON", &err))?;
        wire.access_token
            .and_then(|token| Secret::new(&token).ok())
            .and_then(|token| token.to_header("Bearer").ok())
            .map(|header| Pass {
                header,
                until: after(now, LIFE),
            })
            .ok_or_else(|| failure::malformed(SERVICE, "a login"))
    }
}
