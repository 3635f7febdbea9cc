//! The composition root: configuration to sources and engine to the chosen face.
//!
//! The only place that knows every part, and the only one that uses eyre: below it each module has errors of its own.

mod act;
mod connect;
mod guess;
mod journal;
mod plain;
mod simulate;
mod verify;

pub use simulate::on_simulator;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use color_eyre::eyre::{self, WrapErr as _};

use crate::cli::{
    self, Cli, Color as Colour, Command, ConfigCommand, Global, GraphArgs, GraphFormat, OnFailure,
};
use crate::config::{Config, ConfigError, Environment, Flags, Mode};
use crate::domain::plan::Intent;
use crate::domain::policy::Policy;
use crate::engine::cache::Cache;
use crate::engine::desk::Leave;
use crate::engine::runtime::{Clock, Engine, SystemClock};
use crate::engine::{Message, Model};
use crate::evidence::TrustError;
use crate::headless;
use crate::net::Limits;
use crate::present::clean::clean;
use crate::present::graph::Facts;
use crate::sim::SimError;
use crate::tui;

/// Exit status of a bad or missing configuration (sysexits).
const CONFIG_STATUS: u8 = 78;
/// Exit status after Ctrl-C, as shells say it.
const INTERRUPTED: u8 = 130;
/// Exit status when the reader of a stream has gone away, as shells say it.
const READER_GONE: u8 = 141;

/// Runs the program with this command line, its name first.
pub fn program(line: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::parse(line) {
        Ok(cli) => cli,
        Err(error) => {
            let (text, status) = (cli::sentence(&error), cli::exit_status(&error));
            // Where even help cannot be printed there is nobody to tell.
            let _ = if status == 0 {
                write!(std::io::stdout(), "{text}")
            } else {
                write!(std::io::stderr(), "{text}")
            };
            return ExitCode::from(status);
        }
    };
    match run(&cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            let status = status_of(&error);
            // Names from files and services stand in it.
            let lines: Vec<String> = chain(&error).lines().map(clean).collect();
            let _ = writeln!(std::io::stderr(), "gonogo: {}", lines.join("\n"));
            ExitCode::from(status)
        }
    }
}

/// The exit status of an error: a bad configuration and a wrong use have their own (sysexits).
fn status_of(error: &eyre::Report) -> u8 {
    if error.downcast_ref::<ConfigError>().is_some() || error.downcast_ref::<TrustError>().is_some()
    {
        CONFIG_STATUS
    } else if matches!(error.downcast_ref(), Some(SimError::UnknownScenario { .. })) {
        cli::USAGE_STATUS
    } else {
        1
    }
}

/// What happened, and why, on one line each; a cause that the sentence before it already tells is left out.
fn chain(error: &eyre::Report) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !causes.last().is_some_and(|last| last.contains(&cause)) {
            causes.push(cause);
        }
    }
    causes.join("\n  because: ")
}

fn run(cli: &Cli) -> eyre::Result<u8> {
    // The second of two providers in the tree would make rustls ask which; so it is told first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let global = &cli.global;
    match &cli.command {
        None => cockpit(global),
        Some(Command::Status) => with_engine(global, plain::status),
        Some(Command::Runs) => with_engine(global, plain::runs),
        Some(Command::Watch) => with_engine(global, plain::watch),
        Some(Command::Graph(args)) => {
            if let Some(workflow) = &args.workflow {
                let workflow = workflow.to_string_lossy();
                return graph_of_file(args, global.json, &workflow, global.ascii);
            }
            let (format, ascii) = (format_of(args, global.json), global.ascii);
            with_engine(global, move |session| plain::graph(session, format, ascii))
        }
        Some(Command::Check(args)) if args.rules => print(&headless::check::rules()),
        Some(Command::Check(_)) => with_engine(global, plain::check),
        Some(Command::Verify(args)) => verify::run(global, args),
        Some(
            Command::Approve(_)
            | Command::Reject(_)
            | Command::Rerun(_)
            | Command::Cancel(_)
            | Command::Dispatch(_)
            | Command::Promote(_)
            | Command::Rollback(_)
            | Command::Cleanup(_),
        ) => change(global, cli.command.as_ref()),
        Some(Command::Journal { command }) => journal::run(global, command.as_ref()),
        Some(Command::Sim(args)) => simulate::run(global, args),
        Some(Command::Config(ConfigCommand::Show { origin })) => config_show(global, *origin),
        Some(Command::Trust) => {
            let pinned = crate::config::trust(&Environment::of_process())?;
            print(&format!(
                "Trusted: {} as it is now (SHA-256 {}).\n",
                pinned.path.display(),
                pinned.sha256
            ))
        }
        Some(Command::Completions { shell }) => {
            let mut out = Vec::new();
            cli::completions(*shell, &mut out);
            print(&String::from_utf8_lossy(&out))
        }
        Some(Command::Man) => {
            let mut out = Vec::new();
            cli::man(&mut out)?;
            print(&String::from_utf8_lossy(&out))
        }
    }
}

/// A command that changes something: it ends by itself, and Ctrl-C stops it between two steps.
fn change(global: &Global, command: Option<&Command>) -> eyre::Result<u8> {
    let Some(act) = command.and_then(|command| wanted(command, global)) else {
        return Ok(cli::USAGE_STATUS);
    };
    carry(global, |session| act::act(session, act))
}

/// What such a command asks for.
fn wanted(command: &Command, global: &Global) -> Option<act::Act> {
    let run = global.run.as_ref().map(|run| run.id);
    let single = |intent, flags: &cli::PlanFlags| act::Act {
        intent,
        flags: flags.clone(),
        on_failure: OnFailure::Stop,
    };
    let steps = |intent, flags: &cli::StepsFlags| act::Act {
        intent,
        flags: flags.plan.clone(),
        on_failure: flags.on_failure,
    };
    Some(match command {
        Command::Approve(args) => single(args.intent(run), &args.review.plan),
        Command::Reject(args) => single(args.rejection(run), &args.plan),
        Command::Rerun(args) => single(args.intent(run), &args.plan),
        Command::Cancel(args) => {
            let force = args.force;
            single(Intent::Cancel { run, force }, &args.plan)
        }
        Command::Dispatch(args) => single(args.intent(), &args.plan),
        Command::Promote(args) => {
            let reason = args.reason.clone();
            steps(Intent::Promote { reason }, &args.steps)
        }
        Command::Rollback(args) => {
            let to = args.to.clone();
            steps(Intent::RollBack { to }, &args.steps)
        }
        Command::Cleanup(args) => {
            let orphans = args.orphans;
            steps(Intent::CleanUp { orphans }, &args.steps)
        }
        _ => return None,
    })
}

/// Whether anybody reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

/// Prints to stdout, and says whether the reader is still there.
fn tell(text: &str) -> eyre::Result<Reader> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error).wrap_err("stdout could not be written"),
    }
}

/// Prints to stdout; a reader that has gone away (`| head`) is no error.
fn print(text: &str) -> eyre::Result<u8> {
    tell(text).map(|_| 0)
}

fn print_json(document: &impl serde::Serialize) -> eyre::Result<u8> {
    print(&(headless::json_v1::fit(&serde_json::to_string_pretty(document)?) + "\n"))
}

fn flags(global: &Global) -> Flags {
    Flags {
        config: global.config.clone(),
        repo: global.repository().cloned(),
        image: global.image.clone(),
        profile: global.profile.clone(),
        mode: if global.read_only {
            Mode::ReadOnly
        } else {
            Mode::ReadWrite
        },
    }
}

fn config_show(global: &Global, origin: bool) -> eyre::Result<u8> {
    use headless::config::{Origins, document, text};
    let config = Config::load(&Environment::of_process(), &flags(global))?;
    let origins = if origin {
        Origins::Shown
    } else {
        Origins::Hidden
    };
    let rows = config.rows();
    if global.json {
        print_json(&document(&rows, origins))
    } else {
        print(&text(&rows, origins))
    }
}

fn format_of(args: &GraphArgs, json: bool) -> GraphFormat {
    args.format.unwrap_or(if json {
        GraphFormat::Json
    } else {
        GraphFormat::Text
    })
}

fn graph_of_file(args: &GraphArgs, json: bool, workflow: &str, ascii: bool) -> eyre::Result<u8> {
    let graph = headless::graph::load(&args.root, workflow)?;
    print(&plain::draw(
        &graph,
        &Facts::default(),
        format_of(args, json),
        ascii,
    ))
}

/// Everything that a face needs: the engine, its clock, and what was configured.
struct Session {
    engine: Engine,
    clock: Arc<dyn Clock>,
    config: Config,
    json: bool,
    quiet: bool,
}

/// Loads the configuration and starts the engine on real services. Must run inside a tokio runtime.
fn session(global: &Global) -> eyre::Result<Session> {
    let env = Environment::of_process();
    let config = Config::load(&env, &flags(global))?;
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    let policy = guess::with_image(config.require_policy(&env)?.clone(), &env.cwd);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cache = Cache::new(&config.paths.cache, &policy.repo, &world(&config, &policy));
    let mut model = model(&config, policy.clone(), clock.as_ref());
    let cached = cache.read();
    model.chosen = cached.as_ref().and_then(|cached| cached.pinned);
    // A run that the command line names is watched in this session, and is no choice for the next.
    model.pinned = global.run.as_ref().map(|run| run.id).or(model.chosen);
    if let Some(cached) = cached {
        model = model.with_cached(cached.snapshot, cached.written);
    }
    let connect = connect::later(config.clone(), env, policy, Limits::default());
    let engine = Engine::start(model, connect, Arc::clone(&clock), Some(cache));
    Ok(Session {
        engine,
        clock,
        config,
        json: global.json,
        quiet: global.quiet,
    })
}

/// Where the facts of a session come from: what was seen elsewhere is not what is here.
fn world(config: &Config, policy: &Policy) -> String {
    let mut world = format!(
        "{} {} {} {}",
        config.github.api_url,
        policy.pipeline.release_workflow.as_str(),
        policy.pipeline.publish_workflow.as_str(),
        config.pypi.url,
    );
    if let Some(pypi) = &policy.pypi {
        world.push_str(pypi.project.as_str());
    }
    for image in &config.images {
        // Writing to a String cannot fail.
        let _ = write!(
            world,
            " {} {}",
            image.repository.as_str(),
            image.registry_url
        );
    }
    world
}

fn model(config: &Config, policy: Policy, clock: &dyn Clock) -> Model {
    // The process number keeps the pauses of two processes on one machine apart.
    let seed = u64::from(std::process::id());
    let mut model = Model::new(Arc::new(policy), config.watch.interval, seed, clock.now());
    model.desk.leave = match config.mode {
        Mode::ReadWrite => Leave::Granted,
        Mode::ReadOnly => Leave::Denied,
    };
    model
}

fn tokio_runtime() -> eyre::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .wrap_err("the asynchronous runtime could not be started")
}

/// Runs a printing face on real services, until it ends or Ctrl-C is pressed.
fn with_engine<F, Fut>(global: &Global, face: F) -> eyre::Result<u8>
where
    F: FnOnce(Session) -> Fut,
    Fut: Future<Output = eyre::Result<u8>>,
{
    log_to_stderr(global);
    let runtime = tokio_runtime()?;
    let status = runtime.block_on(async { interruptible(face(session(global)?)).await });
    end(runtime);
    status
}

/// Runs a face that may carry out a plan: it is not cut off, but told of Ctrl-C and ends by itself.
fn carry<F, Fut>(global: &Global, face: F) -> eyre::Result<u8>
where
    F: FnOnce(Session) -> Fut,
    Fut: Future<Output = eyre::Result<u8>>,
{
    log_to_stderr(global);
    let runtime = tokio_runtime()?;
    let status = runtime.block_on(async { face(session(global)?).await });
    end(runtime);
    status
}

/// Ends the engine, which writes the cache. A look that hangs must not hold the end of the program.
fn end(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
}

async fn interruptible(face: impl Future<Output = eyre::Result<u8>>) -> eyre::Result<u8> {
    tokio::select! {
        status = face => status,
        _ = tokio::signal::ctrl_c() => Ok(INTERRUPTED),
    }
}

fn cockpit(global: &Global) -> eyre::Result<u8> {
    let runtime = tokio_runtime()?;
    let status = runtime.block_on(async {
        let mut global = global.clone();
        if let Some(status) = ask_for_a_repository(&mut global).await? {
            return Ok(status);
        }
        let session = session(&global)?;
        show(session, &global).await
    });
    end(runtime);
    status
}

/// Where no repository is known and somebody is there to ask: the start screen. Gives the exit status where that is all.
async fn ask_for_a_repository(global: &mut Global) -> eyre::Result<Option<u8>> {
    let env = Environment::of_process();
    let config = Config::load(&env, &flags(global))?;
    if config.policy.is_some() || !std::io::stdout().is_terminal() {
        return Ok(None);
    }
    let why = config
        .no_repository
        .as_deref()
        .unwrap_or("none is configured");
    let choice = tui::start(why, &ui_options(&config, global)).await?;
    Ok(match choice {
        tui::Start::Leave => Some(0),
        tui::Start::Simulator => Some(simulate::cockpit(global, None, None).await?),
        tui::Start::Repository(repo) => {
            global.repo = Some(repo);
            None
        }
    })
}

/// Opens the cockpit on a session.
async fn show(session: Session, global: &Global) -> eyre::Result<u8> {
    let options = ui_options(&session.config, global);
    tui::run(session.engine, session.clock, options).await?;
    Ok(0)
}

fn ui_options(config: &Config, global: &Global) -> tui::UiOptions {
    let env = Environment::of_process();
    let mut options = tui::UiOptions::of(&config.ui, |name| env.var(name).map(str::to_owned));
    options.ascii |= global.ascii;
    options.depth = match global.color {
        Colour::Never => tui::theme::Depth::None,
        Colour::Always if options.depth == tui::theme::Depth::None => tui::theme::Depth::Sixteen,
        Colour::Auto | Colour::Always => options.depth,
    };
    options.web = pages_of(&config.github.api_url);
    options.state = Some(config.paths.state.clone());
    options.notice = (!config.notes.is_empty()).then(|| config.notes.join(" "));
    options.scrub = Arc::new(move |text: &str| env.without_secrets(text));
    options
}

/// Where the pages of a GitHub lie, whose API is here.
fn pages_of(api: &url::Url) -> String {
    match api.host_str() {
        None | Some("api.github.com") => "https://github.com/".to_owned(),
        Some(host) => format!("https://{host}/"),
    }
}

/// What is said on stderr beside the output: warnings, and with `-v` more.
fn log_to_stderr(global: &Global) {
    use tracing_subscriber::EnvFilter;
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "gonogo=debug,warn",
        (false, _) => "gonogo=trace,warn",
    };
    let filter = EnvFilter::try_from_env("GONOGO_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .try_init();
}

/// Watches the run that was asked for, once the engine runs.
fn pin(engine: &Engine, global: &Global) {
    if let Some(run) = &global.run {
        engine.send(Message::Follow(run.id));
    }
}
