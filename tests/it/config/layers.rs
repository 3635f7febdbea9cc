use std::time::Duration;

use gonogo::config::{
    Config, ConfigError, Flags, Mode, Origin, RegistryCredentials, Theme, TokenSource,
};
use gonogo::domain::policy::Certainty;
use gonogo::headless::config::{Origins, document, text};
use serde_json::json;

use super::{Machine, value};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

#[test]
fn the_example_shows_every_key_with_its_default() {
    let machine = Machine::new();
    let flags = Flags {
        repo: Some("acme/rocket".parse().unwrap()),
        image: Some("docker.io/acme/rocket".parse().unwrap()),
        ..Flags::default()
    };
    let defaults = machine.load_with(&[], &flags).unwrap();
    machine.user(EXAMPLE);
    let example = machine.load().unwrap();
    let values = |config: &Config| -> Vec<_> {
        config
            .rows()
            .into_iter()
            .map(|row| (row.key, row.value))
            .collect()
    };
    assert_eq!(values(&example), values(&defaults));
    assert_eq!(example.github, defaults.github);
    assert_eq!(example.images, defaults.images);

    // Every key of the program stands in the file, at most behind a `#` because its default cannot be written.
    for row in defaults.rows() {
        let name = row.key.rsplit('.').next().unwrap().to_owned();
        if name != "read_only" {
            let written = EXAMPLE.lines().any(|line| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{name} = "))
            });
            assert!(written, "{name} is not in config.example.toml");
        }
    }
}

#[test]
fn what_is_written_last_wins_and_every_value_knows_its_origin() {
    let machine = Machine::with_remote();
    let theme = |theme: &str| format!("# one\n[ui]\ntheme = \"{theme}\"\n");
    let origin = |config: &Config, key: &str| config.origins.of(key);

    let config = machine.load().unwrap();
    assert_eq!(config.ui.theme, Theme::Dark);
    assert_eq!(origin(&config, "ui.theme"), Origin::Default);
    assert_eq!(origin(&config, "repo"), Origin::GitRemote);
    assert_eq!(origin(&config, "pypi.project"), Origin::Guess);

    machine.system("[ui]\ntheme = \"light\"\n[pipeline]\nrelease_workflow = \"a.yml\"\npublish_workflow = \"p.yml\"\n");
    machine.checkout("[pipeline]\nrelease_workflow = \"b.yml\"\nsigner_workflow = \"s.yml\"\n");
    let config = machine.load().unwrap();
    let pipeline = config.policy.as_ref().unwrap().pipeline.clone();
    assert_eq!(config.ui.theme, Theme::Light);
    assert_eq!(pipeline.release_workflow.as_str(), "b.yml");
    assert_eq!(pipeline.publish_workflow.as_str(), "p.yml");
    assert_eq!(
        origin(&config, "pipeline.signer_workflow"),
        Origin::File(machine.path("checkout/.gonogo.toml"), 3)
    );
    assert_eq!(
        origin(&config, "pipeline.publish_workflow"),
        Origin::File(machine.path("etc/gonogo/config.toml"), 5)
    );

    machine.user(&theme("high-contrast"));
    let config = machine.load().unwrap();
    assert_eq!(config.ui.theme, Theme::HighContrast);
    assert_eq!(
        origin(&config, "ui.theme"),
        Origin::File(machine.path("home/.config/gonogo/config.toml"), 3)
    );

    let file = machine.write(
        "mine.toml",
        "repo = \"acme/from-file\"\n[ui]\ntheme = \"dark\"\n",
    );
    let flags = Flags {
        config: Some(file.clone()),
        ..Flags::default()
    };
    let config = machine.load_with(&[], &flags).unwrap();
    assert_eq!(config.ui.theme, Theme::Dark);
    assert_eq!(origin(&config, "repo"), Origin::File(file.clone(), 1));

    let vars = [
        ("GONOGO_UI_THEME", "light"),
        ("GONOGO_REPO", "acme/from-env"),
        ("GONOGO_UI_MOUSE", "no"),
    ];
    let config = machine.load_with(&vars, &flags).unwrap();
    assert_eq!(config.ui.theme, Theme::Light);
    assert!(!config.ui.mouse);
    assert_eq!(
        origin(&config, "repo"),
        Origin::Env("GONOGO_REPO".to_owned())
    );

    let flags = Flags {
        repo: Some("acme/from-flag".parse().unwrap()),
        ..flags
    };
    let config = machine.load_with(&vars, &flags).unwrap();
    assert_eq!(value(&config, "repo"), json!("acme/from-flag"));
    assert_eq!(origin(&config, "repo"), Origin::Flag("--repo"));
    assert_eq!(
        origin(&config, "ui.theme"),
        Origin::Env("GONOGO_UI_THEME".to_owned())
    );
}

#[test]
fn a_named_file_that_is_not_there_is_an_error_and_a_missing_layer_is_not() {
    let machine = Machine::new();
    assert!(machine.load().unwrap().policy.is_none());
    let flags = Flags {
        config: Some("nowhere.toml".into()),
        ..Flags::default()
    };
    let error = machine.load_with(&[], &flags).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }), "{error}");
    let error = machine.load_with(&[("GONOGO_CONFIG", "nowhere.toml")], &Flags::default());
    assert!(error.is_err());
}

#[test]
fn a_profile_is_laid_over_its_file_and_an_unknown_one_is_refused() {
    let machine = Machine::with_remote();
    machine.user(
        "repo = \"acme/one\"\n[watch]\ninterval = \"5s\"\n[profile.staging]\nrepo = \"acme/two\"\n\
         [profile.staging.watch]\ninterval = \"1m30s\"\n",
    );
    let with = |name: &str| {
        machine.load_with(
            &[],
            &Flags {
                profile: Some(name.to_owned()),
                ..Flags::default()
            },
        )
    };
    assert_eq!(value(&machine.load().unwrap(), "repo"), json!("acme/one"));
    let staging = with("staging").unwrap();
    assert_eq!(value(&staging, "repo"), json!("acme/two"));
    assert_eq!(staging.watch.interval, Duration::from_secs(90));
    let by_variable = machine.load_with(&[("GONOGO_PROFILE", "staging")], &Flags::default());
    assert_eq!(by_variable.unwrap().rows(), staging.rows());
    let error = with("stagign").unwrap_err().to_string();
    assert!(error.contains("`staging`"), "{error}");

    // A mistake in a profile shows before the day it is used.
    machine.user("[profile.x.ui]\nthem = \"dark\"\n");
    assert!(
        machine
            .refusal()
            .contains("config.toml:2: there is no key `ui.them`")
    );
    machine.user("[profile.x.profile.y]\n");
    assert!(machine.refusal().contains("there is no key `profile`"));
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_key() {
    for (text, line, key, nearest) in [
        ("rep = \"a/b\"", 1, "rep", "repo"),
        (
            "\n[github]\napi_ulr = \"x\"",
            3,
            "github.api_ulr",
            "github.api_url",
        ),
        ("[githbu]\napi_url = \"x\"", 1, "githbu", "github"),
        (
            "[pipeline]\nenvironment = []",
            2,
            "pipeline.environment",
            "pipeline.environments",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nfloating = \"x\"",
            3,
            "image.floating",
            "image.floating_tag",
        ),
        ("[images]\nrepository = \"a/b\"", 1, "images", "image"),
        ("token = { env = \"X\" }", 1, "token", "github.token"),
        (
            "[pypi]\ninterval = \"3s\"",
            2,
            "pypi.interval",
            "watch.interval",
        ),
        (
            "[github]\ntoken = { enviroment = \"X\" }",
            2,
            "github.token.enviroment",
            "github.token.env",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\ncredentials = { dockerconfig = true }",
            3,
            "image.credentials.dockerconfig",
            "image.credentials.docker_config",
        ),
        ("profiles = 1", 1, "profiles", "profile"),
    ] {
        let machine = Machine::new();
        machine.user(text);
        let error = machine.refusal();
        let wanted =
            format!("config.toml:{line}: there is no key `{key}`; the nearest is `{nearest}`");
        assert!(error.ends_with(&wanted), "{text:?}: {error}");
    }
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_line() {
    for (text, line, part) in [
        ("repo = \"acme\"", 1, "OWNER/NAME"),
        ("repo = 5", 1, "a text in quotes"),
        ("image = \"a/b\"", 1, "[[image]]"),
        ("[[image]]\nplatforms = []", 1, "every [[image]] needs one"),
        ("[[image]]\nrepository = \"a/b:1.0\"", 2, "tag or a digest"),
        (
            "[[image]]\nrepository = \"a/b\"\n[[image]]\nrepository = \"docker.io/a/b\"",
            4,
            "listed twice",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nprerelease_tag = \"rc-{versoin}\"",
            3,
            "did you mean `{version}`?",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nprerelease_tag = \"rc\"",
            3,
            "all releases share a tag",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nprerelease_tag = \"{version}-{arch}\"",
            3,
            "arch_tag alone",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\narch_tag = \"{version}\"",
            3,
            "two platforms share a tag",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nrelease_tags = [\"{version}+x\"]",
            3,
            "is not a tag",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nrelease_tags = [\"{major}{minor}\"]",
            3,
            "something between",
        ),
        (
            "[[image]]\nrepository = \"a/b\"\nplatforms = [\"amd64\"]",
            3,
            "linux/amd64",
        ),
        (
            "[[image]]\nrepository = \"ghcr.io/a/b\"\nhub_api_url = \"https://x\"",
            3,
            "not on Docker Hub",
        ),
        (
            "[github]\napi_url = \"http://api.example.com\"",
            2,
            "not encrypted",
        ),
        (
            "[github]\napi_url = \"https://u:p@api.example.com\"",
            2,
            "name or a password",
        ),
        (
            "[github]\ntoken = { env = \"a b\" }",
            2,
            "name of a variable",
        ),
        ("[github]\ntoken = { command = \"gh 'auth\" }", 2, "quote"),
        (
            "[github]\ntoken = { env = \"A\", command = \"b\" }",
            2,
            "must be { env",
        ),
        ("[watch]\ninterval = \"3\"", 2, "not a duration"),
        ("[watch]\ninterval = \"10ms\"", 2, "between 1s and 1h"),
        ("[watch]\ninterval = 3", 2, "a text in quotes"),
        ("[ui]\ntheme = \"drak\"", 2, "dark, light"),
        ("[ui]\nmouse = \"yes\"", 2, "true or false"),
        ("[signature]\nidentity = '{rep}'", 2, "did you mean"),
        ("[signature]\nidentity = ''", 2, "every identity"),
        ("[pypi]\nproject = \"-x\"", 2, "Python project"),
        (
            "[pypi]\npayload = { sha = \"{shaa}\" }",
            2,
            "did you mean `{sha}`?",
        ),
        ("[pypi]\npayload = { n = 1.5 }", 2, "whole numbers"),
        ("[ui]\ntheme = \"dark", 2, "not valid TOML"),
        (
            "[pipeline]\nrelease_workflow = \"../x.yml\"",
            2,
            "below .github/workflows",
        ),
    ] {
        let machine = Machine::new();
        machine.user(text);
        let error = machine.refusal();
        assert!(
            error.contains(&format!("config.toml:{line}: ")),
            "{text:?}: {error}"
        );
        assert!(error.contains(part), "{text:?}: {error}");
    }
    let machine = Machine::new();
    let error = machine
        .load_with(&[("GONOGO_WATCH_INTERVAL", "soon")], &Flags::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("variable GONOGO_WATCH_INTERVAL: `watch.interval`"),
        "{error}"
    );
}

#[test]
fn a_variable_that_sets_nothing_is_told() {
    let machine = Machine::new();
    let config = machine
        .load_with(
            &[
                ("GONOGO_REPOS", "a/b"),
                ("GONOGO_REPO", "a/b"),
                ("HOME", "/x"),
            ],
            &Flags::default(),
        )
        .unwrap();
    assert_eq!(
        config.notes,
        ["the variable GONOGO_REPOS sets nothing; the nearest is GONOGO_REPO"]
    );
}

#[test]
fn what_is_configured_is_shown_even_while_no_repository_is_known() {
    let machine = Machine::new();
    machine.user("[pipeline]\nrelease_workflow = \"ship.yml\"\n");
    let config = machine.load().unwrap();
    assert!(config.policy.is_none());
    assert_eq!(value(&config, "repo"), json!(null));
    assert_eq!(
        value(&config, "pipeline.release_workflow"),
        json!("ship.yml")
    );
}

#[test]
fn an_image_keeps_below_what_is_not_said_above() {
    let machine = Machine::with_remote();
    machine.checkout(
        "[[image]]\nrepository = \"docker.io/acme/rocket\"\nplatforms = [\"linux/arm64\"]\nfloating_tag = \"next\"\n\
         [[image]]\nrepository = \"ghcr.io/acme/rocket\"\n",
    );
    let config = machine.load().unwrap();
    assert_eq!(config.policy.unwrap().images.len(), 2);

    machine.user(
        "[[image]]\nrepository = \"acme/rocket\"\nfloating_tag = \"edge\"\n\
         credentials = { username = { env = \"U\" }, password = { env = \"P\" } }\n",
    );
    let config = machine.load().unwrap();
    let images = &config.policy.as_ref().unwrap().images;
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].platforms, ["linux/arm64".parse().unwrap()]);
    assert_eq!(images[0].floating_tag.as_str(), "edge");
    assert_eq!(
        config.image(&images[0].repository).credentials,
        RegistryCredentials::Env {
            username: "U".to_owned(),
            password: "P".to_owned()
        }
    );
    assert_eq!(
        config.origins.of("image[docker.io/acme/rocket].platforms"),
        Origin::File(machine.path("checkout/.gonogo.toml"), 3)
    );

    let by_variable = machine
        .load_with(&[("GONOGO_IMAGE", "acme/rocket")], &Flags::default())
        .unwrap();
    assert_eq!(by_variable.images, config.images);
    let flags = Flags {
        image: Some("ghcr.io/acme/other".parse().unwrap()),
        ..Flags::default()
    };
    let by_flag = machine
        .load_with(&[("GONOGO_IMAGE", "acme/rocket")], &flags)
        .unwrap();
    assert_eq!(by_flag.images.len(), 1);
    assert_eq!(by_flag.images[0].registry_url.as_str(), "https://ghcr.io/");
}

#[test]
fn without_an_image_the_guess_is_labelled() {
    let machine = Machine::with_remote();
    let policy = machine.load().unwrap().policy.unwrap();
    assert!(policy.images.is_empty());
    assert_eq!(policy.pypi.as_ref().unwrap().certainty, Certainty::Guessed);
    let guessed = policy.with_guessed_image("acme/rocket".parse().unwrap());
    assert_eq!(guessed.images[0].certainty, Certainty::Guessed);
    let again = guessed
        .clone()
        .with_guessed_image("acme/other".parse().unwrap());
    assert_eq!(again, guessed);

    machine.user("[pypi]\nproject = \"\"\n");
    assert!(machine.load().unwrap().policy.unwrap().pypi.is_none());
}

#[test]
fn the_repository_is_that_of_the_remote_on_the_host_that_is_asked() {
    let machine = Machine::with_remote();
    let repo = |machine: &Machine| {
        let config = machine.load().unwrap();
        config.policy.map(|policy| policy.repo.to_string())
    };
    assert_eq!(repo(&machine).as_deref(), Some("acme/rocket"));

    // From a folder below the root, too.
    std::fs::create_dir_all(machine.path("checkout/a/b")).unwrap();
    let mut env = machine.env(&[]);
    env.cwd = machine.path("checkout/a/b");
    assert!(
        Config::load(&env, &Flags::default())
            .unwrap()
            .policy
            .is_some()
    );

    let remote = |url: &str| format!("[remote \"origin\"]\n\turl = {url}\n");
    machine.write(
        "checkout/.git/config",
        &remote("https://gitlab.example/acme/rocket.git"),
    );
    let config = machine.load().unwrap();
    assert!(config.policy.is_none());
    let error = config
        .require_policy(&machine.env(&[]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("gitlab.example"), "{error}");
    assert!(error.contains("--repo OWNER/NAME"), "{error}");

    machine.user("[github]\napi_url = \"https://ghe.corp/api/v3/\"\n");
    machine.write(
        "checkout/.git/config",
        &remote("git@ghe.corp:acme/engine.git"),
    );
    assert_eq!(repo(&machine).as_deref(), Some("acme/engine"));
}

#[test]
fn a_linked_worktree_has_the_remote_of_its_repository() {
    let machine = Machine::with_remote();
    machine.write("checkout/.git/worktrees/w/commondir", "../..\n");
    machine.write(
        "worktree/.git",
        &format!(
            "gitdir: {}\n",
            machine.path("checkout/.git/worktrees/w").display()
        ),
    );
    machine.write("submodule/.git", "gitdir: ../checkout/.git\n");
    for folder in ["worktree", "submodule"] {
        let mut env = machine.env(&[]);
        env.cwd = machine.path(folder);
        let config = Config::load(&env, &Flags::default()).unwrap();
        assert_eq!(value(&config, "repo"), json!("acme/rocket"), "{folder}");
    }
}

#[test]
fn the_simulators_configuration_looks_at_nothing_else() {
    let machine = Machine::with_remote();
    machine.system("[ui]\ntheme = \"light\"\n");
    machine.user("nonsense");
    let vars = [
        ("GONOGO_REPO", "acme/other"),
        ("GH_TOKEN", "ambient"),
        ("SIM_TOKEN", "thrown-away"),
    ];
    let text = "repo = \"acme/rocket\"\n[github]\napi_url = \"http://127.0.0.1:1\"\ntoken = { env = \"SIM_TOKEN\" }\n";
    let config = Config::of_simulator(text, &machine.env(&vars)).unwrap();
    assert_eq!(value(&config, "repo"), json!("acme/rocket"));
    assert_eq!(config.ui.theme, Theme::Dark);
    assert_eq!(config.origins.of("repo"), Origin::Simulator);
    assert_eq!(
        config.github.token,
        TokenSource::Env("SIM_TOKEN".to_owned())
    );
}

#[test]
fn read_only_is_a_flag_or_a_variable() {
    let machine = Machine::new();
    let mode = |vars: &[_]| {
        machine
            .load_with(vars, &Flags::default())
            .map(|config| config.mode)
    };
    assert_eq!(mode(&[]).unwrap(), Mode::ReadWrite);
    assert_eq!(mode(&[("GONOGO_READ_ONLY", "1")]).unwrap(), Mode::ReadOnly);
    assert_eq!(mode(&[("GONOGO_READ_ONLY", "")]).unwrap(), Mode::ReadWrite);
    assert!(mode(&[("GONOGO_READ_ONLY", "maybe")]).is_err());
}

#[test]
fn the_configuration_is_shown_with_and_without_origins() {
    let machine = Machine::with_remote();
    machine.user(
        "[github]\ntoken = { command = \"pass show hush-hush\" }\n[watch]\ninterval = \"5s\"\n",
    );
    let rows = machine.load().unwrap().rows();
    let shown = text(&rows, Origins::Shown);
    let line = |key: &str| {
        shown
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")))
            .unwrap_or_else(|| panic!("{key} in\n{shown}"))
            .to_owned()
    };
    assert!(
        line("repo").ends_with("# remote `origin`"),
        "{}",
        line("repo")
    );
    assert!(line("watch.interval").contains("\"5s\""));
    assert!(line("watch.interval").ends_with("config.toml:4"));
    assert!(line("ui.theme").ends_with("# default"));
    assert!(line("github.token").contains(r#"{"command":"pass …"}"#));
    assert!(!shown.contains("hush-hush"));
    assert!(!text(&rows, Origins::Hidden).contains('#'));

    let json = serde_json::to_value(document(&rows, Origins::Shown)).unwrap();
    assert_eq!(json["schema_version"], 1);
    let values = json["values"].as_array().unwrap();
    let interval = values
        .iter()
        .find(|row| row["key"] == "watch.interval")
        .unwrap();
    assert_eq!(interval["origin"]["kind"], "file");
    assert_eq!(interval["origin"]["line"], 4);
    assert!(!json.to_string().contains("hush-hush"));
    let plain = serde_json::to_value(document(&rows, Origins::Hidden)).unwrap();
    assert!(plain["values"][0].get("origin").is_none());
}
