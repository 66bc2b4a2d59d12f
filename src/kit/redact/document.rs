//! A document as a tree in which the texts from outside can be told from the program's own.
//!
//! A JSON value has one kind of string. Here the name of an enum's variant and what is
//! [`super::Redacted`] already are kept apart from all other texts by their type, so that the
//! redactor needs no list of fields to be left alone.

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Value};

use super::redacted::CLEAN;

/// A part of a document.
pub(super) enum Part {
    /// Numbers, booleans, nothing, names of variants, and what is clean already.
    Own(Value),
    /// A text from outside.
    Text(String),
    List(Vec<Part>),
    Fields(Vec<(Name, Part)>),
}

/// The name of a field.
pub(super) enum Name {
    /// Of a struct or a variant.
    Own(&'static str),
    /// Of a map.
    Text(String),
}

pub(super) fn parts_of<T: Serialize + ?Sized>(value: &T) -> Result<Part, Error> {
    value.serialize(Parts)
}

struct Parts;

/// Collects the items of a sequence; of a variant with its name.
struct List {
    variant: Option<&'static str>,
    items: Vec<Part>,
}

/// Collects the fields of a map or struct; of a variant with its name.
struct Fields {
    variant: Option<&'static str>,
    fields: Vec<(Name, Part)>,
    key: Option<String>,
}

fn under(variant: Option<&'static str>, part: Part) -> Part {
    match variant {
        Some(name) => Part::Fields(vec![(Name::Own(name), part)]),
        None => part,
    }
}

impl List {
    fn with_room(variant: Option<&'static str>, length: usize) -> List {
        List {
            variant,
            items: Vec::with_capacity(length),
        }
    }

    fn add<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.items.push(parts_of(item)?);
        Ok(())
    }

    fn done(self) -> Part {
        under(self.variant, Part::List(self.items))
    }
}

impl Fields {
    fn new(variant: Option<&'static str>) -> Fields {
        Fields {
            variant,
            fields: Vec::new(),
            key: None,
        }
    }

    fn add<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.fields.push((Name::Own(name), parts_of(value)?));
        Ok(())
    }

    fn done(self) -> Part {
        under(self.variant, Part::Fields(self.fields))
    }
}

/// A map's key: whatever JSON takes for one.
fn key_of<T: Serialize + ?Sized>(key: &T) -> Result<String, Error> {
    match serde_json::to_value(key)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(Error::custom(format!("{other} cannot name a field"))),
    }
}

macro_rules! own {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(fn $name(self, value: $type) -> Result<Part, Error> {
            Ok(Part::Own(serde_json::to_value(value)?))
        })*
    };
}

impl Serializer for Parts {
    type Ok = Part;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    own! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_i128: i128, serialize_u8: u8, serialize_u16: u16,
        serialize_u32: u32, serialize_u64: u64, serialize_u128: u128, serialize_f32: f32,
        serialize_f64: f64,
    }

    fn serialize_char(self, value: char) -> Result<Part, Error> {
        Ok(Part::Text(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Part, Error> {
        Ok(Part::Text(value.to_owned()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Part, Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<Part, Error> {
        Ok(Part::Own(Value::Null))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Part, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Part, Error> {
        Ok(Part::Own(Value::Null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Part, Error> {
        Ok(Part::Own(Value::Null))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Part, Error> {
        Ok(Part::Own(variant.into()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Part, Error> {
        if name == CLEAN {
            return Ok(Part::Own(serde_json::to_value(value)?));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Part, Error> {
        Ok(under(Some(variant), parts_of(value)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List, Error> {
        Ok(List::with_room(None, length.unwrap_or_default()))
    }

    fn serialize_tuple(self, length: usize) -> Result<List, Error> {
        Ok(List::with_room(None, length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List, Error> {
        Ok(List::with_room(None, length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<List, Error> {
        Ok(List::with_room(Some(variant), length))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Error> {
        Ok(Fields::new(None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Error> {
        Ok(Fields::new(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, Error> {
        Ok(Fields::new(Some(variant)))
    }
}

macro_rules! lists {
    ($($trait:ident . $method:ident),* $(,)?) => {
        $(impl $trait for List {
            type Ok = Part;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                self.add(item)
            }

            fn end(self) -> Result<Part, Error> {
                Ok(self.done())
            }
        })*
    };
}

lists! {
    SerializeSeq.serialize_element,
    SerializeTuple.serialize_element,
    SerializeTupleStruct.serialize_field,
    SerializeTupleVariant.serialize_field,
}

impl SerializeMap for Fields {
    type Ok = Part;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(key_of(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take();
        let key = key.ok_or_else(|| Error::custom("a map gave a value without its key"))?;
        self.fields.push((Name::Text(key), parts_of(value)?));
        Ok(())
    }

    fn end(self) -> Result<Part, Error> {
        Ok(self.done())
    }
}

impl SerializeStruct for Fields {
    type Ok = Part;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.add(name, value)
    }

    fn end(self) -> Result<Part, Error> {
        Ok(self.done())
    }
}

impl SerializeStructVariant for Fields {
    type Ok = Part;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.add(name, value)
    }

    fn end(self) -> Result<Part, Error> {
        Ok(self.done())
    }
}
