//! Packages: `bp.toml`, what it depends on, and `bp.lock`.

use std::path::Path;

use super::{Diagnostic, near};
use crate::source::Place;

/// A module of a package that the file's own package does not depend on.
pub fn no_package<'n>(
    at: Place,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
    manifest: Option<&Path>,
) -> Diagnostic {
    let error = Diagnostic::error("E6001", format!("there is no package `{name}` here"), at);
    if let Some(near) = near(name, known) {
        return error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]);
    }
    let line = format!("`{name} = {{ path = \"../{name}\" }}` under `[dependencies]`");
    error.help(match manifest {
        Some(manifest) => format!("add {line} to {}", manifest.display()),
        None => format!(
            "packages come from `bp.toml` in the blueprint's folder or above it: write one with {line}; a file of your own is named by its path: `use \"./{name}.bp\"`"
        ),
    })
}

/// A `bp.toml` that is no TOML.
pub fn not_toml(at: Place, why: &str) -> Diagnostic {
    Diagnostic::error("E6002", format!("this is no TOML: {why}"), at)
        .help("a package's file has a `[package]` with `name` and `version`, and `[dependencies]`")
}

/// An entry of `bp.toml` or `bp.lock` that is not what it must be.
pub fn wrong_entry(at: Place, what: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error("E6003", format!("{what}: expected {expected}, found {found}"), at)
        .help(format!("write {expected}"))
}

/// An entry that `bp.toml` must have.
pub fn missing_entry(at: Place, of: &str, what: &str, example: &str) -> Diagnostic {
    Diagnostic::error("E6004", format!("{of} has no `{what}`"), at).help(format!("add `{example}`"))
}

/// An entry that `bp.toml` does not have.
pub fn unknown_entry(at: Place, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E6005", format!("{of} has no `{name}`"), at);
    if let Some(near) = near(name, known.iter().copied()) {
        return error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]);
    }
    let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    error.help(format!("it has {known}"))
}

/// A dependency whose package is not where it is said to be.
pub fn no_dependency(at: Place, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error("E6006", format!("the package `{name}` is not there: {why}"), at)
        .help("name the folder that has its `bp.toml`; the path is relative to this file")
}

/// Packages that depend on each other.
pub fn package_ring(at: Place, names: &[String]) -> Diagnostic {
    let ring = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    Diagnostic::error("E6007", "these packages depend on each other in a ring", at).help(format!(
        "{}: move what both need into a package of its own",
        ring.join(" depends on ")
    ))
}

/// A dependency under another name than the package has.
pub fn other_name(at: Place, key: &str, found: &str, theirs: Place) -> Diagnostic {
    Diagnostic::error("E6008", format!("the package there is called `{found}`, not `{key}`"), at)
        .related(theirs, format!("`{found}` is named here"))
        .help("a package is used under its own name: `use … as …` gives it another in a file")
        .fix(format!("write `{found}`"), vec![(at, found.to_owned())])
}

/// A second package of the same name and major version.
pub fn two_versions(at: Place, name: &str, versions: [&str; 2], first: Place) -> Diagnostic {
    let [one, two] = versions;
    let words = if one == two {
        format!("`{name}` {one} is here from two folders")
    } else {
        format!("`{name}` is needed as {one} and as {two}")
    };
    Diagnostic::error("E6009", format!("{words}: types of both would have the same names"), at)
        .label("the second")
        .related(first, "the first")
        .help("let both name the same folder; versions from 2 on stand beside others by their first number")
}

/// A module that a package does not have.
pub fn no_module(
    at: Place,
    package: &str,
    file: &str,
    near: Option<&str>,
    there: &[String],
    looked: &Path,
) -> Diagnostic {
    const SHOWN: usize = 10;
    let names: Vec<String> = there.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = there.len().saturating_sub(SHOWN);
    let error = Diagnostic::error("E6010", format!("`{package}` has no file `{file}`"), at);
    match near {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if !there.is_empty() => {
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let main = if file == format!("{package}.bp") {
                format!("`use {package}` is its file `{file}`; ")
            } else {
                String::new()
            };
            let names = names.join(", ");
            error.help(format!("{main}it has {names}{rest}; looked for `{}`", looked.display()))
        }
        None => error.help(format!(
            "`use {package}.net.vpc` is its file `net/vpc.bp`, `use {package}` its `{package}.bp`; looked for `{}`",
            looked.display()
        )),
    }
}

/// A `bp.lock` that can't be read.
pub fn broken_lock(at: Place, why: &str) -> Diagnostic {
    Diagnostic::error("E6011", format!("this lock can't be read: {why}"), at)
        .help("`bpc lock` writes it anew from what the packages are now")
}

/// A package that is not what it was locked as.
pub fn changed(at: Place, name: &str, was: &str, is: &str, lock: Place) -> Diagnostic {
    let words = if was == is {
        format!("the package `{name}` has other files than when it was locked")
    } else {
        format!("the package `{name}` is {is}, and was locked as {was}")
    };
    Diagnostic::error("E6012", words, at)
        .related(lock, "locked here")
        .help("look at what has changed; `bpc lock` accepts it")
}

/// A package whose files can't be taken into a digest.
pub fn undigestable(at: Place, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error("E6013", format!("the package `{name}` can't be locked: {why}"), at)
        .help("a package holds the files that it is made of, and nothing that leads elsewhere")
}

/// More packages than one analysis takes.
pub fn too_many_packages(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error("E6014", format!("there may be no more than {most} packages"), at)
        .help("let some of them be one")
}

/// A `bp.toml` that can't be read.
pub fn unreadable_manifest(at: Place, why: &str) -> Diagnostic {
    Diagnostic::error("E6015", format!("the package's file can't be read: {why}"), at)
        .help("it is a short text in UTF-8")
}

/// A lock that would have to change.
pub fn lock_is_old(at: Place, lock: &Path) -> Diagnostic {
    let words = format!("{} is not up to date, and --locked keeps it as it is", lock.display());
    Diagnostic::error("E6016", words, at)
        .help("run `bpc lock` where it may be written, and keep what it writes with the sources")
}

/// A lock that can't be written.
pub fn lock_unwritable(at: Place, lock: &Path, why: &str) -> Diagnostic {
    Diagnostic::error("E6017", format!("{} can't be written: {why}", lock.display()), at)
        .help("check that you may write to the folder and that the disk has room")
}

/// A command that is about a package, and there is none.
pub fn no_package_here() -> Diagnostic {
    let words = "there is no `bp.toml` here or above, and no file was named";
    Diagnostic::error("E6019", words, Place::default()).help(
        "name a file or a folder, or write a `bp.toml` with `[package]`, its `name` and `version`",
    )
}

/// A path that belongs to no package.
pub fn no_package_around(is_there: bool) -> Diagnostic {
    let words = if is_there {
        "it belongs to no package: there is no `bp.toml` in its folder or above"
    } else {
        "there is no such file or folder"
    };
    Diagnostic::error("E6019", words, Place::default()).help(
        "name a package's folder, or write a `bp.toml` with `[package]`, its `name` and `version`",
    )
}

/// A folder in which there is nothing to work on.
pub fn nothing_in(path: &Path) -> Diagnostic {
    let words = format!("there is no `.bp` file in `{}` or below", path.display());
    Diagnostic::error("E6023", words, Place::default())
        .help("name a folder that has blueprints; hidden folders are passed over")
}

/// A filter that lets no test through.
pub fn no_such_test(filter: &str) -> Diagnostic {
    Diagnostic::error("E6023", format!("no test has {filter:?} in its name"), Place::default())
        .help("`bpc test` without `--filter` lists the names of all tests")
}

/// A plan that can't be read.
pub fn unreadable_plan(why: &str) -> Diagnostic {
    Diagnostic::error("E6020", why, Place::default())
        .help("`bpc compile FILE.bp` writes a plan; one of a newer version is read by that version")
}

/// A picture that can't be written.
pub fn picture_unwritable(why: &str, help: &str) -> Diagnostic {
    let words = format!("the picture can't be written: {why}");
    Diagnostic::error("E6021", words, Place::default()).help(help)
}

/// An element that a plan does not have, or has of several kinds.
pub fn no_element(name: &str, several: &[String], near: Option<&str>) -> Diagnostic {
    if !several.is_empty() {
        let words = format!("several elements are called `{name}`");
        return Diagnostic::error("E6022", words, Place::default())
            .help(format!("name one: {}", several.join(", ")));
    }
    let words = format!("the plan has no element `{name}`");
    let error = Diagnostic::error("E6022", words, Place::default());
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => {
            error.help("elements are named by kind and name, such as `node.shop` or `input.tag`")
        }
    }
}
