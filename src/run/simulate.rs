//! The faces on the simulator: every real code path, over HTTP on this machine.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr as _};

use super::{Session, connect, log_to_stderr, model, pin, print, print_json, show, tokio_runtime};
use crate::cli::{Global, Rehearsal, SimArgs, SimMode};
use crate::config::{Config, ConfigError, Environment, Mode, TrustedRoot};
use crate::domain::time::{Timestamp, since};
use crate::engine::runtime::{Clock, Engine};
use crate::net::Limits;
use crate::rehearse::{self, Played};
use crate::sim::clock::{Pace, VirtualClock};
use crate::sim::forgery::Forgery;
use crate::sim::scenario::Scenario;
use crate::sim::{Sim, SimOptions, serve};

/// The scenario that is played where none is named.
const FIRST: &str = "happy";
/// How fast the cockpit's rehearsal runs where nothing is said: a release of 40 minutes in less than two.
const SPEED: f64 = 30.0;

/// The simulator's time as the engine wants it.
struct SimClock(VirtualClock);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn wait(&self, at: Timestamp) -> Duration {
        let virtual_time = since(self.now(), at);
        match self.0.pace() {
            // Never faster than a person could see, so that high speeds do not turn into a storm of requests.
            Pace::Speed(speed) => virtual_time
                .div_f64(speed.max(0.01))
                .max(Duration::from_millis(50)),
            // Time stands still: whoever moves it asks for a poll.
            Pace::Driven => Duration::from_secs(3600),
        }
    }
}

pub(super) fn run(global: &Global, args: &SimArgs) -> eyre::Result<u8> {
    match args.mode() {
        SimMode::List => list(global.json),
        SimMode::Cockpit { scenario, speed } => {
            let runtime = tokio_runtime()?;
            let status = runtime.block_on(cockpit(global, scenario.as_deref(), speed));
            super::end(runtime);
            status
        }
        SimMode::Serve {
            scenario,
            speed,
            port_base,
        } => {
            log_to_stderr(global);
            tokio_runtime()?.block_on(async {
                let pace = Pace::Speed(speed.unwrap_or(1.0));
                let folder = StateFolder::new()?;
                let root = Some(folder.0.join("trusted_root.json"));
                let sim = start(scenario.as_deref(), pace, port_base, root).await?;
                print(&serve::describe(&sim))?;
                sim.run_until(async {
                    let _ = tokio::signal::ctrl_c().await;
                })
                .await;
                Ok(0)
            })
        }
        SimMode::Headless(rehearsal) => {
            log_to_stderr(global);
            let names: Vec<String> = match rehearsal {
                Rehearsal::One(name) => vec![name.unwrap_or_else(|| FIRST.to_owned())],
                Rehearsal::All => Scenario::names().into_iter().map(str::to_owned).collect(),
            };
            let runtime = tokio_runtime()?;
            let status = runtime.block_on(super::interruptible(play(names, global)));
            super::end(runtime);
            status
        }
    }
}

/// The cockpit on a scenario.
pub(super) async fn cockpit(
    global: &Global,
    scenario: Option<&str>,
    speed: Option<f64>,
) -> eyre::Result<u8> {
    let sim = start(scenario, Pace::Speed(speed.unwrap_or(SPEED)), None, None).await?;
    let (session, folder) = session(&sim, global)?;
    let status = show(session, global).await;
    drop((sim, folder));
    status
}

fn list(json: bool) -> eyre::Result<u8> {
    let mut scenarios = Vec::new();
    for name in Scenario::names() {
        let scenario = Scenario::built_in(name)?;
        scenarios.push((name, scenario.summary));
    }
    if json {
        let rows: Vec<_> = scenarios
            .iter()
            .map(|(name, summary)| serde_json::json!({"name": name, "summary": summary}))
            .collect();
        let forgeries: Vec<_> = Forgery::all()
            .map(|one| {
                serde_json::json!({
                    "name": one.name(), "summary": one.summary(), "incident": one.incident(),
                })
            })
            .collect();
        return print_json(&serde_json::json!({
            "schema_version": 1, "scenarios": rows, "forgeries": forgeries,
        }));
    }
    let mut text = String::new();
    for (name, summary) in &scenarios {
        let _ = writeln!(text, "{name:<14} {summary}");
    }
    text.push_str("\nWhat can go wrong with them, as in `waiting-gate+tag-swapped`:\n\n");
    for one in Forgery::all() {
        let _ = writeln!(text, "{:<29} {}", one.name(), one.summary());
    }
    print(&text)
}

/// Starts a scenario; `root` is where the trusted root of its signatures is written for other programs.
async fn start(
    name: Option<&str>,
    pace: Pace,
    port_base: Option<u16>,
    root: Option<std::path::PathBuf>,
) -> eyre::Result<Sim> {
    let mut scenario = Scenario::built_in(name.unwrap_or(FIRST))?;
    if let Pace::Speed(speed) = pace {
        scenario.lead = lead(speed).min(scenario.lead);
    }
    let options = SimOptions {
        pace,
        port_base,
        trusted_root: root,
        ..SimOptions::new(scenario)
    };
    Sim::start(options)
        .await
        .wrap_err("the simulator could not be started")
}

/// How far in the past a world begins that runs this fast: it may not pass the real time within a release, and other
/// clients, which know only the real time, should not see it further in the past than that takes.
fn lead(speed: f64) -> Duration {
    const RELEASE: Duration = Duration::from_secs(3 * 3600);
    const A_MOMENT: Duration = Duration::from_secs(2);
    RELEASE.mul_f64((1.0 - 1.0 / speed.max(1.0)).max(0.0)) + A_MOMENT
}

/// The real engine on a simulator, with the simulator's time.
///
/// It sees no configuration and no credential but the simulator's own; what it keeps lies below `folder`.
pub fn on_simulator(
    sim: &Sim,
    folder: &Path,
    limits: Limits,
) -> Result<(Engine, Arc<dyn Clock>, Config), ConfigError> {
    on_simulator_as(sim, folder, limits, Mode::ReadWrite)
}

/// The same, in a mode.
fn on_simulator_as(
    sim: &Sim,
    folder: &Path,
    limits: Limits,
    mode: Mode,
) -> Result<(Engine, Arc<dyn Clock>, Config), ConfigError> {
    let env = Environment::isolated(folder, sim.variables());
    let mut config = Config::of_simulator(&sim.config_toml(), &env)?;
    config.mode = mode;
    // Its signatures hold by the root that the scenario gives out alone; where that cannot be written, they are told not to hold.
    let root = folder.join("trusted_root.json");
    if let Err(error) = std::fs::write(&root, sim.trusted_root_json()) {
        tracing::warn!(%error, "the simulator's trusted root could not be written");
    }
    config.trusted_root = TrustedRoot::File(root);
    let policy = config.require_policy(&env)?.clone();
    let clock: Arc<dyn Clock> = Arc::new(SimClock(sim.clock().clone()));
    let model = model(&config, policy.clone(), clock.as_ref());
    let connect = connect::later(config.clone(), env, policy, limits);
    let engine = Engine::start(model, connect, Arc::clone(&clock), None);
    Ok((engine, clock, config))
}

/// A session on the simulator, and the folder of its state, which goes when it ends.
fn session(sim: &Sim, global: &Global) -> eyre::Result<(Session, StateFolder)> {
    let folder = StateFolder::new()?;
    let mode = if global.read_only {
        Mode::ReadOnly
    } else {
        Mode::ReadWrite
    };
    let (engine, clock, config) = on_simulator_as(sim, &folder.0, Limits::default(), mode)?;
    pin(&engine, global);
    let session = Session {
        engine,
        clock,
        config,
        json: global.json,
        quiet: global.quiet,
    };
    Ok((session, folder))
}

/// A folder of the process's own, removed with it.
struct StateFolder(std::path::PathBuf);

impl StateFolder {
    fn new() -> eyre::Result<Self> {
        let path = std::env::temp_dir().join(format!("gonogo-sim-{}", std::process::id()));
        std::fs::create_dir_all(&path).wrap_err("no folder for the simulator's state")?;
        Ok(Self(path))
    }
}

impl Drop for StateFolder {
    fn drop(&mut self) {
        // What is left in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Plays scenarios to their ends through the real engine; 0 when each ends as it expects.
async fn play(names: Vec<String>, global: &Global) -> eyre::Result<u8> {
    let mut all = Vec::new();
    for name in names {
        let sim = start(Some(&name), Pace::Driven, None, None).await?;
        let (mut session, _folder) = session(&sim, global)?;
        let played = rehearse::play(&sim, &mut session.engine, |phase| {
            if !global.quiet && !global.json {
                let _ = writeln!(std::io::stderr(), "{name}: {phase}");
            }
        })
        .await?;
        if !global.json {
            print(&played.text())?;
        }
        all.push(played);
    }
    if global.json {
        match all.as_slice() {
            [one] => print_json(one)?,
            many => print_json(&serde_json::json!({"schema_version": 1, "scenarios": many}))?,
        };
    }
    Ok(u8::from(!all.iter().all(Played::as_expected)))
}
