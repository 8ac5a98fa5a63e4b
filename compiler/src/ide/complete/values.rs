//! Names in expressions: locals, values of the file, functions, and strings that a type allows.

use bp_plan::Type;

use super::{Completion, CompletionKind, FILE, List};
use crate::check::expr::{Declared, OF_FILES, World as _, fits, plain};
use crate::check::requirements::can_meet;
use crate::check::workflows::node_of;
use crate::ide::declared::deployment;
use crate::ide::find::settled;
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
            Expected::Value(_) | Expected::Anything | Expected::Collection => {
                self.expressions(expected);
            }
            Expected::Called => {}
            Expected::Kept => {
                self.results();
                self.expressions(&Expected::Anything);
            }
        }
    }

    /// A value of the file or of a module, by its path.
    fn value(&mut self, path: &str, label: &str, expected: &Expected) {
        let program = self.program;
        let ty = match program.value(FILE, path) {
            Some(Declared::Value(named)) => named.ty,
            Some(Declared::Module)
                if matches!(expected, Expected::Target { .. } | Expected::Called) =>
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
        if let Expected::Target { node, .. } = expected
            && node == path
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
            Expected::Anything | Expected::Kept => true,
            Expected::Called => node_of(ty).is_some(),
            Expected::Value(wanted) => *wanted == Type::Unknown || fits(self.program, ty, wanted),
            Expected::Target { wanted, .. } => can_meet(self.program, ty, wanted),
            Expected::Collection => is_collection(&settled(plain(self.program, ty))),
        };
        if fits && *ty != Type::Unknown { FITS } else { OTHER }
    }

    /// Whether it can stand there at all; of what is wanted elsewhere a member or a part may do.
    fn can_be(&self, ty: &Type, expected: &Expected) -> bool {
        if *expected == Expected::Called {
            return *ty == Type::Unknown || node_of(ty).is_some();
        }
        let Expected::Target { wanted, many, .. } = expected else { return true };
        let is_one = !is_collection(&settled(ty.clone()));
        *ty == Type::Unknown || can_meet(self.program, ty, wanted) && (*many || is_one)
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
        if declared.kind == TypeItemKind::Node && can_meet(self.program, &Type::Node(full), wanted)
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
    pub(super) fn functions_like(&mut self, name: &str) {
        match name.split_once('.') {
            Some((module, _)) => self.of_module(module, &Expected::Anything),
            None => self.functions(),
        }
        for made in &mut self.found {
            // Its parentheses are there.
            made.insert.clone_from(&made.label);
            made.snippet = None;
        }
    }
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
