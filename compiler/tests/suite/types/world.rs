//! A small world of declarations for expressions to name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_compiler::check::expr::{
    Declared, Function, Member, Named, Scope, TextFile, Typed, World, check_body, check_expr,
    check_signature, check_type_expr, check_wheres,
};
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::source::{FileId, Place, SourceFile};
use bp_compiler::syntax;
use bp_compiler::syntax::ast::{self, ItemKind};
use bp_plan::{DataType, Dimension, Expr, FileRef, Phase, PropertyType, Type, Value};

/// Declarations, written in the language: consts, inputs, secrets, fns, data types; nodes are built in.
pub(crate) const DECLARATIONS: &str = r#"
data type Port = int where self in 1..65535 else "a port is between 1 and 65535"
data type Service {
  name: string?
  port: int where self in 1..65535
  target: int = 80
  kind: "tcp" | "udp" = "tcp"
}
data type Span {
  min: int
  max: int = self.min
  check self.min <= self.max else "min is at most max"
}
data type Contact {
  mail: string?
  phone: string?
}
data type Tree {
  left: Tree?
  right: Tree?
}
input environment: "dev" | "staging" | "prod"
input count_in: int
input ratio: float
input maybe: string?
input who: Contact?
input names: list<string>
input labels: map<string>
input open: json
input release: version
input since: timestamp
input memory: size
input wait_for: duration
input share: percent
input flag: bool
input port: Port
input services: list<Service>
input either: int | string
secret password: string
secret token: string?
const limit = 10
const base = { a = 1, b = 2 }
const db_class = { dev = "db.t3.micro", prod = "db.r6g.large" }
const listed = ["x", "y"]
const empty = []
const first = 1.5
fn host(name: string, domain: string = "example.org") -> string = "${name}.${domain}"
fn both(a: bool, b: bool) -> bool = a and b
fn twice(x: int) -> int = x + x
fn inverse(x: int) -> float = 1 / x
fn limited(x: int) -> bool = x <= count_in
fn small(x: int where self < 10 else "x is small") = x + 1
"#;

pub(crate) struct Declarations {
    source: SourceFile,
    values: BTreeMap<String, Declared>,
    functions: BTreeMap<String, Arc<Function>>,
    data: BTreeMap<String, Arc<DataType>>,
    nodes: BTreeSet<&'static str>,
}

fn parse(text: &str) -> (ast::File, SourceFile) {
    let source = SourceFile::new("test.bp", text);
    let (tree, diagnostics) = syntax::parse(FileId(0), &source);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    (tree, source)
}

impl Declarations {
    pub(crate) fn new(text: &str) -> Self {
        let (tree, source) = parse(DECLARATIONS);
        let mut world = Self {
            source,
            values: BTreeMap::new(),
            functions: BTreeMap::new(),
            data: BTreeMap::new(),
            nodes: BTreeSet::from(["Server", "BigServer", "Cluster", "Root", "ops.Thing"]),
        };
        for item in &tree.items {
            if let ItemKind::Type(item) = &item.kind {
                world.data.insert(
                    item.name.text.to_string(),
                    Arc::new(DataType {
                        extends: Vec::new(),
                        alias: None,
                        fields: BTreeMap::new(),
                        constraints: Vec::new(),
                    }),
                );
            }
        }
        for item in &tree.items {
            world.declare(&item.kind);
        }
        let node =
            |ty: Type, expr: Expr| Declared::Value(Named { ty, phase: Phase::Compile, expr });
        let named = |name: &str| name.to_owned();
        for (name, declared) in [
            ("server", node(Type::Node(named("Server")), Expr::Node(named("server")))),
            ("big", node(Type::Node(named("BigServer")), Expr::Node(named("big")))),
            ("servers", node(Type::Nodes(named("Server")), Expr::Node(named("servers")))),
            (
                "perhaps",
                node(
                    Type::Optional(Box::new(Type::Node(named("Server")))),
                    Expr::Node(named("perhaps")),
                ),
            ),
            ("clusters", node(Type::Nodes(named("Cluster")), Expr::Selection(named("clusters")))),
            ("steady", Declared::NoValue("policy")),
            ("ops", Declared::Module),
            ("ops.limit", node(Type::Int, Expr::Value(Value::Int(7)))),
        ] {
            world.values.insert(named(name), declared);
        }
        // Places are of the text that is checked now.
        world.source = SourceFile::new("test.bp", text);
        world
    }

    fn declare(&mut self, item: &ItemKind) {
        let mut out = Vec::new();
        let scope = Scope::new(FileId(0));
        match item {
            ItemKind::Type(item) => self.declare_type(item, &mut out),
            ItemKind::Value(item) => {
                let name = item.name.text.to_string();
                let ty = item.ty.as_ref().map(|ty| check_type_expr(self, FileId(0), ty, &mut out));
                let named = match item.keyword {
                    ast::ValueKeyword::Input => Named {
                        ty: ty.unwrap(),
                        phase: Phase::Deploy,
                        expr: Expr::Input(name.clone()),
                    },
                    ast::ValueKeyword::Secret => Named {
                        ty: Type::Secret(Box::new(ty.unwrap())),
                        phase: Phase::Run,
                        expr: Expr::Secret(name.clone()),
                    },
                    ast::ValueKeyword::Const => {
                        let value = item.default.as_ref().unwrap();
                        let typed = check_expr(self, &scope, value, ty.as_ref(), &mut out);
                        Named { ty: typed.ty, phase: typed.phase, expr: typed.expr }
                    }
                };
                self.values.insert(name, Declared::Value(named));
            }
            ItemKind::Function(item) => {
                let signature = check_signature(self, FileId(0), item, &mut out);
                let whole = check_body(self, FileId(0), item, signature, &mut out);
                self.functions.insert(item.name.text.to_string(), Arc::new(whole));
            }
            _ => {}
        }
        assert!(out.is_empty(), "{out:?}");
    }

    fn declare_type(&mut self, item: &ast::TypeItem, out: &mut Vec<Diagnostic>) {
        let scope = Scope::new(FileId(0));
        let name = item.name.text.to_string();
        let alias = item.alias.as_ref().map(|ty| check_type_expr(self, FileId(0), ty, out));
        let this = alias.clone().unwrap_or(Type::Data(name.clone()));
        let mut constraints = check_wheres(self, &scope, &this, &item.wheres, out);
        let mut data = DataType {
            extends: Vec::new(),
            alias,
            fields: BTreeMap::new(),
            constraints: Vec::new(),
        };
        for entry in &item.body.entries {
            if let ast::EntryKind::Field(member) = &entry.kind {
                let kind = check_type_expr(self, FileId(0), &member.ty, out);
                let field =
                    PropertyType { kind, default: None, constraints: vec![], replace: false };
                data.fields.insert(member.name.text.to_string(), field);
            }
        }
        self.data.insert(name.clone(), Arc::new(data.clone()));
        for entry in &item.body.entries {
            match &entry.kind {
                ast::EntryKind::Field(member) => {
                    let kind = data.fields[member.name.text.as_str()].kind.clone();
                    let scope = scope.clone().with_self(this.clone(), Phase::Compile);
                    let default = member
                        .default
                        .as_ref()
                        .map(|default| check_expr(self, &scope, default, Some(&kind), out).expr);
                    let wheres =
                        check_wheres(self, &Scope::new(FileId(0)), &kind, &member.wheres, out);
                    let field = data.fields.get_mut(member.name.text.as_str()).unwrap();
                    field.default = default;
                    field.constraints = wheres;
                }
                ast::EntryKind::Check(one) => {
                    let scope = Scope::new(FileId(0));
                    constraints.extend(check_wheres(
                        self,
                        &scope,
                        &this,
                        std::slice::from_ref(one),
                        out,
                    ));
                }
                _ => {}
            }
        }
        data.constraints = constraints;
        self.data.insert(name, Arc::new(data));
    }

    pub(crate) fn data_types(&self) -> bp_eval::DataTypes {
        self.data.iter().map(|(name, data)| (name.clone(), (**data).clone())).collect()
    }
}

impl World for Declarations {
    fn value(&self, _: FileId, path: &str) -> Option<Declared> {
        self.values.get(path).cloned()
    }

    fn function(&self, _: FileId, path: &str) -> Option<Arc<Function>> {
        self.functions.get(path).cloned()
    }

    fn named_type(&self, _: FileId, path: &str) -> Option<Type> {
        if self.data.contains_key(path) {
            Some(Type::Data(path.to_owned()))
        } else {
            self.nodes.contains(path).then(|| Type::Node(path.to_owned()))
        }
    }

    fn data_type(&self, name: &str) -> Option<Arc<DataType>> {
        self.data.get(name).cloned()
    }

    fn member(&self, of: &Type, name: &str, from: &Expr) -> Option<Member> {
        let plain = |ty: Type, phase: Phase| Some(Member { ty, phase, via: None });
        match (of, name) {
            (Type::Node(node), "cpu") if node.ends_with("Server") => {
                let is_known = matches!(from, Expr::Node(node) if node == "server");
                plain(Type::Int, if is_known { Phase::Compile } else { Phase::Run })
            }
            (Type::Node(node), "url") if node.ends_with("Server") => {
                plain(Type::String, Phase::Run)
            }
            (Type::Node(node), "key") if node.ends_with("Server") => {
                plain(Type::Secret(Box::new(Type::String)), Phase::Run)
            }
            (Type::Node(node), "note") if node.ends_with("Server") => {
                plain(Type::Optional(Box::new(Type::String)), Phase::Compile)
            }
            (Type::Node(node), "disk") if node == "BigServer" => {
                plain(Type::Quantity(Dimension::Size), Phase::Compile)
            }
            (Type::Node(node), "host") if node.ends_with("Server") => Some(Member {
                ty: Type::Node("Cluster".into()),
                phase: Phase::Deploy,
                via: Some("Mounted".into()),
            }),
            (Type::Node(node), "labels") if node == "Cluster" => {
                plain(Type::Map(Box::new(Type::String)), Phase::Deploy)
            }
            (Type::Node(node), "version") if node == "Cluster" => {
                plain(Type::Optional(Box::new(Type::Version)), Phase::Deploy)
            }
            (Type::Relationship(_), "path") => plain(Type::String, Phase::Compile),
            _ => None,
        }
    }

    fn members(&self, of: &Type) -> Vec<String> {
        let names: &[&str] = match of {
            Type::Node(node) if node == "Server" => &["cpu", "url", "key", "note", "host"],
            Type::Node(node) if node == "BigServer" => {
                &["cpu", "url", "key", "note", "host", "disk"]
            }
            Type::Node(_) => &["labels", "version"],
            _ => &["path"],
        };
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn has_open(&self, _: &Type) -> bool {
        false
    }

    fn is_subtype(&self, sub: &str, sup: &str) -> bool {
        sub == sup || sup == "Root" || (sub, sup) == ("BigServer", "Server")
    }

    fn common_type(&self, a: &str, b: &str) -> Option<String> {
        let both = if self.is_subtype(a, b) {
            b
        } else if self.is_subtype(b, a) {
            a
        } else {
            "Root"
        };
        Some(both.to_owned())
    }

    fn value_names(&self, _: FileId) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    fn function_names(&self, _: FileId) -> Vec<String> {
        self.functions.keys().cloned().collect()
    }

    fn type_names(&self, _: FileId) -> Vec<String> {
        self.data.keys().cloned().chain(self.nodes.iter().map(|&n| n.to_owned())).collect()
    }

    fn value_place(&self, _: FileId, _: &str) -> Option<Place> {
        None
    }

    fn type_place(&self, _: &Type, _: Option<&str>) -> Option<Place> {
        None
    }

    fn file(&self, _: FileId, path: &str) -> Result<FileRef, String> {
        if path == "there.txt" {
            let digest = bp_plan::Digest::of(b"there");
            return Ok(FileRef { path: path.to_owned(), digest });
        }
        Err("there is no such file".to_owned())
    }

    fn text_file(&self, _: FileId, path: &str) -> Result<TextFile, String> {
        if path == "there.txt" {
            return Ok(TextFile { id: FileId(1), path: path.to_owned(), text: "there".into() });
        }
        Err("there is no such file".to_owned())
    }

    fn span(&self, place: Place) -> bp_plan::Span {
        let from = self.source.position(place.span.start);
        let to = self.source.position(place.span.end);
        bp_plan::Span {
            file: place.file.0,
            line: from.line,
            column: from.column,
            end_line: to.line,
            end_column: to.column,
        }
    }

    fn text(&self, place: Place) -> String {
        self.source.slice(place.span).to_owned()
    }
}

/// The checked expression; with `: T` before a `=`, it must be of that type.
pub(crate) fn check(text: &str) -> (Typed, Vec<Diagnostic>, Declarations) {
    check_in(text, |scope| scope)
}

/// As [`check`], in a scope of its own.
pub(crate) fn check_in(
    text: &str,
    inside: impl FnOnce(Scope) -> Scope,
) -> (Typed, Vec<Diagnostic>, Declarations) {
    let whole = if text.starts_with(':') {
        format!("const it{text}")
    } else {
        format!("const it = {text}")
    };
    let (tree, _) = parse(&whole);
    let world = Declarations::new(&whole);
    let mut out = Vec::new();
    let ItemKind::Value(item) = &tree.items[0].kind else { panic!("{text} is no value") };
    let scope = inside(Scope::new(FileId(0)));
    let ty = item.ty.as_ref().map(|ty| check_type_expr(&world, FileId(0), ty, &mut out));
    let typed = check_expr(&world, &scope, item.default.as_ref().unwrap(), ty.as_ref(), &mut out);
    (typed, out, world)
}
