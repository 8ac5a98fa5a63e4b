//! Files, modules, declarations and members: what is there twice, not there, or in the wrong place.

use std::path::Path;

use super::{Diagnostic, an, near};
use crate::source::{FileId, Place, Span};

/// A file that uses a module that there is not.
pub fn unknown_module<'n>(
    at: Place,
    name: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Diagnostic {
    let there = names.clone().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let error = Diagnostic::error("E2001", format!("there is no module `{name}`"), at);
    match near(name, names) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None => error.help(format!(
            "there are {there}; a file of your own is named by its path: `use \"./{}.bp\"`",
            name.replace('.', "/")
        )),
    }
}

/// A file that is used and not there.
pub fn missing_file(at: Place, name: &str, looked: &Path) -> Diagnostic {
    Diagnostic::error("E2002", format!("there is no file \"{name}\""), at)
        .label("used here")
        .help(format!("the path is relative to this file; looked for `{}`", looked.display()))
}

/// A file that is used and lies outside the package.
pub fn outside_package(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E2003", format!("\"{name}\" lies outside of the package"), at)
        .help("a package is the folder of its `bp.toml`, or of its blueprint where it has none: move the file below it, or use it as a package")
}

/// Files that use each other.
pub fn use_ring(at: Place, names: &[String]) -> Diagnostic {
    let ring = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" uses ");
    Diagnostic::error("E2004", "these files use each other in a ring", at)
        .help(format!("{ring}: move what both need into a file of its own"))
}

/// More files than one analysis reads.
pub fn too_many_files(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error("E2005", format!("this is the {most}th file; there may be no more"), at)
        .help("split the package")
}

/// A second declaration of the same name.
pub fn twice(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E2006", format!("`{name}` is declared twice"), at)
        .label("the second")
        .related(first, "the first")
        .help("give one of them another name")
}

/// A name that one `use` brings in twice.
pub fn import_twice(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E2007", format!("`{name}` is a name of this file already"), at)
        .label("the second")
        .related(first, "the first")
        .help("remove it")
}

/// A name that an import brings in and the file has already.
pub fn import_repeats(at: Place, name: &str, first: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E2007", format!("`{name}` is a name of this file already"), at)
        .help(format!("use the module under another name: `as other_{}`", name.to_lowercase()));
    match first {
        Some(first) => error.related(first, format!("`{name}` is declared here")),
        None => error,
    }
}

/// `use m { Name }` where the module has no such name.
/// `near` may be meant; `there` may be, too, and is a name of the file already.
pub fn not_in_module(
    at: Place,
    name: &str,
    module: &str,
    (near, there): (Option<&str>, Option<&str>),
) -> Diagnostic {
    let error = Diagnostic::error("E2008", format!("`{module}` has no `{name}`"), at);
    if let Some(there) = there {
        return error.help(format!("remove it: `{there}` is a name of this file already"));
    }
    match near {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None => error.help("only types, constants and functions can be used from elsewhere"),
    }
}

/// Whether this is what [`not_in_module`] says.
pub fn is_not_in_module(told: &Diagnostic) -> bool {
    told.code == "E2008"
}

/// Something that only a blueprint may have.
pub fn not_in_a_module(at: Place, what: &str) -> Diagnostic {
    Diagnostic::error("E2010", format!("{what} needs a blueprint, and this file is a module"), at)
        .help("add `blueprint name { version = \"1.0.0\" }`, or move it into the blueprint's file")
}

/// Whether this is what [`not_in_a_module`] says.
pub fn is_of_module(told: &Diagnostic) -> bool {
    told.code == "E2010"
}

/// The first of these of a file, with some of the others.
pub fn not_in_modules(first: &Diagnostic, others: &[Diagnostic]) -> Diagnostic {
    const SHOWN: usize = 3;
    let more = others.len().saturating_sub(SHOWN);
    let mut whole = first.clone();
    for (at, other) in others.iter().take(SHOWN).enumerate() {
        let what = other.message.split(" needs ").next().unwrap_or_default();
        let note = if more > 0 && at + 1 == SHOWN {
            format!("so does {what}, and so do {more} more items")
        } else {
            format!("so does {what}")
        };
        whole = whole.related(other.place, note);
    }
    whole
}

/// A second `blueprint`.
pub fn second_blueprint(at: Place, first: Place) -> Diagnostic {
    Diagnostic::error("E2011", "a file has one blueprint", at)
        .label("the second")
        .related(first, "the first")
        .help(
            "move what is in its block into the first and remove it, or give it a file of its own",
        )
}

/// A file without a blueprint that is to be deployed.
pub fn no_blueprint(file: FileId) -> Diagnostic {
    let at = Place { file, span: Span::new(0, 0) };
    Diagnostic::error("E2012", "there is no blueprint in this file: nothing to make a plan of", at)
        .help("add `blueprint name { version = \"1.0.0\" }`")
}

/// `module.Blueprint` of a module that has none.
pub fn no_blueprint_in(at: Place, name: &str, module: &str) -> Diagnostic {
    Diagnostic::error("E2013", format!("there is no `{name}`: `{module}` has no blueprint"), at)
        .help(format!("name a node type that `{module}` declares, or add a `blueprint` to it"))
}

/// A node type (or policy, group … type) that there is not. `elsewhere` is a module that has it.
pub fn unknown_type(
    at: Place,
    what: &str,
    name: &str,
    near: Option<(&str, Option<Place>)>,
    elsewhere: Option<&str>,
) -> Diagnostic {
    let error = Diagnostic::error("E2013", format!("there is no {what} `{name}`"), at);
    let last = name.rsplit('.').next().unwrap_or(name);
    match (near, elsewhere) {
        (_, Some(module)) => {
            let start = Place { file: at.file, span: Span::new(0, 0) };
            let last = module.rsplit('.').next().unwrap_or(module);
            // Where it is used under a name, that name is kept; of a module's full name the last part is one.
            if let Some((alias, _)) = name.rsplit_once('.').filter(|(alias, _)| *alias != module) {
                let line = if alias == last {
                    format!("use {module}")
                } else {
                    format!("use {module} as {alias}")
                };
                return error
                    .help(format!("`{module}` has it: add `{line}`"))
                    .fix(format!("add `{line}`"), vec![(start, format!("{line}\n"))]);
            }
            let ty = name.rsplit('.').next().unwrap_or(name);
            error
                .help(format!("`{module}` has it: add `use {module}`, and write `{last}.{ty}`"))
                .fix(
                    format!("use `{module}`"),
                    vec![(start, format!("use {module}\n")), (at, format!("{last}.{ty}"))],
                )
        }
        (Some((near, place)), None) => {
            let error = error
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), vec![(at, near.to_owned())]);
            match place {
                Some(place) => error.related(place, format!("`{near}` is declared here")),
                None => error,
            }
        }
        // What can't be declared so is not proposed.
        (None, None) if !last.starts_with(char::is_uppercase) => {
            error.help(format!("name a {what}: their names begin with a capital letter"))
        }
        (None, None) => error.help(format!("declare it: `{what} {name} {{ … }}`")),
    }
}

/// Takes back an abstract type that was proposed for a node.
pub fn propose_abstract(told: &mut Diagnostic, near: &str) {
    told.fix = None;
    told.help = Some(format!(
        "did you mean `{near}`? It is abstract: take a type that extends it, or `use` a blueprint that substitutes it"
    ));
}

/// A type of a module that is used and has none of this name; `known` are those that it has, as they are written.
pub fn not_of_module(at: Place, what: &str, name: &str, known: &[&str]) -> Diagnostic {
    let module = name.rsplit_once('.').map_or(name, |(module, _)| module);
    let error = Diagnostic::error("E2013", format!("there is no {what} `{name}`"), at);
    if known.is_empty() {
        return error.help(format!("`{module}` declares no {what}"));
    }
    let shown: Vec<String> = known.iter().take(8).map(|one| format!("`{one}`")).collect();
    let more = if known.len() > shown.len() { " …" } else { "" };
    error.help(format!("`{module}` has {}{more}", shown.join(", ")))
}

/// A type of the core by the name that TOSCA gives it.
pub fn standard_type(at: Place, what: &str, name: &str, core: &str) -> Diagnostic {
    Diagnostic::error("E2013", format!("there is no {what} `{name}`"), at)
        .label("named like this in TOSCA")
        .help(format!("write `{core}`"))
        .fix(format!("write `{core}`"), vec![(at, core.to_owned())])
}

/// A type of a module that the file does not use.
pub fn of_unused_module(at: Place, what: &str, name: &str) -> Diagnostic {
    let module = name.rsplit_once('.').map_or(name, |(module, _)| module);
    let error = Diagnostic::error("E2013", format!("there is no {what} `{name}`"), at)
        .label(format!("nothing is called `{module}` here"));
    // A file is used under one word.
    let Some((_, alias)) = module.rsplit_once('.') else {
        return error.help(format!("bring it in: `use \"./{module}.bp\" as {module}`"));
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    let path = module.replace('.', "/");
    error.help(format!("bring it in: `use \"./{path}.bp\" as {alias}`, and write `{alias}.{last}`"))
}

/// A module's name where its blueprint is meant.
pub fn module_as_type(at: Place, name: &str, blueprint: &str) -> Diagnostic {
    Diagnostic::error("E2013", format!("there is no node type `{name}`"), at)
        .label("a module")
        .help(format!("name its blueprint: `{blueprint}`"))
        .fix(format!("write `{blueprint}`"), vec![(at, blueprint.to_owned())])
}

/// A type of another kind than is needed here.
pub fn wrong_kind(at: Place, wanted: &str, name: &str, found: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E2014", format!("expected a {wanted}, `{name}` is a {found}"), at)
        .related(declared, format!("`{name}` is declared here"))
}

/// Types that extend each other.
pub fn extends_ring(at: Place, names: &[String]) -> Diagnostic {
    let ring = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" extends ");
    Diagnostic::error("E2015", "these types extend each other in a ring", at).help(ring)
}

/// A member that a type declares twice.
pub fn member_twice(at: Place, name: &str, of: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E2016", format!("`{of}` has `{name}` twice"), at)
        .label("the second")
        .related(first, "the first")
        .help("give one of them another name")
}

/// A type that extends too many others, one by way of the other.
pub fn extends_too_many(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error("E2023", format!("this type extends more than {most} others"), at)
        .label("one by way of the other")
        .help("extend a type that is nearer to the root")
}

/// Something that does not belong into a body.
pub fn not_here(at: Place, found: &str, of: &str, allowed: &str) -> Diagnostic {
    Diagnostic::error("E2017", format!("{found} does not belong into {of}"), at)
        .help(format!("it may have {allowed}"))
}

/// `name: type` in a type whose members have words.
pub fn bare_property(told: Diagnostic) -> Diagnostic {
    let before =
        Place { span: Span::new(told.place.span.start, told.place.span.start), ..told.place };
    told.help("write `property name: type`; a data type alone has fields")
        .fix("write `property`", vec![(before, "property ".to_owned())])
}

/// A field that a construct does not have.
pub fn unknown_field(at: Place, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E2018", format!("{of} has no `{name}`"), at);
    if let Some(near) = near(name, known.iter().copied()) {
        error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())])
    } else {
        let known = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        error.help(format!("it has {known}"))
    }
}

/// Constants that need each other.
pub fn constant_ring(at: Place, names: &[String]) -> Diagnostic {
    let ring = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" needs ");
    Diagnostic::error("E2019", "these values need each other in a ring", at).help(ring)
}

/// Functions that call each other.
pub fn function_ring(at: Place, names: &[String]) -> Diagnostic {
    let ring = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" calls ");
    Diagnostic::error("E2020", "functions do not call themselves, directly or not", at)
        .help(format!("{ring}; a comprehension or a function such as `sum` goes through lists"))
}

/// A record that contains itself, by way of these fields (`A.b`) and where they stand; nothing of no fields.
pub fn data_ring(way: &[(Place, String)]) -> Option<Diagnostic> {
    let ((at, first), others) = way.split_first()?;
    let name = an(first.split('.').next().unwrap_or(first));
    let message = if others.is_empty() {
        format!("{name} contains {name}: it would never end")
    } else {
        let steps: Vec<String> = way.iter().map(|(_, step)| format!("`{step}`")).collect();
        format!("{name} contains {name}, by way of {}: it would never end", steps.join(" → "))
    };
    let error = Diagnostic::error("E2021", message, *at)
        .help(format!("make `{first}` a list, a map, or optional (`?`)"));
    Some(others.iter().fold(error, |error, (place, step)| {
        error.related(*place, format!("`{step}` goes on from there"))
    }))
}

/// An annotation that there is not.
pub fn unknown_annotation(at: Place, name: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E2022", format!("there is no annotation `@{name}`"), at);
    if let Some(near) = near(name, known.iter().copied()) {
        let start = at.span.start;
        let written = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        let word = Place { file: at.file, span: Span::new(start, start.saturating_add(written)) };
        return error
            .help(format!("did you mean `@{near}`?"))
            .fix(format!("write `@{near}`"), vec![(word, format!("@{near}"))]);
    }
    let known = known.iter().map(|n| format!("`@{n}`")).collect::<Vec<_>>().join(", ");
    error.help(format!("there are {known}"))
}
