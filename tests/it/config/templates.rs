//! What a template renders is read back, and no text makes the reader panic.

use gonogo::config::Config;
use gonogo::domain::policy::{Tag, TagTemplate, Variable, Vars};
use proptest::prelude::*;

use super::Machine;

/// Versions as they are released: three numbers, some with a prerelease behind.
fn versions() -> impl Strategy<Value = String> {
    (
        0_u64..300,
        0_u64..300,
        0_u64..3000,
        proptest::option::of("(rc|beta)\\.[1-9][0-9]?"),
    )
        .prop_map(|(major, minor, patch, pre)| match pre {
            Some(pre) => format!("{major}.{minor}.{patch}-{pre}"),
            None => format!("{major}.{minor}.{patch}"),
        })
}

proptest! {
    #[test]
    fn what_a_template_renders_is_read_back(
        version in versions(),
        sha in "[0-9a-f]{40}",
        arch in proptest::sample::select(vec!["amd64", "arm64", "s390x", "ppc64le"]),
        template in proptest::sample::select(vec![
            "prerelease-v{version}-{short_sha}",
            "prerelease-v{version}-{short_sha}-{arch}",
            "{version}",
            "v{version}.build.{sha}",
            "{short_sha}_{version}",
            "{version}_{major}",
        ]),
    ) {
        let template: TagTemplate = template.parse().unwrap();
        let vars = Vars::of_version(&version).unwrap()
            .with_commit(&sha.parse().unwrap())
            .with_arch(arch).unwrap();
        let tag = template.render(&vars).unwrap();
        let read = template.parse_tag(tag.as_str()).expect("what was rendered is read back");
        for variable in [Variable::Version, Variable::ShortSha, Variable::Sha, Variable::Arch] {
            if template.uses(variable) {
                prop_assert_eq!(read.get(variable), vars.get(variable));
            }
        }
        prop_assert_eq!(template.render(&read).unwrap(), tag);
    }

    #[test]
    fn another_versions_tag_is_never_read_as_this_ones(one in versions(), two in versions(), sha in "[0-9a-f]{40}") {
        prop_assume!(one != two);
        let template: TagTemplate = "prerelease-v{version}-{short_sha}".parse().unwrap();
        let vars = Vars::of_version(&two).unwrap().with_commit(&sha.parse().unwrap());
        let tag = template.render(&vars).unwrap();
        let read = template.parse_tag(tag.as_str());
        prop_assert_ne!(read.and_then(|vars| vars.get(Variable::Version).map(str::to_owned)), Some(one));
    }

    #[test]
    fn no_template_and_no_tag_panics(template in ".{0,60}", tag in "[a-z0-9._-]{0,60}") {
        if let Ok(template) = template.parse::<TagTemplate>()
            && let Some(vars) = template.parse_tag(&tag)
        {
            let back: Result<Tag, _> = template.render(&vars);
            prop_assert_eq!(back.unwrap().to_string(), tag);
        }
    }

    #[test]
    fn no_file_panics(text in "(\\[+[a-z.]{0,9}\\]+|[a-z_]{1,9}|=|\"[^\"]{0,9}\"|\\{|\\}|,|[0-9]|\n){0,40}") {
        let machine = Machine::new();
        let _ = Config::of_simulator(&text, &machine.env(&[]));
    }
}

#[test]
fn the_tag_of_1_6_91_is_not_one_of_1_6_9() {
    let template: TagTemplate = "prerelease-v{version}-{short_sha}".parse().unwrap();
    let version = |tag: &str| {
        let vars = template.parse_tag(tag)?;
        vars.get(Variable::Version).map(str::to_owned)
    };
    assert_eq!(
        version("prerelease-v1.6.91-a1b2c3d").as_deref(),
        Some("1.6.91")
    );
    assert_eq!(
        version("prerelease-v1.6.9-a1b2c3d").as_deref(),
        Some("1.6.9")
    );
    assert_eq!(version("prerelease-v1.6.9-a1b2c3"), None);
    assert_eq!(version("prerelease-v1.6.9-a1b2c3d4"), None);
    assert_eq!(version("xprerelease-v1.6.9-a1b2c3d"), None);
    // Where two readings fit, none is taken.
    let ambiguous: TagTemplate = "{version}-{arch}".parse().unwrap();
    assert_eq!(
        ambiguous
            .parse_tag("1.6.9-rc.1-amd64")
            .unwrap()
            .get(Variable::Arch),
        Some("amd64")
    );
    let ambiguous: TagTemplate = "{arch}_{version}".parse().unwrap();
    assert!(ambiguous.parse_tag("a_1.0.0").is_some());
}
