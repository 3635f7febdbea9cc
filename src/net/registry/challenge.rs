//! What a registry asks for when it answers 401, and where a credential may be sent.

use std::net::IpAddr;

use url::{Host, Url};

/// A way to be let in, as `WWW-Authenticate` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A name and a password with every request.
    Basic,
    /// A token from a service of its own.
    Bearer {
        /// The token service, as written; see [`safe_realm`].
        realm: String,
        /// The name by which the token service knows the registry.
        service: Option<String>,
    },
}

/// Why a token service is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RealmError {
    /// It cannot be read.
    #[error("its address cannot be read")]
    NotAnAddress,
    /// Plain HTTP, though the registry itself is asked over TLS.
    #[error("it is asked without TLS")]
    NoTls,
    /// An address inside a private network, though the registry is outside of it.
    #[error("it lies in a private network and the registry does not")]
    Inside,
    /// A user name or password is part of the address.
    #[error("its address holds a user name")]
    UserInfo,
}

/// Reads the headers `WWW-Authenticate`; Bearer wins over Basic where both are offered.
pub fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for header in headers {
        for (scheme, params) in split(header) {
            let find = |name: &str| {
                params
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer") {
                if let Some(realm) = find("realm") {
                    return Some(Challenge::Bearer {
                        realm,
                        service: find("service"),
                    });
                }
            } else if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

type Params = Vec<(String, String)>;

/// Schemes with their parameters. A word followed by `=` is a parameter, any other word a scheme.
fn split(header: &str) -> Vec<(String, Params)> {
    let mut found: Vec<(String, Params)> = Vec::new();
    let mut chars = header.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        let mut word = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !matches!(c, ',' | '=')) {
            word.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next_if_eq(&'=').is_some() {
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
            let mut value = String::new();
            if chars.next_if_eq(&'"').is_some() {
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => value.extend(chars.next()),
                        c => value.push(c),
                    }
                }
            } else {
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != ',') {
                    value.push(c);
                }
            }
            if let Some((_, params)) = found.last_mut() {
                params.push((word, value));
            }
        } else if word.is_empty() {
            return found;
        } else {
            found.push((word, Params::new()));
        }
    }
}

/// The token service's address, if a credential may be sent there.
///
/// Plain HTTP is for registries that are themselves asked over plain HTTP, and an address inside a
/// private network for registries inside one: otherwise a registry could point a credential at a
/// service of its choice on the asker's side of the firewall.
pub fn safe_realm(realm: &str, registry: &Url) -> Result<Url, RealmError> {
    let url: Url = realm.parse().map_err(|_| RealmError::NotAnAddress)?;
    match url.scheme() {
        "https" => {}
        "http" if registry.scheme() == "http" => {}
        "http" => return Err(RealmError::NoTls),
        _ => return Err(RealmError::NotAnAddress),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RealmError::UserInfo);
    }
    if is_inside(&url) && !is_inside(registry) {
        return Err(RealmError::Inside);
    }
    Ok(url)
}

/// Whether an address names a host of a private network, as far as the text tells.
fn is_inside(url: &Url) -> bool {
    let ip: IpAddr = match url.host() {
        Some(Host::Ipv4(ip)) => ip.into(),
        Some(Host::Ipv6(ip)) => ip.to_canonical(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            return name == "localhost" || name.ends_with(".localhost");
        }
        None => return true,
    };
    match ip {
        IpAddr::V4(ip) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(header: &str) -> Option<Challenge> {
        parse(std::iter::once(header))
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = Challenge::Bearer {
            realm: "https://auth.docker.io/token".to_owned(),
            service: Some("registry.docker.io".to_owned()),
        };
        for header in [
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull""#,
            r#"bearer  realm = "https://auth.docker.io/token" , service=registry.docker.io, error="invalid_token""#,
            r#"Basic realm="x, y=z", Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#,
        ] {
            assert_eq!(one(header), Some(bearer.clone()), "{header}");
        }
        assert_eq!(one(r#"Basic realm="say \"a, b\"""#), Some(Challenge::Basic));
        assert_eq!(one("BASIC"), Some(Challenge::Basic));
        for header in [
            "",
            ",,",
            "=",
            "Negotiate",
            "Bearer",
            "Bearer scope=x",
            "\"",
            "a=\"b",
        ] {
            assert_eq!(one(header), None, "{header}");
        }
    }

    #[test]
    fn a_credential_is_sent_only_where_it_is_safe() {
        let public: Url = "https://registry.example.com".parse().unwrap();
        let local: Url = "http://127.0.0.1:5000".parse().unwrap();
        let inside: Url = "https://10.0.0.7".parse().unwrap();
        assert!(safe_realm("https://auth.example.net/token", &public).is_ok());
        assert!(safe_realm("http://127.0.0.1:5003/token", &local).is_ok());
        assert!(safe_realm("https://10.0.0.8/token", &inside).is_ok());
        for (realm, why) in [
            ("http://auth.example.com/token", RealmError::NoTls),
            ("https://127.0.0.1/token", RealmError::Inside),
            ("https://[::1]/token", RealmError::Inside),
            ("https://[::ffff:10.1.2.3]/token", RealmError::Inside),
            ("https://169.254.169.254/latest", RealmError::Inside),
            ("https://localhost/token", RealmError::Inside),
            ("https://a.localhost./token", RealmError::Inside),
            ("https://user:pw@auth.example.com/", RealmError::UserInfo),
            ("file:///etc/passwd", RealmError::NotAnAddress),
            ("/token", RealmError::NotAnAddress),
        ] {
            assert_eq!(safe_realm(realm, &public), Err(why), "{realm}");
        }
        assert_eq!(
            safe_realm("http://10.0.0.8/token", &inside),
            Err(RealmError::NoTls)
        );
    }
}
