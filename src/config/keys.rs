//! The table of all keys: one row a key. What may be written, by whom and in which form follows from it.

/// One key of a configuration file.
pub(super) struct Key {
    /// Its name with its tables; those of `[[image]]` begin with `image.`.
    pub(super) path: &'static str,
    /// The form of its value.
    pub(super) form: Form,
    /// Who may set it.
    pub(super) reach: Reach,
}

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Texts,
    Flag,
    /// `{ env | command | keyring = "…" }`
    Token,
    /// `{ docker_config = true }` or `{ username = { env }, password = { env } }`
    Credentials,
    /// Any keys, with texts.
    TextMap,
    /// Any keys, with texts, flags or whole numbers.
    Payload,
}

impl Form {
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Texts => "a list of texts",
            Self::Flag => "true or false",
            Self::Token => {
                "{ env = \"NAME\" }, { command = \"program arguments\" } or { keyring = \"service\" }"
            }
            Self::Credentials => {
                "{ docker_config = true } or { username = { env = \"NAME\" }, password = { env = \"NAME\" } }"
            }
            Self::TextMap => "a table of texts",
            Self::Payload => "a table of texts, flags and whole numbers",
        }
    }
}

/// Who may set a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A name: a checkout may set it too.
    Name,
    /// The user alone; the sentence says what the key decides.
    User(&'static str),
}

const URL: Reach = Reach::User("decides where requests and credentials go");
const SECRET: Reach = Reach::User("decides which credential is used, or which program is run");
const TRUST: Reach = Reach::User("decides whose signature counts");
const RULE: Reach = Reach::User("decides what blocks a release");
const TASTE: Reach = Reach::User("is the user's own choice");

const fn key(path: &'static str, form: Form, reach: Reach) -> Key {
    Key { path, form, reach }
}

/// All keys, in the order of `config.example.toml`.
pub(super) const KEYS: &[Key] = &[
    key(
        "repo",
        Form::Text,
        Reach::User("decides which repository is watched and acted on"),
    ),
    key("github.api_url", Form::Text, URL),
    key("github.token", Form::Token, SECRET),
    key("pipeline.release_workflow", Form::Text, Reach::Name),
    key("pipeline.signer_workflow", Form::Text, Reach::Name),
    key("pipeline.publish_workflow", Form::Text, Reach::Name),
    key("pipeline.environments", Form::Texts, Reach::Name),
    key("pipeline.advisory_jobs", Form::Texts, RULE),
    key("image.repository", Form::Text, Reach::Name),
    key("image.registry_url", Form::Text, URL),
    key("image.prerelease_tag", Form::Text, Reach::Name),
    key("image.arch_tag", Form::Text, Reach::Name),
    key("image.floating_tag", Form::Text, Reach::Name),
    key("image.release_tags", Form::Texts, Reach::Name),
    key("image.platforms", Form::Texts, Reach::Name),
    key("image.hub_api_url", Form::Text, URL),
    key("image.credentials", Form::Credentials, SECRET),
    key("signature.issuer", Form::Text, TRUST),
    key("signature.identity", Form::Text, TRUST),
    key("signature.trusted_root", Form::Text, TRUST),
    key("signature.sbom_types", Form::Texts, TRUST),
    key("rules.warn", Form::TextMap, RULE),
    key("rules.off", Form::TextMap, RULE),
    key("pypi.project", Form::Text, Reach::Name),
    key("pypi.url", Form::Text, URL),
    key(
        "pypi.event_type",
        Form::Text,
        Reach::User("decides what is sent to start the publish"),
    ),
    key(
        "pypi.payload",
        Form::Payload,
        Reach::User("decides what is sent to start the publish"),
    ),
    key("watch.interval", Form::Text, TASTE),
    key("ui.theme", Form::Text, TASTE),
    key("ui.mouse", Form::Flag, TASTE),
    key("ui.keys", Form::TextMap, TASTE),
];

/// The row of a key.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether a name is a table of keys: `github`, `pipeline`, …
pub(super) fn is_table(path: &str) -> bool {
    KEYS.iter().any(|key| {
        key.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The known name that is nearest to an unknown one.
///
/// Names of the same table come first; a key that is only in the wrong table is found in its own.
pub(super) fn nearest(table: &str, name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    let prefix = if table.is_empty() {
        String::new()
    } else {
        format!("{table}.")
    };
    let mut here: Vec<String> = KEYS
        .iter()
        .filter_map(|key| key.path.strip_prefix(&prefix))
        .filter_map(|rest| rest.split('.').next())
        .map(|first| format!("{prefix}{first}"))
        .collect();
    if table.is_empty() {
        here.push("profile".to_owned());
    }
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let distance = |path: &str| strsim::damerau_levenshtein(&last(path), &name);
    let best_here = here.into_iter().min_by_key(|path| distance(path));
    let best_anywhere = KEYS.iter().min_by_key(|key| distance(key.path));
    match (best_here, best_anywhere) {
        (Some(here), Some(anywhere)) if distance(anywhere.path) < distance(&here).min(2) => {
            anywhere.path.to_owned()
        }
        (Some(here), _) => here,
        (None, anywhere) => anywhere.map_or_else(String::new, |key| key.path.to_owned()),
    }
}

/// The nearest of these names.
pub(super) fn nearest_of<'a>(known: &[&'a str], name: &str) -> &'a str {
    let name: String = name.chars().take(64).collect();
    known
        .iter()
        .min_by_key(|candidate| strsim::damerau_levenshtein(candidate, &name))
        .copied()
        .unwrap_or_default()
}

/// The variable that sets a key: `github.api_url` is `GONOGO_GITHUB_API_URL`.
///
/// Only a plain value can be set so, and no key of an image, because there may be several.
pub(super) fn variable(key: &Key) -> Option<String> {
    let plain = matches!(key.form, Form::Text | Form::Texts | Form::Flag);
    (plain && !key.path.starts_with("image."))
        .then(|| format!("GONOGO_{}", key.path.replace('.', "_").to_ascii_uppercase()))
}
