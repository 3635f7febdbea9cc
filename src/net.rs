//! The one HTTP stack: TLS provider, redirects, timeouts, budgets, token manager.
//!
//! A service's client builds its requests itself; what is the same for all of them is here: the
//! [`client`] with its limits, bounded bodies ([`body`]), the way from an error to a
//! [`Failure`](crate::domain::fact::Failure) ([`failure`]), addresses that a server hands out
//! ([`address`], [`redirect`]), and text that a server wrote ([`text`]).

use std::time::Duration;

pub mod address;
pub mod body;
pub mod failure;
mod proxy;
pub mod redirect;
pub mod registry;
pub mod text;
mod tls;

/// What every service is told about who asks.
pub const USER_AGENT: &str = concat!("gonogo/", env!("CARGO_PKG_VERSION"));

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// From the first byte sent to the last byte read of one answer of an interface.
    pub whole: Duration,
    /// The same for a file, such as a log.
    pub download: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            whole: Duration::from_secs(60),
            download: Duration::from_secs(300),
        }
    }
}

/// Makes the HTTP client: no redirect is followed by itself and no request is repeated.
///
/// It takes the proxies that the environment names, but never for this machine itself. It has
/// connection pools of its own, so one is made for each service and then cloned.
/// The machine's certificate store is read when a certificate is first to be checked, and a request fails where it
/// cannot be.
pub fn client(limits: &Limits) -> Result<reqwest::Client, reqwest::Error> {
    builder(limits, |name| std::env::var(name).ok()).build()
}

fn builder(
    limits: &Limits,
    environment: impl Fn(&str) -> Option<String>,
) -> reqwest::ClientBuilder {
    let plain = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect)
        .read_timeout(limits.read)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .no_proxy();
    let plain = match tls::config() {
        Ok(config) => plain.tls_backend_preconfigured(config),
        // Then the client sets TLS up by itself, and says why it cannot.
        Err(_) => plain,
    };
    proxy::proxies(environment)
        .into_iter()
        .fold(plain, reqwest::ClientBuilder::proxy)
}
