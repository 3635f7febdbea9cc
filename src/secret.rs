//! Secrets, and where they come from: a type that cannot be printed and a way to ask late.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use http::HeaderValue;
use tokio::sync::Mutex;

/// A token or password: shown as `[secret]`, never serialised, wiped when dropped.
#[derive(Clone)]
pub struct Secret(zeroize::Zeroizing<String>);

/// Why a text cannot be a secret. The text itself is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// A line break or another control character: it would split a header.
    #[error("it holds a line break or another control character")]
    Control,
    /// Longer than 16 KiB.
    #[error("it is longer than 16 KiB")]
    TooLong,
    /// Characters that a header cannot carry.
    #[error("it holds characters that a header cannot carry")]
    Header,
}

impl Secret {
    /// Takes a text as it comes out of a file, a variable or a command: white space around it goes.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.is_empty() {
            Err(SecretError::Empty)
        } else if text.len() > 16 * 1024 {
            Err(SecretError::TooLong)
        } else if text.chars().any(char::is_control) {
            Err(SecretError::Control)
        } else {
            Ok(Self(text.to_owned().into()))
        }
    }

    /// The text itself. Called only where it is sent.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value of an `Authorization` header, `SCHEME SECRET`, marked so that logs leave it out.
    pub fn to_header(&self, scheme: &str) -> Result<HeaderValue, SecretError> {
        sensitive(&zeroize::Zeroizing::new(format!(
            "{scheme} {}",
            self.expose()
        )))
    }

    /// The value of a basic `Authorization` header for this password.
    pub fn to_basic_header(&self, username: &str) -> Result<HeaderValue, SecretError> {
        if username.contains(':') || username.chars().any(char::is_control) {
            return Err(SecretError::Header);
        }
        let pair = zeroize::Zeroizing::new(format!("{username}:{}", self.expose()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.as_bytes());
        sensitive(&zeroize::Zeroizing::new(format!("Basic {encoded}")))
    }
}

fn sensitive(text: &zeroize::Zeroizing<String>) -> Result<HeaderValue, SecretError> {
    // The type takes bytes beyond ASCII too, which servers read each in their own way.
    if !text.is_ascii() {
        return Err(SecretError::Header);
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| SecretError::Header)?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What a registry is asked with.
#[derive(Debug, Clone)]
pub enum Login {
    /// A name and a password or access token.
    Basic {
        /// The name.
        username: String,
        /// The password or access token.
        password: Secret,
    },
    /// A token that is exchanged for others (OAuth 2 refresh grant).
    IdentityToken(Secret),
}

/// A credential, or what to do to have one. A missing credential is a fact, not an error.
#[derive(Debug, Clone)]
pub enum Credential<T = Secret> {
    /// It was found.
    Present {
        /// The credential.
        value: T,
        /// Where it came from, as `the variable GH_TOKEN`: fit to be shown.
        from: String,
    },
    /// It was not found.
    Missing {
        /// One sentence: what is missing and how to get it.
        todo: String,
    },
}

impl<T> Credential<T> {
    /// The credential itself.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Present { value, .. } => Some(value),
            Self::Missing { .. } => None,
        }
    }
}

type Answer<T> = Pin<Box<dyn Future<Output = Credential<T>> + Send>>;

/// A credential that is looked up when it is first needed, once for all who ask.
///
/// Whoever asks while a look-up is under way waits for that one's answer; the answer is kept until
/// [`Provider::forget`].
pub struct Provider<T = Secret> {
    look_up: Arc<dyn Fn() -> Answer<T> + Send + Sync>,
    answer: Arc<Mutex<Option<Credential<T>>>>,
}

impl<T: Clone + Send + 'static> Provider<T> {
    /// A credential that this function looks up.
    pub fn new<F, Fut>(look_up: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Credential<T>> + Send + 'static,
    {
        Self {
            look_up: Arc::new(move || Box::pin(look_up())),
            answer: Arc::default(),
        }
    }

    /// A credential that is already known.
    pub fn fixed(credential: Credential<T>) -> Self
    where
        T: Sync,
    {
        Self::new(move || std::future::ready(credential.clone()))
    }

    /// The credential.
    pub async fn get(&self) -> Credential<T> {
        let mut answer = self.answer.lock().await;
        if let Some(known) = answer.as_ref() {
            return known.clone();
        }
        let found = (self.look_up)().await;
        *answer = Some(found.clone());
        found
    }

    /// Forgets the answer, so that the next who asks looks it up again: after a 401.
    pub async fn forget(&self) {
        *self.answer.lock().await = None;
    }
}

impl<T> Clone for Provider<T> {
    fn clone(&self) -> Self {
        Self {
            look_up: Arc::clone(&self.look_up),
            answer: Arc::clone(&self.answer),
        }
    }
}

impl<T> fmt::Debug for Provider<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_secret_is_trimmed_and_never_splits_a_header() {
        let secret = Secret::new(" tok\u{e9}n \n").unwrap();
        assert_eq!(secret.expose(), "tok\u{e9}n");
        assert_eq!(secret.to_header("Bearer"), Err(SecretError::Header));
        assert_eq!(Secret::new(" \n").unwrap_err(), SecretError::Empty);
        assert_eq!(
            Secret::new("a\nHost: evil").unwrap_err(),
            SecretError::Control
        );
        let long = "x".repeat(20_000);
        assert_eq!(Secret::new(&long).unwrap_err(), SecretError::TooLong);
    }

    #[test]
    fn headers_are_sensitive() {
        let secret = Secret::new("hunter2").unwrap();
        let bearer = secret.to_header("Bearer").unwrap();
        assert_eq!(bearer.to_str().unwrap(), "Bearer hunter2");
        assert!(!format!("{bearer:?}").contains("hunter2"));
        let basic = secret.to_basic_header("alice").unwrap();
        assert_eq!(basic.to_str().unwrap(), "Basic YWxpY2U6aHVudGVyMg==");
        assert!(basic.is_sensitive());
        assert!(secret.to_basic_header("a:b").is_err());
    }

    #[tokio::test]
    async fn a_provider_looks_up_once_until_told_to_forget() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let provider: Provider = Provider::new(move || {
            let counted = Arc::clone(&counted);
            async move {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Credential::Missing {
                    todo: "set TOKEN".to_owned(),
                }
            }
        });
        let (one, two) = tokio::join!(provider.get(), provider.get());
        assert!(one.value().is_none() && two.value().is_none());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        provider.forget().await;
        provider.get().await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
