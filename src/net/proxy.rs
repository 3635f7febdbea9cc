//! The proxies that the environment names, for everything but this machine itself.
//!
//! Left alone, the HTTP client would send even requests to loopback through a proxy, which cannot
//! reach a service on this machine and should not see what is asked of it.

use reqwest::{NoProxy, Proxy};

/// This machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The proxies that these variables name; one that cannot be read is left out, with a word in the log.
pub(super) fn proxies(variable: impl Fn(&str) -> Option<String>) -> Vec<Proxy> {
    let either = |name: &str| {
        variable(name)
            .or_else(|| variable(&name.to_ascii_lowercase()))
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    let direct = match either("NO_PROXY") {
        Some(hosts) => format!("{LOOPBACK},{hosts}"),
        None => LOOPBACK.to_owned(),
    };
    let all = either("ALL_PROXY");
    let of = |name: &str| either(name).or_else(|| all.clone());
    [
        of("HTTP_PROXY").map(Proxy::http),
        of("HTTPS_PROXY").map(Proxy::https),
    ]
    .into_iter()
    .flatten()
    .filter_map(|proxy| {
        // Its address may hold a password, so the error is not told.
        proxy
            .inspect_err(|_| tracing::warn!("a proxy variable of the environment is no address"))
            .ok()
    })
    .map(|proxy| proxy.no_proxy(NoProxy::from_string(&direct)))
    .collect()
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers every request with its name and a blank; returns its address.
    async fn server(name: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{name}",
                    name.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_proxy_is_used_for_others_and_not_for_this_machine() {
        let (proxy, here) = (server("proxy").await, server("here").await);
        for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            let environment = |name: &str| match name {
                _ if name == variable => Some(proxy.clone()),
                "NO_PROXY" => Some("direct.invalid".to_owned()),
                _ => None,
            };
            let http = crate::net::builder(&crate::net::Limits::default(), environment)
                .build()
                .unwrap();
            let ask = async |url: &str| http.get(url).send().await?.text().await;
            assert_eq!(ask(&here).await.unwrap(), "here", "{variable}");
            let other = ask("http://elsewhere.invalid/").await;
            assert_eq!(other.unwrap(), "proxy", "{variable}");
            assert!(ask("http://direct.invalid/").await.is_err(), "{variable}");
        }
    }

    #[test]
    fn what_is_no_address_is_left_out() {
        assert!(proxies(|_| None).is_empty());
        assert!(proxies(|_| Some("  ".to_owned())).is_empty());
        assert!(proxies(|_| Some("http://[".to_owned())).is_empty());
    }
}
