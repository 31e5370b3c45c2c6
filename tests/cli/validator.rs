//! Holds a JSON value against a JSON schema: of the vocabulary of JSON Schema 2020-12 as much as the schemas of git-chant use. Another
//! keyword is a panic, not a pass.

use serde_json::Value;

/// What is wrong with `value` by `schema`, one line for each fault with the path to it; `definitions` is what `$ref` leads to.
pub(crate) fn faults(schema: &Value, definitions: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    Check { definitions, faults: &mut faults }.holds(schema, value, "");
    faults
}

struct Check<'c> {
    definitions: &'c Value,
    faults: &'c mut Vec<String>,
}

impl Check<'_> {
    fn holds(&mut self, schema: &Value, value: &Value, path: &str) {
        for (keyword, says) in schema.as_object().expect("a schema is an object") {
            let met = match keyword.as_str() {
                "$ref" => {
                    let name = says.as_str().and_then(|to| to.strip_prefix("#/$defs/")).expect("a definition");
                    self.holds(&self.definitions[name], value, path);
                    true
                }
                "type" => of_one_or_all(says).any(|name| is(value, name.as_str().expect("a type"))),
                "const" => value == says,
                "enum" => array(says).contains(value),
                "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().expect("a number")),
                "anyOf" => self.fitting(says, value) > 0,
                "oneOf" => self.fitting(says, value) == 1,
                "required" => value.as_object().is_none_or(|object| {
                    array(says).iter().all(|name| object.contains_key(name.as_str().expect("a name")))
                }),
                "items" => {
                    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.holds(says, item, &format!("{path}/{at}"));
                    }
                    true
                }
                "properties" => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        if let Some(schema) = says.get(name) {
                            self.holds(schema, value, &format!("{path}/{name}"));
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let known = |name: &String| schema["properties"].get(name).is_some();
                    says.as_bool().expect("yes or no")
                        || value.as_object().is_none_or(|object| object.keys().all(known))
                }
                "description" | "format" => true,
                other => panic!("the test does not know the keyword '{other}'"),
            };
            if !met {
                self.faults.push(format!("{path}: {value} is not of {keyword} {says}"));
            }
        }
    }

    /// How many of `schemas` the value fits.
    fn fitting(&self, schemas: &Value, value: &Value) -> usize {
        array(schemas).iter().filter(|schema| faults(schema, self.definitions, value).is_empty()).count()
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// A type, or each of a list of them.
fn of_one_or_all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type '{other}'"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::faults;

    #[test]
    fn each_keyword_finds_what_it_forbids() {
        let definitions = json!({ "Id": { "type": "string" } });
        let schema = json!({
            "type": "object",
            "properties": {
                "id": { "$ref": "#/$defs/Id" },
                "count": { "type": ["integer", "null"], "minimum": 1 },
                "kind": { "oneOf": [{ "const": "a" }, { "enum": ["b", "c"] }] },
                "list": { "type": "array", "items": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] } },
            },
            "required": ["id"],
            "additionalProperties": false,
        });
        let faults = |value| faults(&schema, &definitions, &value).len();
        assert_eq!(faults(json!({ "id": "x", "count": null, "kind": "c", "list": [true, null] })), 0);
        for wrong in [
            json!([]),
            json!({}),
            json!({ "id": 1 }),
            json!({ "id": "x", "count": 0 }),
            json!({ "id": "x", "count": 1.5 }),
            json!({ "id": "x", "kind": "d" }),
            json!({ "id": "x", "list": [1] }),
            json!({ "id": "x", "more": 1 }),
        ] {
            assert_eq!(faults(wrong.clone()), 1, "{wrong}");
        }
    }
}
