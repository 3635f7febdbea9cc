//! What an SBOM lists, as far as it can be read, and whether it is of the platform that it hangs on.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::clip;
use crate::domain::artifact::Platform;
use crate::domain::evidence::{Package, Remark, SbomSummary};

/// Packages of one SBOM that are kept.
const MOST_PACKAGES: usize = 100_000;

/// Characters of a package's address that are kept.
const LONGEST_ADDRESS: usize = 1024;

/// SPDX 2: packages by name. SPDX 3: a graph of elements.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    #[serde(rename = "spdxVersion")]
    version: Option<IgnoredAny>,
    name: Option<String>,
    packages: Option<Vec<SpdxPackage>>,
    #[serde(rename = "@graph")]
    graph: Option<Vec<Element>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    name: Option<String>,
    version_info: Option<String>,
    external_refs: Option<Vec<SpdxRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxRef {
    reference_type: Option<String>,
    reference_locator: Option<String>,
}

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "type", alias = "@type")]
    kind: Option<String>,
    name: Option<String>,
    #[serde(rename = "software_packageVersion")]
    version: Option<String>,
    #[serde(rename = "software_packageUrl")]
    purl: Option<String>,
    #[serde(rename = "externalIdentifier")]
    identifiers: Option<Vec<Identifier>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identifier {
    external_identifier_type: Option<String>,
    identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDx {
    bom_format: Option<IgnoredAny>,
    metadata: Option<Metadata>,
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
    components: Option<Vec<Self>>,
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

/// A package with bounded texts.
fn package(name: Option<String>, version: Option<String>, purl: Option<String>) -> Package {
    Package {
        name: clip(&name.unwrap_or_default()),
        version: version.map(|text| clip(&text)),
        purl: purl.map(|text| text.chars().take(LONGEST_ADDRESS).collect()),
    }
}

fn spdx(text: &str) -> Option<SbomSummary> {
    let document: Spdx = serde_json::from_str(text).ok()?;
    if let Some(graph) = document.graph {
        return Some(spdx_graph(graph));
    }
    if document.packages.is_none() && document.version.is_none() {
        return None;
    }
    let packages = document.packages.unwrap_or_default();
    let purl = |refs: Option<Vec<SpdxRef>>| {
        let mut refs = refs.unwrap_or_default().into_iter();
        refs.find(|entry| entry.reference_type.as_deref() == Some("purl"))
            .and_then(|entry| entry.reference_locator)
    };
    Some(SbomSummary {
        name: document.name.map(|name| clip(&name)),
        packages: packages
            .into_iter()
            .take(MOST_PACKAGES)
            .map(|it| package(it.name, it.version_info, purl(it.external_refs)))
            .collect(),
    })
}

fn spdx_graph(graph: Vec<Element>) -> SbomSummary {
    let mut summary = SbomSummary::default();
    for element in graph {
        match element.kind.as_deref() {
            Some("SpdxDocument") => summary.name = element.name.map(|name| clip(&name)),
            Some("software_Package") if summary.packages.len() < MOST_PACKAGES => {
                let mut identifiers = element.identifiers.unwrap_or_default().into_iter();
                let purl = element.purl.or_else(|| {
                    identifiers
                        .find(|it| it.external_identifier_type.as_deref() == Some("packageUrl"))
                        .and_then(|it| it.identifier)
                });
                let found = package(element.name, element.version, purl);
                summary.packages.push(found);
            }
            _ => {}
        }
    }
    summary
}

fn cyclonedx(text: &str) -> Option<SbomSummary> {
    let document: CycloneDx = serde_json::from_str(text).ok()?;
    if document.components.is_none() && document.bom_format.is_none() {
        return None;
    }
    let name = document
        .metadata
        .and_then(|metadata| metadata.component?.name);
    let mut summary = SbomSummary {
        name: name.map(|name| clip(&name)),
        packages: Vec::new(),
    };
    // Components may hold others, last in first out keeps the document's order.
    let mut open = document.components.unwrap_or_default();
    open.reverse();
    while let Some(component) = open.pop() {
        if summary.packages.len() >= MOST_PACKAGES {
            break;
        }
        open.extend(component.components.unwrap_or_default().into_iter().rev());
        let found = package(component.name, component.version, component.purl);
        summary.packages.push(found);
    }
    Some(summary)
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

    fn read_text(kind: &str, text: &str) -> Option<SbomSummary> {
        let raw = RawValue::from_string(text.to_owned()).ok()?;
        read(kind, Some(&raw))
    }

    #[test]
    fn documents_of_each_form_are_read() {
        let spdx = "https://spdx.dev/Document";
        let two = r#"{"spdxVersion":"SPDX-2.3","name":"x","packages":[{"name":"zlib","versionInfo":"1.3",
            "externalRefs":[{"referenceType":"cpe23Type","referenceLocator":"c"},
            {"referenceType":"purl","referenceLocator":"pkg:deb/debian/zlib@1.3"}]}]}"#;
        let three = r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
            {"type":"SpdxDocument","name":"x"},{"type":"Person","name":"me"},
            {"type":"software_Package","name":"zlib","software_packageVersion":"1.3",
            "externalIdentifier":[{"externalIdentifierType":"packageUrl","identifier":"pkg:deb/debian/zlib@1.3"}]}]}"#;
        let cyclonedx = r#"{"bomFormat":"CycloneDX","metadata":{"component":{"name":"x"}},"components":[
            {"name":"zlib","version":"1.3","purl":"pkg:deb/debian/zlib@1.3"}]}"#;
        let read = read_text(spdx, two).unwrap();
        assert_eq!(read.packages.len(), 1);
        assert_eq!(read.packages[0].key(), "pkg:deb/debian/zlib");
        assert_eq!(
            read_text("https://spdx.dev/Document/v3.0", three).as_ref(),
            Some(&read)
        );
        assert_eq!(
            read_text("https://cyclonedx.org/bom", cyclonedx).as_ref(),
            Some(&read)
        );
        let nested = r#"{"components":[{"name":"a","components":[{"name":"b"}]},{"name":"c"}]}"#;
        let read = read_text("https://cyclonedx.org/bom", nested).unwrap();
        let names: Vec<_> = read.packages.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        // Nothing that looks like an SBOM: that is unread, not empty.
        for (kind, text) in [
            (spdx, "{}"),
            (spdx, "\"text\""),
            ("https://cyclonedx.org/bom", "[1]"),
        ] {
            assert_eq!(read_text(kind, text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_much(text in r#"(\{|\}|\[|\]|"packages"|"components"|"@graph"|"name"|:|,|1|null| ){0,40}"#) {
            for kind in ["https://spdx.dev/Document", "https://cyclonedx.org/bom"] {
                let _ = read_text(kind, &text);
            }
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
