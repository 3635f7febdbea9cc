//! Looking credentials up: late, bounded in time and size, and each for its own host only.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use saphyr_parser::{Event, Parser};
use tokio::io::AsyncReadExt as _;
use url::{Host, Url};

use super::{
    Environment, GithubAccess, ImageAccess, RegistryCredentials, RegistryRules, TokenSource, files,
};
use crate::secret::{Credential, Login, Provider, Secret};

/// How long a program or a credential helper may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of its output is read.
const MAX_OUTPUT: u64 = 64 * 1024;

/// The token for GitHub's API at the configured address.
pub(super) fn github_token(access: &GithubAccess, env: &Environment) -> Provider {
    let (access, env) = (access.clone(), env.clone());
    Provider::new(move || {
        let (access, env) = (access.clone(), env.clone());
        async move {
            match &access.token {
                TokenSource::Env(name) => from_variable(&env, name),
                TokenSource::Command(line) => from_program(&env, line, &[]).await,
                TokenSource::Keyring(service) => from_keyring(&env, service).await,
                TokenSource::Ambient => ambient(&access.api_url, &env).await,
            }
        }
    })
}

/// The login for an image's registry, at the address that requests go to.
pub(super) fn registry_login(image: &ImageAccess, env: &Environment) -> Provider<Login> {
    login(
        image.registry_url.clone(),
        image.credentials.clone(),
        env.clone(),
    )
}

/// The login for Docker Hub's own API; missing where Docker Hub's rules do not hold.
pub(super) fn hub_login(image: &ImageAccess, env: &Environment) -> Provider<Login> {
    match &image.rules {
        RegistryRules::DockerHub { hub_api_url } => {
            let standard = ImageAccess::standard(image.repository.clone());
            let one_moved =
                (image.registry_url == standard.registry_url) != (image.rules == standard.rules);
            if one_moved && matches!(image.credentials, RegistryCredentials::Env { .. }) {
                return Provider::fixed(missing(format!(
                    "the credentials of {} are for {}: give hub_api_url and registry_url together",
                    image.repository, image.registry_url
                )));
            }
            login(hub_api_url.clone(), image.credentials.clone(), env.clone())
        }
        RegistryRules::Oci => Provider::fixed(missing(format!(
            "{} is not on Docker Hub: its API is not asked",
            image.repository
        ))),
    }
}

fn missing<T>(todo: impl Into<String>) -> Credential<T> {
    Credential::Missing { todo: todo.into() }
}

fn secret(text: &str, from: String) -> Credential {
    match Secret::new(text) {
        Ok(value) => Credential::Present { value, from },
        Err(error) => missing(format!("{from} holds no token: {error}")),
    }
}

fn from_variable(env: &Environment, name: &str) -> Credential {
    match env.var(name) {
        Some(text) => secret(text, format!("the variable {name}")),
        None => missing(format!("the variable {name} is not set: set it to a token")),
    }
}

/// The name that gh knows an API's host by, where the address is one that a login can be for.
///
/// `https://api.github.com` is github.com, `https://HOST/api/v3` is an Enterprise server, and
/// `https://api.TENANT.ghe.com` is a tenant. Anything else (plain http, a port, another path) is a
/// server that no ambient token is for.
pub(super) fn gh_host(api_url: &Url) -> Option<String> {
    let Some(Host::Domain(host)) = api_url.host() else {
        return None;
    };
    if api_url.scheme() != "https" || api_url.port().is_some() {
        return None;
    }
    match (host.strip_prefix("api."), api_url.path()) {
        (Some("github.com"), "/" | "") => Some("github.com".to_owned()),
        (Some(tenant), "/" | "") if tenant.ends_with(".ghe.com") => Some(tenant.to_owned()),
        (_, "/api/v3") if host != "github.com" && host != "api.github.com" => Some(host.to_owned()),
        _ => None,
    }
}

/// The variables whose token is for this host.
///
/// `GH_ENTERPRISE_TOKEN` names no host; `GH_HOST` beside it does.
fn ambient_variables(host: &str, env: &Environment) -> &'static [&'static str] {
    let named = env
        .var("GH_HOST")
        .is_some_and(|name| name.eq_ignore_ascii_case(host));
    if host == "github.com" || (named && host.ends_with(".ghe.com")) {
        &["GH_TOKEN", "GITHUB_TOKEN"]
    } else if named {
        &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    } else {
        &[]
    }
}

async fn ambient(api_url: &Url, env: &Environment) -> Credential {
    let Some(host) = gh_host(api_url) else {
        return missing(format!(
            "no token was given for {}: write token = {{ env = \"NAME\" }} under [github]; GH_TOKEN and gh's login \
             are for GitHub's own host and are not sent there",
            api_url.host_str().unwrap_or("this server")
        ));
    };
    for name in ambient_variables(&host, env) {
        if let Some(text) = env.var(name) {
            return secret(text, format!("the variable {name}"));
        }
    }
    gh_login(&host, env).await
}

/// What `gh auth login` left for this host: in its file, or in the keyring that gh is asked for.
async fn gh_login(host: &str, env: &Environment) -> Credential {
    let file = env
        .config_folder_of("GH_CONFIG_DIR", "gh")
        .map(|folder| folder.join("hosts.yml"));
    let text = file.and_then(|file| files::read_if_there(&file).ok().flatten());
    match text.as_deref().map(|text| gh_entry(text, host)) {
        Some(GhEntry::Token(token)) => secret(&token, format!("gh's login at {host}")),
        Some(GhEntry::Elsewhere) => {
            let line = ["gh", "auth", "token", "--hostname", host].map(str::to_owned);
            // gh would answer with these, whatever host they are for.
            let hidden = [
                "GH_TOKEN",
                "GITHUB_TOKEN",
                "GH_ENTERPRISE_TOKEN",
                "GITHUB_ENTERPRISE_TOKEN",
            ];
            from_program(env, &line, &hidden).await
        }
        Some(GhEntry::None) | None => missing(format!(
            "no token for {host}: set {}, or run `gh auth login --hostname {host}`",
            if host == "github.com" {
                "GH_TOKEN"
            } else {
                "token under [github]"
            }
        )),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum GhEntry {
    Token(zeroize::Zeroizing<String>),
    /// The host is known, its token is in the keyring.
    Elsewhere,
    None,
}

/// The `oauth_token` of a host in gh's `hosts.yml`: `HOST: { oauth_token: …, … }`.
fn gh_entry(text: &str, host: &str) -> GhEntry {
    let mut entry = GhEntry::None;
    let mut depth = 0_usize;
    // Keys of the mappings that are open, and whether the next scalar is a key.
    let (mut at_host, mut at_token, mut key_is_next) = (false, false, false);
    for event in Parser::new_from_str(text) {
        let Ok((event, _)) = event else {
            return GhEntry::None;
        };
        match event {
            Event::MappingStart(..) => {
                depth += 1;
                key_is_next = true;
                if depth == 2 && at_host {
                    entry = GhEntry::Elsewhere;
                }
            }
            Event::SequenceStart(..) => {
                depth += 1;
                key_is_next = false;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                key_is_next = true;
                if depth == 1 {
                    at_host = false;
                }
            }
            Event::Scalar(value, ..) if key_is_next => {
                match depth {
                    1 => at_host = value.eq_ignore_ascii_case(host),
                    2 => at_token = value == "oauth_token",
                    _ => at_token = false,
                }
                key_is_next = false;
            }
            Event::Scalar(value, ..) => {
                if depth == 2 && at_host && at_token && !value.trim().is_empty() {
                    entry = GhEntry::Token(value.into_owned().into());
                }
                key_is_next = true;
            }
            _ => {}
        }
    }
    entry
}

/// The desktop's keyring, asked through the program that the system has for it: a library would
/// bring a message bus into the program for one look-up.
async fn from_keyring(env: &Environment, service: &str) -> Credential {
    let line = match std::env::consts::OS {
        "linux" | "freebsd" | "openbsd" | "netbsd" => {
            vec!["secret-tool", "lookup", "service", service]
        }
        "macos" => vec!["security", "find-generic-password", "-w", "-s", service],
        _ => {
            return missing(
                "there is no way to ask this system's keyring: use token = { command = \"…\" }",
            );
        }
    };
    let line: Vec<String> = line.into_iter().map(str::to_owned).collect();
    match from_program(env, &line, &[]).await {
        Credential::Present { value, .. } => Credential::Present {
            value,
            from: format!("the keyring's entry {service}"),
        },
        Credential::Missing { todo } => missing(format!("the keyring's entry {service}: {todo}")),
    }
}

/// The first line that a program prints.
///
/// It is run without a shell, from the user's home (a checkout cannot slip a program in), with
/// nothing to read, and is ended when its time is over. What it says on stderr is not repeated.
async fn from_program(env: &Environment, line: &[String], hidden: &[&str]) -> Credential {
    let Some((program, arguments)) = line.split_first() else {
        return missing("the command names no program");
    };
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(env.vars().filter(|(name, _)| !hidden.contains(name)))
        .env("GH_PROMPT_DISABLED", "1")
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(home) = env.home.as_ref().filter(|home| home.is_dir()) {
        command.current_dir(home);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return missing(format!("`{program}` cannot be run: {error}")),
    };
    let mut output = Vec::new();
    let run = async {
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MAX_OUTPUT).read_to_end(&mut output).await?;
        }
        child.wait().await
    };
    let status = match tokio::time::timeout(PATIENCE, run).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return missing(format!("`{program}` cannot be read: {error}")),
        Err(_) => {
            return missing(format!(
                "`{program}` gave no token within {} s: run it by hand to see why",
                PATIENCE.as_secs()
            ));
        }
    };
    if !status.success() {
        return missing(format!(
            "`{program}` gave no token ({status}): run it by hand to see why"
        ));
    }
    let output = zeroize::Zeroizing::new(output);
    match std::str::from_utf8(&output) {
        Ok(text) => secret(text, format!("the command `{program}`")),
        Err(_) => missing(format!("what `{program}` printed is no text")),
    }
}

fn login(url: Url, credentials: RegistryCredentials, env: Environment) -> Provider<Login> {
    Provider::new(move || {
        let (url, credentials, env) = (url.clone(), credentials.clone(), env.clone());
        async move {
            match credentials {
                RegistryCredentials::Anonymous => missing("the registry is asked without a login"),
                RegistryCredentials::Env { username, password } => {
                    env_login(&env, &username, &password)
                }
                RegistryCredentials::DockerConfig => docker_login(&url, &env).await,
            }
        }
    })
}

fn env_login(env: &Environment, username: &str, password: &str) -> Credential<Login> {
    let Some(user) = env.var(username) else {
        return missing(format!(
            "the variable {username} is not set: set it to the registry's user"
        ));
    };
    if user.contains(':') || user.chars().any(char::is_control) {
        return missing(format!("the variable {username} holds no user's name"));
    }
    match from_variable(env, password) {
        Credential::Present { value, from } => Credential::Present {
            value: Login::Basic {
                username: user.trim().to_owned(),
                password: value,
            },
            from,
        },
        Credential::Missing { todo } => Credential::Missing { todo },
    }
}

/// The name under which Docker keeps the login for an address.
///
/// Helpers match it to the letter, and Docker Hub's is its old address.
pub(super) fn docker_key(url: &Url) -> String {
    const DOCKER_HUB: &[&str] = &[
        "registry-1.docker.io",
        "index.docker.io",
        "docker.io",
        "hub.docker.com",
    ];
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        None if url.scheme() == "https" && DOCKER_HUB.contains(&host) => {
            "https://index.docker.io/v1/".to_owned()
        }
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Docker's file, then Podman's.
fn docker_files(env: &Environment) -> Vec<PathBuf> {
    let docker = env
        .var("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(env.home.as_ref()?.join(".docker")))
        .map(|folder| folder.join("config.json"));
    let podman = env
        .var("REGISTRY_AUTH_FILE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env.var("XDG_RUNTIME_DIR")?).join("containers/auth.json")));
    docker.into_iter().chain(podman).collect()
}

/// A helper is a program that is waited for without end, so it gets a thread of its own: one that
/// hangs is left behind, and the program can still end.
async fn docker_login(url: &Url, env: &Environment) -> Credential<Login> {
    let key = docker_key(url);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (asked, files) = (key.clone(), docker_files(env));
    let thread = std::thread::Builder::new()
        .name("docker-credential".to_owned())
        .spawn(move || sender.send(ask_docker(&files, &asked)));
    if let Err(error) = thread {
        return missing(format!("the registry's login cannot be looked up: {error}"));
    }
    let none = || {
        let command = match key.as_str() {
            "https://index.docker.io/v1/" => "docker login".to_owned(),
            host => format!("docker login {host}"),
        };
        format!("no login for {key}: run `{command}`; until then it is asked without")
    };
    match tokio::time::timeout(PATIENCE, receiver).await {
        Ok(Ok(Ok(Some((login, from))))) => Credential::Present { value: login, from },
        Ok(Ok(Err(reason))) => missing(format!("the login for {key} cannot be read: {reason}")),
        Ok(Ok(Ok(None)) | Err(_)) => missing(none()),
        Err(_) => missing(format!(
            "the credential helper for {key} gave no answer within {} s",
            PATIENCE.as_secs()
        )),
    }
}

/// The login under this key in the first of these files that has one.
fn ask_docker(files: &[PathBuf], key: &str) -> Result<Option<(Login, String)>, String> {
    for path in files {
        let Ok(Some(text)) = files::read_if_there(path) else {
            continue;
        };
        let text = zeroize::Zeroizing::new(text);
        let found = docker_credential::get_credential_from_reader(text.as_bytes(), key);
        let login = match found {
            Ok(DockerCredential::UsernamePassword(username, password)) => {
                let password = Secret::new(&password).map_err(|error| error.to_string())?;
                Login::Basic { username, password }
            }
            Ok(DockerCredential::IdentityToken(token)) => {
                Login::IdentityToken(Secret::new(&token).map_err(|error| error.to_string())?)
            }
            Err(
                CredentialRetrievalError::NoCredentialConfigured
                | CredentialRetrievalError::ConfigNotFound,
            ) => continue,
            // What a helper printed may hold the secret: only its name is told.
            Err(CredentialRetrievalError::HelperFailure { helper, stdout, .. }) => {
                if stdout.contains("credentials not found") {
                    continue;
                }
                return Err(format!("`{helper}` failed: run it by hand to see why"));
            }
            Err(error) => return Err(error.to_string()),
        };
        return Ok(Some((
            login,
            format!("Docker's login ({})", path.display()),
        )));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gh_keeps_a_token_in_its_file_or_elsewhere() {
        let text = "github.com:\n    users:\n        alice:\n            oauth_token: of-alice\n    \
                    git_protocol: https\n    user: alice\nghe.corp:\n    oauth_token: tok-corp\n    user: bob\n";
        assert_eq!(gh_entry(text, "github.com"), GhEntry::Elsewhere);
        assert_eq!(
            gh_entry(text, "ghe.corp"),
            GhEntry::Token("tok-corp".to_owned().into())
        );
        assert_eq!(gh_entry(text, "alice"), GhEntry::None);
        assert_eq!(gh_entry(text, "evil.example"), GhEntry::None);
        assert_eq!(gh_entry("oauth_token: x\n", "github.com"), GhEntry::None);
        assert_eq!(gh_entry("- [", "github.com"), GhEntry::None);
    }

    #[test]
    fn an_address_is_for_a_host_or_for_none() {
        let host = |url: &str| gh_host(&Url::parse(url).unwrap());
        for (url, expected) in [
            ("https://api.github.com", Some("github.com")),
            ("https://api.github.com/", Some("github.com")),
            ("https://ghe.corp/api/v3", Some("ghe.corp")),
            ("https://api.acme.ghe.com", Some("acme.ghe.com")),
            ("http://api.github.com", None),
            ("https://api.github.com:444", None),
            ("https://api.github.com.evil.example", None),
            ("https://github.com/api/v3", None),
            ("https://evil.example", None),
            ("http://127.0.0.1:8080", None),
            ("https://127.0.0.1/api/v3", None),
        ] {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn docker_keeps_a_login_by_the_host_that_is_asked() {
        let key = |url: &str| docker_key(&Url::parse(url).unwrap());
        assert_eq!(
            key("https://registry-1.docker.io"),
            "https://index.docker.io/v1/"
        );
        assert_eq!(key("https://hub.docker.com"), "https://index.docker.io/v1/");
        assert_eq!(key("http://127.0.0.1:5000"), "127.0.0.1:5000");
        assert_eq!(key("https://ghcr.io"), "ghcr.io");
        assert_eq!(
            key("https://registry-1.docker.io:8443"),
            "registry-1.docker.io:8443"
        );
        assert_eq!(key("http://registry-1.docker.io"), "registry-1.docker.io");
    }
}
