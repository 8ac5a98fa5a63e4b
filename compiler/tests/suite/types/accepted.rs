//! Expressions that are right: their types, phases and values.

use bp_plan::{Phase, Type};

use super::world::{check, check_in};

/// An expression, its type, and its value as JSON where it is constant.
const RIGHT: &[(&str, &str, &str)] = &[
    // Literals.
    ("1", "int", "1"),
    ("1.5", "float", "1.5"),
    ("true", "bool", "true"),
    ("null", "null", "null"),
    ("\"a\"", "\"a\"", "\"a\""),
    ("20GiB", "size", r#"{"$size":"20GiB"}"#),
    // Arithmetic.
    ("1 + 2 * 3", "int", "7"),
    ("1 + 2.5", "float", "3.5"),
    ("7 / 2", "float", "3.5"),
    ("-(1 + 2)", "int", "-3"),
    ("-9223372036854775808", "int", "-9223372036854775808"),
    ("limit + 1", "int", "11"),
    ("base.a + base[\"b\"]", "int", "3"),
    ("1h + 30m", "duration", r#"{"$duration":"1h30m"}"#),
    ("2 * 3GiB", "size", r#"{"$size":"6GiB"}"#),
    ("3GiB / 2", "size", r#"{"$size":"1536MiB"}"#),
    ("7d / 1d", "float", "7.0"),
    ("25% * 80", "float", "20.0"),
    ("-5%", "percent", r#"{"$percent":"-5%"}"#),
    ("1..5", "range", r#"{"$range":[1,5]}"#),
    ("1..(limit + 1)", "range", r#"{"$range":[1,11]}"#),
    ("count_in + 1", "int", ""),
    ("open.size * 2", "json", ""),
    ("port + 1", "int", ""),
    ("json_encode({ a = [1, null] })", "string", r#""{\"a\":[1,null]}""#),
    // Adapting to what is expected.
    ("(version(\"1.9\") ?? \"1.20\") < \"1.21\"", "bool", "true"),
    (": float = 1", "float", "1.0"),
    (": float? = 1", "float", "1.0"),
    (": version = \"1.27\"", "version", r#"{"$version":"1.27"}"#),
    (": version? = \"1.27\"", "version", r#"{"$version":"1.27"}"#),
    (": int | version = \"1.27\"", "version", r#"{"$version":"1.27"}"#),
    (": string | version = \"1.27\"", "\"1.27\"", "\"1.27\""),
    (
        ": timestamp = \"2026-01-31T08:00:00Z\"",
        "timestamp",
        r#"{"$timestamp":"2026-01-31T08:00:00Z"}"#,
    ),
    (": \"a\" | \"b\" = \"b\"", "\"b\"", "\"b\""),
    (": string = environment", "\"dev\" | \"staging\" | \"prod\"", ""),
    (": Port = 80", "int", "80"),
    (": Port | string = \"http\"", "\"http\"", "\"http\""),
    (": list<int | percent> = [1, 10%]", "list<int | percent>", r#"[1,{"$percent":"10%"}]"#),
    (": list<float> = [1, 2.5]", "list<float>", "[1.0,2.5]"),
    (": list<version> = [\"1.2\"]", "list<version>", r#"[{"$version":"1.2"}]"#),
    (": map<float> = { a = 1 }", "map<float>", r#"{"a":1.0}"#),
    (
        ": json = { a = [1, null], b = { c = 20% } }",
        "json",
        r#"{"a":[1,null],"b":{"c":{"$percent":"20%"}}}"#,
    ),
    (": string? = null", "null", "null"),
    (": Service = { port = 1 }", "Service", r#"{"kind":"tcp","name":null,"port":1,"target":80}"#),
    (
        ": Service = { port = 1, kind = \"udp\" }",
        "Service",
        r#"{"kind":"udp","name":null,"port":1,"target":80}"#,
    ),
    (
        ": list<Service> = [{ port = 1 }]",
        "list<Service>",
        r#"[{"kind":"tcp","name":null,"port":1,"target":80}]"#,
    ),
    (": Span = { min = 1 }", "Span", r#"{"max":1,"min":1}"#),
    (
        ": Tree = { left = { right = null } }",
        "Tree",
        r#"{"left":{"left":null,"right":null},"right":null}"#,
    ),
    (
        ": Service = { ...{ port = 1 }, target = 2 }",
        "Service",
        r#"{"kind":"tcp","name":null,"port":1,"target":2}"#,
    ),
    (": Service = { port = count_in }", "Service", ""),
    (": string = open.name", "json", ""),
    (": Root = server", "Server", ""),
    (": Server? = perhaps", "Server?", ""),
    // Strings.
    ("\"a${1}${true}${20GiB}\"", "string", "\"a1true20GiB\""),
    ("\"${environment}-${open.x}\"", "string", ""),
    ("\"${either}\"", "string", ""),
    ("\"${port}\"", "string", ""),
    // Logic and comparison.
    ("not (1 == 2) and (true or false)", "bool", "true"),
    ("1 == 1.0", "bool", "true"),
    ("limit > 3 and limit <= 10", "bool", "true"),
    ("1h < 90m", "bool", "true"),
    ("release >= \"1.27\"", "bool", ""),
    ("\"1.9\" < release", "bool", ""),
    ("release in [\"1.27\", \"1.28\"]", "bool", ""),
    ("since > \"2026-01-31T08:00:00Z\"", "bool", ""),
    ("version(\"1.9\") < version(\"1.27\")", "bool", "true"),
    ("maybe == \"x\"", "bool", ""),
    ("maybe != null", "bool", ""),
    ("open == 3", "bool", ""),
    ("environment == \"prod\"", "bool", ""),
    ("environment in [\"prod\", \"dev\"]", "bool", ""),
    ("3 in 1..5", "bool", "true"),
    ("\"a\" in base", "bool", "true"),
    ("\"x\" not in listed", "bool", "false"),
    ("server in servers", "bool", ""),
    ("[1, 2] == [1.0, 2.0]", "bool", "true"),
    ("{ a = 1 } == base", "bool", "false"),
    ("port in 1..1024", "bool", ""),
    // Branches.
    ("if limit > 3 then \"a\" else \"b\"", "\"a\" | \"b\"", "\"a\""),
    ("if flag then 1 else 2.5", "float", ""),
    ("if flag then 1 else null", "int?", ""),
    ("if flag then { a = 1 } else { a = 2.5 }", "{ a: float }", ""),
    ("if flag then server else big", "Server", ""),
    ("if flag then [] else [1]", "list<int>", ""),
    ("if true then 1 else 2.5", "float", "1"),
    ("if limit == 0 then 0.0 else 1 / limit", "float", "0.1"),
    ("if limit == 10 then 0.0 else 1 / (limit - 10)", "float", "0.0"),
    ("flag or 1 / 0 > 1", "bool", ""),
    ("true or 1 / 0 > 1", "bool", "true"),
    // What may be unset.
    ("maybe ?? \"x\"", "string", ""),
    ("null ?? 3", "int", "3"),
    ("who?.mail ?? \"nobody\"", "string", ""),
    ("if who != null then who.phone else null", "string?", ""),
    ("if who != null and who.mail != null then \"${who.mail}\" else \"none\"", "string", ""),
    ("if maybe == null then \"none\" else \"${maybe}\"", "string", ""),
    ("if not (maybe != null) then \"none\" else maybe", "string", ""),
    ("maybe == null or starts_with(maybe, \"a\")", "bool", ""),
    ("if who?.mail != null then who.mail else \"\"", "string", ""),
    ("perhaps?.url ?? \"none\"", "string", ""),
    ("if perhaps != null then perhaps.cpu else 0", "int", ""),
    ("labels?.region ?? \"somewhere\"", "string", ""),
    ("labels?[\"region\"]", "string?", ""),
    ("[c.mail for c in [who] if c != null]", "list<string?>", ""),
    // Access.
    ("labels.region", "string", ""),
    ("db_class.dev", "\"db.t3.micro\"", "\"db.t3.micro\""),
    ("db_class[environment]", "\"db.t3.micro\" | \"db.r6g.large\"", ""),
    ("listed[1]", "\"x\" | \"y\"", "\"y\""),
    ("(3..5)[1]", "int", "4"),
    ("servers[\"a\"].url", "string", ""),
    ("servers[*].url", "list<string>", ""),
    ("servers[*]", "list<Server>", ""),
    ("services[*].port", "list<int>", ""),
    ("[{ a = { b = 1 } }][*].a.b", "list<int>", "[1]"),
    ("server.cpu", "int", ""),
    ("server.host.labels.zone", "string", ""),
    ("server.host.via.path", "string", ""),
    ("ops.limit", "int", "7"),
    ("open.a[0].b", "json", ""),
    ("deployment.name", "string", ""),
    ("deployment.labels.x", "string", ""),
    // Lists and records.
    ("[]", "list<nothing>", "[]"),
    ("[1, ...[2, 3], ...if true then [4] else []]", "list<int>", "[1,2,3,4]"),
    ("[...1..3]", "list<int>", "[1,2,3]"),
    (": list<int> = 1..3", "list<int>", "[1,2,3]"),
    (": list<float> = [...1..2, 2.5]", "list<float>", "[1,2,2.5]"),
    ("[1, \"a\"]", "list<int | \"a\">", "[1,\"a\"]"),
    ("[server, big]", "list<Server>", ""),
    ("{ ...base, b = 3, c = 4 }", "{ a: int, b: int, c: int }", r#"{"a":1,"b":3,"c":4}"#),
    ("{ ...labels, a = \"x\" }", "map<string>", ""),
    // Records that lack fields.
    (
        "[{ n = 1, c = \"x\" }, { n = 2 }]",
        "list<{ c: \"x\"?, n: int }>",
        r#"[{"c":"x","n":1},{"n":2}]"#,
    ),
    ("[{ n = 1, c = \"x\" }, { n = 2 }][1].c", "\"x\"?", "null"),
    ("[{ n = 1, c = \"x\" }, { n = 2 }][1][\"c\"]", "\"x\"?", "null"),
    ("[{ n = 1, c = \"x\" }, { n = 2 }][*].c", "list<\"x\"?>", r#"["x",null]"#),
    (
        "[x.c ?? \"none\" for x in [{ n = 1, c = true }, { n = 2 }]]",
        "list<bool | \"none\">",
        "[true,\"none\"]",
    ),
    ("[{ n = 1 }, { n = 2.5, c = 1 }, { c = 2 }]", "list<{ c: int?, n: float? }>", "["),
    ("[{ a = { n = 1 } }, { a = { n = 2, c = true } }][*].a.c", "list<bool?>", "[null,true]"),
    ("if flag then { n = 1, c = \"x\" } else { n = 2 }", "{ c: \"x\"?, n: int }", ""),
    ("(if flag then { n = 1, c = \"x\" } else { n = 2 }).c ?? \"none\"", "\"x\" | \"none\"", ""),
    (
        "{ dev = { n = 1, c = true }, staging = { n = 2 }, prod = { n = 3 } }[environment].n",
        "int",
        "",
    ),
    (
        "{ dev = { n = 1, c = true }, staging = { n = 2 }, prod = { n = 3 } }[environment]?.c ?? false",
        "bool",
        "",
    ),
    (
        "{ c = 1, ...[{ n = 1, c = \"x\" }, { n = 2 }][1] }",
        "{ c: int | \"x\", n: int }",
        r#"{"c":1,"n":2}"#,
    ),
    (
        "merge({ c = 1 }, [{ n = 1, c = \"x\" }, { n = 2 }][1])",
        "{ c: \"x\" | int, n: int }",
        r#"{"c":1,"n":2}"#,
    ),
    (
        ": map<string> = [{ n = \"1\", c = \"x\" }, { n = \"2\" }][1]",
        "{ c: \"x\"?, n: \"1\" | \"2\" }",
        r#"{"n":"2"}"#,
    ),
    ("[k for k, v in [{ n = 1, c = 2 }, { n = 2 }][1] if v > 1]", "list<string>", "[\"n\"]"),
    ("[{ n = 1 }, { c = 2 }]", "list<map<int>>", r#"[{"n":1},{"c":2}]"#),
    ("[{ n = 1 }, { c = \"x\" }, { d = \"y\" }]", "list<map<int | \"x\" | \"y\">>", "["),
    ("[labels, { d = 1 }]", "list<map<int | string>>", ""),
    ("{ a = 1, b = { c = true } }", "{ a: int, b: { c: bool } }", r#"{"a":1,"b":{"c":true}}"#),
    // Loops.
    ("[x * x for x in [1, 2, 3] if x > 1]", "list<int>", "[4,9]"),
    ("{ k = v * 2 for k, v in base }", "map<int>", r#"{"a":2,"b":4}"#),
    ("[\"${i}\" for i in 1..2]", "list<string>", "[\"1\",\"2\"]"),
    ("[s.url for s in servers]", "list<string>", ""),
    ("[k for k, s in servers]", "list<string>", ""),
    ("{ s.url = s.cpu for s in servers }", "map<int>", ""),
    ("[[x + y for y in [1, 2]] for x in [10]]", "list<list<int>>", "[[11,12]]"),
    ("all(n in names, n != \"\")", "bool", ""),
    ("any(k, v in base, k == \"a\" and v == 1)", "bool", "true"),
    ("count(n in [1, 2, 3], n > 1)", "int", "2"),
    ("count(n in names)", "int", ""),
    ("sum(s in services, s.port)", "int", ""),
    ("sum(x in [1, 2], x * 1.5)", "float", "4.5"),
    ("sum(x in [1, 2], x * 1GiB)", "size", r#"{"$size":"3GiB"}"#),
    ("sum(x in empty, 1GiB)", "size", r#"{"$size":"0B"}"#),
    ("max(s in services, s.port)", "int", ""),
    ("sort(s in services, s.port)", "list<Service>", ""),
    ("unique_by(x in [1, 2, 3], mod(x, 2))", "list<int>", "[1,2]"),
    ("group_by(x in [1, 2, 3], mod(x, 2))", "map<list<int>>", r#"{"0":[2],"1":[1,3]}"#),
    // Functions.
    ("upper(\"a\")", "string", "\"A\""),
    ("length(names) + count(servers) + count([1])", "int", ""),
    ("join([1, true], \"-\")", "string", "\"1-true\""),
    ("keys(base)", "list<string>", "[\"a\",\"b\"]"),
    ("values(base)", "list<int>", "[1,2]"),
    ("entries({ a = 1 })[0].value", "int", "1"),
    ("zip([1], [\"x\"])[0].second", "\"x\"", "\"x\""),
    ("flatten([[1], [2]])", "list<int>", "[1,2]"),
    (
        "merge({ a = { b = 1 } }, { a = { c = true } })",
        "{ a: { b: int, c: bool } }",
        r#"{"a":{"b":1,"c":true}}"#,
    ),
    ("merge(labels, { a = \"x\" })", "map<string>", ""),
    ("min(3, 1, 2)", "int", "1"),
    ("min([3.5, 1])", "float", "1"),
    ("max(1h, 30m)", "duration", r#"{"$duration":"1h"}"#),
    ("sum([1, 2.5])", "float", "3.5"),
    ("sum([])", "int", "0"),
    ("sum([1GiB])", "size", r#"{"$size":"1GiB"}"#),
    ("abs(-3%)", "percent", r#"{"$percent":"3%"}"#),
    ("json_encode({ a = 1 })", "string", r#""{\"a\":1}""#),
    (
        ": list<duration> = json_decode(\"[\\\"5m\\\"]\")",
        "list<duration>",
        r#"[{"$duration":"5m"}]"#,
    ),
    (
        ": Service = json_decode(\"{\\\"port\\\":1}\")",
        "Service",
        r#"{"kind":"tcp","name":null,"port":1,"target":80}"#,
    ),
    ("json_decode(\"[1]\")[0]", "json", "1"),
    ("contains(names, \"a\") or contains(\"abc\", \"b\")", "bool", ""),
    ("contains(base, \"a\")", "bool", "true"),
    ("round(2.5) + int(\"3\")", "int", "6"),
    ("round(3)", "int", "3"),
    ("string(20GiB)", "string", "\"20GiB\""),
    ("float(25%)", "float", "0.25"),
    ("matches(\"1.4.0\", r\"^\\d+\")", "bool", "true"),
    ("file(\"there.txt\")", "file", "{\"$file\""),
    ("host(\"count\")", "string", "\"count.example.org\""),
    ("host(environment, \"test\")", "string", ""),
    ("both(limit == 10, true)", "bool", "true"),
    ("twice(twice(limit))", "int", "40"),
    ("limited(3)", "bool", ""),
    ("[twice(x) for x in [1, 2]]", "list<int>", "[2,4]"),
    // Secrets.
    ("password", "secret string", ""),
    (": secret string = \"plain\"", "\"plain\"", "\"plain\""),
    (": secret string = \"postgres://admin:${password}@db\"", "secret string", ""),
    (": secret string = upper(password)", "secret string", ""),
    (": secret json = { user = \"a\", password = password }", "secret json", ""),
    (": map<secret string> = { a = password, b = \"x\" }", "map<secret string>", ""),
    (": secret string? = token", "secret string?", ""),
    ("token ?? \"none\"", "secret string", ""),
    ("server.key", "secret string", ""),
    ("password == \"x\"", "secret bool", ""),
    ("host(password)", "secret string", ""),
    ("{ a = password }.a", "secret string", ""),
];

#[test]
fn right_expressions_have_types_and_values() {
    let mut wrong = Vec::new();
    for (text, ty, value) in RIGHT {
        let (typed, out, _) = check(text);
        if !out.is_empty() {
            wrong.push(format!("{text}: {out:?}"));
            continue;
        }
        let found = typed.expr.as_value().map(|value| serde_json::to_string(value).unwrap());
        let found = found.unwrap_or_default();
        if typed.ty.to_string() != *ty
            || !found.starts_with(value)
            || found.is_empty() != value.is_empty()
        {
            wrong.push(format!("{text}: {} = {found}", typed.ty));
        }
        if typed.phase != Phase::Compile && !value.is_empty() {
            wrong.push(format!("{text}: known at {:?}", typed.phase));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_expression_is_as_late_as_its_latest_part() {
    for (text, phase) in [
        ("limit + 1", Phase::Compile),
        ("server.cpu + 1", Phase::Compile),
        ("count_in + limit", Phase::Deploy),
        ("[s.url for s in servers]", Phase::Run),
        ("\"${environment} ${server.url}\"", Phase::Run),
        ("if flag then password else \"\"", Phase::Run),
        ("if true then 1 else count_in", Phase::Compile),
        ("deployment.name", Phase::Deploy),
        ("[c.labels.x for c in clusters]", Phase::Deploy),
        ("limited(limit)", Phase::Deploy),
        ("twice(server.cpu)", Phase::Compile),
    ] {
        let (typed, out, _) = check(text);
        assert!(out.is_empty(), "{text}: {out:?}");
        assert_eq!(typed.phase, phase, "{text}");
    }
}

#[test]
fn the_surroundings_bind_names() {
    let server = Type::Node("Server".into());
    let (typed, out, _) = check_in("self.cpu > 1 and source.cpu > self.cpu", |scope| {
        scope.with_self(server.clone(), Phase::Compile).with_source(server.clone(), Phase::Compile)
    });
    assert!(out.is_empty(), "{out:?}");
    assert_eq!((typed.ty, typed.phase), (Type::Bool, Phase::Run));
}
