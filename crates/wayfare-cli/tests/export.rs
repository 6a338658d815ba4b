//! `export am`: journeys of the project as the product imports them, and what came in goes back as it was.

use std::{fs, path::PathBuf};

use serde_json::Value as Json;

use crate::{
    import::{SHOP, files},
    support::{Folder, LOGIN, Ran},
};

fn imported() -> Folder {
    let folder = Folder::new(&[("shop.json", SHOP)]);
    assert_eq!(
        folder
            .run(&["import", "am", "shop.json", "--out", "shop"])
            .code,
        0
    );
    folder
}

fn export(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut all = vec!["export", "am"];
    all.extend(arguments);
    folder.run(&all)
}

/// JSON without what says when and how it was packed.
fn bare(text: &str) -> Json {
    let mut json: Json = serde_json::from_str(text).unwrap();
    json.as_object_mut().unwrap().remove("meta");
    json
}

#[test]
fn what_came_in_goes_back_as_it_was() {
    let folder = imported();
    let ran = export(&folder, &["shop", "--form", "frodo-multi", "--out", "-"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(bare(&ran.out), bare(SHOP));
}

#[test]
fn every_form_comes_in_again_as_the_same_journeys() {
    let folder = imported();
    let texts = |name: &str| {
        let mut all = files(&folder.path().join(name));
        all.retain(|(name, _)| {
            [".journey", ".js"]
                .iter()
                .any(|ending| name.ends_with(ending))
        });
        all
    };
    for form in ["frodo", "frodo-multi", "amster", "config-manager"] {
        let ran = export(&folder, &["shop", "--form", form, "--out", form]);
        assert_eq!(ran.code, 0, "{form} {ran:?}");
        let again = format!("again-{form}");
        let ran = folder.run(&["import", "am", form, "--out", &again]);
        assert_eq!(ran.code, 0, "{form} {ran:?}");
        assert_eq!(texts(&again), texts("shop"), "{form}");
        // Once more over what was made: nobody has changed it.
        let ran = export(&folder, &["shop", "--form", form, "--out", form]);
        assert_eq!(ran.code, 0, "{form} {ran:?}");
    }
}

#[test]
fn an_edit_of_the_text_goes_back() {
    let folder = imported();
    let file = "shop/second_factor.journey";
    folder.write(
        file,
        &folder.read(file).replace("(length = 6)", "(length = 7)"),
    );
    let ran = export(&folder, &["shop", "--form", "frodo-multi", "--out", "-"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (mut was, now) = (bare(SHOP), bare(&ran.out));
    let id = "5a1e0020-0c0f-4b1d-9a1e-000000000020";
    was["trees"]["Second Factor"]["nodes"][id]["length"] = 7.into();
    assert_eq!(now, was);
}

#[test]
fn one_file_is_one_tree() {
    let folder = imported();
    let ran = export(&folder, &["shop/second_factor.journey", "--out", "-"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["tree"]["_id"], "Second Factor");
    let ran = export(&folder, &["shop", "--out", "-"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("name a folder"), "{}", ran.err);
    assert_eq!(
        export(&folder, &["shop/nothing.journey", "--out", "-"]).code,
        3
    );
    folder.write("other/login.journey", LOGIN);
    let ran = export(&folder, &["shop", "other", "--out", "-"]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[test]
fn one_file_may_be_named() {
    let folder = imported();
    let one = |more: &[&str]| {
        let mut all = vec!["shop", "--form", "frodo-multi", "--out", "shop.back.json"];
        all.extend(more);
        export(&folder, &all)
    };
    for _ in 0..2 {
        assert_eq!(one(&[]).code, 0);
        assert_eq!(bare(&folder.read("shop.back.json")), bare(SHOP));
    }
    folder.write("shop.back.json", "somebody's");
    let ran = one(&[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(folder.read("shop.back.json"), "somebody's");
    assert_eq!(one(&["--force"]).code, 0);
    // Several files are no one file.
    let ran = export(&folder, &["shop", "--out", "one.json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("`one.json` is one"), "{}", ran.err);
    assert!(!folder.path().join("one.json").exists());
}

#[test]
fn a_journey_of_our_own_goes_there_too() {
    let folder = Folder::new(&[("journeys/login.journey", LOGIN)]);
    let ran = export(&folder, &["--form", "frodo", "--out", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run(&["import", "am", "out", "--out", "again"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(folder.run(&["check", "again"]).code, 0);
}

#[test]
fn what_cannot_be_said_there_is_refused_and_nothing_is_written() {
    let broken = LOGIN.replace("false -> failure", "false -> nobody");
    let folder = Folder::new(&[("journeys/login.journey", &broken)]);
    let ran = export(&folder, &["--out", "out"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("error[unknown_target]"), "{}", ran.err);
    assert!(!folder.path().join("out").exists());
    // What stands beside the journeys must be whole.
    let folder = imported();
    let beside: PathBuf = folder.path().join("shop/am/bundle.json");
    assert!(beside.is_file());
    fs::write(&beside, "{").unwrap();
    let ran = export(&folder, &["shop", "--form", "frodo-multi", "--out", "out"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn files_of_others_are_not_written_over() {
    let folder = imported();
    folder.write("out/Second Factor.journey.json", "mine");
    let before = files(&folder.path().join("out"));
    let arguments = ["shop/second_factor.journey", "--out", "out"];
    let ran = export(&folder, &arguments);
    if ran.code == 0 {
        // It is called otherwise there.
        assert!(
            before
                .iter()
                .all(|file| files(&folder.path().join("out")).contains(file))
        );
        return;
    }
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(files(&folder.path().join("out")), before);
}
