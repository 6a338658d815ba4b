//! A device that a test gives somebody.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    codes,
    compile::{
        clip,
        context::Cx,
        outcome::list,
        scenario::{Bench, record::Field},
    },
    diagnostic::Diagnostic,
    model::{
        device::DeviceKind,
        scenario::{Device, StepKind},
        value::Type,
    },
    syntax::ast::{self, Operand},
};

/// What a device of a test may have.
const KNOWN: [&str; 9] = [
    "kind", "uuid", "name", "age", "used", "key", "data", "secrets", "recovery",
];

impl<'a> Cx<'a> {
    pub(super) fn given_device(
        &mut self,
        bench: &Bench<'_>,
        given: &'a ast::Given,
    ) -> Option<StepKind> {
        let user = self.name_of(given, "the name of a user")?;
        if let Some(Operand::Name(name)) = &given.of {
            self.given_before(bench, &user, name.span)?;
        }
        let mut device = Device {
            user,
            kind: DeviceKind::Oath,
            uuid: Arc::from("device"),
            name: Arc::from("Device"),
            age: Duration::ZERO,
            used: None,
            data: BTreeMap::new(),
            secrets: BTreeMap::new(),
            recovery: Vec::new(),
        };
        let file = bench.file;
        let mut said = false;
        for field in self.fields(given.value.as_ref(), "a device", &KNOWN, false) {
            match field.0.text.as_str() {
                "kind" => {
                    device.kind = self.kind_of(bench, field)?;
                    said = true;
                }
                "uuid" => device.uuid = self.text_of(file, field)?,
                "name" => device.name = self.text_of(file, field)?,
                "age" => {
                    let age = self.fixed(file, field.1, &Type::Duration, "`age`")?;
                    device.age = age.as_duration()?;
                }
                "used" => {
                    let count = self.fixed(file, field.1, &Type::Int, "`used`")?.as_int()?;
                    device.used = u64::try_from(count).ok();
                }
                "key" => {
                    let key = self.text_of(file, field)?;
                    device.secrets.insert(Arc::from("key"), key);
                }
                "recovery" => device.recovery = self.texts_of(file, field)?,
                "secrets" => {
                    for field in self.fields(Some(field.1), "`secrets`", &[], true) {
                        let text = self.text_of(file, field)?;
                        device.secrets.insert(Arc::from(&*field.0.text), text);
                    }
                }
                _ => {
                    for field in self.fields(Some(field.1), "`data`", &[], true) {
                        let value = self.any_of(file, field)?;
                        device.data.insert(Arc::from(&*field.0.text), value);
                    }
                }
            }
        }
        if !said {
            let message = "a device without a `kind`".to_owned();
            self.bad_line(given.span, message, "`kind = \"oath\"`, or another kind");
            return None;
        }
        Some(StepKind::Device(device))
    }

    fn kind_of(&mut self, bench: &Bench<'_>, field: Field<'a>) -> Option<DeviceKind> {
        let word = self.text_of(bench.file, field)?;
        let found = DeviceKind::from_word(&word);
        if found.is_none() {
            let message = format!("there are no devices of kind `{}`", clip(&word));
            let kinds = DeviceKind::ALL.map(DeviceKind::word);
            self.report(
                Diagnostic::new(codes::UNKNOWN_CHOICE, field.1.span, message)
                    .expected(list(kinds.into_iter())),
            );
        }
        found
    }
}
