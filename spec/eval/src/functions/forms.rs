//! What is called like a function and is none: forms that bind a name over a collection, that take a file of the
//! package in, or that say what is taken first. Only their texts are here; [`crate::functions::NAMES`] has the functions.

/// A form that is written as a call.
#[derive(Debug)]
pub struct Form {
    /// Its name.
    pub name: &'static str,
    /// What stands in it and what it gives, as the language writes types. `xs` is a list, a map, a range, a
    /// collection of nodes or a selection.
    pub signature: &'static str,
    /// What it does, in one sentence or two.
    pub documentation: &'static str,
    /// How it is used: of those that bind, an expression that is true.
    pub example: &'static str,
}

/// The forms that bind, in the order in which people are told of them.
pub const BINDING: &[Form] = &[
    Form {
        name: "all",
        signature: "all(x in xs, condition: bool) -> bool",
        documentation: "Whether the condition holds for every element; of none it does.",
        example: "all(n in [1, 2], n > 0) and all(k, v in { a = 1 }, v == 1)",
    },
    Form {
        name: "any",
        signature: "any(x in xs, condition: bool) -> bool",
        documentation: "Whether the condition holds for at least one element; of none it does not.",
        example: "any(n in [1, 2], n > 1) and not any(n in [1, 2], n > 2)",
    },
    Form {
        name: "count",
        signature: "count(x in xs, condition: bool = true) -> int",
        documentation: "For how many elements the condition holds.",
        example: "count(n in [1, 2, 3], n > 1) == 2",
    },
    Form {
        name: "sum",
        signature: "sum(x in xs, value: T = x) -> T",
        documentation: "The sum of the values, one for each element: numbers, or quantities of one dimension.",
        example: "sum(n in [1, 2, 3], n * 2) == 12",
    },
    Form {
        name: "min",
        signature: "min(x in xs, value: T = x) -> T",
        documentation: "The least of the values, one for each element. It is the value, not the element that it is of; an error where there is none.",
        example: "min(n in [3, 1], n * 10) == 10",
    },
    Form {
        name: "max",
        signature: "max(x in xs, value: T = x) -> T",
        documentation: "The greatest of the values, one for each element. It is the value, not the element that it is of; an error where there is none.",
        example: "max(word in [\"a\", \"bcd\"], length(word)) == 3",
    },
    Form {
        name: "sort",
        signature: "sort(x in xs, by: K = x) -> list<T>",
        documentation: "The elements in the order of what they are sorted by; those that are equal in it keep their order.",
        example: "sort(n in [1, 3, 2], -n) == [3, 2, 1]",
    },
    Form {
        name: "unique_by",
        signature: "unique_by(x in xs, by: K) -> list<T>",
        documentation: "The elements without those that are equal to an earlier one in this.",
        example: "unique_by(word in [\"a\", \"B\", \"b\"], lower(word)) == [\"a\", \"B\"]",
    },
    Form {
        name: "group_by",
        signature: "group_by(x in xs, key: string | int) -> map<list<T>>",
        documentation: "The elements in lists by this key; each list has the order of the elements.",
        example: "group_by(word in [\"a\", \"B\", \"b\"], lower(word)) == { a = [\"a\"], b = [\"B\", \"b\"] }",
    },
];

/// The forms that take a file of the package in. Their paths are relative to the file that they stand in.
pub const OF_FILES: &[Form] = &[
    Form {
        name: "file",
        signature: "file(path: string) -> file",
        documentation: "The file at this path, relative to the one that names it: it travels with the plan, whatever it holds.",
        example: "file(\"stack.json\")",
    },
    Form {
        name: "read",
        signature: "read(path: string) -> string",
        documentation: "The text of the file at this path, relative to the one that names it.",
        example: "read(\"motd.txt\")",
    },
    Form {
        name: "template",
        signature: "template(path: string, data: json) -> string",
        documentation: "The text of the Handlebars template at this path, relative to the file that names it, filled in with the data.",
        example: "template(\"page.hbs\", { name = \"shop\" })",
    },
];

/// The forms of a selection's `prefer`, and of nothing else.
pub const OF_PREFER: &[Form] = &[
    Form {
        name: "least",
        signature: "least(value: T)",
        documentation: "In `prefer` of a `select`: those come first that have the least of this; `self` is the element. Those without the fact come last.",
        example: "prefer = [least(int(self.labels.latency))]",
    },
    Form {
        name: "most",
        signature: "most(value: T)",
        documentation: "In `prefer` of a `select`: those come first that have the most of this; `self` is the element. Those without the fact come last.",
        example: "prefer = [most(self.version)]",
    },
];

/// The form of this name.
pub fn form(name: &str) -> Option<&'static Form> {
    [BINDING, OF_FILES, OF_PREFER].into_iter().flatten().find(|form| form.name == name)
}
