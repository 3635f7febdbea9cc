//! A registry with releases in it, and the door to it: facts of GitHub by hand, facts of the registry looked up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gonogo::domain::assess::Board;
use gonogo::domain::digest::Digest;
use gonogo::domain::fact::{Ask, Cost, Fact, ImageId, Observation, SourceId};
use gonogo::domain::ids::{CommitSha, JobId, RunId};
use gonogo::domain::journal::{Actor, Outcome, StepState};
use gonogo::domain::log::JobLog;
use gonogo::domain::outlook::Outlook;
use gonogo::domain::plan::{
    Action, Condition, Draft, Ground, Intent, Plan, Proof, Refusal, confirm, make, needs,
};
use gonogo::domain::policy::{ImageSpec, Policy};
use gonogo::domain::run::{Conclusion, Job, Release, Run, Status};
use gonogo::domain::snapshot::Snapshot;
use gonogo::door::store::Store;
use gonogo::door::{Door, Ended, Running, Stop, Ways};
use gonogo::net::Limits;
use gonogo::net::registry::RegistryAccess;
use gonogo::secret::{Credential, Login, Provider, Secret};
use gonogo::sim::fault::Faults;
use gonogo::sim::hub::{HubOptions, router as hub_router};
use gonogo::sim::image::{Attestations, BuiltImage, Format, build};
use gonogo::sim::oci::Registry;
use gonogo::sim::requests::{Requests, Service};
use gonogo::sources::github::GithubAccess;
use gonogo::sources::hub::HubAccess;
use gonogo::sources::{Sources, github, hub, oci};
use tempfile::TempDir;

use crate::real_registries::server::{noon, serve};
use crate::support::facts;

/// The repository in every registry here.
pub(super) const PATH: &str = "acme/rocket";
/// Who may do everything.
pub(super) const OWNER: (&str, &str) = ("alice", "s3cret");

/// A release as the pipeline made it: its image under the prerelease tags, signed and attested.
pub(super) struct Made {
    pub(super) version: &'static str,
    pub(super) run: u64,
    pub(super) sha: CommitSha,
    pub(super) image: BuiltImage,
    pub(super) index: Digest,
    pub(super) parts: Vec<Digest>,
}

/// A digest as the product writes it.
pub(super) fn digest(digest: &gonogo::sim::oci::Digest) -> Digest {
    digest.as_str().parse().unwrap()
}

/// A digest as the simulator writes it.
pub(super) fn sim_digest(digest: &Digest) -> gonogo::sim::oci::Digest {
    gonogo::sim::oci::Digest::parse(digest.as_str()).unwrap()
}

impl Made {
    /// An image of this version; every run and commit is another one.
    pub(super) fn of(version: &'static str, run: u64, format: Format) -> Self {
        let sha = format!("{run:07x}{}", "c".repeat(33));
        let mut spec = gonogo::sim::image::ImageSpec::new("rocket", version, &sha, noon()());
        spec.format = format;
        if format == Format::Oci {
            spec.attestations = Attestations::InIndex;
        }
        let image = build(&spec);
        let parts = image
            .platforms
            .iter()
            .map(|one| digest(&one.manifest.digest));
        Self {
            version,
            run,
            sha: sha.parse().unwrap(),
            index: digest(&image.index.digest),
            parts: parts.collect(),
            image,
        }
    }

    /// The tag under which it waits.
    pub(super) fn prerelease(&self) -> String {
        format!("prerelease-v{}-{}", self.version, self.sha.short())
    }

    /// Every tag that the pipeline leaves before the gate.
    pub(super) fn waiting(&self, registry: &Registry) {
        let own = self.prerelease();
        self.image
            .push(registry, PATH, &[&own, "prerelease"])
            .unwrap();
        for (platform, arch) in self.image.platforms.iter().zip(["amd64", "arm64"]) {
            let tag = format!("{own}-{arch}");
            registry.tag(PATH, &tag, &platform.manifest.digest).unwrap();
        }
        Self::evidence(registry, &self.index, &[".sig", ".att"]);
        for part in &self.parts {
            Self::evidence(registry, part, &[".att"]);
        }
    }

    /// Manifests that stand for signatures and attestations.
    fn evidence(registry: &Registry, subject: &Digest, ends: &[&str]) {
        for end in ends {
            let blob = registry.put_blob(PATH, format!("{end} of {subject}").into_bytes());
            let config = registry.put_blob(PATH, b"{}".to_vec());
            let manifest = serde_json::json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.as_str(), "size": 2},
                "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": blob.as_str(), "size": end.len() + 4 + subject.as_str().len()}],
            });
            let tag = format!("sha256-{}{end}", subject.hex());
            let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
            let media = "application/vnd.oci.image.manifest.v1+json";
            registry.put_manifest(PATH, &tag, media, bytes).unwrap();
        }
    }

    /// The tags of evidence of the image and its parts.
    pub(super) fn evidence_tags(&self) -> BTreeSet<String> {
        let of = |subject: &Digest, end: &str| format!("sha256-{}{end}", subject.hex());
        let mut tags = BTreeSet::from([of(&self.index, ".sig"), of(&self.index, ".att")]);
        tags.extend(self.parts.iter().map(|part| of(part, ".att")));
        tags
    }

    /// Points release tags at it.
    pub(super) fn released(&self, registry: &Registry, tags: &[&str]) {
        for tag in tags {
            registry.tag(PATH, tag, &sim_digest(&self.index)).unwrap();
        }
    }
}

/// A registry on loopback whose requests are recorded and can be made to fail.
pub(super) struct World {
    pub(super) registry: Registry,
    pub(super) requests: Requests,
    pub(super) faults: Faults,
    pub(super) address: SocketAddr,
    pub(super) hub: SocketAddr,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(HubOptions::default()).await
    }

    pub(super) async fn with(options: HubOptions) -> Self {
        let registry = Registry::new(noon());
        let (requests, faults) = (Requests::new(noon()), Faults::new(noon()));
        let router = faults.wrap(Service::Registry, registry.router());
        let address = serve(requests.wrap(Service::Registry, router)).await;
        let router = hub_router(registry.clone(), options);
        let router = faults.wrap(Service::DockerHub, router);
        let hub = serve(requests.wrap(Service::DockerHub, router)).await;
        Self {
            registry,
            requests,
            faults,
            address,
            hub,
        }
    }

    /// Every tag and what it points to.
    pub(super) fn tags(&self) -> BTreeMap<String, Digest> {
        let tags = self.registry.tags(PATH).into_iter();
        tags.map(|tag| {
            let held = self.registry.resolve(PATH, &tag).unwrap();
            (tag, digest(&held))
        })
        .collect()
    }

    /// A way in.
    pub(super) fn rig(&self) -> Rig {
        Rig::new(self.address, None, Some(OWNER))
    }

    /// A way in by Docker Hub's rules.
    pub(super) fn hub_rig(&self) -> Rig {
        Rig::new(self.address, Some(self.hub), Some(OWNER))
    }

    /// Requests that may have changed something, since a mark: method and path.
    pub(super) fn writes(&self) -> Vec<String> {
        let all = self.requests.all().into_iter();
        all.filter(|one| ["PUT", "POST", "PATCH", "DELETE"].contains(&one.method.as_str()))
            .filter(|one| !one.target.contains("/auth/token"))
            .map(|one| format!("{} {}", one.method, one.target))
            .collect()
    }
}

/// The door to one registry, with what it writes down.
pub(super) struct Rig {
    pub(super) image: ImageId,
    pub(super) door: Door,
    pub(super) sources: Arc<Sources>,
    pub(super) policy: Policy,
    pub(super) snapshot: Snapshot,
    home: TempDir,
}

/// A credential.
pub(super) fn login(user: Option<(&str, &str)>) -> Provider<Login> {
    Provider::fixed(match user {
        Some((username, password)) => Credential::Present {
            value: Login::Basic {
                username: username.to_owned(),
                password: Secret::new(password).unwrap(),
            },
            from: "the test".to_owned(),
        },
        None => Credential::Missing {
            todo: "Log in first.".to_owned(),
        },
    })
}

/// Short enough that a registry which never answers does not hold a test up.
fn limits() -> Limits {
    let short = Duration::from_secs(3);
    Limits {
        connect: short,
        read: short,
        whole: short,
        download: short,
    }
}

impl Rig {
    pub(super) fn new(
        address: SocketAddr,
        hub: Option<SocketAddr>,
        user: Option<(&str, &str)>,
    ) -> Self {
        let mut policy = facts::policy();
        let image = if hub.is_some() {
            format!("docker.io/{PATH}")
        } else {
            format!("{address}/{PATH}")
        };
        policy.images = vec![ImageSpec::standard(image.parse().unwrap())];
        let at = [(image, address)];
        Self::over(policy, &at, hub, user)
    }

    /// A way to several repositories.
    pub(super) fn over(
        policy: Policy,
        images: &[(String, SocketAddr)],
        hub: Option<SocketAddr>,
        user: Option<(&str, &str)>,
    ) -> Self {
        let limits = limits();
        let http = gonogo::net::client(&limits).unwrap();
        let github = GithubAccess {
            api_url: "http://127.0.0.1:1".parse().unwrap(),
            repo: policy.repo.clone(),
            token: Provider::fixed(Credential::Missing {
                todo: String::new(),
            }),
            release_workflow: "release.yml".to_owned(),
            publish_workflow: None,
            environments: Vec::new(),
            limits,
        };
        let mut ways = Ways {
            github: github.clone(),
            registries: BTreeMap::new(),
            hubs: BTreeMap::new(),
            limits,
        };
        let (mut registries, mut hubs) = (BTreeMap::new(), BTreeMap::new());
        for (image, address) in images {
            let id = ImageId(image.clone());
            let access = RegistryAccess {
                image: image.parse().unwrap(),
                registry_url: format!("http://{address}").parse().unwrap(),
                credentials: login(user),
            };
            ways.registries.insert(id.clone(), access.clone());
            let client = oci::Client::new(http.clone(), access).with_limits(limits);
            registries.insert(id.clone(), client);
            if let Some(hub) = hub {
                let access = HubAccess {
                    image: image.parse().unwrap(),
                    api_url: format!("http://{hub}").parse().unwrap(),
                    credentials: login(user),
                };
                ways.hubs.insert(id.clone(), access.clone());
                hubs.insert(id, hub::Client::new(http.clone(), access));
            }
        }
        let sources = Arc::new(Sources {
            github: github::Client::new(github),
            registries,
            hubs,
            pypi: None,
        });
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path());
        let door = Door::new(Arc::clone(&sources), ways, &http, store);
        Self {
            image: ImageId(images[0].0.clone()),
            door,
            sources,
            policy,
            snapshot: Snapshot::default(),
            home,
        }
    }

    pub(super) fn store(&self) -> Store {
        Store::new(self.home.path())
    }

    /// Takes a fact in.
    pub(super) fn see(&mut self, ask: Ask, fact: Fact) {
        self.snapshot.apply(Observation {
            ask,
            at: facts::at(0),
            outcome: Ok(fact),
            cost: Cost::default(),
            rate: None,
        });
    }

    /// The run of a release, as GitHub tells of it.
    pub(super) fn run(&mut self, made: &Made, status: Status, jobs: Vec<Job>, out: &[&str]) {
        let conclusion = (status == Status::Completed).then_some(Conclusion::Failure);
        let mut run: Run = facts::run(made.run, status, conclusion);
        run.head_sha = made.sha.clone();
        run.head_branch = Some(format!("v{}", made.version));
        let id = RunId(made.run);
        self.see(Ask::Runs, Fact::Runs(vec![run.clone()]));
        self.see(Ask::Run(id), Fact::Run(run));
        let mut all = vec![
            facts::done(made.run, 1, "version-check"),
            facts::done(made.run, 2, "prerelease-docker / create-manifest"),
        ];
        all.extend(jobs);
        self.see(Ask::Jobs(id), Fact::Jobs(all));
        self.see(Ask::Approvals(id), Fact::Approvals(Vec::new()));
        self.see(Ask::Pending(id), Fact::Pending(Vec::new()));
        let log = JobLog {
            lines: 1,
            tail: Vec::new(),
            manifest_digest: Some(made.index.clone()),
            checkout: None,
            scan: None,
        };
        self.see(Ask::JobLog(JobId(2)), Fact::JobLog(Some(log)));
        let releases = out
            .iter()
            .enumerate()
            .map(|(at, version)| release(u64::try_from(at).unwrap() + 1, version, made.version));
        self.see(Ask::Releases, Fact::Releases(releases.collect()));
    }

    /// The run ended: its job that promotes failed, or never was let go.
    pub(super) fn failed(&mut self, made: &Made, out: &[&str]) {
        let job = facts::job(
            made.run,
            9,
            "publish-docker / publish",
            Status::Completed,
            Some(Conclusion::Failure),
        );
        self.run(made, Status::Completed, vec![job], out);
    }

    /// The run ended well.
    pub(super) fn promoted(&mut self, made: &Made, out: &[&str]) {
        let job = facts::done(made.run, 9, "publish-docker / publish");
        self.run(made, Status::Completed, vec![job], out);
    }

    /// What each release tag is now was seen when the run was first seen.
    pub(super) async fn first_seen(&mut self, made: &Made, tags: &[&str]) {
        for tag in tags {
            self.look(&Ask::Tag(self.image.clone(), (*tag).to_owned()))
                .await;
            let image = self.image.clone();
            self.snapshot.note_first_seen(RunId(made.run), &image, tag);
        }
    }

    /// Looks something up.
    pub(super) async fn look(&mut self, ask: &Ask) {
        let answer = self.sources.look(ask, noon()()).await;
        self.snapshot.apply(Observation {
            ask: ask.clone(),
            at: facts::at(1),
            outcome: answer.outcome,
            cost: answer.cost,
            rate: answer.rate,
        });
    }

    fn outlook(&self) -> Outlook {
        Outlook::of(
            &self.snapshot,
            &self.policy,
            None,
            None,
            &Outlook::default(),
        )
    }

    /// Looks up what a plan needs, and makes it.
    pub(super) async fn plan(&mut self, intent: &Intent) -> Result<Plan, Refusal> {
        let (board, stale) = (Board::default(), BTreeSet::new());
        let ledger = self.store().ledger().unwrap();
        // What is looked up may let more be needed.
        for _ in 0..2 {
            let outlook = self.outlook();
            let asks = needs(intent, &ground(self, &outlook, &board, &stale, &ledger));
            for ask in asks {
                if matches!(ask.source(), SourceId::Registry(_)) {
                    self.look(&ask).await;
                }
            }
        }
        let outlook = self.outlook();
        make(intent, &ground(self, &outlook, &board, &stale, &ledger))
    }

    /// Carries a plan out, GitHub's conditions left out: no GitHub is here.
    pub(super) async fn carry_out(&self, plan: &Plan) -> Ended {
        let plan = without_github(plan);
        let phrase = plan.phrase.clone();
        let confirmed = confirm(plan, Proof::Command(phrase), facts::at(2)).unwrap();
        let actor = Actor::default();
        let stop = Stop::default();
        let running = Running {
            by: &actor,
            clock: &|| facts::at(3),
            told: &|_| {},
            stop: &stop,
        };
        self.door.execute(&confirmed, &running).await.unwrap()
    }

    /// Makes a plan and carries it out to its end.
    pub(super) async fn do_it(&mut self, intent: &Intent) -> Plan {
        let plan = match self.plan(intent).await {
            Ok(plan) => plan,
            Err(refusal) => panic!("{refusal:?}"),
        };
        let ended = self.carry_out(&plan).await;
        assert_eq!(ended.outcome, Outcome::Done, "{}: {plan:#?}", ended.why);
        plan
    }

    /// Where the steps of the newest plan stand.
    pub(super) fn states(&self) -> Vec<StepState> {
        let ledger = self.store().ledger().unwrap();
        let newest = ledger.newest_first().next().unwrap();
        newest.steps.clone()
    }

    /// Takes the newest plan back; gives how that ended.
    pub(super) async fn undo(&mut self) -> Ended {
        let id = {
            let ledger = self.store().ledger().unwrap();
            ledger.newest_first().next().unwrap().plan.id.clone()
        };
        let plan = self.plan(&Intent::Undo(id)).await.unwrap();
        self.carry_out(&plan).await
    }
}

fn ground<'a>(
    rig: &'a Rig,
    outlook: &'a Outlook,
    board: &'a Board,
    stale: &'a BTreeSet<Ask>,
    ledger: &'a gonogo::domain::journal::Ledger,
) -> Ground<'a> {
    Ground {
        snapshot: &rig.snapshot,
        policy: &rig.policy,
        outlook,
        board,
        stale,
        ledger,
        now: facts::at(2),
    }
}

/// The same plan without what only GitHub can tell.
fn without_github(plan: &Plan) -> Plan {
    if matches!(plan.intent, Intent::Undo(_)) {
        return plan.clone();
    }
    let is_of_registry = |condition: &Condition| {
        !matches!(
            condition,
            Condition::CannotPromote { .. } | Condition::ReleaseIs { .. }
        )
    };
    let mut steps = plan.steps.clone();
    steps.retain(|step| !matches!(step.action, Action::MarkRelease { .. }));
    for step in &mut steps {
        step.before.retain(is_of_registry);
    }
    let draft = Draft {
        title: plan.title.clone(),
        phrase: plan.phrase.clone(),
        steps,
        notes: plan.notes.clone(),
        ..Draft::default()
    };
    Plan::new(
        plan.intent.clone(),
        plan.about.clone(),
        draft,
        plan.revision,
        plan.made_at,
    )
}

/// A Release that is out; that of the watched version came after its run.
fn release(id: u64, version: &str, watched: &str) -> Release {
    Release {
        id,
        tag: format!("v{version}"),
        name: None,
        draft: false,
        prerelease: false,
        immutable: false,
        target: "main".to_owned(),
        published_at: Some(if version == watched {
            facts::at(0)
        } else {
            facts::at(-100_000)
        }),
        assets: Vec::new(),
        html_url: String::new(),
    }
}

/// The tags that a plan points elsewhere and those that it removes.
pub(super) fn changes(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let (mut put, mut removed) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        match &step.action {
            Action::PutTag(tagged) => put.push(tagged.tag.clone()),
            Action::DeleteTag { tagged, .. } => removed.push(tagged.tag.clone()),
            _ => {}
        }
    }
    (put, removed)
}
