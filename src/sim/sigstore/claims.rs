//! What a certificate says about the workflow that signs.

/// The identity of a workflow run, as GitHub's token states it and as the certificate repeats it.
///
/// All fields are open, so that a world can lie in any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who issued the token; extensions 1.1 and 1.8.
    pub issuer: String,
    /// The called workflow at its ref, as an address: the certificate's subject and extension 1.9.
    pub identity: String,
    /// The event that started the run; 1.2 and 1.20.
    pub trigger: String,
    /// The commit; 1.3, 1.10, 1.13 and 1.19.
    pub sha: String,
    /// The name of the workflow that was started; 1.4.
    pub workflow_name: String,
    /// `owner/name`; 1.5, and as an address 1.12.
    pub repository: String,
    /// The git ref; 1.6 and 1.14.
    pub git_ref: String,
    /// The number of the repository; 1.15.
    pub repository_id: u64,
    /// The number of the owner; 1.17.
    pub owner_id: u64,
    /// `github-hosted` or `self-hosted`; 1.11.
    pub runner: String,
    /// The workflow that was started, at its ref, as an address; 1.18.
    pub build_config: String,
    /// The run and its attempt, as an address; 1.21.
    pub run_invocation: String,
    /// `public`, `private` or `internal`; 1.22.
    pub visibility: String,
    /// The environment of the signing job; 1.23.
    pub environment: Option<String>,
}

/// Where GitHub's extensions live: 1.3.6.1.4.1.57264.1.
const ARC: [u64; 8] = [1, 3, 6, 1, 4, 1, 57264, 1];

impl Claims {
    /// A run of the workflow `started` in a repository, whose job in the reusable workflow `signing` signs.
    ///
    /// Workflows are paths such as `.github/workflows/release.yml`; `git_ref` is a full one, such as `refs/heads/main`.
    pub fn github(
        repository: &str,
        started: &str,
        signing: &str,
        git_ref: &str,
        sha: &str,
        run: (u64, u32),
    ) -> Self {
        let base = format!("https://github.com/{repository}");
        let (run_id, attempt) = run;
        Self {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            identity: format!("{base}/{signing}@{git_ref}"),
            trigger: "push".to_owned(),
            sha: sha.to_owned(),
            workflow_name: "Release".to_owned(),
            repository: repository.to_owned(),
            git_ref: git_ref.to_owned(),
            repository_id: 418_273_645,
            owner_id: 93_827_164,
            runner: "github-hosted".to_owned(),
            build_config: format!("{base}/{started}@{git_ref}"),
            run_invocation: format!("{base}/actions/runs/{run_id}/attempts/{attempt}"),
            visibility: "public".to_owned(),
            environment: None,
        }
    }

    /// The extensions of a certificate: object identifier and content.
    pub(super) fn extensions(&self) -> Vec<(Vec<u64>, Vec<u8>)> {
        let owner = self.repository.split('/').next().unwrap_or_default();
        let (repository_id, owner_id) = (self.repository_id.to_string(), self.owner_id.to_string());
        let repository_uri = format!("https://github.com/{}", self.repository);
        let owner_uri = format!("https://github.com/{owner}");
        let subject = match &self.environment {
            Some(environment) => format!("repo:{}:environment:{environment}", self.repository),
            None => format!("repo:{}:ref:{}", self.repository, self.git_ref),
        };
        // The first six are bare text; the later ones are DER strings.
        let bare = [
            (1, &self.issuer),
            (2, &self.trigger),
            (3, &self.sha),
            (4, &self.workflow_name),
            (5, &self.repository),
            (6, &self.git_ref),
        ];
        let der = [
            (8, Some(&self.issuer)),
            (9, Some(&self.identity)),
            (10, Some(&self.sha)),
            (11, Some(&self.runner)),
            (12, Some(&repository_uri)),
            (13, Some(&self.sha)),
            (14, Some(&self.git_ref)),
            (15, Some(&repository_id)),
            (16, Some(&owner_uri)),
            (17, Some(&owner_id)),
            (18, Some(&self.build_config)),
            (19, Some(&self.sha)),
            (20, Some(&self.trigger)),
            (21, Some(&self.run_invocation)),
            (22, Some(&self.visibility)),
            (23, self.environment.as_ref()),
            (24, Some(&subject)),
        ];
        let bare = bare
            .into_iter()
            .map(|(number, text)| (oid(number), text.clone().into_bytes()));
        let der = der
            .into_iter()
            .filter_map(|(number, text)| Some(extension(number, text?)));
        bare.chain(der).collect()
    }
}

/// An extension of GitHub's whose content is a DER string.
pub(super) fn extension(number: u64, text: &str) -> (Vec<u64>, Vec<u8>) {
    (oid(number), utf8_string(text))
}

fn oid(number: u64) -> Vec<u64> {
    let mut oid = ARC.to_vec();
    oid.push(number);
    oid
}

/// A DER `UTF8String`.
fn utf8_string(text: &str) -> Vec<u8> {
    let mut der = vec![0x0c];
    der.extend(der_length(text.len()));
    der.extend_from_slice(text.as_bytes());
    der
}

/// The length octets of DER.
pub(super) fn der_length(length: usize) -> Vec<u8> {
    if let Ok(short) = u8::try_from(length)
        && short < 0x80
    {
        return vec![short];
    }
    let octets: Vec<u8> = length
        .to_be_bytes()
        .into_iter()
        .skip_while(|octet| *octet == 0)
        .collect();
    let count = u8::try_from(octets.len()).unwrap_or(8);
    let mut der = vec![0x80 | count];
    der.extend(octets);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_encoded_as_der_has_them() {
        assert_eq!(der_length(5), [5]);
        assert_eq!(der_length(127), [127]);
        assert_eq!(der_length(128), [0x81, 128]);
        assert_eq!(der_length(300), [0x82, 1, 44]);
    }
}
