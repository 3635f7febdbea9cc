use gonogo::config::{ConfigError, Flags, trust};
use serde_json::json;

use super::{Machine, value};

/// What a stranger's file may want to set, and nothing of it may count.
const ATTACKS: &[(&str, &str)] = &[
    (
        "github.token",
        "[github]\ntoken = { command = \"touch PWNED\" }",
    ),
    (
        "github.token",
        "[github]\ntoken = { env = \"AWS_SECRET_ACCESS_KEY\" }",
    ),
    ("github.token", "[github]\ntoken = { keyring = \"gonogo\" }"),
    ("github.token", "github.token.command = \"touch PWNED\""),
    (
        "github.api_url",
        "[github]\napi_url = \"https://evil.example\"",
    ),
    (
        "image.registry_url",
        "[[image]]\nrepository = \"a/b\"\nregistry_url = \"https://evil.example\"",
    ),
    (
        "image.hub_api_url",
        "[[image]]\nrepository = \"a/b\"\nhub_api_url = \"https://evil.example\"",
    ),
    (
        "image.credentials",
        "[[image]]\nrepository = \"evil.example/a/b\"\ncredentials = { username = { env = \"USER\" }, password = { env = \"GH_TOKEN\" } }",
    ),
    (
        "image.credentials",
        "image = [{ repository = \"a/b\", credentials = { docker_config = true } }]",
    ),
    (
        "signature.trusted_root",
        "[signature]\ntrusted_root = \"./mine.json\"",
    ),
    ("signature.identity", "[signature]\nidentity = '.*'"),
    (
        "signature.issuer",
        "[signature]\nissuer = \"https://evil.example\"",
    ),
    ("pypi.url", "[pypi]\nurl = \"https://evil.example\""),
    ("pypi.payload", "[pypi]\npayload = { prerelease = true }"),
    (
        "pipeline.advisory_jobs",
        "[pipeline]\nadvisory_jobs = [\"release-gate\"]",
    ),
    ("repo", "repo = \"evil/rocket\""),
    ("ui.theme", "[ui]\ntheme = \"/etc/passwd\""),
    ("ui.keys", "[ui]\nkeys = { approve = \"q\" }"),
    ("watch.interval", "[watch]\ninterval = \"1h\""),
    (
        "github.token",
        "[profile.x.github]\ntoken = { command = \"touch PWNED\" }",
    ),
];

#[test]
fn a_checkout_sets_names_and_nothing_else() {
    let machine = Machine::with_remote();
    for (key, text) in ATTACKS {
        machine.checkout(text);
        let error = machine.load().expect_err(text);
        assert!(
            matches!(&error, ConfigError::NotForCheckout { key: found, .. } if found == key),
            "{text}: {error}"
        );
        let sentence = error.to_string();
        assert!(sentence.contains(".gonogo.toml:"), "{sentence}");
        assert!(sentence.contains("gonogo trust"), "{sentence}");
        assert!(!sentence.contains("PWNED"), "{sentence}");
    }
    machine.checkout(
        "[pipeline]\nrelease_workflow = \"ship.yml\"\nenvironments = [\"prod\"]\n\
         [[image]]\nrepository = \"ghcr.io/acme/rocket\"\nprerelease_tag = \"rc-{version}-{short_sha}\"\n\
         platforms = [\"linux/amd64\"]\n[pypi]\nproject = \"rocket-tools\"\n",
    );
    let config = machine.load().unwrap();
    assert_eq!(value(&config, "pipeline.environments"), json!(["prod"]));
    assert_eq!(value(&config, "pypi.project"), json!("rocket-tools"));
}

#[test]
fn every_key_that_is_no_name_is_among_the_attacks_or_refused_alike() {
    // The same file is fine from the user's own hand, so it is the checkout that is refused.
    for (_, text) in ATTACKS {
        let machine = Machine::with_remote();
        machine.user(text);
        assert!(machine.load().is_ok(), "{text}");
    }
}

#[test]
fn trust_lasts_until_the_file_changes() {
    let machine = Machine::with_remote();
    let attack = "[github]\napi_url = \"https://ghe.corp/api/v3\"\n";
    assert!(matches!(
        trust(&machine.env(&[])),
        Err(ConfigError::NothingToTrust)
    ));
    machine.checkout(attack);
    assert!(machine.load().is_err());

    let pinned = trust(&machine.env(&[])).unwrap();
    assert_eq!(pinned.sha256.len(), 64);
    assert_eq!(
        machine.load().unwrap().github.api_url.as_str(),
        "https://ghe.corp/api/v3"
    );

    machine.checkout(&format!("{attack}# harmless\n"));
    assert!(machine.load().is_err(), "a changed file is not trusted");
    machine.checkout(attack);
    assert!(machine.load().is_ok(), "the pinned bytes are");

    // The same bytes in another checkout are not trusted.
    machine.write("other/.git/HEAD", "");
    machine.write("other/.gonogo.toml", attack);
    let mut env = machine.env(&[]);
    env.cwd = machine.path("other");
    assert!(gonogo::config::Config::load(&env, &Flags::default()).is_err());

    // A store that was damaged trusts nothing.
    machine.write("state/trust.json", "{ \"nonsense");
    assert!(machine.load().is_err());
}

#[test]
fn nothing_in_a_file_moves_the_terminal() {
    let names = [
        (
            "[pipeline]\nrelease_workflow = \"\\u001b]0;x\\u0007.yml\"",
            2,
        ),
        ("[pipeline]\nenvironments = [\"rel\\u202eease\"]", 2),
        ("[pipeline]\nenvironments = [\"a\\nb\"]", 2),
        ("[[image]]\nrepository = \"a/b\\u001b[31m\"", 2),
        (
            "[[image]]\nrepository = \"a/b\"\nfloating_tag = \"x\\u009b31m\"",
            3,
        ),
        ("[pypi]\nproject = \"roc\\u200bket\"", 2),
        ("\"\\u001b[31mrepo\" = 1", 1),
        ("[pipeline]\n\"re\\u0007lease\" = 1", 2),
        ("[profile.\"\\u001b[2J\".ui]\nmouse2 = 1", 2),
        ("x = \"\u{1b}[31m\"", 1),
    ];
    for (text, line) in names {
        let machine = Machine::with_remote();
        machine.checkout(text);
        let error = machine.refusal();
        assert!(
            error.contains(&format!(".gonogo.toml:{line}: ")),
            "{text:?}: {error:?}"
        );
        assert!(
            !error
                .chars()
                .any(|c| c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c)),
            "{text:?}: {error:?}"
        );
    }
    let machine = Machine::with_remote();
    machine.checkout("[profile.\"\\u001b[2J\".pipeline]\nenvironments = []\n");
    let flags = Flags {
        profile: Some("x\u{1b}".to_owned()),
        ..Flags::default()
    };
    let error = machine.load_with(&[], &flags).unwrap_err().to_string();
    assert!(!error.chars().any(char::is_control), "{error:?}");
}

#[test]
fn sizes_are_bounded_and_odd_files_are_no_trap() {
    let machine = Machine::with_remote();
    machine.checkout(&"#".repeat(300_000));
    assert!(machine.refusal().contains("larger than"));
    machine.checkout(&format!(
        "x = {}{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    ));
    assert!(machine.load().is_err());
    machine.checkout(&format!(
        "[pipeline]\nenvironments = [{}]",
        "\"a\",".repeat(10_000)
    ));
    assert!(machine.refusal().contains("256 entries"));
    std::fs::write(machine.path("checkout/.gonogo.toml"), [0xff, 0xfe, 0x00]).unwrap();
    assert!(machine.refusal().contains("UTF-8"));
    std::fs::remove_file(machine.path("checkout/.gonogo.toml")).unwrap();
    std::fs::create_dir(machine.path("checkout/.gonogo.toml")).unwrap();
    assert!(matches!(machine.load(), Err(ConfigError::Read { .. })));
    std::fs::remove_dir(machine.path("checkout/.gonogo.toml")).unwrap();

    for config in [
        "",
        "[remote \"origin\"",
        &"[".repeat(2 << 20),
        "[remote \"origin\"]\nurl = ext::sh -c x",
    ] {
        machine.write("checkout/.git/config", config);
        let loaded = machine.load().unwrap();
        assert!(loaded.policy.is_none());
        assert!(loaded.no_repository.is_some());
    }
    for pointer in [
        "",
        "gitdir: /dev/zero",
        "gitdir: .",
        "gitdir: \0",
        &"x".repeat(10_000),
    ] {
        machine.write("odd/.git", pointer);
        let mut env = machine.env(&[]);
        env.cwd = machine.path("odd");
        let loaded = gonogo::config::Config::load(&env, &Flags::default()).unwrap();
        assert!(loaded.policy.is_none(), "{pointer:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_checkouts_links_to_endless_files_are_not_read() {
    let machine = Machine::new();
    std::os::unix::fs::symlink("/dev/zero", machine.path("checkout/.git/config")).unwrap();
    assert!(machine.load().unwrap().policy.is_none());
    std::os::unix::fs::symlink("/dev/zero", machine.path("checkout/.gonogo.toml")).unwrap();
    assert!(machine.load().is_err());
    for held_up in ["/dev/stdin", "/dev/tty", "/dev/null"] {
        std::fs::remove_file(machine.path("checkout/.gonogo.toml")).unwrap();
        std::os::unix::fs::symlink(held_up, machine.path("checkout/.gonogo.toml")).unwrap();
        assert!(trust(&machine.env(&[])).is_err(), "{held_up}");
    }
}

#[test]
fn a_secret_in_a_file_is_refused_and_not_repeated() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    for text in [
        format!("[github]\ntoken = \"{token}\""),
        "[github]\ntoken = \"hunter2-hunter2\"".to_owned(),
        format!("[github]\ntoken = {{ env = \"{token}\" }}"),
        format!("[github]\ntoken = {{ command = \"echo {token}\" }}"),
        "[[image]]\nrepository = \"a/b\"\ncredentials = { username = \"alice\", password = \"hunter2-hunter2\" }".to_owned(),
        "[[image]]\nrepository = \"a/b\"\ncredentials = { username = { env = \"U\" }, password = \"hunter2-hunter2\" }".to_owned(),
        format!("[pypi]\nproject = \"{token}\""),
        format!("[pypi]\npayload = {{ x = \"{token}\" }}"),
    ] {
        let machine = Machine::new();
        machine.user(&text);
        let error = machine.load().expect_err(&text);
        assert!(matches!(error, ConfigError::SecretInPlain { .. }), "{text}: {error}");
        for told in [error.to_string(), format!("{error:?}")] {
            assert!(!told.contains(&token) && !told.contains("hunter2"), "{told}");
        }
    }
    let machine = Machine::new();
    machine.user(&format!("[github]\ntoken = \"{token}"));
    assert!(
        !machine.refusal().contains(&token),
        "a syntax error does not quote the line"
    );
}
