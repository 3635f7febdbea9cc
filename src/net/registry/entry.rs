//! Being let in: the answer to a registry's challenge, with the credential that is configured.

use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use url::Url;

use super::token::{self, Known, Scope, Slot, Token};
use super::{Meter, Registry, Reply, challenge, failure};
use crate::domain::fact::{Failure, FailureKind};
use crate::domain::time::Timestamp;
use crate::secret::{Credential, Login, Secret};

/// Largest answer of a token service that is read, bytes.
const LARGEST_TOKEN: usize = 256 * 1024;

/// Who asks, as far as the registry was told.
#[derive(Debug, Clone, Default)]
pub(super) enum Who {
    /// The registry did not want to know.
    #[default]
    Unasked,
    /// Nobody: there is no credential to show.
    Anonymous {
        /// How to get one.
        todo: String,
    },
    /// The owner of a credential.
    Named {
        /// The name.
        username: String,
        /// Where the credential came from.
        from: String,
    },
}

/// A name and password that may be sent, and where they came from.
struct Password {
    username: String,
    secret: Secret,
    from: String,
}

impl Registry {
    /// Learns from a 401 how to be let in, and gets what that needs.
    pub(super) async fn answer(
        &self,
        slot: &mut Slot,
        reply: &Reply,
        scope: &Scope,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<(), Failure> {
        let values = reply.headers.get_all(WWW_AUTHENTICATE);
        let asked = challenge::parse(values.iter().filter_map(|value| value.to_str().ok()));
        match asked {
            None => Err(failure::plain(
                FailureKind::Unauthorized,
                format!("{} asks for a login and does not say how.", self.service()),
                "Check that `registry_url` is the registry itself.",
            )),
            Some(challenge::Challenge::Basic) => {
                if matches!(slot.known, Known::Basic(_)) {
                    // The password may have been changed since it was looked up.
                    self.access.credentials.forget().await;
                }
                let password = self.password().await.map_err(|todo| {
                    failure::plain(
                        FailureKind::NoCredential,
                        format!(
                            "{} shows {} to nobody without a login.",
                            self.service(),
                            self.image()
                        ),
                        todo,
                    )
                })?;
                let header = password
                    .secret
                    .to_basic_header(&password.username)
                    .map_err(|err| self.unusable(&err.to_string()))?;
                slot.set(Known::Basic(header), password.who());
                Ok(())
            }
            Some(challenge::Challenge::Bearer { realm, service }) => {
                let realm =
                    challenge::safe_realm(&realm, &self.access.registry_url).map_err(|err| {
                        failure::plain(
                            FailureKind::Malformed,
                            format!(
                                "{} names a token service that is not safe to ask: {err}. No credential was sent.",
                                self.service()
                            ),
                            "Check that `registry_url` is the registry itself.",
                        )
                    })?;
                self.get_token(slot, realm, service, scope, now, meter)
                    .await
            }
        }
    }

    /// Gets in as at another entrance of this registry, where that is known.
    pub(super) async fn enter_as_elsewhere(
        &self,
        slot: &mut Slot,
        scope: &Scope,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<(), Failure> {
        match self.entrances.way() {
            Known::Bearer { realm, service, .. } => {
                self.get_token(slot, realm, service, scope, now, meter)
                    .await
            }
            Known::Basic(header) => {
                if let Ok(password) = self.password().await {
                    slot.set(Known::Basic(header), password.who());
                }
                Ok(())
            }
            Known::Open | Known::Unasked => Ok(()),
        }
    }

    /// Gets a new token where the old one has ended.
    pub(super) async fn renew(
        &self,
        slot: &mut Slot,
        scope: &Scope,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<(), Failure> {
        match slot.known.clone() {
            Known::Bearer { realm, service, .. } => {
                self.get_token(slot, realm, service, scope, now, meter)
                    .await
            }
            Known::Unasked | Known::Open | Known::Basic(_) => Ok(()),
        }
    }

    async fn get_token(
        &self,
        slot: &mut Slot,
        realm: Url,
        service: Option<String>,
        scope: &Scope,
        now: Timestamp,
        meter: &mut Meter,
    ) -> Result<(), Failure> {
        let url = token::question(&realm, service.as_deref(), scope);
        let mut builder = self.http.get(url).timeout(self.limits.whole);
        let who = match self.password().await {
            Ok(password) => {
                let header = password
                    .secret
                    .to_basic_header(&password.username)
                    .map_err(|err| self.unusable(&err.to_string()))?;
                builder = builder.header(AUTHORIZATION, header);
                password.who()
            }
            Err(todo) => Who::Anonymous { todo },
        };
        let answer = self.counted(builder.send().await, meter)?;
        let reply = self.read(answer, LARGEST_TOKEN, who).await?;
        if reply.status != StatusCode::OK {
            if matches!(
                reply.status,
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            ) {
                self.access.credentials.forget().await;
            }
            return Err(self.refused(&reply, now));
        }
        let token: Token = token::read(&reply.body, now).map_err(|what| {
            failure::plain(
                FailureKind::Malformed,
                format!(
                    "The answer of the token service of {} {what}.",
                    self.service()
                ),
                "If it lasts: check that `registry_url` is the registry itself.",
            )
        })?;
        slot.set(
            Known::Bearer {
                realm,
                service,
                token,
            },
            reply.who,
        );
        Ok(())
    }

    /// The password to show; else how to get one.
    async fn password(&self) -> Result<Password, String> {
        match self.access.credentials.get().await {
            Credential::Present {
                value: Login::Basic { username, password },
                from,
            } => Ok(Password {
                username,
                secret: password,
                from,
            }),
            Credential::Present {
                value: Login::IdentityToken(_),
                from,
            } => Err(format!(
                "The credential from {from} is an identity token, which cannot be used here: log in with a name and an access token."
            )),
            Credential::Missing { todo } => Err(todo),
        }
    }

    fn unusable(&self, why: &str) -> Failure {
        failure::plain(
            FailureKind::NoCredential,
            format!(
                "The credential for {} cannot be sent: {why}.",
                self.service()
            ),
            "Log in again, or correct the image's `credentials`.",
        )
    }
}

impl Password {
    fn who(&self) -> Who {
        Who::Named {
            username: self.username.clone(),
            from: self.from.clone(),
        }
    }
}
