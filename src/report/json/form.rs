//! Types of the model in the form that a document gives them, written and read in place.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a document writes a type of the model, and reads it again.
pub(crate) trait Form {
    type Model;
    fn write<S: Serializer>(model: &Self::Model, to: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Model, D::Error>;
}

/// A form for `serde(with)`, where it is not named itself: lists, and what may be absent.
pub(crate) struct As<F>(PhantomData<F>);

/// A value that is written in a form.
pub(crate) struct Written<'a, F: Form>(pub(crate) &'a F::Model);

/// A value that was read in a form.
pub(crate) struct Read<F: Form>(pub(crate) F::Model);

impl<F: Form> As<F> {
    pub(crate) fn serialize<S: Serializer>(model: &F::Model, to: S) -> Result<S::Ok, S::Error> {
        F::write(model, to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<F::Model, D::Error> {
        F::read(from)
    }
}

impl<F: JsonSchema> JsonSchema for As<F> {
    fn inline_schema() -> bool {
        F::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        F::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        F::json_schema(generator)
    }
}

impl<F: Form> Serialize for Written<'_, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        F::write(self.0, to)
    }
}

impl<'de, F: Form> Deserialize<'de> for Read<F> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        F::read(from).map(Self)
    }
}

impl<F: Form> Form for Vec<F> {
    type Model = Vec<F::Model>;

    fn write<S: Serializer>(model: &Self::Model, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(model.iter().map(Written::<F>))
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Model, D::Error> {
        Ok(Vec::<Read<F>>::deserialize(from)?.into_iter().map(|read| read.0).collect())
    }
}

impl<F: Form> Form for Option<F> {
    type Model = Option<F::Model>;

    fn write<S: Serializer>(model: &Self::Model, to: S) -> Result<S::Ok, S::Error> {
        model.as_ref().map(Written::<F>).serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Model, D::Error> {
        Ok(Option::<Read<F>>::deserialize(from)?.map(|read| read.0))
    }
}

/// Types that `serde(remote)` derives a form for.
macro_rules! remote_forms {
    ($($form:ident = $model:ty),* $(,)?) => {$(
        impl $crate::report::json::form::Form for $form {
            type Model = $model;

            fn write<S: serde::Serializer>(model: &$model, to: S) -> Result<S::Ok, S::Error> {
                $form::serialize(model, to)
            }

            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<$model, D::Error> {
                $form::deserialize(from)
            }
        }
    )*};
}

pub(crate) use remote_forms;
