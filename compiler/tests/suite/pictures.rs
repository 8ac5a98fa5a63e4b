//! `bpc graph` and `bpc inspect`: what they show of a plan, and what they say where there is none.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bp_compiler::analysis::Analysis;
use bp_compiler::graph::{Diagram, Need, dot, mermaid, svg};

fn blueprint(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints").join(name)
}

fn diagram(text: &str) -> Diagram {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.bp");
    std::fs::write(&path, format!("blueprint x {{ version = \"1.0.0\" }}\n{text}")).unwrap();
    let analysis = Analysis::load(&path);
    let plan = analysis.plan();
    let plan =
        plan.unwrap_or_else(|| panic!("{:#?} {:#?}", analysis.diagnostics(), analysis.unplanned()));
    Diagram::of(plan)
}

fn bpc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpc"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// `name inside?`, in order.
fn tree(diagram: &Diagram) -> Vec<String> {
    let name = |at: usize| diagram.items[at].name.clone();
    let one = |item: &bp_compiler::graph::Item| match item.inside {
        Some(inside) => format!("{} in {}", item.name, name(inside)),
        None => item.name.clone(),
    };
    diagram.items.iter().map(one).collect()
}

fn edges(diagram: &Diagram) -> Vec<String> {
    let name = |at: usize| diagram.items[at].name.clone();
    let mark = |need| match need {
        Need::Requirement => "->",
        Need::Choice => "?>",
        Need::Reference => "..",
    };
    let one = |edge: &bp_compiler::graph::Edge| {
        let text =
            format!("{} {} {} {}", name(edge.from), mark(edge.need), name(edge.to), edge.label);
        text.trim().to_owned()
    };
    let mut edges: Vec<String> = diagram.edges.iter().map(one).collect();
    edges.sort();
    edges
}

const SITE: &str = "use std.fleet
use std.kubernetes as k8s
relationship type Streams extends ConnectsTo
node type Host extends Compute
node type Service {
  attribute address: string
  property peer: string = \"\"
  requires host: Compute via HostedOn
  requires feeds: Service[0..] via Streams
  provider = \"script\"
}
select edge: k8s.Cluster[1..] { where = self.labels.tier == \"edge\" }
node one: Host
node two: Host
node first: Service {
  host  -> one
  feeds -> second
}
node second: Service { host -> two }
node third: Service {
  peer = first.address
  host -> one
}
node left: Service { host -> Host where self.memory != 1GiB }
node web: k8s.Namespace for c in edge {
  name = \"web\"
  host -> c
}
group services: Group { members = [first, second] }
policy gradual: fleet.Rollout {
  targets = [web]
  waves   = [1, 10%, 100%]
}
";

#[test]
fn what_stands_where_and_what_needs_what() {
    let diagram = diagram(SITE);
    let tree = tree(&diagram);
    for wanted in
        ["edge", "one", "first in one", "second in two", "third in one", "left", "web in edge"]
    {
        assert!(tree.contains(&wanted.to_owned()), "{tree:?}");
    }
    let edges = edges(&diagram);
    for wanted in ["first -> second feeds · root.Streams", "third .. first", "left ?> one host"] {
        assert!(
            edges.iter().any(|edge| edge == wanted || edge == &wanted.replace("root.", "")),
            "{wanted}: {edges:?}"
        );
    }
    let [services, gradual] = diagram.notes.as_slice() else { panic!("{:?}", diagram.notes) };
    assert_eq!((services.what, services.over.join(" ")), ("group", "first second".to_owned()));
    assert_eq!(
        (gradual.kind.as_str(), gradual.waves.join(" ")),
        ("fleet.Rollout", "1 10% 100%".to_owned())
    );
    let web = diagram.items.iter().find(|item| item.name == "web").unwrap();
    assert_eq!((web.notes.as_slice(), web.is_many), ([1].as_slice(), true));
}

/// Every rectangle of a class, as x, y, width, height.
fn rectangles(svg: &str, class: &str) -> Vec<[f64; 4]> {
    let rects = svg.lines().filter(|line| line.starts_with("<rect"));
    let of_class = rects.filter(|line| {
        line.contains(&format!("class=\"{class}\"")) || line.contains(&format!("class=\"{class} "))
    });
    let value = |line: &str, name: &str| -> f64 {
        let at = line.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        line[at..].split('"').next().unwrap().parse().unwrap()
    };
    of_class.map(|line| ["x", "y", "width", "height"].map(|name| value(line, name))).collect()
}

/// Two rectangles share some room.
fn overlap(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
}

/// A blueprint of so many services on a few hosts, each of which needs some before it.
fn large(count: usize) -> String {
    let mut text = SITE.to_owned();
    for host in 0..count / 10 {
        let _ = writeln!(text, "node host_{host}: Host");
    }
    for at in 0..count {
        let needs: Vec<String> =
            [at / 2, at / 3].iter().filter(|to| **to < at).map(|to| format!("s_{to}")).collect();
        let host = at % (count / 10);
        let _ = writeln!(
            text,
            "node s_{at}: Service {{\n  host  -> host_{host}\n  feeds -> [{}]\n}}",
            needs.join(", ")
        );
    }
    text
}

#[test]
fn a_picture_is_whole_whatever_it_shows() {
    let texts = [SITE.to_owned(), String::new(), large(60)];
    let mut diagrams: Vec<Diagram> = texts.iter().map(|text| diagram(text)).collect();
    for name in ["hello-fleet/hello.bp", "shop/shop.bp"] {
        let analysis = Analysis::load(&blueprint(name));
        diagrams.push(Diagram::of(analysis.plan().unwrap()));
    }
    for diagram in &diagrams {
        let svg = svg(diagram);
        assert_eq!(svg, bp_compiler::graph::svg(diagram), "the same each time");
        let cards = rectangles(&svg, "card");
        let boxes = rectangles(&svg, "box");
        assert_eq!(cards.len() + boxes.len(), diagram.items.len());
        for (at, card) in cards.iter().enumerate() {
            let other = cards.iter().skip(at + 1).find(|other| overlap(card, other));
            assert_eq!(other, None, "{} lies on another", diagram.title);
        }
        for one in &boxes {
            // A card is inside of a box, or beside it.
            for card in cards.iter().filter(|card| overlap(one, card)) {
                let is_inside = card[0] >= one[0]
                    && card[1] >= one[1]
                    && card[0] + card[2] <= one[0] + one[2]
                    && card[1] + card[3] <= one[1] + one[3];
                assert!(is_inside, "{}: {card:?} sticks out of {one:?}", diagram.title);
            }
        }
        // No point is outside of the picture.
        let size = |name: &str| -> f64 {
            svg.split_once(&format!(" {name}=\""))
                .unwrap()
                .1
                .split('"')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        };
        let (width, height) = (size("width"), size("height"));
        for area in cards.iter().chain(&boxes) {
            assert!(area[0] >= 0.0 && area[0] + area[2] + 32.0 <= width, "{area:?} of {width}");
            assert!(area[1] >= 0.0 && area[1] + area[3] + 32.0 <= height, "{area:?} of {height}");
        }
        assert!(svg.matches("class=\"tip\"").count() >= diagram.edges.len());
        // As XML it is well-formed: each element ends.
        for element in ["g", "text", "title", "style", "svg"] {
            let opened = svg.matches(&format!("<{element}>")).count()
                + svg.matches(&format!("<{element} ")).count();
            assert_eq!(opened, svg.matches(&format!("</{element}>")).count(), "{element}");
        }
    }
}

/// A number in an attribute of an element, or the numbers of a path.
fn numbers(element: &str, attribute: &str) -> Vec<f64> {
    let from = element.split(&format!(" {attribute}=\"")).nth(1).unwrap_or_default();
    let value = from.split('"').next().unwrap_or_default();
    let parts = value.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-')));
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// Beside the words of a link its line runs straight: `M x y L X y C …`, with `X` behind them.
#[test]
fn a_link_does_not_cross_its_own_words() {
    let mut seen = 0;
    for text in [SITE.to_owned(), large(60)] {
        let svg = svg(&diagram(&text));
        let paths: Vec<Vec<f64>> = svg
            .lines()
            .filter(|line| line.contains("class=\"edge"))
            .map(|line| numbers(line.split("<path").nth(1).unwrap(), "d"))
            .collect();
        for words in svg.lines().filter(|line| line.contains("class=\"words\"")) {
            let (x, y) = (numbers(words, "x")[0], numbers(words, "y")[0]);
            let is_near = |a: f64, b: f64| (a - b).abs() < 0.15;
            let across = |d: &&Vec<f64>| is_near(d[0], x - 9.0) && is_near(d[1], y + 3.5);
            let Some(path) = paths.iter().find(across) else { continue };
            // Where the way leads back, it bows round.
            if path[path.len() - 2] > path[0] && path.len() > 8 {
                assert!(is_near(path[1], path[3]), "{path:?}");
                assert!(path[2] > x + 5.0, "{path:?} {words}");
                seen += 1;
            }
        }
    }
    assert!(seen > 1, "{seen}");
}

#[test]
fn hundreds_of_nodes_are_drawn_soon() {
    let diagram = diagram(&large(300));
    assert!(diagram.items.len() > 330);
    assert!(svg(&diagram).ends_with("</svg>\n"));
}

#[test]
fn what_is_too_large_for_a_picture_is_told_and_drawn_in_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "blueprint x { version = \"1.0.0\" }\nnode n0: Compute\n".to_owned();
    for at in 1..5001 {
        let _ = writeln!(text, "node n{at}: Compute {{ after -> n{} }}", at / 2);
    }
    std::fs::write(folder.path().join("x.bp"), text).unwrap();
    let refused = bpc(folder.path(), &["graph", "x.bp"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("error[E6021]") && err(&refused).contains("--format dot"));
    for form in ["dot", "mermaid"] {
        let drawn = out(&bpc(folder.path(), &["graph", "x.bp", "--format", form]));
        assert!(drawn.lines().count() > 10_000, "{form}");
    }
    // Other endings are refused before anything is read.
    let refused = bpc(folder.path(), &["graph", "x.bp", "-o", "x.png"]);
    assert!(err(&refused).contains("x.png: error[E6021]") && err(&refused).contains("`.svg`"));
    assert!(!folder.path().join("x.png").exists());
}

#[test]
fn boxes_in_boxes_take_no_more_than_their_number() {
    // Each stands in the one before: a host of a host of a host.
    let mut text =
        "node type H extends Compute { requires host: Compute[0..1] via HostedOn }\nnode h0: H\n"
            .to_owned();
    for at in 1..300 {
        let _ = writeln!(text, "node h{at}: H {{ host -> h{} }}", at - 1);
    }
    let diagram = diagram(&text);
    assert_eq!(rectangles(&svg(&diagram), "box").len(), 299);
    assert_eq!(dot(&diagram).matches("subgraph").count(), 299);
    assert_eq!(mermaid(&diagram).matches("subgraph").count(), 299);
}

#[test]
fn a_requirement_that_is_read_is_its_target() {
    let diagram = diagram(
        "use std.drift
node type H
node type T {
  requires host: H via HostedOn
  requires spare: H? via HostedOn
  requires peer: T[0..9] via ConnectsTo
}
node h: H
node a: T { host -> h }
node b: T {
  host -> a.host
  peer -> a
}
node others: T for k in [\"x\"] { host -> b.host }
node last: T {
  host -> [o.host for o in others][0]
  spare -> a.spare
  peer -> [o for o in others]
}
node looped: T for o in others { host -> o.host }
group inner: Group { members = [a, b] }
group outer: Group { members = [inner] }
policy p: drift.Correct { targets = [outer] }
",
    );
    let wanted = ["h", "a in h", "b in h", "others in h", "last in h", "looped in h"];
    assert_eq!(tree(&diagram), wanted);
    let edges = edges(&diagram);
    for wanted in ["b -> a peer · ConnectsTo", "last -> others peer · ConnectsTo"] {
        assert!(edges.contains(&wanted.to_owned()), "{edges:?}");
    }
    assert!(!edges.iter().any(|edge| edge.contains("spare")), "{edges:?}");
    // A group stands for its members, in a group and for a policy.
    let about = |name: &str| {
        let note = diagram.notes.iter().position(|note| note.name == name).unwrap();
        let on = diagram.items.iter().filter(|item| item.notes.contains(&note));
        on.map(|item| item.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!([about("inner"), about("outer"), about("p")], ["a b"; 3]);
    assert_eq!(dot(&diagram).matches("[style=dotted, arrowhead=none]").count(), 6);
    assert_eq!(mermaid(&diagram).matches(" -.- ").count(), 6);
}

#[test]
fn what_is_read_through_a_requirement_is_its_target() {
    let diagram = diagram(
        "node type Box {\n  property size: int = 1\n}\n\
         node type App {\n  property size: int = 1\n  property from: int = 0\n  requires host: Box via HostedOn\n}\n\
         node one: Box\nnode two: Box\nnode keys: Box\n\
         node a: App { host -> one }\n\
         node many: App for key in [\"x\", \"y\"] { host -> two }\n\
         node any: App { host -> Box }\n\
         node through: App {\n  host -> keys\n  from = a.host.size\n}\n\
         node itself: App {\n  host -> keys\n  from = a.size\n}\n\
         node keyed: App {\n  host -> keys\n  from = many[if one.size > 0 then \"x\" else \"y\"].host.size\n}\n\
         node all: App {\n  host -> keys\n  from = sum([n.host.size for n in many])\n}\n\
         node chosen: App {\n  host -> keys\n  from = any.host.size\n}\n",
    );
    let told: Vec<String> =
        edges(&diagram).into_iter().filter(|edge| edge.contains("..")).collect();
    assert_eq!(
        told,
        [
            "all .. many",
            "all .. two",
            "chosen .. any",
            "itself .. a",
            "keyed .. one",
            "keyed .. two",
            "through .. one",
        ]
    );
}

#[test]
fn groups_policies_and_workflows_are_in_every_picture() {
    let diagram = diagram(&format!(
        "{SITE}policy nothing: Policy {{ }}\nworkflow calm(n: int) -> {{ n: int }} {{\n  run update\n  return {{ n = n }}\n}}\n"
    ));
    let (svg, dot, mermaid) = (svg(&diagram), dot(&diagram), mermaid(&diagram));
    for words in ["services", "gradual", "calm", "runs update", "(n: int)"] {
        assert!(svg.contains(words) && dot.contains(words) && mermaid.contains(words), "{words}");
    }
    assert!(
        dot.contains(
            "[label=\"policy gradual\\nfleet.Rollout\\nwaves 1 → 10% → 100%\", shape=note"
        ),
        "{dot}"
    );
    // Who is over nothing says nothing of it; what is not drawn is not explained.
    assert!(!svg.contains(">over   ·") && !svg.contains(">over </text>"), "{svg}");
    for words in [
        "requires",
        "requires one that is chosen",
        "reads what it reports",
        "any number of them",
        "script",
    ] {
        assert!(svg.contains(&format!(">{words}</text>")), "{words}");
    }
    let plain = bp_compiler::graph::svg(&self::diagram("node a: Root\n"));
    assert!(!plain.contains(">requires</text>") && plain.contains(">without a provider</text>"));
}

#[test]
fn an_element_and_lists_read_well_in_little_room() {
    let folder = tempfile::tempdir().unwrap();
    let shop = blueprint("shop/shop.bp");
    let narrow = Command::new(env!("CARGO_BIN_EXE_bpc"))
        .args(["inspect", shop.to_str().unwrap()])
        .current_dir(folder.path())
        .env("COLUMNS", "40")
        .output()
        .unwrap();
    let text = out(&narrow);
    // A digest is one word, which is not cut.
    let long: Vec<&str> = text
        .lines()
        // A digest is not cut: whoever compares it needs all of it.
        .filter(|line| !line.contains("sha256:"))
        .filter(|line| line.chars().count() > 40 && line.trim().contains("  "))
        .filter(|line| !line.contains("  sha256:"))
        .collect();
    assert!(long.is_empty(), "columns where there is no room for them: {long:?}");
    assert!(
        text.lines().count()
            > out(&bpc(folder.path(), &["inspect", shop.to_str().unwrap()])).lines().count()
    );
}

#[test]
fn words_of_a_blueprint_are_words_in_each_language() {
    let mut diagram = diagram("node a: Root\nnode b: Root { after -> a }\n");
    diagram.items[0].name = "<b>&\"\\ \u{7} #`".to_owned();
    diagram.title = "\"quoted\"".to_owned();
    assert!(svg(&diagram).contains("&lt;b&gt;&amp;&quot;\\   #`"));
    assert!(dot(&diagram).contains("\"<b>&\\\"\\\\   #`\\nRoot\""), "{}", dot(&diagram));
    let mermaid = mermaid(&diagram);
    assert!(mermaid.contains("#60;b#62;#38;#34;\\   #35;#96;<br/>Root"), "{mermaid}");
    assert!(
        mermaid.starts_with("---\ntitle: \"#34;quoted#34;\"\n---\nflowchart LR\n"),
        "{mermaid}"
    );
}

#[test]
fn pictures_go_where_they_are_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("x.bp"),
        "blueprint x { version = \"1.0.0\" }\nnode a: Root\n",
    )
    .unwrap();
    assert!(out(&bpc(folder.path(), &["graph", "x.bp"])).starts_with("<svg "));
    let drawn = bpc(folder.path(), &["graph", "x.bp", "-o", "x.mmd"]);
    assert_eq!((drawn.status.code(), err(&drawn).as_str()), (Some(0), "x 1.0.0: drawn to x.mmd\n"));
    assert!(std::fs::read_to_string(folder.path().join("x.mmd")).unwrap().contains("flowchart LR"));
    // A plan draws as its blueprint does.
    assert_eq!(bpc(folder.path(), &["compile", "x.bp"]).status.code(), Some(0));
    let of_plan = out(&bpc(folder.path(), &["graph", "x.plan", "--format", "dot"]));
    assert_eq!(of_plan, out(&bpc(folder.path(), &["graph", "x.bp", "-o", "-", "--format", "dot"])));
    assert!(of_plan.starts_with("digraph \"x 1.0.0\" {"), "{of_plan}");
    for (arguments, words) in [
        (["graph", "gone.plan", "-o", "-"], "error[E6020]"),
        (
            ["graph", "x.bp", "-o", "no/x.svg"],
            "error[E6021]: the picture can't be written: there is no folder `no`",
        ),
        (["graph", "gone.bp", "-o", "-"], "error[E1027]"),
    ] {
        let output = bpc(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(words), "{}", err(&output));
    }
}

#[test]
fn a_plan_is_told_of_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("shop.plan");
    let shop = blueprint("shop/shop.bp");
    let compiled =
        bpc(folder.path(), &["compile", shop.to_str().unwrap(), "-o", plan.to_str().unwrap()]);
    assert_eq!(compiled.status.code(), Some(0), "{}", err(&compiled));
    let loaded = bp_plan::read(&plan).unwrap();
    let text = out(&bpc(folder.path(), &["inspect", "shop.plan"]));
    assert!(text.starts_with("shop 1."), "{text}");
    assert!(text.contains(&loaded.identity.to_string()), "{text}");
    for words in [
        "\nSources\n",
        "environment: string = \"dev\" where matches(self",
        "signing_key: string",
        "retail: std.kubernetes.Cluster[1..]",
        "where self.labels.tier == \"demo\"",
        "web: std.kubernetes.Deployment for cluster in retail",
        "on cluster",
        "templates/orders.yaml",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
    let json: serde_json::Value = serde_json::from_str(&out(&bpc(
        folder.path(),
        &["inspect", "shop.plan", "--format", "json"],
    )))
    .unwrap();
    assert_eq!(json["identity"], loaded.identity.to_string());
    assert_eq!(json["nodes"].as_array().unwrap().len(), loaded.plan.nodes.len());
    assert_eq!(json["secrets"][0]["name"], "signing_key");
    let size: u64 =
        json["artifacts"].as_array().unwrap().iter().map(|one| one["size"].as_u64().unwrap()).sum();
    assert_eq!(size, loaded.artifacts.values().map(|content| content.len() as u64).sum::<u64>());

    let element = out(&bpc(folder.path(), &["inspect", "shop.plan", "--element", "web"]));
    assert!(element.starts_with("node.web\n\n  shop.bp\n"), "{element}");
    assert!(element.contains("│ node web: k8s.Deployment for cluster in retail {"), "{element}");
    assert!(element.contains("│   image     = \"nginx"), "{element}");
    assert!(element.contains("\ntype: std.kubernetes.Deployment\n"), "{element}");
    assert!(element.contains("\n  image: \"nginx"), "{element}");
    assert!(!element.contains("span"), "{element}");
    let json: serde_json::Value = serde_json::from_str(&out(&bpc(
        folder.path(),
        &["inspect", "shop.plan", "--element", "node.web", "--format", "json"],
    )))
    .unwrap();
    assert_eq!(json["element"], serde_json::to_value(&loaded.plan.nodes["web"]).unwrap());
    let output = bpc(folder.path(), &["inspect", "shop.plan", "--element", "node.wbe"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("error[E6022]") && err(&output).contains("did you mean `node.web`?"),
        "{}",
        err(&output)
    );
}

#[test]
fn what_is_given_to_an_element_is_told_with_it() {
    let text = "blueprint s { version = \"1.0.0\" }\ninput size: int = 1\nnode type T { property p: int, property q: int }\nnode t: T { p = size + 1, q = 3 }\noutput o: int = t.p\n";
    let folder = crate::common::folder(&[("s.bp", text)]);
    assert!(bpc(folder.path(), &["compile", "s.bp"]).status.success());
    let shown = |name| out(&bpc(folder.path(), &["inspect", "s.plan", "--element", name]));
    let node = shown("node.t");
    assert!(node.ends_with("  p: size + 1  (size is an input)\n  q: 3\n"), "{node}");
    // A value alone is no list of one.
    assert!(shown("output.o").ends_with("\n\nt.p\n"), "{}", shown("output.o"));
}

#[test]
fn what_is_no_plan_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let bytes =
        |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
    bytes("empty.plan", b"");
    bytes("text.plan", b"hello, I am no plan");
    bytes("zip.plan", b"PK\x03\x04rest");
    bytes("short.plan", b"blueprint-plan");
    std::fs::create_dir(folder.path().join("folder.plan")).unwrap();
    for name in ["empty.plan", "text.plan", "zip.plan", "short.plan", "folder.plan", "gone.plan"] {
        let output = bpc(folder.path(), &["inspect", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let text = err(&output);
        assert!(text.contains("error[E6020]") && !text.contains("panicked"), "{name}: {text}");
    }
}

#[test]
fn a_plan_inside_of_a_plan_is_shown_inside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let inner = "blueprint inner { version = \"1.0.0\" }\nnode deep: Root\n";
    let outer = "blueprint outer { version = \"2.0.0\" }\nuse \"./inner.bp\" as inner\nnode all: inner.Blueprint\n";
    std::fs::write(folder.path().join("inner.bp"), inner).unwrap();
    std::fs::write(folder.path().join("outer.bp"), outer).unwrap();
    assert_eq!(bpc(folder.path(), &["compile", "outer.bp"]).status.code(), Some(0));
    let drawn = out(&bpc(folder.path(), &["graph", "outer.plan", "--format", "dot"]));
    assert!(drawn.contains("blueprint inner 1.0.0"), "{drawn}");
    let loaded = bp_plan::read(&folder.path().join("outer.plan")).unwrap();
    let summary = bp_compiler::inspect::Summary::of(&loaded);
    assert_eq!(summary.plans.len(), 1);
    assert!(summary.artifacts.is_empty());
    let text = bp_compiler::inspect::summary(&summary, bp_compiler::inspect::Look::default());
    assert!(text.contains("\nPlans inside\n  inner 1.0.0\n"), "{text}");
    assert!(text.contains("\n    deep: std.Root"), "{text}");
}

#[test]
fn colour_width_and_completions_are_as_in_other_tools() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bp"), "const aaaa = missing_name_of_some_length\n")
        .unwrap();
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpc"));
        command.args(["check", "a.bp"]).args(arguments).current_dir(folder.path());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        err(&command.envs(variables.iter().copied()).output().unwrap())
    };
    assert!(!run(&[], &[]).contains('\u{1b}'));
    assert!(run(&[("CLICOLOR_FORCE", "1")], &[]).contains('\u{1b}'));
    assert!(!run(&[("CLICOLOR_FORCE", "0")], &[]).contains('\u{1b}'));
    assert!(!run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]).contains('\u{1b}'));
    assert!(run(&[("NO_COLOR", "1")], &["--color", "always"]).contains('\u{1b}'));
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
    let (narrow, wide) = (run(&[("COLUMNS", "50")], &[]), run(&[("COLUMNS", "150")], &[]));
    assert!(narrow.lines().count() > wide.lines().count(), "{narrow}{wide}");
    assert!(widest(&narrow) < widest(&wide), "{narrow}{wide}");
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&bpc(folder.path(), &["completions", shell]));
        assert!(script.contains("graph") && script.contains("message-format"), "{shell}");
    }
}
