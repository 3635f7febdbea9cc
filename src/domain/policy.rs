//! What is released, by which workflows, under which tags, and who must have signed it.
//!
//! A policy holds names and rules alone: where requests go and with which credential is
//! configuration. It is built by `config` (checked there, with file and line) and read by all.

mod names;
mod reference;
mod template;

pub use names::{ImageRepository, NameError, Platform, PypiName, Tag, WorkflowFile};
pub use reference::ImageReference;
pub use template::{TagTemplate, Template, TemplateError, Variable, Vars};

use std::collections::BTreeMap;

use super::ids::RepoSlug;

/// Everything that tells one release pipeline from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The repository that is released.
    pub repo: RepoSlug,
    /// The workflows, environments and jobs that have a part in a release.
    pub pipeline: Pipeline,
    /// The images that are released; empty until one is configured or guessed.
    pub images: Vec<ImageSpec>,
    /// Who must have signed an image.
    pub signature: SignaturePolicy,
    /// Rules of the board that the user switched off or down, by the rule's name.
    pub exceptions: BTreeMap<String, Exception>,
    /// The Python package that is published beside the images; `None` where there is none.
    pub pypi: Option<PypiSpec>,
}

impl Policy {
    /// The image that is stored in this repository of a registry.
    pub fn image(&self, repository: &ImageRepository) -> Option<&ImageSpec> {
        self.images
            .iter()
            .find(|image| image.repository == *repository)
    }

    /// The same policy with this image, if none was configured.
    #[must_use]
    pub fn with_guessed_image(mut self, repository: ImageRepository) -> Self {
        if self.images.is_empty() {
            self.images.push(ImageSpec {
                certainty: Certainty::Guessed,
                ..ImageSpec::standard(repository)
            });
        }
        self
    }
}

/// Whether a person said it or the program worked it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It is written in a configuration, a flag or the environment.
    Configured,
    /// It was worked out, and is labelled so until a person confirms it.
    Guessed,
}

/// The workflows, environments and jobs of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The workflow whose runs are releases.
    pub release_workflow: WorkflowFile,
    /// The called workflow that builds and signs the image: the one named in the certificate.
    pub signer_workflow: WorkflowFile,
    /// The workflow that publishes the Python package.
    pub publish_workflow: WorkflowFile,
    /// The environments that gate a release.
    pub environments: Vec<String>,
    /// Jobs whose failure is told but does not block.
    pub advisory_jobs: Vec<String>,
}

impl Pipeline {
    /// The pipeline that is assumed where nothing else is said.
    pub fn standard() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Self {
            release_workflow: WorkflowFile::known("release.yml"),
            signer_workflow: WorkflowFile::known("prerelease-docker.yml"),
            publish_workflow: WorkflowFile::known("publish.yml"),
            environments: words(&["release"]),
            advisory_jobs: words(&["test-gate", "responsive-test-gate", "vulture-gate"]),
        }
    }

    /// Whether a job's failure is only told, by the first segment of its name.
    ///
    /// A called workflow's job is named `caller / callee`: the caller decides.
    pub fn is_advisory(&self, job: &str) -> bool {
        let caller = job.split(" / ").next().unwrap_or(job).trim();
        self.advisory_jobs
            .iter()
            .any(|name| name == job || name == caller)
    }
}

/// One image: where it is stored and how its tags are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSpec {
    /// The repository in a registry.
    pub repository: ImageRepository,
    /// The tag under which the tested image waits: `prerelease-v{version}-{short_sha}`.
    pub prerelease_tag: TagTemplate,
    /// The tag of one architecture's manifest before they are joined.
    pub arch_tag: TagTemplate,
    /// The tag that follows the newest prerelease.
    pub floating_tag: Tag,
    /// The tags that a release moves.
    pub release_tags: Vec<TagTemplate>,
    /// The platforms that the index must hold.
    pub platforms: Vec<Platform>,
    /// Whether the image was named by a person.
    pub certainty: Certainty,
}

impl ImageSpec {
    /// An image of the standard pipeline.
    pub fn standard(repository: ImageRepository) -> Self {
        Self {
            repository,
            prerelease_tag: TagTemplate::known("prerelease-v{version}-{short_sha}"),
            arch_tag: TagTemplate::known("prerelease-v{version}-{short_sha}-{arch}"),
            floating_tag: Tag::known("prerelease"),
            release_tags: ["{version}", "{major}.{minor}", "latest"]
                .map(TagTemplate::known)
                .to_vec(),
            platforms: vec![
                Platform::new("linux", "amd64"),
                Platform::new("linux", "arm64"),
            ],
            certainty: Certainty::Configured,
        }
    }

    /// The name of the prerelease tag of this version and commit.
    pub fn prerelease_tag(&self, vars: &Vars) -> Result<Tag, TemplateError> {
        self.prerelease_tag.render(vars)
    }

    /// The names of all tags that a release of this version moves, in the configured order.
    pub fn release_tags(&self, vars: &Vars) -> Result<Vec<Tag>, TemplateError> {
        self.release_tags
            .iter()
            .map(|template| template.render(vars))
            .collect()
    }

    /// The version that a prerelease tag of this commit names, if the tag is one of its kind.
    ///
    /// The whole tag must fit and must end in this commit: the tag of 1.6.91 is never read as one
    /// of 1.6.9.
    pub fn version_of(&self, tag: &str, commit: &super::ids::CommitSha) -> Option<String> {
        let vars = self.prerelease_tag.parse_tag(tag)?;
        let same = |variable, wanted: &str| vars.get(variable).is_none_or(|found| found == wanted);
        let names_commit =
            vars.get(Variable::ShortSha).is_some() || vars.get(Variable::Sha).is_some();
        (names_commit
            && same(Variable::ShortSha, commit.short())
            && same(Variable::Sha, commit.as_str()))
        .then(|| vars.get(Variable::Version).map(str::to_owned))
        .flatten()
    }
}

/// What the user made of a rule of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// What is left of the rule.
    pub left: Left,
    /// Why; the board shows it.
    pub reason: String,
}

/// What is left of a rule that the user switched off or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It is told, and does not block.
    Warning,
    /// Nothing but the line that says so.
    Nothing,
}

/// Who must have signed an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignaturePolicy {
    /// The identity provider that the certificate must name.
    pub issuer: String,
    /// What the certificate's identity must look like.
    pub identity: IdentityPattern,
    /// Types of SBOM statements that count.
    pub sbom_types: Vec<String>,
}

/// The issuer of the identities of workflows on GitHub.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The identity pattern that is assumed where nothing else is said.
pub const STANDARD_IDENTITY: &str =
    r"^https://github\.com/{repo}/\.github/workflows/{signer_workflow}@refs/(heads|tags)/";

/// A pattern for the identity in a certificate, with all names filled in and escaped.
///
/// It is kept as text and compiled when a signature is first checked: compiling costs
/// milliseconds that the first frame cannot spare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPattern(String);

impl IdentityPattern {
    /// Fills `{repo}` and `{signer_workflow}` in; a name is escaped, so its dot is a dot.
    ///
    /// Braces that no variable name can stand in (`[0-9]{7}`, `\p{Greek}`) are left as they are.
    pub fn new(
        pattern: &str,
        repo: &RepoSlug,
        signer: &WorkflowFile,
    ) -> Result<Self, TemplateError> {
        let mut text = String::with_capacity(pattern.len() + 64);
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let class = ["\\p", "\\P", "\\x", "\\u", "\\U"];
            let name = after
                .split_once('}')
                .filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_alphabetic()))
                .filter(|_| !class.iter().any(|class| before.ends_with(class)));
            rest = match name {
                Some(("repo", tail)) => {
                    text.push_str(&regex::escape(&repo.to_string()));
                    tail
                }
                Some(("signer_workflow", tail)) => {
                    text.push_str(&regex::escape(signer.as_str()));
                    tail
                }
                Some((name, _)) => {
                    return Err(TemplateError::unknown(name, &["repo", "signer_workflow"]));
                }
                None => {
                    text.push('{');
                    after
                }
            };
        }
        text.push_str(rest);
        Ok(Self(text))
    }

    /// A pattern without variables, taken as it is.
    pub fn literal(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// The pattern as a person reads it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The compiled pattern; it holds from the start of the identity, with or without `^`.
    pub fn compile(&self) -> Result<regex::Regex, regex::Error> {
        regex::RegexBuilder::new(&format!("^(?:{})", self.0))
            .size_limit(1 << 20)
            .build()
    }
}

/// The Python package of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PypiSpec {
    /// The project's name on the index.
    pub project: PypiName,
    /// Whether the project was named by a person; the guess is the repository's name.
    pub certainty: Certainty,
    /// The event by which the publish workflow is started.
    pub event_type: String,
    /// What that event carries, by key.
    pub payload: BTreeMap<String, PayloadValue>,
}

/// One value that the publish event carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadValue {
    /// A text with variables.
    Text(Template),
    /// Yes or no, sent as such.
    Flag(bool),
    /// A number, sent as such.
    Number(i64),
}

impl PypiSpec {
    /// The event that the standard pipeline sends.
    pub const STANDARD_EVENT: &str = "publish-pypi";

    /// The payload that the standard pipeline sends: `prerelease` is always explicit, because its
    /// absence would fall through to production.
    pub fn standard_payload() -> BTreeMap<String, PayloadValue> {
        let mut payload: BTreeMap<_, _> =
            ["tag", "sha", "run_id", "artifact_id", "manifest_sha256"]
                .map(|name| {
                    let text = Template::known(&format!("{{{name}}}"));
                    (name.to_owned(), PayloadValue::Text(text))
                })
                .into();
        payload.insert("prerelease".to_owned(), PayloadValue::Flag(false));
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_job_is_known_by_its_callers_name() {
        let pipeline = Pipeline::standard();
        assert!(pipeline.is_advisory("test-gate"));
        assert!(pipeline.is_advisory("test-gate / pytest (3.12)"));
        assert!(!pipeline.is_advisory("ci-gate / test-gate-2"));
        assert!(!pipeline.is_advisory("e2e-test-gate"));
    }

    #[test]
    fn names_in_the_identity_are_escaped_and_the_start_is_held() {
        let repo = "acme/rocket.io".parse().unwrap();
        let signer = "sign.yml".parse().unwrap();
        let pattern = IdentityPattern::new(STANDARD_IDENTITY, &repo, &signer).unwrap();
        let regex = pattern.compile().unwrap();
        let good = "https://github.com/acme/rocket.io/.github/workflows/sign.yml@refs/heads/main";
        assert!(regex.is_match(good));
        assert!(!regex.is_match(&good.replace("rocket.io", "rocketXio")));
        assert!(!regex.is_match(&good.replace("sign.yml", "signXyml")));

        let unanchored = IdentityPattern::new("https://a|https://b", &repo, &signer).unwrap();
        let regex = unanchored.compile().unwrap();
        assert!(regex.is_match("https://b/x"));
        assert!(!regex.is_match("evil https://b/x"));

        let quantified = IdentityPattern::new(r"x[0-9]{7}\p{Greek}", &repo, &signer).unwrap();
        assert_eq!(quantified.as_str(), r"x[0-9]{7}\p{Greek}");
        let error = IdentityPattern::new("{repository}", &repo, &signer).unwrap_err();
        assert!(error.to_string().contains("`repository`"), "{error}");
    }

    #[test]
    fn the_version_is_read_only_from_a_tag_that_ends_in_the_commit() {
        let image = ImageSpec::standard("acme/rocket".parse().unwrap());
        let commit = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".parse().unwrap();
        let read = |tag: &str| image.version_of(tag, &commit);
        assert_eq!(read("prerelease-v1.6.9-a1b2c3d").as_deref(), Some("1.6.9"));
        assert_eq!(
            read("prerelease-v1.6.91-a1b2c3d").as_deref(),
            Some("1.6.91")
        );
        assert_eq!(read("prerelease-v1.6.9-a1b2c3e"), None);
        assert_eq!(read("prerelease-v1.6.9-a1b2c3d-amd64"), None);
        assert_eq!(read("prerelease"), None);
        assert_eq!(read("latest"), None);
    }
}
