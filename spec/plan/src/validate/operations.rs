//! Operations: what they name is there, and their expressions use their own parameters.

use std::collections::BTreeMap;

use super::Check;
use crate::operation::{Implementation, Operation, OwnOperation, RelationshipType};

impl<'a> Check<'a> {
    pub(super) fn relationship_type(&mut self, kind: &'a RelationshipType) {
        self.each("properties", &kind.properties, Self::property_type);
        self.each("attributes", &kind.attributes, Self::kind);
        self.each("operations", &kind.operations, Self::operation);
        self.constraints(&kind.constraints);
    }

    pub(super) fn operation(&mut self, operation: &'a Operation) {
        for parameter in &operation.parameters {
            self.within(&parameter.name, |c| {
                c.kind(&parameter.kind);
                parameter.default.iter().for_each(|default| c.expr(default));
                c.constraints(&parameter.constraints);
            });
        }
        operation.result.iter().for_each(|result| self.kind(result));
        if let Some(implementation) = &operation.implementation {
            self.implementation(implementation, operation);
        }
    }

    /// Operations of a node or of what meets a requirement, by those of its type.
    pub(super) fn own_operations(
        &mut self,
        own: &'a BTreeMap<String, OwnOperation>,
        of_type: Option<&'a BTreeMap<String, Operation>>,
    ) {
        self.within("operations", |c| {
            for (name, own) in own {
                c.within(name, |c| {
                    let Some(declared) = of_type.and_then(|all| all.get(name)) else {
                        c.problem(format!("its type has no operation `{name}`"));
                        return;
                    };
                    if let Some(implementation) = &own.implementation {
                        c.implementation(implementation, declared);
                    }
                });
            }
        });
    }

    fn implementation(&mut self, implementation: &'a Implementation, operation: &'a Operation) {
        self.span(implementation.span);
        let outside = self.locals.len();
        self.locals.extend(operation.parameters.iter().map(|p| p.name.as_str()));
        implementation.parts().for_each(|part| self.expr(part));
        self.locals.push("result");
        self.each("sets", &implementation.sets, Self::expr);
        self.locals.truncate(outside);
    }
}
