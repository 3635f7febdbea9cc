//! Texts with variables: written into names, and read back out of names.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::names::{NameError, Tag, clip};
use crate::domain::ids::{CommitSha, RunId};

/// What may stand between braces in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// The version without `v`: `1.6.9`.
    Version,
    /// The version's first number.
    Major,
    /// The version's second number.
    Minor,
    /// The version's third number.
    Patch,
    /// The first seven digits of the release commit.
    ShortSha,
    /// All 40 digits of the release commit.
    Sha,
    /// An architecture: `amd64`.
    Arch,
    /// The Git tag: `v1.6.9`.
    Tag,
    /// The release run's number.
    RunId,
    /// The number of the artifact that holds the distributions.
    ArtifactId,
    /// The SHA-256 of the list of distributions.
    ManifestSha256,
}

impl Variable {
    /// Those that may stand in the name of an image's tag.
    const IN_TAGS: &[Self] = &[
        Self::Version,
        Self::Major,
        Self::Minor,
        Self::Patch,
        Self::ShortSha,
        Self::Sha,
        Self::Arch,
    ];
    /// Those that may stand in the publish event's payload.
    const IN_PAYLOAD: &[Self] = &[
        Self::Version,
        Self::Major,
        Self::Minor,
        Self::Patch,
        Self::ShortSha,
        Self::Sha,
        Self::Tag,
        Self::RunId,
        Self::ArtifactId,
        Self::ManifestSha256,
    ];

    /// The name between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
            Self::ShortSha => "short_sha",
            Self::Sha => "sha",
            Self::Arch => "arch",
            Self::Tag => "tag",
            Self::RunId => "run_id",
            Self::ArtifactId => "artifact_id",
            Self::ManifestSha256 => "manifest_sha256",
        }
    }

    /// Whether a text can be this variable's value.
    fn accepts(self, text: &str) -> bool {
        let hex = |length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let number = || text == "0" || (!text.starts_with('0') && text.parse::<u64>().is_ok());
        match self {
            Self::Version => semver::Version::parse(text).is_ok(),
            Self::Major | Self::Minor | Self::Patch | Self::RunId | Self::ArtifactId => {
                !text.starts_with('+') && number()
            }
            Self::ShortSha => hex(7),
            Self::Sha => hex(40),
            Self::ManifestSha256 => hex(64),
            Self::Arch => {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            }
            Self::Tag => text
                .strip_prefix('v')
                .is_some_and(|version| semver::Version::parse(version).is_ok()),
        }
    }
}

/// Why a template is refused, or cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A variable that does not exist, or has no meaning here.
    #[error("`{name}` is not a variable here; there are {known}{hint}")]
    Unknown {
        /// What stands between the braces.
        name: String,
        /// Those that may stand there.
        known: String,
        /// The nearest of them, as a sentence.
        hint: String,
    },
    /// A brace without its partner.
    #[error("`{0}` has a brace without its partner")]
    Unbalanced(String),
    /// Two variables without anything between them cannot be told apart when read back.
    #[error("`{{{0}}}` and `{{{1}}}` need something between them")]
    Adjacent(&'static str, &'static str),
    /// Longer, or with more variables, than any name needs.
    #[error(
        "the template is longer than {MAX_LENGTH} characters or has more than {MAX_VARIABLES} variables"
    )]
    TooLong,
    /// A variable whose value is not known.
    #[error("the value of `{0}` is not known")]
    NoValue(&'static str),
    /// A value that the variable cannot have.
    #[error("`{value}` cannot be the value of `{name}`")]
    BadValue {
        /// The variable.
        name: &'static str,
        /// The value, cut.
        value: String,
    },
    /// The result is not a name that the registry allows.
    #[error(transparent)]
    Name(#[from] NameError),
}

const MAX_LENGTH: usize = 512;
const MAX_VARIABLES: usize = 8;

impl TemplateError {
    /// A variable that is not among the known ones; names the nearest.
    pub(super) fn unknown(name: &str, known: &[&str]) -> Self {
        let hint = known
            .iter()
            .map(|candidate| {
                (
                    strsim::damerau_levenshtein(candidate, &clip(name)),
                    candidate,
                )
            })
            .min()
            .filter(|(distance, _)| *distance <= 3)
            .map(|(_, nearest)| format!("; did you mean `{{{nearest}}}`?"))
            .unwrap_or_default();
        let known: Vec<String> = known.iter().map(|word| format!("`{{{word}}}`")).collect();
        Self::Unknown {
            name: clip(name),
            known: known.join(", "),
            hint,
        }
    }
}

/// The values that a template is filled in with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vars(BTreeMap<Variable, String>);

impl Vars {
    /// The version, and what follows from it: its numbers and the Git tag.
    pub fn of_version(version: &str) -> Result<Self, TemplateError> {
        let mut vars = Self::default();
        vars.set(Variable::Version, version)?;
        vars.set(Variable::Tag, &format!("v{version}"))?;
        if let Ok(parsed) = semver::Version::parse(version) {
            vars.set(Variable::Major, &parsed.major.to_string())?;
            vars.set(Variable::Minor, &parsed.minor.to_string())?;
            vars.set(Variable::Patch, &parsed.patch.to_string())?;
        }
        Ok(vars)
    }

    /// With the release commit, in both lengths.
    #[must_use]
    pub fn with_commit(mut self, commit: &CommitSha) -> Self {
        self.0.insert(Variable::ShortSha, commit.short().to_owned());
        self.0.insert(Variable::Sha, commit.as_str().to_owned());
        self
    }

    /// With the release run's number.
    #[must_use]
    pub fn with_run(mut self, run: RunId) -> Self {
        self.0.insert(Variable::RunId, run.to_string());
        self
    }

    /// With an architecture.
    pub fn with_arch(mut self, arch: &str) -> Result<Self, TemplateError> {
        self.set(Variable::Arch, arch)?;
        Ok(self)
    }

    /// Gives a variable its value, if it can be one.
    pub fn set(&mut self, variable: Variable, value: &str) -> Result<(), TemplateError> {
        if !variable.accepts(value) {
            return Err(TemplateError::BadValue {
                name: variable.name(),
                value: clip(value),
            });
        }
        self.0.insert(variable, value.to_owned());
        Ok(())
    }

    /// A variable's value.
    pub fn get(&self, variable: Variable) -> Option<&str> {
        self.0.get(&variable).map(String::as_str)
    }

    /// Whether the version's numbers and the commit's two lengths do not contradict each other.
    fn is_consistent(&self) -> bool {
        let version = self
            .get(Variable::Version)
            .and_then(|text| semver::Version::parse(text).ok());
        let number = |variable, wanted: u64| {
            self.get(variable)
                .is_none_or(|text| text == wanted.to_string())
        };
        let numbers = version.is_none_or(|version| {
            number(Variable::Major, version.major)
                && number(Variable::Minor, version.minor)
                && number(Variable::Patch, version.patch)
        });
        let commit = match (self.get(Variable::Sha), self.get(Variable::ShortSha)) {
            (Some(sha), Some(short)) => sha.starts_with(short),
            _ => true,
        };
        numbers && commit
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(Variable),
}

/// A text with variables between braces.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

impl Template {
    /// A template of the publish event's payload.
    pub fn payload(text: &str) -> Result<Self, TemplateError> {
        Self::parse(text, Variable::IN_PAYLOAD)
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text with every variable replaced by its value.
    pub fn render(&self, vars: &Vars) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(variable) => text.push_str(
                    vars.get(*variable)
                        .ok_or(TemplateError::NoValue(variable.name()))?,
                ),
            }
        }
        Ok(text)
    }

    /// A template of the program itself; `tests` proves that each is right.
    pub(super) fn known(text: &str) -> Self {
        Self::parse(text, Variable::IN_PAYLOAD).unwrap_or_else(|_| Self {
            text: text.to_owned(),
            parts: vec![Part::Literal(text.to_owned())],
        })
    }

    fn parse(text: &str, allowed: &[Variable]) -> Result<Self, TemplateError> {
        if text.len() > MAX_LENGTH {
            return Err(TemplateError::TooLong);
        }
        let unbalanced = || TemplateError::Unbalanced(clip(text));
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or_else(unbalanced)?;
            if before.contains('}') || name.contains('{') {
                return Err(unbalanced());
            }
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            let variable = allowed
                .iter()
                .copied()
                .find(|variable| variable.name() == name)
                .ok_or_else(|| {
                    let known: Vec<&str> = allowed.iter().map(|known| known.name()).collect();
                    TemplateError::unknown(name, &known)
                })?;
            parts.push(Part::Variable(variable));
            rest = tail;
        }
        if rest.contains('}') {
            return Err(unbalanced());
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        let variables = parts
            .iter()
            .filter(|part| matches!(part, Part::Variable(_)));
        if variables.count() > MAX_VARIABLES {
            return Err(TemplateError::TooLong);
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The template of an image's tag: what it renders is always a tag, and a tag can be read back.
#[derive(Clone, PartialEq, Eq)]
pub struct TagTemplate(Template);

impl TagTemplate {
    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the variable stands in the template.
    pub fn uses(&self, variable: Variable) -> bool {
        self.0.parts.contains(&Part::Variable(variable))
    }

    /// The tag with every variable replaced by its value.
    pub fn render(&self, vars: &Vars) -> Result<Tag, TemplateError> {
        Ok(self.0.render(vars)?.parse()?)
    }

    /// The values that make this template render exactly this tag.
    ///
    /// `None` where it is not such a tag, and where it could be read in two ways: a tag is never
    /// guessed at. The numbers of a version that was read are among the values.
    pub fn parse_tag(&self, tag: &str) -> Option<Vars> {
        if tag.parse::<Tag>().is_err() {
            return None;
        }
        let mut found = Vec::new();
        read(&self.0.parts, tag, &Vars::default(), &mut found);
        match found.as_slice() {
            [one] => {
                let mut vars = one.clone();
                if let Some(derived) = one
                    .get(Variable::Version)
                    .and_then(|version| Vars::of_version(version).ok())
                {
                    vars.0.extend(derived.0);
                }
                Some(vars)
            }
            _ => None,
        }
    }

    pub(super) fn known(text: &str) -> Self {
        Self(Template::known_tag(text))
    }
}

impl Template {
    fn known_tag(text: &str) -> Self {
        Self::parse(text, Variable::IN_TAGS).unwrap_or_else(|_| Self::known(text))
    }
}

/// Collects the readings of `rest`, at most two: a second one already says "ambiguous".
fn read(parts: &[Part], rest: &str, vars: &Vars, found: &mut Vec<Vars>) {
    if found.len() > 1 {
        return;
    }
    let Some((part, parts)) = parts.split_first() else {
        if rest.is_empty() && vars.is_consistent() && !found.contains(vars) {
            found.push(vars.clone());
        }
        return;
    };
    match part {
        Part::Literal(literal) => {
            if let Some(rest) = rest.strip_prefix(literal.as_str()) {
                read(parts, rest, vars, found);
            }
        }
        Part::Variable(variable) => {
            if let Some(value) = vars.get(*variable) {
                if let Some(rest) = rest.strip_prefix(value) {
                    read(parts, rest, vars, found);
                }
                return;
            }
            for end in 1..=rest.len() {
                let Some((value, tail)) = rest.split_at_checked(end) else {
                    continue;
                };
                if variable.accepts(value) {
                    let mut vars = vars.clone();
                    vars.0.insert(*variable, value.to_owned());
                    read(parts, tail, &vars, found);
                }
            }
        }
    }
}

impl FromStr for TagTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let template = Template::parse(text, Variable::IN_TAGS)?;
        let bad = || TemplateError::Name(NameError::Tag(clip(text)));
        let mut before: Option<&Part> = None;
        for part in &template.parts {
            match (before, part) {
                (None, Part::Literal(text)) if text.starts_with(['.', '-']) => return Err(bad()),
                (Some(Part::Variable(a)), Part::Variable(b)) => {
                    return Err(TemplateError::Adjacent(a.name(), b.name()));
                }
                _ => {}
            }
            if let Part::Literal(text) = part
                && !text.chars().all(Tag::allows)
            {
                return Err(bad());
            }
            before = Some(part);
        }
        if before.is_none() || text.len() > 128 {
            return Err(bad());
        }
        Ok(Self(template))
    }
}

impl fmt::Debug for TagTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for TagTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
