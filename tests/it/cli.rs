//! The command line: what is understood, what is refused, and what help says.

use std::process::Command as Process;

use gonogo::cli::{
    self, Cli, Color, Command, ConfigCommand, GraphFormat, Rehearsal, SimMode, exit_status,
};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    cli::parse(std::iter::once("gonogo").chain(line.split_whitespace()))
}

fn sim_mode(line: &str) -> SimMode {
    match parse(line).unwrap().command {
        Some(Command::Sim(args)) => args.mode(),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn flags_of_all_commands_stand_before_or_behind_the_command() {
    for line in [
        "--repo acme/rocket --run 42 --image acme/rocket --read-only --profile p --color never -vv --config c.toml status",
        "status --repo acme/rocket --run 42 --image acme/rocket --read-only --profile p --color never -vv --config c.toml",
    ] {
        let global = parse(line).unwrap().global;
        assert_eq!(global.repository().unwrap().to_string(), "acme/rocket");
        assert_eq!(global.run.unwrap().id.0, 42);
        assert_eq!(global.image.unwrap().as_str(), "docker.io/acme/rocket");
        assert_eq!(global.profile.as_deref(), Some("p"));
        assert_eq!(global.color, Color::Never);
        assert_eq!(global.verbose, 2);
        assert!(global.read_only);
        assert_eq!(global.config.unwrap().to_str(), Some("c.toml"));
    }
    assert!(parse("").unwrap().command.is_none());
}

#[test]
fn a_pasted_run_names_its_repository() {
    let line = "watch --run https://github.com/acme/rocket/actions/runs/42/attempts/2";
    let global = parse(line).unwrap().global;
    assert_eq!(global.repository().unwrap().to_string(), "acme/rocket");
    assert!(parse(&format!("{line} --repo Acme/Rocket")).is_ok());
    let error = parse(&format!("{line} --repo acme/other")).unwrap_err();
    assert_eq!(exit_status(&error), 64);
    assert!(
        error.to_string().contains("--repo is acme/other"),
        "{error}"
    );
}

#[test]
fn the_simulator_is_one_of_four_things() {
    let scenario = Some("happy".to_owned());
    for (line, mode) in [
        (
            "sim",
            SimMode::Cockpit {
                scenario: None,
                speed: None,
            },
        ),
        (
            "sim --scenario happy --speed 20x",
            SimMode::Cockpit {
                scenario: scenario.clone(),
                speed: Some(20.0),
            },
        ),
        ("sim --list", SimMode::List),
        ("sim --list --json", SimMode::List),
        (
            "sim --serve --port-base 9000 --scenario happy",
            SimMode::Serve {
                scenario: scenario.clone(),
                speed: None,
                port_base: Some(9000),
            },
        ),
        (
            "sim --headless --scenario happy --json",
            SimMode::Headless(Rehearsal::One(scenario)),
        ),
        ("sim --headless", SimMode::Headless(Rehearsal::One(None))),
        ("sim --all", SimMode::Headless(Rehearsal::All)),
        ("sim --headless --all", SimMode::Headless(Rehearsal::All)),
    ] {
        assert_eq!(sim_mode(line), mode, "{line}");
    }
}

#[test]
fn the_graph_and_the_configuration_take_their_own_flags() {
    let graph = |line: &str| match parse(line).unwrap().command {
        Some(Command::Graph(args)) => args,
        other => panic!("{other:?}"),
    };
    assert!(graph("graph").workflow.is_none());
    let args = graph("graph release.yml --root ../x --format mermaid");
    assert_eq!(args.root.to_str(), Some("../x"));
    assert_eq!(args.format, Some(GraphFormat::Mermaid));
    assert!(parse("graph --json --format json").is_ok());
    let config = parse("config show --origin").unwrap().command;
    assert!(matches!(
        config,
        Some(Command::Config(ConfigCommand::Show { origin: true }))
    ));
}

#[test]
fn wrong_use_exits_64_and_says_what_is_wrong() {
    for (line, part) in [
        ("staus", "'status'"),
        ("--frobnicate", "--frobnicate"),
        ("--repo acme", "OWNER/NAME"),
        ("--run x", "not a run"),
        ("--image acme/rocket:1.0", "names a tag"),
        ("--image UPPER", "not an image"),
        ("--color purple", "never"),
        ("-v -q", "--quiet"),
        ("config", "show"),
        ("config shwo", "show"),
        ("completions tcsh", "bash"),
        ("completions", "SHELL"),
        ("sim --speed fast", "between 0.01"),
        ("sim --speed -1", "-1"),
        ("sim --speed NaN", "between 0.01"),
        ("sim --port-base 9000", "--serve"),
        ("sim --serve --port-base 80", "1024"),
        ("sim --serve --headless", "--serve"),
        ("sim --list --scenario x", "--list"),
        ("sim --all --scenario x", "--scenario"),
        ("sim --headless --speed 3", "--speed"),
        ("graph --root x", "WORKFLOW.yml"),
        ("graph --json --format text", "--format"),
        ("--json", "status --json"),
        ("sim --json", "--headless"),
        ("man --json", "--json"),
        ("completions bash --json", "--json"),
        ("status extra", "extra"),
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(exit_status(&error), 64, "{line}");
        assert!(error.to_string().contains(part), "{line}: {error}");
    }
}

#[test]
fn help_shows_the_commands_in_groups_with_examples() {
    let error = parse("--help").unwrap_err();
    assert_eq!(exit_status(&error), 0);
    let help = error.to_string();
    for part in [
        "Watch:\n",
        "Decide:\n",
        "Run control:\n",
        "Act on the registry:\n",
        "Rehearse:\n",
        "Set up:\n",
        "Global options:\n",
        "Examples:\n",
        "78 missing or bad",
    ] {
        assert!(help.contains(part), "{part} in\n{help}");
    }
    for sub in cli::command().get_subcommands() {
        let about = sub
            .get_about()
            .expect("every command says what it does")
            .to_string();
        let line = format!("  {:<11}  {about}", sub.get_name());
        assert!(help.contains(&line), "{line:?} in\n{help}");
        let own = parse(&format!("{} --help", sub.get_name())).unwrap_err();
        assert_eq!(exit_status(&own), 0);
        assert!(own.to_string().contains("--repo"), "{own}");
    }
    assert_eq!(exit_status(&parse("--version").unwrap_err()), 0);
    assert_eq!(exit_status(&parse("-h").unwrap_err()), 0);
}

#[test]
fn what_a_line_holds_does_not_reach_the_terminal_raw() {
    for line in [
        ["--repo", "\u{1b}[2J"],
        ["--run", "\u{1b}]0;x\u{7}"],
        ["--image", "\u{1b}[31m"],
    ] {
        let error = cli::parse(std::iter::once("gonogo").chain(line)).unwrap_err();
        let told = cli::sentence(&error);
        assert!(
            !told.chars().any(|c| c.is_control() && c != '\n'),
            "{told:?}"
        );
    }
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let names: Vec<String> = cli::command()
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let mut page = Vec::new();
    cli::man(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains(".TH gonogo 1"), "{page}");
    for name in &names {
        assert!(
            page.contains(&format!("GONOGO {}", name.to_uppercase())),
            "{name}"
        );
    }
    for flag in ["port\\-base", "read\\-only", "origin"] {
        assert!(page.contains(flag), "{flag}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let Some(Command::Completions { shell }) =
            parse(&format!("completions {shell}")).unwrap().command
        else {
            panic!("{shell}");
        };
        let mut script = Vec::new();
        cli::completions(shell, &mut script);
        let script = String::from_utf8(script).unwrap();
        for name in &names {
            assert!(script.contains(name.as_str()), "{name} for {shell}");
        }
    }
}

/// A home without any configuration, and the program in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs the program: exit status, stdout, stderr.
    fn run(&self, line: &[&str]) -> (Option<i32>, String, String) {
        let output = Process::new(env!("CARGO_BIN_EXE_gonogo"))
            .args(line)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

#[test]
fn the_program_exits_64_on_wrong_use_and_78_on_a_bad_configuration() {
    let home = Home::new();
    let (status, out, err) = home.run(&["staus"]);
    assert_eq!((status, out.as_str()), (Some(64), ""));
    assert!(err.contains("'status'"), "{err}");
    let (status, _, err) = home.run(&["--repo", "\u{1b}[2J"]);
    assert_eq!(status, Some(64));
    assert!(!err.contains('\u{1b}'), "{err:?}");

    let (status, out, err) = home.run(&["status"]);
    assert_eq!((status, out.as_str()), (Some(78), ""));
    assert!(err.contains("--repo OWNER/NAME"), "{err}");

    home.write(".config/gonogo/config.toml", "[githbu]\n");
    for line in [
        &["status"][..],
        &["config", "show"],
        &["config", "show", "--json"],
    ] {
        let (status, out, err) = home.run(line);
        assert_eq!((status, out.as_str()), (Some(78), ""), "{line:?}");
        assert!(
            err.contains("config.toml:1") && err.contains("`github`"),
            "{err}"
        );
    }
    let (status, _, err) = home.run(&["trust"]);
    assert_eq!(status, Some(78));
    assert!(err.contains("nothing to trust"), "{err}");
}

#[test]
fn a_strangers_checkout_is_refused_until_it_is_trusted() {
    let home = Home::new();
    home.write(".git/HEAD", "");
    home.write(
        ".gonogo.toml",
        "[github]\ntoken = { command = \"touch PWNED\" }\napi_url = \"https://evil.example\"\n",
    );
    for line in [
        &["status", "--repo", "a/b"][..],
        &["config", "show"],
        &["runs", "--repo", "a/b"],
    ] {
        let (status, _, err) = home.run(line);
        assert_eq!(status, Some(78), "{line:?}: {err}");
        assert!(
            err.contains("names only") && err.contains("gonogo trust"),
            "{err}"
        );
    }
    assert_eq!(home.run(&["--help"]).0, Some(0));
    assert_eq!(home.run(&["man"]).0, Some(0));
    assert_eq!(home.run(&["trust"]).0, Some(0));
    let (status, out, err) = home.run(&["config", "show", "--origin"]);
    assert_eq!(status, Some(0), "{err}");
    let line = out
        .lines()
        .find(|line| line.starts_with("github.api_url"))
        .unwrap();
    assert!(
        line.contains("https://evil.example") && line.ends_with(".gonogo.toml:3"),
        "{line}"
    );
    assert!(
        !home.0.path().join("PWNED").exists(),
        "showing runs nothing"
    );
}

#[test]
fn the_program_prints_one_json_document_and_nothing_else() {
    let home = Home::new();
    let (status, out, err) = home.run(&[
        "config",
        "show",
        "--json",
        "--repo",
        "acme/rocket",
        "--origin",
    ]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["values"][0]["value"], "acme/rocket");
    assert_eq!(document["values"][0]["origin"]["name"], "--repo");
    for line in [&["completions", "bash"][..], &["man"], &["--version"]] {
        let (status, out, err) = home.run(line);
        assert_eq!((status, err.as_str()), (Some(0), ""), "{line:?}");
        assert!(out.contains("gonogo"), "{line:?}");
    }
}
