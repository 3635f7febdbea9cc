use std::path::Path;

use gonogo::config::{Config, Flags};
use gonogo::secret::{Credential, Login, Secret};

use super::Machine;
#[cfg(unix)]
use super::program;

const AMBIENT: &[(&str, &str)] = &[
    ("GH_TOKEN", "of-gh"),
    ("GITHUB_TOKEN", "of-github"),
    ("GH_ENTERPRISE_TOKEN", "of-enterprise"),
];

async fn token(machine: &Machine, vars: &[(&str, &str)]) -> Credential {
    let env = machine.env(vars);
    let config = Config::load(&env, &Flags::default()).unwrap();
    config.github_token(&env).get().await
}

fn exposed(credential: &Credential) -> Option<&str> {
    credential.value().map(Secret::expose)
}

fn todo<T>(credential: &Credential<T>) -> &str {
    match credential {
        Credential::Missing { todo } => todo,
        Credential::Present { from, .. } => panic!("there is one, from {from}"),
    }
}

#[tokio::test]
async fn a_token_goes_to_its_own_host_only() {
    let hosts =
        "github.com:\n    oauth_token: login-github\nghe.corp:\n    oauth_token: login-corp\n";
    let with_host: Vec<_> = AMBIENT
        .iter()
        .copied()
        .chain([("GH_HOST", "ghe.corp")])
        .collect();
    let other_host: Vec<_> = AMBIENT
        .iter()
        .copied()
        .chain([("GH_HOST", "other.corp")])
        .collect();
    let only_login: &[(&str, &str)] = &[];
    for (api_url, vars, expected) in [
        ("https://api.github.com", AMBIENT, Some("of-gh")),
        ("https://api.github.com", &AMBIENT[1..], Some("of-github")),
        ("https://api.github.com", only_login, Some("login-github")),
        (
            "https://api.github.com",
            &AMBIENT[2..],
            Some("login-github"),
        ),
        ("https://ghe.corp/api/v3", AMBIENT, Some("login-corp")),
        ("https://ghe.corp/api/v3", &with_host, Some("of-enterprise")),
        ("https://ghe.corp/api/v3", &other_host, Some("login-corp")),
        ("https://evil.corp/api/v3", AMBIENT, None),
        ("https://evil.corp/api/v3", &with_host, None),
        ("https://evil.example", AMBIENT, None),
        ("https://api.github.com.evil.example", AMBIENT, None),
        ("https://api.github.com:8443", AMBIENT, None),
        ("https://api.tenant.ghe.com", AMBIENT, None),
        ("http://127.0.0.1:9999", AMBIENT, None),
        ("http://api.github.localhost:9999", AMBIENT, None),
    ] {
        let machine = Machine::new();
        machine.write("home/.config/gh/hosts.yml", hosts);
        machine.user(&format!("[github]\napi_url = \"{api_url}\"\n"));
        let found = token(&machine, vars).await;
        assert_eq!(exposed(&found), expected, "{api_url} {vars:?}");
        if expected.is_none() {
            assert!(todo(&found).contains("token"), "{}", todo(&found));
        }
        // A token that is given for the address goes there.
        let given: Vec<_> = vars
            .iter()
            .copied()
            .chain([("GONOGO_GITHUB_TOKEN", "given")])
            .collect();
        assert_eq!(
            exposed(&token(&machine, &given).await),
            Some("given"),
            "{api_url}"
        );
    }
}

#[tokio::test]
async fn a_new_address_takes_the_token_of_the_old_one_away() {
    let machine = Machine::new();
    machine.user(
        "[github]\ntoken = { env = \"MINE\" }\n[profile.local.github]\napi_url = \"http://127.0.0.1:1\"\n\
         [[image]]\nrepository = \"acme/rocket\"\n\
         credentials = { username = { env = \"MINE\" }, password = { env = \"MINE\" } }\n",
    );
    let file = machine.write(
        "other.toml",
        "[github]\napi_url = \"https://other.example\"\n\
         [[image]]\nrepository = \"acme/rocket\"\nregistry_url = \"https://other.example\"\n",
    );
    let by_file = Flags {
        config: Some(file),
        ..Flags::default()
    };
    let by_profile = Flags {
        profile: Some("local".to_owned()),
        ..Flags::default()
    };
    let by_variable = [
        ("MINE", "mine"),
        ("GONOGO_GITHUB_API_URL", "https://other.example"),
    ];
    for (vars, flags, expected) in [
        (&by_variable[..1], Flags::default(), Some("mine")),
        (&by_variable[..1], by_file.clone(), None),
        (&by_variable[..1], by_profile, None),
        (&by_variable[..], Flags::default(), None),
    ] {
        let env = machine.env(vars);
        let config = Config::load(&env, &flags).unwrap();
        let found = config.github_token(&env).get().await;
        assert_eq!(exposed(&found), expected, "{flags:?}");
    }
    let env = machine.env(&by_variable[..1]);
    let config = Config::load(&env, &by_file).unwrap();
    let login = config.registry_login(&env, &config.images[0]).get().await;
    assert_eq!(basic(&login), None);
}

#[tokio::test]
async fn a_registrys_password_does_not_go_to_docker_hub() {
    let credentials = "credentials = { username = { env = \"U\" }, password = { env = \"U\" } }";
    for (urls, registry, hub) in [
        ("", true, true),
        ("registry_url = \"http://127.0.0.1:1\"", true, false),
        (
            "registry_url = \"http://127.0.0.1:1\"\nhub_api_url = \"http://127.0.0.1:2\"",
            true,
            true,
        ),
        ("hub_api_url = \"http://127.0.0.1:2\"", true, false),
    ] {
        let machine = Machine::new();
        machine.user(&format!(
            "[[image]]\nrepository = \"acme/rocket\"\n{credentials}\n{urls}\n"
        ));
        let env = machine.env(&[("U", "x")]);
        let config = Config::load(&env, &Flags::default()).unwrap();
        let image = &config.images[0];
        assert_eq!(
            config
                .registry_login(&env, image)
                .get()
                .await
                .value()
                .is_some(),
            registry,
            "{urls}"
        );
        assert_eq!(
            config.hub_login(&env, image).get().await.value().is_some(),
            hub,
            "{urls}"
        );
    }
}

#[tokio::test]
async fn a_missing_credential_is_a_sentence_and_no_error() {
    let machine = Machine::with_remote();
    assert!(todo(&token(&machine, &[]).await).contains("gh auth login"));
    machine.user("[github]\ntoken = { env = \"MY_TOKEN\" }\n");
    assert!(todo(&token(&machine, AMBIENT).await).contains("MY_TOKEN"));
    assert_eq!(
        exposed(&token(&machine, &[("MY_TOKEN", " mine\n")]).await),
        Some("mine")
    );
    let split = token(&machine, &[("MY_TOKEN", "mine\nX-Evil: 1")]).await;
    assert!(todo(&split).contains("line break"));
    assert!(!todo(&split).contains("X-Evil"));
    machine.user("[github]\ntoken = { command = \"no-such-program-here\" }\n");
    assert!(todo(&token(&machine, AMBIENT).await).contains("cannot be run"));
}

#[cfg(unix)]
mod programs {
    use super::*;

    fn path(machine: &Machine) -> String {
        format!("{}:/usr/bin:/bin", machine.path("bin").display())
    }

    async fn with_command(machine: &Machine, command: &str, vars: &[(&str, &str)]) -> Credential {
        machine.user(&format!(
            "[github]\ntoken = {{ command = '''{command}''' }}\n"
        ));
        let path = path(machine);
        let vars: Vec<_> = vars
            .iter()
            .copied()
            .chain([("PATH", path.as_str())])
            .collect();
        token(machine, &vars).await
    }

    #[tokio::test]
    async fn a_program_is_run_without_a_shell_and_bounded() {
        let machine = Machine::new();
        let bin = machine.path("bin");
        program(&bin, "give", "printf '%s' \"$*\"");
        program(
            &bin,
            "fail",
            "echo leaked-on-stdout; echo leaked-on-stderr >&2; exit 3",
        );
        program(&bin, "flood", "yes x");
        program(&bin, "where", "pwd");
        let run = |command: &'static str| with_command(&machine, command, &[]);

        let given = run("give 'a b' $(id) ; rm").await;
        assert_eq!(exposed(&given), Some("a b $(id) ; rm"));
        let failed = run("fail").await;
        assert!(
            todo(&failed).contains("exit status: 3"),
            "{}",
            todo(&failed)
        );
        assert!(!todo(&failed).contains("leaked"));
        assert!(
            run("flood").await.value().is_none(),
            "a flood is cut and refused"
        );
        let home = std::fs::canonicalize(machine.path("home")).unwrap();
        assert_eq!(
            exposed(&run("where").await).map(Path::new),
            Some(home.as_path())
        );
    }

    #[tokio::test]
    async fn nothing_is_run_until_the_token_is_needed_and_then_once() {
        let machine = Machine::new();
        let count = machine.path("count");
        program(
            &machine.path("bin"),
            "give",
            &format!("echo x >> {}; echo tok", count.display()),
        );
        machine.user("[github]\ntoken = { command = \"give\" }\n");
        let path = path(&machine);
        let env = machine.env(&[("PATH", path.as_str())]);
        let config = Config::load(&env, &Flags::default()).unwrap();
        let provider = config.github_token(&env);
        assert!(!count.exists(), "loading runs nothing");
        tokio::join!(provider.get(), provider.get());
        provider.get().await;
        assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 1);
    }

    #[tokio::test]
    async fn gh_is_asked_for_its_own_host_without_the_other_tokens() {
        let machine = Machine::new();
        program(
            &machine.path("bin"),
            "gh",
            "[ -z \"$GH_TOKEN$GITHUB_TOKEN$GH_ENTERPRISE_TOKEN$GITHUB_ENTERPRISE_TOKEN\" ] || { echo leak; exit 0; }\n\
             [ \"$*\" = 'auth token --hostname ghe.corp' ] && echo from-keyring",
        );
        machine.write("home/.config/gh/hosts.yml", "ghe.corp:\n    user: bob\n");
        machine.user("[github]\napi_url = \"https://ghe.corp/api/v3\"\n");
        let path = path(&machine);
        let vars: Vec<_> = AMBIENT
            .iter()
            .copied()
            .chain([("PATH", path.as_str())])
            .collect();
        assert_eq!(exposed(&token(&machine, &vars).await), Some("from-keyring"));
    }

    #[tokio::test]
    async fn the_keyring_is_asked_through_the_systems_program() {
        if std::env::consts::OS != "linux" {
            return;
        }
        let machine = Machine::new();
        machine.user("[github]\ntoken = { keyring = \"gonogo\" }\n");
        let path = path(&machine);
        let vars = [("PATH", path.as_str())];
        program(
            &machine.path("bin"),
            "secret-tool",
            "[ \"$*\" = 'lookup service gonogo' ] && printf from-keyring",
        );
        assert_eq!(exposed(&token(&machine, &vars).await), Some("from-keyring"));
        program(&machine.path("bin"), "secret-tool", "exit 1");
        assert!(todo(&token(&machine, &vars).await).contains("keyring's entry gonogo"));
    }
}

async fn login(machine: &Machine, vars: &[(&str, &str)]) -> Credential<Login> {
    let env = machine.env(vars);
    let config = Config::load(&env, &Flags::default()).unwrap();
    config.registry_login(&env, &config.images[0]).get().await
}

fn basic(credential: &Credential<Login>) -> Option<(&str, &str)> {
    match credential.value()? {
        Login::Basic { username, password } => Some((username, password.expose())),
        Login::IdentityToken(_) => None,
    }
}

#[tokio::test]
async fn dockers_login_goes_to_the_host_that_it_is_for() {
    let machine = Machine::new();
    machine.write(
        "home/.docker/config.json",
        // alice:hub-pass and bob:ghcr-pass
        r#"{"auths": {"https://index.docker.io/v1/": {"auth": "YWxpY2U6aHViLXBhc3M="}, "ghcr.io": {"auth": "Ym9iOmdoY3ItcGFzcw=="}}}"#,
    );
    for (image, expected) in [
        ("repository = \"acme/rocket\"", Some(("alice", "hub-pass"))),
        (
            "repository = \"ghcr.io/acme/rocket\"",
            Some(("bob", "ghcr-pass")),
        ),
        ("repository = \"quay.io/acme/rocket\"", None),
        // Requests go elsewhere, and Docker Hub's password does not.
        (
            "repository = \"acme/rocket\"\nregistry_url = \"http://127.0.0.1:5000\"",
            None,
        ),
        (
            "repository = \"acme/rocket\"\nregistry_url = \"https://evil.example\"",
            None,
        ),
        (
            "repository = \"acme/rocket\"\ncredentials = { docker_config = false }",
            None,
        ),
    ] {
        machine.user(&format!("[[image]]\n{image}\n"));
        let found = login(&machine, &[]).await;
        assert_eq!(basic(&found), expected, "{image}");
        if expected.is_none() {
            assert!(!todo(&found).is_empty());
        }
    }

    machine.user("[[image]]\nrepository = \"acme/rocket\"\nhub_api_url = \"http://127.0.0.1:1\"\n");
    let env = machine.env(&[]);
    let config = Config::load(&env, &Flags::default()).unwrap();
    let hub = config.hub_login(&env, &config.images[0]).get().await;
    assert_eq!(
        basic(&hub),
        None,
        "another hub_api_url gets no login of Docker Hub"
    );
}

#[tokio::test]
async fn a_registrys_login_can_be_two_variables() {
    let machine = Machine::new();
    machine.user(
        "[[image]]\nrepository = \"acme/rocket\"\ncredentials = { username = { env = \"U\" }, password = { env = \"P\" } }\n",
    );
    let found = login(&machine, &[("U", "carol"), ("P", "pass\n")]).await;
    assert_eq!(basic(&found), Some(("carol", "pass")));
    assert!(todo(&login(&machine, &[("U", "carol")]).await).contains("variable P"));
    assert!(todo(&login(&machine, &[("P", "pass")]).await).contains("variable U"));
}

#[test]
fn a_secret_does_not_leak() {
    const TEXT: &str = "s3cr3t-t0ken";
    let secret = Secret::new(TEXT).unwrap();
    let login = Login::Basic {
        username: "alice".to_owned(),
        password: secret.clone(),
    };
    let present = Credential::Present {
        value: secret.clone(),
        from: "the variable X".to_owned(),
    };
    let machine = Machine::new();
    let env = machine.env(&[("GH_TOKEN", TEXT), ("GONOGO_GITHUB_TOKEN", TEXT)]);
    let config = Config::load(&env, &Flags::default()).unwrap();
    let header = secret.to_header("Bearer").unwrap();
    for told in [
        format!("{secret} {secret:?} {secret:#?}"),
        format!("{login:?} {present:?} {present:#?}"),
        format!("{header:?} {:?}", secret.to_basic_header("alice")),
        format!("{env:?} {env:#?}"),
        format!("{config:?}"),
        format!("{:?}", config.rows()),
        format!("{:?}", config.github_token(&env)),
    ] {
        assert!(!told.contains(TEXT) && !told.contains("czNjcjN0"), "{told}");
    }
    let bad = Secret::new("s3cr3t-t0ken\nsecond").unwrap_err();
    assert!(!format!("{bad} {bad:?}").contains("s3cr3t"));
}
