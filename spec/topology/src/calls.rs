//! What an operation of an instance's life is called with, and what its result sets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict};
use bp_plan::{Entry, Expr, FileRef, Node, OperationParameter, Reference, Type, Value};
use serde_json::Value as Json;

use crate::kept::{held, listed, sound};
use crate::life::{self, Act, Carried, Link, Via};
use crate::parameters::Arguments;
use crate::problem::code_of;
use crate::resolved::{Flaw, Property, files_in, secret_parts};
use crate::site::Site;
use crate::topology::{InstanceId, Locals, Topology};
use crate::world::{Known, Reads, World, error};

/// What is administered from elsewhere, and runs scripts of its own.
const MACHINE: &str = "std.Compute";

/// What an instance knows of its own attributes when an operation is called.
#[derive(Clone, Copy, Debug)]
pub enum Own<'a> {
    /// Nothing yet: it is looked ahead.
    Ahead,
    /// These, and no more will come before the call.
    Now(&'a BTreeMap<String, Json>),
    /// These so far: what needs another is left out of the call.
    SoFar(&'a BTreeMap<String, Json>),
}

/// An operation as it is to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The data type that says what carries it out, and those that it extends, nearest first.
    pub kinds: Vec<String>,
    /// What it is called with: `value` (what the kind asks), `args`, `env`, `files`.
    pub properties: BTreeMap<String, Property>,
    /// The files among them, by the JSON pointer that leads to each (`/value/path`).
    pub files: BTreeMap<String, FileRef>,
    /// How often, and how long.
    pub limits: Limits,
    /// Somebody asks for its result.
    pub wants_result: bool,
}

/// What an operation gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Its result, of its type.
    pub result: Value,
    /// The attributes that it sets.
    pub attributes: BTreeMap<String, Json>,
}

/// How long a call may take, and how often it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long one call may take, in milliseconds; none where the runtime decides.
    pub timeout_ms: Option<i64>,
    /// How often a call that failed is made again.
    pub retries: u32,
    /// The first pause before that, in milliseconds.
    pub backoff_ms: i64,
    /// Calling it twice does what calling it once does.
    pub repeatable: bool,
}

impl Topology {
    /// An operation as it is to be called: `None` where it still needs what others report. Beside
    /// it what it read of others.
    pub fn call(
        &self,
        id: &InstanceId,
        act: &Act,
        own: Own<'_>,
    ) -> (Result<Option<Call>, Flaw>, Reads) {
        self.call_given(id, act, own, &BTreeMap::new())
    }

    /// The same, with these arguments in the place of what its parameters are when left out: as a
    /// workflow calls it.
    pub fn call_given(
        &self,
        id: &InstanceId,
        act: &Act,
        own: Own<'_>,
        given: &Arguments,
    ) -> (Result<Option<Call>, Flaw>, Reads) {
        let (call, mut reads) =
            self.calling(id, act, own, given, |caller| caller.call(matches!(own, Own::SoFar(_))));
        reads.instances.remove(id);
        reads.missing.remove(id);
        (call, reads)
    }

    /// The machine (a `std.Compute`) that an operation is to run on; none where that is the runtime's own.
    pub fn machine(&self, id: &InstanceId, act: &Act) -> Option<InstanceId> {
        self.calling(id, act, Own::Ahead, &Arguments::new(), |caller| Ok(caller.machine()))
            .0
            .ok()
            .flatten()
    }

    /// What an instance that is as wanted reports.
    pub fn reported(&self, id: &InstanceId) -> Option<&BTreeMap<String, Json>> {
        self.world.reports(id)
    }

    /// What an operation's relationship leads to, where that is an instance.
    pub fn target_of(&self, id: &InstanceId, act: &Act) -> Option<InstanceId> {
        let node = self.world.plan.nodes.get(&id.node)?;
        let via = act.via.as_ref()?;
        let links = life::links(&self.world, id, node);
        InstanceId::of(&links.iter().find(|link| link.via() == *via)?.target)
    }

    /// The attributes that an operation's result sets: those of the instance by their names, those of
    /// a relationship by names of their own.
    pub fn set(
        &self,
        id: &InstanceId,
        act: &Act,
        own: &BTreeMap<String, Json>,
        result: Json,
    ) -> Result<BTreeMap<String, Json>, Flaw> {
        let set = self.calling(id, act, Own::Now(own), &BTreeMap::new(), |caller| {
            Ok(caller.set(result)?.attributes)
        });
        set.0
    }

    /// What an operation that was called with these arguments gives: its result as its type has it, and
    /// what that sets.
    pub fn gives(
        &self,
        id: &InstanceId,
        act: &Act,
        own: &BTreeMap<String, Json>,
        given: &Arguments,
        result: Json,
    ) -> Result<Given, Flaw> {
        let work = |caller: &Caller<'_>| {
            let kind = caller.carried.declared.result.as_ref();
            if kind.is_some_and(|kind| kind.holds_secret(&self.world.plan.data_types)) {
                let why = "what it gives is secret, and nothing here keeps secrets".to_owned();
                return Err(caller.flaw("result", &error(ErrorKind::Unavailable, why)));
            }
            caller.set(result)
        };
        self.calling(id, act, Own::Now(own), given, work).0
    }

    fn calling<T>(
        &self,
        id: &InstanceId,
        act: &Act,
        own: Own<'_>,
        given: &Arguments,
        work: impl FnOnce(&Caller<'_>) -> Result<T, Flaw>,
    ) -> (Result<T, Flaw>, Reads) {
        let known = Known {
            id: id.clone(),
            attributes: match own {
                Own::Ahead => BTreeMap::new(),
                Own::Now(known) | Own::SoFar(known) => known.clone(),
            },
            is_open: !matches!(own, Own::Now(_)),
        };
        let world = &self.world;
        world.reading(|| {
            world.knowing(known, || match Caller::of(world, id, act, given) {
                Ok(caller) => work(&caller),
                Err(flaw) => Err(flaw),
            })
        })
    }
}

/// An operation in its surroundings.
struct Caller<'w> {
    world: &'w World,
    id: &'w InstanceId,
    act: &'w Act,
    node: &'w Node,
    link: Option<Link<'w>>,
    carried: Carried<'w>,
    site: Site<'w>,
    locals: Locals,
    /// What parameters are that have secret parts.
    made: Vec<(String, Expr)>,
}

impl<'w> Caller<'w> {
    fn of(
        world: &'w World,
        id: &'w InstanceId,
        act: &'w Act,
        given: &Arguments,
    ) -> Result<Self, Flaw> {
        let gone = || Flaw::new("E7083", format!("the plan does not know `{id}`: {act}"));
        let node = world.plan.nodes.get(&id.node).ok_or_else(gone)?;
        let (link, carried) = match &act.via {
            None => (None, life::of_node(&world.plan, node, &act.operation)),
            Some(via) => {
                let links = life::links(world, id, node);
                let link = links.into_iter().find(|link| link.via() == *via).ok_or_else(gone)?;
                let carried = life::of_link(&world.plan, link.requirement, &act.operation);
                (Some(link), carried)
            }
        };
        let carried = carried.ok_or_else(gone)?;
        // In a `via` block `self` stays the node, in a relationship's type it is the relationship.
        let site = match &link {
            None => world.site(id),
            Some(link) if carried.is_own => world.site(id).between(id, link),
            Some(link) => world.inside(id, link),
        };
        let existence = world.existence(&id.node).ok();
        let locals = existence.map(|e| e.locals(id.key.as_deref()).to_vec()).unwrap_or_default();
        let made = Vec::new();
        let mut caller = Self { world, id, act, node, link, carried, site, locals, made };
        for parameter in &caller.carried.declared.parameters {
            let name = &parameter.name;
            let value = match (given.get(name), &parameter.default) {
                (Some(Expr::Value(given)), _) => caller.argument(parameter, given)?,
                (Some(made), _) => {
                    caller.made.push((name.clone(), caller.held(parameter, made)?));
                    continue;
                }
                (None, None) => Value::Null,
                (None, Some(default)) => match caller.evaluate(default) {
                    Ok(Outcome::Value(value)) => value,
                    Ok(Outcome::Secret(_)) => {
                        let made = caller.held(parameter, &caller.placed(default))?;
                        caller.made.push((name.clone(), made));
                        continue;
                    }
                    Ok(Outcome::Unknown) => Value::Null,
                    Err(error) => return Err(caller.flaw(name, &error)),
                },
            };
            caller.locals.push((name.clone(), value));
        }
        Ok(caller)
    }

    fn evaluate(&self, expr: &Expr) -> Result<Outcome, EvalError> {
        let locals: Vec<(&str, Value)> =
            self.locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        bp_eval::evaluate_with(&self.placed(expr), &self.site, &locals)
    }

    /// The expression with what is made with secrets in the place of its parameters.
    fn placed<'e>(&self, expr: &'e Expr) -> Cow<'e, Expr> {
        if self.made.is_empty() {
            return Cow::Borrowed(expr);
        }
        let made: Vec<(&str, &Expr)> =
            self.made.iter().map(|(name, of)| (name.as_str(), of)).collect();
        Cow::Owned(expr.with_locals(&made))
    }

    /// An argument with a secret part, held against what is asked of it at each use.
    fn held(&self, parameter: &OperationParameter, made: &Expr) -> Result<Expr, Flaw> {
        let refuse = |why: String| {
            self.flaw(&parameter.name, &EvalError { kind: ErrorKind::Constraint, message: why })
        };
        let types = &self.world.plan.data_types;
        let held = held(made, &parameter.kind, &parameter.constraints, types)
            .map_err(|why| refuse(why.to_string()))?;
        if let Ok(Outcome::Secret(names)) = self.evaluate(&held) {
            sound(self.world, &held, &names, &|expr| self.evaluate(expr)).map_err(refuse)?;
        }
        Ok(held)
    }

    /// An argument of its parameter's type, and within its constraints.
    fn argument(&self, parameter: &OperationParameter, given: &Value) -> Result<Value, Flaw> {
        let name = &parameter.name;
        let types = &self.world.plan.data_types;
        let value = bp_eval::conform(given.clone(), &parameter.kind, types).map_err(|why| {
            self.flaw(name, &EvalError { kind: ErrorKind::WrongType, message: why.to_string() })
        })?;
        for constraint in &parameter.constraints {
            match bp_eval::check_constraint(constraint, &value, &self.site) {
                Ok(Verdict::Broken(why)) => {
                    return Err(self.flaw(name, &error(ErrorKind::Constraint, why)));
                }
                Ok(_) => {}
                Err(error) => return Err(self.flaw(name, &error)),
            }
        }
        Ok(value)
    }

    fn flaw(&self, part: &str, error: &EvalError) -> Flaw {
        let (id, act) = (self.id, self.act);
        Flaw {
            property: Some(act.path()),
            ..Flaw::new(code_of(error), format!("`{id}`: {act}: its `{part}`: {error}"))
        }
    }

    /// The call; `None` where something of it is not known. With `as_far` what is not known of its
    /// arguments, environment and files is left out.
    fn call(&self, as_far: bool) -> Result<Option<Call>, Flaw> {
        let one = self.carried.implementation;
        let mut properties = BTreeMap::new();
        let mut files = BTreeMap::new();
        let mut waits = false;
        let arguments = one.args.clone().or_else(|| self.parameters());
        let place = |expr: &Expr| self.placed(expr).into_owned();
        let parts = [
            ("value", Some(&one.value)),
            ("args", arguments.as_ref()),
            ("env", one.env.as_ref()),
            ("files", one.files.as_ref()),
        ];
        for (name, expr) in parts.into_iter().filter_map(|(name, expr)| Some((name, place(expr?))))
        {
            let shortened = if as_far && name != "value" { self.known_part(&expr) } else { None };
            match self.property(name, shortened.as_ref().unwrap_or(&expr), &mut files)? {
                Some(property) => drop(properties.insert(name.to_owned(), property)),
                None => waits = true,
            }
        }
        let Some(limits) = self.limits()? else { return Ok(None) };
        let mut kinds = vec![one.kind.clone()];
        kinds.extend(one.extends.iter().cloned());
        let wants_result = !one.sets.is_empty()
            || self.carried.declared.result.is_some()
            || self.act.operation == life::OBSERVE;
        let call = Call { kinds, properties, files, limits, wants_result };
        Ok((!waits).then_some(call))
    }

    /// What it is called with where nothing else is said: its parameters.
    fn parameters(&self) -> Option<Expr> {
        let parameters = &self.carried.declared.parameters;
        let entry = |name: &String| Entry::One(name.clone(), Expr::Local(name.clone()));
        let entries: Vec<Entry> = parameters.iter().map(|p| entry(&p.name)).collect();
        (!entries.is_empty()).then_some(Expr::Record(entries))
    }

    /// A record without the entries that are not known; none where it is none, or all is known.
    fn known_part(&self, expr: &Expr) -> Option<Expr> {
        let is_open = |expr: &Expr| matches!(self.evaluate(expr), Ok(Outcome::Unknown));
        if !is_open(expr) {
            return None;
        }
        let Expr::Record(entries) = expr else { return Some(Expr::Record(Vec::new())) };
        let known = entries.iter().filter(|entry| match entry {
            Entry::One(_, expr) | Entry::Spread(expr) => !is_open(expr),
        });
        Some(Expr::Record(known.cloned().collect()))
    }

    fn property(
        &self,
        name: &str,
        expr: &Expr,
        files: &mut BTreeMap<String, FileRef>,
    ) -> Result<Option<Property>, Flaw> {
        let outcome = self.evaluate(expr).map_err(|error| self.flaw(name, &error))?;
        let no_json = |error: bp_eval::ValueError| {
            self.flaw(name, &EvalError { kind: ErrorKind::WrongType, message: error.to_string() })
        };
        match outcome {
            Outcome::Unknown => Ok(None),
            Outcome::Value(value) => {
                files_in(&value, &format!("/{name}"), files);
                Ok(Some(Property::Plain(bp_eval::to_json(&value).map_err(no_json)?)))
            }
            Outcome::Secret(_) if self.world.secrets.is_veiled() => {
                self.world.note_veil();
                Ok(None)
            }
            Outcome::Secret(of) => self.revealed(name, expr, of),
        }
    }

    fn revealed(
        &self,
        name: &str,
        expr: &Expr,
        of: BTreeSet<String>,
    ) -> Result<Option<Property>, Flaw> {
        let (id, act) = (self.id, self.act);
        let refuse = |message: String, help: Option<&String>| Flaw {
            property: Some(act.path()),
            help: help.cloned(),
            ..Flaw::new("E3028", message)
        };
        let names = listed(&of);
        if let Some(help) = of.iter().find_map(|name| self.world.secrets.missing(name)) {
            let message = format!("`{id}`: {act}: its `{name}` needs the secret {names}");
            return Err(refuse(message, Some(help)));
        }
        // What exactly is wrong could say what the secret is.
        let wrong = || {
            let message =
                format!("`{id}`: {act}: its `{name}` has no value with the secret {names}");
            refuse(message, None)
        };
        let open = match self.world.revealing(|| self.evaluate(expr)) {
            Ok(Outcome::Value(value)) => bp_eval::to_json(&value).map_err(|_| wrong())?,
            Ok(Outcome::Unknown) => return Ok(None),
            Ok(Outcome::Secret(_)) | Err(_) => return Err(wrong()),
        };
        let made = self.world.tracing(|| self.evaluate(expr));
        let mut parts = Vec::new();
        secret_parts(&|expr| self.evaluate(expr), expr, Vec::new(), &mut parts);
        let is_later = life::stage(&act.operation).is_some_and(|s| s >= life::Stage::Prestop);
        if is_later && !parts.iter().all(|path| self.is_whole(&open, path, &of)) {
            let message = format!(
                "`{id}`: {act}: its `{name}` has a part that is made of the secret {names}: it may be called when no plan says any more how"
            );
            let help =
                "give the secret by itself, as an argument or a variable of its own".to_owned();
            return Err(refuse(message, Some(&help)));
        }
        Ok(Some(Property::Secret { open, of, parts, made }))
    }

    /// Whether this part is one secret and nothing more.
    fn is_whole(&self, open: &Json, path: &[String], of: &BTreeSet<String>) -> bool {
        let part = path.iter().try_fold(open, |part, step| part.get(step));
        let mut values = of.iter().filter_map(|name| self.world.secrets.value(name));
        values.any(|value| bp_eval::to_json(value).ok().as_ref() == part)
    }

    fn limits(&self) -> Result<Option<Limits>, Flaw> {
        let one = self.carried.implementation;
        let mut limits = Limits { backoff_ms: 1_000, ..Limits::default() };
        let parts = [
            ("timeout", &one.timeout),
            ("retries", &one.retries),
            ("backoff", &one.backoff),
            ("repeatable", &one.repeatable),
        ];
        for (name, expr) in parts {
            let Some(expr) = expr else { continue };
            let value = match self.evaluate(expr).map_err(|error| self.flaw(name, &error))? {
                Outcome::Value(value) => value,
                Outcome::Unknown => return Ok(None),
                Outcome::Secret(_) => {
                    return Err(self.flaw(name, &error(ErrorKind::Unavailable, "it is secret")));
                }
            };
            let wrong = |message: &str| self.flaw(name, &error(ErrorKind::Constraint, message));
            match (name, value) {
                (_, Value::Null) => {}
                ("timeout", Value::Quantity(time)) if time.amount > 0 => {
                    limits.timeout_ms = Some((time.amount / 1_000_000).max(1));
                }
                ("timeout", _) => return Err(wrong("a timeout is more than nothing")),
                ("retries", Value::Int(retries)) => {
                    limits.retries =
                        u32::try_from(retries).map_err(|_| wrong("`retries` counts: 0 or more"))?;
                }
                ("backoff", Value::Quantity(pause)) => limits.backoff_ms = pause.amount / 1_000_000,
                ("repeatable", Value::Bool(repeatable)) => limits.repeatable = repeatable,
                _ => return Err(wrong("it is of another type")),
            }
        }
        Ok(Some(limits))
    }

    /// The machine that it is to run on: what `on` says, else what is beneath the end that it is
    /// called on.
    fn machine(&self) -> Option<InstanceId> {
        if let Some(on) = &self.carried.implementation.on {
            let Ok(Outcome::Value(Value::Reference(on))) = self.evaluate(on) else { return None };
            return machine(self.world, &InstanceId::of(&on)?);
        }
        let end = match &self.link {
            Some(link) if self.act.is_on_target() => InstanceId::of(&link.target)?,
            _ => self.id.clone(),
        };
        host(self.world, &end).and_then(|host| machine(self.world, &host))
    }

    fn set(&self, result: Json) -> Result<Given, Flaw> {
        let (id, act) = (self.id, self.act);
        let plan = &self.world.plan;
        let kind = self.carried.declared.result.as_ref().unwrap_or(&Type::Json);
        let refuse = |message: String| Flaw {
            property: Some(act.path()),
            ..Flaw::new("E3002", format!("`{id}`: {act}: {message}"))
        };
        let result = bp_eval::from_json(result, kind, &plan.data_types)
            .map_err(|error| refuse(format!("its result: {error}")))?;
        let mut locals: Vec<(&str, Value)> =
            self.locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        locals.push(("result", result.clone()));
        let mut set = BTreeMap::new();
        for (name, expr) in &self.carried.implementation.sets {
            let kind = self.attribute(name).ok_or_else(|| {
                refuse(format!("it sets `{name}`, which is no attribute that the plan knows"))
            })?;
            if is_secret(kind) {
                return Err(refuse(format!("`{name}` is secret, and nothing here keeps secrets")));
            }
            let outcome = bp_eval::evaluate_with(&self.placed(expr), &self.site, &locals)
                .map_err(|error| refuse(format!("its result does not give `{name}`: {error}")))?;
            let value = match outcome {
                Outcome::Value(value) => value,
                Outcome::Unknown | Outcome::Secret(_) => {
                    return Err(refuse(format!(
                        "`{name}` can't be set: it is secret or not known"
                    )));
                }
            };
            let value = bp_eval::conform(value, kind, &plan.data_types)
                .map_err(|error| refuse(format!("its result does not fit `{name}`: {error}")))?;
            if value == Value::Null {
                continue;
            }
            let json =
                bp_eval::to_json(&value).map_err(|error| refuse(format!("`{name}`: {error}")))?;
            let via = act.via.as_ref();
            set.insert(via.map_or_else(|| name.clone(), |via: &Via| via.attribute(name)), json);
        }
        Ok(Given { result, attributes: set })
    }

    fn attribute(&self, name: &str) -> Option<&'w Type> {
        let plan = &self.world.plan;
        match &self.link {
            None => plan.node_types.get(&self.node.kind)?.attributes.get(name),
            Some(link) => {
                plan.relationship_types.get(&link.requirement.relationship)?.attributes.get(name)
            }
        }
    }
}

fn is_secret(kind: &Type) -> bool {
    match kind {
        Type::Secret(_) => true,
        Type::Optional(of) => is_secret(of),
        _ => false,
    }
}

/// What an instance is hosted on, where that is an instance.
fn host(world: &World, id: &InstanceId) -> Option<InstanceId> {
    let node = world.plan.nodes.get(&id.node)?;
    let mut hosts = node.requirements.iter().filter(|requirement| requirement.hosts);
    hosts.find_map(|requirement| {
        let targets: Vec<Reference> = world.targets(id, requirement).ok()?;
        targets.iter().find_map(InstanceId::of)
    })
}

/// The machine that an instance is, or that it stands on.
fn machine(world: &World, id: &InstanceId) -> Option<InstanceId> {
    let mut at = id.clone();
    let mut seen = BTreeSet::new();
    while seen.insert(at.clone()) {
        let kind = &world.plan.nodes.get(&at.node)?.kind;
        let extends = world.plan.node_types.get(kind).map(|of| of.extends.as_slice());
        if kind == MACHINE || extends.unwrap_or_default().iter().any(|of| of == MACHINE) {
            return Some(at);
        }
        at = host(world, &at)?;
    }
    None
}
