//! What an SBOM lists, as far as it can be read, and whether it is of the platform that it hangs on.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::clip;
use crate::domain::artifact::Platform;
use crate::domain::evidence::{Package, Remark, SbomSummary};

/// Packages of one SBOM that are kept.
const MOST_PACKAGES: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    name: Option<String>,
    #[serde(default)]
    packages: Option<Vec<SpdxPackage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    name: Option<String>,
    version_info: Option<String>,
    #[serde(default)]
    external_refs: Option<Vec<SpdxRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxRef {
    reference_type: Option<String>,
    reference_locator: Option<String>,
}

#[derive(Deserialize)]
struct CycloneDx {
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: Option<String>,
    version: Option<String>,
    purl: Option<String>,
}

/// Reads an SBOM; `None`: its form is not known here.
pub(super) fn read(predicate_type: &str, predicate: Option<&RawValue>) -> Option<SbomSummary> {
    let text = predicate?.get();
    if predicate_type.starts_with("https://spdx.dev/") {
        spdx(text)
    } else {
        cyclonedx(text)
    }
}

fn spdx(text: &str) -> Option<SbomSummary> {
    let document: Spdx = serde_json::from_str(text).ok()?;
    let packages = document.packages.unwrap_or_default();
    Some(SbomSummary {
        name: document.name,
        packages: packages
            .into_iter()
            .take(MOST_PACKAGES)
            .map(|package| Package {
                name: package.name.unwrap_or_default(),
                version: package.version_info,
                purl: package
                    .external_refs
                    .unwrap_or_default()
                    .into_iter()
                    .find(|entry| entry.reference_type.as_deref() == Some("purl"))
                    .and_then(|entry| entry.reference_locator),
            })
            .collect(),
    })
}

fn cyclonedx(text: &str) -> Option<SbomSummary> {
    let document: CycloneDx = serde_json::from_str(text).ok()?;
    let components = document.components.unwrap_or_default();
    Some(SbomSummary {
        name: document
            .metadata
            .and_then(|metadata| metadata.component?.name),
        packages: components
            .into_iter()
            .take(MOST_PACKAGES)
            .map(|component| Package {
                name: component.name.unwrap_or_default(),
                version: component.version,
                purl: component.purl,
            })
            .collect(),
    })
}

/// What is worth knowing of an SBOM that hangs on this platform.
pub(super) fn remarks(sbom: &SbomSummary, platform: &Platform) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if sbom.packages.is_empty() {
        remarks.push(Remark::SbomEmpty);
    }
    if let Some(other) = other_architecture(sbom, &platform.architecture) {
        remarks.push(Remark::SbomOtherArchitecture(other));
    }
    remarks
}

/// The architecture that the SBOM is of, if it names one and not this one.
///
/// Some packages may be of another architecture (tools for cross-building): it is a stranger's SBOM if none is of its own.
fn other_architecture(sbom: &SbomSummary, own: &str) -> Option<String> {
    let mut other = None;
    for package in &sbom.packages {
        let found = package.purl.as_deref().and_then(purl_architecture);
        match found.as_deref().and_then(architecture) {
            Some(arch) if arch == own => return None,
            Some(arch) => other = other.or(Some(arch)),
            None => {}
        }
    }
    let named = || {
        let words: Vec<_> = sbom
            .name
            .as_deref()
            .unwrap_or_default()
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            // In a name `arm` may be anything; `arm64` is an architecture.
            .filter(|word| word.len() > 4)
            .filter_map(architecture)
            .collect();
        words
            .iter()
            .all(|arch| *arch != own)
            .then(|| words.first().copied())?
    };
    other.or_else(named).map(str::to_owned)
}

/// The qualifier `arch` of a package URL.
fn purl_architecture(purl: &str) -> Option<String> {
    let (_, rest) = purl.split_once('?')?;
    let qualifiers = rest.split('#').next()?;
    qualifiers
        .split('&')
        .find_map(|pair| pair.strip_prefix("arch="))
        .map(clip)
}

/// The name that images use for an architecture of packages; `None` for those that fit all, and for what is not known.
fn architecture(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "amd64" | "x86_64" => "amd64",
        "arm64" | "aarch64" => "arm64",
        "386" | "i386" | "i686" | "x86" => "386",
        "arm" | "armhf" | "armel" | "armv7" | "armv7l" | "armv7hl" | "armv6" => "arm",
        "ppc64le" | "ppc64el" => "ppc64le",
        "s390x" => "s390x",
        "riscv64" => "riscv64",
        "mips64le" | "mips64el" => "mips64le",
        "loong64" | "loongarch64" => "loong64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sbom(name: &str, purls: &[&str]) -> SbomSummary {
        SbomSummary {
            name: Some(name.to_owned()),
            packages: purls
                .iter()
                .map(|purl| Package {
                    name: "p".to_owned(),
                    version: None,
                    purl: Some((*purl).to_owned()),
                })
                .collect(),
        }
    }

    #[test]
    fn an_sbom_of_another_architecture_is_told_by_its_packages_or_its_name() {
        let arm = "pkg:deb/debian/libc6@2?distro=debian-12&arch=arm64";
        let all = "pkg:deb/debian/tzdata@2?arch=all";
        let fedora = "pkg:rpm/fedora/glibc@2?arch=x86_64";
        for (name, purls, own, other) in [
            ("rocket", &[all, arm][..], "arm64", None),
            ("rocket", &[all, arm], "amd64", Some("arm64")),
            ("rocket", &[fedora, arm], "amd64", None),
            ("rocket", &[all], "amd64", None),
            ("rocket-linux-arm64", &[all], "amd64", Some("arm64")),
            ("charm64-tool", &[all], "amd64", None),
        ] {
            let found = other_architecture(&sbom(name, purls), own);
            assert_eq!(found.as_deref(), other, "{name} {purls:?} on {own}");
        }
        assert_eq!(
            remarks(&sbom("rocket", &[]), &Platform::new("linux", "amd64")),
            [Remark::SbomEmpty]
        );
    }
}
