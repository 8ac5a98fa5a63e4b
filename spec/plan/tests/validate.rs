//! Plans whose parts don't fit together, each told what doesn't.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod sample;

use bp_plan::{
    BinaryOp, Binder, Digest, Each, Expr, FileRef, Item, Plan, PlanError, Reference, Span, TakenBy,
    Type, Value, from_bytes, to_bytes, validate,
};
use sample::{artifacts, binary, plan, property};

/// What is found after this change of the sample.
fn found(change: impl FnOnce(&mut Plan)) -> Vec<String> {
    let mut plan = plan();
    change(&mut plan);
    let problems = validate(&plan).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

fn with_image(value: Expr) -> Vec<String> {
    found(|plan| {
        plan.nodes.get_mut("web").unwrap().properties.insert("image".into(), property(value));
    })
}

#[test]
fn the_sample_is_fine() {
    assert_eq!(validate(&plan()), Ok(()));
}

#[test]
fn every_name_is_the_name_of_something() {
    let at = "at nodes.web.properties.image";
    let element = |selection: &str| Reference::Element {
        selection: TakenBy(selection.into()),
        name: "a".into(),
    };
    let capability = Reference::Capability {
        of: Box::new(Reference::Node { node: "gone".into(), key: None }),
        name: "c".into(),
    };
    for (expr, what) in [
        (Expr::Input("gone".into()), "there is no input `gone`"),
        (Expr::Secret("gone".into()), "there is no secret `gone`"),
        (Expr::Const("gone".into()), "there is no constant `gone`"),
        (Expr::Local("gone".into()), "there is no local `gone`"),
        (Expr::Node("gone".into()), "there is no node `gone`"),
        (Expr::Selection("gone".into()), "there is no selection `gone`"),
        (Expr::Group("gone".into()), "there is no group `gone`"),
        (Expr::Value(Value::Reference(element("gone"))), "there is no selection `gone`"),
        (Expr::Value(Value::Reference(capability)), "there is no node `gone`"),
        (
            Expr::Value(Value::File(FileRef { path: "x".into(), digest: Digest::of(b"x") })),
            "the file `x` does not travel with the plan",
        ),
    ] {
        assert_eq!(with_image(expr.clone()), [format!("{what} {at}")]);
        // However deep it stands.
        let deep = Expr::Interpolate(vec![Expr::If {
            condition: Box::new(Expr::Value(true.into())),
            then: Box::new(binary(BinaryOp::Add, Expr::Value(1.into()), expr)),
            otherwise: Box::new(Expr::This),
        }]);
        assert_eq!(with_image(deep), [format!("{what} {at}")]);
    }
}

#[test]
fn locals_end_with_their_loop() {
    let loop_over = |names: &[&str]| {
        Expr::Binder(Box::new(Binder {
            function: "list".into(),
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            over: Expr::Value(Value::Range(1, 2)),
            filter: None,
            key: None,
            body: Some(Expr::Local("x".into())),
        }))
    };
    assert_eq!(with_image(loop_over(&["x"])), <[String; 0]>::default());
    assert_eq!(with_image(loop_over(&["y"])).len(), 1);
    assert!(with_image(loop_over(&["x", "y", "z"]))[0].contains("one name or two"));
    let after = binary(BinaryOp::Equal, loop_over(&["x"]), Expr::Local("x".into()));
    assert_eq!(with_image(after).len(), 1);
    // The element of a node's `for` is not known to its `if`.
    let in_condition =
        found(|p| p.nodes.get_mut("web").unwrap().condition = Some(Expr::Local("cluster".into())));
    assert_eq!(in_condition, ["there is no local `cluster` at nodes.web.if"]);
}

#[test]
fn types_spans_and_cardinalities() {
    for (problems, what) in [
        (
            found(|p| p.nodes.get_mut("web").unwrap().kind = "Gone".into()),
            "there is no node type `Gone` at nodes.web",
        ),
        (
            found(|p| p.selections.get_mut("demo").unwrap().kind = "Gone".into()),
            "there is no node type `Gone` at selections.demo",
        ),
        (
            found(|p| {
                p.inputs.get_mut("tag").unwrap().kind =
                    Type::List(Box::new(Type::Data("Gone".into())));
            }),
            "there is no data type `Gone` at inputs.tag",
        ),
        (
            found(|p| {
                p.outputs.get_mut("images").unwrap().span = Span { file: 1, ..Span::default() };
            }),
            "there is no source file 1 at outputs.images",
        ),
        (
            found(|p| p.selections.get_mut("demo").unwrap().cardinality = (2, Some(1))),
            "a cardinality asks for more than it allows at selections.demo",
        ),
        (
            found(|p| {
                let web = p.nodes.get_mut("web").unwrap();
                web.properties.insert("imgae".into(), property(Expr::string("x")));
            }),
            "`Web` has no property `imgae` at nodes.web",
        ),
        (
            found(|p| drop(p.nodes.get_mut("web").unwrap().properties.remove("image"))),
            "the property `image` is missing at nodes.web",
        ),
        (
            found(|p| {
                let each: &mut Each = p.nodes.get_mut("web").unwrap().each.as_mut().unwrap();
                each.names.push("b".into());
                each.names.push("c".into());
            }),
            "a loop binds one name or two, found 3 at nodes.web.for",
        ),
    ] {
        assert_eq!(problems, [what]);
    }
}

#[test]
fn constants_need_no_ring() {
    let constant = |name: &str| Expr::Const(name.into());
    let problems = found(|p| {
        p.constants.insert("a".into(), constant("b"));
        p.constants.insert("b".into(), Expr::Interpolate(vec![constant("a"), constant("suffix")]));
        p.constants.insert("fine".into(), constant("suffix"));
    });
    assert_eq!(problems, ["constants that need themselves: `a`, `b` at constants"]);
    let itself = found(|p| drop(p.constants.insert("a".into(), constant("a"))));
    assert_eq!(itself.len(), 1);
}

#[test]
fn reading_validates() {
    let mut plan = plan();
    plan.constants.insert("a".into(), Expr::Input("gone".into()));
    let error = from_bytes(&to_bytes(&plan, &artifacts()).unwrap()).unwrap_err();
    assert!(matches!(&error, PlanError::Invalid(problems) if problems.len() == 1));
    assert!(error.to_string().contains("there is no input `gone` at constants.a"), "{error}");
}

#[test]
fn functions_are_found_wherever_they_stand() {
    let mut plan = plan();
    let inner = Expr::Call { function: "inner".into(), arguments: vec![] };
    let outer = Expr::Call { function: "outer".into(), arguments: vec![inner] };
    plan.nodes.get_mut("web").unwrap().condition = Some(outer);
    let found: Vec<&str> = bp_plan::validate::functions(&plan).into_iter().collect();
    assert_eq!(found, ["inner", "outer"]);
}

#[test]
fn operations_fit_their_types() {
    let own = |name: &str, implementation| {
        found(|plan| {
            let web = plan.nodes.get_mut("web").unwrap();
            web.operations.insert(name.into(), bp_plan::OwnOperation { implementation });
        })
    };
    assert_eq!(own("upkeep.snapshot", None), Vec::<String>::new());
    let gone = "its type has no operation `upkeep.gone` at nodes.web.operations.upkeep.gone";
    assert_eq!(own("upkeep.gone", None), [gone]);
    let mut kind = plan().node_types["Web"].operations["upkeep.snapshot"].implementation.clone();
    // The result is known to what is set, and to nothing else.
    kind.as_mut().unwrap().args = Some(Expr::Local("result".into()));
    let late = "there is no local `result` at nodes.web.operations.upkeep.snapshot";
    assert_eq!(own("upkeep.snapshot", kind), [late]);
}

#[test]
fn groups_and_policies_are_of_types_that_are_there_and_no_group_holds_itself() {
    let gone = found(|plan| plan.policies.get_mut("gradual").unwrap().kind = "Gone".into());
    assert_eq!(gone, ["there is no policy type `Gone` at policies.gradual"]);
    let gone = found(|plan| plan.groups.get_mut("all").unwrap().kind = "Gone".into());
    assert_eq!(gone, ["there is no group type `Gone` at groups.all"]);
    let gone = found(|plan| {
        let run = plan.policies.get_mut("gradual").unwrap().run.as_mut();
        run.unwrap().workflow = "gone".into();
    });
    assert_eq!(gone, ["there is no workflow `gone` at policies.gradual.run"]);
    let ring = found(|plan| {
        let members = Expr::List(vec![Item::One(Expr::Group("all".into()))]);
        plan.groups.get_mut("all").unwrap().members = members;
    });
    assert_eq!(ring, ["groups that are members of themselves: `all` at groups"]);
}

/// What is found after this change of the sample's workflow `backup`.
fn with_backup(change: impl FnOnce(&mut bp_plan::Workflow)) -> Vec<String> {
    found(|plan| change(plan.workflows.get_mut("backup").unwrap()))
}

#[test]
fn the_steps_of_workflows_name_what_is_there() {
    use bp_plan::workflow::Action;
    let local = |name: &str| Expr::Local(name.into());
    // A name that a later step, a loop, a parallel step or a handler binds is not known here.
    for name in ["taken", "one", "it", "r", "error"] {
        let first = with_backup(|w| w.body.steps[0].action = Action::Fail(local(name)));
        assert!(
            first.contains(&format!("there is no local `{name}` at workflows.backup")),
            "{first:?}"
        );
    }
    let after = with_backup(|w| w.body.steps[5].action = Action::Return(Some(local("r"))));
    assert_eq!(after, [""; 0]);
    let cancelled = with_backup(|w| {
        let block = w.body.on_cancel.as_mut().unwrap();
        block.steps[0].action = Action::Fail(local("error"));
    });
    assert_eq!(cancelled, ["there is no local `error` at workflows.backup.on_cancel"]);
    let run = |name: &str, argument: Option<&str>| bp_plan::workflow::Run {
        workflow: name.into(),
        arguments: argument
            .map(|a| (a.to_owned(), property(Expr::Value(1.into()))))
            .into_iter()
            .collect(),
        result: None,
    };
    for (run, told) in [
        (run("gone", None), "there is no workflow `gone` at workflows.backup.gone"),
        (run("clean", Some("days")), "there is no parameter `days` at workflows.backup.clean"),
    ] {
        assert_eq!(with_backup(|w| w.body.steps[5].action = Action::Run(run)), [told]);
    }
    assert_eq!(with_backup(|w| w.body.steps[5].action = Action::Run(run("heal", None))), [""; 0]);
    // What a parallel step of a parallel block binds is known after both.
    let within = with_backup(|w| {
        let inner = w.body.steps[2].clone();
        if let Action::Parallel(block) = &mut w.body.steps[2].action {
            block.steps = vec![inner];
        }
        w.body.steps[5].action = Action::Return(Some(local("r")));
    });
    assert_eq!(within, [""; 0]);
    // What a parallel block binds is perhaps not there after a failure that it recovers from.
    let recovered = with_backup(|w| {
        let handler = w.body.on_failure.take();
        if let Action::Parallel(block) = &mut w.body.steps[2].action {
            block.on_failure = handler;
        }
    });
    assert_eq!(recovered, ["there is no local `r` at workflows.backup"]);
}
