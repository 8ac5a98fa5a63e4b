//! Names in expressions: locals, values of the file, functions, and strings that a type allows.

use bp_plan::Type;

use super::{Completion, CompletionKind, FILE, List};
use crate::check::expr::{Declared, OF_FILES, World as _, fits, plain};
use crate::check::requirements::can_meet;
use crate::check::workflows::node_of;
use crate::ide::declared::deployment;
use crate::ide::find::{IMPLEMENTATION, settled};
use crate::ide::hover::function;
use crate::ide::spot::{Around, Expected};
use crate::syntax::ast::{ItemKind, TypeItemKind, ValueKeyword};

/// One of the strings that are allowed.
const CHOICE: u8 = 0;
/// Of the type that is wanted.
const FITS: u8 = 1;
/// Of some other type.
const OTHER: u8 = 3;
/// A function.
const FUNCTION: u8 = 4;
/// A word of the language.
const WORD: u8 = 5;

impl List<'_, '_> {
    pub(super) fn values(&mut self, around: &Around, expected: &Expected) {
        match expected {
            Expected::Word(word) => {
                self.found.push(Completion::new(word, CompletionKind::Keyword, CHOICE));
                return;
            }
            Expected::Preference => return self.preferences(),
            Expected::Implementation => return self.implementations(),
            _ => {}
        }
        let is_target = matches!(expected, Expected::Target { .. });
        for local in around.scope.locals().iter().filter(|local| local.name != "*") {
            if !self.can_be(&local.ty, expected) || local.name == "self" && is_target {
                continue;
            }
            let rank = self.rank(&local.ty, expected);
            let detail = shown(&local.ty);
            let made = Completion::new(&local.name, CompletionKind::Value, rank).detail(detail);
            self.found.push(made);
        }
        for name in self.program.value_names(FILE) {
            // Those of modules come after the module's name.
            if !name.contains('.') {
                self.value(&name, &name, expected);
            }
        }
        match expected {
            Expected::Target { wanted, .. } => self.targets(wanted),
            // A node is named, never computed.
            Expected::Value(ty) if is_node(ty) => {}
            Expected::Value(_)
            | Expected::Anything
            | Expected::Collection
            | Expected::Entries(_) => self.expressions(expected),
            Expected::Kept => {
                self.results();
                self.expressions(&Expected::Anything);
            }
            Expected::Awaited => {
                self.word("until", "until $1 timeout 5m", "Waits until something holds.");
                self.expressions(expected);
            }
            Expected::Called
            | Expected::Over { .. }
            | Expected::Exposed
            | Expected::Implementation
            | Expected::Preference
            | Expected::Word(_) => {}
        }
    }

    /// How a selection says what it takes first.
    fn preferences(&mut self) {
        let all = [
            ("least", "Those first of which this is least."),
            ("most", "Those first of which this is most."),
        ];
        for (name, documentation) in all {
            let made = Completion::new(name, CompletionKind::Function, CHOICE)
                .documentation(documentation)
                .snippet(&format!("{name}($1)"));
            self.found.push(made);
        }
    }

    /// What can carry an operation out.
    fn implementations(&mut self) {
        let program = self.program;
        for name in program.function_names(FILE) {
            let result = program.function(FILE, &name).map(|function| function.result.clone());
            let Some(Type::Data(full)) = result else { continue };
            if program.is_subtype(&full, IMPLEMENTATION) {
                self.own_function(&name, &name);
            }
        }
        let made = Completion::new("null", CompletionKind::Keyword, WORD);
        self.found.push(made.documentation("Switches an inherited implementation off."));
        self.aliases(OTHER);
    }

    /// A value of the file or of a module, by its path.
    fn value(&mut self, path: &str, label: &str, expected: &Expected) {
        let program = self.program;
        let ty = match program.value(FILE, path) {
            Some(Declared::Value(named)) => named.ty,
            Some(Declared::Module)
                if matches!(
                    expected,
                    Expected::Target { .. }
                        | Expected::Called
                        | Expected::Over { .. }
                        | Expected::Exposed
                ) =>
            {
                return;
            }
            Some(Declared::Module) => {
                let made = Completion::new(label, CompletionKind::Module, OTHER);
                self.found.push(made);
                return;
            }
            Some(Declared::NoValue(_) | Declared::Inside(_)) | None => return,
        };
        // Nothing is its own target or member.
        if let Expected::Target { node: own, .. } | Expected::Over { owner: own, .. } = expected
            && own == path
        {
            return;
        }
        if !self.can_be(&ty, expected) {
            return;
        }
        let place = program.value_place(FILE, path);
        let documentation = self.documented(place);
        let item = program.value_declaration(FILE, path).and_then(|found| program.item(found));
        let kind = match item {
            Some(ItemKind::Node(_) | ItemKind::Select(_) | ItemKind::Requires(_)) => {
                CompletionKind::Node
            }
            Some(ItemKind::Value(value)) if value.keyword == ValueKeyword::Const => {
                CompletionKind::Constant
            }
            _ => CompletionKind::Value,
        };
        let rank = self.rank(&ty, expected);
        let made =
            Completion::new(label, kind, rank).detail(shown(&ty)).documentation(documentation);
        self.found.push(made);
    }

    pub(super) fn rank(&self, ty: &Type, expected: &Expected) -> u8 {
        let fits = match expected {
            Expected::Anything
            | Expected::Kept
            | Expected::Entries(_)
            | Expected::Implementation
            | Expected::Preference
            | Expected::Word(_) => true,
            Expected::Called => node_of(ty).is_some(),
            Expected::Over { .. } => self.can_be(ty, expected),
            Expected::Exposed => matches!(ty, Type::Node(_) | Type::Capability(_)),
            Expected::Awaited => fits(self.program, ty, &expected.ty()),
            Expected::Value(wanted) => *wanted == Type::Unknown || fits(self.program, ty, wanted),
            Expected::Target { wanted, .. } => can_meet(self.program, ty, wanted),
            Expected::Collection => is_collection(&settled(plain(self.program, ty))),
        };
        if fits && *ty != Type::Unknown { FITS } else { OTHER }
    }

    /// Whether it can stand there at all; of what is wanted elsewhere a member or a part may do.
    pub(super) fn can_be(&self, ty: &Type, expected: &Expected) -> bool {
        if *ty == Type::Unknown {
            return true;
        }
        match expected {
            Expected::Called => node_of(ty).is_some(),
            Expected::Exposed => matches!(ty, Type::Node(_) | Type::Nodes(_) | Type::Capability(_)),
            // Of another node, a requirement may lead to it.
            Expected::Value(wanted) if is_node(wanted) => node_of(ty).is_some(),
            Expected::Over { of, .. } => match ty {
                Type::Group(group) => self.are_members(group, of),
                other => node_of(other).is_some_and(|full| self.program.is_subtype(full, of)),
            },
            Expected::Target { wanted, many, .. } => {
                let is_one = !is_collection(&settled(ty.clone()));
                can_meet(self.program, ty, wanted) && (*many || is_one)
            }
            _ => true,
        }
    }

    /// Whether the members of a group can be of this type, as far as the group's type says.
    fn are_members(&self, group: &str, of: &str) -> bool {
        let info = self.program.types.get(group);
        let Some((members, ..)) = info.and_then(|info| info.over.members.as_ref()) else {
            return true;
        };
        self.program.is_subtype(members, of) || self.program.is_subtype(of, members)
    }

    /// A type as a target leaves the choice to the runtime.
    fn targets(&mut self, wanted: &Type) {
        let before = self.found.len();
        for name in self.program.names.names_of_types(FILE) {
            self.target_type(&name, &name, wanted);
        }
        for made in self.found.iter_mut().skip(before) {
            made.rank = FUNCTION;
        }
    }

    fn target_type(&mut self, path: &str, label: &str, wanted: &Type) {
        let Some(full) = self.program.names.type_name(FILE, path) else { return };
        let Some(declared) = self.program.names.types.get(&full) else { return };
        let is_own = self.program.names.blueprints.get(&full) == Some(&FILE);
        if !is_own
            && declared.kind == TypeItemKind::Node
            && can_meet(self.program, &Type::Node(full), wanted)
        {
            let documentation = self.documented(Some(declared.place));
            let made = Completion::new(label, CompletionKind::Type, FUNCTION)
                .detail("one that fits")
                .documentation(documentation);
            self.found.push(made);
        }
    }

    fn expressions(&mut self, expected: &Expected) {
        let wanted = expected.ty();
        for text in self.choices(&wanted) {
            let made = Completion::new(&format!("\"{text}\""), CompletionKind::Choice, CHOICE);
            self.found.push(made);
        }
        let is_bool = wanted == Type::Bool;
        let words: &[&str] = &["true", "false"];
        for word in words {
            let made =
                Completion::new(word, CompletionKind::Keyword, if is_bool { CHOICE } else { WORD });
            self.found.push(made);
        }
        for word in ["null", "if", "not"] {
            let made = Completion::new(word, CompletionKind::Keyword, WORD);
            self.found.push(made);
        }
        let ty = deployment(self.program);
        let made = Completion::new("deployment", CompletionKind::Value, WORD).detail(shown(&ty));
        self.found.push(made);
        self.functions();
    }

    fn functions(&mut self) {
        for name in self.program.function_names(FILE) {
            self.own_function(&name, &name);
        }
        let binders = bp_eval::functions::BINDERS.iter().copied();
        let mut names: Vec<&str> =
            bp_eval::functions::NAMES.keys().copied().chain(binders).chain(OF_FILES).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let (code, text) = function(name).unwrap_or_default();
            let made = Completion::new(name, CompletionKind::Function, FUNCTION)
                .detail(code)
                .documentation(text)
                .snippet(&format!("{name}($1)"));
            self.found.push(made);
        }
    }

    /// A function of the blueprint or of a module.
    fn own_function(&mut self, path: &str, label: &str) {
        let place = self.program.function_declaration(FILE, path).map(|found| found.place);
        let documentation = self.documented(place);
        let result = self.program.function(FILE, path).map(|function| function.result.to_string());
        let made = Completion::new(label, CompletionKind::Function, FITS)
            .detail(result.unwrap_or_default())
            .documentation(documentation)
            .snippet(&format!("{label}($1)"));
        self.found.push(made);
    }

    /// What a module gives to an expression.
    pub(super) fn of_module(&mut self, module: &str, expected: &Expected) {
        let own = |names: Vec<String>| {
            let prefix = format!("{module}.");
            let mine = names.into_iter().filter(move |name| name.starts_with(&prefix));
            mine.collect::<Vec<String>>()
        };
        let label = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        for path in own(self.program.value_names(FILE)) {
            self.value(&path, &label(&path), expected);
        }
        for path in own(self.program.function_names(FILE)) {
            self.own_function(&path, &label(&path));
        }
        if let Expected::Target { wanted, .. } = expected {
            for path in own(self.program.names.names_of_types(FILE)) {
                self.target_type(&path, &label(&path), wanted);
            }
        }
    }

    /// The name of a function that is called already.
    pub(super) fn functions_like(&mut self, name: &str, expected: &Expected) {
        match (name.split_once('.'), expected) {
            (Some((module, _)), _) => self.of_module(module, &Expected::Anything),
            (None, Expected::Preference) => self.preferences(),
            (None, Expected::Implementation) => {
                self.implementations();
                self.found.retain(|made| made.kind == CompletionKind::Function);
            }
            (None, _) => self.functions(),
        }
        for made in &mut self.found {
            // Its parentheses are there.
            made.insert.clone_from(&made.label);
            made.snippet = None;
        }
    }
}

/// Whether nothing but a node is wanted.
fn is_node(ty: &Type) -> bool {
    matches!(settled(ty.clone()), Type::Node(_))
}

fn is_collection(ty: &Type) -> bool {
    matches!(
        ty,
        Type::List(_) | Type::Map(_) | Type::Nodes(_) | Type::Record(_) | Type::Range | Type::Json
    )
}

/// A type in a few words; nothing for one with a mistake.
fn shown(ty: &Type) -> String {
    match ty {
        Type::Unknown => String::new(),
        ty => ty.to_string(),
    }
}
