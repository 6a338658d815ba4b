//! The project's own exports come back as they stood, and mean the same in every other form.

use wayfare_import::{Bundle, Form, InputFile, ReadLimits, pack, read};

use crate::{
    exports,
    pack::real::{again, contents, meaning},
};

/// Folders whose JSON comes back as it stood.
const SAME: &[&str] = &[
    "frodo-single",
    "frodo-multi",
    "frodo-old",
    "treetool",
    "platform-multi",
    "platform-single",
    "amster",
    "file-based",
    "config-manager",
    "list-of-details",
];

/// Folders that come back otherwise, with the reason.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "frodo-config",
        "the realms are packed apart, and what is of no realm goes to each",
    ),
    (
        "frodo-scripts",
        "what the file of a script says of itself is kept beside, and comes back alone",
    ),
    ("rest", "lists come back with nothing said of their pages"),
    ("list", "everything in one list comes back in files"),
    ("details", "settings within the tree come back beside it"),
];

fn bundles(folder: &str) -> Vec<Bundle> {
    exports::reading(folder).bundles
}

fn packed(bundle: &Bundle, form: Form) -> Vec<InputFile> {
    again(pack(bundle, form).unwrap())
}

#[test]
fn exports_come_back_as_they_stood() {
    for folder in SAME {
        let files: Vec<_> = bundles(folder)
            .iter()
            .flat_map(|bundle| packed(bundle, bundle.form))
            .collect();
        let (before, after) = (contents(&exports::files(folder)), contents(&files));
        let lost: Vec<_> = before
            .iter()
            .filter(|value| !after.contains(value))
            .collect();
        let new: Vec<_> = after
            .iter()
            .filter(|value| !before.contains(value))
            .collect();
        assert!(
            lost.is_empty() && new.is_empty(),
            "{folder}\nlost: {lost:#?}\nnew: {new:#?}"
        );
    }
}

#[test]
fn what_was_packed_is_read_as_the_same() {
    let all = SAME
        .iter()
        .chain(OTHERWISE.iter().map(|(folder, _)| folder));
    for folder in all {
        for bundle in bundles(folder) {
            let reading = read(&packed(&bundle, bundle.form), &ReadLimits::default());
            assert_eq!(reading.bundles, [bundle], "{folder}");
        }
    }
}

#[test]
fn exports_mean_the_same_in_every_form() {
    for folder in SAME
        .iter()
        .chain(OTHERWISE.iter().map(|(folder, _)| folder))
    {
        for bundle in bundles(folder) {
            for form in FORMS {
                let reading = read(&packed(&bundle, form), &ReadLimits::default());
                assert_eq!(reading.bundles.len(), 1, "{folder} {form:?}");
                assert_eq!(
                    meaning(&reading.bundles[0]),
                    meaning(&bundle),
                    "{folder} {form:?}"
                );
            }
        }
    }
}

/// Every form.
pub(super) const FORMS: [Form; 9] = [
    Form::FrodoSingle,
    Form::FrodoMulti,
    Form::FrodoConfig,
    Form::Treetool,
    Form::Platform,
    Form::Amster,
    Form::FileBased,
    Form::ConfigManager,
    Form::Rest,
];
