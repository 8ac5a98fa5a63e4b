//! The standard library, inside the program.

/// A module of the standard library.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Its full name: `std.kubernetes`.
    pub name: &'static str,
    /// Where its source lies, as people and plans are shown it.
    pub path: &'static str,
    /// Its source.
    pub text: &'static str,
}

/// The providers that come with the runtime. Others may be added to it, so another name is no error.
pub const PROVIDERS: &[&str] = &["cloudformation", "kubernetes", "noop"];

/// All modules; the first is the core, which needs no `use`.
pub const MODULES: &[Library] = &[
    Library { name: "std", path: "std/std.bp", text: include_str!("../../stdlib/std.bp") },
    Library { name: "std.aws", path: "std/aws.bp", text: include_str!("../../stdlib/aws.bp") },
    Library {
        name: "std.drift",
        path: "std/drift.bp",
        text: include_str!("../../stdlib/drift.bp"),
    },
    Library {
        name: "std.fleet",
        path: "std/fleet.bp",
        text: include_str!("../../stdlib/fleet.bp"),
    },
    Library {
        name: "std.kubernetes",
        path: "std/kubernetes.bp",
        text: include_str!("../../stdlib/kubernetes.bp"),
    },
    Library {
        name: "std.schedule",
        path: "std/schedule.bp",
        text: include_str!("../../stdlib/schedule.bp"),
    },
    Library {
        name: "std.script",
        path: "std/script.bp",
        text: include_str!("../../stdlib/script.bp"),
    },
];

/// The module of this name.
pub fn module(name: &str) -> Option<&'static Library> {
    MODULES.iter().find(|module| module.name == name)
}
